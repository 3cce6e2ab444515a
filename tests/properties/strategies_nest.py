"""Hypothesis strategies: a small op, a small chip, and a legal mapping of the one on the other.

The loops are drawn first and the extents follow from them, so every drawn nest closes and a failing
one shrinks by losing lines. Names are short: dims `i j k l m`, memories `m0` (outermost) to `m3`,
arrays `a` and `b` with axes `x` and `y`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from fractions import Fraction
from math import prod

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from hypothesis.vendor.pretty import RepresentationPrinter

from tilewright.hw_specs.model import (
    Action,
    Arch,
    Array,
    Compute,
    FirstTouch,
    Function,
    Item,
    Memory,
    Net,
    Port,
    Reuse,
    walk,
)
from tilewright.ir.affine import Affine, affine, interval
from tilewright.ir.functions import function_counts
from tilewright.ir.map_text import show_mapping
from tilewright.ir.mapping import Bound, For, Keep, Loop, Mapping, Node, Par, Run
from tilewright.ir.nest_text import show_workload
from tilewright.ir.types import DType, Reduce, Role, TensorKind
from tilewright.ir.workload import Access, Apply, Dim, Op, Read, Tensor, Value, Workload, operands
from tilewright.mapper.space.nest import Nest, resolve_nest

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


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The parts of a chip.

    Attributes:
        scopes: how many memories stand outside, in array `a`, in array `a.b`.
        axes: names of the axes of array `a`, of array `a.b`.
    """

    scopes: tuple[int, ...]
    axes: tuple[tuple[str, ...], ...]

    @property
    def paths(self) -> tuple[str, ...]:
        """Of each scope, what its parts' paths begin with."""
        return ("", "a.", "a.b.")[: len(self.scopes)]

    @property
    def memories(self) -> tuple[tuple[str, ...], ...]:
        """Paths of the memories of each scope."""
        first = [sum(self.scopes[:n]) for n in range(len(self.scopes))]
        return tuple(
            tuple(f"{path}m{first[n] + k}" for k in range(self.scopes[n]))
            for n, path in enumerate(self.paths)
        )

    @property
    def unit(self) -> str:
        return f"{self.paths[-1]}mac"

    def axis_paths(self, array: int) -> tuple[str, ...]:
        return tuple(f"{self.paths[array + 1]}{axis}" for axis in self.axes[array])


@st.composite
def cases(
    draw: DrawFn,
    *,
    max_points: int = 256,
    max_lanes: int = 16,
    reuse: tuple[Reuse, ...] = (Reuse.INNERMOST,),
) -> Case:
    """A legal case; whether a memory that cannot add may hold the result is for a run to say."""
    skeleton = draw(skeletons())
    drafts = draw(loop_drafts(skeleton, max_points, max_lanes))
    extents = {dim: prod(d.trips for d in drafts if d.dim == dim) for dim in DIMS}
    dims = tuple(Dim(dim, extents[dim]) for dim in draw(_used_dims(drafts)))
    op = draw(ops(dims))
    lines = draw(_lines(skeleton, op, drafts))
    arch = draw(archs(skeleton, op, drafts, reuse))
    return Case(op, arch, _mapping(op, arch, skeleton, lines))


@st.composite
def skeletons(draw: DrawFn) -> Skeleton:
    """2 to 4 memories, up to two nested arrays of one or two axes."""
    arrays = draw(st.integers(0, 2))
    scopes = [1, *[0] * arrays]
    for _ in range(draw(st.integers(1, 3))):
        scopes[draw(st.integers(0, arrays))] += 1
    axes = tuple(draw(st.sampled_from([("x",), ("x", "y")])) for _ in range(arrays))
    return Skeleton(tuple(scopes), axes)


@st.composite
def loop_drafts(
    draw: DrawFn, skeleton: Skeleton, max_points: int, max_lanes: int
) -> tuple[Draft, ...]:
    """Loops in no order yet, as many as stay within the bounds on points and lanes."""
    axes = [axis for n in range(len(skeleton.axes)) for axis in skeleton.axis_paths(n)]
    trips = st.sampled_from([2, 3, 4, 1, 5])
    loop = st.builds(Draft, st.sampled_from(DIMS), trips)
    drafts = draw(st.lists(loop, max_size=7))
    if axes:
        par = st.builds(Draft, st.sampled_from(DIMS), trips, st.sampled_from(axes))
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


# ---- ops ------------------------------------------------------------------------------------


@st.composite
def ops(draw: DrawFn, dims: tuple[Dim, ...]) -> Op:
    """One to three operands under affine accesses, and any of the five reductions."""
    reduce = draw(st.sampled_from([Reduce.ADD, Reduce.ADD, *Reduce]))
    reads, tensors = draw(_reads(dims))
    assigns = reduce is Reduce.ASSIGN
    result = draw(_injective(list(dims)) if assigns else _index(dims, max_axes=3))
    kind = draw(st.sampled_from([TensorKind.OUTPUT, TensorKind.TEMP, TensorKind.STATE]))
    dtype = draw(_dtypes)
    index, shape = _in_bounds(result, dims)
    return Op(
        name="op",
        dims=dims,
        result=Access("y", index),
        reduce=reduce,
        value=draw(_bodies(reads)),
        tensors=(*tensors, Tensor(kind, "y", dtype, shape)),
        acc=draw(st.sampled_from([None, DType("i32"), DType("i16")])),
        workload="net",
    )


_MAX_ELEMENTS = 1000
_dtypes = st.sampled_from([DType(name) for name in ("i8", "i16", "i4", "f32")])
_read_kinds = st.sampled_from([TensorKind.INPUT, TensorKind.CONST, TensorKind.TEMP])


@st.composite
def _reads(draw: DrawFn, dims: tuple[Dim, ...]) -> tuple[list[Read], list[Tensor]]:
    """Reads of distinct tensors; or, at times, the first tensor through a second access."""
    reads: list[Read] = []
    tensors: list[Tensor] = []
    for name in "xwb"[: draw(st.integers(1, 3))]:
        if reads and not reads[0].pad and draw(st.integers(0, 5)) == 5:
            first = reads[0].access.index
            again = tuple(_shift(axis, 1) for axis in first if isinstance(axis, Affine))
            if again and Access("x", again) not in [read.access for read in reads]:
                reads.append(Read(Access("x", again)))
                shape = tuple(extent + 1 for extent in tensors[0].shape)
                tensors[0] = Tensor(tensors[0].kind, "x", tensors[0].dtype, shape)
                continue
        index, shape = _in_bounds(draw(_index(dims, max_axes=3)), dims)
        pad = draw(st.sampled_from([None, None, "0"]))
        if pad is not None:
            # The tensor is smaller than its accesses reach: what lies outside reads as padding.
            index = tuple(_shift(axis, -1) for axis in index)
            shape = tuple(max(1, extent - 2) for extent in shape)
        tensors.append(Tensor(draw(_read_kinds), name, draw(_dtypes), shape))
        reads.append(Read(Access(name, index), pad))
    return reads, tensors


@st.composite
def _index(draw: DrawFn, dims: tuple[Dim, ...], max_axes: int) -> tuple[Affine, ...]:
    """Affine axes: strides, dilation, negative steps, sums of dims, constant axes."""
    names = st.sampled_from([dim.name for dim in dims])
    coefficient = st.sampled_from([1, 1, 1, 2, 3, -1, -2])
    axis = st.dictionaries(names, coefficient, max_size=3).map(affine)
    index: tuple[Affine, ...] = ()
    for more in draw(st.lists(axis, max_size=max_axes)):
        if prod(_in_bounds((*index, more), dims)[1]) <= _MAX_ELEMENTS:
            index = (*index, more)
    return index


@st.composite
def _injective(draw: DrawFn, left: list[Dim]) -> tuple[Affine, ...]:
    """Axes that tell all points apart, as `=` needs: two dims on one axis are a mixed radix."""
    axes: list[Affine] = []
    while left:
        inner, *left = left
        step = draw(st.sampled_from([1, 1, 2, -1]))
        terms = {inner.name: step}
        mixes = draw(st.booleans())
        if left and mixes:
            outer, *left = left
            terms[outer.name] = step * inner.extent
        axes.append(affine(terms))
    return tuple(axes)


def _shift(index: Affine, by: int) -> Affine:
    return Affine(index.terms, index.const + by)


def _in_bounds(
    index: tuple[Affine, ...], dims: tuple[Dim, ...]
) -> tuple[tuple[Affine, ...], tuple[int, ...]]:
    """The index moved so that it begins at 0 on each axis, and the shape that it reaches."""
    extents = {dim.name: dim.extent for dim in dims}
    spans = [interval(axis, extents) for axis in index]
    moved = tuple(_shift(axis, -low) for axis, (low, _) in zip(index, spans, strict=True))
    return moved, tuple(high - low + 1 for low, high in spans)


def _bodies(reads: list[Read]) -> st.SearchStrategy[Value]:
    product: Value = reads[0]
    total: Value = reads[0]
    for read in reads[1:]:
        product, total = Apply("mul", (product, read)), Apply("add", (total, read))
    return st.sampled_from([product, total, Apply("exp", (total,))])


# ---- chips ----------------------------------------------------------------------------------


@st.composite
def archs(
    draw: DrawFn,
    skeleton: Skeleton,
    op: Op,
    drafts: tuple[Draft, ...],
    reuse: tuple[Reuse, ...],
) -> Arch:
    """A chip of these parts on which the op can run and the lanes fit."""
    unit = draw(_computes(skeleton.unit, op))
    items: tuple[Item, ...] = (unit,)
    for scope in reversed(range(len(skeleton.scopes))):
        memories = tuple(draw(_memories(path, reuse)) for path in skeleton.memories[scope])
        items = (*memories, *items) if draw(st.booleans()) else (*items, *memories)
        if scope:
            path = skeleton.paths[scope].removesuffix(".")
            axes = tuple(
                (axis.rpartition(".")[2], draw(_extents(axis, drafts)))
                for axis in skeleton.axis_paths(scope - 1)
            )
            items = (Array(path.rpartition(".")[2], path, axes, items),)
    roles = st.sampled_from([{}, {Role.OUTPUT: 8}, {Role.INPUT: 16, Role.WEIGHT: 4}])
    return Arch(
        name="chip",
        clock_hz=1e9,
        items=items,
        nets=draw(_nets(skeleton)),
        precision_bits=draw(roles),
        acc_bits=draw(st.sampled_from([None, 24])),
    )


@st.composite
def _extents(draw: DrawFn, axis: str, drafts: tuple[Draft, ...]) -> int:
    """The lanes used on an axis, and up to two more."""
    return prod(d.trips for d in drafts if d.axis == axis) + draw(st.integers(0, 2))


_energies = st.sampled_from([1.0, 0.5, 2.25, 0.0])
_rates = st.sampled_from([Fraction(1), Fraction(2), Fraction(3, 2), Fraction(1, 4)])


@st.composite
def _computes(draw: DrawFn, path: str, op: Op) -> Compute:
    functions = {name: Function(draw(_energies), draw(_rates)) for name in function_counts(op)}
    return Compute(
        path.rpartition(".")[2],
        path,
        functions,
        latch=draw(st.frozensets(st.sampled_from(Role))),
        leak_uw=draw(_energies),
        gate=draw(st.booleans()),
    )


@st.composite
def _memories(draw: DrawFn, path: str, reuse: tuple[Reuse, ...]) -> Memory:
    return Memory(
        name=path.rpartition(".")[2],
        path=path,
        size_bits=None,
        width_bits=draw(st.sampled_from([8, 16, 64, 48])),
        ports=draw(_ports()),
        energy_pj={action: draw(_energies) for action in Action},
        precision_bits=draw(st.sampled_from([{}, {}, {Role.OUTPUT: 12}, {Role.INPUT: 6}])),
        reuse=draw(st.sampled_from(reuse)),
        accumulate=draw(st.sampled_from([True, True, False])),
        first_touch=draw(st.sampled_from([FirstTouch.ELIDE, FirstTouch.ELIDE, FirstTouch.READ])),
        leak_uw=draw(_energies),
        gate=draw(st.booleans()),
    )


@st.composite
def _ports(draw: DrawFn) -> tuple[Port, ...]:
    """Every action of every role has one port: one for all, by direction, or by role."""
    everything = frozenset(Action)
    inward = frozenset({Action.READ, Action.DRAIN})
    splits: list[list[tuple[str, frozenset[Action], frozenset[Role] | None]]] = [
        [("rw", everything, None)],
        [("rd", inward, None), ("wr", everything - inward, None)],
        [
            ("data", everything, frozenset({Role.INPUT, Role.WEIGHT})),
            ("result", everything, frozenset({Role.OUTPUT})),
        ],
    ]
    bandwidths = st.sampled_from([Fraction(8), Fraction(64), Fraction(3, 2), Fraction(5)])
    return tuple(
        Port(name, draw(bandwidths), actions, carries)
        for name, actions, carries in draw(st.sampled_from(splits))
    )


_TOPOLOGIES = ("bus", "tree", "systolic", "mesh", "torus", "ring", "crossbar")
_ROLE_SETS: tuple[tuple[frozenset[Role], ...], ...] = (
    (frozenset(Role),),
    (frozenset({Role.INPUT, Role.WEIGHT}), frozenset({Role.OUTPUT})),
    (frozenset({Role.INPUT, Role.OUTPUT}), frozenset({Role.WEIGHT})),
    (frozenset({Role.INPUT}), frozenset({Role.WEIGHT}), frozenset({Role.OUTPUT})),
    (),
)


@st.composite
def _nets(draw: DrawFn, skeleton: Skeleton) -> tuple[Net, ...]:
    """At most one net for each role on each axis, and some to single memories."""
    nets: list[Net] = []

    def add(source: str, target: str, axes: tuple[str, ...], roles: frozenset[Role]) -> None:
        nets.append(draw(_net(f"n{len(nets)}", source, target, axes, roles)))

    for array in range(len(skeleton.axes)):
        path = skeleton.paths[array + 1].removesuffix(".")
        source = draw(st.sampled_from(["m0", path]))
        axes = skeleton.axis_paths(array)
        alongs: list[tuple[str, ...]] = [(axis,) for axis in axes]
        for roles in draw(st.sampled_from(_ROLE_SETS)):
            for along in draw(st.sampled_from([alongs, [axes], alongs[-1:]])):
                add(source, path, along, roles)
    for path in [path for scope in skeleton.memories for path in scope][1:]:
        for roles in draw(st.sampled_from([_ROLE_SETS[4], _ROLE_SETS[0], _ROLE_SETS[1][1:]])):
            add("m0", path, (), roles)
    return tuple(nets)


@st.composite
def _net(
    draw: DrawFn,
    name: str,
    source: str,
    target: str,
    axes: tuple[str, ...],
    roles: frozenset[Role],
) -> Net:
    combines: list[frozenset[str]] = [frozenset({"add", "max", "mul"}), frozenset({"add"})]
    return Net(
        name=name,
        topology=draw(st.sampled_from(_TOPOLOGIES)),
        source=source,
        target=target,
        axes=axes,
        width_bits=draw(st.sampled_from([8, 16, 5])),
        energy_pj_per_bit_hop=draw(_energies),
        carries=roles,
        multicast=draw(st.booleans()),
        forward=draw(st.booleans()),
        reduce=draw(st.sampled_from([*combines, frozenset[str]()])),
        radix=draw(st.sampled_from([2, 3])),
    )


# ---- mappings -------------------------------------------------------------------------------

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


def _mapping(op: Op, arch: Arch, skeleton: Skeleton, lines: tuple[_Line, ...]) -> Mapping:
    tiles = op.extents
    nodes: list[Node] = []
    for line in lines:
        if isinstance(line, tuple):
            nodes.append(Keep((line[0],), line[1]))
            continue
        tiles[line.dim] //= line.trips
        loop = Loop((line.dim,), Bound(line.trips, tiles[line.dim]))
        nodes.append(For((loop,)) if line.axis is None else Par((loop,), line.axis))
    nodes.append(Run(op.name, skeleton.unit))
    return Mapping("best", (op.workload, op.name), arch.name, tuple(nodes))
