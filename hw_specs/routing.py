"""The one way that a transfer takes through a net: a tree from its source to every lane."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod

import numpy as np
from numpy.typing import NDArray

from .model import Arch, Net, walk
from .names import own_axes

CHAINS = ("systolic", "mesh", "torus", "ring")
"""Topologies whose lanes pass transfers on; a net `A -> A` of these begins in lane 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Routing:
    """A routing tree of one instance of a net; results take the same way towards the source.

    Attributes:
        parent: int32[node] - the node before; node 0 is the source, its parent is itself.
        hops: int8[node] - hops (0 or 1) of the edge into the node.
        lane_node: int32[lane] - the node of each lane, in row-major order of the net's axes as
            built; node 0 itself for lane 0 of a chain that joins the lanes of an array.
    """

    parent: NDArray[np.int32]
    hops: NDArray[np.int8]
    lane_node: NDArray[np.int32]


def net_extents(net: Net, arch: Arch) -> tuple[int, ...]:
    """Physical extents of the axes of a net; empty for a net to a single memory or unit."""
    known = {
        f"{part.path}.{axis}": extent
        for part in walk(arch.items)
        for axis, extent in own_axes(part)
    }
    return tuple(known[axis] for axis in net.axes)


def routing(net: Net, arch: Arch) -> Routing:
    """The routing tree of a net: cached, not to be written to.

    bus: one hop to the medium, which all lanes hang on. crossbar: one hop from the switch to each
    lane. tree: one hop to the root, one for each level below. systolic, mesh: from lane (0, ..)
    axis after axis in the order of `net.axes`; torus: the same with the shorter way round; ring:
    the shorter way round one ring through all lanes; ties go upwards.
    """
    within = net.source == net.target and net.topology in CHAINS
    return _routing(net.topology, net.radix, net_extents(net, arch), within)


@lru_cache(maxsize=64)
def _routing(topology: str, radix: int, extents: tuple[int, ...], within: bool) -> Routing:
    if not extents:
        return _fixed([0, 0], [0, 1], [1])
    lanes = prod(extents)
    match topology:
        case "bus":
            return _star(lanes, 1, 0)
        case "crossbar":
            return _star(lanes, 0, 1)
        case "tree":
            return _tree(lanes, radix)
        case "ring":
            return _chain((lanes,), wraps=True, within=within)
        case _:
            return _chain(extents, wraps=topology == "torus", within=within)


def _fixed(parent: object, hops: object, lane_node: object) -> Routing:
    arrays = (
        np.asarray(parent, np.int32),
        np.asarray(hops, np.int8),
        np.asarray(lane_node, np.int32),
    )
    for array in arrays:
        array.setflags(write=False)
    return Routing(*arrays)


def _star(lanes: int, trunk_hops: int, branch_hops: int) -> Routing:
    """Source, one node in the middle, lanes."""
    parent = np.concatenate([[0, 0], np.ones(lanes, np.int32)])
    hops = np.concatenate([[0, trunk_hops], np.full(lanes, branch_hops, np.int8)])
    return _fixed(parent, hops, np.arange(2, lanes + 2))


def _tree(lanes: int, radix: int) -> Routing:
    """A tree whose leaves are the lanes: node `n` of a level lies below node `n // radix`."""
    sizes = [lanes]
    while sizes[-1] > 1:
        sizes.append(-(-sizes[-1] // radix))
    sizes.reverse()
    parents, start, above = [np.zeros(2, np.int32)], 2, 1
    for size in sizes[1:]:
        parents.append(above + np.arange(size, dtype=np.int32) // radix)
        above, start = start, start + size
    parent = np.concatenate(parents)
    return _fixed(parent, np.arange(start) > 0, np.arange(start - lanes, start))


def _chain(extents: tuple[int, ...], *, wraps: bool, within: bool) -> Routing:
    """Neighbours along axes: the last axis that is not at 0 is the one walked last."""
    lanes = prod(extents)
    before = np.full(lanes, -1, np.int64)
    number, stride = np.arange(lanes), 1
    for extent in reversed(extents):
        coordinate = number // stride % extent
        downwards = wraps & (extent - coordinate < coordinate)
        previous = np.where(downwards, (coordinate + 1) % extent, coordinate - 1)
        walked_last = (before < 0) & (coordinate > 0)
        before = np.where(walked_last, number + (previous - coordinate) * stride, before)
        stride *= extent
    before[0] = 0 if within else -1
    if within:
        return _fixed(before, number > 0, number)
    return _fixed(np.concatenate([[0], before + 1]), np.arange(lanes + 1) > 0, number + 1)
