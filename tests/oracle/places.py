"""Where the tiles of a nest live: the places of each operand, their lanes, their windows.

Nothing here moves or counts. A *place* is a memory that keeps an operand, or the compute unit,
which holds one word of each. A *lane* is told apart from its neighbours by its coordinates on the
axes of the arrays that it stands in, outer to inner, so that the coordinates of a place's parent
are the first few of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import prod

from tilewright.hw_specs.model import Arch, Array, Memory, Reuse, chain
from tilewright.ir.workload import Op, Operand, operands
from tilewright.mapper.space.nest import Hold, Nest, Step

Element = tuple[int, ...]
"""Coordinates of one word of an operand, one per axis; padding has coordinates of its own."""

Coords = tuple[int, ...]
"""Index of a lane on each axis of the arrays it stands in, outer to inner."""

Box = tuple[tuple[int, int], ...]
"""First and one past the last coordinate of a tile, per axis of an operand."""

Index = Mapping[int, int]
"""Which trip each loop is in, by the number of its line."""

Window = Mapping[str, tuple[int, int]]
"""Start and extent of each dim."""


class IllegalNest(ValueError):
    """The nest breaks a rule of the cost model: it has no meaning, hence no counts."""


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where tiles of one operand stay; each is itself and equal to no other.

    Attributes:
        memory: None for the compute unit.
        line: how many lines of the nest stand outside; they decide which tile is here.
        depth: how many axes tell the instances apart.
        reuse: which overlap of consecutive tiles stays.
    """

    operand: Operand
    memory: Memory | None
    line: int
    depth: int
    buffers: int
    reuse: Reuse


@dataclass(frozen=True, slots=True)
class Layout:
    """A nest on a chip.

    Attributes:
        parts: memories and arrays between the outside and the compute unit, outer to inner.
        axes: full paths of the axes of these arrays, outer to inner.
        places: of each operand, home first, the compute unit last.
        lanes: for each depth, the lanes used on the first `depth` axes in lexicographic order,
            each with the trips of the `par` loops that lead to it.
    """

    nest: Nest
    arch: Arch
    parts: tuple[Memory | Array, ...]
    axes: tuple[str, ...]
    places: dict[str, tuple[Place, ...]]
    lanes: tuple[dict[Coords, Index], ...]


def lay_out(nest: Nest, arch: Arch) -> Layout:
    """Resolve the places of all operands, and check the order of lines.

    Raises:
        IllegalNest: a `keep` or `par` stands where the model allows none.
    """
    parts = chain(arch, nest.unit)
    axes = tuple(axis for part in parts if isinstance(part, Array) for axis in _axes(part))
    places = {operand.name: _places(operand, nest, parts) for operand in operands(nest.op)}
    lanes = tuple(_lanes(nest, axes[:depth]) for depth in range(len(axes) + 1))
    layout = Layout(nest, arch, parts, axes, places, lanes)
    _check_fan_out(layout)
    for chain_of_places in places.values():
        _check_home(layout, chain_of_places[0])
        for place in chain_of_places:
            _check_pars(layout, place)
    return layout


def _axes(array: Array) -> tuple[str, ...]:
    return tuple(f"{array.path}.{name}" for name, _ in array.axes)


def _places(operand: Operand, nest: Nest, parts: tuple[Memory | Array, ...]) -> tuple[Place, ...]:
    found: list[Place] = []
    position = depth = 0
    for number, line in enumerate(nest.lines):
        if not (isinstance(line, Hold) and line.operand == operand.name):
            continue
        while position < len(parts) and parts[position].path != line.memory:
            part = parts[position]
            depth += len(part.axes) if isinstance(part, Array) else 0
            position += 1
        if position == len(parts):
            raise IllegalNest(f"`{line.memory}` does not follow the memories above it")
        memory = parts[position]
        assert isinstance(memory, Memory)
        found.append(Place(operand, memory, number, depth, line.buffers, memory.reuse))
        position += 1
    if not found:
        raise IllegalNest(f"`{operand.name}` has no home")
    depth = sum(len(part.axes) for part in parts if isinstance(part, Array))
    # A unit without a latch takes every word anew; a latch is a tile of one word.
    reuse = Reuse.INNERMOST if operand.role in nest.unit.latch else Reuse.NONE
    return (*found, Place(operand, None, len(nest.lines), depth, 1, reuse))


def _check_fan_out(layout: Layout) -> None:
    extents = {
        f"{part.path}.{name}": extent
        for part in layout.parts
        if isinstance(part, Array)
        for name, extent in part.axes
    }
    for axis in {line.axis for _, line in loops(layout.nest) if line.axis is not None}:
        lanes = prod(line.trips for _, line in loops(layout.nest) if line.axis == axis)
        if lanes > extents.get(axis, 0):
            raise IllegalNest(f"{lanes} lanes on `{axis}`")


def _check_home(layout: Layout, home: Place) -> None:
    for number, line in loops(layout.nest):
        splits = number < home.line and line.trips > 1
        reduces = home.operand.is_output and line.axis is not None
        if splits and (line.dim in relevant_dims(home.operand) or reduces):
            raise IllegalNest(f"`{line.dim}` splits `{home.operand.name}` outside its home")


def _check_pars(layout: Layout, place: Place) -> None:
    around = layout.axes[: place.depth]
    for number, line in loops(layout.nest):
        if line.axis is not None and (line.axis in around) != (number < place.line):
            raise IllegalNest(f"`par` over `{line.axis}` on the wrong side of line {place.line}")


# ---- loops ----------------------------------------------------------------------------------


def loops(nest: Nest) -> list[tuple[int, Step]]:
    """The loops with the numbers of their lines, outer to inner."""
    return [(number, line) for number, line in enumerate(nest.lines) if isinstance(line, Step)]


def relevant_dims(operand: Operand) -> frozenset[str]:
    """The dims that move an operand's tile."""
    return frozenset(dim for axis in operand.axes for dim in axis.dims)


def is_relevant(step: Step, operand: Operand) -> bool:
    return step.trips > 1 and step.dim in relevant_dims(operand)


def time_steps(nest: Nest) -> Iterator[Index]:
    """Every combination of trips of the `for` loops, as lane 0 runs through them."""
    in_time = [(number, line) for number, line in loops(nest) if line.axis is None]
    lane_0 = {number: 0 for number, line in loops(nest) if line.axis is not None}
    for trips in product(*(range(line.trips) for _, line in in_time)):
        index = {number: trip for (number, _), trip in zip(in_time, trips, strict=True)}
        if window(nest, len(nest.lines), index | lane_0) is not None:
            yield index


def _lanes(nest: Nest, axes: tuple[str, ...]) -> dict[Coords, Index]:
    used = [prod(line.trips for _, line in loops(nest) if line.axis == axis) for axis in axes]
    every = product(*(range(count) for count in used))
    return {coords: _lane_index(nest, axes, coords) for coords in every}


def _lane_index(nest: Nest, axes: tuple[str, ...], coords: Coords) -> Index:
    """The coordinate on an axis is the mixed radix of its loops, outermost most significant."""
    left = dict(zip(axes, coords, strict=True))
    index: dict[int, int] = {}
    for number, line in reversed(loops(nest)):
        if line.axis in left:
            left[line.axis], index[number] = divmod(left[line.axis], line.trips)
    return index


# ---- windows --------------------------------------------------------------------------------


def window(nest: Nest, lines: int, index: Index) -> Window | None:
    """Start and extent of each dim below the first `lines` lines; None where a lane idles.

    A tail clips every loop inside: a trip that starts beyond the end of its tile does not happen.
    """
    spans = {dim.name: (0, dim.extent) for dim in nest.op.dims}
    for number, line in loops(nest):
        if number >= lines:
            break
        start, extent = spans[line.dim]
        offset = index[number] * line.tile
        if offset >= extent:
            return None
        spans[line.dim] = (start + offset, min(line.tile, extent - offset))
    return spans


def tile_box(operand: Operand, spans: Window) -> Box:
    """The bounding box of what an operand's accesses touch in a window."""
    box = []
    for axis in operand.axes:
        low = high = axis.const
        for dim, coefficient in axis.terms:
            start, extent = spans[dim]
            ends = (coefficient * start, coefficient * (start + extent - 1))
            low, high = low + min(ends), high + max(ends)
        box.append((low, high + 1))
    return tuple(box)


@lru_cache(maxsize=4096)
def elements(box: Box) -> frozenset[Element]:
    """All coordinates in a box."""
    return frozenset(product(*(range(low, high) for low, high in box)))


def whole_box(operand: Operand, op: Op) -> Box:
    """Everything that an operand's accesses reach: what its home holds."""
    return tile_box(operand, {dim.name: (0, dim.extent) for dim in op.dims})
