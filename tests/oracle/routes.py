"""The way from the source of a net to each of its lanes, written down topology by topology."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import prod

from tilewright.hw_specs.model import Net

from .places import Coords

Node = tuple[object, ...]
"""`("source",)`, `("lane", *coords)`, or something of the net's own between them."""

Edge = tuple[Node, Node]

SOURCE: Node = ("source",)


def route(net: Net, extents: Coords, lane: Coords) -> dict[Edge, int]:
    """The edges from the source to a lane, each with its hops.

    Results take the same way backwards.

    Args:
        extents: lanes on each axis of the net, as built, not only those used.
        lane: the coordinate on each of these axes.
    """
    last = ("lane", *lane)
    if not extents:
        return {(SOURCE, last): 1}
    match net.topology:
        case "bus":
            return {(SOURCE, ("medium",)): 1, (("medium",), last): 0}
        case "crossbar":
            return {(SOURCE, ("switch",)): 0, (("switch",), last): 1}
        case "tree":
            nodes = [SOURCE, *_tree(net.radix, extents, lane)]
        case "systolic" | "mesh":
            nodes = [*_entry(net), *_by_dimension(extents, lane, wraps=False)]
        case "torus":
            nodes = [*_entry(net), *_by_dimension(extents, lane, wraps=True)]
        case "ring":
            nodes = [*_entry(net), *_around(extents, lane)]
        case other:
            raise NotImplementedError(other)
    return dict.fromkeys(pairwise(nodes), 1)


def _entry(net: Net) -> list[Node]:
    """A net that joins the lanes of an array begins in its first lane, any other one outside."""
    return [] if net.source == net.target else [SOURCE]


def _number(extents: Coords, lane: Coords) -> int:
    """The lane's position in row-major order."""
    number = 0
    for extent, coordinate in zip(extents, lane, strict=True):
        number = number * extent + coordinate
    return number


def _tree(radix: int, extents: Coords, lane: Coords) -> list[Node]:
    """From the root down; the node above lanes `n*radix` to `n*radix + radix - 1` is `n`."""
    lanes, number = prod(extents), _number(extents, lane)
    nodes: list[Node] = [("lane", *lane)]
    height = 0
    while lanes > 1:
        height, lanes, number = height + 1, -(-lanes // radix), number // radix
        nodes.append(("switch", height, number))
    return nodes[::-1]


def _by_dimension(extents: Coords, lane: Coords, *, wraps: bool) -> Iterator[Node]:
    """From lane 0, axis after axis in the order in which the net names them."""
    here = [0] * len(extents)
    yield ("lane", *here)
    for axis, extent in enumerate(extents):
        for coordinate in _walk(extent, lane[axis], wraps=wraps):
            here[axis] = coordinate
            yield ("lane", *here)


def _around(extents: Coords, lane: Coords) -> Iterator[Node]:
    """From lane 0 along one ring through all lanes in row-major order."""
    lanes = prod(extents)
    for number in [0, *_walk(lanes, _number(extents, lane), wraps=True)]:
        coords: list[int] = []
        for extent in reversed(extents):
            number, coordinate = divmod(number, extent)
            coords.insert(0, coordinate)
        yield ("lane", *coords)


def _walk(extent: int, goal: int, *, wraps: bool) -> list[int]:
    """The positions after 0 on the way to `goal`; backwards only where that is shorter."""
    if wraps and extent - goal < goal:
        return list(range(extent - 1, goal - 1, -1))
    return list(range(1, goal + 1))
