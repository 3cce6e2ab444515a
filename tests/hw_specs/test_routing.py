"""Routing trees against the graphs of their nets: shortest ways, in the order of the axes."""

import time
from itertools import product

import networkx as nx
import pytest

from tilewright.hw_specs.graph import Routing, net_graph, routing
from tilewright.hw_specs.model import Arch, Array, Net

SHAPES = [(1,), (2,), (5,), (8,), (3, 4), (4, 4), (2, 3, 3)]
TOPOLOGIES = ["bus", "tree", "mesh", "torus", "ring", "systolic", "crossbar"]


def build(topology: str, shape: tuple[int, ...], source: str, radix: int = 2) -> tuple[Net, Arch]:
    axes = tuple((f"a{position}", extent) for position, extent in enumerate(shape))
    names = tuple(f"pe.{name}" for name, _ in axes)
    net = Net("n", topology, source, "pe", names, 8, radix=radix)
    return net, Arch("chip", 1e9, (Array("pe", "pe", axes, ()),))


def way(tree: Routing, lane: int) -> list[int]:
    """Nodes from the source to a lane."""
    nodes = [int(tree.lane_node[lane])]
    while nodes[-1] != 0:
        nodes.append(int(tree.parent[nodes[-1]]))
    return nodes[::-1]


@pytest.mark.parametrize("source", ["dram", "pe"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_ways_are_shortest(topology: str, shape: tuple[int, ...], source: str) -> None:
    for radix in (2, 3):
        net, arch = build(topology, shape, source, radix)
        tree, graph = routing(net, arch), net_graph(net, arch)
        start = "source" if "source" in graph else (0,) * len(shape)
        hops = nx.single_source_dijkstra_path_length(graph, start, weight="hops")
        for lane, coordinate in enumerate(product(*map(range, shape))):
            nodes = way(tree, lane)
            assert sum(int(tree.hops[node]) for node in nodes[1:]) == hops[coordinate]
            assert len(nodes) - 1 == nx.shortest_path_length(graph, start, coordinate)


@pytest.mark.parametrize("topology", ["mesh", "systolic"])
def test_dimension_order(topology: str) -> None:
    """The first axis of the net is walked first."""
    net, arch = build(topology, (3, 4), "pe")
    assert way(routing(net, arch), 2 * 4 + 3) == [0, 4, 8, 9, 10, 11]


def test_the_shorter_way_round_and_ties_upwards() -> None:
    net, arch = build("torus", (6,), "pe")
    tree = routing(net, arch)
    assert [way(tree, lane) for lane in (2, 3, 4)] == [[0, 1, 2], [0, 1, 2, 3], [0, 5, 4]]
    net, arch = build("ring", (2, 3), "pe")
    assert way(routing(net, arch), 4) == [0, 5, 4]


def test_a_tree_shares_its_upper_edges() -> None:
    net, arch = build("tree", (4,), "dram")
    tree = routing(net, arch)
    assert len({node for lane in (0, 1) for node in way(tree, lane)} - {0}) == 4
    assert len({node for lane in (0, 2) for node in way(tree, lane)} - {0}) == 5


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_large_arrays_are_quick(topology: str) -> None:
    net, arch = build(topology, (256, 256), "dram")
    start = time.perf_counter()
    tree = routing(net, arch)
    assert time.perf_counter() - start < 1
    assert len(tree.lane_node) == 65536
    assert routing(net, arch) is tree
