"""What a mapping costs: the numbers that the evaluator returns."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Traffic:
    """Words of one tensor at one memory, over all instances, and their energy.

    Attributes:
        reads: words read to serve the next memory inward, or the compute unit; for an output,
            old values read to be added to.
        fills: words written on their way in from the memory outward.
        updates: words written on their way out from further inward.
        drains: words read on their way out to the memory outward.
    """

    reads: int
    fills: int
    updates: int
    drains: int
    energy_pj: float


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """One term of the latency: `compute`, `port shared.rw`, `net gin`, and its cycles."""

    term: str
    cycles: int


@dataclass(frozen=True, slots=True)
class Cost:
    """Cost of one execution of an op under a mapping.

    Attributes:
        energy_pj: the sum of `compute_pj`, `network_pj`, `leakage_pj` and the memories' energy.
        cycles: steady-state cycles, the largest of `terms`; what EDP uses.
        latency_cycles: `cycles` and what comes before and after: start-up, drain, skew.
        utilization: work / (units x cycles).
        memories: by full path and operand.
        terms: every term of the latency, largest first; the first one bounds the op.
        padding_share: share of the input words read at the home that lie outside the tensors.
    """

    energy_pj: float
    cycles: int
    latency_cycles: int
    utilization: float
    memories: dict[str, dict[str, Traffic]]
    compute_pj: float
    network_pj: float
    leakage_pj: float
    terms: tuple[Bottleneck, ...]
    nets: dict[str, dict[str, int]] = field(default_factory=dict)
    startup_cycles: int = 0
    drain_cycles: int = 0
    skew_cycles: int = 0
    padding_share: float = 0.0

    @property
    def edp(self) -> float:
        """Energy x delay, pJ x cycles."""
        return self.energy_pj * self.cycles

    @property
    def bound_by(self) -> str:
        return self.terms[0].term
