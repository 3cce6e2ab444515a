"""The Lark front door: load a grammar once, parse, turn every failure into a diagnostic."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path as FilePath

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput, VisitError

from .depth import check_depth, scan_brackets
from .diagnostic import Diagnostic, Label
from .explain import explain
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
    open_brackets = scan_brackets(source)
    grammar = load_grammar(language, keep_all_tokens)
    try:
        tree = grammar.parse(source.text)
    except UnexpectedInput as error:
        raise explain(grammar, language.words, error, source, open_brackets) from None
    check_depth(tree, source)
    return tree


_IGNORED = r"(?:\s|#[^\n]*(?:\n|$))*"


def _check_version(language: Language, source: Source) -> None:
    """The first line says what the file is: its own errors, before any syntax error."""
    body = re.match(_IGNORED, source.text)
    start = body.end() if body else 0
    found = re.compile(rf"(\w+)(?:{_IGNORED}(?<!\w)([0-9]\S*))?").match(source.text, start)
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


def near_name(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """`did you mean` help for a name that is not among `known`."""
    options = sorted(known)
    near = difflib.get_close_matches(name[:200], options, 1, cutoff)
    if near:
        return f"did you mean `{near[0]}`?"
    more = ", …" if len(options) > 12 else ""
    return f"known: {', '.join(f'`{option}`' for option in options[:12])}{more}" if options else ""
