"""Pointwise operators: dims i0, i1, ... over the result; a broadcast axis has index 0."""

from __future__ import annotations

from collections.abc import Callable

from ...ir.affine import dim
from ...ir.workload import Value
from . import formula as f
from .build import Builder, pointwise_dims
from .graph import Node
from .registry import lowers

Formula = Callable[..., Value]


def emit(node: Node, b: Builder, formula: Callable[[list[Value]], Value]) -> None:
    """One op over the first output from the node's operands, broadcast."""
    shape = b.shape(node.outputs[0])
    dims = pointwise_dims(shape)
    index = [dim(d) for d in dims]
    operands = [b.operand(name, shape, index) for name in node.inputs if name]
    b.pointwise(node, node.outputs[0], formula(operands), dims)


def _register(kind: str, formula: Formula) -> None:
    def lower(node: Node, b: Builder) -> None:
        emit(node, b, lambda operands: formula(*operands))

    lowers(kind)(lower)


SIMPLE: dict[str, Formula] = {
    "Add": f.add,
    "Sub": f.sub,
    "Mul": f.mul,
    "Div": f.div,
    "Sum": f.add,
    "Max": f.maximum,
    "Min": f.minimum,
    "Relu": lambda x: f.maximum(x, f.number(0)),
    "Neg": lambda x: f.call("neg", x),
    "Exp": lambda x: f.call("exp", x),
    "Log": lambda x: f.call("log", x),
    "Sqrt": lambda x: f.call("sqrt", x),
    "Erf": lambda x: f.call("erf", x),
    "Tanh": lambda x: f.call("tanh", x),
    "Sigmoid": lambda x: f.call("sigmoid", x),
}
for _kind, _formula in SIMPLE.items():
    _register(_kind, _formula)
