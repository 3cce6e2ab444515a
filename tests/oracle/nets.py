"""Which nets a transfer crosses, where it is one word for several lanes, and what that loads.

Between the parent and the child of a link stand arrays and memories. Each axis, or each net that
runs along several of them, is a *stage*, outer to inner. A stage is crossed once for every group of
lanes that share the word from there inward, separately for each lane of the stages further out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tilewright.hw_specs.model import Array, Net
from tilewright.ir.types import Reduce
from tilewright.ir.workload import Operand

from .places import Coords, Layout, Place
from .routes import Edge, route

COMBINED_BY = {Reduce.ADD: "add", Reduce.MUL: "mul", Reduce.MAX: "max", Reduce.MIN: "min"}


@dataclass(frozen=True, slots=True)
class Stage:
    """One net on the way from a parent to its children.

    Attributes:
        outside: numbers of the axes on which a word already has its coordinate.
        across: numbers of the axes that tell the net's instances apart: all down to its array,
            but its own. On those that are not yet behind it, a word is in lane 0.
        along: numbers of the axes that it spreads over.
        extents: lanes on these axes as built.
    """

    net: Net
    outside: frozenset[int]
    across: tuple[int, ...]
    along: tuple[int, ...]
    extents: Coords


@dataclass(frozen=True, slots=True)
class Crossing:
    """One word, or several that go together, on one instance of a net.

    Attributes:
        instance: coordinates that tell the net's instances apart.
        edges: the edges used, with their hops.
    """

    net: Net
    instance: Coords
    edges: dict[Edge, int]


def shares(layout: Layout, parent: Place, child: Place) -> tuple[bool, ...]:
    """For each axis between, whether its wires let several lanes take or give one word."""
    return tuple(
        _shares(layout, _net_along(layout, axis, child.operand), child.operand)
        for axis in layout.axes[parent.depth : child.depth]
    )


def _shares(layout: Layout, net: Net | None, operand: Operand) -> bool:
    if net is None:
        return False
    if operand.is_output:
        return COMBINED_BY.get(layout.nest.op.reduce) in net.reduce
    return net.multicast or net.forward


def crossings(
    layout: Layout, parent: Place, child: Place, group: tuple[Coords, ...]
) -> Iterator[Crossing]:
    """What a word taken or given by a group crosses, stage by stage."""
    for stage in stages(layout, parent, child):
        instances: dict[Coords, dict[Edge, int]] = {}
        for coords in group:
            instance = tuple(coords[n] if n in stage.outside else 0 for n in stage.across)
            lane = tuple(coords[axis] for axis in stage.along)
            instances.setdefault(instance, {}).update(route(stage.net, stage.extents, lane))
        for instance, edges in instances.items():
            yield Crossing(stage.net, instance, edges)


def stages(layout: Layout, parent: Place, child: Place) -> Iterator[Stage]:
    """The nets of a link, outer to inner."""
    known = list(range(parent.depth))
    for part in _between(layout, parent, child):
        for net in layout.arch.nets:
            if net.target == part and not net.axes and child.operand.role in net.carries:
                yield Stage(net, frozenset(known), tuple(sorted(known)), (), ())
        axes = _axes_of(layout, part)
        along = {axis: _net_along(layout, layout.axes[axis], child.operand) for axis in axes}
        # Lanes that plain wires lead to have nets of their own. Nets that lead there from outside
        # end where those that join the lanes go on.
        down_to_here = sorted({*known, *axes})
        known += [axis for axis in axes if along[axis] is None]
        nets = list(dict.fromkeys(net for net in along.values() if net is not None))
        for net in sorted(nets, key=lambda net: net.source == net.target):
            over = tuple(layout.axes.index(path) for path in net.axes)
            assert set(over) <= set(axes), "a net along axes of two arrays"
            across = tuple(axis for axis in down_to_here if axis not in over)
            yield Stage(net, frozenset(known), across, over, _extents(layout, net))
            known += over


def _between(layout: Layout, parent: Place, child: Place) -> list[str]:
    """Paths of the parts that a transfer passes or reaches, outer to inner."""
    path = [part.path for part in layout.parts] + [layout.nest.unit.path]
    assert parent.memory is not None
    inner = layout.nest.unit.path if child.memory is None else child.memory.path
    return path[path.index(parent.memory.path) + 1 : path.index(inner) + 1]


def _axes_of(layout: Layout, part: str) -> tuple[int, ...]:
    return tuple(n for n, axis in enumerate(layout.axes) if axis.rpartition(".")[0] == part)


def _net_along(layout: Layout, axis: str, operand: Operand) -> Net | None:
    found = [n for n in layout.arch.nets if axis in n.axes and operand.role in n.carries]
    assert len(found) <= 1, "two nets for one role on one axis"
    assert not any(net.shift for net in found), "forward(shift) is not executed"
    return found[0] if found else None


def _extents(layout: Layout, net: Net) -> Coords:
    built = {
        f"{part.path}.{name}": extent
        for part in layout.parts
        if isinstance(part, Array)
        for name, extent in part.axes
    }
    return tuple(built[axis] for axis in net.axes)
