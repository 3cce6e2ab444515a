"""Activation functions as formulas (ONNX operator definitions; for recurrent cells too)."""

from __future__ import annotations

import math
from collections.abc import Callable

from ...ir.workload import Value
from . import formula as f
from .attributes import real, text
from .graph import Node

Activation = Callable[[Node, Value], Value]


def relu(x: Value) -> Value:
    return f.maximum(x, f.number(0))


def leaky_relu(x: Value, alpha: float) -> Value:
    scaled = f.mul(f.number(alpha), x)
    # Between 0 and 1 the larger of the two is the right one on both sides.
    return f.maximum(x, scaled) if 0 <= alpha <= 1 else f.select(_negative(x), scaled, x)


def elu(x: Value, alpha: float) -> Value:
    bent = f.mul(f.number(alpha), f.sub(f.call("exp", x), f.number(1)))
    return f.select(_negative(x), bent, x)


def celu(x: Value, alpha: float) -> Value:
    grown = f.call("exp", f.div(x, f.number(alpha)))
    bent = f.mul(f.number(alpha), f.sub(grown, f.number(1)))
    return f.add(relu(x), f.minimum(f.number(0), bent))


def hard_sigmoid(x: Value, alpha: float, beta: float) -> Value:
    line = f.add(f.mul(f.number(alpha), x), f.number(beta))
    return f.maximum(f.number(0), f.minimum(f.number(1), line))


def softplus(x: Value) -> Value:
    return f.call("log", f.add(f.number(1), f.call("exp", x)))


def softsign(x: Value) -> Value:
    return f.div(x, f.add(f.number(1), f.call("abs", x)))


def sigmoid(x: Value) -> Value:
    return f.call("sigmoid", x)


def tanh(x: Value) -> Value:
    return f.call("tanh", x)


def thresholded_relu(x: Value, alpha: float) -> Value:
    return f.select(f.call("gt", x, f.number(alpha)), x, f.number(0))


def _negative(x: Value) -> Value:
    return f.call("lt", x, f.number(0))


def _gelu(node: Node, x: Value) -> Value:
    half = f.mul(f.number(0.5), x)
    if text(node, "approximate", "none") == "tanh":
        cube = f.mul(x, f.call("square", x))
        inner = f.add(x, f.mul(f.number(0.044715), cube))
        bent = tanh(f.mul(f.number(math.sqrt(2 / math.pi)), inner))
    else:
        bent = f.call("erf", f.div(x, f.number(math.sqrt(2))))
    return f.mul(half, f.add(f.number(1), bent))


def _shrink(node: Node, x: Value) -> Value:
    bias, limit = f.number(real(node, "bias", 0.0)), f.number(real(node, "lambd", 0.5))
    low = f.call("lt", x, f.call("neg", limit))
    high = f.call("gt", x, limit)
    return f.select(low, f.add(x, bias), f.select(high, f.sub(x, bias), f.number(0)))


def _selu(node: Node, x: Value) -> Value:
    alpha = real(node, "alpha", 1.67326319217681884765625)
    gamma = real(node, "gamma", 1.05070102214813232421875)
    return f.mul(f.number(gamma), elu(x, alpha))


def _swish(node: Node, x: Value) -> Value:
    alpha = real(node, "alpha", 1.0)
    return f.mul(x, sigmoid(x if alpha == 1 else f.mul(f.number(alpha), x)))


ACTIVATIONS: dict[str, Activation] = {
    "Relu": lambda node, x: relu(x),
    "Sigmoid": lambda node, x: sigmoid(x),
    "Tanh": lambda node, x: tanh(x),
    "Softplus": lambda node, x: softplus(x),
    "Softsign": lambda node, x: softsign(x),
    "Mish": lambda node, x: f.mul(x, tanh(softplus(x))),
    "HardSwish": lambda node, x: f.mul(x, hard_sigmoid(x, 1 / 6, 0.5)),
    "LeakyRelu": lambda node, x: leaky_relu(x, real(node, "alpha", 0.01)),
    "Elu": lambda node, x: elu(x, real(node, "alpha", 1.0)),
    "Celu": lambda node, x: celu(x, real(node, "alpha", 1.0)),
    "ThresholdedRelu": lambda node, x: thresholded_relu(x, real(node, "alpha", 1.0)),
    "HardSigmoid": lambda node, x: hard_sigmoid(
        x, real(node, "alpha", 0.2), real(node, "beta", 0.5)
    ),
    "Gelu": _gelu,
    "Selu": _selu,
    "Shrink": _shrink,
    "Swish": _swish,
}
"""Operators of one operand whose formula may depend on their attributes."""

CELL_ACTIVATIONS: dict[str, Callable[[Value, float, float], Value]] = {
    "relu": lambda x, a, b: relu(x),
    "tanh": lambda x, a, b: tanh(x),
    "sigmoid": lambda x, a, b: sigmoid(x),
    "softsign": lambda x, a, b: softsign(x),
    "softplus": lambda x, a, b: softplus(x),
    "affine": lambda x, a, b: f.add(f.mul(f.number(a), x), f.number(b)),
    "leakyrelu": lambda x, a, b: leaky_relu(x, a),
    "thresholdedrelu": lambda x, a, b: thresholded_relu(x, a),
    "scaledtanh": lambda x, a, b: f.mul(f.number(a), tanh(f.mul(f.number(b), x))),
    "hardsigmoid": lambda x, a, b: hard_sigmoid(x, a, b),
    "elu": lambda x, a, b: elu(x, a),
}
"""Activations of recurrent cells by their lower-case name, with alpha and beta."""

CELL_DEFAULTS = {
    "affine": (1.0, 0.0),
    "leakyrelu": (0.01, 0.0),
    "thresholdedrelu": (1.0, 0.0),
    "scaledtanh": (1.0, 1.0),
    "hardsigmoid": (0.2, 0.5),
    "elu": (1.0, 0.0),
}
"""Alpha and beta where a node gives none."""
