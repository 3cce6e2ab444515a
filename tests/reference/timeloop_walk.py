"""What crosses one block of a nest for one tensor: deltas, multicast groups, neighbour links.

The rules are Timeloop's default nest analysis. A child's tile is a box that the temporal loops
above it move about; a step fetches what the one tile before did not hold, and everything again
when the direction changes. Each other child instance fetches the same, shifted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import product
from math import prod

from .timeloop_case import CaseError

Vector = tuple[int, ...]
Key = tuple[int, int]  # (multicast, scatter): scatter groups of multicast equal children

MAX_STEPS = 1 << 22


@dataclass(frozen=True, slots=True)
class Move:
    """A loop as a tensor sees it: trips, and how far one step moves each axis, in words."""

    trips: int
    shift: Vector


@dataclass(frozen=True, slots=True)
class Delta:
    """The words that a step fetches: the box `sizes` at `low`, less an overlap moved by `cut`.

    Two deltas hold the same words where all three are equal.
    """

    low: Vector
    sizes: Vector
    cut: Vector | None = None

    @property
    def words(self) -> int:
        if self.cut is None:
            return prod(self.sizes)
        kept = prod(size - abs(cut) for size, cut in zip(self.sizes, self.cut, strict=True))
        return prod(self.sizes) - kept


@dataclass(frozen=True, slots=True)
class Mesh:
    """Children of one parent: those used in all and along x, the length of a row, the rows."""

    used: int
    used_x: int
    row: int
    rows: int

    def place(self, index: int) -> tuple[int, int]:
        """Where Timeloop takes a child to be: packed by used rows, unpacked by physical ones."""
        return index % self.row, index // self.row


@dataclass(frozen=True, slots=True)
class Child:
    """One child instance: where it stands, and how far its tile lies from the first one's."""

    place: tuple[int, int]
    offset: Vector


@dataclass(frozen=True, slots=True)
class Round:
    """How one step serves the children: (key, mean hops of a group) each, children by link."""

    records: tuple[tuple[Key, Fraction], ...]
    linked: int

    @property
    def groups(self) -> int:
        return sum(scatter for (_, scatter), _ in self.records)


@dataclass(frozen=True, slots=True)
class Traffic:
    """Words over a block: accesses and word-hops by key, and words forwarded by neighbours."""

    accesses: Mapping[Key, Fraction]
    word_hops: Mapping[Key, Fraction]
    link_words: int

    @property
    def content(self) -> Fraction:
        """Accesses of the parent."""
        return sum(self.accesses.values(), Fraction(0))

    @property
    def delivered(self) -> Fraction:
        """Words that arrive at all children, without those that neighbours forward."""
        return sum((key[0] * n for key, n in self.accesses.items()), Fraction(0))

    def scaled(self, factor: Fraction) -> Traffic:
        """What a bypassing child leaves: the same groups, other counts, no links.

        Timeloop leaves the word-hops as they were.
        """
        return Traffic({key: n * factor for key, n in self.accesses.items()}, self.word_hops, 0)


def children(spatial: Sequence[tuple[str, Move]], mesh: Mesh, rank: int) -> tuple[Child, ...]:
    """All children of one parent; loops outermost first within each axis `X` or `Y`."""
    found = []
    for indices in product(*(range(move.trips) for _, move in spatial)):
        x = y = 0
        offset = (0,) * rank
        for (axis, move), index in zip(spatial, indices, strict=True):
            if axis == "X":
                x = x * move.trips + index
            else:
                y = y * move.trips + index
            offset = add(offset, move.shift, index)
        found.append(Child(mesh.place(y * mesh.used_x + x), offset))
    return tuple(found)


def add(a: Vector, b: Vector, times: int = 1) -> Vector:
    return tuple(x + times * y for x, y in zip(a, b, strict=True))


def steps(moves: Sequence[Move], rank: int, extrapolate: bool) -> Iterator[tuple[Vector, int]]:
    """Where the first child's tile lies at each visited step, and how many steps that stands for.

    Extrapolated, iteration 1 of a loop stands for all but the first. Loops outermost first.
    """
    turns = [
        ((0, 1), (1, move.trips - 1)) if extrapolate else tuple((i, 1) for i in range(move.trips))
        for move in moves
        if move.trips > 1
    ]
    shifts = [move.shift for move in moves if move.trips > 1]
    if prod(len(turn) for turn in turns) > MAX_STEPS:
        raise CaseError(f"more than {MAX_STEPS} steps to walk")
    for visit in product(*turns):
        at = (0,) * rank
        for (index, _), shift in zip(visit, shifts, strict=True):
            at = add(at, shift, index)
        yield at, prod(weight for _, weight in visit)


def deltas(
    sizes: Vector, visits: Iterable[tuple[Vector, int]], holds: bool
) -> Iterator[tuple[Delta | None, int]]:
    """What the first child fetches at each visited step (None: nothing), with its weight.

    A child that holds nothing fetches its whole tile each time.
    """
    last: Vector | None = None
    direction: Vector | None = None
    for at, weight in visits:
        if last is None or not holds:
            yield Delta(at, sizes), weight
        elif not any(moved := add(at, last, -1)):
            yield None, weight
        elif direction is None or moved == direction:
            direction = moved
            yield fresh(at, sizes, moved), weight
        else:
            direction = None
            yield Delta(at, sizes), weight
        last = at


def fresh(at: Vector, sizes: Vector, moved: Vector) -> Delta:
    """The words of a tile that the equally large one, `moved` ago, did not hold."""
    along = [axis for axis, shift in enumerate(moved) if shift]
    if any(abs(moved[axis]) >= sizes[axis] for axis in along):
        return Delta(at, sizes)
    if len(along) > 1:
        return Delta(at, sizes, moved)
    low, left = list(at), list(sizes)
    left[along[0]] = abs(moved[along[0]])
    if moved[along[0]] > 0:
        low[along[0]] += sizes[along[0]] - left[along[0]]
    return Delta(tuple(low), tuple(left))


def grouped(members: Iterable[Child], mesh: Mesh) -> tuple[tuple[Key, Fraction], ...]:
    """Multicast groups of the children with the same delta, pooled by their number of members."""
    bins: defaultdict[Vector, list[tuple[int, int]]] = defaultdict(list)
    for child in members:
        bins[child.offset].append(child.place)
    pools: defaultdict[int, list[Fraction]] = defaultdict(list)
    for places in bins.values():
        pools[len(places)].append(tree_hops(places, mesh))
    return tuple(
        ((size, len(hops)), sum(hops, Fraction(0)) / len(hops)) for size, hops in pools.items()
    )


def tree_hops(places: Sequence[tuple[int, int]], mesh: Mesh) -> Fraction:
    """Hops to reach places from the middle of the left edge: one trunk, then each column.

    A block that feeds a single child has no array to cross.
    """
    if mesh.used == 1:
        return Fraction(0)
    middle = Fraction(mesh.rows - 1, 2)
    hops = Fraction(max(x for x, _ in places))
    for column in {x for x, _ in places}:
        reached = [y for x, y in places if x == column]
        hops += max(middle, Fraction(max(reached))) - min(middle, Fraction(min(reached)))
    return hops


def forwarded(all_children: Sequence[Child], mesh: Mesh, moved: Vector) -> Round:
    """A step where children take over what a neighbour fetched a step ago.

    `moved` is how far the first child's delta, otherwise the same, lies from its last one.
    """
    offsets = {child.place: child.offset for child in all_children}

    def linked(child: Child) -> bool:
        x, y = child.place
        wanted = add(child.offset, moved)
        return any(
            offsets.get(place) == wanted
            for place in ((x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1))
        )

    rest = [child for child in all_children if not linked(child)]
    return Round(grouped(rest, mesh), len(all_children) - len(rest))


def walk(
    served: Iterable[tuple[Delta | None, int]],
    all_children: Sequence[Child],
    mesh: Mesh,
    links: bool,
) -> Traffic:
    """Sum what all visited steps move from one parent to its children."""
    plain = Round(grouped(all_children, mesh), 0)

    @cache
    def best(moved: Vector) -> Round:
        other = forwarded(all_children, mesh, moved)
        return other if other.groups < plain.groups else plain

    accesses: Counter[Key] = Counter()
    word_hops: defaultdict[Key, Fraction] = defaultdict(Fraction)
    link_words = 0
    before: Delta | None = None
    for delta, weight in served:
        if delta is not None:
            same = before and (before.sizes, before.cut) == (delta.sizes, delta.cut)
            one = best(add(delta.low, before.low, -1)) if links and before and same else plain
            words = delta.words * weight
            for key, hops in one.records:
                accesses[key] += words * key[1]
                word_hops[key] += words * key[1] * hops
            link_words += words * one.linked
        before = delta
    return Traffic({key: Fraction(n) for key, n in accesses.items()}, word_hops, link_words)
