"""Energy: the fixed-order sums that reports show. Plain Python floats, no fused operations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod

from ...hw_specs.model import Action, Arch, Compute, Memory, instances
from ...ir.functions import function_counts
from ...ir.text import Diagnostic, label_at
from ...ir.workload import Op

ACTIONS = (Action.READ, Action.FILL, Action.UPDATE, Action.DRAIN)
"""The actions in the order of every array that has an action axis, and of every sum."""


def compute_energy_pj(op: Op, unit: Compute) -> float:
    """Operations x energy, over the functions of the statement in its order."""
    total = 0.0
    for name, count in function_counts(op).items():
        total += op.points * count * unit.functions[name].energy_pj
    return total


def memory_energy_pj(memory: Memory, accesses: Sequence[int]) -> float:
    """Vector accesses x energy of one operand at a memory, in the order of `ACTIONS`.

    Raises:
        Diagnostic: the memory has no energy for an action that happens.
    """
    total = 0.0
    for action, times in zip(ACTIONS, accesses, strict=True):
        if times and action not in memory.energy_pj:
            raise Diagnostic(
                f"`{memory.path}` has no energy for `{action}`",
                label_at(memory.at, "this memory"),
                help=f"add `on {action} {{ energy = ... }}`",
            )
        if times:
            total += times * memory.energy_pj[action]
    return total


def leak_pj_per_cycle(leak_uw: float, arch: Arch) -> float:
    """Leakage of one instance in one cycle: uW = 1e6 pJ/s."""
    return leak_uw * 1e6 / arch.clock_hz


def always_on_pj_per_cycle(arch: Arch) -> float:
    """Leakage per cycle of all memories and units that are never power-gated."""
    total = 0.0
    parts: tuple[Memory | Compute, ...] = (*arch.memories, *arch.computes)
    for part in parts:
        if not part.gate:
            banks = prod(extent for _, extent in part.banks) if isinstance(part, Memory) else 1
            total += leak_pj_per_cycle(part.leak_uw, arch) * instances(arch, part.path) * banks
    return total


def sum_pj(energies: Iterable[float]) -> float:
    """A sum from left to right. (`sum` compensates rounding, from Python 3.12 on.)"""
    total = 0.0
    for energy in energies:
        total += energy
    return total
