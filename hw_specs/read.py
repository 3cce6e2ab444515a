"""Typed access to the attributes of a block, against the closed table of them."""

from __future__ import annotations

from fractions import Fraction

from ..ir.text import Diagnostic, label_at
from ..ir.text.expr import Expr, Path, show_expr
from ..ir.text.grammar import near_name
from ..ir.text.source import Where
from ..ir.types import Role
from ..ir.units import (
    BANDWIDTH,
    HOP_LATENCY,
    LATENCY,
    NUMBER,
    SIZE,
    THROUGHPUT,
    Kind,
    in_unit,
)
from .attributes import ATTRIBUTES, Flag, Names, Quantities, Sort, Word
from .block import Block, Scoped
from .syntax import Attr, NameSet
from .values import Scope, measure, truth

_EXACT = (SIZE, BANDWIDTH, THROUGHPUT, LATENCY, HOP_LATENCY)
_LARGEST = 2**53


def check_attrs(block: Block) -> None:
    """Refuse attributes that a block of this kind does not have."""
    known = ATTRIBUTES[block.kind]
    for attr in block.attrs:
        name = attr.node.name
        if name not in known:
            raise Diagnostic(
                f"unknown attribute `{name}` of `{_called(block)}`",
                label_at(attr.node.path.at),
                help=_where_known(name) or near_name(name, known),
            )


def _where_known(name: str) -> str:
    """Help for an attribute that blocks of another kind have."""
    kinds = [_SPOKEN.get(kind, kind) for kind, known in ATTRIBUTES.items() if name in known]
    return f"`{name}` belongs to {', '.join(f'`{kind}`' for kind in kinds)}" if kinds else ""


_SPOKEN = {"action": "on", "function": "on"}


def _called(block: Block) -> str:
    return f"{_SPOKEN.get(block.kind, block.kind)} {block.name}"


def quantity(
    block: Block, name: str, clock_hz: Fraction | None = None
) -> tuple[Kind, Fraction] | None:
    """A quantity, in the canonical unit of the kind that it is; None where it is not given.

    Raises:
        Diagnostic: no such quantity; a negative one; one too large to count with.
    """
    attr = block.attr(name)
    sort = _sort(block, name)
    assert isinstance(sort, Quantities)
    if attr is None or _is_word(attr, sort):
        return None
    expr = _expr(attr, sort.kinds[0].name, sort.kinds[0].example)
    kind, value = in_unit(measure(expr, attr.scope), sort.kinds, expr.at, clock_hz)
    if value < 0:
        raise Diagnostic(f"{kind.name} cannot be negative", label_at(expr.at))
    if kind in _EXACT and max(value.numerator, value.denominator) > _LARGEST:
        why = f"exact counts go up to 2^53 {kind.unit}"
        raise Diagnostic(f"`{name}` is out of all bounds", label_at(expr.at, why))
    return kind, value


def amount(block: Block, name: str, clock_hz: Fraction | None = None) -> Fraction | None:
    """A quantity whose attribute takes one kind only."""
    found = quantity(block, name, clock_hz)
    return None if found is None else found[1]


def required(block: Block, name: str, clock_hz: Fraction | None = None) -> Fraction:
    """A quantity that must be there and positive."""
    value = amount(block, name, clock_hz)
    sort = _sort(block, name)
    assert isinstance(sort, Quantities)
    example = f"write `{name} = {sort.kinds[0].example}`"
    if value is None:
        raise Diagnostic(f"`{_called(block)}` needs `{name}`", label_at(block.at), help=example)
    if value == 0:
        raise Diagnostic(f"`{name}` must be positive", label_at(place(block, name)), help=example)
    return value


def bits(block: Block, name: str) -> int | None:
    """A positive whole number of bits."""
    value = amount(block, name)
    if value is None:
        return None
    if value.denominator != 1 or value == 0:
        why = f"this is {float(value):g} bit"
        raise Diagnostic(
            f"`{name}` is a whole number of bits, at least one", label_at(place(block, name), why)
        )
    return value.numerator


def whole(expr: Expr, scope: Scope, what: str) -> int:
    """A positive whole number without a unit."""
    value = in_unit(measure(expr, scope), (NUMBER,), expr.at)[1]
    if value.denominator != 1 or value < 1:
        why = f"this is {float(value):g}"
        raise Diagnostic(f"{what} is a whole number, at least 1", label_at(expr.at, why))
    return value.numerator


def word(block: Block, name: str, default: str) -> str:
    """One of the words that the attribute takes."""
    attr, sort = block.attr(name), _sort(block, name)
    assert isinstance(sort, Word)
    if attr is None:
        return default
    expr = attr.node.value
    found = ".".join(expr.parts) if isinstance(expr, Path) else ""
    if found not in sort.words:
        options = ", ".join(f"`{option}`" for option in sort.words)
        raise Diagnostic(
            f"`{name}` is one of {options}", label_at(expr.at), help=near_name(found, sort.words)
        )
    return found


def flag(block: Block, name: str, default: bool) -> bool:
    """`true` or `false`, or a condition over the parameters."""
    attr = block.attr(name)
    assert isinstance(_sort(block, name), Flag)
    if attr is None:
        return default
    return truth(_expr(attr, "true or false", "true"), attr.scope)


def names(block: Block, name: str) -> tuple[str, ...] | None:
    """A set of names, in order of writing; None where it is not given."""
    attr, sort = block.attr(name), _sort(block, name)
    assert isinstance(sort, Names)
    if attr is None:
        return None
    value = attr.node.value
    if not isinstance(value, NameSet):
        example = ", ".join(sort.among[:2]) or "mac, add"
        raise Diagnostic(
            f"`{name}` is a set of names", label_at(value.at), help=f"write `{{{example}}}`"
        )
    for index, found in enumerate(value.names):
        if sort.among and found not in sort.among:
            help_text = near_name(found, sort.among)
            raise Diagnostic(f"`{name}` knows no `{found}`", label_at(value.at), help=help_text)
        if found in value.names[:index]:
            raise Diagnostic(f"`{found}` is given twice", label_at(value.at))
    return value.names


def roles(block: Block, name: str) -> frozenset[Role] | None:
    """A set of roles; None where it is not given."""
    found = names(block, name)
    return None if found is None else frozenset(Role(role) for role in found)


def bits_by_role(block: Block, name: str) -> dict[Role, int]:
    """`precision.input = 8 bit` and its like, in the order of the roles."""
    found = {role: bits(block, f"{name}.{role}") for role in Role}
    return {role: value for role, value in found.items() if value is not None}


def is_word(block: Block, name: str) -> bool:
    """Whether the attribute has its word (`unbounded`) in place of a quantity."""
    attr, sort = block.attr(name), _sort(block, name)
    return attr is not None and isinstance(sort, Quantities) and _is_word(attr, sort)


def place(block: Block, name: str) -> Where | None:
    """Where an attribute's value stands; the block's own place where it is not given."""
    attr = block.attr(name)
    return block.at if attr is None else attr.node.value.at


def _is_word(attr: Scoped[Attr], sort: Quantities) -> bool:
    value = attr.node.value
    return sort.word is not None and isinstance(value, Path) and value.parts == (sort.word,)


def _expr(attr: Scoped[Attr], what: str, example: str) -> Expr:
    value = attr.node.value
    if isinstance(value, NameSet):
        shown = "{" + ", ".join(value.names) + "}"
        raise Diagnostic(
            f"`{attr.node.name}` is {what}",
            label_at(value.at, f"`{shown}` is a set of names"),
            help=f"write `{show_expr(attr.node.path)} = {example}`",
        )
    return value


def _sort(block: Block, name: str) -> Sort:
    return ATTRIBUTES[block.kind][name]
