"""Convolutions: dims n, k, c, p, q, r, s (1-D: q, s; 3-D: o, p, q, t, r, s; groups g)."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from ...ir.affine import Affine, add, dim, interval, scale
from ...ir.types import Reduce
from ...ir.workload import Value
from . import formula as f
from . import values
from .attributes import integer, ints, text
from .build import Builder, accumulator, pointwise_dims
from .graph import Node
from .linear import linear
from .refusal import NotAffine
from .registry import lowers
from .values import View
from .window import Window, per_axis, spatial_dims, windows


@dataclass(frozen=True, slots=True)
class Channels:
    """How channels are indexed.

    Attributes:
        dims: the channel dims with their extents.
        wide: index of the channels on the side of the weights' axis 0.
        narrow: index on the other side.
        inner: index on the weights' axis 1.
    """

    dims: dict[str, int]
    wide: Affine
    narrow: Affine
    inner: Affine


def channels(groups: int, wide: int, narrow: int, names: tuple[str, str]) -> Channels:
    """Channel dims of a convolution with groups.

    Args:
        wide, narrow: channels on the side of the weights' axis 0 and on the other side.
        names: the dims of the two sides within a group, `("k", "c")` for a convolution.
    """
    if groups < 1 or wide % groups or narrow % groups:
        raise NotAffine(f"{groups} groups do not divide {wide} and {narrow} channels")
    outer, inner = names
    per_wide, per_narrow = wide // groups, narrow // groups
    if groups == 1:
        return Channels({outer: wide, inner: narrow}, dim(outer), dim(inner), dim(inner))
    if per_wide == per_narrow == 1:
        return Channels({"c": groups}, dim("c"), dim("c"), Affine())
    dims = {"g": groups}
    dims |= {name: n for name, n in ((outer, per_wide), (inner, per_narrow)) if n > 1}
    return Channels(
        dims,
        _in_group(outer, per_wide),
        _in_group(inner, per_narrow),
        dim(inner) if per_narrow > 1 else Affine(),
    )


def _in_group(name: str, extent: int) -> Affine:
    return dim("g") if extent == 1 else add(scale(dim("g"), extent), dim(name))


def loop_dims(batch: int, over: Channels, spatial: tuple[Window, ...]) -> dict[str, int]:
    """All dims in the order n, (g,) k, c, p, q, r, s."""
    return {
        "n": batch,
        **over.dims,
        **dict(w.out for w in spatial),
        **dict(w.kernel for w in spatial),
    }


@lowers("Conv")
def conv(node: Node, b: Builder) -> None:
    parts = linear(node, b, channel_of_weight=0)
    sums = parts.target(b)
    convolution(node, b, node.inputs[0], parts.weight, sums)
    parts.finish(node, b, sums, channel=1)


def convolution(
    node: Node, b: Builder, x: str, w: str, out: View, zeros: tuple[str, str] = ("", "")
) -> None:
    """The sums of products of a convolution.

    Args:
        zeros: zero points of both operands, names of scalars or of one per output channel.
    """
    x_shape, w_shape = b.shape(x), b.shape(w) if w in b.graph.types else b.view(w).shape
    same_rank(x_shape, w_shape, out.shape)
    if w_shape[0] != out.shape[1] or w_shape[1] * integer(node, "group", 1) != x_shape[1]:
        raise NotAffine(f"weights {list(w_shape)} do not fit {x_shape[1]} channels")
    spatial = windows(node, x_shape[2:], out.shape[2:], w_shape[2:])
    over = channels(integer(node, "group", 1), out.shape[1], x_shape[1], ("k", "c"))
    dims = loop_dims(x_shape[0], over, spatial)
    place = [dim("n"), over.narrow, *(window.index for window in spatial)]
    # A padded element counts as zero, which is the zero point before it is subtracted.
    pad = "0" if not zeros[0] else f.pad_literal(b.scalar(zeros[0], "zero point"))
    image = without_zero(b, b.windowed(x, place, dims, pad), zeros[0], Affine())
    kernel = [dim(window.kernel[0]) for window in spatial]
    weight = b.read(b.view(w), [over.wide, over.inner, *kernel])
    weight = without_zero(b, weight, zeros[1], over.wide)
    target = values.at(out, [dim("n"), over.wide, *(dim(w.out[0]) for w in spatial)])
    acc = accumulator(b.dtype(x))
    b.op(node, dims, target, f.mul(image, weight), Reduce.ADD, acc=acc)


def same_rank(*shapes: tuple[int, ...]) -> None:
    """Refuses operands and a result of different ranks, and those without a spatial axis."""
    ranks = [len(shape) for shape in shapes]
    if len(set(ranks)) != 1 or ranks[0] < 3:
        raise NotAffine(f"a convolution of operands with {ranks} axes")


def without_zero(b: Builder, value: Value, zero: str, channel: Affine) -> Value:
    """A quantised value less its zero point (a scalar, or one per channel)."""
    if not zero:
        return value
    known = b.constant(zero)
    if known is not None and not known.any():
        return value
    shape = b.shape(zero)
    if len(shape) > 1 and prod(shape) > 1:
        raise NotAffine("zero points per row")
    return f.sub(value, b.read(zero, [channel if prod(shape) > 1 else Affine()] * len(shape)))


@lowers("ConvTranspose")
def conv_transpose(node: Node, b: Builder) -> None:
    """`y[stride*p + dilation*r] += x[p] * w[r]`; pads cut the result, which is a view of it."""
    x = node.inputs[0]
    x_shape, w_shape, y_shape = b.shape(x), b.shape(node.inputs[1]), b.shape(node.outputs[0])
    same_rank(x_shape, w_shape, y_shape)
    groups = integer(node, "group", 1)
    if w_shape[0] != x_shape[1] or w_shape[1] * groups != y_shape[1]:
        raise NotAffine(f"weights {list(w_shape)} do not fit {x_shape[1]} channels")
    parts = linear(node, b, channel_of_weight=1 if groups == 1 else None)
    spatial, cuts = transposed_windows(node, x_shape[2:], y_shape[2:], w_shape[2:])
    over = channels(groups, x_shape[1], y_shape[1], ("c", "k"))
    dims = loop_dims(x_shape[0], over, spatial)
    image = b.read(x, [dim("n"), over.wide, *(dim(w.out[0]) for w in spatial)])
    kernel = [dim(w.kernel[0]) for w in spatial]
    weight = b.read(b.view(parts.weight), [over.wide, over.inner, *kernel])
    reach = [interval(w.index, dims)[1] + 1 for w in spatial]
    ends = [cut + n for cut, n in zip(cuts, y_shape[2:], strict=True)]
    long = tuple(max(r, e) for r, e in zip(reach, ends, strict=True))
    out = parts.target(b) if long == y_shape[2:] else _uncut(b, parts.output, y_shape, long)
    target = values.at(out, [dim("n"), over.narrow, *(w.index for w in spatial)])
    b.op(node, dims, target, f.mul(image, weight), Reduce.ADD, acc=accumulator(b.dtype(x)))
    for place, (first, end) in enumerate(zip(reach, long, strict=True), start=2):
        if first < end:
            _zeros(node, b, out, place, first)
    for place, cut in enumerate(cuts, start=2):
        out = values.cut(out, place, cut, y_shape[place])
    if parts.bias:
        parts.finish(node, b, out, channel=1)
    else:
        b.define(parts.output, out)


def _zeros(node: Node, b: Builder, out: View, place: int, first: int) -> None:
    """What `output_padding` adds beyond the last element that an input reaches."""
    margin = values.cut(out, place, first, out.shape[place] - first)
    dims = pointwise_dims(margin.shape)
    target = values.at(margin, [dim(d) for d in dims])
    b.op(node, dims, target, f.number(0), part=f"margin{place}")


def _uncut(b: Builder, name: str, shape: tuple[int, ...], long: tuple[int, ...]) -> View:
    """The tensor that takes what lies under the pads too."""
    return b.temp(f"{name}.uncut", b.dtype(name), (*shape[:2], *long))


def transposed_windows(
    node: Node, inputs: tuple[int, ...], outputs: tuple[int, ...], kernel: tuple[int, ...]
) -> tuple[tuple[Window, ...], tuple[int, ...]]:
    """Windows whose index is a position in the uncut output, and what is cut off in front."""
    rank = len(inputs)
    strides, dilations = per_axis(node, "strides", rank, 1), per_axis(node, "dilations", rank, 1)
    extra = per_axis(node, "output_padding", rank, 0)
    mode = text(node, "auto_pad", "NOTSET")
    pads = ints(node, "pads", (0,) * (2 * rank))
    if len(pads) != 2 * rank:
        raise NotAffine(f"`pads` has {len(pads)} entries for {rank} spatial axes")
    outer, inner = spatial_dims(rank)
    spatial, cuts = [], []
    for i in range(rank):
        reach = strides[i] * (inputs[i] - 1) + extra[i] + (kernel[i] - 1) * dilations[i] + 1
        total = reach - outputs[i]
        if "output_shape" in node.attributes or mode in ("SAME_UPPER", "SAME_LOWER"):
            cuts.append(total // 2 if mode == "SAME_UPPER" else total - total // 2)
        else:
            cuts.append(0 if mode == "VALID" else pads[i])
        dims = (outer[i], inputs[i]), (inner[i], kernel[i])
        spatial.append(Window(*dims, strides[i], dilations[i], 0, 0))
    if any(cut < 0 for cut in cuts):
        raise NotAffine("an output larger than what its inputs reach, on both sides")
    return tuple(spatial), tuple(cuts)
