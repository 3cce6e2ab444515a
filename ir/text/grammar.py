"""The Lark front door: load a grammar once, parse, turn every failure into a diagnostic."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path as FilePath
from typing import TypeVar

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken, VisitError

from .diagnostic import Diagnostic, Label, crop
from .expr import EXPRESSION_WORDS, ExprBuilder
from .source import Source, Span

IR_FOLDER = FilePath(__file__).parent.parent


@dataclass(frozen=True)
class Language:
    """One of the three languages.

    Attributes:
        name: what the version line starts with (`hw`).
        folder: where `NAME.lark` stands.
        version: the only version this tool reads.
        words: the keywords, by the terminal that the grammar gives them; a terminal that stands
            for several words lists them all. They feed `did you mean` and the quoting of names.
    """

    name: str
    folder: FilePath
    version: str
    words: frozenset[str]


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

_RIGHT_UNITS = {
    "b": ("bit", "B"),
    "bits": ("bit",),
    "kb": ("kbit", "kB"),
    "Kb": ("Kibit",),
    "KB": ("KiB` (1024 bytes)", "kB` (1000 bytes)", "Kibit"),
    "Mb": ("Mibit",),
    "MB": ("MiB` (1024^2 bytes)", "MB` (10^6 bytes)"),
    "Gb": ("Gibit",),
    "bytes": ("B",),
    "Bytes": ("B",),
    "cycles": ("cycle",),
    "pj": ("pJ",),
    "PJ": ("pJ",),
    "nj": ("nJ",),
    "GHZ": ("GHz",),
    "MHZ": ("MHz",),
    "Ghz": ("GHz",),
    "Mhz": ("MHz",),
    "ghz": ("GHz",),
    "mhz": ("MHz",),
    "mm^2": ("mm2",),
    "um^2": ("um2",),
}

Built = TypeVar("Built")


DEEPEST_BRACKETS, DEEPEST_TREE = 50, 150
"""How deep brackets, and expressions without brackets (`a + b + ...`), may be nested. Everything
that walks a text's tree recurses, so this is what keeps a hostile file from ending in a
`RecursionError`; no honest one comes near."""

_BRACKET = re.compile(r'#[^\n]*|"[^"\n]*"|`[^`\n]*`|([\[({])|([\])}])')


@cache
def load_grammar(language: Language, keep_all_tokens: bool = False) -> Lark:
    """The LALR parser of a language, built on first use.

    Args:
        keep_all_tokens: leave punctuation and keywords in the tree, for the formatter.
    """
    return Lark.open(
        str(language.folder / f"{language.name}.lark"),
        parser="lalr",
        propagate_positions=True,
        maybe_placeholders=True,
        keep_all_tokens=keep_all_tokens,
        import_paths=[str(IR_FOLDER), str(IR_FOLDER / "text")],
    )


def parse_text(language: Language, text: str, name: str, builder: type[ExprBuilder]) -> object:
    """Parse `text` and build the typed tree with `builder`.

    Raises:
        Diagnostic: at the offending token, with what was expected there.
    """
    source = Source(name, text)
    tree = parse_tree(language, source)
    try:
        return builder(source).transform(tree)
    except VisitError as error:
        raise error.orig_exc from None


def parse_tree(language: Language, source: Source, keep_all_tokens: bool = False) -> Tree[Token]:
    """The syntax tree of a text, no deeper than a recursive walk can bear.

    Raises:
        Diagnostic: at the offending token, with what was expected there.
    """
    _check_version(language, source)
    open_brackets = _scan_brackets(source)
    try:
        tree = load_grammar(language, keep_all_tokens).parse(source.text)
    except UnexpectedInput as error:
        raise _explain(language, error, source, open_brackets) from None
    _check_depth(tree, source)
    return tree


def _scan_brackets(source: Source) -> list[int]:
    """Where the brackets stand that are never closed, the innermost last."""
    stack: list[int] = []
    for found in _BRACKET.finditer(source.text):
        if found[1]:
            stack.append(found.start())
        elif found[2] and stack:
            stack.pop()
        if len(stack) > DEEPEST_BRACKETS:
            raise _too_deep(source, found.start(), f"the bracket number {len(stack)} inside others")
    return stack


def _check_depth(tree: Tree[Token], source: Source) -> None:
    level, depth = [tree], 0
    while level:
        below = [child for node in level for child in node.children if isinstance(child, Tree)]
        depth += 1
        if depth > DEEPEST_TREE:
            at = next((node.meta.start_pos for node in level if not node.meta.empty), 0)
            raise _too_deep(source, at, f"{depth} operations deep")
        level = below


def _too_deep(source: Source, at: int, reason: str) -> Diagnostic:
    label = Label(Span(source, at, at + 1), reason)
    return Diagnostic("the text is nested too deeply", label, help="split it into smaller parts")


def _check_version(language: Language, source: Source) -> None:
    """The first line says what the file is: its own errors, before any syntax error."""
    body = re.match(r"(?:\s|#[^\n]*(?:\n|$))*", source.text)
    start = body.end() if body else 0
    found = re.compile(r"(\w+)(?:[ \t]+(\S+))?").match(source.text, start)
    write = f"write `{language.name} {language.version}` on the first line"
    if found is None:
        what = "the text is empty" if start == len(source.text) else "the version line is missing"
        raise Diagnostic(what, Label(Span(source, start, start + 1)), help=write)
    if found[1] != language.name:
        known = found[1] in ("hw", "nest", "map") and found[2] is not None
        message = (
            f"this is a `.{found[1]}` text, a `.{language.name}` text is wanted here"
            if known
            else "the version line is missing"
        )
        span = Span(source, found.start(), found.end(1))
        raise Diagnostic(message, Label(span, f"expected `{language.name}`"), help=write)
    if found[2] is not None and found[2] != language.version:
        span = Span(source, found.start(2), found.end(2))
        message = f"unknown version `{language.name} {found[2]}`"
        label = Label(span, f"this tool reads version {language.version}")
        raise Diagnostic(message, label, help=f"write `{language.name} {language.version}`")


def _explain(
    language: Language, error: UnexpectedInput, source: Source, open_brackets: list[int]
) -> Diagnostic:
    lark = load_grammar(language)
    wanted: set[str] = error.interactive_parser.accepts()  # type: ignore[no-untyped-call]
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return _explain_end(lark, wanted, source, open_brackets)
    if isinstance(error, UnexpectedToken):
        return _explain_token(language, error, source, wanted)
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
    closing = {"(": ")", "[": "]", "{": "}"}[opening]
    return Diagnostic("unexpected end of file", label, also, f"close it: add `{closing}`")


def _explain_token(
    language: Language, error: UnexpectedToken, source: Source, wanted: set[str]
) -> Diagnostic:
    lark, token = load_grammar(language), error.token
    start = token.start_pos or 0
    span = Span(source, start, start + len(token))
    previous = _previous_name(error)
    # `memry glb {`: the parser takes `memry` for an attribute and stops one word later.
    if previous is not None and wanted <= {"EQUAL", "DOT"}:
        near = difflib.get_close_matches(str(previous), language.words, 1, 0.6)
        if near:
            start = previous.start_pos or 0
            span = Span(source, start, start + len(previous))
            label = Label(span, "expected a keyword, or `=` after an attribute")
            return Diagnostic(f"unexpected `{previous}`", label, help=f"did you mean `{near[0]}`?")
    label = Label(span, _expected(lark, wanted))
    help_text = _help_for(lark, language, token, wanted)
    return Diagnostic(f"unexpected `{crop(str(token))}`", label, help=help_text)


def _help_for(lark: Lark, language: Language, token: Token, wanted: set[str]) -> str:
    near = difflib.get_close_matches(str(token), _legal_words(lark, wanted, language), 1, 0.6)
    if near:
        return f"did you mean `{near[0]}`?"
    if str(token) in language.words and "QNAME" in {own_name(terminal) for terminal in wanted}:
        return f"`{token}` is a word of the language; to use it as a name write `` `{token}` ``"
    return _HABITS.get(str(token)[:1], "")


def own_name(terminal: str) -> str:
    """A terminal's own name; an imported one is called `map__words__NAME`."""
    return terminal.rpartition("__")[2]


def _previous_name(error: UnexpectedToken) -> Token | None:
    """The name just before the error; the contextual lexer keeps no token history."""
    stack = error.interactive_parser.parser_state.value_stack if error.interactive_parser else []
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


def _legal_words(lark: Lark, wanted: set[str], language: Language) -> list[str]:
    """The keywords that would parse at this place."""
    legal: list[str] = []
    for terminal in wanted - {"$END"}:
        pattern = lark.get_terminal(terminal).pattern
        if pattern.type == "str" and pattern.value.isalpha():
            legal.append(pattern.value)
        elif own_name(terminal) not in _SPELT:
            legal += [word for word in _terminal_words(pattern.value) if word in language.words]
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


def refuse_unit(text: str, span: Span) -> Diagnostic:
    """The diagnostic for a unit written by habit (`64 KB`, `200 MHZ`)."""
    found = re.fullmatch(r"([0-9_.]+) ?(.*)", text)
    number, unit = (found[1], found[2]) if found else ("", text)
    right = _RIGHT_UNITS.get(unit)
    if right is None and unit.endswith("ps"):
        right = (f"{unit[:-3]}bit/s" if unit[-3] == "b" else f"{unit[:-3]}B/s",)
    choices = [f"`{number} {unit}" + ("" if "`" in unit else "`") for unit in right or ()]
    help_text = "write " + " or ".join(choices) if choices else ""
    return Diagnostic(f"unknown unit `{unit}`", Label(span), help=help_text)


def near_name(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """`did you mean` help for a name that is not among `known`."""
    options = sorted(known)
    near = difflib.get_close_matches(name[:200], options, 1, cutoff)
    if near:
        return f"did you mean `{near[0]}`?"
    more = ", …" if len(options) > 12 else ""
    return f"known: {', '.join(f'`{option}`' for option in options[:12])}{more}" if options else ""
