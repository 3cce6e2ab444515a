"""Syntax errors, explained: what is unexpected, what would have parsed, what was meant."""

from __future__ import annotations

import difflib
import re

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from .depth import scan_brackets
from .diagnostic import Diagnostic, Label, crop
from .expr import EXPRESSION_WORDS
from .source import Source, Span

# How terminals are called in `expected ...`; one that is missing here is spelt as its text.
_SPELT = {
    "NAME": "a name",
    "QNAME": "a `quoted` name",
    "NUMBER": "a number",
    "QUANTITY": "a quantity with a unit",
    "BADUNIT": "",
    "BADBOUND": "",
    "COUNT": "a bound like `8x14`",
    "HOLE": "`?`",
    "STRING": "a string",
    "DTYPE": "a type like `i8`",
    "UNIT": "a unit",
    "LITERAL": "a number",
    "CMP": "a comparison",
    "$END": "end of file",
}


def explain(
    lark: Lark,
    words: frozenset[str],
    error: UnexpectedInput,
    source: Source,
    open_brackets: list[int],
) -> Diagnostic:
    """The diagnostic for a syntax error.

    Args:
        words: the words of the language.
        open_brackets: where the brackets stand that are never closed, the innermost last.
    """
    wanted: set[str] = error.interactive_parser.accepts()  # type: ignore[no-untyped-call]
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return _explain_end(lark, wanted, source, open_brackets)
    if isinstance(error, UnexpectedToken):
        return _explain_token(lark, words, error, source, wanted)
    assert isinstance(error, UnexpectedCharacters)  # LALR raises no third kind
    at = error.pos_in_stream or 0
    word = re.compile(r"[\w.]+|.", re.DOTALL).match(source.text, at)
    span = Span(source, at, word.end() if word else at + 1)
    label = Label(span, _expected(lark, wanted))
    return Diagnostic(f"unexpected `{crop(span.text)}`", label, help=_HABITS.get(span.text, ""))


_HABITS = {
    ";": "statements end with their line; leave the `;` out",
    '"': 'close the string with `"` on the same line',
    "`": "close the name with a backquote on the same line",
    "%": "modulo is the word `mod`",
    "'": 'strings stand in `"`, unusual names in backquotes',
    "/": "comments start with `#`",
}


def _explain_end(lark: Lark, wanted: set[str], source: Source, brackets: list[int]) -> Diagnostic:
    end = len(source.text.rstrip())
    label = Label(Span(source, end, end + 1), _expected(lark, wanted))
    if not brackets:
        return Diagnostic("unexpected end of file", label)
    start = brackets[-1]
    opening = source.text[start]
    also = (Label(Span(source, start, start + 1), "opened here"),)
    help_text = f"close it: add `{_CLOSING[opening]}`"
    return Diagnostic("unexpected end of file", label, also, help_text)


def _explain_token(
    lark: Lark, words: frozenset[str], error: UnexpectedToken, source: Source, wanted: set[str]
) -> Diagnostic:
    token = error.token
    start = token.start_pos or 0
    span = Span(source, start, start + len(token))
    previous = _previous_name(error)
    # `memry glb {`: the parser takes `memry` for an attribute and stops one word later.
    if previous is not None and {own_name(terminal) for terminal in wanted} <= {"EQUAL", "DOT"}:
        near = difflib.get_close_matches(str(previous), words, 1, 0.6)
        if near:
            start = previous.start_pos or 0
            span = Span(source, start, start + len(previous))
            label = Label(span, "expected a keyword, or `=` after an attribute")
            return Diagnostic(f"unexpected `{previous}`", label, help=f"did you mean `{near[0]}`?")
    label = Label(span, _expected(lark, wanted))
    also = _unclosed(source, span) if str(token) in _CLOSING.values() else ()
    help_text = _help_for(lark, words, error, wanted)
    return Diagnostic(f"unexpected `{crop(str(token))}`", label, also, help_text)


_CLOSING = {"(": ")", "[": "]", "{": "}"}


def _unclosed(source: Source, closing: Span) -> tuple[Label, ...]:
    """The bracket that a closing one of another kind has come too early for."""
    opened = scan_brackets(Source(source.name, source.text[: closing.start]))
    if not opened or _CLOSING[source.text[opened[-1]]] == closing.text:
        return ()
    return (Label(Span(source, opened[-1], opened[-1] + 1), "not closed yet"),)


def _help_for(lark: Lark, words: frozenset[str], error: UnexpectedToken, wanted: set[str]) -> str:
    token = error.token
    before = error.interactive_parser.parser_state.value_stack[-1:]
    if token == "[" and before and isinstance(before[0], Token) and before[0] in words:
        return _as_name(before[0])
    near = difflib.get_close_matches(str(token), _legal_words(lark, words, wanted), 1, 0.6)
    if near:
        return f"did you mean `{near[0]}`?"
    if str(token) in words and "QNAME" in {own_name(terminal) for terminal in wanted}:
        return _as_name(token)
    return _HABITS.get(str(token)[:1], "")


def _as_name(word: str) -> str:
    return f"`{word}` is a word of the language; to use it as a name write `` `{word}` ``"


def own_name(terminal: str) -> str:
    """A terminal's own name; an imported one is called `map__words__NAME`."""
    return terminal.rpartition("__")[2]


def _previous_name(error: UnexpectedToken) -> Token | None:
    """The name just before the error; the contextual lexer keeps no token history."""
    stack = error.interactive_parser.parser_state.value_stack
    last = stack[-1] if stack else None
    if isinstance(last, Tree) and str(last.data).endswith("path") and len(last.children) == 1:
        last = last.children[0]
    return last if isinstance(last, Token) and last.type == "NAME" else None


def _spell(lark: Lark, terminal: str) -> list[str]:
    """What people call a terminal; several names where it stands for several words."""
    if own_name(terminal) in _SPELT:
        return [_SPELT[own_name(terminal)]]
    pattern = lark.get_terminal(terminal).pattern
    if pattern.type == "str":
        return [f"`{pattern.value}`"]
    return [f"`{word}`" for word in _terminal_words(pattern.value)] or [terminal.lower()]


def _terminal_words(pattern: str) -> list[str]:
    """The words of a terminal such as `(mapping|mapspace)\\b`; none for a real pattern."""
    return [word for word in re.findall(r"[a-z_]+\b", pattern) if len(word) > 1]


def _legal_words(lark: Lark, words: frozenset[str], wanted: set[str]) -> list[str]:
    """The keywords that would parse at this place."""
    legal: list[str] = []
    for terminal in wanted - {"$END"}:
        pattern = lark.get_terminal(terminal).pattern
        if pattern.type == "str" and pattern.value.isalpha():
            legal.append(pattern.value)
        elif own_name(terminal) not in _SPELT:
            legal += [word for word in _terminal_words(pattern.value) if word in words]
    return sorted(legal)


def _expected(lark: Lark, wanted: set[str]) -> str:
    """`expected ...`: keywords first, then names and numbers, punctuation, operators."""
    spelt = {text for terminal in wanted for text in _spell(lark, terminal) if text}
    ordered = sorted(spelt, key=lambda text: (_rank(text), text))
    shown = [*ordered[:6], "…"] if len(ordered) > 6 else ordered
    return "expected " + (" or ".join(shown) if len(shown) < 3 else ", ".join(shown))


def _rank(spelt: str) -> int:
    word = spelt.strip("`")
    if not spelt.startswith("`"):
        return 1
    if word in (",", ")", "]", "}", "{", "=", ":"):
        return 2
    return 0 if word.isalpha() and word not in EXPRESSION_WORDS else 3
