"""Routes of groups through any routing tree, lane by lane."""

from __future__ import annotations

from .groups import distinct, link_lanes, table_size
from .jit import kernel
from .problem import (
    COUNT,
    DEPTH,
    ENTRIES,
    ENTRY,
    HEADS,
    HOPS,
    KEYS,
    LANE,
    MOST_LANES,
    NEXT,
    NODES,
    PARENT,
    PLACE,
    STAMPS,
    SUBJECT,
    TOO_LARGE,
    Problem,
    Work,
)
from .record import Ints


@kernel
def walk(
    problem: Problem,
    trees: Ints,
    lines: Ints,
    operand: int,
    stage: int,
    inner: int,
    work: Work,
    room: Ints,
) -> None:
    """Walk the routing tree from every lane towards the source, each edge once per group.

    Axes further in are walked as well when a group there depends on the place in this stage.
    """
    role, words = problem.role[operand], work.stage_words[operand, stage]
    for axis in range(problem.axes):
        work.here[axis] = 0
    for index in range(problem.stage_width[role, stage]):
        work.here[problem.stage_axes[role, stage, index]] = 1
    times = inner
    if inner * distinct(problem, lines, operand, work.here, work, room) != words:
        times = 1
        for axis in range(problem.axes):
            work.here[axis] += work.chosen[axis]
    count, lanes = _gather_lanes(problem, lines, operand, stage, work)
    if lanes > MOST_LANES:
        work.spread_fault = TOO_LARGE
        return
    _fill_lanes(problem, trees, operand, stage, count, lanes, work, room)
    link_lanes(lanes, room)
    hops = _climb(trees, lanes, operand, stage, work, room)
    work.stage_hops[operand, stage] = hops * times
    work.refill_hops[operand, stage] *= times
    for entry in range(ENTRIES):
        work.stage_entry[operand, stage, entry] *= times
        work.refill_entry[operand, stage, entry] *= times


@kernel
def _gather_lanes(
    problem: Problem, lines: Ints, operand: int, stage: int, work: Work
) -> tuple[int, int]:
    """The loops over the axes of `work.here`: trips, step of the key, step of the lane.

    The key numbers the groups: the place of a lane's tile in row-major order over the bounding
    box of all, and, above that, the index on the axes that share nothing.
    """
    count, lanes = 0, 1
    for index in range(work.par_count):
        at = work.pars[index]
        if work.here[lines[at, PLACE]]:
            work.loops[count] = at
            work.trips[count] = lines[at, COUNT]
            lanes *= lines[at, COUNT]
            count += 1
    for index in range(count):
        work.strides[index] = 0
    row = 1
    for axis in range(problem.tensor_axes):
        reach = 1
        for index in range(count):
            at = work.loops[index]
            step = problem.coef[operand, axis, lines[at, SUBJECT]] * work.tile[at]
            if problem.shares[operand, lines[at, PLACE]]:
                reach += abs(step) * (lines[at, COUNT] - 1)
                work.strides[index] += step * row
        row *= reach
    for index in range(count - 1, -1, -1):
        at = work.loops[index]
        if not problem.shares[operand, lines[at, PLACE]]:
            work.strides[index] = row
            row *= lines[at, COUNT]
        work.steps[index] = _lane_step(problem, lines, operand, stage, at, work)
    return count, lanes


@kernel
def _lane_step(problem: Problem, lines: Ints, operand: int, stage: int, at: int, work: Work) -> int:
    """How far apart two neighbours of a loop are in the net's lanes; 0 off the stage's axes."""
    step, found = 1, False
    for index in range(work.par_count):
        other = work.pars[index]
        if other > at and lines[other, PLACE] == lines[at, PLACE]:
            step *= lines[other, COUNT]
    role = problem.role[operand]
    for index in range(problem.stage_width[role, stage]):
        axis = problem.stage_axes[role, stage, index]
        if found:
            step *= problem.axis_extent[axis]
        found = found or axis == lines[at, PLACE]
    return step if found else 0


@kernel
def _fill_lanes(
    problem: Problem,
    trees: Ints,
    operand: int,
    stage: int,
    count: int,
    lanes: int,
    work: Work,
    room: Ints,
) -> None:
    """Key and node of every lane; the routes to the first lane of each group on the way."""
    net = problem.stage_net[problem.role[operand], stage]
    start = problem.first_lane[net]
    work.refill_hops[operand, stage] = 0
    for lane in range(lanes):
        rest, key, place, first = lane, 0, 0, True
        for index in range(count - 1, -1, -1):
            value = rest % work.trips[index]
            rest //= work.trips[index]
            key += value * work.strides[index]
            place += value * work.steps[index]
            # Lanes of a regular group differ in loops without a step: lane 0 has them all at 0.
            first = first and (value == 0 or work.strides[index] != 0)
        node = trees[LANE, start + place]
        room[KEYS, lane], room[NODES, lane] = key, node
        if first:
            work.refill_hops[operand, stage] += trees[DEPTH, node]
            if trees[ENTRY, node] >= 0:
                work.refill_entry[operand, stage, trees[ENTRY, node]] += 1


@kernel
def _climb(trees: Ints, lanes: int, operand: int, stage: int, work: Work, room: Ints) -> int:
    """Hops of all groups: from each lane on, up to where the group has already been."""
    for node in range(trees.shape[1]):
        room[STAMPS, node] = -1
    hops = 0
    for slot in range(table_size(lanes)):
        lane = room[HEADS, slot]
        while lane >= 0:
            node = room[NODES, lane]
            while trees[PARENT, node] >= 0 and room[STAMPS, node] != slot:
                room[STAMPS, node] = slot
                hops += trees[HOPS, node]
                if trees[PARENT, trees[PARENT, node]] < 0:
                    work.stage_entry[operand, stage, trees[ENTRY, node]] += 1
                node = trees[PARENT, node]
            lane = room[NEXT, lane]
    return hops
