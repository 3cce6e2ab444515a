"""Units as people write them by habit, and how the languages spell them."""

from __future__ import annotations

import re

from .diagnostic import Diagnostic, Label
from .source import Span

_RIGHT_UNITS = {
    "b": ("bit", "B"),
    "bits": ("bit",),
    "kb": ("kbit", "kB"),
    "Kb": ("Kibit",),
    "KB": ("KiB` (1024 bytes)", "kB` (1000 bytes)", "Kibit"),
    "Mb": ("Mibit",),
    "MB": ("MiB` (1024^2 bytes)", "MB` (10^6 bytes)"),
    "Gb": ("Gibit",),
    "bytes": ("B",),
    "Bytes": ("B",),
    "cycles": ("cycle",),
    "pj": ("pJ",),
    "PJ": ("pJ",),
    "nj": ("nJ",),
    "GHZ": ("GHz",),
    "MHZ": ("MHz",),
    "Ghz": ("GHz",),
    "Mhz": ("MHz",),
    "ghz": ("GHz",),
    "mhz": ("MHz",),
    "mm^2": ("mm2",),
    "um^2": ("um2",),
}


def refuse_unit(text: str, span: Span) -> Diagnostic:
    """The diagnostic for a unit written by habit (`64 KB`, `200 MHZ`)."""
    found = re.fullmatch(r"([0-9_.]+) ?(.*)", text)
    number, unit = (found[1], found[2]) if found else ("", text)
    right = _RIGHT_UNITS.get(unit)
    if right is None and unit.endswith("ps"):
        right = (f"{unit[:-3]}bit/s" if unit[-3] == "b" else f"{unit[:-3]}B/s",)
    choices = [f"`{number} {unit}" + ("" if "`" in unit else "`") for unit in right or ()]
    *most, last = choices or [""]
    help_text = "write " + " or ".join([", ".join(most), last] if most else [last]) if last else ""
    return Diagnostic(f"unknown unit `{unit}`", Label(span), help=help_text)
