"""The charts of the HTML report as data: where every mark stands, in percent of its plot.

The page draws them as SVG with percent coordinates, so that a chart fills any width while its
text keeps its size, and colours come from the style sheet (light, dark, print).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .amounts import amount, joules
from .axis import Linear, Tick, log_axis
from .breakdown import energy_by_part, part_of_term, total_cycles_by_bound, total_energy_by_part
from .labels import shorten
from .report import Report
from .roofline import Roofline, rooflines

LABELS_SHOWN = 60
_BAR_SHARE = 0.78  # of a column's slot
_WIDEST_BAR = 6.0  # percent of the plot
_SMALLEST_MARK = 0.05  # percent of the plot: less is not visible


@dataclass(frozen=True, slots=True)
class Mark:
    """A rectangle of a column.

    Attributes:
        part: the part of the chip, which chooses the colour.
        top, height: percent from the top of the plot.
    """

    part: str
    top: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """The marks of one entry; `rule` is a height (percent from the top) with a line across."""

    index: int
    marks: tuple[Mark, ...]
    rule: float | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """One quantity per layer; all panels share their columns' places.

    Attributes:
        ticks: of the vertical axis, in percent from the top, with their text.
    """

    title: str
    ticks: tuple[tuple[float, str], ...]
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of an entry on the layer axis, in percent; `label` is empty where none fits."""

    left: float
    width: float
    bar_left: float
    bar_width: float
    label: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a horizontal bar.

    Attributes:
        share: of the whole bar.
    """

    part: str
    name: str
    share: float
    text: str


@dataclass(frozen=True, slots=True)
class Dot:
    """An entry in a roofline chart; `radius` in pixels."""

    index: int
    x: float
    y: float
    radius: float


@dataclass(frozen=True, slots=True)
class RooflineChart:
    """A roofline in percent of its plot, from the top left corner.

    Attributes:
        roof: the three points of the roof, left to right: slope, ridge, compute.
        bandwidth, peak: the texts of the two roofs.
    """

    memory: str
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    roof: tuple[tuple[float, float], ...]
    bandwidth: str
    peak: str
    dots: tuple[Dot, ...]


def layer_slots(report: Report) -> tuple[Slot, ...]:
    """The layer axis: equal slots in the order of the network."""
    count = len(report.entries)
    width = 100 / max(count, 1)
    bar = min(_BAR_SHARE * width, _WIDEST_BAR)
    every = -(-count // LABELS_SHOWN)
    return tuple(
        Slot(
            index * width,
            width,
            index * width + (width - bar) / 2,
            bar,
            shorten(entry.result.op.name) if index % every == 0 else "",
        )
        for index, entry in enumerate(report.entries)
    )


def layer_panels(report: Report) -> tuple[Panel, ...]:
    """Energy by part, cycles by what bounds them, and utilization, per layer."""
    entries = report.entries
    energy = [
        {
            part: entry.count * value * 1e-12
            for part, value in energy_by_part(entry.result.cost, report.hardware).items()
        }
        for entry in entries
    ]
    cycles = [
        {part_of_term(entry.result.cost.bound_by): float(entry.count * entry.result.cost.cycles)}
        for entry in entries
    ]
    compute = [
        entry.count
        * max((t.cycles for t in entry.result.cost.terms if t.term == "compute"), default=0)
        for entry in entries
    ]
    used = [{"compute": entry.result.cost.utilization} for entry in entries]
    joule_axis, cycle_axis = Linear(_tallest(energy)), Linear(_tallest(cycles))
    return (
        _panel("energy", energy, joule_axis, lambda value: amount(value, "J", 3)),
        _panel("cycles", cycles, cycle_axis, lambda value: amount(value, "", 3), compute),
        _panel("utilization", used, Linear(1.0, steps=2), lambda value: f"{value:.0%}"),
    )


def energy_bar(report: Report) -> tuple[Segment, ...]:
    """Where the energy of a run goes."""
    parts = total_energy_by_part(report).items()
    return _segments((part, part, value, joules(value)) for part, value in parts)


def cycles_bar(report: Report) -> tuple[Segment, ...]:
    """What bounds the time of a run."""
    bounds = total_cycles_by_bound(report)
    return _segments(
        (part_of_term(term), term, value, f"{amount(value)} cycles")
        for term, value in bounds.items()
    )


def roofline_charts(report: Report) -> tuple[RooflineChart, ...]:
    """The rooflines of DRAM and of the global buffer."""
    return tuple(_roofline_chart(roofline) for roofline in rooflines(report))


def _tallest(values: list[dict[str, float]]) -> float:
    """A little more than the largest sum, so that no column touches the top."""
    return 1.04 * max((sum(parts.values()) for parts in values), default=0.0) or 1.0


def _panel(
    title: str,
    values: list[dict[str, float]],
    axis: Linear,
    text: Callable[[float], str],
    rules: list[int] | None = None,
) -> Panel:
    return Panel(
        title,
        tuple((100 - tick.percent, text(tick.value)) for tick in axis.ticks),
        tuple(
            Column(index, _stack(parts, axis), 100 - axis.percent(rules[index]) if rules else None)
            for index, parts in enumerate(values)
        ),
    )


def _stack(parts: dict[str, float], axis: Linear) -> tuple[Mark, ...]:
    marks, below = [], 0.0
    for part, value in parts.items():
        height = axis.percent(value)
        below += height
        if height >= _SMALLEST_MARK:
            marks.append(Mark(part, 100 - below, height))
    return tuple(marks)


def _segments(pieces: Iterable[tuple[str, str, float, str]]) -> tuple[Segment, ...]:
    listed = [piece for piece in pieces if piece[2]]
    total = sum(value for _, _, value, _ in listed)
    return tuple(Segment(part, name, value / total, text) for part, name, value, text in listed)


def _roofline_chart(roofline: Roofline) -> RooflineChart:
    peak, ridge = roofline.peak_macs_per_cycle, roofline.ridge
    x = log_axis([ridge, *(point.intensity for point in roofline.points)])
    y = log_axis([peak, *(point.macs_per_cycle for point in roofline.points)])
    # The slope leaves the plot at its left edge or at its bottom, whichever comes first.
    foot = max(x.low, y.low / roofline.bandwidth_bytes_per_cycle)
    roof = ((foot, foot * roofline.bandwidth_bytes_per_cycle), (ridge, peak), (x.high, peak))
    dots = [
        Dot(
            point.index,
            x.percent(point.intensity),
            100 - y.percent(point.macs_per_cycle),
            3 + 22 * point.time_share**0.5,
        )
        for point in roofline.points
    ]
    return RooflineChart(
        roofline.memory,
        tuple((tick.percent, _power(tick)) for tick in x.ticks),
        tuple((100 - tick.percent, _power(tick)) for tick in y.ticks),
        tuple((x.percent(intensity), 100 - y.percent(speed)) for intensity, speed in roof),
        f"{roofline.bandwidth_bytes_per_cycle:.4g} B/cycle",
        f"{peak:,.6g} MAC/cycle",
        tuple(sorted(dots, key=lambda dot: -dot.radius)),  # small ones on top
    )


def _power(tick: Tick) -> str:
    return f"{tick.value:g}" if 1e-4 < tick.value < 1e5 else amount(tick.value)
