"""Values of statements, written short."""

from __future__ import annotations

import math

import numpy as np

from ...ir.affine import Affine
from ...ir.workload import Apply, IndexValue, Number, Value


def call(function: str, *args: Value) -> Value:
    return Apply(function, args)


def add(*args: Value) -> Value:
    return _chain("add", args)


def mul(*args: Value) -> Value:
    return _chain("mul", args)


def sub(a: Value, b: Value) -> Value:
    return Apply("sub", (a, b))


def div(a: Value, b: Value) -> Value:
    return Apply("div", (a, b))


def maximum(*args: Value) -> Value:
    return _chain("max", args)


def minimum(*args: Value) -> Value:
    return _chain("min", args)


def select(condition: Value, yes: Value, no: Value) -> Value:
    """`yes` where the condition is not 0, else `no`."""
    return Apply("select", (condition, yes, no))


def index(expression: Affine) -> Value:
    return IndexValue(expression)


def _chain(function: str, args: tuple[Value, ...]) -> Value:
    """Left to right; many operands in halves, so that the value stays shallow."""
    if len(args) > 16:
        half = len(args) // 2
        return Apply(function, (_chain(function, args[:half]), _chain(function, args[half:])))
    out = args[0]
    for arg in args[1:]:
        out = Apply(function, (out, arg))
    return out


Scalar = float | np.generic


def number(value: Scalar) -> Value:
    """A literal; the shortest text that reads back to the same value of its type.

    >>> number(0.1), number(-2)
    (Number(text='0.1'), Apply(function='neg', args=(Number(text='2'),)))
    """
    text = literal(value)
    return Apply("neg", (Number(text[1:]),)) if text.startswith("-") else Number(text)


def literal(value: Scalar) -> str:
    """The text of a number."""
    if isinstance(value, int | np.integer):
        return str(int(value))
    exact = _exact(value)
    if math.isinf(exact):
        return "-inf" if exact < 0 else "inf"
    if exact.is_integer() and abs(exact) < 1e15:
        return str(int(exact))
    # NumPy writes a float of its own type with the fewest digits that tell it from its neighbours.
    return str(value if isinstance(value, float | np.float32) else np.float32(exact))


def pad_literal(value: Scalar) -> str:
    """The text of what a read outside a tensor yields, which has no exponent."""
    exact = _exact(value)
    return literal(value) if math.isinf(exact) else np.format_float_positional(exact, trim="-")


def _exact(value: Scalar) -> float:
    return float(np.asarray(value).astype(np.float64))
