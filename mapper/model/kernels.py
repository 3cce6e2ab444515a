"""The evaluator's entry: all counts of a nest, and the figures by which a search ranks it."""

from __future__ import annotations

from .jit import kernel
from .output import count_output
from .problem import ENTRIES, KEEP, KIND, PLACE, Problem, Work
from .record import Ints
from .spread import spread_lanes
from .tiles import scan
from .traffic import count_read_operand


@kernel
def evaluate_lines(
    problem: Problem, trees: Ints, lines: Ints, n: int, work: Work, room: Ints
) -> int:
    """Count everything that the first `n` lines move: fills `work`, returns its `fault`.

    Args:
        problem, trees: from `pack_problem`.
        lines: int64[>= n, 4] - kind, subject, count, place: (FOR, dim, trips, -1),
            (PAR, dim, trips, axis) or (KEEP, operand, buffers, memory), outer to inner. Extents
            close, keeps follow the memories and stand between the `par` lines of their arrays.
        work, room: from `new_work` and `new_room`; one evaluation at a time uses them.
    """
    scan(problem, lines, n, work)
    spread_lanes(problem, trees, lines, n, work, room)
    return count_words(problem, lines, n, work, room)


@kernel
def count_words(problem: Problem, lines: Ints, n: int, work: Work, room: Ints) -> int:
    """Count all traffic. `scan` has read these lines; what `spread_lanes` left may be of an
    earlier nest, as long as nothing has changed that it depends on."""
    _clear(problem, work)
    work.fault = work.spread_fault
    points = work.time_above[n]
    work.compute_cycles = ceil_ratio(points, problem.point_cycles[0], problem.point_cycles[1])
    for operand in range(problem.operands - 1):
        count_read_operand(problem, operand, lines, n, work)
    count_output(problem, lines, n, work, room)
    _count_capacity(problem, lines, n, work)
    for net in range(problem.nets):
        worst = 0
        for entry in range(ENTRIES):
            worst = max(worst, work.load[net, entry])
        work.net_bits[net] = worst
    status: int = work.fault
    return status


@kernel
def ceil_ratio(amount: int, times: int, over: int) -> int:
    """ceil(amount * times / over), without an overflow on the way."""
    whole = amount // over
    return whole * times - (-((amount - whole * over) * times)) // over


@kernel
def _clear(problem: Problem, work: Work) -> None:
    for memory in range(problem.memories):
        work.used_bits[memory] = 0
        work.instances[memory] = 0
        for role in range(3):
            work.role_bits[memory, role] = 0
        for operand in range(problem.operands):
            work.kept_bits[memory, operand] = 0
            for action in range(4):
                work.words[memory, operand, action] = 0
                work.accesses[memory, operand, action] = 0
    for port in range(problem.ports):
        work.port_bits[port] = 0
    for net in range(problem.nets):
        for operand in range(problem.operands):
            work.word_hops[net, operand] = 0
            work.bit_hops[net, operand] = 0
        for entry in range(ENTRIES):
            work.load[net, entry] = 0


@kernel
def _count_capacity(problem: Problem, lines: Ints, n: int, work: Work) -> None:
    """Bits kept in one instance of each memory, and how many instances are in use.

    The tile of an op in place counts once where its read and its written side are both kept.
    """
    output = problem.operands - 1
    for at in range(n):
        if lines[at, KIND] == KEEP:
            work.instances[lines[at, PLACE]] = work.lanes_above[at]
    work.instances[problem.memories] = work.lanes_above[n]
    for memory in range(problem.memories):
        for operand in range(output + 1):
            bits = work.kept_bits[memory, operand]
            if operand == problem.partner:
                bits -= min(bits, work.kept_bits[memory, output])
            work.used_bits[memory] += bits
            work.role_bits[memory, problem.role[operand]] += bits


# ---- ranking --------------------------------------------------------------------------------


@kernel
def cycles_of(problem: Problem, work: Work) -> int:
    """The largest of compute, every port and every net."""
    cycles: int = work.compute_cycles
    for port in range(problem.ports):
        bits, over = problem.port_rate[port, 0], problem.port_rate[port, 1]
        cycles = max(cycles, ceil_ratio(work.port_bits[port], over, bits))
    for net in range(problem.nets):
        cycles = max(cycles, ceil_ratio(work.net_bits[net], 1, problem.net_width_bits[net]))
    return cycles


@kernel
def energy_of(problem: Problem, work: Work, cycles: int) -> float:
    """Energy in pJ, for ranking: the report's sum is `energy.py`'s, in its own order."""
    energy = problem.compute_pj
    for memory in range(problem.memories):
        for operand in range(problem.operands):
            for action in range(4):
                times = work.accesses[memory, operand, action]
                if times > 0:
                    energy += times * problem.energy_pj[memory, action]
    for net in range(problem.nets):
        for operand in range(problem.operands):
            energy += work.bit_hops[net, operand] * problem.net_pj[net]
    leak = problem.leak_pj
    for part in range(problem.memories + 1):
        leak += work.instances[part] * problem.gated_pj[part]
    return energy + leak * cycles


@kernel
def excess_of(problem: Problem, work: Work) -> float:
    """By how much capacities and shares are exceeded: a sum of ratios, 0 when all fits."""
    excess = 0.0
    for memory in range(problem.memories):
        size = problem.size_bits[memory]
        if 0 <= size < work.used_bits[memory]:
            excess += (work.used_bits[memory] - size) / max(1, size)
        for role in range(3):
            share = problem.share_bits[memory, role]
            if 0 <= share < work.role_bits[memory, role]:
                excess += (work.role_bits[memory, role] - share) / max(1, share)
    return excess
