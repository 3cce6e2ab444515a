"""How wide a word is: in each memory, and on its way.

A partial result is wider than a finished one. Which of them a memory holds depends on what
happened, so widths are decided after a run, from its trace:

- A memory holds partial results when a loop outside its keep goes on reducing, when an element gets
  a further update while it stays there, or when one does in a memory further out.
- An update is finished where the memory that it enters holds no partial results. One that cannot
  add overwrites, so there the last update of an element may be finished.
- A lane's share of a result is not finished before the shares are combined.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from tilewright.hw_specs.model import Arch
from tilewright.ir.types import Reduce
from tilewright.ir.workload import Op, Operand

from .interpreter import Kind, Trace, Transfer
from .places import Coords, Element, Layout, Place, loops, relevant_dims
from .values import points_of_elements


@dataclass(frozen=True, slots=True)
class Widths:
    """Bits of words.

    Attributes:
        stored: of a word in each place that is a memory.
        outer: of all words of each transfer in the memory at its outer end, in order.
        sent: of all words of each transfer on the nets, in order.
    """

    stored: dict[Place, int]
    outer: tuple[int, ...]
    sent: tuple[int, ...]


def widths(trace: Trace) -> Widths:
    """The widths of everything that a trace holds and moves."""
    layout = trace.layout
    partial = _holding_partial_results(trace)
    stored = {
        place: _stored_bits(layout, place, place in partial)
        for places in layout.places.values()
        for place in places
        if place.memory is not None
    }
    shared = {t.child for t in trace.transfers if t.kind is Kind.UPDATE and len(t.group) > 1}
    outer, sent = [], []
    for transfer, finished in zip(trace.transfers, _finished_words(trace, partial), strict=True):
        size, parent, child = len(transfer.words), transfer.parent, transfer.child
        if transfer.kind is Kind.UPDATE:
            outer.append(_bits(layout, parent, size, finished, given_wins=True))
            alone = 0 if child in shared else finished
            sent.append(_bits(layout, child, size, alone, given_wins=False))
        else:
            outer.append(size * stored[parent])
            sent.append(size * stored[parent])
    return Widths(stored, tuple(outer), tuple(sent))


def own_bits(operand: Operand, arch: Arch) -> int:
    """Bits of an operand's words where nothing else is said."""
    return arch.precision_bits.get(operand.role, operand.tensor.dtype.bits)


def partial_bits(result: Operand, op: Op, arch: Arch) -> int:
    """Bits of a partial result where nothing else is said."""
    if arch.acc_bits is not None:
        return arch.acc_bits
    return own_bits(result, arch) if op.acc is None else op.acc.bits


def _given_bits(place: Place) -> int | None:
    return None if place.memory is None else place.memory.precision_bits.get(place.operand.role)


def _stored_bits(layout: Layout, place: Place, holds_partial: bool) -> int:
    given = _given_bits(place)
    if given is not None:
        return given
    if holds_partial:
        return partial_bits(place.operand, layout.nest.op, layout.arch)
    return own_bits(place.operand, layout.arch)


def _bits(layout: Layout, place: Place, size: int, finished: int, *, given_wins: bool) -> int:
    """Bits of an update as it leaves or enters a place.

    A memory of a given width takes every word at that width; as a sender it says how wide its
    partial results are.
    """
    given, op, arch = _given_bits(place), layout.nest.op, layout.arch
    final = own_bits(place.operand, arch)
    partial = partial_bits(place.operand, op, arch) if given is None else given
    if given is not None and given_wins:
        final = given
    return finished * final + (size - finished) * partial


# ---- what is finished ---------------------------------------------------------------------------


def _holding_partial_results(trace: Trace) -> dict[Place, bool]:
    """Memories that hold partial results; True where that is owed to what lies outside them."""
    layout = trace.layout
    if layout.nest.op.reduce is Reduce.ASSIGN:
        return {}
    (*memories, _) = next(ps for ps in layout.places.values() if ps[0].operand.is_output)
    gathering = _gathering(trace)
    found: dict[Place, bool] = {}
    for place in memories:
        outside = bool(found) or _is_reduced_outside(layout, place)
        if outside or place in gathering:
            found[place] = outside
    return found


def _is_reduced_outside(layout: Layout, place: Place) -> bool:
    return any(
        line.trips > 1 and line.dim not in relevant_dims(place.operand)
        for number, line in loops(layout.nest)
        if number < place.line
    )


def _gathering(trace: Trace) -> set[Place]:
    """Places where some element gets a further update while it stays."""
    updated: set[tuple[Place, Coords, Element]] = set()
    gathering: set[Place] = set()
    for transfer in trace.transfers:
        if transfer.kind is not Kind.UPDATE:
            continue
        updated -= {(transfer.child, c, word) for c in transfer.group for word in transfer.words}
        arrived = {(transfer.parent, transfer.source, word) for word in transfer.words}
        if not updated.isdisjoint(arrived):
            gathering.add(transfer.parent)
        updated |= arrived
    return gathering


def _finished_words(trace: Trace, partial: dict[Place, bool]) -> Iterator[int]:
    """For each transfer, how many of its words carry every point of their element."""
    every_point = points_of_elements(trace.layout.nest.op)
    left = Counter((t.parent, word) for t in _updates(trace) for word in t.words)
    for transfer in trace.transfers:
        if transfer.kind is not Kind.UPDATE:
            yield 0
            continue
        parent, memory = transfer.parent, transfer.parent.memory
        assert memory is not None
        left.subtract((parent, word) for word in transfer.words)
        if parent not in partial:
            yield len(transfer.words)
        elif partial[parent] or memory.accumulate:
            yield 0
        else:
            yield sum(
                not left[parent, word] and points == every_point[word]
                for word, points in zip(transfer.words, transfer.points, strict=True)
            )


def _updates(trace: Trace) -> Iterator[Transfer]:
    return (transfer for transfer in trace.transfers if transfer.kind is Kind.UPDATE)
