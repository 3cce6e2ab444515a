"""Groups: which lanes of a link hold the same tile, and so share a word."""

from __future__ import annotations

from math import gcd

from .jit import kernel
from .problem import COUNT, HEADS, KEYS, MOST_LANES, NEXT, PLACE, SUBJECT, TOO_LARGE, Problem, Work
from .record import Ints

_SPREADER = 0x9E3779B97F4A7C1  # an odd number without pattern: 2^60 / golden ratio


@kernel
def relevant_lanes(problem: Problem, lines: Ints, operand: int, work: Work) -> int:
    """Product of the trips that tell lanes of the chosen axes apart, were all sums different."""
    lanes = 1
    for index in range(work.par_count):
        at = work.pars[index]
        if work.chosen[lines[at, PLACE]] and is_apart(problem, lines, operand, at):
            lanes *= lines[at, COUNT]
    return lanes


@kernel
def is_apart(problem: Problem, lines: Ints, operand: int, at: int) -> bool:
    """Whether a loop in space moves the tile, or splits lanes that share nothing."""
    moves: bool = problem.relevant[operand, lines[at, SUBJECT]] == 1
    return moves or problem.shares[operand, lines[at, PLACE]] == 0


@kernel
def distinct(
    problem: Problem, lines: Ints, operand: int, chosen: Ints, work: Work, room: Ints
) -> int:
    """Groups over the chosen axes: lanes with different tiles, or apart on an unshared axis."""
    alone, count = 1, 0
    for index in range(work.par_count):
        at = work.pars[index]
        axis = lines[at, PLACE]
        if not chosen[axis]:
            continue
        if not problem.shares[operand, axis]:
            alone *= lines[at, COUNT]
        elif problem.relevant[operand, lines[at, SUBJECT]]:
            work.loops[count] = at
            count += 1
    return alone * _distinct_sums(problem, lines, operand, count, work, room)


@kernel
def _distinct_sums(
    problem: Problem, lines: Ints, operand: int, count: int, work: Work, room: Ints
) -> int:
    """Different tiles of the loops in `work.loops`: |{sum of steps * i}|.

    A step is a vector over the tensor's axes, laid out row-major so that it is one number. Loops
    whose steps exceed what the smaller ones reach together never meet. For two that do, with
    steps a, b and trips m, n: m*n - max(0, m - b/g) * max(0, n - a/g), g = gcd(a, b).
    """
    lanes = 1
    for index in range(count):
        lanes *= lines[work.loops[index], COUNT]
    if count < 2 or not _meet(problem, lines, operand, count, work):
        return lanes
    if count == 2:
        a, b = work.strides[0], work.strides[1]
        common = gcd(a, b)
        m, n = work.trips[0], work.trips[1]
        equal: int = max(0, m - b // common) * max(0, n - a // common)
        return lanes - equal
    if lanes > MOST_LANES:
        work.spread_fault = TOO_LARGE
        return lanes
    for lane in range(lanes):
        key, rest = 0, lane
        for index in range(count):
            key += (rest % work.trips[index]) * work.strides[index]
            rest //= work.trips[index]
        room[KEYS, lane] = key
    return link_lanes(lanes, room)


@kernel
def link_lanes(lanes: int, room: Ints) -> int:
    """Link the lanes of equal key into lists; returns how many lists there are.

    A hash table with open addressing: row HEADS holds the last lane of each list or -1, row NEXT
    each lane's predecessor or -1. `table_size` says how many slots are in use.
    """
    slots, lists = table_size(lanes), 0
    for slot in range(slots):
        room[HEADS, slot] = -1
    for lane in range(lanes):
        key = room[KEYS, lane]
        slot = ((key * _SPREADER) >> 29) & (slots - 1)
        while room[HEADS, slot] >= 0 and room[KEYS, room[HEADS, slot]] != key:
            slot = (slot + 1) & (slots - 1)
        lists += room[HEADS, slot] < 0
        room[NEXT, lane] = room[HEADS, slot]
        room[HEADS, slot] = lane
    return lists


@kernel
def table_size(lanes: int) -> int:
    """Slots of the hash table for some lanes: a power of two, at most half full."""
    slots = 2
    while slots < 2 * lanes:
        slots *= 2
    return slots


@kernel
def _meet(problem: Problem, lines: Ints, operand: int, count: int, work: Work) -> bool:
    """Whether two of the loops may lead to the same tile; leaves strides and trips, sorted."""
    row, shared = 1, False
    for index in range(count):
        work.strides[index] = 0
        work.trips[index] = lines[work.loops[index], COUNT]
    for axis in range(problem.tensor_axes):
        reach, movers = 1, 0
        for index in range(count):
            at = work.loops[index]
            step = problem.coef[operand, axis, lines[at, SUBJECT]] * work.tile[at]
            movers += step != 0
            reach += abs(step) * (lines[at, COUNT] - 1)
            work.strides[index] += step * row
        row *= reach
        shared = shared or movers > 1
    if not shared:
        return False
    return not _sort_nested(count, work)


@kernel
def _sort_nested(count: int, work: Work) -> bool:
    """Sort by stride; True when each stride exceeds the reach of all smaller ones."""
    strides, trips = work.strides, work.trips
    for index in range(count):
        stride, trip, at = abs(strides[index]), trips[index], index
        while at > 0 and strides[at - 1] > stride:
            strides[at], trips[at] = strides[at - 1], trips[at - 1]
            at -= 1
        strides[at], trips[at] = stride, trip
    reach, nested = 0, True
    for index in range(count):
        nested = nested and strides[index] > reach
        reach += strides[index] * (trips[index] - 1)
    return nested
