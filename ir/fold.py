"""Expressions of a workload text, folded to integers and affine indices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .affine import Affine, add, dim, scale
from .text.diagnostic import Diagnostic, Label, crop
from .text.expr import LARGEST_COUNT, Binary, Expr, Num, Path, Unary, show_expr
from .text.grammar import near_name


@dataclass(frozen=True, slots=True)
class Scope:
    """What a name means where an expression stands: an integer, or a dim of the nest."""

    params: Mapping[str, int]
    dims: tuple[str, ...] = ()


def fold_integer(expr: Expr, scope: Scope, what: str, least: int = 1) -> int:
    """The value of an expression that must be an integer, `least` or more.

    Args:
        what: names the value in a diagnostic: `an extent`.

    Raises:
        Diagnostic: no integer, too small, too large, an unknown name.
    """
    value = fold_affine(expr, Scope(scope.params)).const
    if value < least:
        reason = "" if isinstance(expr, Num) else f"is {value}"
        raise Diagnostic(f"{what} must be {least} or more", _at(expr, reason))
    return value


def fold_affine(expr: Expr, scope: Scope) -> Affine:
    """The affine expression of the scope's dims that `expr` is.

    Raises:
        Diagnostic: not affine, an unknown name, a number beyond 2^40.
    """
    match expr:
        case Num(text):
            folded = Affine((), _integer(expr, text))
        case Path((name,)):
            folded = _named(expr, name, scope)
        case Unary("-", operand):
            folded = scale(fold_affine(operand, scope), -1)
        case Binary("+" | "-" as op, left, right):
            right_side = scale(fold_affine(right, scope), 1 if op == "+" else -1)
            folded = add(fold_affine(left, scope), right_side)
        case Binary("*", left, right):
            folded = _product(expr, fold_affine(left, scope), fold_affine(right, scope))
        case Binary("/" | "mod" | "floordiv" | "^" as op, left, right):
            folded = _of_constants(expr, op, fold_affine(left, scope), fold_affine(right, scope))
        case _:
            message = f"`{_shown(expr)}` is no integer"
            raise Diagnostic(message, _at(expr), help="use `+ - * / mod floordiv ^` and names")
    if max(abs(folded.const), *(abs(c) for _, c in folded.terms), 0) > LARGEST_COUNT:
        raise Diagnostic(f"`{_shown(expr)}` leaves the range of 2^40", _at(expr))
    return folded


def _integer(expr: Num, text: str) -> int:
    digits = text.replace("_", "")
    if not digits.isdecimal():
        raise Diagnostic(f"`{text}` is no whole number", _at(expr))
    if len(digits) > 15:
        raise Diagnostic("the number is beyond 2^40", _at(expr))
    return int(digits)


def _named(expr: Path, name: str, scope: Scope) -> Affine:
    if name in scope.dims:
        return dim(name)
    if name in scope.params:
        return Affine((), scope.params[name])
    known = (*scope.dims, *scope.params)
    message = f"unknown name `{crop(name)}`"
    reason = "no dim of this op, no param" if scope.dims else "no param"
    raise Diagnostic(message, _at(expr, reason), help=near_name(name, known))


def _product(expr: Expr, left: Affine, right: Affine) -> Affine:
    if left.terms and right.terms:
        raise _not_affine(expr, "a product of two dims", "one factor must be a constant")
    return scale(left, right.const) if left.terms else scale(right, left.const)


def _of_constants(expr: Expr, op: str, left: Affine, right: Affine) -> Affine:
    """`/ mod floordiv ^`: of constants only, and `/` only where nothing is left over."""
    if left.terms or right.terms:
        remedy = "split the dim in two: `2*po + pi` has `po` as its quotient, `pi` as its remainder"
        raise _not_affine(expr, f"`{op}` of a dim", remedy)
    a, b = left.const, right.const
    if op == "^":
        if not 0 <= b <= 40:
            raise Diagnostic("the exponent must be between 0 and 40", _at(expr, f"is {b}"))
        return Affine((), a**b)
    if b == 0:
        raise Diagnostic(f"`{_shown(expr)}` divides by zero", _at(expr))
    if op == "/" and a % b:
        help_text = "write `floordiv` to round down"
        raise Diagnostic(
            "the division leaves a rest", _at(expr, f"{a} = {a // b}*{b} + {a % b}"), help=help_text
        )
    return Affine((), a % b if op == "mod" else a // b)


def _not_affine(expr: Expr, reason: str, remedy: str) -> Diagnostic:
    return Diagnostic(f"`{_shown(expr)}` is not affine", _at(expr, reason), help=remedy)


def _shown(expr: Expr) -> str:
    """An expression as it was written, or as it would be."""
    return crop(show_expr(expr) if expr.at is None else expr.at.text)


def _at(expr: Expr, reason: str = "") -> Label | None:
    return None if expr.at is None else Label(expr.at, reason)
