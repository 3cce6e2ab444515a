"""Pools: dims n, c, p, q, r, s (1-D: q, s; 3-D: o, p, q, t, r, s)."""

from __future__ import annotations

from math import prod

import numpy as np

from ...ir.affine import Affine, dim
from ...ir.types import DType, Reduce
from ...ir.workload import Value
from . import formula as f
from . import values
from .attributes import integer, ints
from .build import Builder, accumulator, pointwise_dims
from .dims import MAX_TABLE
from .graph import Node
from .refusal import NotAffine
from .registry import lowers
from .window import Window, spatial_dims, windows


def pool_windows(node: Node, b: Builder) -> tuple[Window, ...]:
    kernel = ints(node, "kernel_shape")
    x, y = b.shape(node.inputs[0]), b.shape(node.outputs[0])
    if len(kernel) != len(x) - 2 or not kernel:
        raise NotAffine(f"`kernel_shape` has {len(kernel)} entries for {len(x) - 2} spatial axes")
    return windows(node, x[2:], y[2:], kernel)


def lowest(dtype: DType) -> str:
    """The literal that a maximum ignores."""
    if dtype.name.startswith("i"):
        return str(-(1 << (dtype.bits - 1)))
    return "0" if dtype.name.startswith("u") or dtype.name == "bool" else "-inf"


@lowers("MaxPool")
def max_pool(node: Node, b: Builder) -> None:
    if len(node.outputs) > 1 and node.outputs[1] and b.is_read(node.outputs[1]):
        raise NotAffine("the positions of the maxima have no affine body")
    spatial = pool_windows(node, b)
    x = node.inputs[0]
    read, dims, index = over_windows(node, b, spatial, lowest(b.dtype(x)))
    b.op(node, dims, values.at(b.result(node.outputs[0]), index), read, Reduce.MAX)


@lowers("AveragePool")
def average_pool(node: Node, b: Builder) -> None:
    """The mean over the elements a window covers, those of the padding with
    `count_include_pad` only; where windows differ in size the sum is divided by a constant."""
    spatial = pool_windows(node, b)
    x, out = node.inputs[0], node.outputs[0]
    include = bool(integer(node, "count_include_pad", 0))
    counts = [covered(w, n, include) for w, n in zip(spatial, b.shape(x)[2:], strict=True)]
    read, dims, index = over_windows(node, b, spatial, "0")
    acc = accumulator(b.dtype(x))
    if all(np.ptp(count) == 0 for count in counts):
        share = f.div(read, f.number(prod(int(count[0]) for count in counts)))
        b.op(node, dims, values.at(b.result(out), index), share, Reduce.ADD, acc=acc)
        return
    sums = b.temp(f"{out}.sum", b.dtype(out), b.shape(out))
    b.op(node, dims, values.at(sums, index), read, Reduce.ADD, acc=acc)
    grid = np.asarray(1.0)
    for count in counts:
        grid = np.multiply.outer(grid, count)
    covers = b.of_array(f"{out}.count", grid.astype(np.float32), 1)
    loops = pointwise_dims(sums.shape)
    points = [dim(d) for d in loops]
    mean = f.div(b.read(sums, points), b.read(covers, points[2:]))
    b.pointwise(node, out, mean, loops, part="mean")


def over_windows(
    node: Node, b: Builder, spatial: tuple[Window, ...], pad: str
) -> tuple[Value, dict[str, int], list[Affine]]:
    """The element under a window, the dims, and the index of the window's result."""
    x = node.inputs[0]
    shape = b.shape(x)
    dims = {"n": shape[0], "c": shape[1]}
    dims |= dict(w.out for w in spatial) | dict(w.kernel for w in spatial)
    lead = [dim("n"), dim("c")]
    read = b.windowed(x, [*lead, *(w.index for w in spatial)], dims, pad)
    return read, dims, [*lead, *(dim(w.out[0]) for w in spatial)]


def covered(window: Window, extent: int, include_pad: bool) -> np.ndarray:
    """How many elements count at each position of a window along its axis.

    With `ceil_mode` a last window may reach beyond the padding; what lies there never counts.
    """
    if max(window.out[1], window.kernel[1]) > MAX_TABLE:
        raise NotAffine(f"a pool with {window.out[1]} windows of {window.kernel[1]}")
    starts = np.arange(window.out[1]) * window.stride - window.pad
    taps = starts[:, None] + np.arange(window.kernel[1]) * window.dilation
    low = -window.pad if include_pad else 0
    high = extent + window.pad_after if include_pad else extent
    return np.asarray(((taps >= low) & (taps < high)).sum(axis=1))


@lowers("LpPool")
def lp_pool(node: Node, b: Builder) -> None:
    """The p-norm of the elements under a window."""
    spatial = pool_windows(node, b)
    read, dims, index = over_windows(node, b, spatial, "0")
    _norm(node, b, read, dims, index)


@lowers("GlobalLpPool")
def global_lp_pool(node: Node, b: Builder) -> None:
    shape = b.shape(node.inputs[0])
    dims = global_dims(node, b)
    read = b.read(node.inputs[0], [dim(d) for d in dims])
    _norm(node, b, read, dims, [dim("n"), dim("c"), *[Affine()] * (len(shape) - 2)])


def global_dims(node: Node, b: Builder) -> dict[str, int]:
    """Dims n, c and the spatial ones of the operand."""
    shape = b.shape(node.inputs[0])
    if len(shape) < 3:
        raise NotAffine("a pool without a spatial axis")
    return dict(zip(("n", "c", *spatial_dims(len(shape) - 2)[0]), shape, strict=True))


def _norm(node: Node, b: Builder, read: Value, dims: dict[str, int], index: list[Affine]) -> None:
    out, p = node.outputs[0], integer(node, "p", 2)
    if p < 1:
        raise NotAffine(f"a norm of order {p}")
    sums = b.temp(f"{out}.sum", b.dtype(out), b.shape(out))
    powers: dict[int, Value] = {1: f.call("abs", read), 2: f.call("square", read)}
    power = powers.get(p, f.call("pow", f.call("abs", read), f.number(p)))
    b.op(node, dims, values.at(sums, index), power, Reduce.ADD, part="sum")
    loops = pointwise_dims(sums.shape)
    total = b.read(sums, [dim(d) for d in loops])
    roots: dict[int, Value] = {1: total, 2: f.call("sqrt", total)}
    root = roots.get(p, f.call("pow", total, f.number(1 / p)))
    b.pointwise(node, out, root, loops, part="root")


@lowers("GlobalAveragePool", "GlobalMaxPool")
def global_pool(node: Node, b: Builder) -> None:
    x, out = node.inputs[0], b.result(node.outputs[0])
    dims, shape = global_dims(node, b), b.shape(x)
    read = b.read(x, [dim(d) for d in dims])
    target = values.at(out, [dim("n"), dim("c"), *[Affine()] * (len(shape) - 2)])
    if node.kind == "GlobalMaxPool":
        b.op(node, dims, target, read, Reduce.MAX)
    else:
        mean = f.div(read, f.number(prod(shape[2:])))
        b.op(node, dims, target, mean, Reduce.ADD, acc=accumulator(b.dtype(x)))
