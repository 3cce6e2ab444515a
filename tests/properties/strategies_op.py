"""Hypothesis strategies: small ops under affine accesses, for the oracle and the evaluator."""

from __future__ import annotations

from math import prod

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tilewright.ir.affine import Affine, affine, interval
from tilewright.ir.types import DType, Reduce, TensorKind
from tilewright.ir.workload import Access, Apply, Dim, Op, Read, Tensor, Value


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
