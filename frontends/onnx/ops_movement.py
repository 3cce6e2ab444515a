"""Operators that only move data: views where the indices stay affine, copies elsewhere."""

from __future__ import annotations

from math import prod

import numpy as np

from ...ir.affine import Affine, add, dim
from ...ir.workload import Read
from . import formula as f
from . import values
from .attributes import axis, integer, ints, text
from .build import Builder, pointwise_dims
from .dims import MAX_TABLE
from .graph import Node
from .refusal import NotAffine
from .registry import lowers
from .storage import placed


@lowers("Identity", "Dropout")
def identity(node: Node, b: Builder) -> None:
    if len(node.outputs) > 1 and node.outputs[1] and b.is_read(node.outputs[1]):
        raise NotAffine("a dropout whose mask is read; export the network for inference")
    if node.kind == "Dropout" and _drops(node, b):
        raise NotAffine("a dropout that drops; export the network for inference")
    b.define(node.outputs[0], b.padded_view(node.inputs[0]))


def _drops(node: Node, b: Builder) -> bool:
    """Whether a dropout is in training mode (operand since operator set 12, else never)."""
    if len(node.inputs) < 3 or not node.inputs[2]:
        return False
    return bool(b.needed(node.inputs[2], "training mode").any())


@lowers("Reshape", "Flatten", "Squeeze", "Unsqueeze")
def reshape(node: Node, b: Builder) -> None:
    out = node.outputs[0]
    b.define(out, b.reshape(b.padded_view(node.inputs[0]), b.shape(out), out))


@lowers("Transpose")
def transpose(node: Node, b: Builder) -> None:
    view = b.padded_view(node.inputs[0])
    order = ints(node, "perm", tuple(reversed(range(len(view.shape)))))
    b.define(node.outputs[0], values.transpose(view, order))


@lowers("Expand")
def expand(node: Node, b: Builder) -> None:
    b.define(node.outputs[0], values.broadcast(b.view(node.inputs[0]), b.shape(node.outputs[0])))


@lowers("Tile")
def tile(node: Node, b: Builder) -> None:
    """Each axis twice, the repetition outside: `[r0, n0, r1, n1, ...]`, reshaped."""
    view, out = b.view(node.inputs[0]), node.outputs[0]
    shape = b.shape(out)
    if len(shape) != len(view.shape):
        raise NotAffine(f"{list(view.shape)} cannot be tiled to {list(shape)}")
    twice = tuple(n for o, i in zip(shape, view.shape, strict=True) for n in (o // i, i))
    index = [values.axis(2 * a + 1) for a in range(len(view.shape))]
    b.define(out, b.reshape(values.moved(view, index, twice), shape, out))


@lowers("Slice")
def cut(node: Node, b: Builder) -> None:
    """Bounds are attributes before operator set 10, then operands."""
    view = b.view(node.inputs[0])
    rank = len(view.shape)
    if node.version < 10:
        starts, ends = ints(node, "starts"), ints(node, "ends")
        axes, steps = ints(node, "axes", tuple(range(len(starts)))), (1,) * len(starts)
    else:
        starts, ends = _operand(node, b, 1), _operand(node, b, 2)
        axes = _operand(node, b, 3) or tuple(range(len(starts)))
        steps = _operand(node, b, 4) or (1,) * len(starts)
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        raise NotAffine("its starts, ends, axes and steps do not fit together")
    for start, end, place, step in zip(starts, ends, axes, steps, strict=True):
        if not -rank <= place < rank:
            raise NotAffine(f"axis {place} is none of {rank}")
        taken = range(*slice(start, end, step).indices(view.shape[place]))
        # ONNX lets an end far below 0 stand for "past the first element"; so does Python's slice.
        view = values.cut(view, place % rank, taken.start, len(taken), step)
    if 0 in view.shape:
        raise NotAffine("its result has no elements")
    b.define(node.outputs[0], view)


def _operand(node: Node, b: Builder, position: int) -> tuple[int, ...]:
    if len(node.inputs) <= position or not node.inputs[position]:
        return ()
    return tuple(int(n) for n in b.needed(node.inputs[position], "operand").reshape(-1))


@lowers("Split")
def split(node: Node, b: Builder) -> None:
    view = b.view(node.inputs[0])
    place = axis(node, len(view.shape), 0)
    start = 0
    for output in node.outputs:
        # A part may have no elements, which `b.shape` would refuse.
        extent = (b.type(output).shape or b.shape(output))[place]
        if extent and b.is_read(output):
            b.define(output, values.cut(view, place, start, extent))
        start += extent


@lowers("Concat")
def concat(node: Node, b: Builder) -> None:
    """Parts are written where they belong by the ops that make them; others are copied there."""
    out = node.outputs[0]
    shape = b.shape(out)
    place = axis(node, len(shape), 1)
    parts = [name for name in node.inputs if 0 not in (b.type(name).shape or ())]
    if len(parts) == 1:
        b.define(out, b.padded_view(parts[0]))
        return
    whole = b.result(out)
    offset = 0
    for number, name in enumerate(parts):
        extent = b.shape(name)[place]
        if not placed(b, b.padded_view(name), whole.tensor, place, offset):
            _copy_part(node, b, name, values.cut(whole, place, offset, extent), number)
        offset += extent


def _copy_part(node: Node, b: Builder, name: str, target: values.View, number: int) -> None:
    source = b.padded_view(name)
    dims = pointwise_dims(source.shape)
    index = [dim(d) for d in dims]
    read = Read(values.at(source, index), source.pad)
    b.op(node, dims, values.at(target, index), read, part=f"copy{number}")


@lowers("Pad")
def pad(node: Node, b: Builder) -> None:
    """Zeros or another constant around: a read outside the tensor; other modes copy by index."""
    view, out = b.view(node.inputs[0]), node.outputs[0]
    if not view.shape:
        raise NotAffine("a scalar has no axis to pad")
    before, after = _pads(node, b, len(view.shape))
    for place, amounts in enumerate(zip(before, after, strict=True)):
        low, high = (min(0, amount) for amount in amounts)
        if low or high:  # a negative amount cuts off
            view = values.cut(view, place, -low, view.shape[place] + low + high)
    low_pads = tuple(max(0, amount) for amount in before)
    mode = text(node, "mode", "constant")
    if mode != "constant":
        _pad_by_index(node, b, view, low_pads, mode)
        return
    shape = b.shape(out)
    fill = f.pad_literal(_fill(node, b))
    grown = [p for p, (n, m) in enumerate(zip(view.shape, shape, strict=True)) if n != m]
    if not all(b.ends_with_tensor(view, place) for place in grown):
        view = b.materialise(view, out)
    index = [add(values.axis(p), Affine((), -amount)) for p, amount in enumerate(low_pads)]
    moved = values.moved(view, index, shape)
    b.define(out, values.View(moved.tensor, moved.index, shape, fill if grown else None))


def _pads(node: Node, b: Builder, rank: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    if node.version < 11:
        name = "pads" if node.version > 1 else "paddings"
        amounts, axes = ints(node, name), tuple(range(rank))
    else:
        amounts = _operand(node, b, 1)
        axes = tuple(a % rank for a in _operand(node, b, 3)) or tuple(range(rank))
    if len(amounts) != 2 * len(axes):
        raise NotAffine(f"it has {len(amounts)} pads for {len(axes)} axes")
    half = len(axes)
    sides = (dict(zip(axes, part, strict=True)) for part in (amounts[:half], amounts[half:]))
    before, after = (tuple(side.get(a, 0) for a in range(rank)) for side in sides)
    return before, after


def _fill(node: Node, b: Builder) -> f.Scalar:
    if node.version < 11:
        value = node.attributes.get("value", 0.0)
        return value if isinstance(value, float) else 0.0
    if len(node.inputs) < 3 or not node.inputs[2]:
        return 0
    found = b.scalar(node.inputs[2], "value")
    if np.isnan(np.asarray(found).astype(np.float64)):
        raise NotAffine("it pads with NaN")
    return found


def _pad_by_index(
    node: Node, b: Builder, view: values.View, before: tuple[int, ...], mode: str
) -> None:
    """`reflect`, `edge` and `wrap`: each padded axis is read through a table of positions."""
    if mode not in ("reflect", "edge", "wrap"):
        raise NotAffine(f"unknown mode {mode!r}")
    out = node.outputs[0]
    shape = b.shape(out)
    tables: dict[int, np.ndarray] = {}
    for place, (n, m, low) in enumerate(zip(view.shape, shape, before, strict=True)):
        if not n <= n + low <= m <= MAX_TABLE:
            raise NotAffine(f"its pads make {m} of {n} elements")
        if n != m:
            tables[place] = np.pad(np.arange(n), (low, m - n - low), mode=mode)  # type: ignore[call-overload]
    dims = pointwise_dims(shape)
    index: list[values.Index] = [dim(d) for d in dims]
    for place, table in tables.items():
        name = b.of_array(f"{out}.index{place}", table.astype(np.int64), 7)
        index[place] = values.at(b.view(name), [dim(f"i{place}")])
    b.pointwise(node, out, Read(values.element(b.plain(view, out), index)), dims)


@lowers("DepthToSpace", "SpaceToDepth")
def blocks(node: Node, b: Builder) -> None:
    """`[n, c, h, w]` with blocks of pixels in channels, and back."""
    view, out = b.view(node.inputs[0]), node.outputs[0]
    size = integer(node, "blocksize", 1)
    n, c, h, w = view.shape
    into_depth, spread = node.kind == "SpaceToDepth", text(node, "mode", "DCR") == "DCR"
    if into_depth:
        split_shape = (n, c, h // size, size, w // size, size)
        order = (0, 3, 5, 1, 2, 4) if spread else (0, 1, 3, 5, 2, 4)
    elif spread:
        split_shape, order = (n, size, size, c // size**2, h, w), (0, 3, 4, 1, 5, 2)
    else:
        split_shape, order = (n, c // size**2, size, size, h, w), (0, 1, 4, 2, 5, 3)
    if size < 1 or prod(split_shape) != prod(view.shape):
        raise NotAffine(f"blocks of {size} do not divide {list(view.shape)}")
    moved = values.transpose(b.reshape(view, split_shape, f"{out}.blocks"), order)
    b.define(out, b.reshape(moved, b.shape(out), out))
