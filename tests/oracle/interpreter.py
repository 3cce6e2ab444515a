"""Executes a mapped nest, with values, step by step, and records every transfer of words.

This is docs/model.md taken literally. Each instance of each memory holds a tile of real values. In
every step of the `for` loops all lanes move together: first what leaves a tile is drained, inner to
outer; then what enters is filled, outer to inner; then every lane runs one point of the nest. That
the result is that of the unmapped nest is checked on each run, so a wrong rule cannot go unseen.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

from tilewright.hw_specs.model import Arch, FirstTouch
from tilewright.ir.types import Reduce
from tilewright.ir.workload import operands
from tilewright.mapper.space.nest import Nest

from .moves import Move, by_takers, groups, move
from .nets import shares
from .places import (
    Box,
    Coords,
    Element,
    IllegalNest,
    Index,
    Layout,
    Place,
    lay_out,
    time_steps,
    window,
)
from .values import (
    Data,
    Partial,
    body,
    element_at,
    initial_result,
    merge,
    random_data,
    unmapped_result,
    untouched,
)

Tile = dict[Element, Partial | None]
"""Words by their coordinates; None is an element of the result that is empty."""


class Kind(StrEnum):
    """What a transfer is for."""

    FETCH = "fetch"  # words of a read operand, inward
    REFILL = "refill"  # partial results, back inward
    UPDATE = "update"  # partial results, outward


@dataclass(frozen=True, slots=True)
class Transfer:
    """Words of one operand that cross a link together, in one step.

    Attributes:
        parent, child: the ends of the link.
        source: which instance of the parent.
        group: which instances of the child take or give these words.
        words: their coordinates.
        points: of an update, how many points of the nest are in each word.
        old_reads: of an update, words of the parent that were read.
    """

    kind: Kind
    parent: Place
    child: Place
    source: Coords
    group: tuple[Coords, ...]
    words: tuple[Element, ...]
    points: tuple[int, ...] = ()
    old_reads: int = 0


@dataclass(frozen=True, slots=True)
class Trace:
    """What happened.

    Attributes:
        steps: points of the nest that lane 0 ran.
        points: points of the nest that all lanes ran.
        occupied: the most words that each instance of each place held at once.
    """

    layout: Layout
    steps: int
    points: int
    transfers: tuple[Transfer, ...]
    occupied: dict[tuple[Place, Coords], int]


def run(nest: Nest, arch: Arch, seed: int = 0) -> Trace:
    """Execute a nest on random data.

    Raises:
        IllegalNest: the nest breaks a rule of the model, or wants a memory that cannot add to
            gather partial results of one element from two groups.
        AssertionError: the result differs from that of the unmapped nest.
    """
    machine = _Machine(lay_out(nest, arch), seed)
    before: Index | None = None
    steps = 0
    for now in time_steps(nest):
        machine.step(before, now)
        before = now
        steps += 1
    machine.step(before, None)
    machine.check_result()
    return Trace(machine.layout, steps, machine.points, tuple(machine.transfers), machine.occupied)


@dataclass
class _Machine:
    """All memories with what they hold; a tile is told by its place and its instance."""

    layout: Layout
    seed: int
    tiles: dict[tuple[Place, Coords], Tile] = field(default_factory=dict)
    occupied: dict[tuple[Place, Coords], int] = field(default_factory=Counter)
    transfers: list[Transfer] = field(default_factory=list)
    data: dict[str, Data] = field(default_factory=dict)
    points: int = 0

    def __post_init__(self) -> None:
        self.op = self.layout.nest.op
        *reads, result = operands(self.op)
        if result.tensor in [operand.tensor for operand in reads]:
            raise NotImplementedError("the oracle executes no op that reads its own result")
        self.statement = body(self.op)
        self.links = [
            (outer, inner)
            for places in self.layout.places.values()
            for outer, inner in pairwise(places)
        ]
        for name, (home, *inner) in self.layout.places.items():
            if home.operand.is_output:
                self.before = initial_result(home.operand, self.op, self.seed)
                whole = dict(self.before)
            else:
                self.data[name] = random_data(home.operand, self.op, self.seed)
                whole = {element: Partial(v, 0) for element, v in self.data[name].items()}
            for coords in self.layout.lanes[home.depth]:
                self.tiles[home, coords] = dict(whole)
                self.occupied[home, coords] = len(whole)
            for place in inner:
                self.tiles |= {(place, coords): {} for coords in self.layout.lanes[place.depth]}

    def step(self, before: Index | None, now: Index | None) -> None:
        """Bring all tiles from where they are to where they are next, and run one point a lane."""
        moves = {
            child: {
                coords: move(self.layout, child, coords, before, now)
                for coords in self.layout.lanes[child.depth]
            }
            for _, child in self.links
        }
        for parent, child in reversed(self.links):
            if child.operand.is_output:
                self._drain(parent, child, moves[child])
            else:
                self._drop(child, moves[child])
        for parent, child in self.links:
            if child.operand.is_output:
                self._refill(parent, child, moves[child])
            else:
                self._fetch(parent, child, moves[child])
            for coords in moves[child]:
                held = len(self.tiles[child, coords])
                self.occupied[child, coords] = max(self.occupied[child, coords], held)
        if now is not None:
            for coords, par in self.layout.lanes[-1].items():
                self._run_point(coords, {**now, **par})

    # ---- operands that are read -----------------------------------------------------------------

    def _drop(self, child: Place, moves: dict[Coords, Move]) -> None:
        for coords, moved in moves.items():
            for element in moved.left:
                del self.tiles[child, coords][element]

    def _fetch(self, parent: Place, child: Place, moves: dict[Coords, Move]) -> None:
        """What enters is read once a group at the parent and written at every member."""
        entered = {coords: moved.entered for coords, moved in moves.items()}
        for group in self._groups(parent, child, {c: m.new for c, m in moves.items()}):
            source = group[0][: parent.depth]
            for members, words in by_takers(group, entered).items():
                for coords in members:
                    for element in words:
                        self.tiles[child, coords][element] = self.tiles[parent, source][element]
                self._record(Kind.FETCH, parent, child, members, words)

    # ---- the result -----------------------------------------------------------------------------

    def _refill(self, parent: Place, child: Place, moves: dict[Coords, Move]) -> None:
        """What enters is empty; a memory that cannot add gives its partial results back.

        They go to the first lane of the group only: the group is added up on its way out, so a
        second copy would count twice.
        """
        for coords, moved in moves.items():
            self.tiles[child, coords] |= dict.fromkeys(moved.entered)
        if not self._gives_back(parent):
            return
        entered = {coords: moved.entered for coords, moved in moves.items()}
        together = self._groups(parent, child, {c: m.new for c, m in moves.items()})
        for group in together:
            source = group[0][: parent.depth]
            old = self.tiles[parent, source]
            for (first, *_), words in by_takers(group, entered).items():
                back = tuple(e for e in words if not self._is_empty(parent, source, e))
                for element in back:
                    value = old[element] or untouched(self.op.reduce)
                    self.tiles[child, first][element] = value
                if back:
                    self._record(Kind.REFILL, parent, child, (first,), back)
        self._check_one_owner(parent, child, together)

    def _check_one_owner(
        self, parent: Place, child: Place, together: list[tuple[Coords, ...]]
    ) -> None:
        holders = Counter(
            (group[0][: parent.depth], element)
            for group in together
            for element in set().union(*(self.tiles[child, coords] for coords in group))
        )
        if holders and max(holders.values()) > 1:
            raise IllegalNest("a memory that cannot add holds an element of two groups")

    def _drain(self, parent: Place, child: Place, moves: dict[Coords, Move]) -> None:
        """What leaves is read at every member and reaches the parent as one update a group."""
        left = {coords: moved.left for coords, moved in moves.items()}
        for group in self._groups(parent, child, {c: m.old for c, m in moves.items()}):
            for members, words in by_takers(group, left).items():
                self._update(parent, child, members, words)
                self._check_left_behind(parent, child, members, words)

    def _check_left_behind(
        self,
        parent: Place,
        child: Place,
        members: tuple[Coords, ...],
        words: tuple[Element, ...],
    ) -> None:
        """What a memory gave back is its own again only when nobody inside has any of it left.

        A lane that idles leaves its group alone; a tile that is dropped and fetched anew may have
        children that stay where they are.
        """
        source = members[0][: parent.depth]
        outer = [c for c in self.layout.lanes[child.depth] if c[: parent.depth] == source]
        inner = [
            (place, coords)
            for outside, place in self.links
            if outside is child
            for coords in self.layout.lanes[place.depth]
            if coords[: child.depth] in members
        ]
        held = [(child, coords) for coords in outer] if self._gives_back(parent) else []
        held += inner if self._gives_back(child) else []
        if any(element in self.tiles[key] for key in held for element in words):
            raise IllegalNest("a partial result left a memory that cannot add while it is in use")

    def _update(
        self,
        parent: Place,
        child: Place,
        members: tuple[Coords, ...],
        words: tuple[Element, ...],
    ) -> None:
        source = members[0][: parent.depth]
        tile = self.tiles[parent, source]
        old_reads = self._old_reads(parent, source, words)
        points = []
        for element in words:
            sent = merge(
                self.op.reduce, [self.tiles[child, coords].pop(element) for coords in members]
            )
            points.append(0 if sent is None else sent.points)
            if self.op.reduce is Reduce.ASSIGN:
                tile[element] = tile[element] if sent is None else sent
                continue
            # An element that nothing was added to travels as the identity and counts as touched.
            sent = sent or untouched(self.op.reduce)
            stays = [tile[element]] if self._adds(parent) else []
            tile[element] = merge(self.op.reduce, [*stays, sent])
        self._record(Kind.UPDATE, parent, child, members, words, tuple(points), old_reads)

    def _old_reads(self, parent: Place, source: Coords, words: tuple[Element, ...]) -> int:
        """Words read to be added to; the first of an element has nothing to be added to."""
        if self.op.reduce is Reduce.ASSIGN or not self._adds(parent):
            return 0
        return sum(not self._is_empty(parent, source, element) for element in words)

    def _adds(self, place: Place) -> bool:
        return place.memory is None or place.memory.accumulate

    def _gives_back(self, place: Place) -> bool:
        """Whether partial results return from here; what is assigned has none."""
        return not self._adds(place) and self.op.reduce is not Reduce.ASSIGN

    def _is_empty(self, place: Place, coords: Coords, element: Element) -> bool:
        """Whether nobody needs the old value: a memory may not know, and read it all the same."""
        assert place.memory is not None
        if place.memory.first_touch is FirstTouch.READ:
            return False
        return self.tiles[place, coords][element] is None

    # ---- points ---------------------------------------------------------------------------------

    def _run_point(self, coords: Coords, index: Index) -> None:
        spans = window(self.layout.nest, len(self.layout.nest.lines), index)
        if spans is None:
            return
        point = {dim: start for dim, (start, _) in spans.items()}
        *reads, result = (places[-1] for places in self.layout.places.values())
        words = {
            place.operand.name: self.tiles[place, coords][element_at(place.operand, point)]
            for place in reads
        }
        value = self.statement(point, {name: word.value for name, word in words.items() if word})
        tile, at = self.tiles[result, coords], element_at(result.operand, point)
        tile[at] = merge(self.op.reduce, [tile[at], Partial(value, 1)])
        self.points += 1

    def check_result(self) -> None:
        """Compare what the home holds with the unmapped nest, in values and in points."""
        home = next(ps[0] for ps in self.layout.places.values() if ps[0].operand.is_output)
        (mapped,) = (self.tiles[home, coords] for coords in self.layout.lanes[home.depth])
        for element, expected in unmapped_result(self.op, self.data, self.before).items():
            found = mapped[element]
            if expected is None:
                # Nothing is written here; it may have travelled in a bounding box.
                assert found is None or found.points == 0, (element, found)
            else:
                assert found == expected, (element, found, expected)

    # ---- bookkeeping ----------------------------------------------------------------------------

    def _groups(
        self, parent: Place, child: Place, boxes: dict[Coords, Box | None]
    ) -> list[tuple[Coords, ...]]:
        return groups(boxes, parent.depth, shares(self.layout, parent, child))

    def _record(
        self,
        kind: Kind,
        parent: Place,
        child: Place,
        group: tuple[Coords, ...],
        words: tuple[Element, ...],
        points: tuple[int, ...] = (),
        old_reads: int = 0,
    ) -> None:
        source = group[0][: parent.depth]
        self.transfers.append(
            Transfer(kind, parent, child, source, group, words, points, old_reads)
        )
