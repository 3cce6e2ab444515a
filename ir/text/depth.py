"""How deeply a text may be nested."""

from __future__ import annotations

import re

from lark import Token, Tree

from .diagnostic import Diagnostic, Label
from .source import Source, Span

DEEPEST_BRACKETS, DEEPEST_TREE = 50, 150
"""How deep brackets, and expressions without brackets (`a + b + ...`), may be nested. Everything
that walks a text's tree recurses, so this is what keeps a hostile file from ending in a
`RecursionError`; no honest one comes near."""

_BRACKET = re.compile(r'#[^\n]*|"[^"\n]*"|`[^`\n]*`|([\[({])|([\])}])')


def scan_brackets(source: Source) -> list[int]:
    """Where the brackets stand that are never closed, the innermost last.

    Raises:
        Diagnostic: more than `DEEPEST_BRACKETS` inside each other.
    """
    stack: list[int] = []
    for found in _BRACKET.finditer(source.text):
        if found[1]:
            stack.append(found.start())
        elif found[2] and stack:
            stack.pop()
        if len(stack) > DEEPEST_BRACKETS:
            raise _too_deep(source, found.start(), f"the bracket number {len(stack)} inside others")
    return stack


def check_depth(tree: Tree[Token], source: Source) -> None:
    """Refuse a tree that is deeper than `DEEPEST_TREE`.

    Raises:
        Diagnostic: at the first part that is too deep.
    """
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
