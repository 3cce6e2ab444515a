"""Matrix products: rows m, columns n, reduction k, batch b (b2, b3, ... for further axes)."""

from __future__ import annotations

from ...ir.affine import dim
from ...ir.types import Reduce
from . import formula as f
from . import values
from .attributes import integer, real
from .build import Builder, accumulator, pointwise_dims
from .graph import Node
from .linear import linear
from .ops_conv import without_zero
from .refusal import NotAffine
from .registry import lowers
from .values import View


@lowers("Gemm")
def gemm(node: Node, b: Builder) -> None:
    """`alpha * A B + beta * C`; a factor other than 1 is applied to the sums, not to products."""
    out = node.outputs[0]
    alpha, beta = real(node, "alpha", 1.0), real(node, "beta", 1.0)
    biased = len(node.inputs) > 2 and node.inputs[2] != ""
    if alpha == beta == 1 and (not biased or b.shape(node.inputs[2]) == b.shape(out)[1:]):
        parts = linear(node, b, channel_of_weight=0 if integer(node, "transB", 0) else 1)
        sums = parts.target(b)
        _matrix_sums(node, b, parts.weight, sums)
        parts.finish(node, b, sums, channel=1)
    elif alpha == 1 and not biased:
        _matrix_sums(node, b, node.inputs[1], b.result(out))
    else:
        sums = b.temp(f"{out}.sum", b.dtype(out), b.shape(out))
        _matrix_sums(node, b, node.inputs[1], sums)
        _scaled(node, b, sums, alpha, beta if biased else 0.0)


def _matrix_sums(node: Node, b: Builder, weight: str, out: View) -> None:
    """`out += A B`, either matrix transposed if the node says so."""
    a, w = b.view(node.inputs[0]), b.view(weight)
    if integer(node, "transA", 0):
        a = values.transpose(a, (1, 0))
    if integer(node, "transB", 0):
        w = values.transpose(w, (1, 0))
    if (a.shape[:1], a.shape[1:], w.shape[1:]) != (out.shape[:1], w.shape[:1], out.shape[1:]):
        raise NotAffine(f"matrices {list(a.shape)} and {list(w.shape)} do not fit")
    product(node, b, a, w, out)


def _scaled(node: Node, b: Builder, sums: View, alpha: float, beta: float) -> None:
    dims = pointwise_dims(sums.shape)
    index = [dim(d) for d in dims]
    value = b.read(sums, index)
    if alpha != 1:
        value = f.mul(f.number(alpha), value)
    if beta:
        bias = b.operand(node.inputs[2], sums.shape, index)
        value = f.add(value, bias if beta == 1 else f.mul(f.number(beta), bias))
    b.pointwise(node, node.outputs[0], value, dims, part="bias")


@lowers("MatMul")
def matmul(node: Node, b: Builder) -> None:
    product(node, b, b.view(node.inputs[0]), b.view(node.inputs[1]), b.result(node.outputs[0]))


def product(
    node: Node, b: Builder, a: View, w: View, out: View, zeros: tuple[str, str] = ("", "")
) -> None:
    """`out += a * w` in the way of NumPy's `matmul`: leading axes are batches and broadcast.

    Args:
        zeros: zero points of both operands, names of scalars or of one per row or column.
    """
    batch = tuple(out.shape[: len(out.shape) - (len(a.shape) > 1) - (len(w.shape) > 1)])
    names = batch_names(len(batch))
    lead = [dim(name) for name in names]
    dims = dict(zip(names, batch, strict=True))
    left, right = [dim("k")], [dim("k")]
    if len(a.shape) > 1:
        dims["m"] = a.shape[-2]
        left = [dim("m"), dim("k")]
        a = values.broadcast(a, (*batch, *a.shape[-2:]))
        left = [*lead, *left]
    if len(w.shape) > 1:
        dims["n"] = w.shape[-1]
        right = [dim("k"), dim("n")]
        w = values.broadcast(w, (*batch, *w.shape[-2:]))
        right = [*lead, *right]
    dims["k"] = a.shape[-1]
    target = values.at(out, [*lead, *(dim(d) for d in ("m", "n") if d in dims)])
    acc = accumulator(b.tensors[a.tensor].dtype)
    left_value = without_zero(b, b.read(a, left), zeros[0], dim("m"))
    right_value = without_zero(b, b.read(w, right), zeros[1], dim("n"))
    b.op(node, dims, target, f.mul(left_value, right_value), Reduce.ADD, acc=acc)


def batch_names(count: int) -> list[str]:
    """Names of the batch dims, innermost `b`: b3, b2, b."""
    return [f"b{i}" if i > 1 else "b" for i in range(count, 0, -1)]
