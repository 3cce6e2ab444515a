"""A chip after elaboration: flat, every quantity in one canonical unit, nothing left to look up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from math import prod

from ..ir.mapping import Node
from ..ir.text.source import Where
from ..ir.types import Role


class Action(StrEnum):
    """What a memory does for a tensor."""

    READ = "read"
    FILL = "fill"
    UPDATE = "update"
    DRAIN = "drain"


class Reuse(StrEnum):
    """Which overlap between consecutive tiles a memory keeps (docs/model.md, traffic in time)."""

    INNERMOST = "innermost"
    EXACT = "exact"
    NONE = "none"


class FirstTouch(StrEnum):
    """Whether the first update of an element reads its (empty) old value."""

    ELIDE = "elide"
    READ = "read"


class Overlap(StrEnum):
    """How transfers overlap with computation."""

    STREAMED = "streamed"
    TILED = "tiled"


@dataclass(frozen=True, slots=True)
class Port:
    """A memory port: the actions that share its bandwidth.

    Attributes:
        carries: the roles it serves; None means all.
    """

    name: str
    bandwidth_bits_per_cycle: Fraction
    actions: frozenset[Action]
    carries: frozenset[Role] | None = None
    latency_cycles: int = 0
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Memory:
    """A memory; one instance for each index of the arrays it stands in.

    Attributes:
        path: dotted, from the root (`pe.wspad`).
        banks: its own extent, `(("i", 8),)` for `bank[i: 8]`.
        size_bits: capacity of one instance; None is unbounded.
        width_bits: bits of one access: what an action's energy is for.
        keep: roles that are kept here, and no others; None when not said.
        bypass: roles that are never kept here.
        share_bits: the most that a role's tiles may take.
        precision_bits: stored width by role; absent means the tensor's own.
        energy_pj: per access of `width_bits`, by action.
        leak_uw, area_um2: of one instance.
        gate: idle instances are power-gated.
    """

    name: str
    path: str
    size_bits: int | None
    width_bits: int
    ports: tuple[Port, ...]
    energy_pj: dict[Action, float]
    keep: frozenset[Role] | None = None
    bypass: frozenset[Role] = frozenset()
    share_bits: dict[Role, int] = field(default_factory=dict)
    precision_bits: dict[Role, int] = field(default_factory=dict)
    banks: tuple[tuple[str, int], ...] = ()
    reuse: Reuse = Reuse.INNERMOST
    accumulate: bool = True
    first_touch: FirstTouch = FirstTouch.ELIDE
    overlap: Overlap = Overlap.STREAMED
    interleave: bool = False
    leak_uw: float = 0.0
    gate: bool = False
    area_um2: float | None = None
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)

    def may_keep(self, role: Role) -> bool:
        return role not in self.bypass and (self.keep is None or role in self.keep)

    def must_keep(self, role: Role) -> bool:
        return self.keep is not None and role in self.keep


@dataclass(frozen=True, slots=True)
class Function:
    """What one operation costs on a compute unit.

    Attributes:
        throughput: operations per cycle of one instance.
    """

    energy_pj: float
    throughput: Fraction


@dataclass(frozen=True, slots=True)
class Compute:
    """A compute unit; one instance for each index of the arrays it stands in.

    Attributes:
        functions: what it runs (`mac`, `add`, `max`, `exp`, `copy`, ...).
        latch: roles whose last value it holds.
    """

    name: str
    path: str
    functions: dict[str, Function]
    latch: frozenset[Role] = frozenset()
    leak_uw: float = 0.0
    gate: bool = False
    area_um2: float | None = None
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Array:
    """Copies of what it holds, along named axes; `axes` are written as `path.axis`."""

    name: str
    path: str
    axes: tuple[tuple[str, int], ...]
    items: tuple[Item, ...]
    area_um2: float | None = None
    reconfigure_cycles: int = 0
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)

    @property
    def lanes(self) -> int:
        return prod(extent for _, extent in self.axes)


Item = Memory | Array | Compute


@dataclass(frozen=True, slots=True)
class Net:
    """An interconnect from one part to another; `source == target` joins the lanes of an array.

    Attributes:
        topology: bus, tree, mesh, torus, ring, systolic or crossbar.
        source, target: paths of parts.
        axes: the axes (`pe.x`) it runs along: the `along` clause, else all of the target's. There
            is one instance per index of the other axes.
        reduce: the operators it combines on the way (`add`, `max`); empty means it does not.
        shift: `forward(shift)`: a lane takes what its neighbour had one step before.
        carries: the roles it serves.
    """

    name: str
    topology: str
    source: str
    target: str
    axes: tuple[str, ...]
    width_bits: int
    energy_pj_per_bit_hop: float = 0.0
    latency_cycles_per_hop: Fraction = Fraction(0)
    carries: frozenset[Role] = frozenset(Role)
    multicast: bool = False
    forward: bool = False
    shift: bool = False
    reduce: frozenset[str] = frozenset()
    radix: int = 2
    skew: int = 0
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Link:
    """A single extra edge of the graph, `bank[0] -> engine[1]`."""

    source: tuple[str, tuple[int, ...]]
    target: tuple[str, tuple[int, ...]]
    width_bits: int
    energy_pj_per_bit: float = 0.0
    latency_cycles: Fraction = Fraction(0)
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Dataflow:
    """A mapspace over roles: one way in which the chip can be used. Paths are full."""

    name: str
    nest: tuple[Node, ...]
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Arch:
    """A chip.

    Attributes:
        items: the outermost scope, memories outer to inner.
        precision_bits: replaces the tensors' own types, by role.
        acc_bits: replaces the ops' own precision of partial sums.
        parameters: the values it was elaborated with, as text, for the report; like a span, it
            says where the chip comes from and takes no part in equality.
    """

    name: str
    clock_hz: float
    items: tuple[Item, ...]
    nets: tuple[Net, ...] = ()
    links: tuple[Link, ...] = ()
    dataflows: tuple[Dataflow, ...] = ()
    precision_bits: dict[Role, int] = field(default_factory=dict)
    acc_bits: int | None = None
    parameters: dict[str, str] = field(default_factory=dict, compare=False)
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)

    @property
    def memories(self) -> tuple[Memory, ...]:
        return tuple(item for item in walk(self.items) if isinstance(item, Memory))

    @property
    def arrays(self) -> tuple[Array, ...]:
        return tuple(item for item in walk(self.items) if isinstance(item, Array))

    @property
    def computes(self) -> tuple[Compute, ...]:
        return tuple(item for item in walk(self.items) if isinstance(item, Compute))


def walk(items: tuple[Item, ...]) -> Iterator[Item]:
    """All parts, outer before inner."""
    for item in items:
        yield item
        if isinstance(item, Array):
            yield from walk(item.items)


def chain(arch: Arch, unit: Compute) -> tuple[Memory | Array, ...]:
    """What stands between the outside and a compute unit, outer to inner.

    Memories of a scope come in order of writing; those written after the compute unit (or after
    the array that holds it) in their scope are as near to it as those before.
    """

    def descend(items: tuple[Item, ...]) -> tuple[Memory | Array, ...] | None:
        memories = tuple(item for item in items if isinstance(item, Memory))
        if unit in items:
            return memories
        for item in items:
            if isinstance(item, Array):
                inner = descend(item.items)
                if inner is not None:
                    return (*memories, item, *inner)
        return None

    found = descend(arch.items)
    if found is None:
        raise ValueError(f"{unit.path} is no part of {arch.name}")
    return found


def instances(arch: Arch, path: str) -> int:
    """How many copies of a part the chip has."""
    return prod(array.lanes for array in arch.arrays if path.startswith(f"{array.path}."))


def resolve(arch: Arch, suffix: str) -> tuple[str, ...]:
    """Full paths of parts and axes that end in `suffix` (`x` or `pe.x` for `engine.pe.x`)."""
    parts = [item.path for item in walk(arch.items)]
    axes = [f"{array.path}.{axis}" for array in arch.arrays for axis, _ in array.axes]
    known = [*parts, *axes]
    if suffix in known:
        return (suffix,)
    return tuple(path for path in known if path.endswith(f".{suffix}"))
