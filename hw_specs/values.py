"""Values of `.hw` expressions: exact arithmetic over numbers with dimensions, and truth values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import assert_never

from ..ir.text import Diagnostic, label_at
from ..ir.text.expr import Binary, Call, Expr, Num, Path, Quantity, Str, Unary, show_expr
from ..ir.text.grammar import near_name
from ..ir.units import Measure, describe, divide, multiply, parse_measure, parse_number

Value = Measure | bool
Scope = Mapping[str, Value]
"""The names that an expression may use: parameters of the arch, or of the template around it."""

_MAX_BITS = 900  # any such value has a finite float
_MAX_POWER = 64
_TRUTH = {"true": True, "false": False}


def evaluate(expr: Expr, scope: Scope) -> Value:
    """The value of an expression.

    >>> from tilewright.ir.text.expr import Binary, Num, Quantity
    >>> evaluate(Binary("*", Num("3"), Quantity("2", "KiB")), {}).value
    Fraction(49152, 1)

    Raises:
        Diagnostic: an unknown name, units that do not go together, a value out of all bounds.
    """
    match expr:
        case Num(text):
            return Measure(parse_number(text, expr.at))
        case Quantity(number, unit):
            return parse_measure(number, unit, expr.at)
        case Str():
            raise Diagnostic("a string has no value here", label_at(expr.at))
        case Path():
            return _name(expr, scope)
        case Call():
            return _call(expr, scope)
        case Unary("not", operand):
            return not truth(operand, scope)
        case Unary(_, operand):
            value = measure(operand, scope)
            return Measure(-value.value, value.dimension)
        case Binary():
            return _binary(expr, scope)
        case _:
            assert_never(expr)


def measure(expr: Expr, scope: Scope) -> Measure:
    """The value of an expression that must be a number or a quantity."""
    value = evaluate(expr, scope)
    if isinstance(value, bool):
        raise Diagnostic(
            f"`{show_expr(expr)}` is no number", label_at(expr.at, "this is true or false")
        )
    return value


def truth(expr: Expr, scope: Scope) -> bool:
    """The value of an expression that must be true or false."""
    value = evaluate(expr, scope)
    if not isinstance(value, bool):
        raise Diagnostic(
            f"`{show_expr(expr)}` is neither true nor false",
            label_at(expr.at, f"this is {describe(value.dimension)}"),
            help="write a comparison such as `rows <= 64`, or `true`",
        )
    return value


def _name(path: Path, scope: Scope) -> Value:
    name = ".".join(path.parts)
    if name in scope:
        return scope[name]
    if name in _TRUTH:
        return _TRUTH[name]
    raise Diagnostic(
        f"unknown name `{name}`",
        label_at(path.at, "no parameter above has this name"),
        help=near_name(name, scope),
    )


def _call(call: Call, scope: Scope) -> Value:
    name = ".".join(call.callee.parts)
    if name not in ("min", "max", "ceil", "floor"):
        raise Diagnostic(
            f"unknown function `{name}`",
            label_at(call.callee.at),
            help=near_name(name, ("min", "max", "ceil", "floor")),
        )
    values = [measure(arg, scope) for arg in call.args]
    single = name in ("ceil", "floor")
    if call.kwargs or not values or (single and len(values) != 1):
        wanted = f"`{name}(a)`" if single else f"`{name}(a, b)`"
        raise Diagnostic(
            f"`{name}` takes other arguments", label_at(call.at), help=f"write {wanted}"
        )
    for value in values[1:]:
        _same_dimension(call, name, values[0], value)
    if single:
        rounded = math.ceil(values[0].value) if name == "ceil" else math.floor(values[0].value)
        return Measure(Fraction(rounded), values[0].dimension)
    pick = min if name == "min" else max
    return Measure(pick(value.value for value in values), values[0].dimension)


def _binary(expr: Binary, scope: Scope) -> Value:
    op = expr.op
    if op in ("and", "or"):
        left, right = truth(expr.left, scope), truth(expr.right, scope)
        return (left and right) if op == "and" else (left or right)
    if op in ("==", "!="):
        a, b = evaluate(expr.left, scope), evaluate(expr.right, scope)
        if isinstance(a, Measure) and isinstance(b, Measure):
            _same_dimension(expr, op, a, b)
        return (a == b) is (op == "==")
    a, b = measure(expr.left, scope), measure(expr.right, scope)
    if op in ("<", "<=", ">", ">="):
        _same_dimension(expr, op, a, b)
        x, y = a.value, b.value
        return {"<": x < y, "<=": x <= y, ">": x > y, ">=": x >= y}[op]
    return _bounded(expr, _arithmetic(expr, a, b))


def _arithmetic(expr: Binary, a: Measure, b: Measure) -> Measure:
    op = expr.op
    if op in ("/", "mod", "floordiv") and b.value == 0:
        raise Diagnostic("division by zero", label_at(expr.right.at, "this is 0"))
    match op:
        case "*":
            return multiply(a, b)
        case "/":
            return divide(a, b)
        case "^":
            return _power(expr, a, b)
    _same_dimension(expr, op, a, b)
    match op:
        case "+":
            return Measure(a.value + b.value, a.dimension)
        case "-":
            return Measure(a.value - b.value, a.dimension)
        case "mod":
            return Measure(a.value % b.value, a.dimension)
        case _:
            return Measure(Fraction(a.value // b.value))


def _power(expr: Binary, base: Measure, power: Measure) -> Measure:
    whole = power.value.denominator == 1 and abs(power.value) <= _MAX_POWER
    if power.dimension or not whole:
        why = f"expected a whole number from -{_MAX_POWER} to {_MAX_POWER}"
        raise Diagnostic("this power is not supported", label_at(expr.right.at, why))
    exponent = int(power.value)
    if exponent < 0 and base.value == 0:
        raise Diagnostic("division by zero", label_at(expr.at, "0 to a negative power"))
    dimension = tuple((name, p * exponent) for name, p in base.dimension if exponent)
    return Measure(base.value**exponent, dimension)


def _bounded(expr: Binary, value: Measure) -> Measure:
    """Exact fractions grow without end; no chip needs more than this."""
    size = value.value.numerator.bit_length() + value.value.denominator.bit_length()
    if size > _MAX_BITS:
        why = f"the exact result needs {size} bits"
        raise Diagnostic("the value is out of all bounds", label_at(expr.at, why))
    return value


def _same_dimension(expr: Binary | Call, op: str, a: Measure, b: Measure) -> None:
    if a.dimension != b.dimension:
        why = f"{describe(a.dimension)} and {describe(b.dimension)}"
        raise Diagnostic(f"`{op}` needs two quantities of one kind", label_at(expr.at, why))
