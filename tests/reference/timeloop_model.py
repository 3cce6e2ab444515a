"""Timeloop's dense model of one case: counts, energy, cycles and networks.

A second implementation, kept apart from the package: plain integers and fractions, one function
per rule. Counts are per instance unless a name says total.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor, prod
from typing import Any

from .timeloop_case import Case, CaseError, Level, Tensor
from .timeloop_walk import Mesh, Move, Traffic, Vector, children, deltas, steps, walk


@dataclass(frozen=True, slots=True)
class Held:
    """One tensor over all levels, innermost first, after bypasses.

    tiles and partitions in words; traffic[i] is what level i serves; share[i] and peer[i] are the
    words that level i gets per instance from its parent and from its neighbours.
    """

    tensor: Tensor
    tiles: tuple[int, ...]
    partitions: tuple[int, ...]
    traffic: tuple[Traffic, ...]
    share: tuple[Fraction, ...]
    peer: tuple[Fraction, ...]
    kept: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """Words that one instance of a level reads, fills and updates of one tensor."""

    reads: int
    fills: int
    updates: int


def model(case: Case) -> dict[str, Any]:
    """What Timeloop says of a perfect case, laid out as the `expected` of a case file.

    Raises:
        CaseError: imperfect factors, or a tile larger than its level.
    """
    if not case.perfect:
        raise CaseError("imperfect factors: the rules are only exact for perfect ones")
    if case.unknown:
        raise CaseError(f"the rules do not cover the switches {', '.join(case.unknown)}")
    _check_instances(case)
    held = [_masked(case, _served(case, tensor)) for tensor in case.tensors]
    _check_space(case, held)
    counts = [tuple(_counts(one, i) for i in range(len(case.levels))) for one in held]
    macs = prod(case.dims.values())
    compute = prod(loop.factor for level in case.levels for loop in level.temporal)
    slow = [
        _slowdown(level, [c[i] for c in counts], compute) for i, level in enumerate(case.levels)
    ]
    cycles = max(ceil(compute / slowdown) for slowdown in slow)
    levels = {
        level.name: _level_stats(case, i, held, counts, compute, slow[i], cycles)
        for i, level in enumerate(case.levels)
    }
    networks = {
        name: {one.tensor.name: _network_stats(case, i, one) for one in held}
        for i, name in enumerate(_network_names(case))
    }
    mac_pj = case.mac_pj * macs
    return {
        "cycles": cycles,
        "utilization_pct": 100 * macs / (case.mac_instances * cycles),
        "energy_pJ": mac_pj + _energy_pj(levels, networks),
        "macs_reported": macs,
        "exact_macs": macs,
        "levels": levels,
        "networks": networks,
        "mac": {"utilized_instances": _used(case, -1), "cycles": compute, "energy_pJ": mac_pj},
    }


def _energy_pj(levels: Mapping[str, Any], networks: Mapping[str, Any]) -> float:
    """Energy of all levels and networks."""
    energy = 0.0
    for stats in levels.values():
        energy += stats["leakage_energy_pJ"]
        energy += sum(x["energy_total_pJ"] for x in stats["dataspaces"].values())
    for network in networks.values():
        energy += sum(x["energy_total_pJ"] + x["link_transfer_energy_pJ"] for x in network.values())
    return energy


def _used(case: Case, level: int) -> int:
    """Instances of a level that work; level -1 is the MACs."""
    return prod(above.fanout for above in case.levels[level + 1 :])


def _served(case: Case, tensor: Tensor) -> Held:
    """One tensor's tiles and traffic as if every level kept it."""
    inner = dict.fromkeys(case.dims, 1)
    sizes = [_sizes(tensor, inner)]
    moves: list[tuple[list[Move], list[tuple[str, Move]]]] = []
    unions = []
    for level in case.levels:
        spatial = []
        for loop in level.spatial[::-1]:
            move = Move(loop.factor, _shift(tensor, loop.dim, inner[loop.dim]))
            spatial.append((loop.axis, move))
            inner[loop.dim] *= loop.factor
        unions.append(prod(_sizes(tensor, inner)))
        temporal = []
        for loop in level.temporal[::-1]:
            temporal.append(Move(loop.factor, _shift(tensor, loop.dim, inner[loop.dim])))
            inner[loop.dim] *= loop.factor
        moves.append((temporal[::-1], spatial[::-1]))
        sizes.append(_sizes(tensor, inner))
    traffic = []
    for i, (_, spatial) in enumerate(moves):
        above = [move for temporal, _ in moves[i:][::-1] for move in temporal]
        traffic.append(_traffic(case, i, sizes[i], above, spatial))
    tiles = tuple(prod(box) for box in sizes[1:])
    return Held(
        tensor=tensor,
        tiles=tiles,
        partitions=_partitions(tiles, unions),
        traffic=tuple(traffic),
        share=(*(t.delivered / x.fanout for t, x in _above(case, traffic)), Fraction(0)),
        peer=(
            *(Fraction(t.link_words, _used(case, i)) for i, t in enumerate(traffic[1:])),
            Fraction(0),
        ),
        kept=tuple(tensor.name in level.keep for level in case.levels),
    )


def _traffic(
    case: Case, i: int, tile: Vector, above: Sequence[Move], spatial: Sequence[tuple[str, Move]]
) -> Traffic:
    """What level i serves to children with such a tile; MACs, below level 0, hold nothing."""
    mesh = _mesh(case, i)
    visits = steps(above, len(tile), case.extrapolate)
    served = deltas(tile, visits, holds=i > 0)
    return walk(served, children(spatial, mesh, len(tile)), mesh, case.links)


def _above(case: Case, traffic: Sequence[Traffic]) -> list[tuple[Traffic, Level]]:
    """The traffic that serves each level but the outermost, with the level it comes from."""
    return list(zip(traffic, case.levels, strict=True))[1:]


def _sizes(tensor: Tensor, factors: Mapping[str, int]) -> Vector:
    """Extents of the bounding box of a tile."""
    return tuple(1 + sum(abs(c) * (factors[d] - 1) for d, c in axis) for axis in tensor.axes)


def _shift(tensor: Tensor, dim: str, step: int) -> Vector:
    """How far a step of a loop over a dim, `step` wide, moves each axis."""
    return tuple(sum(c * step for d, c in axis if d == dim) for axis in tensor.axes)


def _mesh(case: Case, i: int) -> Mesh:
    """The children that one instance of level i has and uses."""
    level = case.levels[i]
    x, y = (case.levels[i - 1].mesh_x, case.levels[i - 1].mesh_y) if i else case.mac_mesh
    row = max(x // level.mesh_x, level.used("X"))
    return Mesh(level.fanout, level.used("X"), row, max(1, y // level.mesh_y))


def _partitions(tiles: Sequence[int], unions: Sequence[int]) -> tuple[int, ...]:
    """Distinct words that one instance of each level ever holds: its part of the parent's.

    unions[i]: words that the children of one instance of level i hold together.
    """
    found = [tiles[-1]]
    for i in range(len(tiles) - 2, -1, -1):
        found.append(found[-1] * tiles[i] // unions[i + 1])
    return tuple(found[::-1])


def _masked(case: Case, held: Held) -> Held:
    """The same tensor with its bypasses: a level that holds nothing passes its accesses up."""
    traffic, share, peer = list(held.traffic), list(held.share), list(held.peer)
    for child, parent in pairwise(range(len(traffic))):
        if not held.kept[child]:
            up = traffic[parent]
            fanout = case.levels[parent].fanout
            traffic[parent] = up.scaled(traffic[child].content * fanout / up.delivered)
    home = _home(held)
    share[home] = peer[home] = Fraction(0)
    traffic[home + 1 :] = [Traffic({}, {}, 0)] * (len(traffic) - home - 1)
    return replace(held, traffic=tuple(traffic), share=tuple(share), peer=tuple(peer))


def _home(held: Held) -> int:
    """The outermost level that keeps a tensor."""
    return max(i for i, kept in enumerate(held.kept) if kept)


def _check_instances(case: Case) -> None:
    """Refuse a mapping over more instances than there are."""
    if _used(case, -1) > case.mac_instances:
        raise CaseError(f"uses {_used(case, -1)} MACs of {case.mac_instances}")
    for i, level in enumerate(case.levels):
        if _used(case, i) > level.instances:
            raise CaseError(f"uses {_used(case, i)} instances of {level.instances} {level.name}")


def _check_space(case: Case, held: Sequence[Held]) -> None:
    """Refuse a mapping that keeps more words than a level has room for."""
    for i, level in enumerate(case.levels):
        words = sum(one.tiles[i] for one in held if one.kept[i])
        if level.entries is not None and words > level.entries:
            raise CaseError(f"{level.name} holds {words} words, has room for {level.entries}")


def _round(words: Fraction) -> int:
    """The nearest integer, halves away from zero."""
    return floor(words + Fraction(1, 2))


def _counts(held: Held, i: int) -> Counts:
    """Words that one instance of level i moves; nothing where the tensor passes by."""
    if not held.kept[i]:
        return Counts(0, 0, 0)
    content, share, peer = held.traffic[i].content, held.share[i], held.peer[i]
    if not held.tensor.read_write:
        return Counts(_round(content + peer), floor(share + peer), 0)
    old = held.partitions[i]
    fills = 0 if i == _home(held) else _round(share + peer - old)
    return Counts(_round(content + peer - old), fills, _round(content))


def _slowdown(level: Level, counts: Sequence[Counts], compute: int) -> float:
    """The speed that a level's bandwidth allows, 1 = that of the MACs."""
    read = sum(c.reads / compute for c in counts)
    write = sum((c.fills + c.updates) / compute for c in counts)
    limits = (
        (level.read_bandwidth, read),
        (level.write_bandwidth, write),
        (level.shared_bandwidth, read + write),
    )
    return min([1.0, *(have / want for have, want in limits if have is not None and want > have)])


def _level_stats(
    case: Case,
    i: int,
    held: Sequence[Held],
    counts: Sequence[Sequence[Counts]],
    compute: int,
    slowdown: float,
    cycles: int,
) -> dict[str, Any]:
    level, used = case.levels[i], _used(case, i)
    leaking = used if any(one.kept[i] for one in held) else 1
    return {
        "cycles": ceil(compute / slowdown),
        "bandwidth_throttling": slowdown,
        "leakage_energy_pJ": level.leak_pj_per_cycle * cycles * leaking,
        "dataspaces": {
            one.tensor.name: _tensor_stats(level, used, one, i, mine[i], slowdown / compute)
            for one, mine in zip(held, counts, strict=True)
            if one.kept[i]
        },
    }


def _tensor_stats(
    level: Level, used: int, held: Held, i: int, counts: Counts, per_word: float
) -> dict[str, Any]:
    """One tensor at one level; `per_word` turns words into words per cycle."""

    def vectors(words: int) -> int:
        return -(-words // level.block_size)

    sharing = used / min(used, level.instances / level.cluster_size)
    energy = (
        vectors(counts.reads) * level.read_pj
        + vectors(counts.fills) * level.fill_pj
        + vectors(counts.updates) * level.update_pj
    )
    return {
        "utilized_capacity": held.tiles[i],
        "partition_size": held.partitions[i],
        "utilized_instances": used,
        "reads_per_instance": counts.reads,
        "fills_per_instance": counts.fills,
        "updates_per_instance": counts.updates,
        "temporal_reductions_per_instance": counts.reads if held.tensor.read_write else 0,
        "reads_total": counts.reads * used,
        "fills_total": counts.fills * used,
        "updates_total": counts.updates * used,
        "energy_total_pJ": energy * used / sharing,
        "read_bw_words_per_cycle": counts.reads * per_word,
        "write_bw_words_per_cycle": (counts.fills + counts.updates) * per_word,
    }


def _network_names(case: Case) -> list[str]:
    """The network below each level, innermost first."""
    inner = [case.mac_name, *(level.name for level in case.levels)]
    return [f"{level.name} <==> {name}" for level, name in zip(case.levels, inner, strict=False)]


def _network_stats(case: Case, i: int, held: Held) -> dict[str, Any]:
    """One tensor in the network below level i.

    A parent that cannot add sends each partial sum back first, but for the first of each word.
    """
    level, traffic = case.levels[i], held.traffic[i]
    again = held.tensor.read_write and not level.network.reduces
    accesses = {
        key: 2 * n - held.partitions[i] if again else n for key, n in traffic.accesses.items()
    }
    ingresses = sum(accesses.values(), Fraction(0))
    energy = 0.0
    for key, n in accesses.items():
        hops = float(traffic.word_hops[key] / traffic.accesses[key])
        per_word = hops * level.network.hop_pj + (1 + floor(hops)) * level.network.router_pj
        energy += float(n) * (per_word + level.network.ingress_pj)
    return {
        "fanout": level.fanout if accesses else 0,
        "multicast_factor_max": max((m for m, _ in accesses), default=0),
        "ingresses": float(ingresses),
        "ingress_histogram": [
            {"multicast": m, "scatter": k, "accesses": float(n)}
            for (m, k), n in sorted(accesses.items())
        ],
        "link_transfers": traffic.link_words,
        "spatial_reductions": float(_reductions(traffic)) if held.tensor.read_write else 0,
        "avg_hops": float(sum(traffic.word_hops.values()) / ingresses) if ingresses else 0.0,
        "energy_total_pJ": energy,
        "link_transfer_energy_pJ": traffic.link_words
        * (level.network.hop_pj + 2 * level.network.router_pj),
    }


def _reductions(traffic: Traffic) -> Fraction:
    return sum(((m - 1) * n for (m, _), n in traffic.accesses.items()), Fraction(0))
