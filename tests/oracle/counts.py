"""Counts what a trace moved: words, bits, hops and loads, as plain integers."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from tilewright.hw_specs.model import Action, Arch
from tilewright.mapper.space.nest import Nest

from .interpreter import Kind, Trace, Transfer, run
from .nets import crossings
from .places import Coords, Layout, Place
from .routes import Edge
from .widths import widths


@dataclass(frozen=True, slots=True)
class Counts:
    """Everything counted in one run of a nest.

    Attributes:
        steps: points that lane 0 ran; points: that all lanes ran.
        words: over all instances, by memory and operand.
        bits: of each instance of a memory, by operand and action.
        entries: words that entered (or, of the result, left) each instance of each place inside
            an operand's home, by operand and memory; None is the compute unit.
        net_words, net_word_hops: by net and operand.
        net_bit_hops: by net.
        edge_bits: of each edge of each instance of a net.
        occupied_bits: the most that an instance of each memory held of each operand, spare buffers
            included.
    """

    steps: int
    points: int
    words: dict[str, dict[str, Counter[Action]]]
    bits: dict[tuple[str, Coords], Counter[tuple[str, Action]]]
    entries: dict[tuple[str, str | None], Counter[Coords]]
    net_words: dict[str, Counter[str]]
    net_word_hops: dict[str, Counter[str]]
    net_bit_hops: Counter[str]
    edge_bits: dict[str, Counter[tuple[Coords, Edge]]]
    occupied_bits: dict[str, dict[str, int]]


def execute(nest: Nest, arch: Arch, seed: int = 0) -> Counts:
    """Run a nest on random values and count.

    Raises:
        IllegalNest: the nest has no meaning under the model.
        AssertionError: the mapped result differs from the unmapped one.
    """
    return count(run(nest, arch, seed))


def count(trace: Trace) -> Counts:
    """Add up a trace."""
    bits = widths(trace)
    counts = Counts(
        trace.steps,
        trace.points,
        words=defaultdict(lambda: defaultdict(Counter)),
        bits=defaultdict(Counter),
        entries=defaultdict(Counter),
        net_words=defaultdict(Counter),
        net_word_hops=defaultdict(Counter),
        net_bit_hops=Counter(),
        edge_bits=defaultdict(Counter),
        occupied_bits=_occupied_bits(trace, bits.stored),
    )
    for places in trace.layout.places.values():
        for place in places:
            if place.memory is not None:
                counts.words[place.memory.path][place.operand.name] = Counter()
    for transfer, outer_bits, sent_bits in zip(trace.transfers, bits.outer, bits.sent, strict=True):
        _count_memories(counts, transfer, bits.stored, outer_bits)
        _count_nets(counts, trace.layout, transfer, sent_bits)
    return counts


def _count_memories(
    counts: Counts, transfer: Transfer, stored: dict[Place, int], outer_bits: int
) -> None:
    def add(place: Place, coords: Coords, action: Action, words: int, bits: int) -> None:
        assert place.memory is not None
        counts.words[place.memory.path][place.operand.name][action] += words
        counts.bits[place.memory.path, coords][place.operand.name, action] += bits

    outer, inner, source = transfer.parent, transfer.child, transfer.source
    size, outward = len(transfer.words), transfer.kind is Kind.UPDATE
    add(outer, source, Action.UPDATE if outward else Action.READ, size, outer_bits)
    if outward:
        add(outer, source, Action.READ, transfer.old_reads, transfer.old_reads * stored[outer])
    for coords in transfer.group:
        if inner.memory is not None:
            action = Action.DRAIN if outward else Action.FILL
            add(inner, coords, action, size, size * stored[inner])
        if transfer.kind is not Kind.REFILL:
            memory = None if inner.memory is None else inner.memory.path
            counts.entries[inner.operand.name, memory][coords] += size


def _count_nets(counts: Counts, layout: Layout, transfer: Transfer, bits: int) -> None:
    name, size = transfer.child.operand.name, len(transfer.words)
    for crossing in crossings(layout, transfer.parent, transfer.child, transfer.group):
        net, hops = crossing.net.name, sum(crossing.edges.values())
        counts.net_words[net][name] += size
        counts.net_word_hops[net][name] += size * hops
        counts.net_bit_hops[net] += bits * hops
        for edge in crossing.edges:
            counts.edge_bits[net][crossing.instance, edge] += bits


def _occupied_bits(trace: Trace, stored: dict[Place, int]) -> dict[str, dict[str, int]]:
    most: dict[str, dict[str, int]] = defaultdict(dict)
    for (place, _), words in trace.occupied.items():
        if place.memory is not None:
            row, name = most[place.memory.path], place.operand.name
            row[name] = max(row.get(name, 0), words * place.buffers * stored[place])
    return most
