"""Indirect accesses: gathers and scatters, `y[i, j] = x[ids[i], j]`."""

from __future__ import annotations

import numpy as np

from ...ir.affine import Affine, dim
from ...ir.workload import Read
from . import values
from .attributes import axis, integer, text
from .build import Builder, pointwise_dims
from .graph import Constant, Node, TensorType
from .refusal import NotAffine
from .registry import lowers
from .values import View


@lowers("Gather")
def gather(node: Node, b: Builder) -> None:
    """Known positions in equal steps are a slice; others are read through the index tensor."""
    data, positions = node.inputs
    out = node.outputs[0]
    x = b.plain(b.view(data), out)
    place = axis(node, len(x.shape), 0)
    shape = b.shape(out)
    known = b.constant(positions)
    if known is not None and (taken := _progression(known, x.shape[place])) is not None:
        start, step = taken
        sliced = values.cut(x, place, start, max(1, known.size), step)
        b.define(out, b.reshape(sliced, shape, out))
        return
    rank = len(b.shape(positions))
    dims = pointwise_dims(shape)
    index = [dim(d) for d in dims]
    ids = values.at(_positions(b, positions, x.shape[place]), index[place : place + rank])
    read = Read(values.element(x, [*index[:place], ids, *index[place + rank :]]))
    b.pointwise(node, out, read, dims)


def _progression(known: np.ndarray, extent: int) -> tuple[int, int] | None:
    """Start and step of positions that are `start + i*step`."""
    flat = known.reshape(-1).astype(np.int64)
    flat = np.where(flat < 0, flat + extent, flat)
    if flat.size == 0 or flat.min() < 0 or flat.max() >= extent or known.ndim > 1:
        return None
    step = int(flat[1] - flat[0]) if flat.size > 1 else 1
    equal = step != 0 and bool((np.diff(flat) == step).all())
    return (int(flat[0]), step) if equal else None


def _positions(b: Builder, name: str, extent: int) -> View:
    """The index tensor; known negative positions are counted from the front offline."""
    constant = b.constants.get(name)
    if constant is None or not constant.has_data:
        return b.view(name)
    kind = TensorType(constant.type.element, constant.type.shape)

    def load() -> np.ndarray:
        data = constant.data
        return np.where(data < 0, data + extent, data)

    return b.view(b.made_constant(f"{name}.from0", Constant(kind, load, constant.depth + 1)))


@lowers("GatherElements")
def gather_elements(node: Node, b: Builder) -> None:
    data, positions = node.inputs
    out = node.outputs[0]
    x = b.plain(b.view(data), out)
    place = axis(node, len(x.shape), 0)
    dims = pointwise_dims(b.shape(out))
    index = [dim(d) for d in dims]
    ids = values.at(_positions(b, positions, x.shape[place]), index)
    read = Read(values.element(x, [*index[:place], ids, *index[place + 1 :]]))
    b.pointwise(node, out, read, dims)


@lowers("GatherND")
def gather_nd(node: Node, b: Builder) -> None:
    """The last axis of the indices holds positions on the axes after the batch axes."""
    data, positions = node.inputs
    ids, out = b.view(positions), node.outputs[0]
    x = b.plain(b.view(data), out)
    batch, depth = integer(node, "batch_dims", 0), ids.shape[-1]
    dims = pointwise_dims(b.shape(out))
    index = [dim(d) for d in dims]
    lead = index[: len(ids.shape) - 1]
    found = [values.at(ids, [*lead, Affine((), d)]) for d in range(depth)]
    rest = index[len(ids.shape) - 1 :]
    b.pointwise(node, out, Read(values.element(x, [*index[:batch], *found, *rest])), dims)


@lowers("ScatterND")
def scatter_nd(node: Node, b: Builder) -> None:
    data, positions, updates = node.inputs
    if text(node, "reduction", "none") != "none":
        raise NotAffine("a scatter that adds to what stands there")
    ids, new = b.view(positions), b.view(updates)
    depth = ids.shape[-1]
    dims = pointwise_dims(new.shape)
    index = [dim(d) for d in dims]
    lead = index[: len(ids.shape) - 1]
    found = [values.at(ids, [*lead, Affine((), d)]) for d in range(depth)]
    target: list[values.Index] = [*found, *index[len(ids.shape) - 1 :]]
    _scatter(node, b, data, target, new, dims)


@lowers("ScatterElements", "Scatter")
def scatter_elements(node: Node, b: Builder) -> None:
    data, positions, updates = node.inputs
    if text(node, "reduction", "none") != "none":
        raise NotAffine("a scatter that adds to what stands there")
    new, extents = b.view(updates), b.shape(data)
    place = axis(node, len(new.shape), 0)
    dims = pointwise_dims(new.shape)
    index = [dim(d) for d in dims]
    ids = values.at(_positions(b, positions, extents[place]), index)
    target: list[values.Index] = [*index[:place], ids, *index[place + 1 :]]
    _scatter(node, b, data, target, new, dims)


def _scatter(
    node: Node,
    b: Builder,
    data: str,
    target: list[values.Index],
    new: View,
    dims: dict[str, int],
) -> None:
    """A copy of the data, then the updates at their positions."""
    out = b.result(node.outputs[0])
    all_dims = pointwise_dims(out.shape)
    everywhere = [dim(d) for d in all_dims]
    b.op(node, all_dims, values.at(out, everywhere), b.read(data, everywhere), part="copy")
    value = b.read(new, [dim(d) for d in dims])
    b.op(node, dims, values.element(out, target), value, part="update")
