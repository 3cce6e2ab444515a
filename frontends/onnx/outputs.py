"""The network's outputs: tensors of kind `output`, under the names that its user knows."""

from __future__ import annotations

from dataclasses import replace

from ...ir.affine import dim
from ...ir.types import TensorKind
from ...ir.workload import Opaque, Tensor
from . import values
from .build import Builder, pointwise_dims
from .refusal import NotAffine
from .storage import rename, reordered
from .values import View


def show_outputs(b: Builder) -> None:
    """Gives every output of the network a tensor of its name, without a copy where that can be."""
    for name, value in b.graph.outputs:
        try:
            _show(b, name, value)
        except NotAffine as unknown:
            if value not in b.unreadable:  # else the opaque that makes it says why
                why = f"the network's output cannot be written: {unknown}"
                b.nodes.append(Opaque(f"{name}.copy", "Identity", why, source=name))


def _show(b: Builder, name: str, value: str) -> None:
    view = b.view(value)
    view = reordered(b, view) or view
    root = b.root(view.tensor)
    made_here = root.kind in (TensorKind.TEMP, TensorKind.OUTPUT)
    stored = made_here and values.is_whole(view, b.tensors[view.tensor].shape)
    if name in b.tensors and not (stored and view.tensor == name):
        rename(b, name, b.fresh(f"{name}.stored"))
        view = b.values[value]
    if stored:
        _name(b, name, view)
    else:
        _copy(b, name, view)


def _name(b: Builder, name: str, view: View) -> None:
    """Lets a stored tensor go by the output's name: renamed, or seen through a view."""
    root = b.root(view.tensor)
    if view.tensor == root.name != name and root.kind is TensorKind.TEMP:
        rename(b, root.name, name)
        root = b.tensors[name]
    elif view.tensor != name:
        b.tensors[name] = Tensor(TensorKind.VIEW, name, root.dtype, view.shape, of=root)
        b.reshaped.setdefault(root.name, []).append(name)
    b.tensors[root.name] = replace(root, kind=TensorKind.OUTPUT)


def _copy(b: Builder, name: str, view: View) -> None:
    dtype = b.tensors[view.tensor].dtype
    target = b.declare(TensorKind.OUTPUT, name, dtype, view.shape)
    dims = pointwise_dims(view.shape)
    index = [dim(d) for d in dims]
    b.add_op(f"{name}.copy", dims, values.at(target, index), b.read(view, index), source=name)
