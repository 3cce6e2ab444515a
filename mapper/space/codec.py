"""Candidates as integer arrays: what a search changes, and the way back to a mapping.

A candidate of a mapspace with S slots, D dims and O operands is

- `factors: int64[S, D]` - trips of each dim's loop in each slot, 1 where there is none; the
  product over the slots is the dim's extent;
- `order: int64[S, D]` - for each slot the dims from outer to inner;
- `keep: bool[S, O]` - who is kept at each keep slot.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...ir.mapping import Bound, For, Keep, Loop, Mapping, Node, Par, Run
from ...ir.workload import operands
from .factor import prime_factors
from .mapspace import KeepSlot, LaneSlot, Mapspace, TimeSlot

KEEP_SLOT, TIME_SLOT, LANE_SLOT = 0, 1, 2
NO_LIMIT = 2**62


@dataclass(frozen=True, slots=True)
class Candidate:
    """One mapping of a mapspace, as arrays (shapes in the module's text)."""

    factors: NDArray[np.int64]
    order: NDArray[np.int64]
    keep: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Codec:
    """The arrays that describe a mapspace to a search.

    Attributes:
        kind: int64[S] - KEEP_SLOT, TIME_SLOT or LANE_SLOT.
        allowed: bool[S, D] - whether the slot takes a loop over the dim.
        limit: int64[S] - the most trips that one loop of the slot may have.
        axis: int64[S] - index of a lane slot's axis in `axes`, else -1.
        axis_extent: int64[A] - lanes of each axis.
        must, may: bool[S, O] - operands that are always kept, and that may be kept, in the slot.
        extents: int64[D] - the op's extents.
        primes: int64[D, P] - distinct prime factors of each extent, 0 where there are fewer.
    """

    space: Mapspace
    dims: tuple[str, ...]
    operands: tuple[str, ...]
    axes: tuple[str, ...]
    kind: NDArray[np.int64]
    allowed: NDArray[np.bool_]
    limit: NDArray[np.int64]
    axis: NDArray[np.int64]
    axis_extent: NDArray[np.int64]
    must: NDArray[np.bool_]
    may: NDArray[np.bool_]
    extents: NDArray[np.int64]
    primes: NDArray[np.int64]


def make_codec(space: Mapspace) -> Codec:
    """The arrays of a mapspace."""
    dims = tuple(space.op.extents)
    names = tuple(operand.name for operand in operands(space.op))
    lanes = [slot for slot in space.slots if isinstance(slot, LaneSlot)]
    axes = {slot.axis: slot.extent for slot in lanes}
    numbers = {axis: number for number, axis in enumerate(axes)}
    shape = (len(space.slots), len(dims))
    kind = np.zeros(shape[0], np.int64)
    allowed = np.zeros(shape, np.bool_)
    limit = np.full(shape[0], NO_LIMIT, np.int64)
    axis = np.full(shape[0], -1, np.int64)
    must = np.zeros((shape[0], len(names)), np.bool_)
    may = np.zeros_like(must)
    for index, slot in enumerate(space.slots):
        match slot:
            case KeepSlot():
                kind[index] = KEEP_SLOT
                must[index] = [name in slot.must for name in names]
                may[index] = [name in slot.may for name in names]
            case TimeSlot() | LaneSlot():
                kind[index] = TIME_SLOT if isinstance(slot, TimeSlot) else LANE_SLOT
                allowed[index] = [dim in slot.dims for dim in dims]
                limit[index] = NO_LIMIT if slot.limit is None else slot.limit
        if isinstance(slot, LaneSlot):
            axis[index] = numbers[slot.axis]
    extents = np.array([space.op.extents[dim] for dim in dims], np.int64)
    return Codec(
        space,
        dims,
        names,
        tuple(axes),
        kind,
        allowed,
        limit,
        axis,
        np.array(list(axes.values()), np.int64),
        must,
        may,
        extents,
        _prime_table(extents),
    )


def _prime_table(extents: NDArray[np.int64]) -> NDArray[np.int64]:
    rows = [list(prime_factors(int(extent))) for extent in extents]
    table = np.zeros((len(rows), max(map(len, rows), default=0) or 1), np.int64)
    for index, row in enumerate(rows):
        table[index, : len(row)] = row
    return table


def decode(codec: Codec, candidate: Candidate) -> Mapping:
    """The mapping that a candidate stands for."""
    op = codec.space.op
    left = dict(op.extents)
    nest: list[Node] = []
    for index, slot in enumerate(codec.space.slots):
        if isinstance(slot, KeepSlot):
            kept = tuple(
                name
                for name, flag in zip(codec.operands, candidate.keep[index], strict=True)
                if flag
            )
            if kept:
                nest.append(Keep(kept, slot.memory.path))
            continue
        loops = []
        for number in candidate.order[index]:
            dim, trips = codec.dims[number], int(candidate.factors[index, number])
            if trips > 1:
                left[dim] //= trips
                loops.append(Loop((dim,), Bound(trips, left[dim])))
        if loops and isinstance(slot, LaneSlot):
            _add(nest, Par(tuple(loops), slot.axis))
        elif loops:
            _add(nest, For(tuple(loops)))
    nest.append(Run(op.name, codec.space.unit.path))
    return Mapping(op.name, (op.workload, op.name), codec.space.arch, tuple(nest))


def _add(nest: list[Node], node: For | Par) -> None:
    """Append a line, joined with the one before it when that is of the same kind."""
    last = nest[-1] if nest else None
    match last, node:
        case For(), For():
            nest[-1] = For((*last.loops, *node.loops))
        case Par(), Par() if last.axis == node.axis:
            nest[-1] = Par((*last.loops, *node.loops), node.axis)
        case _:
            nest.append(node)
