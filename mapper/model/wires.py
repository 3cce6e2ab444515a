"""The nets of a chip as stages: what a transfer of each role crosses on its way inward."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from ...hw_specs.model import Arch, Array, Compute, Net, chain
from ...hw_specs.routing import Routing, net_extents, routing
from ...ir.text import Diagnostic, label_at
from ...ir.types import Role
from .jit import kernel
from .problem import BUS, CROSSBAR, ENTRIES, GRID, MOST_LANES, ROOM, WALK
from .record import Ints

ROLES = (Role.INPUT, Role.WEIGHT, Role.OUTPUT)
"""The roles in the order of every array that has a role axis."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One crossing: all axes of a net, or one axis without a net.

    Attributes:
        net: index in `Arch.nets`, None for plain wires.
        place: position in the chain of the array, memory or unit that it leads to.
        axes: indices of the axes, in the order of the net.
    """

    net: int | None
    place: int
    axes: tuple[int, ...]


def axis_names(arch: Arch, unit: Compute) -> tuple[str, ...]:
    """Full paths of the axes between the outside and a unit, outer to inner."""
    arrays = [part for part in chain(arch, unit) if isinstance(part, Array)]
    return tuple(f"{array.path}.{axis}" for array in arrays for axis, _ in array.axes)


def stages(arch: Arch, unit: Compute, role: Role) -> tuple[Stage, ...]:
    """The stages of a role, outer to inner.

    A net along axes is one stage; an axis without a net is a stage of its own; a net to a memory
    (or to the unit) is one with a single lane. At one array come first the axes without a net, for
    each of their lanes has wires, and so nets, of its own; then nets that lead there from outside;
    then those that join its lanes, which go on from the lane where the others enter.

    Raises:
        Diagnostic: two nets carry the role on one axis or to one part.
    """
    parts = chain(arch, unit)
    axes = axis_names(arch, unit)
    place = {part.path: index for index, part in enumerate(parts)} | {unit.path: len(parts)}
    found: dict[tuple[int, int, int], Stage] = {}
    taken: dict[str, Net] = {}
    for number, net in enumerate(arch.nets):
        spots = net.axes or (net.target,)
        known = all(axis in axes for axis in net.axes) if net.axes else net.target in place
        if role not in net.carries or not known:
            continue
        for spot in spots:
            if spot in taken:
                raise _two_nets(taken[spot], net, role, spot)
            taken[spot] = net
        order = tuple(axes.index(axis) for axis in net.axes)
        where = place[spots[0].rpartition(".")[0] if net.axes else net.target]
        rank = 1 if net.source != net.target else 2
        found[where, rank, min(order, default=-1)] = Stage(number, where, order)
    for index, axis in enumerate(axes):
        if axis not in taken:
            where = place[axis.rpartition(".")[0]]
            found[where, 0, index] = Stage(None, where, (index,))
    return tuple(stage for _, stage in sorted(found.items()))


def _two_nets(first: Net, second: Net, role: Role, spot: str) -> Diagnostic:
    also = label_at(first.at, "the other one")
    return Diagnostic(
        f"two nets carry the role `{role}` to `{spot}`: `{first.name}` and `{second.name}`",
        label_at(second.at, "the second one"),
        () if also is None else (also,),
        f"leave `{role}` out of the `carries` of one of them",
    )


def shares(net: Net, role: Role, combine: str | None) -> bool:
    """Whether equal lanes are one transfer: multicast inward, reduction outward.

    Args:
        combine: the function that a reduction of the op combines with; None for an assignment.
    """
    if role is Role.OUTPUT:
        return combine is not None and combine in net.reduce
    return net.multicast or net.forward


def net_kind(net: Net) -> int:
    """How the kernels route a net: with a closed form where its topology has one."""
    if not net.axes or net.topology == "bus":
        return BUS
    if net.topology == "crossbar":
        return CROSSBAR
    return GRID if net.topology in ("systolic", "mesh") else WALK


def net_driver(net: Net) -> int:
    """1 when a hop leads from the source to lane 0; a chain that joins lanes begins in it."""
    return int(net.source != net.target)


def routing_trees(arch: Arch, nets: tuple[Net, ...]) -> tuple[Ints, tuple[int, ...]]:
    """The routing trees of the nets that the kernels may have to walk, one after the other.

    Returns:
        int64[5, nodes] - rows PARENT (next node on the way to the source, -1 at the source), HOPS
        (of the edge to the parent), DEPTH (hops from the source), ENTRY (which of the source's
        edges the way begins with, -1 at the source), LANE (node of each lane, row-major over the
        net's axes) - and the column at which each net begins.

    Raises:
        Diagnostic: a net with more lanes, or more edges at its source, than the kernels walk.
    """
    tables, starts, total = [np.zeros((5, 0), np.int64)], [], 0
    for net in nets:
        starts.append(total)
        if net_kind(net) in (GRID, WALK):
            if 2 * prod(net_extents(net, arch)) >= ROOM - total:  # a tree has as many again
                raise Diagnostic(
                    f"the net `{net.name}` has too many lanes to route",
                    label_at(net.at, f"{MOST_LANES} lanes are counted in all"),
                    help="make it a `bus`, or split the array",
                )
            tables.append(_tree_table(net, net_extents(net, arch), routing(net, arch), total))
            total += tables[-1].shape[1]
    return np.concatenate(tables, axis=1), tuple(starts)


def _tree_table(net: Net, extents: tuple[int, ...], tree: Routing, start: int) -> Ints:
    above, each = tree.parent.astype(np.int64), tree.hops.astype(np.int64)
    above[0] = -1
    depth, entry = np.zeros(len(above), np.int64), np.full(len(above), -1, np.int64)
    first = np.flatnonzero(above == 0)
    if len(first) > ENTRIES:
        raise Diagnostic(
            f"{len(first)} edges leave the source of the net `{net.name}`; {ENTRIES} are counted",
            label_at(net.at, "this net"),
        )
    if net_kind(net) == GRID and not net_driver(net):
        # As the closed form numbers them, by axis: the last axis' neighbour is the first lane.
        entry[first] = [axis for axis, extent in enumerate(extents) if extent > 1][::-1]
    else:
        entry[first] = np.arange(len(first))
    _measure_routes(above, each, depth, entry)
    lanes = np.full(len(above), -1, np.int64)
    lanes[: len(tree.lane_node)] = tree.lane_node + start
    return np.stack([np.where(above >= 0, above + start, -1), each, depth, entry, lanes])


@kernel
def _measure_routes(parent: Ints, hops: Ints, depth: Ints, entry: Ints) -> None:
    """Fill the hops from the source, and the entry that the way begins with, of every node."""
    depth[:] = -1
    depth[0] = 0
    for node in range(len(parent)):
        known, way = node, 0
        while depth[known] < 0:
            way += hops[known]
            if parent[known] == 0:
                break
            known = parent[known]
        begin = entry[known]
        way += max(0, depth[known])
        at = node
        while depth[at] < 0:
            depth[at], entry[at] = way, begin
            way -= hops[at]
            at = parent[at]
