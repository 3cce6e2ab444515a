"""Reductions: dims i0, i1, ... over the operand; a reduced axis that is kept has index 0."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from ...ir.affine import Affine, dim
from ...ir.types import Reduce
from ...ir.workload import Value
from . import formula as f
from . import values
from .attributes import integer, ints
from .build import Builder, accumulator, pointwise_dims
from .graph import Node
from .refusal import NotAffine
from .registry import lowers
from .values import View

Formula = Callable[[Value], Value]


def axes_of(node: Node, b: Builder, rank: int) -> tuple[int, ...]:
    """The axes a node names, as an attribute or (newer operator sets) as an operand; () if none."""
    found: tuple[int, ...] = ()
    if "axes" in node.attributes:
        found = ints(node, "axes")
    elif len(node.inputs) > 1 and node.inputs[1]:
        found = tuple(int(a) for a in b.needed(node.inputs[1], "operand").reshape(-1))
    if not all(-rank <= a < rank for a in found):
        raise NotAffine(f"its axes {list(found)} are not axes of {rank}")
    return tuple(sorted({a % rank for a in found}))


def kept_index(rank: int, axes: tuple[int, ...]) -> list[Affine]:
    """The index of a result that keeps its reduced axes, with extent 1."""
    return [Affine() if a in axes else dim(f"i{a}") for a in range(rank)]


def kept_shape(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of that result."""
    return tuple(1 if a in axes else n for a, n in enumerate(shape))


def reduce_axes(
    node: Node,
    b: Builder,
    source: View,
    axes: tuple[int, ...],
    out: View,
    formula: Formula = lambda x: x,
    reduce: Reduce = Reduce.ADD,
    *,
    part: str = "",
) -> None:
    """`out reduce= formula(source)` over axes that `out` keeps with extent 1 or lacks."""
    dims = pointwise_dims(source.shape)
    rank = len(source.shape)
    target = kept_index(rank, axes)
    if len(out.shape) != rank:
        target = [target[a] for a in range(rank) if a not in axes]
    acc = accumulator(b.tensors[out.tensor].dtype) if reduce is Reduce.ADD else None
    value = formula(b.read(source, [dim(d) for d in dims]))
    b.op(node, dims, values.at(out, target), value, reduce, part=part, acc=acc)


_PLAIN: dict[str, tuple[Formula, Reduce]] = {
    "ReduceSum": (lambda x: x, Reduce.ADD),
    "ReduceSumSquare": (lambda x: f.call("square", x), Reduce.ADD),
    "ReduceL1": (lambda x: f.call("abs", x), Reduce.ADD),
    "ReduceProd": (lambda x: x, Reduce.MUL),
    "ReduceMax": (lambda x: x, Reduce.MAX),
    "ReduceMin": (lambda x: x, Reduce.MIN),
}
_THEN: dict[str, tuple[Formula, Formula]] = {
    "ReduceL2": (lambda x: f.call("square", x), lambda x: f.call("sqrt", x)),
    "ReduceLogSum": (lambda x: x, lambda x: f.call("log", x)),
}
"""Sums of a formula to which another is applied at the end."""


@lowers(*_PLAIN, *_THEN, "ReduceMean", "ReduceLogSumExp")
def reduction(node: Node, b: Builder) -> None:
    source, out = b.view(node.inputs[0]), node.outputs[0]
    axes = axes_of(node, b, len(source.shape))
    if not axes and integer(node, "noop_with_empty_axes", 0):
        b.define(out, source)
        return
    axes = axes or tuple(range(len(source.shape)))
    if not source.shape:
        source, axes = View(source.tensor, source.index, (1,)), (0,)
    if node.kind == "ReduceMean":
        count = f.number(prod(source.shape[a] for a in axes))
        reduce_axes(node, b, source, axes, b.result(out), lambda x: f.div(x, count))
    elif node.kind == "ReduceLogSumExp":
        _log_sum_exp(node, b, source, axes)
    elif node.kind in _THEN:
        first, then = _THEN[node.kind]
        total = b.temp(f"{out}.sum", b.dtype(out), b.shape(out))
        reduce_axes(node, b, source, axes, total, first, part="sum")
        _finish(node, b, total, then)
    else:
        formula, reduce = _PLAIN[node.kind]
        reduce_axes(node, b, source, axes, b.result(out), formula, reduce)


def _finish(node: Node, b: Builder, total: View, then: Formula) -> None:
    dims = pointwise_dims(total.shape)
    value = then(b.read(total, [dim(d) for d in dims]))
    b.pointwise(node, node.outputs[0], value, dims, part="root")


def _log_sum_exp(node: Node, b: Builder, source: View, axes: tuple[int, ...]) -> None:
    """`max + log(sum(exp(x - max)))`, which does not overflow."""
    out, kept = node.outputs[0], kept_shape(source.shape, axes)
    dtype = b.dtype(out)
    largest = b.temp(f"{out}.max", dtype, kept)
    total = b.temp(f"{out}.sum", dtype, kept)
    reduce_axes(node, b, source, axes, largest, reduce=Reduce.MAX, part="max")
    top = b.read(largest, kept_index(len(source.shape), axes))
    reduce_axes(node, b, source, axes, total, lambda x: f.call("exp", f.sub(x, top)), part="sum")
    shape = b.shape(out)
    dims = pointwise_dims(shape)
    index = [dim(d) for d in dims]
    flat_top, flat_total = (b.reshape(v, shape, f"{out}.flat") for v in (largest, total))
    value = f.add(b.read(flat_top, index), f.call("log", b.read(flat_total, index)))
    b.pointwise(node, out, value, dims, part="log")


@lowers("CumSum", "CumProd")
def scan(node: Node, b: Builder) -> None:
    """One step per position of the axis: `state[t + 1] = state[t] + x[t]`."""
    x, out = b.view(node.inputs[0]), node.outputs[0]
    rank = len(x.shape)
    place = int(b.scalar(node.inputs[1], "axis"))
    if not -rank <= place < rank:
        raise NotAffine(f"axis {place} is none of {rank}")
    place %= rank
    extent = x.shape[place]
    step = b.step(extent)
    long = (*x.shape[:place], extent + 1, *x.shape[place + 1 :])
    state = b.temp(f"{out}.state", b.dtype(out), long)
    dims = {d: n for a, (d, n) in enumerate(pointwise_dims(x.shape).items()) if a != place}
    index = [dim(f"i{a}") for a in range(rank)]

    def here(position: Affine) -> list[Affine]:
        return [*index[:place], position, *index[place + 1 :]]

    first, function = (0, "add") if node.kind == "CumSum" else (1, "mul")
    b.op(node, dims, values.at(state, here(Affine())), f.number(first), part="start")
    now, after = dim(step.name), Affine(((step.name, 1),), 1)
    read = Affine(((step.name, -1),), extent - 1) if integer(node, "reverse", 0) else now
    value = f.call(function, b.read(state, here(now)), b.read(x, here(read)))
    b.op(node, dims, values.at(state, here(after)), value, part="step", repeat=step)
    shown = values.cut(state, place, 0 if integer(node, "exclusive", 0) else 1, extent)
    if integer(node, "reverse", 0):
        shown = values.cut(shown, place, extent - 1, extent, -1)
    b.define(out, shown)
