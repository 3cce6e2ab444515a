"""The cost of a nest from what was counted: the same numbers as the evaluator's `Cost`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, prod

from tilewright.hw_specs.model import Action, Arch, Compute, Memory, instances
from tilewright.ir.functions import function_counts
from tilewright.ir.types import Role
from tilewright.ir.workload import Op, operands
from tilewright.mapper.model.cost import Traffic
from tilewright.mapper.space.nest import Hold, Nest

from .counts import Counts, execute
from .places import elements, loops, whole_box


@dataclass(frozen=True, slots=True)
class OracleCost:
    """The fields of `Cost` that follow from counting, under the same names.

    Attributes:
        terms: cycles by the name of the term.
        nets: words x hops by net and operand.
        occupied_bits: by memory and operand, in one instance.
        utilization: points x cycles a point / (units of the chip x cycles).
    """

    energy_pj: float
    compute_pj: float
    network_pj: float
    leakage_pj: float
    cycles: int
    memories: dict[str, dict[str, Traffic]]
    terms: dict[str, int]
    nets: dict[str, dict[str, int]]
    occupied_bits: dict[str, dict[str, int]]
    utilization: float
    padding_share: float


def oracle_cost(nest: Nest, arch: Arch, seed: int = 0) -> OracleCost:
    """Execute a nest and say what it costs (streamed overlap).

    Raises:
        IllegalNest: the nest has no meaning under the model.
    """
    counts = execute(nest, arch, seed)
    memories = _memories(counts, arch)
    terms = _terms(counts, nest, arch)
    cycles = max(terms.values())
    compute_pj = counts.points * sum(
        count * nest.unit.functions[name].energy_pj
        for name, count in function_counts(nest.op).items()
    )
    network_pj = sum(counts.net_bit_hops[net.name] * net.energy_pj_per_bit_hop for net in arch.nets)
    leakage_pj = _leak_uw(nest, arch) * 1e6 * cycles / arch.clock_hz
    memory_pj = sum(t.energy_pj for by_name in memories.values() for t in by_name.values())
    nets = {net: dict(hops) for net, hops in counts.net_word_hops.items()}
    return OracleCost(
        memory_pj + compute_pj + network_pj + leakage_pj,
        compute_pj,
        network_pj,
        leakage_pj,
        cycles,
        memories,
        terms,
        nets,
        counts.occupied_bits,
        float(counts.points * _point_cycles(nest) / (instances(arch, nest.unit.path) * cycles)),
        _padding_share(nest.op),
    )


# ---- memories -----------------------------------------------------------------------------------


def _memories(counts: Counts, arch: Arch) -> dict[str, dict[str, Traffic]]:
    memories = {memory.path: memory for memory in arch.memories}
    return {
        path: {
            name: Traffic(
                reads=words[Action.READ],
                fills=words[Action.FILL],
                updates=words[Action.UPDATE],
                drains=words[Action.DRAIN],
                energy_pj=_energy_pj(counts, memories[path], name),
            )
            for name, words in by_name.items()
        }
        for path, by_name in counts.words.items()
    }


def _energy_pj(counts: Counts, memory: Memory, operand: str) -> float:
    """Accesses are of the memory's width: each instance rounds up what it moves for an action."""
    accesses: Counter[Action] = Counter()
    for (path, _), bits in counts.bits.items():
        if path == memory.path:
            for action in Action:
                accesses[action] += -(-bits[operand, action] // memory.width_bits)
    return sum(number * memory.energy_pj[action] for action, number in accesses.items() if number)


# ---- cycles -------------------------------------------------------------------------------------


def _terms(counts: Counts, nest: Nest, arch: Arch) -> dict[str, int]:
    terms = {"compute": ceil(counts.steps * _point_cycles(nest))}
    roles = {operand.name: operand.role for operand in operands(nest.op)}
    for memory in arch.memories:
        for port, cycles in _port_cycles(counts, memory, roles).items():
            terms[f"port {memory.path}.{port}"] = cycles
    for net in arch.nets:
        loads = counts.edge_bits[net.name].values()
        terms[f"net {net.name}"] = -(-max(loads, default=0) // net.width_bits)
    return terms


def _point_cycles(nest: Nest) -> Fraction:
    """Cycles of one point on a unit: those of the function that takes longest."""
    return max(
        Fraction(count) / nest.unit.functions[name].throughput
        for name, count in function_counts(nest.op).items()
    )


def _port_cycles(counts: Counts, memory: Memory, roles: dict[str, Role]) -> dict[str, int]:
    """Cycles of each port in the busiest instance."""
    cycles: dict[str, int] = {}
    for port in memory.ports:
        loads = [
            sum(
                load
                for (operand, action), load in bits.items()
                if action in port.actions
                and (port.carries is None or roles[operand] in port.carries)
            )
            for (path, _), bits in counts.bits.items()
            if path == memory.path
        ]
        cycles[port.name] = ceil(max(loads, default=0) / port.bandwidth_bits_per_cycle)
    return cycles


# ---- leakage ------------------------------------------------------------------------------------


def _leak_uw(nest: Nest, arch: Arch) -> float:
    """Every instance leaks; of a gated part only those that are in use."""
    kept_in = {line.memory for line in nest.lines if isinstance(line, Hold)}
    parts: list[Memory | Compute] = [*arch.memories, *arch.computes]
    return sum(
        part.leak_uw * (_used(nest, part, kept_in) if part.gate else instances(arch, part.path))
        for part in parts
    )


def _used(nest: Nest, part: Memory | Compute, kept_in: set[str]) -> int:
    if part.path not in {nest.unit.path, *kept_in}:
        return 0
    return prod(
        line.trips
        for _, line in loops(nest)
        if line.axis is not None and part.path.startswith(f"{line.axis.rpartition('.')[0]}.")
    )


# ---- padding ------------------------------------------------------------------------------------


def _padding_share(op: Op) -> float:
    """Which share of the words that padded operands reach lies outside their tensors."""
    padded = [operand for operand in operands(op) if operand.padded]
    reached = [(x, word) for x in padded for word in elements(whole_box(x, op))]
    outside = sum(
        not all(0 <= at < extent for at, extent in zip(word, x.tensor.shape, strict=True))
        for x, word in reached
    )
    return outside / len(reached) if reached else 0.0
