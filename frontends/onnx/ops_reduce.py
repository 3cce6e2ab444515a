"""Reductions: dims i0, i1, ... over the operand; a reduced axis that is kept has index 0."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from ...ir.affine import Affine, dim
from ...ir.types import Reduce
from ...ir.workload import Value
from . import formula as f
from . import values
from .build import Builder, NotAffine, accumulator, pointwise_dims
from .graph import Node
from .registry import lowers
from .values import View
from .window import ints


def axes_of(node: Node, b: Builder, rank: int, operand: int = 1) -> tuple[int, ...] | None:
    """The axes a node names, as an attribute or (newer operator sets) as an operand.

    Returns:
        Sorted and not negative; None when it names none.
    """
    found: tuple[int, ...] | None = None
    if "axes" in node.attributes:
        found = ints(node, "axes")
    elif len(node.inputs) > operand and node.inputs[operand]:
        found = tuple(int(a) for a in b.needed(node.inputs[operand], "operand").reshape(-1))
    if found is not None and not all(-rank <= a < rank for a in found):
        raise NotAffine(f"its axes {list(found)} are not axes of {rank}")
    return None if found is None else tuple(sorted({a % rank for a in found}))


def kept_index(rank: int, axes: tuple[int, ...]) -> list[Affine]:
    """The index of a result that keeps its reduced axes, with extent 1."""
    return [Affine() if a in axes else dim(f"i{a}") for a in range(rank)]


def reduce_axes(
    node: Node,
    b: Builder,
    source: View,
    axes: tuple[int, ...],
    out: View,
    formula: Callable[[Value], Value] = lambda x: x,
    reduce: Reduce = Reduce.ADD,
    *,
    part: str = "",
) -> None:
    """`out reduce= formula(source)` over some axes; `out` keeps them with extent 1 or lacks them."""
    dims = pointwise_dims(source.shape)
    index = [dim(d) for d in dims]
    rank = len(source.shape)
    target = kept_index(rank, axes)
    if len(out.shape) != rank:
        target = [target[a] for a in range(rank) if a not in axes]
    acc = accumulator(b.tensors[out.tensor].dtype) if reduce is Reduce.ADD else None
    value = formula(b.read(source, index))
    b.op(node, dims, values.at(out, target), value, reduce, part=part, acc=acc)


_PLAIN: dict[str, tuple[Callable[[Value], Value], Reduce]] = {
    "ReduceSum": (lambda x: x, Reduce.ADD),
    "ReduceSumSquare": (lambda x: f.call("square", x), Reduce.ADD),
    "ReduceL1": (lambda x: f.call("abs", x), Reduce.ADD),
    "ReduceProd": (lambda x: x, Reduce.MUL),
    "ReduceMax": (lambda x: x, Reduce.MAX),
    "ReduceMin": (lambda x: x, Reduce.MIN),
}


@lowers(*_PLAIN, "ReduceMean")
def plain(node: Node, b: Builder) -> None:
    source = b.view(node.inputs[0])
    rank = len(source.shape)
    axes = axes_of(node, b, rank)
    if axes is None or not axes:
        if node.attributes.get("noop_with_empty_axes", 0):
            b.define(node.outputs[0], source)
            return
        axes = tuple(range(rank))
    count = f.number(prod(source.shape[a] for a in axes))
    formula, reduce = _PLAIN.get(node.kind, (lambda x: f.div(x, count), Reduce.ADD))
    reduce_axes(node, b, source, axes, b.result(node.outputs[0]), formula, reduce)
