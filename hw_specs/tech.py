"""Technology tables: what a class of component costs, interpolated between measured rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from ..ir.text import Diagnostic, Label, label_at
from ..ir.text.expr import Expr, Num, Path
from ..ir.text.source import Where
from ..ir.units import (
    AREA,
    BIT_ENERGY,
    ENERGY,
    OP_ENERGY,
    POWER,
    Kind,
    Measure,
    describe,
    in_unit,
    parse_unit,
    show_measure,
)
from .block import Block, Scoped
from .read import check_attrs, word
from .syntax import Attr, Column, Row, TableDecl, TechDecl
from .values import measure

Key = Measure | str
"""What a row is found by: a quantity, or a word such as `lpddr4`."""

_COLUMNS: dict[str, tuple[Kind, ...]] = {
    **dict.fromkeys(("read", "write", "fill", "update", "drain"), (ENERGY, BIT_ENERGY)),
    "leak": (POWER,),
    "area": (AREA,),
}
_OPERATION = (OP_ENERGY, ENERGY)
"""Every other column is an operation: a function's name, or `op` for all functions."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a technology, read.

    Attributes:
        rows: `(keys, values)`; values in the units of `columns`.
        loglog: powers of the keys between rows, else straight lines.
    """

    name: str
    keys: tuple[str, ...]
    columns: tuple[tuple[str, Kind], ...]
    rows: tuple[tuple[tuple[Key, ...], tuple[float, ...]], ...]
    loglog: bool
    at: Where | None = None


def read_tech(decl: TechDecl) -> dict[str, Table]:
    """The tables of a technology.

    Raises:
        Diagnostic: a row that does not fit its head, an unknown unit, two rows with equal keys.
    """
    attrs = tuple(Scoped(item, {}) for item in decl.items if isinstance(item, Attr))
    block = Block("tech", decl.name, attrs, at=decl.at)
    check_attrs(block)
    loglog = word(block, "interpolate", "loglog") == "loglog"
    tables: dict[str, Table] = {}
    for item in decl.items:
        if isinstance(item, TableDecl):
            if item.name in tables:
                first = tables[item.name].at
                also = () if first is None else (Label(first, "first here"),)
                message = f"the table `{item.name}` is given twice"
                raise Diagnostic(message, label_at(item.at, "again here"), also)
            tables[item.name] = _read_table(item, loglog)
    return tables


def look_up(
    table: Table, keys: Mapping[str, Key], at: Where | None
) -> dict[str, tuple[Kind, float]]:
    """The columns at some keys: a row, or between the nearest rows on each side, key by key.

    Raises:
        Diagnostic: a missing key; a word that no row has; a value outside the rows. Nothing is
            extrapolated: a number made up beyond the measured ones is worth nothing.
    """
    wanted: list[Key] = []
    for name in table.keys:
        if name not in keys:
            also = () if table.at is None else (Label(table.at, f"`{table.name}` asks for it"),)
            help_text = f"write `{table.name}({name} = ...)`"
            raise Diagnostic(f"the class lacks `{name}`", label_at(at), also, help_text)
        wanted.append(keys[name])
    values = _interpolate(table, table.rows, tuple(wanted), 0, at)
    return {name: (kind, v) for (name, kind), v in zip(table.columns, values, strict=True)}


_Rows = tuple[tuple[tuple[Key, ...], tuple[float, ...]], ...]


def _interpolate(
    table: Table, rows: _Rows, wanted: tuple[Key, ...], position: int, at: Where | None
) -> tuple[float, ...]:
    if position == len(wanted):
        return rows[0][1]
    key = wanted[position]
    exact = tuple(row for row in rows if row[0][position] == key)
    if exact:
        return _interpolate(table, exact, wanted, position + 1, at)
    below, above = _neighbours(table, rows, key, position, at)
    ends = []
    for value in (below, above):
        matching = tuple(row for row in rows if row[0][position] == value)
        ends.append(_interpolate(table, matching, wanted, position + 1, at))
    assert isinstance(key, Measure)
    share = _share(table, below.value, key.value, above.value)
    return tuple(_between(table, a, b, share) for a, b in zip(*ends, strict=True))


def _neighbours(
    table: Table, rows: _Rows, key: Key, position: int, at: Where | None
) -> tuple[Measure, Measure]:
    name = table.keys[position]
    also = () if table.at is None else (Label(table.at, "the table"),)
    if isinstance(key, str):
        words = sorted({k for row in rows if isinstance(k := row[0][position], str)})
        help_text = f"known: {', '.join(f'`{w}`' for w in words)}" if words else ""
        message = f"`{table.name}` has no row with {name} `{key}`"
        raise Diagnostic(message, label_at(at), also, help_text)
    here = {k for row in rows if isinstance(k := row[0][position], Measure)}
    values = sorted((k for k in here if k.dimension == key.dimension), key=lambda k: k.value)
    for below, above in pairwise(values):
        if below.value < key.value < above.value:
            return below, above
    if not values:
        why = f"no row has {describe(key.dimension)} there"
    elif len(values) == 1:
        why = f"the only row has {show_measure(values[0])}"
    else:
        why = f"the rows reach from {show_measure(values[0])} to {show_measure(values[-1])}"
    raise Diagnostic(
        f"`{table.name}` says nothing about {name} = {show_measure(key)}",
        label_at(at, why),
        also,
        "give the energies where the part stands, or add a row with its source",
    )


def _share(table: Table, below: Fraction, key: Fraction, above: Fraction) -> float:
    if table.loglog and below > 0:
        return math.log(key / below) / math.log(above / below)
    return float((key - below) / (above - below))


def _between(table: Table, a: float, b: float, share: float) -> float:
    if table.loglog and a > 0 and b > 0:
        return float(a ** (1 - share) * b**share)
    return a + (b - a) * share


# ---- reading a table ------------------------------------------------------------------------


def _read_table(decl: TableDecl, loglog: bool) -> Table:
    columns = tuple((column.name, _column_kind(column)) for column in decl.columns)
    for index, (name, _) in enumerate(columns):
        if name in [other for other, _ in columns[:index]]:
            message = f"the column `{name}` is given twice"
            raise Diagnostic(message, label_at(decl.columns[index].at))
    if len(set(decl.keys)) < len(decl.keys):
        raise Diagnostic(f"a key of `{decl.name}` is given twice", label_at(decl.at))
    rows = []
    seen: dict[tuple[Key, ...], Row] = {}
    for row in decl.rows:
        keys, values = _read_row(decl, row, columns)
        first = seen.setdefault(keys, row)
        if first is not row:
            also = () if first.at is None else (Label(first.at, "first here"),)
            raise Diagnostic("two rows have the same keys", label_at(row.at, "again here"), also)
        rows.append((keys, values))
    if not rows:
        raise Diagnostic(f"the table `{decl.name}` has no rows", label_at(decl.at))
    return Table(decl.name, decl.keys, columns, tuple(rows), loglog, decl.at)


def _column_kind(column: Column) -> Kind:
    kinds = _COLUMNS.get(column.name, _OPERATION)
    try:
        dimension = parse_unit(column.unit)[1]
    except KeyError:
        raise Diagnostic(
            f"unknown unit `{column.unit}`", label_at(column.at), help=f"write `{kinds[0].unit}`"
        ) from None
    for kind in kinds:
        if parse_unit(kind.unit)[1] == dimension:
            return kind
    raise Diagnostic(
        f"the column `{column.name}` holds {kinds[0].name}",
        label_at(column.at, f"`{column.unit}` is {describe(dimension)}"),
        help=f"write `{column.name}: {kinds[0].unit}`",
    )


def _read_row(
    decl: TableDecl, row: Row, columns: tuple[tuple[str, Kind], ...]
) -> tuple[tuple[Key, ...], tuple[float, ...]]:
    for what, found, wanted in (
        ("keys", len(row.keys), len(decl.keys)),
        ("values", len(row.values), len(columns)),
    ):
        if found != wanted:
            why = f"{found} {what}, the head has {wanted}"
            raise Diagnostic(f"a row of `{decl.name}` does not fit its head", label_at(row.at, why))
    values = tuple(
        _cell(expr, column, kind)
        for expr, column, (_, kind) in zip(row.values, decl.columns, columns, strict=True)
    )
    return tuple(read_key(expr) for expr in row.keys), values


def read_key(expr: Expr) -> Key:
    """A key of a row as written: a word, or a quantity."""
    if isinstance(expr, Path):
        return ".".join(expr.parts)
    return measure(expr, {})


def _cell(expr: Expr, column: Column, kind: Kind) -> float:
    """A bare number is in the column's unit."""
    value = measure(expr, {})
    if not value.dimension and isinstance(expr, Num):
        scale, dimension = parse_unit(column.unit)
        value = Measure(value.value * scale, dimension)
    if value.value < 0:
        raise Diagnostic(f"{kind.name} cannot be negative", label_at(expr.at))
    return float(in_unit(value, (kind,), expr.at)[1])
