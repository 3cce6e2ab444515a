"""A chip between text and model: blocks with templates put in, each value beside its scope."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from ..ir.text import Diagnostic, Label, label_at
from ..ir.text.source import Where
from .syntax import Attr, Axis, NetDecl
from .values import Scope

Syntax = TypeVar("Syntax")

_SPOKEN = {"action": "`on`", "function": "`on`"}


@dataclass(frozen=True, slots=True)
class Scoped(Generic[Syntax]):
    """A piece of syntax and the names that its expressions may use."""

    node: Syntax
    scope: Scope = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Block:
    """A part, port, action or net.

    Attributes:
        kind: `arch`, `memory`, `array`, `compute`, `port`, `action`, `function` or `net`.
        attrs: no name twice.
        blocks: no name twice among the parts and nets, among the ports, among the actions.
    """

    kind: str
    name: str
    attrs: tuple[Scoped[Attr], ...] = ()
    blocks: tuple[Block, ...] = ()
    axes: tuple[Scoped[Axis], ...] = ()
    net: Scoped[NetDecl] | None = None
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)

    def attr(self, name: str) -> Scoped[Attr] | None:
        return next((attr for attr in self.attrs if attr.node.name == name), None)

    def of_kind(self, *kinds: str) -> tuple[Block, ...]:
        return tuple(block for block in self.blocks if block.kind in kinds)


def merge(base: Block, over: Block) -> Block:
    """`base` with what `over` says on top, attribute by attribute; new parts come last."""
    if base.kind != over.kind:
        raise Diagnostic(
            f"`{over.name}` is {_article(over.kind)} here and {_article(base.kind)} in its base",
            label_at(over.at),
            _places((base.at, "inherited from here")),
            help=f"write `{base.kind} {over.name}`, or `drop {base.kind} {base.name}` first",
        )
    attrs = {attr.node.name: attr for attr in (*base.attrs, *over.attrs)}
    blocks = {_space(block): block for block in base.blocks}
    for block in over.blocks:
        key = _space(block)
        blocks[key] = merge(blocks[key], block) if key in blocks else block
    return replace(
        over,
        attrs=tuple(attrs.values()),
        blocks=tuple(blocks.values()),
        axes=over.axes or base.axes,
        net=over.net or base.net,
    )


def _space(block: Block) -> tuple[str, str]:
    """The namespace that a name lives in, and the name: parts and nets share one."""
    shared = block.kind in ("memory", "array", "compute", "net")
    return "part" if shared else block.kind, block.name


def checked(block: Block) -> Block:
    """The block, as its text says it.

    Raises:
        Diagnostic: it says something twice, or holds what its kind cannot hold.
    """
    attrs: dict[str, Where | None] = {}
    for attr in block.attrs:
        name = attr.node.name
        if name in attrs:
            raise _twice(f"attribute `{name}`", attr.node.at, attrs[name])
        attrs[name] = attr.node.at
    inner: dict[tuple[str, str], Block] = {}
    for part in block.blocks:
        if part.kind not in _HOLDS[block.kind]:
            raise Diagnostic(
                f"{_article(block.kind)} holds no {_SPOKEN.get(part.kind, part.kind)}",
                label_at(part.at, f"in `{block.kind} {block.name}`"),
            )
        first = inner.setdefault(_space(part), part)
        if first is not part:
            raise _twice(f"name `{part.name}`", part.at, first.at)
    return block


_HOLDS = {
    "arch": ("memory", "array", "compute", "net"),
    "array": ("memory", "array", "compute", "net"),
    "memory": ("port", "action"),
    "compute": ("function",),
}


def _twice(what: str, at: Where | None, first: Where | None) -> Diagnostic:
    return Diagnostic(
        f"the {what} is given twice", label_at(at, "again here"), _places((first, "first here"))
    )


def _places(*places: tuple[Where | None, str]) -> tuple[Label, ...]:
    return tuple(Label(where, text) for where, text in places if where is not None)


def _article(kind: str) -> str:
    if kind == "compute":
        return "a compute unit"
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
