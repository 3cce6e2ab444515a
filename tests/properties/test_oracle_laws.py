"""What must hold of every run of the oracle, whatever the nest; it checks values itself."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from math import gcd, prod

from hypothesis import assume, given
from hypothesis import strategies as st
from oracle.counts import Counts, count
from oracle.interpreter import Kind, Trace, run
from oracle.moves import groups
from oracle.nets import crossings
from oracle.places import (
    Box,
    IllegalNest,
    Place,
    elements,
    is_relevant,
    loops,
    tile_box,
    whole_box,
    window,
)
from properties.strategies_nest import Case, cases, examples

from tilewright.hw_specs.model import Action, FirstTouch, Reuse
from tilewright.ir.types import Reduce
from tilewright.ir.workload import Operand
from tilewright.mapper.space.nest import Step

all_policies = cases(reuse=tuple(Reuse), max_points=128)


def traced(case: Case) -> Trace:
    """The trace of a legal case."""
    try:
        return run(case.nest, case.arch)
    except IllegalNest:
        assume(False)
        raise


# ---- closed forms that docs/model.md states -----------------------------------------------------


@examples(100)
@given(all_policies)
def test_entries_follow_their_closed_form(case: Case) -> None:
    trace = traced(case)
    entered = count(trace).entries
    for places in trace.layout.places.values():
        for place in places[1:]:
            memory = None if place.memory is None else place.memory.path
            for coords in trace.layout.lanes[place.depth]:
                assert entered[place.operand.name, memory][coords] == _entries(case, place)


def _entries(case: Case, place: Place) -> int:
    """Words that enter an instance of a place, from the bounds of the loops outside it."""
    outside = [(n, line) for n, line in loops(case.nest) if n < place.line and line.axis is None]
    relevant = [(n, line) for n, line in outside if is_relevant(line, place.operand)]
    box = _box_below(case, place)
    volume = _volume(box)
    if place.reuse is Reuse.NONE:
        return volume * prod(line.trips for _, line in outside)
    if place.reuse is Reuse.EXACT:
        return volume + sum(
            (line.trips - 1)
            * prod(outer.trips for m, outer in outside if m < n)
            * (volume - _overlap(place.operand, box, n, line, outside))
            for n, line in outside
        )
    if not relevant:
        return volume
    n, line = relevant[-1]
    step = volume - _overlap(place.operand, box, n, line, outside)
    return prod(o.trips for m, o in outside if m < n) * (volume + (line.trips - 1) * step)


def _box_below(case: Case, place: Place) -> Box:
    spans = window(case.nest, place.line, dict.fromkeys(range(len(case.nest.lines)), 0))
    assert spans is not None
    return tile_box(place.operand, spans)


def _volume(box: Box) -> int:
    return prod(high - low for low, high in box)


def _overlap(
    operand: Operand, box: Box, number: int, line: Step, outside: list[tuple[int, Step]]
) -> int:
    """Words that a tile has in common with the one before, when this loop steps."""
    common = 1
    for axis, (low, high) in zip(operand.axes, box, strict=True):
        rewound = sum(
            axis.coefficient(inner.dim) * inner.tile * (inner.trips - 1)
            for m, inner in outside
            if m > number
        )
        shift = axis.coefficient(line.dim) * line.tile - rewound
        common *= max(0, high - low - abs(shift))
    return common


@given(*[st.integers(1, 7)] * 2, *[st.integers(0, 5)] * 2)
def test_groups_of_two_loops_on_one_axis(m: int, n: int, a: int, b: int) -> None:
    assume(a or b)
    boxes: dict[tuple[int, ...], Box | None] = {
        (i, j): ((a * i + b * j, a * i + b * j + 1),) for i in range(m) for j in range(n)
    }
    g = gcd(a, b)
    distinct = m * n - max(0, m - b // g) * max(0, n - a // g)
    assert len(groups(boxes, 0, (True, True))) == distinct


# ---- conservation -------------------------------------------------------------------------------


@examples(100)
@given(all_policies)
def test_every_point_runs_once(case: Case) -> None:
    trace = traced(case)
    lanes = prod(line.trips for _, line in loops(case.nest) if line.axis is not None)
    assert trace.points == case.op.points == trace.steps * lanes


@examples(100)
@given(all_policies)
def test_what_leaves_a_memory_arrives(case: Case) -> None:
    """On every link, words read or drained at one end are those written at the other."""
    trace = traced(case)
    counts = count(trace)
    for operand, places in trace.layout.places.items():
        for parent, child in pairwise(places):
            assert parent.memory is not None
            words = counts.words[parent.memory.path][operand]
            link = [t for t in trace.transfers if t.child is child]
            updates = sum(len(t.words) for t in link if t.kind is Kind.UPDATE)
            inward = sum(len(t.words) for t in link if t.kind is not Kind.UPDATE)
            assert words[Action.UPDATE] == updates
            assert words[Action.READ] == inward + sum(t.old_reads for t in link)
            if child.memory is not None:
                inner = counts.words[child.memory.path][operand]
                outward = [t for t in link if t.kind is Kind.UPDATE]
                assert inner[Action.DRAIN] == sum(len(t.words) * len(t.group) for t in outward)
                assert inner[Action.DRAIN] >= updates
                assert inner[Action.FILL] >= inward


@examples(100)
@given(cases(max_points=128))
def test_an_update_reads_unless_its_element_is_empty(case: Case) -> None:
    """Reads of the result = updates - first touches, and refills where a memory cannot add."""
    trace = traced(case)
    home = trace.layout.places["y"][0]
    assert home.memory is not None
    knows = home.memory.first_touch is FirstTouch.ELIDE
    assume(knows and case.op.reduce is not Reduce.ASSIGN)
    updates = Counter(w for t in trace.transfers if t.parent is home and t.points for w in t.words)
    state = case.op.tensors[-1].kind == "state"
    first_touches = 0 if state else len(updates)
    words = count(trace).words[home.memory.path]["y"]
    assert words[Action.UPDATE] == updates.total()
    assert words[Action.READ] == updates.total() - first_touches
    assert set(updates) <= elements(whole_box(home.operand, case.op))


@examples(100)
@given(cases(max_points=128))
def test_only_memories_that_cannot_add_give_back(case: Case) -> None:
    for transfer in traced(case).transfers:
        if transfer.kind is Kind.REFILL:
            assert transfer.parent.memory is not None
            assert not transfer.parent.memory.accumulate
            assert len(transfer.group) == 1


@examples(100)
@given(cases(max_points=128))
def test_stages_of_a_transfer(case: Case) -> None:
    """A word is one at the parent; further in it may be more, but no more than lanes take it."""
    trace = traced(case)
    for transfer in trace.transfers:
        on_the_way = list(crossings(trace.layout, transfer.parent, transfer.child, transfer.group))
        by_net = Counter(crossing.net.name for crossing in on_the_way)
        assert all(1 <= words <= len(transfer.group) for words in by_net.values())
        if transfer.child.depth == transfer.parent.depth:
            assert all(words == 1 for words in by_net.values())


@examples(100)
@given(cases(max_points=128))
def test_counts_do_not_depend_on_the_data(case: Case) -> None:
    def counted(seed: int) -> Counts:
        return count(run(case.nest, case.arch, seed))

    traced(case)
    assert counted(1) == counted(2)


@examples(100)
@given(cases(max_points=128))
def test_no_instance_holds_more_than_its_tiles(case: Case) -> None:
    trace = traced(case)
    for (place, coords), words in trace.occupied.items():
        assert coords in trace.layout.lanes[place.depth]
        assert words == _volume(_box_below(case, place))
