"""The Lark front door: load a grammar once, parse, turn every failure into a diagnostic."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path as FilePath
from typing import TypeVar

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken, VisitError

from .diagnostic import Diagnostic, Label
from .expr import ExprBuilder
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


@cache
def load_grammar(language: Language) -> Lark:
    """The LALR parser of a language, built on first use."""
    return Lark.open(
        str(language.folder / f"{language.name}.lark"),
        parser="lalr",
        propagate_positions=True,
        maybe_placeholders=True,
        import_paths=[str(IR_FOLDER), str(IR_FOLDER / "text")],
    )


def parse_text(language: Language, text: str, name: str, builder: type[ExprBuilder]) -> object:
    """Parse `text` and build the typed tree with `builder`.

    Raises:
        Diagnostic: at the offending token, with what was expected there.
    """
    source = Source(name, text)
    _check_version(language, source)
    try:
        tree = load_grammar(language).parse(text)
    except UnexpectedInput as error:
        raise _explain(language, error, source) from None
    try:
        return builder(source).transform(tree)
    except VisitError as error:
        raise error.orig_exc from None


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


def _explain(language: Language, error: UnexpectedInput, source: Source) -> Diagnostic:
    if isinstance(error, UnexpectedToken):
        return _explain_token(language, error, source)
    if isinstance(error, UnexpectedCharacters):
        at = error.pos_in_stream or 0
        char = source.text[at]
        help_text = "statements end with their line; leave the `;` out" if char == ";" else ""
        if char == '"':
            help_text = 'close the string with `"` on the same line'
        return Diagnostic(
            f"no word starts with `{char}` here", Label(Span(source, at, at + 1)), help=help_text
        )
    return Diagnostic(
        "the text ends too early", Label(Span(source, len(source.text) - 1, len(source.text)))
    )


def _explain_token(language: Language, error: UnexpectedToken, source: Source) -> Diagnostic:
    lark, token = load_grammar(language), error.token
    wanted = set(error.accepts or error.expected)
    if token.type == "$END":
        end = len(source.text.rstrip())
        span = Span(source, end, end + 1)
        help_text = "a block is still open: add `}`" if "RBRACE" in wanted else ""
        return Diagnostic(
            "unexpected end of file", Label(span, _expected(lark, wanted)), help=help_text
        )
    span = Span(source, token.start_pos or 0, (token.start_pos or 0) + len(token))
    previous = _previous_name(error)
    # `memry glb {`: the parser takes `memry` for an attribute and stops one word later.
    if previous is not None and wanted <= {"EQUAL", "DOT"}:
        near = difflib.get_close_matches(str(previous), language.words, 1, 0.6)
        if near:
            start = previous.start_pos or 0
            span = Span(source, start, start + len(previous))
            label = Label(span, "expected a keyword, or `=` after an attribute")
            return Diagnostic(f"unexpected `{previous}`", label, help=f"did you mean `{near[0]}`?")
    legal_here = _legal_words(lark, wanted, language)
    near = difflib.get_close_matches(str(token), legal_here, 1, 0.6)
    help_text = f"did you mean `{near[0]}`?" if near else ""
    if (
        not near
        and token.type != "NAME"
        and {"NAME", "QNAME"} <= wanted
        and str(token) in language.words
    ):
        help_text = (
            f"`{token}` is a word of the language; to use it as a name write `` `{token}` ``"
        )
    return Diagnostic(f"unexpected `{token}`", Label(span, _expected(lark, wanted)), help=help_text)


def _previous_name(error: UnexpectedToken) -> Token | None:
    """The name just before the error; the contextual lexer keeps no token history."""
    stack = error.interactive_parser.parser_state.value_stack if error.interactive_parser else []
    last = stack[-1] if stack else None
    if isinstance(last, Tree) and str(last.data).endswith("path") and len(last.children) == 1:
        last = last.children[0]
    return last if isinstance(last, Token) and last.type == "NAME" else None


def _spell(lark: Lark, terminal: str) -> str:
    if terminal in _SPELT:
        return _SPELT[terminal]
    pattern = lark.get_terminal(terminal).pattern
    if pattern.type == "str":
        return f"`{pattern.value}`"
    words = _terminal_words(pattern.value)
    return " or ".join(f"`{word}`" for word in words[:3]) if words else terminal.lower()


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
        elif terminal not in _SPELT:
            legal += [word for word in _terminal_words(pattern.value) if word in language.words]
    return sorted(legal)


def _expected(lark: Lark, wanted: set[str]) -> str:
    spelt = sorted({text for text in (_spell(lark, terminal) for terminal in wanted) if text})
    shown = [*spelt[:6], "…"] if len(spelt) > 6 else spelt
    return "expected " + (" or ".join(shown) if len(shown) < 3 else ", ".join(shown))


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


def near_name(name: str, known: object, cutoff: float = 0.6) -> str:
    """`did you mean` help for a name that is not among `known`."""
    options = sorted(map(str, known))  # type: ignore[call-overload]
    near = difflib.get_close_matches(name, options, 1, cutoff)
    if near:
        return f"did you mean `{near[0]}`?"
    return f"known: {', '.join(f'`{option}`' for option in options[:12])}" if options else ""
