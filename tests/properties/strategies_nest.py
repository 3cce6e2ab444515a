"""Hypothesis strategies: a small op, a small chip, and a legal mapping of the one on the other.

The loops are drawn first and the extents follow from them, so every drawn nest closes and a failing
one shrinks by losing lines. With tails, tiles are stretched afterwards: the extents stay.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from math import prod

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from hypothesis.vendor.pretty import RepresentationPrinter

from tilewright.hw_specs.model import Arch, Array, Reuse, walk
from tilewright.ir.map_text import show_mapping
from tilewright.ir.mapping import Bound, For, Keep, Loop, Mapping, Par, Run
from tilewright.ir.nest_text import show_workload
from tilewright.ir.workload import Dim, Op, Workload, operands
from tilewright.mapper.space.nest import Nest, resolve_nest

from .strategies_arch import Skeleton, archs, skeletons
from .strategies_op import ops

DIMS = "ijklm"


def examples(number: int) -> settings:
    """How many cases a property is tried on; `TILEWRIGHT_EXHAUSTIVE=1` means far more."""
    factor = 25 if os.environ.get("TILEWRIGHT_EXHAUSTIVE") else 1
    slow = HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large
    return settings(max_examples=number * factor, deadline=None, suppress_health_check=slow)


@dataclass(frozen=True, slots=True)
class Case:
    """A mapping of an op on a chip."""

    op: Op
    arch: Arch
    mapping: Mapping

    def _repr_pretty_(self, printer: RepresentationPrinter, cycle: bool) -> None:
        """How Hypothesis shows a failing case: texts, and the chip's parts one a line."""
        tensors = {tensor.name: tensor for tensor in self.op.tensors}
        parts = [part for part in walk(self.arch.items) if not isinstance(part, Array)]
        arrays = [(array.path, array.axes) for array in self.arch.arrays]
        rest = (self.arch.precision_bits, self.arch.acc_bits, arrays)
        texts = show_workload(Workload("net", tensors, (self.op,))), show_mapping(self.mapping)
        for line in (*texts, *parts, *self.arch.nets, rest):
            printer.text(f"\n{line}")

    @property
    def nest(self) -> Nest:
        return resolve_nest(self.mapping, self.op, self.arch)


@dataclass(frozen=True, slots=True)
class Draft:
    """A loop before its line is known: its place in the nest decides its tile."""

    dim: str
    trips: int
    axis: str | None = None


@st.composite
def cases(
    draw: DrawFn,
    *,
    max_points: int = 256,
    max_lanes: int = 16,
    reuse: tuple[Reuse, ...] = (Reuse.INNERMOST,),
    tails: bool = False,
) -> Case:
    """A legal case; whether a memory that cannot add may hold the result is for a run to say."""
    skeleton = draw(skeletons())
    drafts = draw(loop_drafts(skeleton, max_points, max_lanes))
    extents = {dim: prod(d.trips for d in drafts if d.dim == dim) for dim in DIMS}
    dims = tuple(Dim(dim, extents[dim]) for dim in draw(_used_dims(drafts)))
    op = draw(ops(dims))
    nodes = draw(_nodes(op, draw(_lines(skeleton, op, drafts)), tails=tails))
    arch = draw(archs(skeleton, op, _lanes_used(skeleton, nodes), reuse))
    nest = (*nodes, Run(op.name, skeleton.unit))
    return Case(op, arch, Mapping("best", (op.workload, op.name), arch.name, nest))


def _lanes_used(skeleton: Skeleton, nodes: tuple[Keep | For | Par, ...]) -> dict[str, int]:
    """Lanes on every axis of the chip."""
    axes = [axis for array in range(len(skeleton.axes)) for axis in skeleton.axis_paths(array)]
    lanes = dict.fromkeys(axes, 1)
    for node in nodes:
        if isinstance(node, Par):
            (loop,) = node.loops
            assert isinstance(loop.bound, Bound)
            lanes[node.axis] *= loop.bound.trips
    return lanes


@st.composite
def loop_drafts(
    draw: DrawFn, skeleton: Skeleton, max_points: int, max_lanes: int
) -> tuple[Draft, ...]:
    """Loops in no order yet, as many as stay within the bounds on points and lanes."""
    axes = [axis for n in range(len(skeleton.axes)) for axis in skeleton.axis_paths(n)]
    trips = st.sampled_from([2, 3, 4, 1, 5])
    dims = st.sampled_from(DIMS[: draw(st.integers(1, len(DIMS)))])
    loop = st.builds(Draft, dims, trips)
    drafts = draw(st.lists(loop, max_size=7))
    if axes:
        par = st.builds(Draft, dims, trips, st.sampled_from(axes))
        drafts = draw(st.lists(par, min_size=1, max_size=4)) + drafts
    chosen: list[Draft] = []
    for draft in drafts:
        lanes = prod(d.trips for d in [*chosen, draft] if d.axis is not None)
        if prod(d.trips for d in [*chosen, draft]) <= max_points and lanes <= max_lanes:
            chosen.append(draft)
    return tuple(chosen)


def _used_dims(drafts: tuple[Draft, ...]) -> st.SearchStrategy[list[str]]:
    """The dims of the loops, and perhaps one more of extent 1."""
    used = sorted({draft.dim for draft in drafts})
    spare = [dim for dim in DIMS if dim not in used]
    return st.sampled_from([used, *([[*used, dim] for dim in spare[:1]])]).filter(bool)


# ---- lines ------------------------------------------------------------------------------------

_Line = Draft | tuple[str, str]
"""A loop, or an operand and the memory that keeps it."""


@st.composite
def _lines(
    draw: DrawFn, skeleton: Skeleton, op: Op, drafts: tuple[Draft, ...]
) -> tuple[_Line, ...]:
    """Keeps scope by scope with the `par` loops between, then `for` loops anywhere, then homes."""
    names = [operand.name for operand in operands(op)]
    lines: list[_Line] = []
    for scope in range(len(skeleton.scopes)):
        lines += draw(_keeps(skeleton.memories[scope], names))
        if scope < len(skeleton.axes):
            # A `par` may stand anywhere between the memories outside its array and those inside.
            outside = _after_last_keep(lines)
            for draft in drafts:
                if draft.axis in skeleton.axis_paths(scope):
                    lines.insert(draw(st.integers(outside, len(lines))), draft)
    for draft in drafts:
        if draft.axis is None:
            lines.insert(draw(st.integers(0, len(lines))), draft)
    for operand in operands(op):
        keeps = [n for n, line in enumerate(lines) if _keeps_operand(line, operand.name)]
        above = lines[: keeps[0]] if keeps else lines
        dims = {dim for axis in operand.axes for dim in axis.dims}
        if not keeps or any(
            isinstance(line, Draft)
            and line.trips > 1
            and (line.dim in dims or (operand.is_output and line.axis is not None))
            for line in above
        ):
            lines = [line for line in lines if line != (operand.name, "m0")]
            lines.insert(0, (operand.name, "m0"))
    return tuple(lines)


def _keeps_operand(line: _Line, name: str) -> bool:
    return isinstance(line, tuple) and line[0] == name


def _after_last_keep(lines: list[_Line]) -> int:
    keeps = [n for n, line in enumerate(lines) if isinstance(line, tuple)]
    return keeps[-1] + 1 if keeps else 0


@st.composite
def _keeps(draw: DrawFn, memories: tuple[str, ...], names: list[str]) -> list[_Line]:
    """Which operands the memories of a scope keep, each operand's memories outer to inner."""
    chains = [[(name, memory) for memory in memories if draw(st.booleans())] for name in names]
    lines: list[_Line] = []
    while any(chains):
        chain = draw(st.sampled_from([chain for chain in chains if chain]))
        lines.append(chain.pop(0))
    return lines


@st.composite
def _nodes(
    draw: DrawFn, op: Op, lines: tuple[_Line, ...], *, tails: bool
) -> tuple[Keep | For | Par, ...]:
    """The lines with their tiles: what is left of the dim; with tails, up to one less than it."""
    left, perfect = op.extents, op.extents
    nodes: list[Keep | For | Par] = []
    for line in lines:
        if isinstance(line, tuple):
            nodes.append(Keep((line[0],), line[1], buffers=draw(st.sampled_from([1, 1, 2]))))
            continue
        perfect[line.dim] //= line.trips
        tile = perfect[line.dim]
        if line.trips == 1:
            tile = left[line.dim]
        elif tails and tile > 1:
            tile = draw(st.integers(tile, left[line.dim] - 1))
        tiles, tail = divmod(left[line.dim], tile)
        left[line.dim] = tile
        loop = Loop((line.dim,), Bound(tiles, tile, tail))
        nodes.append(For((loop,)) if line.axis is None else Par((loop,), line.axis))
    return tuple(nodes)
