"""The mapspace of an op on a unit: slots, outer to inner, that a search fills with loops.

A chip's hierarchy gives the slots; a dataflow narrows them (docs/lang/hw.md). It constrains only
what it names, from its first line inward. Levels that it does not name are free, but for those
inside its last line, which hold no loops; a level that it names holds the loops that it lists
and no others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import comb, factorial, prod

from ...hw_specs.model import Arch, Array, Compute, Dataflow, Memory, chain
from ...ir.mapping import For, Hole, Keep, Loop, Node, Par
from ...ir.text import Diagnostic, label_at
from ...ir.workload import Op, Operand, operands
from .factor import prime_factors


@dataclass(frozen=True, slots=True)
class KeepSlot:
    """Where tiles may be kept.

    Attributes:
        demanded: operands that the dataflow keeps here.
        must: operands kept here in every mapping: the demanded ones, those that the chip keeps
            here, and those whose home it is.
        may: operands that the search keeps here or not.
    """

    memory: Memory
    demanded: tuple[str, ...]
    must: tuple[str, ...]
    may: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TimeSlot:
    """Loops in time over some dims, in any order; `limit` caps each bound."""

    dims: tuple[str, ...]
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class LaneSlot:
    """Loops in space over some dims on one axis; `limit` caps each bound."""

    axis: str
    extent: int
    dims: tuple[str, ...]
    limit: int | None = None


Slot = KeepSlot | TimeSlot | LaneSlot
Part = Memory | Array


@dataclass(frozen=True, slots=True)
class Mapspace:
    """All mappings of an op on a unit that the slots describe (perfect factors, even keeps)."""

    op: Op
    arch: str
    unit: Compute
    slots: tuple[Slot, ...]
    dataflow: str | None = None


def mapspaces(op: Op, arch: Arch, unit: Compute) -> tuple[Mapspace, ...]:
    """One mapspace for each dataflow of the chip that says something about the op, or the free one.

    Raises:
        Diagnostic: a dataflow line that this search cannot follow.
    """
    parts = chain(arch, unit)
    narrowed = []
    for dataflow in arch.dataflows:
        lines = _lines_for(dataflow, op, parts)
        if lines:
            slots = tuple(_Narrowed(op, parts, lines).slots())
            narrowed.append(Mapspace(op, arch.name, unit, slots, dataflow.name))
    if narrowed:
        return tuple(narrowed)
    return (Mapspace(op, arch.name, unit, tuple(_Narrowed(op, parts, ()).slots())),)


# ---- the lines of a dataflow that concern an op ----------------------------------------------


def _lines_for(dataflow: Dataflow, op: Op, parts: tuple[Part, ...]) -> tuple[Node, ...]:
    """A dataflow's lines without what the op or the way to its unit lacks; void lines left out."""
    places = {part.path for part in parts}
    roles = {operand.role.value for operand in operands(op)}
    kept: list[Node] = []
    for node in dataflow.nest:
        match node:
            case Keep(tensors, memory, buffers, optional, at=at):
                present = tuple(role for role in tensors if role in roles)
                if memory in places and present:
                    kept.append(Keep(present, memory, buffers, optional, at=at))
            case For(loops, at=at):
                loops = _present(loops, op)
                if loops:
                    kept.append(For(loops, at=at))
            case Par(loops, axis, skew, at=at):
                loops = _present(loops, op)
                if axis.rpartition(".")[0] in places and loops:
                    kept.append(Par(loops, axis, skew, at=at))
            case _:
                raise Diagnostic(
                    f"the search cannot follow this line of dataflow `{dataflow.name}` yet",
                    label_at(node.at),
                    help="only `keep`, `for` and `par` lines narrow the search in this version",
                )
    # Loops alone, with no memory or axis beside them, belong to parts the op never meets.
    return tuple(kept) if any(not isinstance(node, For) for node in kept) else ()


def _present(loops: tuple[Loop, ...], op: Op) -> tuple[Loop, ...]:
    found = []
    for loop in loops:
        dims = tuple(dim for dim in loop.dims if dim in op.extents)
        if not isinstance(loop.bound, Hole):
            raise Diagnostic(
                "a fixed bound in a dataflow is not supported by the search yet",
                label_at(loop.bound.at),
                help="write `?` or `?..N`",
            )
        if dims:
            found.append(Loop(dims, loop.bound, at=loop.at))
    return tuple(found)


# ---- from lines to slots ---------------------------------------------------------------------


class _Narrowed:
    """Lays a dataflow's lines over the chip's hierarchy; used once, by `mapspaces`."""

    def __init__(self, op: Op, parts: tuple[Part, ...], lines: tuple[Node, ...]) -> None:
        self.op, self.parts = op, parts
        self.operands = operands(op)
        self.head, self.at_part = self._anchor(lines)
        self.last = max(self.at_part, default=-1)

    def _anchor(
        self, lines: tuple[Node, ...]
    ) -> tuple[tuple[Node, ...], dict[int, tuple[Node, ...]]]:
        """The lines above the first memory or axis, and the lines from each part inward."""
        place = {part.path: index for index, part in enumerate(self.parts)}
        head: list[Node] = []
        at_part: dict[int, list[Node]] = {}
        current: int | None = None
        for node in lines:
            if isinstance(node, Keep | Par):
                path = node.memory if isinstance(node, Keep) else node.axis.rpartition(".")[0]
                if current is not None and place[path] < current:
                    raise Diagnostic(
                        f"`{path}` stands outside the part named before it",
                        label_at(node.at),
                        help="write the lines of a dataflow from the outside in",
                    )
                current = place[path]
            if current is None:
                head.append(node)
            else:
                at_part.setdefault(current, []).append(node)
        return tuple(head), {index: tuple(nodes) for index, nodes in at_part.items()}

    def slots(self) -> Iterator[Slot]:
        first = min(self.at_part, default=len(self.parts))
        for index, part in enumerate(self.parts):
            if index == first:
                yield from self._loops(self.head)
            if index in self.at_part:
                yield from self._named(index, part)
            else:
                yield from self._unnamed(index, part)

    def _unnamed(self, index: int, part: Part) -> Iterator[Slot]:
        free = tuple(self.op.extents) if index < self.last or not self.at_part else ()
        if isinstance(part, Memory):
            yield self._keeps(part, index, {})
            if free:
                yield TimeSlot(free)
        elif free:
            for axis, extent in part.axes:
                yield LaneSlot(f"{part.path}.{axis}", extent, free)

    def _named(self, index: int, part: Part) -> Iterator[Slot]:
        lines = self.at_part[index]
        if isinstance(part, Memory):
            wanted = {
                role: node.optional
                for node in lines
                if isinstance(node, Keep)
                for role in node.tensors
            }
            yield self._keeps(part, index, wanted)
            yield from self._loops(lines)
            return
        extents = {f"{part.path}.{axis}": extent for axis, extent in part.axes}
        named = {node.axis for node in lines if isinstance(node, Par)}
        if index < self.last:
            for axis, extent in extents.items():
                if axis not in named:
                    yield LaneSlot(axis, extent, tuple(self.op.extents))
        for node in lines:
            if isinstance(node, Par):
                for loop in node.loops:
                    limit = loop.bound.limit if isinstance(loop.bound, Hole) else None
                    yield LaneSlot(node.axis, extents[node.axis], loop.dims, limit)
            else:
                yield from self._loops((node,))

    def _loops(self, lines: tuple[Node, ...]) -> Iterator[Slot]:
        for node in lines:
            if isinstance(node, For):
                for loop in node.loops:
                    limit = loop.bound.limit if isinstance(loop.bound, Hole) else None
                    yield TimeSlot(loop.dims, limit)

    def _keeps(self, memory: Memory, index: int, wanted: dict[str, bool]) -> KeepSlot:
        """Who is kept: the chip's rules, the dataflow's `keep` lines, and every operand's home.

        An operand's home is the outermost memory that admits its role: that is where a network's
        tensors are before an op runs and after it.
        """
        admitted = [o for o in self.operands if memory.may_keep(o.role)]
        demanded = tuple(o.name for o in admitted if wanted.get(o.role.value) is False)
        must = tuple(
            o.name
            for o in admitted
            if o.name in demanded or memory.must_keep(o.role) or self._is_home(o, index)
        )
        may = tuple(o.name for o in admitted if o.name not in must)
        return KeepSlot(memory, demanded, must, may)

    def _is_home(self, operand: Operand, index: int) -> bool:
        admits = (
            place
            for place, part in enumerate(self.parts)
            if isinstance(part, Memory) and part.may_keep(operand.role)
        )
        return next(admits) == index


# ---- size ------------------------------------------------------------------------------------


def mapspace_size(space: Mapspace) -> int:
    """Number of mappings in the space, illegal ones (capacity, fan-out) included.

    Tilings (ways to spread each dim's prime factors over the slots that take the dim) x orders
    of the loops in each time slot x patterns of the free keeps.
    """
    loops = [slot for slot in space.slots if not isinstance(slot, KeepSlot)]
    tilings = prod(
        prod(
            _spread(power, sum(dim in slot.dims for slot in loops))
            for power in prime_factors(extent).values()
        )
        for dim, extent in space.op.extents.items()
    )
    orders = prod(factorial(len(slot.dims)) for slot in loops if isinstance(slot, TimeSlot))
    patterns = 1 << sum(len(slot.may) for slot in space.slots if isinstance(slot, KeepSlot))
    return tilings * orders * patterns


def _spread(items: int, places: int) -> int:
    """Ways to put equal items into distinct places."""
    return comb(items + places - 1, items) if places else int(items == 0)
