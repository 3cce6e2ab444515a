"""What a part costs by its class: the row of the technology's table that its keys find."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ..ir.text import Diagnostic, label_at
from ..ir.text.expr import Call, Path, show_expr
from ..ir.text.source import Where
from ..ir.units import Kind
from .block import Block
from .read import amount
from .syntax import NameSet
from .tech import Key, Table, look_up
from .values import measure

Costs = dict[str, tuple[Kind, float]]
"""Columns of a table with their values; empty for a part without a class."""


@dataclass(frozen=True, slots=True)
class Context:
    """What parts are elaborated with: the clock, and the tables of the technology."""

    clock_hz: Fraction
    tables: dict[str, Table]


@dataclass(frozen=True, slots=True)
class PartClass:
    """`sram(width = 64 bit, banks = 27)`."""

    name: str
    keys: dict[str, Key]
    at: Where | None


def read_class(block: Block) -> PartClass | None:
    """The `class` attribute; a key's value is a quantity, or a word that is no parameter."""
    attr = block.attr("class")
    if attr is None:
        return None
    value = attr.node.value
    if isinstance(value, NameSet) or not isinstance(value, Path | Call):
        help_text = "write `class = sram(width = 64 bit)`"
        raise Diagnostic("a class is a name with its keys", label_at(value.at), help=help_text)
    if isinstance(value, Path):
        return PartClass(".".join(value.parts), {}, value.at)
    if value.args:
        shown = show_expr(value.args[0])
        help_text = f"write `{show_expr(value.callee)}(width = {shown})`"
        raise Diagnostic("a class's keys have names", label_at(value.args[0].at), help=help_text)
    keys: dict[str, Key] = {}
    for name, expr in value.kwargs:
        a_word = isinstance(expr, Path) and ".".join(expr.parts) not in attr.scope
        if name in keys:
            raise Diagnostic(f"the key `{name}` is given twice", label_at(expr.at))
        keys[name] = show_expr(expr) if a_word else measure(expr, attr.scope)
    return PartClass(".".join(value.callee.parts), keys, value.at)


def class_costs(part_class: PartClass | None, found: dict[str, Key], context: Context) -> Costs:
    """The class's row in the technology; nothing where it has no table for the class.

    Arguments that the table has no key for are notes to the reader (`banks = 27`).
    """
    table = None if part_class is None else context.tables.get(part_class.name)
    if part_class is None or table is None:
        return {}
    return look_up(table, {**found, **part_class.keys}, part_class.at)


def upkeep(block: Block, name: str, costs: Costs) -> float | None:
    """Leakage or area: the attribute, else the class's column."""
    stated = amount(block, name)
    if stated is not None:
        return float(stated)
    return costs[name][1] if name in costs else None


def no_energy(what: str, block: Block, on: str, example: str) -> Diagnostic:
    """The refusal of a part without an energy: none is ever taken to be 0."""
    class_attr = block.attr("class")
    why = "no `class`" if class_attr is None else "the technology has no table for its class"
    return Diagnostic(
        f"{what} has no energy",
        label_at(block.at, f"{why}, and no `{on}`"),
        help=f"write `{on} {{ energy = {example} }}`; an energy of 0 must be said too",
    )
