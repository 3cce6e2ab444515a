"""The report on a terminal: what `tilewright map` and `tilewright eval` print."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from ...ir.functions import macs
from ...ir.kind import op_kind
from ..model.cost import Cost
from ..result import Entry
from .amounts import amount, joules, percent
from .breakdown import total_cycles_by_bound, total_energy_by_part
from .labels import shorten
from .report import Report

_LAYERS_SHOWN = 10
_REASONS_SHOWN = 10
_SHARES_SHOWN = 6
_BAR_WIDTH = 24
_NAME_WIDTH = 8
_ASCII = str.maketrans({"µ": "u", "…": "~", "█": "#", "─": "-", "·": "."})


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of the layer table; left out on a terminal narrower than `needs_width`."""

    title: str
    text: Callable[[Entry, Report], str]
    is_number: bool = True
    needs_width: int = 0


def _energy_share(entry: Entry, report: Report) -> str:
    total = report.energy_pj
    return percent(entry.count * entry.result.cost.energy_pj / total) if total else ""


_COLUMNS = (
    _Column("layer", lambda entry, _: shorten(entry.result.op.name, 40), is_number=False),
    _Column("kind", lambda entry, _: op_kind(entry.result.op), is_number=False, needs_width=100),
    _Column("count", lambda entry, _: str(entry.count), needs_width=80),
    _Column("MACs", lambda entry, _: amount(entry.count * macs(entry.result.op)), needs_width=80),
    _Column("energy", lambda entry, _: joules(entry.count * entry.result.cost.energy_pj)),
    _Column("", _energy_share),
    _Column(
        "cycles", lambda entry, _: amount(entry.count * entry.result.cost.cycles), needs_width=50
    ),
    _Column("used", lambda entry, _: percent(entry.result.cost.utilization), needs_width=60),
    _Column("bound by", lambda entry, _: entry.result.cost.bound_by, is_number=False),
)


def print_summary(report: Report, console: Console | None = None) -> None:
    """Print the costliest layers, the totals, where energy and time go, and what is not mapped.

    Without colours where the output is no terminal, in ASCII where its encoding has no more.
    """
    console = console or Console()
    parts: list[RenderableType] = []
    if report.entries:
        parts += [_layers(report, console), _where(report)]
    parts.append(_totals(report))
    if report.not_mapped:
        parts.append(_not_mapped(report))
    _print(Group(*parts), console)


def print_cost(name: str, cost: Cost, console: Console | None = None) -> None:
    """Print the cost of one mapping: words moved per memory and tensor, energy, latency."""
    table = _table()
    table.add_column("memory", overflow="fold")
    table.add_column("tensor", overflow="fold")
    for title in ("reads", "fills", "updates", "drains", "energy"):
        table.add_column(title, justify="right", no_wrap=True)
    for path, tensors in cost.memories.items():
        for row, (tensor, traffic) in enumerate(tensors.items()):
            counts = (traffic.reads, traffic.fills, traffic.updates, traffic.drains)
            words = (f"{count:,}" for count in counts)
            memory = Text(path if row == 0 else "")
            table.add_row(memory, Text(shorten(tensor)), *words, joules(traffic.energy_pj))
    others = {
        "compute": cost.compute_pj,
        "network": cost.network_pj,
        "leakage": cost.leakage_pj,
    }
    for part, energy_pj in others.items():
        table.add_row(part, "", "", "", "", "", joules(energy_pj))
    terms = ", ".join(f"{term.term} {term.cycles:,}" for term in cost.terms if term.cycles)
    summary = Text.assemble(
        (f"{joules(cost.energy_pj)}, {cost.cycles:,} cycles", "bold"),
        f", {percent(cost.utilization)} utilized, bound by {cost.bound_by}",
        f" ({cost.latency_cycles:,} cycles with start-up and drain)\n",
        (f"cycles: {terms}\n", "dim"),
    )
    _print(Group(Text(name, style="bold"), table, summary), console or Console())


def _layers(report: Report, console: Console) -> RenderableType:
    """The entries with the most energy x delay of their own, all occurrences together."""

    def weight(entry: Entry) -> float:
        return entry.count**2 * entry.result.cost.edp

    columns = [column for column in _COLUMNS if console.width >= column.needs_width]
    table = _table()
    for column in columns:
        justify: JustifyMethod = "right" if column.is_number else "left"
        least = None if column.is_number else _NAME_WIDTH
        table.add_column(
            column.title,
            justify=justify,
            no_wrap=column.is_number,
            overflow="fold",
            min_width=least,
        )
    for entry in sorted(report.entries, key=weight, reverse=True)[:_LAYERS_SHOWN]:
        table.add_row(*(Text(column.text(entry, report)) for column in columns))
    more = len(report.entries) - _LAYERS_SHOWN
    rest = [Text(f"and {more} more shapes", "dim")]
    title = Text("layers with the most energy x delay, all occurrences of a shape", "dim")
    return Group(title, table, *(rest if more > 0 else []))


def _where(report: Report) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    energy = {part: value for part, value in total_energy_by_part(report).items() if value}
    cycles = {term: float(value) for term, value in total_cycles_by_bound(report).items()}
    for title, shares in (("energy", energy), ("time, bound by", cycles)):
        total = sum(shares.values())
        ranked = sorted(shares.items(), key=lambda item: -item[1])
        for row, (name, value) in enumerate(islice(ranked, _SHARES_SHOWN)):
            share = value / total
            bar = "█" * round(share * _BAR_WIDTH)
            table.add_row(title if row == 0 else "", Text(name), percent(share), bar)
    return Group(Text(), table)


def _totals(report: Report) -> RenderableType:
    operations, seconds = 2 * report.macs, report.seconds_per_run
    joule = report.energy_pj * 1e-12
    certificates = ", ".join(f"{n} {status}" for status, n in report.certificates.items() if n)
    lines = [
        ("energy", f"{joules(report.energy_pj)}"),
        ("latency", f"{amount(seconds, 's')}, {report.cycles:,} cycles"),
        ("EDP", f"{report.edp:.6g} pJ x cycles"),
        ("MACs", f"{amount(report.macs)}, {percent(report.utilization)} of the units used"),
    ]
    if seconds and joule:
        speed, efficiency = amount(operations / seconds, "OPS"), amount(operations / joule, "OPS/W")
        lines.append(("speed", f"{speed}, {efficiency}"))
    if certificates:
        lines.append(("mappings", certificates))
    table = Table.grid(padding=(0, 2))
    for name, value in lines:
        table.add_row(Text(name, "dim"), Text(value, "bold"))
    title = f"\n{report.model} on {report.hardware.name}, objective {report.objective}"
    return Group(Text(title, "bold"), table)


def _not_mapped(report: Report) -> RenderableType:
    count = sum(item.count for item in report.not_mapped)
    title = (
        f"\nnot mapped: {count} operator{'s' if count != 1 else ''},"
        f" {percent(report.macs_not_mapped_share)} of the MACs,"
        f" {percent(report.bytes_not_mapped_share)} of the bytes"
    )
    table = _table()
    for column in ("operator", "kind", "why"):
        table.add_column(column, overflow="fold")
    for item in report.not_mapped[:_REASONS_SHOWN]:
        table.add_row(Text(item.name), Text(item.kind), Text(item.why))
    more = len(report.not_mapped) - _REASONS_SHOWN
    rest = [Text(f"and {more} more; `--out` and `--json` list them all", "dim")]
    return Group(Text(title, "bold yellow"), table, *(rest if more > 0 else []))


def _table() -> Table:
    return Table(
        box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, header_style="dim"
    )


def _print(what: RenderableType, console: Console) -> None:
    with console.capture() as captured:
        console.print(what)
    text = captured.get()
    if not console.encoding.lower().startswith("utf"):
        text = text.translate(_ASCII).encode("ascii", "replace").decode()
    console.file.write(text)
