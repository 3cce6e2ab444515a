"""The report of a network on a chip: what was mapped, what was not, and the sums over both."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import fsum
from pathlib import Path

from ...hw_specs.model import Arch
from ...ir.footprint import op_bytes
from ...ir.functions import macs
from ..result import Entry, NotMapped, Objective, Status


@dataclass(frozen=True, slots=True)
class Report:
    """The mappings of a network on a chip.

    Sums weigh every entry with its `count`; those of floats are exactly rounded, so that they do
    not depend on the order or on the version of Python.

    Attributes:
        model: name of the network.
        entries: one per unique shape, in the order of the network.
        seconds: wall time of the search.
        interrupted: the search was stopped; what it had not tried is in `not_mapped`.
    """

    model: str
    hardware: Arch
    objective: Objective
    seed: int
    entries: tuple[Entry, ...]
    not_mapped: tuple[NotMapped, ...]
    tool_version: str
    seconds: float
    interrupted: bool = False

    @property
    def energy_pj(self) -> float:
        return fsum(entry.count * entry.result.cost.energy_pj for entry in self.entries)

    @property
    def cycles(self) -> int:
        return sum(entry.count * entry.result.cost.cycles for entry in self.entries)

    @property
    def edp(self) -> float:
        """Energy x delay of the totals, pJ x cycles."""
        return self.energy_pj * self.cycles

    @property
    def macs(self) -> int:
        """Multiply-accumulates of what was mapped."""
        return sum(entry.count * macs(entry.result.op) for entry in self.entries)

    @property
    def bytes(self) -> int:
        """Bytes that the mapped ops read and write, each tensor once per op."""
        return sum(entry.count * op_bytes(entry.result.op) for entry in self.entries)

    @property
    def seconds_per_run(self) -> float:
        """Time of one run of the network on the chip."""
        return self.cycles / self.hardware.clock_hz

    @property
    def utilization(self) -> float:
        """Mean over time of the ops' utilization; 0 when nothing was mapped."""
        busy = fsum(
            entry.count * entry.result.cost.cycles * entry.result.cost.utilization
            for entry in self.entries
        )
        return busy / self.cycles if self.cycles else 0.0

    @property
    def macs_not_mapped(self) -> int:
        return sum(item.macs for item in self.not_mapped)

    @property
    def bytes_not_mapped(self) -> int:
        return sum(item.bytes for item in self.not_mapped)

    @property
    def macs_not_mapped_share(self) -> float:
        return _share(self.macs_not_mapped, self.macs)

    @property
    def bytes_not_mapped_share(self) -> float:
        return _share(self.bytes_not_mapped, self.bytes)

    @property
    def certificates(self) -> dict[Status, int]:
        """How many of the entries have a certificate of each status."""
        found = Counter(entry.result.certificate.status for entry in self.entries)
        return {status: found[status] for status in Status}

    def to_json(self) -> str:
        """The report as JSON text, schema `tilewright-report/1`."""
        from .json_text import to_json

        return to_json(self)

    def to_html(self, path: str | Path) -> None:
        """Write the report as one HTML file that needs no other.

        Raises:
            Diagnostic: the file cannot be written.
        """
        from .html import to_html
        from .write import write_files

        write_files({Path(path): to_html(self)})


def _share(part: int, rest: int) -> float:
    return part / (part + rest) if part else 0.0
