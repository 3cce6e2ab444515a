"""The formatter: canonical layout of any text of the family, comments kept.

It moves line breaks and spaces and changes nothing else: params, `by T` and every other word stay
as written, which the printers, who know no comments, cannot promise. One statement a line, blocks
indented by two; a block on one line stays there if it holds one statement, or attributes only, and
fits. A comment stays behind the word, or above the line, that it was written to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from lark import Token, Tree

from .text.diagnostic import Diagnostic, Label
from .text.explain import own_name
from .text.expr import QUANTITY_PATTERN
from .text.grammar import Language, parse_tree
from .text.source import Source, Span

WIDEST_BLOCK = 100
"""A block on one line ends at this column at most."""

WIDEST_NAMES = 80
"""A longer set of names is filled in lines of its own."""

# Braces around a list of names or values, not around statements.
_SETS = frozenset({"choices", "name_set", "free_loops"})
# `n: 1`, where other colons have a space before them.
_TIGHT_COLONS = frozenset({"dim", "axis", "column", "param_name", "repeat"})
# `2*p`, where other products have spaces.
_INDEX_RULES = frozenset({"subscripts", "index"})
_CALLABLE = frozenset({"NAME", "QNAME", "PAD", "INDEX"})


def format_text(text: str, name: str, languages: Iterable[Language]) -> str:
    """The text in canonical layout.

    Args:
        name: what diagnostics call the text, usually the file's path.
        languages: which languages it may be in; its first word says which.

    Raises:
        Diagnostic: the text does not parse.

    >>> from .map_text import MAP
    >>> print(format_text("map 1 mapping m of n.o on c {for p 8, q by 2 # why\\n}", "m", [MAP]))
    map 1
    mapping m of n.o on c {
      for p 8, q by 2  # why
    }
    <BLANKLINE>
    """
    source = Source(name, text)
    language = _language_of(source, tuple(languages))
    leaves = _leaves(language, source)
    out = "\n".join(_lines(leaves, text)).rstrip("\n") + "\n"
    written = [leaf.text for leaf in _leaves(language, Source(name, out))]
    assert written == [leaf.text for leaf in leaves], "the formatter changed the text"
    return out


def _language_of(source: Source, languages: tuple[Language, ...]) -> Language:
    found = re.match(r"(?:\s|#[^\n]*(?:\n|$))*(\w*)", source.text)
    assert found is not None  # all of it is optional
    for language in languages:
        if language.name == found[1]:
            return language
    firsts = " or ".join(f"`{language.name} {language.version}`" for language in languages)
    label = Label(Span(source, found.start(1), found.end(1)), f"expected {firsts}")
    raise Diagnostic("the version line is missing", label, help=f"begin the text with {firsts}")


# ---- the words of a text --------------------------------------------------------------------


@dataclass(slots=True)
class _Leaf:
    """A word of the text and how it is set.

    Attributes:
        kind: its terminal, without the name of an imported grammar.
        rule: the rule that it stands in directly.
        in_index: it is part of a subscript.
        is_prefix: it is the minus of a negation.
        indent: of the statement that it belongs to, in steps.
        starts_line: it is the first word of a statement, or closes a block of several lines.
        gap: spaces before it where it does not start a line; None: as its neighbours ask.
    """

    kind: str
    text: str
    start: int
    end: int
    rule: str
    in_index: bool
    is_prefix: bool
    indent: int
    starts_line: bool = False
    gap: int | None = None


def _leaves(language: Language, source: Source) -> list[_Leaf]:
    collector = _Collector(source.text)
    collector.collect(parse_tree(language, source, keep_all_tokens=True), 0, False)
    return collector.leaves


class _Collector:
    """Walks a syntax tree with all its tokens and marks where statements start."""

    def __init__(self, text: str) -> None:
        self.leaves: list[_Leaf] = []
        self._text = text
        self._statement = 0

    def collect(self, tree: Tree[Token], indent: int, in_index: bool) -> None:
        rule = own_name(str(tree.data))
        in_index = in_index or rule in _INDEX_RULES
        children = [child for child in tree.children if child is not None]
        opening, closing = _block_of(rule, children)
        starts: list[int] = []
        first = len(self.leaves)
        statement = opened_at = 0
        for position, child in enumerate(children):
            inside = opening < position < closing
            if inside:
                starts.append(len(self.leaves))
                self._statement = len(self.leaves)
            depth = indent + 1 if inside and rule != "start" else indent
            if isinstance(child, Tree):
                self.collect(child, depth, in_index)
            else:
                is_prefix = rule == "neg" and position == 0
                self.leaves.append(_leaf(child, rule, in_index, is_prefix, depth))
            if position == opening:
                statement, opened_at = self._statement, len(self.leaves) - 1
            if position == closing:
                self._set_block(statement, opened_at, starts, children[opening + 1 : closing])
        if rule == "start":
            for start in starts:
                self.leaves[start].starts_line = True
        if rule == "name_set":
            self._set_names(first)

    def _set_block(
        self, statement: int, opening: int, starts: list[int], body: list[Tree[Token] | Token]
    ) -> None:
        """Break a block in lines, or leave it on one."""
        closing = len(self.leaves) - 1
        block = self.leaves[opening : closing + 1]
        simple = len(body) < 2 or all(isinstance(b, Tree) and b.data == "attr" for b in body)
        nested = any(leaf.text == "{" and leaf.rule not in _SETS for leaf in block[1:])
        broken = "\n" in self._text[block[0].start : block[-1].end]
        for start in starts:
            self.leaves[start].gap = 1 if start == starts[0] else 2
        self.leaves[closing].gap = 1
        head = self.leaves[statement]
        width = 2 * head.indent + len(_joined(self.leaves[statement : closing + 1]))
        if simple and not nested and not broken and width <= WIDEST_BLOCK:
            return
        for start in (*starts, closing):
            self.leaves[start].starts_line = True

    def _set_names(self, opening: int) -> None:
        """Fill a long set of names in lines of its own."""
        *names, closing = self.leaves[opening + 1 :]
        if not names or len(_joined(names)) <= WIDEST_NAMES:
            return
        width = WIDEST_NAMES
        for name in names:
            if name.text == ",":
                continue
            width += len(name.text) + 2
            if width > WIDEST_NAMES + (name is names[-1]):
                name.starts_line, name.indent = True, name.indent + 1
                width = 2 + len(name.text) + 1
        closing.starts_line = True


def _block_of(rule: str, children: list[Tree[Token] | Token]) -> tuple[int, int]:
    """Where the braces of a block stand among the children of its rule."""
    if rule == "start":
        return -1, len(children)
    kinds = [own_name(child.type) if isinstance(child, Token) else "" for child in children]
    if rule in _SETS or "LBRACE" not in kinds:
        return len(children), len(children)
    return kinds.index("LBRACE"), kinds.index("RBRACE")


def _leaf(token: Token, rule: str, in_index: bool, is_prefix: bool, indent: int) -> _Leaf:
    kind, text, start = own_name(token.type), str(token), token.start_pos or 0
    found = QUANTITY_PATTERN.fullmatch(text) if kind == "QUANTITY" else None
    if found is not None:
        text = found[1] + ("" if found[2] == "%" else " ") + found[2]
    return _Leaf(kind, text, start, start + len(token), rule, in_index, is_prefix, indent)


# ---- spaces ---------------------------------------------------------------------------------


def _joined(leaves: list[_Leaf]) -> str:
    """Words set on one line."""
    pairs = pairwise(leaves)
    return leaves[0].text + "".join(_space(left, right) + right.text for left, right in pairs)


def _space(left: _Leaf, right: _Leaf) -> str:
    if right.gap is not None:
        return " " * right.gap
    return "" if _touch(left, right) else " "


def _touch(left: _Leaf, right: _Leaf) -> bool:
    """Whether two neighbours stand without a space."""
    if left.text in ("(", "[", ".", "..") or right.text in (")", "]", ",", ".", "..", "["):
        return True
    if left.is_prefix:
        return True
    if right.text == "(":
        return left.kind in _CALLABLE
    if right.text == ":":
        return right.rule in _TIGHT_COLONS
    if (left.text == "{" and left.rule in _SETS) or (right.text == "}" and right.rule in _SETS):
        return True
    return any(leaf.text == "*" and leaf.in_index for leaf in (left, right))


# ---- lines ----------------------------------------------------------------------------------


def _lines(leaves: list[_Leaf], text: str) -> Iterator[str]:
    line, end, previous = "", 0, None
    for leaf in leaves:
        behind, above = _comments(text[end : leaf.start], at_start=previous is None)
        if behind:
            line += f"  {behind}"
        comments = [comment for comment in above if comment]
        if leaf.starts_line:
            if previous is not None:
                yield line
            yield from _above(leaf, previous, above)
            line = "  " * leaf.indent + leaf.text
        elif behind or comments:
            # Inside a statement: go on below the comment, indented twice.
            pad = "  " * (leaf.indent + 2)
            yield line
            yield from (pad + comment for comment in comments)
            line = pad + leaf.text
        else:
            assert previous is not None  # the first word starts a line
            line += _space(previous, leaf) + leaf.text
        end, previous = leaf.end, leaf
    behind, above = _comments(text[end:] + "\n", at_start=False)
    yield line + (f"  {behind}" if behind else "")
    yield from _without_double_blanks(above)


def _comments(gap: str, *, at_start: bool) -> tuple[str, list[str]]:
    """What stands between two words: the comment behind the first, the lines above the second."""
    lines = [line.strip() for line in gap.split("\n")][:-1]
    return ("", lines) if at_start or not lines else (lines[0], lines[1:])


def _above(leaf: _Leaf, previous: _Leaf | None, above: list[str]) -> Iterator[str]:
    """The comments and blank lines above a word that starts a line."""
    closes = leaf.text == "}"
    lines = list(_without_double_blanks(above))
    if previous is None or previous.text == "{":
        lines = lines[1:] if lines[:1] == [""] else lines
    if closes and lines[-1:] == [""]:
        lines.pop()
    if leaf.indent == 0 and not closes and previous and previous.text == "}":
        lines = lines if lines[:1] == [""] else ["", *lines]
    pad = "  " * (leaf.indent + closes)
    yield from (pad + line if line else "" for line in lines)


def _without_double_blanks(lines: list[str]) -> Iterator[str]:
    previous = None
    for line in lines:
        if line or previous != "":
            yield line
        previous = line
