"""Convolutions: dims n, k, c, p, q, r, s (1-D: q, s; 3-D: o, p, q, t, r, s; groups g)."""

from __future__ import annotations

from dataclasses import dataclass

from ...ir.affine import Affine, add, dim, scale
from ...ir.types import Reduce
from . import formula as f
from . import values
from .attributes import integer
from .build import Builder, NotAffine, accumulator
from .graph import Node
from .linear import linear
from .registry import lowers
from .window import Window, windows


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
    x = node.inputs[0]
    x_shape, w_shape, y_shape = b.shape(x), b.shape(node.inputs[1]), b.shape(node.outputs[0])
    if len(x_shape) < 3:
        raise NotAffine("a convolution without a spatial axis")
    spatial = windows(node, x_shape[2:], y_shape[2:], w_shape[2:])
    over = channels(integer(node, "group", 1), y_shape[1], x_shape[1], ("k", "c"))
    dims = loop_dims(x_shape[0], over, spatial)
    parts = linear(node, b, channel_of_weight=0)
    image = b.windowed(x, [dim("n"), over.narrow, *(w.index for w in spatial)], dims, "0")
    kernel = [dim(w.kernel[0]) for w in spatial]
    weight = b.read(b.view(parts.weight), [over.wide, over.inner, *kernel])
    sums = parts.target(b)
    target = values.at(sums, [dim("n"), over.wide, *(dim(w.out[0]) for w in spatial)])
    b.op(node, dims, target, f.mul(image, weight), Reduce.ADD, acc=accumulator(b.dtype(x)))
    parts.finish(node, b, sums, channel=1)
