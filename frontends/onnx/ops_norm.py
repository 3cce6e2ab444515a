"""Softmax and normalisations: cascades of reductions and pointwise ops, dims i0, i1, ..."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

from ...ir.affine import Affine, add, dim, scale
from ...ir.types import DType, Reduce
from ...ir.workload import Value
from . import formula as f
from . import values
from .attributes import axis, integer, real
from .build import Builder, pointwise_dims
from .graph import DTYPES, Node
from .linear import is_inference, scale_and_shift
from .ops_reduce import kept_index, kept_shape, reduce_axes
from .refusal import NotAffine
from .registry import lowers
from .values import View


@lowers("BatchNormalization")
def batch_norm(node: Node, b: Builder) -> None:
    """`x * scale + shift`, both computed offline where the statistics are constants."""
    if not is_inference(node, b):
        raise NotAffine("a batch norm that computes statistics; export the network for inference")
    shape = b.shape(node.inputs[0])
    dims = pointwise_dims(shape)
    index = [dim(d) for d in dims]
    channel = index[1:2] if len(shape) > 1 else index[:1]
    x = b.read(node.inputs[0], index)
    if all(name in b.constants for name in node.inputs[1:5]):
        s, t = (b.read(name, channel) for name in scale_and_shift(b, node))
        value = f.add(f.mul(x, s), t)
    else:
        gamma, beta, mean, var = (b.read(name, channel) for name in node.inputs[1:5])
        root = f.call("sqrt", f.add(var, f.number(real(node, "epsilon", 1e-5))))
        value = f.add(f.mul(f.div(f.sub(x, mean), root), gamma), beta)
    b.pointwise(node, node.outputs[0], value, dims)


@lowers("Softmax", "LogSoftmax")
def softmax(node: Node, b: Builder) -> None:
    """Largest, exponentials, their sum, quotient.

    Before operator set 13 over all axes from `axis` on.
    """
    x, out = b.view(node.inputs[0]), node.outputs[0]
    rank, dtype = len(x.shape), b.dtype(node.inputs[0])
    first = axis(node, rank, -1 if node.version >= 13 else min(1, rank - 1))
    axes = (first,) if node.version >= 13 else tuple(range(first, rank))
    kept = kept_shape(x.shape, axes)
    dims = pointwise_dims(x.shape)
    index, reduced = [dim(d) for d in dims], kept_index(rank, axes)
    largest = b.temp(f"{out}.max", dtype, kept)
    total = b.temp(f"{out}.sum", dtype, kept)
    reduce_axes(node, b, x, axes, largest, reduce=Reduce.MAX, part="max")
    shifted = f.sub(b.read(x, index), b.read(largest, reduced))
    if node.kind == "Softmax":
        exps = b.temp(f"{out}.exp", dtype, x.shape)
        b.op(node, dims, values.at(exps, index), f.call("exp", shifted), part="exp")
        reduce_axes(node, b, exps, axes, total, part="sum")
        value = f.div(b.read(exps, index), b.read(total, reduced))
        b.pointwise(node, out, value, dims, part="div")
        return
    moved = b.temp(f"{out}.shifted", dtype, x.shape)
    b.op(node, dims, values.at(moved, index), shifted, part="shift")
    reduce_axes(node, b, moved, axes, total, lambda v: f.call("exp", v), part="sum")
    value = f.sub(b.read(moved, index), f.call("log", b.read(total, reduced)))
    b.pointwise(node, out, value, dims, part="log")


def statistics(
    node: Node, b: Builder, x: View, axes: tuple[int, ...], dtype: DType, name: str
) -> tuple[View, View]:
    """Mean and variance of a value over some axes, which stay with extent 1."""
    kept = kept_shape(x.shape, axes)
    count = f.number(prod(x.shape[a] for a in axes))
    mean, var = b.temp(f"{name}.mean", dtype, kept), b.temp(f"{name}.var", dtype, kept)
    centre = b.read(mean, kept_index(len(x.shape), axes))
    reduce_axes(node, b, x, axes, mean, lambda v: f.div(v, count), part="mean")

    def spread(v: Value) -> Value:
        return f.div(f.call("square", f.sub(v, centre)), count)

    reduce_axes(node, b, x, axes, var, spread, part="var")
    return mean, var


def normalised(b: Builder, x: Value, mean: Value, var: Value, eps: float) -> Value:
    """`(x - mean) / sqrt(var + eps)`."""
    return f.mul(f.sub(x, mean), f.call("rsqrt", f.add(var, f.number(eps))))


@lowers("LayerNormalization")
def layer_norm(node: Node, b: Builder) -> None:
    x, out = b.view(node.inputs[0]), node.outputs[0]
    rank = len(x.shape)
    axes = tuple(range(axis(node, rank, -1), rank))
    dtype = DTYPES.get(integer(node, "stash_type", 1), DType("f32"))
    mean, var = statistics(node, b, x, axes, dtype, out)
    dims = pointwise_dims(x.shape)
    index, kept = [dim(d) for d in dims], kept_index(rank, axes)
    eps = real(node, "epsilon", 1e-5)
    value = normalised(b, b.read(x, index), b.read(mean, kept), b.read(var, kept), eps)
    value = _scaled_and_shifted(node, b, value, x.shape, index)
    b.pointwise(node, out, value, dims, part="norm")
    extra = (*node.outputs[1:], "", "")
    _statistic(node, b, extra[0], lambda i: b.read(mean, i), "mean_out")
    _statistic(
        node,
        b,
        extra[1],
        lambda i: f.call("rsqrt", f.add(b.read(var, i), f.number(eps))),
        "deviation_out",
    )


def _scaled_and_shifted(
    node: Node, b: Builder, value: Value, shape: tuple[int, ...], index: Sequence[Affine]
) -> Value:
    for name, apply in zip(node.inputs[1:3], (f.mul, f.add), strict=False):
        if name:
            value = apply(value, b.operand(name, shape, index))
    return value


def _statistic(
    node: Node, b: Builder, output: str, value: Callable[[list[Affine]], Value], part: str
) -> None:
    """A statistic that the network reads as a further output."""
    if output and b.is_read(output):
        dims = pointwise_dims(b.shape(output))
        b.pointwise(node, output, value([dim(d) for d in dims]), dims, part=part)


@lowers("RMSNormalization")
def rms_norm(node: Node, b: Builder) -> None:
    """`x / sqrt(mean(x^2) + eps) * scale`."""
    x, out = b.view(node.inputs[0]), node.outputs[0]
    rank = len(x.shape)
    axes = tuple(range(axis(node, rank, -1), rank))
    count = f.number(prod(x.shape[a] for a in axes))
    dtype = DTYPES.get(integer(node, "stash_type", 1), DType("f32"))
    square = b.temp(f"{out}.square", dtype, kept_shape(x.shape, axes))
    reduce_axes(
        node, b, x, axes, square, lambda v: f.div(f.call("square", v), count), part="square"
    )
    dims = pointwise_dims(x.shape)
    index = [dim(d) for d in dims]
    around = f.add(b.read(square, kept_index(rank, axes)), f.number(real(node, "epsilon", 1e-5)))
    value = f.mul(b.read(x, index), f.call("rsqrt", around))
    value = _scaled_and_shifted(node, b, value, x.shape, index)
    b.pointwise(node, out, value, dims, part="norm")


@lowers("InstanceNormalization")
def instance_norm(node: Node, b: Builder) -> None:
    _grouped(node, b, groups=None, per_group=False)


@lowers("GroupNormalization")
def group_norm(node: Node, b: Builder) -> None:
    """Scale and bias are per channel since operator set 21, per group before."""
    _grouped(node, b, integer(node, "num_groups", 1), per_group=node.version < 21)


def _grouped(node: Node, b: Builder, groups: int | None, *, per_group: bool) -> None:
    """Statistics per sample and group of channels; dims i0, i1 (group), i2 (in group), ...

    Args:
        groups: None for one per channel.
    """
    name, out = node.inputs[0], node.outputs[0]
    shape = b.shape(name)
    if len(shape) < 3:
        raise NotAffine("a normalisation without a spatial axis")
    groups = shape[1] if groups is None else groups
    if groups < 1 or shape[1] % groups:
        raise NotAffine(f"{groups} groups do not divide {shape[1]} channels")
    inner = shape[1] // groups
    split = (shape[0], groups, inner, *shape[2:])
    x = b.reshape(b.view(name), split, f"{out}.groups")
    axes = tuple(range(2, len(split)))
    mean, var = statistics(node, b, x, axes, b.dtype(name), out)
    dims = pointwise_dims(split)
    index, kept = [dim(d) for d in dims], kept_index(len(split), axes)
    channel = add(scale(index[1], inner), index[2])
    eps = real(node, "epsilon", 1e-5)
    value = normalised(b, b.read(x, index), b.read(mean, kept), b.read(var, kept), eps)
    place = index[1] if per_group else channel
    value = f.add(f.mul(value, b.read(node.inputs[1], [place])), b.read(node.inputs[2], [place]))
    target = values.at(b.result(out), [index[0], channel, *index[3:]])
    b.op(node, dims, target, value, part="norm")


@lowers("LRN")
def local_response_norm(node: Node, b: Builder) -> None:
    """`x / (bias + alpha/size * sum of squares over neighbouring channels) ^ beta`."""
    name, out = node.inputs[0], node.outputs[0]
    size = integer(node, "size", 1)
    shape = b.shape(name)
    if size < 1 or len(shape) < 2:
        raise NotAffine(f"a window of {size} over the channels of {list(shape)}")
    dims = pointwise_dims(shape)
    index = [dim(d) for d in dims]
    window = dims | {"r": size}
    near = add(add(index[1], dim("r")), Affine((), -((size - 1) // 2)))
    square = b.temp(f"{out}.square", b.dtype(name), shape)
    read = b.windowed(name, [index[0], near, *index[2:]], window, "0")
    b.op(node, window, values.at(square, index), f.call("square", read), Reduce.ADD, part="square")
    alpha, beta = real(node, "alpha", 1e-4), real(node, "beta", 0.75)
    share = f.mul(f.number(alpha / size), b.read(square, index))
    base = f.add(f.number(real(node, "bias", 1.0)), share)
    value = f.div(b.read(name, index), f.call("pow", base, f.number(beta)))
    b.pointwise(node, out, value, dims, part="norm")


@lowers("LpNormalization")
def lp_norm(node: Node, b: Builder) -> None:
    """Division by the 1- or 2-norm along an axis; 0 where the norm is 0."""
    x, out = b.view(node.inputs[0]), node.outputs[0]
    rank, axes = len(x.shape), (axis(node, len(x.shape), -1),)
    function = "abs" if integer(node, "p", 2) == 1 else "square"
    total = b.temp(f"{out}.sum", b.dtype(node.inputs[0]), kept_shape(x.shape, axes))
    reduce_axes(node, b, x, axes, total, lambda v: f.call(function, v), part="sum")
    dims = pointwise_dims(x.shape)
    index = [dim(d) for d in dims]
    norm = b.read(total, kept_index(rank, axes))
    root = norm if function == "abs" else f.call("sqrt", norm)
    empty = f.call("eq", norm, f.number(0))
    value = f.select(empty, f.number(0), f.div(b.read(x, index), root))
    b.pointwise(node, out, value, dims, part="norm")
