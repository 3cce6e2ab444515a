"""Quantised operators: zero points are subtracted where operands are read."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from ...ir.affine import Affine, dim
from ...ir.types import DType
from ...ir.workload import Value
from . import formula as f
from .attributes import integer
from .build import Builder, pointwise_dims
from .graph import Node
from .ops_conv import convolution
from .ops_matmul import product
from .refusal import NotAffine
from .registry import lowers

_SUMS = DType("i32")


def limits(dtype: DType) -> tuple[int, int]:
    """The smallest and the largest value of an integer type."""
    if dtype.name[0] not in "iu":
        raise NotAffine(f"quantisation to {dtype} is no rounding to integers")
    if dtype.name.startswith("u"):
        return 0, (1 << dtype.bits) - 1
    return -(1 << (dtype.bits - 1)), (1 << (dtype.bits - 1)) - 1


def saturated(value: Value, dtype: DType) -> Value:
    """A value cut off at the limits of a type."""
    low, high = limits(dtype)
    return f.minimum(f.maximum(value, f.number(low)), f.number(high))


def _per_axis(
    node: Node, b: Builder, position: int, index: Sequence[Affine], place: int
) -> Value | None:
    """A scale or zero point: one for all, or one per index of an axis; None if absent."""
    if len(node.inputs) <= position or not node.inputs[position]:
        return None
    name = node.inputs[position]
    shape = b.shape(name)
    if len(shape) > 1:
        raise NotAffine("scales per block")
    per_index = len(shape) == 1 and shape[0] > 1
    return b.read(name, [index[place]] if per_index else [Affine()] * len(shape))


def _place(node: Node, rank: int) -> int:
    place = integer(node, "axis", 1)
    if integer(node, "block_size", 0):
        raise NotAffine("scales per block")
    return place % rank if rank and -rank <= place < rank else 0


@lowers("DequantizeLinear")
def dequantize(node: Node, b: Builder) -> None:
    """`(x - zero) * scale`."""
    shape = b.shape(node.outputs[0])
    dims = pointwise_dims(shape)
    index = [dim(d) for d in dims]
    place = _place(node, len(shape))
    value = b.operand(node.inputs[0], shape, index)
    zero = _per_axis(node, b, 2, index, place)
    scale = _per_axis(node, b, 1, index, place)
    assert scale is not None  # the schema requires it
    value = f.mul(value if zero is None else f.sub(value, zero), scale)
    b.pointwise(node, node.outputs[0], value, dims)


@lowers("QuantizeLinear")
def quantize(node: Node, b: Builder) -> None:
    """`round(x / scale) + zero`, halves to even, cut off at the type's limits."""
    shape = b.shape(node.outputs[0])
    dims = pointwise_dims(shape)
    index = [dim(d) for d in dims]
    place = _place(node, len(shape))
    scale = _per_axis(node, b, 1, index, place)
    assert scale is not None  # the schema requires it
    value = f.call("round", f.div(b.operand(node.inputs[0], shape, index), scale))
    zero = _per_axis(node, b, 2, index, place)
    value = value if zero is None else f.add(value, zero)
    b.pointwise(node, node.outputs[0], saturated(value, b.dtype(node.outputs[0])), dims)


def _zero_points(node: Node) -> tuple[str, str]:
    """Of both operands, "" where absent."""
    left, right, *_ = (*node.inputs[2:], "", "")
    return left, right


@lowers("ConvInteger")
def conv_integer(node: Node, b: Builder) -> None:
    zeros = _zero_points(node)
    out = b.result(node.outputs[0])
    convolution(node, b, node.inputs[0], node.inputs[1], out, zeros=zeros)


@lowers("QLinearConv")
def qlinear_conv(node: Node, b: Builder) -> None:
    """Integer sums, then `round(sum * (sx * sw / sy)) + zero`."""
    x, sx, zx, w, sw, zw, sy, zy, *rest = node.inputs
    out = node.outputs[0]
    sums = b.temp(f"{out}.sum", _SUMS, b.shape(out))
    convolution(node, b, x, w, sums, zeros=(zx, zw))
    dims = pointwise_dims(sums.shape)
    index = [dim(d) for d in dims]
    total = b.read(sums, index)
    if rest and rest[0]:
        total = f.add(total, b.read(rest[0], [index[1]]))
    scales = [_scale(b, name, index[1]) for name in (sx, sw, sy)]
    _requantise(node, b, total, scales, b.operand(zy, (1,), [Affine()]), dims)


@lowers("MatMulInteger")
def matmul_integer(node: Node, b: Builder) -> None:
    zeros = _zero_points(node)
    a, w = b.view(node.inputs[0]), b.view(node.inputs[1])
    product(node, b, a, w, b.result(node.outputs[0]), zeros=zeros)


@lowers("QLinearMatMul")
def qlinear_matmul(node: Node, b: Builder) -> None:
    a, sa, za, w, sw, zw, sy, zy = node.inputs
    out = node.outputs[0]
    sums = b.temp(f"{out}.sum", _SUMS, b.shape(out))
    product(node, b, b.view(a), b.view(w), sums, zeros=(za, zw))
    dims = pointwise_dims(sums.shape)
    index = [dim(d) for d in dims]
    scales = [_scale(b, name, index[-1] if index else Affine()) for name in (sa, sw, sy)]
    zero = b.operand(zy, (1,), [Affine()])
    _requantise(node, b, b.read(sums, index), scales, zero, dims)


def _scale(b: Builder, name: str, channel: Affine) -> Value:
    shape = b.shape(name)
    if prod(shape) > 1 and len(shape) != 1:
        raise NotAffine("scales per row")
    return b.read(name, [channel if prod(shape) > 1 else Affine()] * len(shape))


def _requantise(
    node: Node,
    b: Builder,
    total: Value,
    scales: Sequence[Value],
    zero: Value,
    dims: dict[str, int],
) -> None:
    left, right, out_scale = scales
    scaled = f.mul(total, f.div(f.mul(left, right), out_scale))
    value = f.add(f.call("round", scaled), zero)
    out = node.outputs[0]
    b.pointwise(node, out, saturated(value, b.dtype(out)), dims, part="requantise")
