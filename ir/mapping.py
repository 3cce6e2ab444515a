"""Mappings: a list of lines, outer to inner. With a hole in it, a mapping is a mapspace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from .text.expr import Expr
from .text.source import Where


@dataclass(frozen=True, slots=True)
class Bound:
    """`tiles` full tiles of `tile` points and a last one of `tail`: `7x13+9`.

    >>> Bound(7, 13, 9).points, Bound(7, 13, 9).trips, str(Bound(7, 13, 9))
    (100, 8, '7x13+9')
    """

    tiles: int
    tile: int = 1
    tail: int = 0
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)

    @property
    def points(self) -> int:
        """Points covered: the extent of the tile that the loop splits."""
        return self.tiles * self.tile + self.tail

    @property
    def trips(self) -> int:
        return self.tiles + (self.tail > 0)

    def __str__(self) -> str:
        if self.tile == 1:
            return str(self.tiles)
        return f"{self.tiles}x{self.tile}" + (f"+{self.tail}" if self.tail else "")


@dataclass(frozen=True, slots=True)
class Hole:
    """`?`, or `?..limit`: left to the search."""

    limit: int | None = None
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)

    def __str__(self) -> str:
        return "?" if self.limit is None else f"?..{self.limit}"


@dataclass(frozen=True, slots=True)
class TileOnly:
    """`by T`: tiles of T, however many there are; printed as `NxT+R` once the extent is known."""

    tile: int
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)

    def __str__(self) -> str:
        return f"by {self.tile}"


@dataclass(frozen=True, slots=True)
class Loop:
    """One dim and its bound; or several dims, in any order, each with a hole (`{p, q} ?`)."""

    dims: tuple[str, ...]
    bound: Bound | Hole | TileOnly
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Keep:
    """From here inward, tiles of these tensors come from `memory`.

    In a mapping the names are operands (`x`, `x#2`); in a chip's dataflow they are roles.

    Attributes:
        tensors_at: the place of each name, for diagnostics; empty for a line built without text.
    """

    tensors: tuple[str, ...]
    memory: str
    buffers: int = 1
    optional: bool = False
    tensors_at: tuple[Where, ...] = field(default=(), compare=False, repr=False, kw_only=True)
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class For:
    """Loops in time, outer to inner."""

    loops: tuple[Loop, ...]
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Par:
    """Loops in space: lanes on one axis of an array, outermost most significant.

    Attributes:
        skew: cycles by which each lane starts after its neighbour (a systolic array).
    """

    loops: tuple[Loop, ...]
    axis: str
    skew: int = 0
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Run:
    """The innermost line: the op's body, on a compute unit."""

    op: str
    unit: str
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Require:
    """A condition that every instance of a mapspace fulfils."""

    condition: Expr
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


class Order(StrEnum):
    """How the stages of a fused nest run."""

    SEQ = "seq"
    PIPE = "pipe"
    PAR = "par"


@dataclass(frozen=True, slots=True)
class Stage:
    """One op's part of a fused nest."""

    op: str
    nest: tuple[Node, ...]
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Fuse:
    """Where the nest forks: the loops above are shared by the stages."""

    order: Order
    stages: tuple[Stage, ...]
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


Node = Keep | For | Par | Run | Require | Fuse


@dataclass(frozen=True, slots=True)
class Mapping:
    """A nest of one op on one chip; `is_space` when it was written as a `mapspace`.

    Attributes:
        op: `(workload, op)`.
        arch: name of the chip.
        nest: the lines, outer to inner.
    """

    name: str
    op: tuple[str, str]
    arch: str
    nest: tuple[Node, ...]
    is_space: bool = False
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


def has_hole(nest: tuple[Node, ...]) -> bool:
    """Whether any line leaves a choice (a bound, an order, an optional keep)."""
    return any(_is_open(node) for node in walk(nest))


def walk(nest: tuple[Node, ...]) -> Iterator[Node]:
    """All lines, the stages of a fused nest included."""
    for node in nest:
        yield node
        if isinstance(node, Fuse):
            for stage in node.stages:
                yield from walk(stage.nest)


def _is_open(node: Node) -> bool:
    match node:
        case Keep():
            return node.optional
        case For() | Par():
            return any(isinstance(loop.bound, Hole) for loop in node.loops)
        case _:
            return False
