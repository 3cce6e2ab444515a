"""Softmax and normalisations: cascades of reductions and pointwise ops, dims i0, i1, ..."""

from __future__ import annotations

from ...ir.affine import dim
from ...ir.types import Reduce
from . import formula as f
from . import values
from .build import Builder, pointwise_dims
from .graph import Node
from .linear import scale_and_shift
from .ops_reduce import kept_index, reduce_axes
from .registry import lowers


@lowers("BatchNormalization")
def batch_norm(node: Node, b: Builder) -> None:
    """`x * scale + shift`, both computed offline where the statistics are constants."""
    x = node.inputs[0]
    shape = b.shape(x)
    dims = pointwise_dims(shape)
    index = [dim(d) for d in dims]
    channel = index[1:2] if len(shape) > 1 else index[:1]
    s, t = scale_and_shift(b, node)
    value = f.add(f.mul(b.read(x, index), b.read(s, channel)), b.read(t, channel))
    b.pointwise(node, node.outputs[0], value, dims)


@lowers("Softmax", "LogSoftmax")
def softmax(node: Node, b: Builder) -> None:
    """Largest, exponentials, their sum, quotient; before operator set 13 over all axes from `axis`."""
    x = b.view(node.inputs[0])
    rank, dtype = len(x.shape), b.dtype(node.inputs[0])
    default = -1 if node.version >= 13 else 1
    first = int(node.attributes.get("axis", default)) % rank  # type: ignore[call-overload]
    axes = (first,) if node.version >= 13 else tuple(range(first, rank))
    kept = tuple(1 if a in axes else n for a, n in enumerate(x.shape))
    out = node.outputs[0]
    largest = b.temp(f"{out}.max", dtype, kept)
    total = b.temp(f"{out}.sum", dtype, kept)
    exps = b.temp(f"{out}.exp", dtype, x.shape)
    dims = pointwise_dims(x.shape)
    index = [dim(d) for d in dims]
    reduced = kept_index(rank, axes)
    reduce_axes(node, b, x, axes, largest, reduce=Reduce.MAX, part="max")
    shifted = f.sub(b.read(x, index), b.read(largest, reduced))
    if node.kind == "Softmax":
        b.op(node, dims, values.at(exps, index), f.call("exp", shifted), part="exp")
        reduce_axes(node, b, exps, axes, total, part="sum")
        b.pointwise(node, out, f.div(b.read(exps, index), b.read(total, reduced)), dims, part="div")
