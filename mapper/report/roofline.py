"""The roofline: how fast each op runs, against what compute and a memory would allow.

An op does `macs` in `cycles` and keeps the busiest port of memory m occupied for `port` of them.
With the memory's bandwidth B (of its widest port, bytes per cycle) its operational intensity at m
is `macs / (port x B)` in MACs per byte; then `macs / cycles <= intensity x B` holds, with equality
where m bounds the op, also on a memory whose ports differ.
Williams, Waterman, Patterson: Roofline, CACM 52(4), 2009.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...hw_specs.model import Arch, Memory, instances
from ...ir.functions import MAC, macs
from .report import Report

MEMORIES_SHOWN = 2


@dataclass(frozen=True, slots=True)
class Point:
    """One entry of the report under a roof.

    Attributes:
        index: of the entry.
        intensity: MACs per byte through the memory.
        time_share: of the network's cycles.
    """

    index: int
    intensity: float
    macs_per_cycle: float
    time_share: float


@dataclass(frozen=True, slots=True)
class Roofline:
    """The roofs of one memory, and the ops that have MACs and use the memory."""

    memory: str
    peak_macs_per_cycle: float
    bandwidth_bytes_per_cycle: float
    points: tuple[Point, ...]

    @property
    def ridge(self) -> float:
        """The intensity (MACs per byte) from which on compute is the limit."""
        return self.peak_macs_per_cycle / self.bandwidth_bytes_per_cycle


def rooflines(report: Report) -> tuple[Roofline, ...]:
    """Rooflines of the outermost memories that the chip has one of: DRAM and the global buffer.

    A memory that no mapped op with MACs uses has none.
    """
    arch = report.hardware
    peak = peak_macs_per_cycle(arch)
    shared = [m for m in arch.memories if instances(arch, m.path) == 1 and not m.banks]
    found = [_roofline(report, memory, peak) for memory in shared if peak]
    return tuple(roofline for roofline in found if roofline.points)[:MEMORIES_SHOWN]


def peak_macs_per_cycle(arch: Arch) -> float:
    """MACs per cycle of the chip's largest kind of compute unit; 0 if no unit has `mac`."""
    return max(
        (
            float(instances(arch, unit.path) * unit.functions[MAC].throughput)
            for unit in arch.computes
            if MAC in unit.functions
        ),
        default=0.0,
    )


def _roofline(report: Report, memory: Memory, peak: float) -> Roofline:
    bandwidth = float(max(port.bandwidth_bits_per_cycle for port in memory.ports)) / 8
    ports = {f"port {memory.path}.{port.name}" for port in memory.ports}
    points = []
    for index, entry in enumerate(report.entries):
        cost, work = entry.result.cost, macs(entry.result.op)
        busy = max((term.cycles for term in cost.terms if term.term in ports), default=0)
        if work and busy:
            share = entry.count * cost.cycles / report.cycles
            points.append(Point(index, work / (busy * bandwidth), work / cost.cycles, share))
    return Roofline(memory.path, peak, bandwidth, tuple(points))
