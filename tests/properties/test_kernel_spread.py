"""The kernels' closed forms against enumeration: unions, groups, routes; and what may be reused."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from properties.strategies_nest import Case, cases, examples

from tilewright.ir.text import Diagnostic
from tilewright.mapper.model.evaluate import count_nest
from tilewright.mapper.model.kernels import evaluate_lines
from tilewright.mapper.model.latency import Counted
from tilewright.mapper.model.problem import (
    FILL,
    FOR,
    GRID,
    KIND,
    READ,
    SUBJECT,
    WALK,
    new_room,
    new_work,
)
from tilewright.mapper.model.spread import spread_lanes
from tilewright.mapper.model.tiles import cover, scan
from tilewright.mapper.space.nest import Hold

SPACE = ("groups", "regular", "outer_lanes", "outer_groups", "stage_words", "stage_hops")
NETS = ("word_hops", "bit_hops", "net_bits")


def counted(case: Case) -> Counted:
    try:
        return count_nest(case.nest, case.arch)
    except Diagnostic:
        assume(False)
        raise


@examples(300)
@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 5)), max_size=4),
    st.integers(1, 12),
)
def test_cover_is_the_size_of_the_union(loops: list[tuple[int, int]], extent: int) -> None:
    starts = {
        sum(stride * i for (stride, _), i in zip(loops, index, strict=True))
        for index in product(*(range(trips) for _, trips in loops))
    }
    union = {start + word for start in starts for word in range(extent)}
    strides = np.array([stride for stride, _ in loops] + [0], np.int64)
    trips = np.array([trip for _, trip in loops] + [0], np.int64)
    assert cover(strides, trips, len(loops), extent, np.zeros(256, np.int64)) == len(union)


@examples(100)
@given(cases())
def test_grids_route_like_their_trees(case: Case) -> None:
    """The closed form of a mesh is what walking its routing tree lane by lane gives."""
    found = counted(case)
    kinds = found.problem.net_kind
    assume((kinds == GRID).any())
    kinds[kinds == GRID] = WALK
    work = new_work()
    evaluate_lines(found.problem, found.trees, found.lines, len(found.lines), work, new_room())
    for name in NETS:
        assert (getattr(work, name) == getattr(found.work, name)).all(), name


@examples(50)
@given(cases())
def test_space_stands_while_only_the_order_in_time_changes(case: Case) -> None:
    """`spread_lanes` need not run again when loops in time change places."""
    found = counted(case)
    lines = found.lines.copy()
    for above, below in pairwise(range(len(lines))):
        both = lines[above, KIND] == FOR and lines[below, KIND] == FOR
        if both and lines[above, SUBJECT] != lines[below, SUBJECT]:
            lines[[above, below]] = lines[[below, above]]
    work = new_work()
    scan(found.problem, lines, len(lines), work)
    spread_lanes(found.problem, found.trees, lines, len(lines), work, new_room())
    for name in SPACE:
        assert (getattr(work, name) == getattr(found.work, name)).all(), name


@examples(50)
@given(cases())
def test_words_that_leave_a_memory_arrive(case: Case) -> None:
    """Without a net that shares, what a parent reads is what its children fill."""
    found = counted(case)
    assume(not found.problem.shares.any())
    kept = {(line.memory, line.operand) for line in found.nest.lines if isinstance(line, Hold)}
    for number, operand in enumerate(found.names.operands[:-1]):
        paths = enumerate(memory.path for memory in found.names.memories)
        rows = [row for row, path in paths if (path, operand.name) in kept]
        words = found.work.words[rows, number]
        assert (words[:-1, READ] == words[1:, FILL]).all()
