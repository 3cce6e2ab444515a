"""The chip as a graph, as a picture and as an outline."""

from xml.etree import ElementTree

import networkx as nx
import pytest

from tilewright.hw_specs import arch_names, load_arch, read_arch
from tilewright.hw_specs.graph import GraphNode, build_graph, draw_graph, outline
from tilewright.hw_specs.model import instances
from tilewright.ir.text import Diagnostic

SMALL = [name for name in arch_names() if name not in ("tpu_v1", "edge_tpu")]


@pytest.mark.parametrize("name", SMALL)
def test_every_instance_is_reached(name: str) -> None:
    arch = load_arch(name)
    graph = build_graph(arch)
    home = GraphNode("memory", arch.memories[0].path, ())
    reached = {home, *nx.descendants(graph, home)}
    for unit in arch.computes:
        found = [node for node in reached if node.path == unit.path]
        assert len(found) == instances(arch, unit.path)
    drivers = {node for node in graph if node.kind == "switch"}
    assert set(graph) - reached <= drivers


def test_edges_carry_their_net() -> None:
    graph = build_graph(load_arch("eyeriss", rows=4, cols=7))
    psums = [
        (tail.index, head.index)
        for tail, head, data in graph.edges.data()
        if data["wire"].net == "psums"
    ]
    assert ((0, 3), (1, 3)) in psums
    assert len(psums) == 3 * 7
    medium = GraphNode("switch", "ifmaps", (0, 0))
    assert graph.edges[GraphNode("memory", "shared", ()), medium]["wire"].hops == 1
    assert graph.out_degree(medium) == 28


def test_links_are_single_edges() -> None:
    chip = """hw 1 arch chip {
      clock = 1 GHz
      memory bank[i: 4] {
        size = 1 KiB port rw { bandwidth = 1 B/cycle }
        on read { energy = 1 pJ } on write { energy = 1 pJ }
      }
      array engine[j: 2] { compute mac { energy = 1 pJ/op } }
      link bank[0] -> engine[1] { width = 512 bit energy = 0.1 pJ/bit latency = 1 cycle }
    }"""
    graph = build_graph(read_arch(chip))
    tail, head = GraphNode("memory", "bank", (0,)), GraphNode("lane", "engine", (1,))
    assert graph.edges[tail, head]["wire"].width_bits == 512
    # Banks feed lanes in order: two banks for each engine, of which the first is wired.
    assert graph.has_edge(GraphNode("memory", "bank", (2,)), head)


def test_what_is_too_large_is_refused() -> None:
    chip = """hw 1 arch chip {
      clock = 1 GHz
      memory dram {
        size = unbounded port rw { bandwidth = 1 B/cycle }
        on read { energy = 1 pJ } on write { energy = 1 pJ }
      }
      array pe[y: 1024, x: 1024] { compute mac { energy = 1 pJ/op } }
    }"""
    with pytest.raises(Diagnostic, match="too large"):
        build_graph(read_arch(chip))


@pytest.mark.parametrize("name", arch_names())
def test_the_picture_is_well_formed_and_complete(name: str) -> None:
    arch = load_arch(name)
    svg = draw_graph(arch)
    root = ElementTree.fromstring(svg)
    texts = " ".join(element.text or "" for element in root.iter() if element.text)
    for part in (*arch.memories, *arch.computes, *arch.arrays):
        assert part.name in texts
    for net in arch.nets:
        assert f"{net.name.rpartition('.')[2]}:" in texts
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize("name", arch_names())
def test_the_outline_names_everything(name: str) -> None:
    arch = load_arch(name)
    text = outline(arch)
    assert text.count("\n") == 1 + sum(
        map(len, (arch.memories, arch.computes, arch.arrays, arch.nets, arch.links))
    ) + bool(arch.dataflows)
