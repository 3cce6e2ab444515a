"""Operators that only move data: views where the indices stay affine, copies elsewhere."""

from __future__ import annotations

from . import values
from .attributes import ints
from .build import Builder
from .graph import Node
from .registry import lowers


@lowers("Identity", "Dropout")
def identity(node: Node, b: Builder) -> None:
    b.define(node.outputs[0], b.padded_view(node.inputs[0]))


@lowers("Reshape", "Flatten", "Squeeze", "Unsqueeze")
def reshape(node: Node, b: Builder) -> None:
    out = node.outputs[0]
    b.define(out, b.reshape(b.padded_view(node.inputs[0]), b.shape(out), out))


@lowers("Transpose")
def transpose(node: Node, b: Builder) -> None:
    view = b.padded_view(node.inputs[0])
    order = ints(node, "perm", tuple(reversed(range(len(view.shape)))))
    b.define(node.outputs[0], values.transpose(view, order))
