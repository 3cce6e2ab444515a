"""The routing trees of chips are the routes that the oracle writes down lane by lane."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product
from math import prod
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle.routes import route
from properties.strategies_nest import examples

from tilewright.hw_specs.model import Arch, Array, Net
from tilewright.hw_specs.routing import Routing, routing


@examples(300)
@given(
    st.sampled_from(["bus", "tree", "systolic", "mesh", "torus", "ring", "crossbar"]),
    st.lists(st.integers(1, 6), min_size=1, max_size=3).filter(lambda e: prod(e) <= 60),
    st.booleans(),
    st.integers(2, 4),
)
def test_routes_agree(topology: str, extents: list[int], within: bool, radix: int) -> None:
    axes = tuple((f"d{number}", extent) for number, extent in enumerate(extents))
    net = Net(
        "net", topology, "a" if within else "m", "a", tuple(f"a.{n}" for n, _ in axes), 8,
        radix=radix,
    )  # fmt: skip
    tree = routing(net, Arch("chip", 1e9, (Array("a", "a", axes, ()),), (net,)))
    lanes = list(product(*(range(extent) for extent in extents)))
    written = [route(net, tuple(extents), lane) for lane in lanes]
    built = [_path(tree, number) for number in range(len(lanes))]
    # An edge has no common name in the two: it is known by the lanes that it leads to.
    assert _by_lanes(written) == _by_lanes(built)


def _path(tree: Routing, lane: int) -> dict[object, int]:
    """The edges on the way to a lane, each by its inner end, with their hops."""
    edges: dict[object, int] = {}
    node = int(tree.lane_node[lane])
    while node != 0:
        edges[node] = int(tree.hops[node])
        node = int(tree.parent[node])
    return edges


def _by_lanes(paths: Sequence[Mapping[Any, int]]) -> Counter[object]:
    users: dict[object, list[int]] = {}
    hops: dict[object, int] = {}
    for lane, path in enumerate(paths):
        for edge, length in path.items():
            users.setdefault(edge, []).append(lane)
            hops[edge] = length
    return Counter((tuple(lanes), hops[edge]) for edge, lanes in users.items())


def test_a_net_to_a_memory_is_one_edge() -> None:
    net = Net("net", "bus", "m", "n", (), 8)
    tree = routing(net, Arch("chip", 1e9, (), (net,)))
    assert _by_lanes([route(net, (), ())]) == _by_lanes([_path(tree, 0)]) == {((0,), 1): 1}


@pytest.mark.parametrize("topology", ["torus", "ring"])
def test_a_tie_goes_upwards(topology: str) -> None:
    net = Net("net", topology, "a", "a", ("a.x",), 8)
    way = route(net, (4,), (2,))
    assert list(way) == [(("lane", 0), ("lane", 1)), (("lane", 1), ("lane", 2))]
