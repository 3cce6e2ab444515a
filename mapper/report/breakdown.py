"""Which part of the chip an amount belongs to: the split that every chart and table shows."""

from __future__ import annotations

from math import fsum

from ...hw_specs.model import Arch
from ..model.cost import Cost
from .report import Report

COMPUTE = "compute"
NETWORK = "network"
LEAKAGE = "leakage"


def energy_by_part(cost: Cost, arch: Arch) -> dict[str, float]:
    """Energy in pJ by memory path, outer to inner, then compute, network and leakage.

    The parts add up to `cost.energy_pj`.
    """
    memories = {
        memory.path: fsum(
            traffic.energy_pj for traffic in cost.memories.get(memory.path, {}).values()
        )
        for memory in arch.memories
    }
    return {
        **memories,
        COMPUTE: cost.compute_pj,
        NETWORK: cost.network_pj,
        LEAKAGE: cost.leakage_pj,
    }


def part_of_term(term: str) -> str:
    """The part of the chip that a term of the latency is about.

    >>> part_of_term("port pe.wspad.rd"), part_of_term("net gin"), part_of_term("compute")
    ('pe.wspad', 'network', 'compute')
    """
    kind, _, name = term.partition(" ")
    match kind:
        case "port":
            return name.rpartition(".")[0]
        case "net":
            return NETWORK
        case _:
            return kind


def total_energy_by_part(report: Report) -> dict[str, float]:
    """Energy in pJ of one run of the network, by part of the chip."""
    total: dict[str, float] = {}
    for entry in report.entries:
        for part, energy_pj in energy_by_part(entry.result.cost, report.hardware).items():
            total[part] = total.get(part, 0.0) + entry.count * energy_pj
    return total


def total_cycles_by_bound(report: Report) -> dict[str, int]:
    """Cycles of one run by the term that bounds the op running; the longest first."""
    total: dict[str, int] = {}
    for entry in report.entries:
        cost = entry.result.cost
        total[cost.bound_by] = total.get(cost.bound_by, 0) + entry.count * cost.cycles
    return dict(sorted(total.items(), key=lambda item: -item[1]))
