"""The report as one HTML page that needs no other file and no network.

What stands still (figures, charts, table) is rendered here; the details of a chosen layer are
drawn in the page from the report's JSON, which it carries.
"""

from __future__ import annotations

import json
from base64 import b64encode
from functools import cache
from typing import Any

import jinja2
from markupsafe import Markup

from ...hw_specs.draw import draw_graph
from ...hw_specs.outline import outline
from ..result import Status
from .amounts import amount, joules, percent
from .breakdown import COMPUTE, LEAKAGE, NETWORK
from .charts import (
    cycles_bar,
    energy_bar,
    layer_panels,
    layer_slots,
    roofline_charts,
)
from .json_text import report_object
from .report import Report

_MEMORY_COLOURS = 8
_MEANING = {
    Status.OPTIMAL: "no mapping of the space is better",
    Status.BOUNDED: "within the stated gap of a lower bound",
    Status.HEURISTIC: "good, not proven",
}


def to_html(report: Report) -> str:
    """The report as the text of an HTML page."""
    written = report_object(report)
    return _page().render(
        report=report,
        figures=_figures(report),
        colours=_colours(report),
        slots=layer_slots(report),
        panels=layer_panels(report),
        bars=(("Energy", energy_bar(report)), ("Time, by what bounds it", cycles_bar(report))),
        rooflines=roofline_charts(report),
        ops=written["ops"],
        meanings=_MEANING,
        chip=_image(draw_graph(report.hardware)),
        outline=outline(report.hardware),
        data=_script_json(written),
    )


def _figures(report: Report) -> tuple[tuple[str, str, str], ...]:
    """The first screen: name, value, and what to know about it."""
    shapes = len(report.entries)
    seconds, joule = report.seconds_per_run, report.energy_pj * 1e-12
    operations = 2 * report.macs
    per_mac = f"{report.energy_pj / report.macs:.3g} pJ per MAC" if report.macs else "no MACs"
    return (
        ("Energy", joules(report.energy_pj), per_mac),
        ("Latency", amount(seconds, "s"), f"{report.cycles:,} cycles"),
        ("EDP", amount(joule * seconds, "J·s"), f"{report.edp:.4g} pJ · cycles"),
        ("MACs", amount(report.macs), f"{shapes} unique shape{'' if shapes == 1 else 's'}"),
        ("Utilization", percent(report.utilization), "mean over time"),
        ("Throughput", amount(operations / seconds if seconds else 0.0, "OPS"), "1 MAC = 2 OP"),
        ("Efficiency", amount(operations / joule if joule else 0.0, "OPS/W"), "average"),
    )


def _colours(report: Report) -> dict[str, str]:
    """The style class of every part of the chip: a colour means one part in all charts."""
    memories = {
        memory.path: f"m{index % _MEMORY_COLOURS}"
        for index, memory in enumerate(report.hardware.memories)
    }
    return {**memories, COMPUTE: "compute", NETWORK: "network", LEAKAGE: "leakage"}


def _script_json(written: dict[str, Any]) -> Markup:
    """The report's JSON, safe inside a `script` element: no `<` stands in it as itself."""
    text = json.dumps(written, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))


def _image(svg: str) -> str:
    """An SVG text as the address of an image: its styles and names stay apart from the page's."""
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"


@cache
def _page() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__package__, "page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(amount=amount, joules=joules, percent=percent)
    return environment.get_template("page.html")
