"""Sliding windows: what strides, pads, dilations and `auto_pad` mean on each spatial axis."""

from __future__ import annotations

from dataclasses import dataclass

from ...ir.affine import Affine, affine
from .attributes import ints, text
from .graph import Node
from .refusal import NotAffine

_OUT = {1: ("q",), 2: ("p", "q"), 3: ("o", "p", "q")}
_KERNEL = {1: ("s",), 2: ("r", "s"), 3: ("t", "r", "s")}


@dataclass(frozen=True, slots=True)
class Window:
    """One spatial axis of a convolution or a pool.

    Attributes:
        out, kernel: (dim, extent) of the output's axis and of the window.
        stride, dilation: steps between windows and between a window's elements.
        pad, pad_after: elements of padding before the first element and after the last.
    """

    out: tuple[str, int]
    kernel: tuple[str, int]
    stride: int
    dilation: int
    pad: int
    pad_after: int

    @property
    def index(self) -> Affine:
        """Where the window touches the padded-away input: `stride*p + dilation*r - pad`."""
        terms = {self.out[0]: self.stride, self.kernel[0]: self.dilation}
        return affine(terms, -self.pad)


def spatial_dims(rank: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the output's and the kernel's dims: `p, q` and `r, s` in two dimensions."""
    if rank in _OUT:
        return _OUT[rank], _KERNEL[rank]
    numbers = range(1, rank + 1)
    return tuple(f"p{i}" for i in numbers), tuple(f"r{i}" for i in numbers)


def windows(
    node: Node, inputs: tuple[int, ...], outputs: tuple[int, ...], kernel: tuple[int, ...]
) -> tuple[Window, ...]:
    """The windows of a node over its spatial axes.

    Args:
        inputs, outputs: extents of the spatial axes on both sides.

    Raises:
        NotAffine: attributes of the wrong length or type.
    """
    rank = len(inputs)
    strides = per_axis(node, "strides", rank, 1)
    dilations = per_axis(node, "dilations", rank, 1)
    pads = padding(node, inputs, outputs, kernel, strides, dilations)
    outer, inner = spatial_dims(rank)
    return tuple(
        Window((outer[i], outputs[i]), (inner[i], kernel[i]), strides[i], dilations[i], *pads[i])
        for i in range(rank)
    )


def per_axis(node: Node, name: str, rank: int, default: int) -> tuple[int, ...]:
    """An attribute with one integer per spatial axis."""
    found = ints(node, name, (default,) * rank)
    if len(found) != rank:
        raise NotAffine(f"`{name}` has {len(found)} entries for {rank} spatial axes")
    return found


def padding(
    node: Node,
    inputs: tuple[int, ...],
    outputs: tuple[int, ...],
    kernel: tuple[int, ...],
    strides: tuple[int, ...],
    dilations: tuple[int, ...],
) -> tuple[tuple[int, int], ...]:
    """Padding before and after, per axis.

    `SAME_UPPER` puts the odd element after, `SAME_LOWER` before (ONNX operator `Conv`).
    """
    mode = text(node, "auto_pad", "NOTSET")
    rank = len(inputs)
    if mode in ("SAME_UPPER", "SAME_LOWER"):
        totals = (
            max(0, (o - 1) * s + (k - 1) * d + 1 - i)
            for i, o, k, s, d in zip(inputs, outputs, kernel, strides, dilations, strict=True)
        )
        befores = [(t, (t + (mode == "SAME_LOWER")) // 2) for t in totals]
        return tuple((before, total - before) for total, before in befores)
    if mode == "VALID":
        return ((0, 0),) * rank
    pads = ints(node, "pads", (0,) * (2 * rank))
    if len(pads) != 2 * rank:
        raise NotAffine(f"`pads` has {len(pads)} entries for {rank} spatial axes")
    return tuple(zip(pads[:rank], pads[rank:], strict=True))
