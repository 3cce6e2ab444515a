"""What a mapping costs on a chip: resolve, pack, count, unpack."""

from __future__ import annotations

from fractions import Fraction
from math import prod

from ...hw_specs.model import Arch, Compute, Memory, instances
from ...ir.affine import interval
from ...ir.mapping import Mapping
from ...ir.text import Diagnostic, label_at
from ...ir.workload import Op, operands
from ..space.nest import Hold, Nest, resolve_nest
from ..space.order import order_violations
from .cost import Cost, Traffic
from .energy import always_on_pj_per_cycle, leak_pj_per_cycle, memory_energy_pj, sum_pj
from .kernels import evaluate_lines
from .latency import (
    Counted,
    drain_cycles,
    latency_terms,
    skew_cycles,
    startup_cycles,
)
from .pack import Names, pack_nest, pack_problem
from .problem import HELD_TWICE, NO_PORT, OK, TOO_LARGE, Work, new_room, new_work


def evaluate(mapping: Mapping, op: Op, arch: Arch) -> Cost:
    """Cost of one execution of an op under a mapping.

    Capacities and the chip's dataflows are not checked here: see `mapper.constraints`.

    Raises:
        Diagnostic: the mapping is no nest of `op` on this chip, or asks for something that the
            evaluator does not count yet.
    """
    return evaluate_nest(resolve_nest(mapping, op, arch), arch)


def evaluate_nest(nest: Nest, arch: Arch) -> Cost:
    """Cost of a resolved nest (see `evaluate`)."""
    counted = count_nest(nest, arch)
    memories = _memories(counted)
    compute_pj = counted.problem.compute_pj
    network_pj = _network_pj(counted)
    terms = latency_terms(counted)
    cycles = terms[0].cycles
    leakage_pj = _leakage_pj(counted, cycles)
    memory_pj = [traffic.energy_pj for row in memories.values() for traffic in row.values()]
    startup, drain, skew = startup_cycles(counted), drain_cycles(counted), skew_cycles(counted)
    return Cost(
        energy_pj=sum_pj((compute_pj, network_pj, leakage_pj, *memory_pj)),
        cycles=cycles,
        latency_cycles=cycles + startup + drain + skew,
        utilization=_utilization(counted, cycles),
        memories=memories,
        compute_pj=compute_pj,
        network_pj=network_pj,
        leakage_pj=leakage_pj,
        terms=terms,
        nets=_nets(counted),
        startup_cycles=startup,
        drain_cycles=drain,
        skew_cycles=skew,
        padding_share=padding_share(nest.op),
    )


def count_nest(nest: Nest, arch: Arch) -> Counted:
    """All counts of a resolved nest.

    Raises:
        Diagnostic: see `evaluate`.
    """
    for violation in order_violations(nest, arch):
        raise violation.diagnostic()
    packed = pack_problem(nest.op, arch, nest.unit)
    lines, work = pack_nest(nest, packed.names), new_work()
    evaluate_lines(packed.problem, packed.trees, lines, len(lines), work, new_room())
    _require_counted(nest, packed.names, work)
    return Counted(nest, arch, packed.names, packed.problem, packed.trees, lines, work)


def _require_counted(nest: Nest, names: Names, work: Work) -> None:
    if work.fault == OK:
        return
    memory, operand = names.memories[work.fault_memory], names.operands[work.fault_operand]
    at = label_at(memory.at, "this memory")
    if work.fault == NO_PORT:
        message = f"no port of `{memory.path}` serves the traffic of `{operand.name}`"
        help_text = f"let a port carry the role `{operand.role}` in both directions"
    elif work.fault == HELD_TWICE:
        message = (
            f"two lanes would hold the same partial sums of `{operand.name}`, and "
            f"`{memory.path}` cannot add what they give back"
        )
        help_text = "let a net reduce them, split a dim of the output instead, or reduce in time"
    elif work.fault == TOO_LARGE:
        at, message = None, f"the tiles of `{nest.op.name}` overlap in too many ways to count"
        help_text = "split the op, or unroll fewer dims that share an axis of a tensor"
    else:
        message = (
            f"partial sums of `{operand.name}` come back from `{memory.path}` in uneven shares, "
            "which the evaluator does not count yet"
        )
        help_text = f"finish the sums below `{memory.path}`, or choose tiles that do not overlap"
    raise Diagnostic(message, at, help=help_text)


# ---- from arrays to names -------------------------------------------------------------------


def _memories(counted: Counted) -> dict[str, dict[str, Traffic]]:
    """Traffic of every operand at the memories that it is kept in, outer to inner."""
    out: dict[str, dict[str, Traffic]] = {}
    holds = [line for line in counted.nest.lines if isinstance(line, Hold)]
    kept = {(hold.memory, hold.operand) for hold in holds}
    for row, memory in enumerate(counted.names.memories):
        for column, operand in enumerate(counted.names.operands):
            if (memory.path, operand.name) not in kept:
                continue
            reads, fills, updates, drains = map(int, counted.work.words[row, column])
            accesses = [int(times) for times in counted.work.accesses[row, column]]
            energy_pj = memory_energy_pj(memory, accesses)
            traffic = Traffic(reads, fills, updates, drains, energy_pj)
            out.setdefault(memory.path, {})[operand.name] = traffic
    return out


def _nets(counted: Counted) -> dict[str, dict[str, int]]:
    """Words x hops of every operand on every net that carries it, over all its instances."""
    out: dict[str, dict[str, int]] = {}
    for number, net in enumerate(counted.names.nets):
        hops = counted.work.word_hops[number]
        out[counted.arch.nets[net].name] = {
            operand.name: int(value)
            for operand, value in zip(counted.names.operands, hops, strict=False)
            if value
        }
    return out


def _network_pj(counted: Counted) -> float:
    """Bits x hops x energy, net by net in the chip's order."""
    total = 0.0
    for number, net in enumerate(counted.names.nets):
        bit_hops = int(counted.work.bit_hops[number].sum())
        total += bit_hops * counted.arch.nets[net].energy_pj_per_bit_hop
    return total


def _leakage_pj(counted: Counted, cycles: int) -> float:
    """Everything that is not gated leaks all the time, of the gated parts the used instances."""
    per_cycle = always_on_pj_per_cycle(counted.arch)
    parts: tuple[Memory | Compute, ...] = (*counted.names.memories, counted.nest.unit)
    for number, part in enumerate(parts):
        if part.gate:
            used = int(counted.work.instances[number])
            per_cycle += used * leak_pj_per_cycle(part.leak_uw, counted.arch)
    return per_cycle * cycles


def _utilization(counted: Counted, cycles: int) -> float:
    """Points x cycles a point / (units of the chip x cycles), between 0 and 1."""
    units = instances(counted.arch, counted.nest.unit.path)
    point = Fraction(*(int(value) for value in counted.problem.point_cycles))
    return float(counted.nest.op.points * point / (units * cycles))


def padding_share(op: Op) -> float:
    """1 - words inside the tensors / words reached, over the padded operands; 0 without any.

    An operand reaches the bounding box of its accesses.
    """
    inside = reached = 0
    for operand in operands(op):
        if not operand.padded or operand.indirect:
            continue
        spans = [interval(axis, op.extents) for axis in operand.axes]
        reached += prod(high - low + 1 for low, high in spans)
        inside += prod(
            max(0, min(high, size - 1) - max(low, 0) + 1)
            for (low, high), size in zip(spans, operand.tensor.shape, strict=True)
        )
    return 1 - inside / reached if reached else 0.0
