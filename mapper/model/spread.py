"""Traffic in space: how many words each net carries, and how far they travel."""

from __future__ import annotations

from .groups import distinct, is_apart, relevant_lanes
from .jit import kernel
from .problem import BUS, COUNT, CROSSBAR, ENTRIES, GRID, OK, PLACE, Problem, Work
from .record import Ints
from .tiles import place_of
from .walk import walk


@kernel
def spread_lanes(
    problem: Problem, trees: Ints, lines: Ints, n: int, work: Work, room: Ints
) -> None:
    """Groups of every link, and words, hops and entries of every stage.

    Call `scan` first. The result depends on the `par` lines (dim, trips, axis, order on an axis),
    on the tiles below them, and on which memories keep each operand; while those stand it can be
    used again for other loops in time.
    """
    work.spread_fault = OK
    for operand in range(problem.operands):
        for link in range(work.holds[operand]):
            _spread_link(problem, trees, lines, n, operand, link, work, room)


@kernel
def _spread_link(
    problem: Problem,
    trees: Ints,
    lines: Ints,
    n: int,
    operand: int,
    link: int,
    work: Work,
    room: Ints,
) -> None:
    parent = place_of(problem, lines, n, work.hold[operand, link])
    inside = place_of(problem, lines, n, work.hold[operand, link + 1])
    for axis in range(problem.axes):
        work.chosen[axis] = 1 if parent < problem.axis_place[axis] < inside else 0
    groups = distinct(problem, lines, operand, work.chosen, work, room)
    work.groups[operand, link] = groups
    free = relevant_lanes(problem, lines, operand, work)
    work.regular[operand, link] = 1 if groups == free else 0
    role, outer_lanes, words = problem.role[operand], 1, groups
    for stage in range(problem.stages[role]):
        if not parent < problem.stage_place[role, stage] <= inside:
            continue
        work.outer_lanes[operand, stage] = outer_lanes
        work.outer_groups[operand, stage] = groups // words
        work.stage_words[operand, stage] = words
        for index in range(problem.stage_width[role, stage]):
            axis = problem.stage_axes[role, stage, index]
            work.chosen[axis] = 0
            outer_lanes *= work.lanes[axis]
        inner = distinct(problem, lines, operand, work.chosen, work, room)
        if problem.stage_net[role, stage] >= 0:
            _route(problem, trees, lines, operand, stage, inner, work, room)
        words = inner


@kernel
def _route(
    problem: Problem,
    trees: Ints,
    lines: Ints,
    operand: int,
    stage: int,
    inner: int,
    work: Work,
    room: Ints,
) -> None:
    """Hops and entries of a stage; `inner` groups lie behind each lane, over `work.chosen`."""
    role = problem.role[operand]
    net = problem.stage_net[role, stage]
    words = work.stage_words[operand, stage]
    for entry in range(ENTRIES):
        work.stage_entry[operand, stage, entry] = 0
        work.refill_entry[operand, stage, entry] = 0
    kind = problem.net_kind[net]
    if kind == BUS or kind == CROSSBAR:  # noqa: SIM109 - a kernel compares faster than it looks up
        lanes = 1
        for index in range(problem.stage_width[role, stage]):
            lanes *= work.lanes[problem.stage_axes[role, stage, index]]
        # A bus is one hop for any group, a crossbar one for each lane that takes the word.
        work.stage_hops[operand, stage] = words if kind == BUS else lanes * inner
        work.refill_hops[operand, stage] = words
        work.stage_entry[operand, stage, 0] = words
        work.refill_entry[operand, stage, 0] = words
    elif kind != GRID or not _route_grid(problem, lines, operand, stage, inner, work):
        walk(problem, trees, lines, operand, stage, inner, work, room)


@kernel
def _route_grid(
    problem: Problem, lines: Ints, operand: int, stage: int, inner: int, work: Work
) -> bool:
    """Dimension-order routes from lane 0 when the groups are a product over the axes.

    A group that spans coordinates S_j on axis j needs max(S_1) hops on the first axis, then
    max(S_2) on each of its |S_1| rows, and so on. Returns False when groups are no product.
    """
    role = problem.role[operand]
    words, width = work.stage_words[operand, stage], problem.stage_width[role, stage]
    tail = inner
    for index in range(width):
        axis = problem.stage_axes[role, stage, index]
        tail *= _axis_sums(problem, lines, operand, axis, work)[0]
    if tail != words:
        return False
    driver = problem.net_driver[problem.stage_net[role, stage]]
    hops, refill_hops = driver * words, driver * words
    lead_lanes, lead_groups = 1, 1
    if driver:
        work.stage_entry[operand, stage, 0] = words
        work.refill_entry[operand, stage, 0] = words
    for index in range(width):
        axis = problem.stage_axes[role, stage, index]
        groups, far, near, leaving = _axis_sums(problem, lines, operand, axis, work)
        tail //= groups
        hops += lead_lanes * far * tail
        refill_hops += lead_groups * near * tail
        if not driver:
            work.stage_entry[operand, stage, index] = leaving * tail
            work.refill_entry[operand, stage, index] = (groups - 1) * tail
        lead_lanes *= work.lanes[axis]
        lead_groups *= groups
    work.stage_hops[operand, stage] = hops
    work.refill_hops[operand, stage] = refill_hops
    return True


@kernel
def _axis_sums(
    problem: Problem, lines: Ints, operand: int, axis: int, work: Work
) -> tuple[int, int, int, int]:
    """For one axis: groups, and over them the sums of the farthest lane and of the nearest lane,
    and the groups that reach beyond lane 0."""
    groups, lanes, apart, together = 1, 1, 0, 0
    for index in range(work.par_count - 1, -1, -1):
        at = work.pars[index]
        if lines[at, PLACE] != axis:
            continue
        reach = lanes * (lines[at, COUNT] - 1)
        if is_apart(problem, lines, operand, at):
            apart += reach
            groups *= lines[at, COUNT]
        else:
            together += reach
        lanes *= lines[at, COUNT]
    near = groups * apart // 2
    return groups, near + groups * together, near, groups if together > 0 else groups - 1
