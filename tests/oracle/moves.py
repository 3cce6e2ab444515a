"""What leaves and what enters a tile between two steps, and who takes or gives it together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from tilewright.hw_specs.model import Reuse

from .places import (
    Box,
    Coords,
    Element,
    Index,
    Layout,
    Place,
    elements,
    is_relevant,
    loops,
    tile_box,
    window,
)

NOTHING: frozenset[Element] = frozenset()


@dataclass(frozen=True, slots=True)
class Move:
    """The tile of one instance of a place, from one step to the next.

    Attributes:
        old, new: its bounding box before and after; None before the start, after the end, and
            where the lane idles.
        left, entered: words drained or dropped, words fetched; a word may do both.
    """

    old: Box | None
    new: Box | None
    left: frozenset[Element]
    entered: frozenset[Element]


def move(
    layout: Layout, place: Place, coords: Coords, before: Index | None, now: Index | None
) -> Move:
    """How the tile of an instance moves when the `for` loops go from `before` to `now`."""
    par = layout.lanes[place.depth][coords]
    old = None if before is None else _box(layout, place, {**before, **par})
    new = None if now is None else _box(layout, place, {**now, **par})
    old_words = NOTHING if old is None else elements(old)
    new_words = NOTHING if new is None else elements(new)
    kept = old_words & new_words if _keeps(layout, place, before, now) else NOTHING
    return Move(old, new, old_words - kept, new_words - kept)


def _box(layout: Layout, place: Place, index: Index) -> Box | None:
    spans = window(layout.nest, place.line, index)
    return None if spans is None else tile_box(place.operand, spans)


def _keeps(layout: Layout, place: Place, before: Index | None, now: Index | None) -> bool:
    """Whether what the old and the new tile have in common stays where it is."""
    if before is None or now is None:
        return False
    outside = [
        (number, line)
        for number, line in loops(layout.nest)
        if line.axis is None and number < place.line
    ]
    stepped = [(number, line) for number, line in outside if before[number] != now[number]]
    if not stepped:
        return True
    relevant = [number for number, line in outside if is_relevant(line, place.operand)]
    match place.reuse:
        case Reuse.EXACT:
            return True
        case Reuse.NONE:
            return False
        case Reuse.INNERMOST:
            at_rest = all(number not in relevant for number, _ in stepped)
            return at_rest or stepped[0][0] == relevant[-1]


def groups(
    boxes: Mapping[Coords, Box | None], depth: int, sharing: tuple[bool, ...]
) -> list[tuple[Coords, ...]]:
    """Children that take or give the same words at once, each group in order of coordinates.

    They have one parent, the same tile, and the same coordinate on every axis that does not share.

    Args:
        boxes: the tile of each child.
        depth: how many of a child's coordinates are those of its parent.
        sharing: for each further axis, whether its wires let several lanes take or give a word.
    """
    found: dict[tuple[object, ...], list[Coords]] = defaultdict(list)
    for coords, box in sorted(boxes.items()):
        if box is not None:
            further = zip(coords[depth:], sharing, strict=True)
            apart = tuple(coordinate for coordinate, shared in further if not shared)
            found[coords[:depth], apart, box].append(coords)
    return [tuple(members) for members in found.values()]


def by_takers(
    group: tuple[Coords, ...], words: Mapping[Coords, frozenset[Element]]
) -> dict[tuple[Coords, ...], tuple[Element, ...]]:
    """The words that a group moves, by the members that take part.

    With perfect factors all members move the same words; a lane that idled in a tail moves more.
    """
    takers: dict[Element, list[Coords]] = defaultdict(list)
    for coords in group:
        for element in words[coords]:
            takers[element].append(coords)
    together: dict[tuple[Coords, ...], list[Element]] = defaultdict(list)
    for element in sorted(takers):
        together[tuple(takers[element])].append(element)
    return {members: tuple(found) for members, found in together.items()}
