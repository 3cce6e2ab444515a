"""Parameters: their types, their domains, and the values that an arch is elaborated with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

from ..ir.text import Diagnostic, Place, label_at
from ..ir.text.expr import show_expr
from ..ir.text.grammar import near_name
from ..ir.text.source import Where
from ..ir.units import (
    BANDWIDTH,
    BIT_ENERGY,
    ENERGY,
    FREQUENCY,
    HOP_ENERGY,
    LENGTH,
    NUMBER,
    OP_ENERGY,
    SIZE,
    Kind,
    Measure,
    describe,
    in_unit,
    parse_measure,
    show_measure,
)
from .syntax import Choices, Param, Range
from .values import Scope, Value, evaluate, measure

Override = int | float | bool | str | Fraction
"""What a caller may give for a parameter: a number, a truth value, or text (`"64 KiB"`)."""

_KINDS: dict[str, tuple[Kind, ...]] = {
    "int": (NUMBER,),
    "float": (NUMBER,),
    "size": (SIZE,),
    "freq": (FREQUENCY,),
    "energy": (ENERGY, BIT_ENERGY, HOP_ENERGY, OP_ENERGY),
    "bandwidth": (BANDWIDTH,),
    "length": (LENGTH,),
}


def bind_params(params: tuple[Param, ...], overrides: Mapping[str, Override]) -> dict[str, Value]:
    """The value of each parameter, in order; a default may use the parameters before it.

    Raises:
        Diagnostic: an override without a parameter; a value of the wrong type or outside the
            domain.
    """
    for name in overrides:
        if name not in {param.name for param in params}:
            known = [param.name for param in params]
            help_text = near_name(name, known) if known else "this arch has no parameters"
            raise Diagnostic(f"unknown parameter `{name}`", label_at(Place(name)), help=help_text)
    scope: dict[str, Value] = {}
    for param in params:
        where: Where | None = param.default.at
        if param.name in overrides:
            where = Place(f"{param.name}={overrides[param.name]}")
            value = _from_override(overrides[param.name], where)
        else:
            value = evaluate(param.default, scope)
        check_type(value, param.type, where)
        if param.domain is not None:
            _check_domain(param, value, scope, where)
        scope[param.name] = value
    return scope


def check_type(value: Value, kind: str, where: Where | None) -> None:
    """Refuse a value that is not of a parameter's type."""
    if kind == "bool" or isinstance(value, bool):
        if kind != "bool" or not isinstance(value, bool):
            found = "true or false" if isinstance(value, bool) else describe(value.dimension)
            wanted = "true or false" if kind == "bool" else _KINDS[kind][0].name
            raise Diagnostic(f"expected {wanted}", label_at(where, f"this is {found}"))
        return
    # Any clock will do here: only the kind is asked for, a rate per second stays one.
    in_unit(value, _KINDS[kind], where, Fraction(1))
    if kind == "int" and value.value.denominator != 1:
        raise Diagnostic(
            "expected a whole number", label_at(where, f"this is {float(value.value):g}")
        )


def show_value(value: Value) -> str:
    """A parameter's value as text."""
    return str(value).lower() if isinstance(value, bool) else show_measure(value)


def _from_override(given: Override, where: Where) -> Value:
    if isinstance(given, bool):
        return given
    if isinstance(given, int | Fraction):
        return Measure(Fraction(given))
    text = repr(given) if isinstance(given, float) else given.strip()
    if text in ("true", "false"):
        return text == "true"
    found = re.fullmatch(r"(-?)([0-9][0-9_.]*(?:[eE][+-]?[0-9]+)?) ?(.*)", text)
    if found is None:
        raise Diagnostic(
            f"`{text}` is no value", label_at(where), help="write `12`, `64 KiB` or `true`"
        )
    value = parse_measure(found[2], found[3], where)
    return Measure(-value.value, value.dimension) if found[1] else value


def _check_domain(param: Param, value: Value, scope: Scope, where: Where | None) -> None:
    domain = param.domain
    if isinstance(domain, Choices):
        inside = value in [evaluate(choice, scope) for choice in domain.values]
        text = "{" + ", ".join(map(show_expr, domain.values)) + "}"
    else:
        assert isinstance(domain, Range)
        inside = isinstance(value, Measure) and _in_range(param, domain, value, scope)
        step = "" if domain.step is None else f" step {show_expr(domain.step)}"
        text = f"{show_expr(domain.low)}..{show_expr(domain.high)}{step}"
    if not inside:
        also = label_at(param.at, f"`{param.name}` is one of {text}")
        raise Diagnostic(
            f"`{param.name}` is outside its domain",
            label_at(where, f"{show_value(value)} is not in {text}"),
            () if also is None else (also,),
        )


def _in_range(param: Param, domain: Range, value: Measure, scope: Scope) -> bool:
    """Whether a value is one of the steps; without `step` only whole numbers have steps."""
    low, high = measure(domain.low, scope), measure(domain.high, scope)
    step = None if domain.step is None else measure(domain.step, scope)
    for end, expr in ((low, domain.low), (high, domain.high), (step, domain.step)):
        if end is not None and expr is not None and end.dimension != value.dimension:
            why = f"this is {describe(end.dimension)}, the value {describe(value.dimension)}"
            raise Diagnostic(
                f"the domain of `{param.name}` is of another kind", label_at(expr.at, why)
            )
    if step is None and param.type == "int":
        step = Measure(Fraction(1))
    if step is not None and step.value <= 0:
        assert domain.step is not None
        raise Diagnostic("a step must be positive", label_at(domain.step.at))
    on_step = step is None or (value.value - low.value) % step.value == 0
    return low.value <= value.value <= high.value and on_step
