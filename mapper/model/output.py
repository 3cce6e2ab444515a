"""Traffic of the output: drains, updates, old values, and partial sums that come back."""

from __future__ import annotations

from .jit import kernel
from .problem import (
    COUNT,
    DRAIN,
    EITHER,
    ENTRIES,
    FILL,
    FOR,
    HELD_TWICE,
    KEEP,
    KIND,
    OK,
    PAR,
    PLACE,
    READ,
    SUBJECT,
    TOO_LARGE,
    UNEVEN_REFILL,
    UPDATE,
    Problem,
    Work,
)
from .record import Ints
from .tiles import inner_loop, place_of, union_of_boxes
from .traffic import book, book_port, carry, entries


@kernel
def count_output(problem: Problem, lines: Ints, n: int, work: Work, room: Ints) -> None:
    """Book every link of the output, from its home inward."""
    output = problem.operands - 1
    links = work.holds[output]
    for link in range(links):
        if not _measure(problem, lines, n, link, work, room):
            work.fault = TOO_LARGE
            return
    work.classes[0, 0] = work.lanes_above[work.hold[output, 0]]
    work.classes[0, 1] = 0
    classes = 1
    for link in range(links):
        _book_updates(problem, lines, n, link, work)
        refills = _book_reads(problem, lines, link, classes, work)
        classes = _refill(problem, lines, n, link, classes, refills, work, room)


@kernel
def _measure(problem: Problem, lines: Ints, n: int, link: int, work: Work, room: Ints) -> bool:
    """Words that enter a child, words of the parent that they touch, width in the parent.

    First touches of P = (trips outside P's l*) * |union of the child's tiles over the loops
    between and l* itself|; at home, or without an l*, only the loops between.
    """
    output = problem.operands - 1
    at, child = work.hold[output, link], work.hold[output, link + 1]
    memory = lines[at, PLACE]
    work.entered[link] = entries(problem, output, lines, child, n, work)
    moving = -1 if link == 0 else inner_loop(problem, output, lines, at)
    box = -1 if child == n else child
    union = union_of_boxes(problem, lines, at, child, moving, box, EITHER, work, room)
    work.touched[link] = union if moving < 0 else union * work.time_above[moving]
    updates = work.entered[link] * work.groups[output, link]
    partial = _is_reduced_above(problem, lines, at)
    if link > 0 and (work.partial[link - 1] or work.several[link - 1]):
        partial = True  # what is unfinished further out is unfinished here
    several = problem.reduces == 1 and updates > work.touched[link]
    work.partial[link], work.several[link] = partial, several
    given = problem.word_bits[memory, output]
    finished = problem.acc_bits if partial or several else problem.final_bits
    work.width[link] = given if given > 0 else finished
    work.kept_bits[memory, output] = work.volume[at] * work.width[link] * lines[at, COUNT]
    return union >= 0


@kernel
def _is_reduced_above(problem: Problem, lines: Ints, above: int) -> bool:
    """Whether a loop over a dim that the result does not name stands above a line."""
    for at in range(above):
        loop = lines[at, KIND] != KEEP and lines[at, COUNT] > 1
        if loop and problem.reduction[lines[at, SUBJECT]]:
            return True
    return False


@kernel
def _book_updates(problem: Problem, lines: Ints, n: int, link: int, work: Work) -> None:
    """A child's drains, what they are on the nets, and the parent's updates."""
    output = problem.operands - 1
    at, child = work.hold[output, link], work.hold[output, link + 1]
    memory = lines[at, PLACE]
    words, groups = work.entered[link], work.groups[output, link]
    finished = _finished(problem, memory, link, words * groups, work)
    bits = _bits(problem, memory, words * groups, finished)
    book(problem, work, memory, output, UPDATE, work.lanes_above[at], words * groups, bits)
    book_port(problem, work, memory, output, UPDATE, bits)
    # A lane's share of a sum is not finished before the lanes of its group are combined.
    alone = groups * work.lanes_above[at] == work.lanes_above[child]
    sent = finished // groups if alone or not problem.reduces else 0
    sender = -1 if child == n else lines[child, PLACE]
    bits = _sent_bits(problem, sender, words, sent)
    carry(problem, lines, n, output, link, words, bits, work)
    if child < n:
        bits = words * work.width[link + 1]
        book(problem, work, sender, output, DRAIN, work.lanes_above[child], words, bits)
        book_port(problem, work, sender, output, DRAIN, bits)


@kernel
def _finished(problem: Problem, memory: int, link: int, updates: int, work: Work) -> int:
    """Updates that carry the finished value of their element.

    All, where every element gets one; the last of each, where the memory only overwrites; none
    while a loop outside the parent goes on reducing.
    """
    if work.partial[link]:
        return 0
    if not work.several[link]:
        return updates
    return 0 if problem.accumulates[memory] else work.touched[link]


@kernel
def _bits(problem: Problem, memory: int, words: int, finished: int) -> int:
    given: int = problem.word_bits[memory, problem.operands - 1]
    if given > 0:
        return words * given
    return finished * problem.final_bits + (words - finished) * problem.acc_bits


@kernel
def _sent_bits(problem: Problem, sender: int, words: int, finished: int) -> int:
    given = 0 if sender < 0 else problem.word_bits[sender, problem.operands - 1]
    partial = given if given > 0 else problem.acc_bits
    bits: int = finished * problem.final_bits + (words - finished) * partial
    return bits


@kernel
def _book_reads(problem: Problem, lines: Ints, link: int, classes: int, work: Work) -> int:
    """Old values: an update (or a refill) of an element that is not empty reads it.

    Reads = updates - first touches + words refilled before. Returns the reads of all instances.
    """
    output = problem.operands - 1
    if not problem.reduces:
        return 0
    memory = lines[work.hold[output, link], PLACE]
    updates = work.entered[link] * work.groups[output, link]
    never_empty = problem.always_reads[memory] or (link == 0 and problem.preloaded)
    total = 0
    for index in range(classes):
        instances, refilled = work.classes[index, 0], work.classes[index, 1]
        reads = updates if never_empty else updates - work.touched[link] + refilled
        bits = reads * work.width[link]
        book(problem, work, memory, output, READ, instances, reads, bits)
        if index == 0:
            book_port(problem, work, memory, output, READ, bits)
        total += instances * reads
        work.classes[index, 1] = reads
    return total


@kernel
def _refill(
    problem: Problem,
    lines: Ints,
    n: int,
    link: int,
    classes: int,
    reads: int,
    work: Work,
    room: Ints,
) -> int:
    """Give what a parent that cannot add has read back to lane 0 of each group.

    `work.classes` holds (instances of the parent, words each has read) and is brought forward
    to (instances of the child, words each was refilled with). Returns how many classes there are.
    """
    output = problem.operands - 1
    at, child = work.hold[output, link], work.hold[output, link + 1]
    memory, groups = lines[at, PLACE], work.groups[output, link]
    lanes = work.lanes_above[child]
    if reads == 0 or problem.accumulates[memory]:
        work.classes[0, 0], work.classes[0, 1] = lanes, 0
        return 1
    fault = _refill_fault(problem, lines, n, link, classes > 1, work, room)
    if fault != OK:
        if work.fault == OK:
            work.fault, work.fault_memory, work.fault_operand = fault, memory, output
        return classes
    _carry_refills(problem, lines, n, link, reads, work)
    for index in range(classes):
        work.classes[index, 0] *= groups
        work.classes[index, 1] //= groups
        lanes -= work.classes[index, 0]
        if child < n:
            _book_fills(problem, lines[child, PLACE], index, work.width[link + 1], work)
    work.classes[classes, 0], work.classes[classes, 1] = lanes, 0
    return classes + 1


@kernel
def _book_fills(problem: Problem, memory: int, index: int, width: int, work: Work) -> None:
    """Book the refills of one class of a memory's instances; the first class is the busiest."""
    output, instances, words = problem.operands - 1, work.classes[index, 0], work.classes[index, 1]
    book(problem, work, memory, output, FILL, instances, words, words * width)
    if index == 0:
        book_port(problem, work, memory, output, FILL, words * width)


@kernel
def _refill_fault(
    problem: Problem, lines: Ints, n: int, link: int, refilled: bool, work: Work, room: Ints
) -> int:
    """Whether partial sums come back evenly: to every group alike, and to words that are used.

    Two groups that hold one element at once would each add to a copy; tiles of lanes that overlap
    at different times, or that have holes, come back in uneven shares that no form here counts.
    """
    output = problem.operands - 1
    at, child = work.hold[output, link], work.hold[output, link + 1]
    box = -1 if child == n else child
    groups = work.groups[output, link]
    volume = 1 if child == n else work.volume[child]
    at_once = union_of_boxes(problem, lines, at, child, -1, box, PAR, work, room)
    if at_once < groups * volume:
        return HELD_TWICE
    moving = -1 if link == 0 else inner_loop(problem, output, lines, at)
    alone = union_of_boxes(problem, lines, at, child, moving, box, FOR, work, room)
    if moving >= 0:
        alone *= work.time_above[moving]
    if not work.regular[output, link] or alone * groups != work.touched[link]:
        return UNEVEN_REFILL
    if child < n and work.touched[link + 1] != work.entered[link]:
        return UNEVEN_REFILL
    if refilled and not _tiles_apart(problem, lines, at, work, room):
        return UNEVEN_REFILL
    return OK


@kernel
def _tiles_apart(problem: Problem, lines: Ints, at: int, work: Work, room: Ints) -> bool:
    """Whether the tiles of a keep of the output are equal or have no word in common."""
    output, tiles = problem.operands - 1, 1
    for above in range(at):
        if lines[above, KIND] == FOR and problem.relevant[output, lines[above, SUBJECT]]:
            tiles *= lines[above, COUNT]
    union = union_of_boxes(problem, lines, 0, at, -1, at, FOR, work, room)
    return bool(union == tiles * work.volume[at])


@kernel
def _carry_refills(
    problem: Problem, lines: Ints, n: int, link: int, reads: int, work: Work
) -> None:
    """Refills on the nets: each word takes the route to lane 0 of its group only."""
    output = problem.operands - 1
    at, child = work.hold[output, link], work.hold[output, link + 1]
    above, below = place_of(problem, lines, n, at), place_of(problem, lines, n, child)
    groups = work.groups[output, link]
    busiest = work.classes[0, 1] // groups * work.width[link]
    for stage in range(problem.stages[2]):
        net = problem.stage_net[2, stage]
        if net < 0 or not above < problem.stage_place[2, stage] <= below:
            continue
        routes = work.outer_groups[output, stage] * work.refill_hops[output, stage]
        hops = reads // groups * routes
        work.word_hops[net, output] += hops
        work.bit_hops[net, output] += hops * work.width[link]
        for entry in range(ENTRIES):
            work.load[net, entry] += busiest * work.refill_entry[output, stage, entry]
