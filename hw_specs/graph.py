"""A chip as a NetworkX graph: what is connected with what, by which wires."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise, product
from math import prod

import networkx as nx

from ..ir.text import Diagnostic, label_at
from ..ir.types import Role
from .draw import draw_graph
from .model import Arch, Array, Compute, Item, Link, Memory, Net, instances, walk
from .names import own_axes
from .outline import outline
from .routing import Routing, net_extents, routing

__all__ = [
    "GraphNode",
    "Routing",
    "Wire",
    "build_graph",
    "draw_graph",
    "net_extents",
    "net_graph",
    "outline",
    "routing",
]

Index = tuple[int, ...]

_MAX_NODES = 1_000_000


@dataclass(frozen=True, slots=True, order=True)
class GraphNode:
    """One instance of something.

    Attributes:
        kind: `memory`, `lane` (of an array), `compute`, or `switch` (inside a net).
        path: of the part; of the net for a switch.
        index: position on each axis of the arrays around it, outer to inner, then on its own.
    """

    kind: str
    path: str
    index: Index


@dataclass(frozen=True, slots=True)
class Wire:
    """What an edge of the graph is; stored as its attribute `wire`.

    Attributes:
        net: the net's name, `link` for a single extra edge, None for plain wires: these share
            nothing, cost nothing, and have no limit.
    """

    net: str | None
    carries: frozenset[Role]
    width_bits: int | None = None
    hops: int = 0
    latency_cycles: Fraction = Fraction(0)
    energy_pj_per_bit: float = 0.0


def net_graph(net: Net, arch: Arch) -> nx.DiGraph[object]:
    """All edges of one instance of a net, inward: more than `routing` uses where ways differ.

    Nodes are `"source"`, coordinates of lanes (a tuple per lane of `net.axes`) and
    `("switch", level, number)`; edges carry `hops` and `width_bits`. A chain that joins the lanes
    of an array has no `"source"`.
    """
    graph: nx.DiGraph[object] = nx.DiGraph()
    extents = net_extents(net, arch)
    for tail, head, hops in _net_edges(net, extents):
        graph.add_edge(tail, head, hops=hops, width_bits=net.width_bits)
    if not graph:
        graph.add_node((0,) * len(extents))
    return graph


def _net_edges(net: Net, extents: Index) -> Iterator[tuple[object, object, int]]:
    lanes: list[Index] = list(product(*map(range, extents)))
    if not extents:
        yield "source", (), 1
        return
    if net.topology in ("bus", "crossbar"):
        middle, trunk = ("switch", 0, 0), int(net.topology == "bus")
        yield "source", middle, trunk
        for lane in lanes:
            yield middle, lane, 1 - trunk
    elif net.topology == "tree":
        yield from _tree_edges(net.radix, lanes)
    else:
        if net.source != net.target:
            yield "source", lanes[0], 1
        if net.topology == "ring":
            yield from _ring_edges(lanes)
        else:
            yield from _grid_edges(net.topology, extents, lanes)


def _tree_edges(radix: int, lanes: list[Index]) -> Iterator[tuple[object, object, int]]:
    level: list[object] = list(lanes)
    height = 0
    while len(level) > 1:
        height += 1
        above: list[object] = [("switch", height, i) for i in range(-(-len(level) // radix))]
        for number, node in enumerate(level):
            yield above[number // radix], node, 1
        level = above
    yield "source", level[0], 1


def _ring_edges(lanes: list[Index]) -> Iterator[tuple[object, object, int]]:
    ways = [*pairwise(lanes), *([(lanes[-1], lanes[0])] if len(lanes) > 2 else [])]
    for a, b in ways:
        yield a, b, 1
        yield b, a, 1


def _grid_edges(
    topology: str, extents: Index, lanes: list[Index]
) -> Iterator[tuple[object, object, int]]:
    """Neighbours on each axis, both ways but for a systolic array; a torus also wraps around."""
    for lane in lanes:
        for axis, extent in enumerate(extents):
            step = lane[axis] + 1
            if step == extent and (topology != "torus" or extent < 3):
                continue
            other = (*lane[:axis], step % extent, *lane[axis + 1 :])
            yield lane, other, 1
            if topology != "systolic":
                yield other, lane, 1


# ---- the whole chip -------------------------------------------------------------------------


def build_graph(arch: Arch) -> nx.DiGraph[GraphNode]:
    """Every instance of every part, wired inward; edges carry a `Wire` as `wire`.

    Plain wires join what stands in one scope, outer to inner, and lead into the lanes of an array
    for the roles that no net of it carries.

    Raises:
        Diagnostic: a chip of more than a million instances.
    """
    count = sum(instances(arch, part.path) * _copies(part) for part in arch.memories)
    count += sum(instances(arch, part.path) for part in arch.computes)
    count += sum(instances(arch, part.path) * part.lanes for part in arch.arrays)
    if count > _MAX_NODES:
        why = f"{count} instances, at most {_MAX_NODES} are drawn out"
        raise Diagnostic(f"`{arch.name}` is too large for a graph", label_at(arch.at, why))
    graph: nx.DiGraph[GraphNode] = nx.DiGraph()
    _wire_scope(graph, arch, arch.items, (), ())
    for net in arch.nets:
        _wire_net(graph, arch, net)
    for link in arch.links:
        _wire_link(graph, arch, link)
    return graph


def _copies(part: Item) -> int:
    return prod(extent for _, extent in own_axes(part))


def _nodes(kind: str, part: Item, outer: Index) -> list[GraphNode]:
    """The copies of a part inside one lane of what is around it."""
    spans = [range(extent) for _, extent in own_axes(part)]
    return [GraphNode(kind, part.path, (*outer, *inner)) for inner in product(*spans)]


def _wire_scope(
    graph: nx.DiGraph[GraphNode],
    arch: Arch,
    items: tuple[Item, ...],
    outer: Index,
    sources: tuple[GraphNode, ...],
) -> None:
    everything = Wire(None, frozenset(Role))
    for part in items:
        if isinstance(part, Memory):
            nodes = _nodes("memory", part, outer)
            _join(graph, sources, nodes, everything)
            sources = tuple(nodes)
    for part in items:
        if isinstance(part, Compute):
            _join(graph, sources, _nodes("compute", part, outer), everything)
        elif isinstance(part, Array):
            lanes = _nodes("lane", part, outer)
            netted = {
                role
                for net in arch.nets
                if net.target == part.path or any(a.startswith(f"{part.path}.") for a in net.axes)
                for role in net.carries
                if net.source != net.target
            }
            _join(graph, sources, lanes, Wire(None, frozenset(Role) - netted))
            for lane in lanes:
                _wire_scope(graph, arch, part.items, lane.index, (lane,))


def _join(
    graph: nx.DiGraph[GraphNode],
    sources: tuple[GraphNode, ...],
    targets: list[GraphNode],
    wire: Wire,
) -> None:
    """Each target hangs on one source: fan-out one-to-one or one-to-n, the copies in order."""
    graph.add_nodes_from(targets)
    if sources and wire.carries:
        for number, target in enumerate(targets):
            source = sources[number * len(sources) // len(targets)]
            graph.add_edge(source, target, wire=wire)


def _wire_net(graph: nx.DiGraph[GraphNode], arch: Arch, net: Net) -> None:
    """Each instance of a net: one for each index of the axes around it that it does not span."""
    target, source = _part(arch, net.target), _part(arch, net.source)
    names, outer = _axis_names(arch, target), _axis_names(arch, source)
    wire_of = _wires(net)
    edges = [(tail, head, data["hops"]) for tail, head, data in net_graph(net, arch).edges.data()]
    spans = [range(1 if name in net.axes else n) for name, n in names.items()]
    for index in product(*spans):
        place = dict(zip(names, index, strict=True))
        fixed = tuple(place[name] for name in names if name not in net.axes)

        def node_of(node: object, place: Place = place, fixed: Index = fixed) -> GraphNode:
            if node == "source" and source is not target:
                driver = tuple(place.get(name, 0) for name in outer)
                return GraphNode(_KINDS[type(source)], source.path, driver)
            if node == "source":
                return GraphNode("switch", net.name, fixed)
            assert isinstance(node, tuple)
            if node[:1] == ("switch",):
                return GraphNode("switch", net.name, (*fixed, *node[1:]))
            where = place | dict(zip(net.axes, node, strict=True))
            return GraphNode(_KINDS[type(target)], target.path, tuple(where.values()))

        for tail, head, hops in edges:
            graph.add_edge(node_of(tail), node_of(head), wire=wire_of[hops])


Place = dict[str, int]
_KINDS: dict[type[Item], str] = {Memory: "memory", Array: "lane", Compute: "compute"}


def _part(arch: Arch, path: str) -> Item:
    return next(part for part in walk(arch.items) if part.path == path)


def _wires(net: Net) -> dict[int, Wire]:
    return {
        hops: Wire(
            net.name,
            net.carries,
            net.width_bits,
            hops,
            hops * net.latency_cycles_per_hop,
            hops * net.energy_pj_per_bit_hop,
        )
        for hops in (0, 1)
    }


def _axis_names(arch: Arch, part: Item) -> dict[str, int]:
    """The axes that an instance of a part is indexed by, outer to inner, with their extents."""
    around = [array for array in arch.arrays if part.path.startswith(f"{array.path}.")]
    return {f"{p.path}.{axis}": n for p in (*around, part) for axis, n in own_axes(p)}


def _wire_link(graph: nx.DiGraph[GraphNode], arch: Arch, link: Link) -> None:
    """A single edge between two instances, in every copy of the scope that holds both."""
    wire = Wire(
        "link",
        frozenset(Role),
        link.width_bits,
        1,
        link.latency_cycles,
        link.energy_pj_per_bit,
    )
    (source, at), (target, to) = link.source, link.target
    tails = [n for n in graph if n.path == source and n.index[len(n.index) - len(at) :] == at]
    heads = [n for n in graph if n.path == target and n.index[len(n.index) - len(to) :] == to]
    for tail, head in product(tails, heads):
        graph.add_edge(tail, head, wire=wire)
