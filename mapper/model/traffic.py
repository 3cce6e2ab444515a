"""Traffic in time: what enters a tile, and how it is booked at memories, ports and nets."""

from __future__ import annotations

from .jit import kernel
from .problem import (
    COUNT,
    ENTRIES,
    FILL,
    NO_PORT,
    OK,
    PLACE,
    READ,
    SUBJECT,
    Problem,
    Work,
)
from .record import Ints
from .tiles import inner_loop, place_of


@kernel
def entries(problem: Problem, operand: int, lines: Ints, child: int, n: int, work: Work) -> int:
    """Words that enter one child instance: `reuse = innermost`.

    (trips outside l*) * (V + (bound(l*) - 1) * (V - overlap(l*))), where overlap is the product
    over the axes of max(0, extent - |shift|); without an l*, V. A unit without a latch takes its
    word at every point; a latch is a tile of one word.
    """
    if child == n and not problem.latch[operand]:
        points: int = work.time_above[n]
        return points
    volume: int = 1 if child == n else work.volume[child]
    inner = inner_loop(problem, operand, lines, child)
    if inner < 0:
        return volume
    overlap = 1
    for axis in range(problem.tensor_axes):
        shift = abs(problem.coef[operand, axis, lines[inner, SUBJECT]]) * work.tile[inner]
        extent = 1 if child == n else work.box[child, axis]
        overlap *= max(0, extent - shift)
    words: int = volume + (lines[inner, COUNT] - 1) * (volume - overlap)
    words *= work.time_above[inner]
    return words


@kernel
def book(
    problem: Problem,
    work: Work,
    memory: int,
    operand: int,
    action: int,
    instances: int,
    words: int,
    bits: int,
) -> None:
    """Add the same traffic in each of some instances of a memory."""
    width = problem.width_bits[memory]
    work.words[memory, operand, action] += instances * words
    work.accesses[memory, operand, action] += instances * (-(-bits // width))


@kernel
def book_port(
    problem: Problem, work: Work, memory: int, operand: int, action: int, bits: int
) -> None:
    """Add the traffic of the busiest instance to the port that serves it."""
    if bits == 0:
        return
    port = problem.port_of[memory, problem.role[operand], action]
    if port >= 0:
        work.port_bits[port] += bits
    elif work.fault == OK:
        work.fault, work.fault_memory, work.fault_operand = NO_PORT, memory, operand


@kernel
def carry(
    problem: Problem,
    lines: Ints,
    n: int,
    operand: int,
    link: int,
    words: int,
    bits: int,
    work: Work,
) -> None:
    """Book a link's transfers on its nets: `words` (of `bits` in all) for each group."""
    role = problem.role[operand]
    at, child = work.hold[operand, link], work.hold[operand, link + 1]
    above, below = place_of(problem, lines, n, at), place_of(problem, lines, n, child)
    parents = work.lanes_above[at]
    for stage in range(problem.stages[role]):
        net = problem.stage_net[role, stage]
        if net < 0 or not above < problem.stage_place[role, stage] <= below:
            continue
        hops = parents * work.outer_lanes[operand, stage] * work.stage_hops[operand, stage]
        work.word_hops[net, operand] += hops * words
        work.bit_hops[net, operand] += hops * bits
        for entry in range(ENTRIES):
            work.load[net, entry] += bits * work.stage_entry[operand, stage, entry]


@kernel
def count_read_operand(
    problem: Problem,
    operand: int,
    lines: Ints,
    n: int,
    work: Work,
) -> None:
    """An input or a weight: parent reads = entries * groups, child fills = entries."""
    for link in range(work.holds[operand]):
        at, child = work.hold[operand, link], work.hold[operand, link + 1]
        memory = lines[at, PLACE]
        width = problem.word_bits[memory, operand]
        work.kept_bits[memory, operand] = work.volume[at] * width * lines[at, COUNT]
        words = entries(problem, operand, lines, child, n, work)
        reads = words * work.groups[operand, link]
        instances = work.lanes_above[at]
        book(problem, work, memory, operand, READ, instances, reads, reads * width)
        book_port(problem, work, memory, operand, READ, reads * width)
        carry(problem, lines, n, operand, link, words, words * width, work)
        if child < n:
            below = lines[child, PLACE]
            bits = words * problem.word_bits[below, operand]
            instances = work.lanes_above[child]
            book(problem, work, below, operand, FILL, instances, words, bits)
            book_port(problem, work, below, operand, FILL, bits)
