"""How wide a word is: in each memory, and on its way.

Partial results are wider than finished ones, so the width of the result depends on what happened:
it is decided after a run, from its trace.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from tilewright.hw_specs.model import Arch
from tilewright.ir.types import Reduce
from tilewright.ir.workload import Op, Operand

from .interpreter import Kind, Trace, Transfer
from .places import Element, Layout, Place, loops, relevant_dims
from .values import points_of_elements


@dataclass(frozen=True, slots=True)
class Widths:
    """Bits of words.

    Attributes:
        stored: of a word in each place that is a memory.
        sent: of all words of each transfer, in order.
    """

    stored: dict[Place, int]
    sent: tuple[int, ...]


def widths(trace: Trace) -> Widths:
    """The widths of everything that a trace holds and moves."""
    layout = trace.layout
    gathers = {transfer.parent for transfer in trace.transfers if transfer.old}
    stored = {
        place: _stored_bits(layout, place, place in gathers)
        for places in layout.places.values()
        for place in places
        if place.memory is not None
    }
    finished = iter(_finished_words(trace))
    sent = tuple(
        _update_bits(layout, stored, transfer, next(finished))
        if transfer.kind is Kind.UPDATE
        else len(transfer.words) * stored[transfer.parent]
        for transfer in trace.transfers
    )
    return Widths(stored, sent)


def own_bits(operand: Operand, arch: Arch) -> int:
    """Bits of an operand's words where nothing else is said."""
    return arch.precision_bits.get(operand.role, operand.tensor.dtype.bits)


def partial_bits(result: Operand, op: Op, arch: Arch) -> int:
    """Bits of a partial result."""
    if arch.acc_bits is not None:
        return arch.acc_bits
    return own_bits(result, arch) if op.acc is None else op.acc.bits


def _stored_bits(layout: Layout, place: Place, gathers: bool) -> int:
    """Bits of a word in a memory; `gathers` says that an element got a further update there."""
    assert place.memory is not None
    operand, op, arch = place.operand, layout.nest.op, layout.arch
    if operand.role in place.memory.precision_bits:
        return place.memory.precision_bits[operand.role]
    reduced_outside = any(
        line.trips > 1 and line.dim not in relevant_dims(operand)
        for number, line in loops(layout.nest)
        if number < place.line
    )
    if operand.is_output and op.reduce is not Reduce.ASSIGN and (gathers or reduced_outside):
        return partial_bits(operand, op, arch)
    return own_bits(operand, arch)


def _update_bits(layout: Layout, stored: dict[Place, int], update: Transfer, finished: int) -> int:
    """A sender of a given width sends that; any other sends finished words at their own width."""
    child, size = update.child, len(update.words)
    if child.memory is not None and child.operand.role in child.memory.precision_bits:
        return size * stored[child]
    partial = partial_bits(child.operand, layout.nest.op, layout.arch)
    return finished * own_bits(child.operand, layout.arch) + (size - finished) * partial


def _finished_words(trace: Trace) -> list[int]:
    """For each update, how many of its words carry every point of their element.

    Where the parent adds, that is the only update that an element gets; where it cannot, the last.
    """
    op = trace.layout.nest.op
    updates = [transfer for transfer in trace.transfers if transfer.kind is Kind.UPDATE]
    left = Counter((update.parent, word) for update in updates for word in update.words)
    got: Counter[tuple[Place, Element]] = Counter()
    all_points = points_of_elements(op)
    finished = []
    for update in updates:
        count = 0
        for word, points in zip(update.words, update.points, strict=True):
            key = update.parent, word
            got[key] += 1
            left[key] -= 1
            memory = update.parent.memory
            if op.reduce is Reduce.ASSIGN:
                count += 1
            elif memory is not None and memory.accumulate:
                count += got[key] == 1 and not left[key]
            else:
                count += not left[key] and points == all_points[word]
        finished.append(count)
    return finished
