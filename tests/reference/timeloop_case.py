"""Reads one Timeloop case (`timeloop-oracle/1`): problem, chip, mapping, and what Timeloop said."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

# words of one axis of a tensor: index = sum of coefficient * dim
Axis = tuple[tuple[str, int], ...]

DISABLE_LINKS = "TIMELOOP_DISABLE_LINK_TRANSFERS"
DISABLE_EXTRAPOLATION = "TIMELOOP_DISABLE_TEMPORAL_EXTRAPOLATION"


class CaseError(Exception):
    """A case that cannot be read or lies outside the rules; the message names file and reason."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One dataspace of the problem."""

    name: str
    read_write: bool
    axes: tuple[Axis, ...]


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop of the nest; `residual` is its last trip count where factors are imperfect."""

    dim: str
    factor: int
    residual: int
    axis: str = ""


@dataclass(frozen=True, slots=True)
class Network:
    """Costs of the network below a level: pJ per word and hop, router, ingress."""

    hop_pj: float
    router_pj: float
    ingress_pj: float
    reduces: bool


@dataclass(frozen=True, slots=True)
class Level:
    """A storage level with its block of the nest; bandwidths in words per cycle and instance."""

    name: str
    instances: int
    mesh_x: int
    mesh_y: int
    entries: int | None
    block_size: int
    cluster_size: int
    read_bandwidth: float | None
    write_bandwidth: float | None
    shared_bandwidth: float | None
    read_pj: float
    fill_pj: float
    update_pj: float
    leak_pj_per_cycle: float
    network: Network
    temporal: tuple[Loop, ...]
    spatial: tuple[Loop, ...]
    keep: frozenset[str]

    def factor(self, dim: str) -> int:
        """Product of this block's factors of a dim."""
        return prod(loop.factor for loop in (*self.temporal, *self.spatial) if loop.dim == dim)

    def used(self, axis: str) -> int:
        """Children that this block uses along an axis, `X` or `Y`."""
        return prod(loop.factor for loop in self.spatial if loop.axis == axis)

    @property
    def fanout(self) -> int:
        """Children that one instance of this level feeds."""
        return prod(loop.factor for loop in self.spatial)


@dataclass(frozen=True, slots=True)
class Case:
    """A case; levels innermost first, loops outermost first.

    `unknown` are Timeloop switches that no rule here covers; `expected` is Timeloop's answer as
    nested mappings down to numbers.
    """

    name: str
    dims: Mapping[str, int]
    tensors: tuple[Tensor, ...]
    levels: tuple[Level, ...]
    mac_name: str
    mac_instances: int
    mac_mesh: tuple[int, int]
    mac_pj: float
    links: bool
    extrapolate: bool
    unknown: tuple[str, ...]
    expected: Mapping[str, Any]

    @property
    def perfect(self) -> bool:
        """Whether every loop runs the same trips each time."""
        loops = (x for level in self.levels for x in (*level.temporal, *level.spatial))
        return all(loop.factor == loop.residual for loop in loops)


def read_case(path: Path) -> Case:
    """The case in a file; CaseError where it is no such case."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return case_of(data)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CaseError(f"{path}: not a case: {type(error).__name__}: {error}") from error
    except CaseError as error:
        raise CaseError(f"{path}: {error}") from error


def case_of(data: Mapping[str, Any]) -> Case:
    """The case that a parsed JSON object describes."""
    if data["schema"] != "timeloop-oracle/1":
        raise CaseError(f"schema {data['schema']!r}, not 'timeloop-oracle/1'")
    env = data.get("env", {})
    arch, problem, blocks = data["arch"], data["problem"], data["mapping"]
    if [x["name"] for x in arch["levels"]] != [x["level"] for x in blocks]:
        raise CaseError("the mapping's levels are not the chip's")
    levels = tuple(_level(*x) for x in zip(arch["levels"], blocks, strict=True))
    mac, off = arch["mac"], {name for name, value in env.items() if value not in ("0", "", 0)}
    case = Case(
        name=data["id"],
        dims=problem["dims"],
        tensors=tuple(_tensor(x, problem["coefficients"]) for x in problem["dataspaces"]),
        levels=levels[::-1],
        mac_name=mac["name"],
        mac_instances=mac["instances"],
        mac_mesh=(mac["meshX"], mac["meshY"]),
        mac_pj=float(mac["energy_compute_pJ"]),
        links=DISABLE_LINKS not in off,
        extrapolate=DISABLE_EXTRAPOLATION not in off,
        unknown=tuple(sorted(set(env) - {DISABLE_LINKS, DISABLE_EXTRAPOLATION})),
        expected=data["expected"],
    )
    _check(case)
    return case


def _tensor(data: Mapping[str, Any], coefficients: Mapping[str, int]) -> Tensor:
    axes = tuple(
        tuple((term[0], int(coefficients[term[1]]) if len(term) > 1 else 1) for term in axis)
        for axis in data["projection"]
    )
    return Tensor(data["name"], data["read_write"], axes)


def _level(data: Mapping[str, Any], block: Mapping[str, Any]) -> Level:
    entries, buffers = data["entries"], data["multiple_buffering"] or 1
    network = data.get("network", {})
    return Level(
        name=data["name"],
        instances=data["instances"],
        mesh_x=data["meshX"],
        mesh_y=data["meshY"],
        entries=None if entries is None else int(entries / buffers),
        block_size=data["block_size"],
        cluster_size=data["cluster_size"],
        read_bandwidth=data["read_bandwidth"],
        write_bandwidth=data["write_bandwidth"],
        shared_bandwidth=data["shared_bandwidth"],
        read_pj=float(data["energy_read_pJ"]),
        fill_pj=float(data["energy_fill_pJ"]),
        update_pj=float(data["energy_update_pJ"]),
        leak_pj_per_cycle=float(data["energy_leak_pJ_per_cycle"]),
        network=Network(
            hop_pj=float(network.get("energy_per_hop", 0)),
            router_pj=float(network.get("router_energy", 0)),
            ingress_pj=float(network.get("energy-per-ingress", 0)),
            reduces=network.get("reduction_supported", data["technology"] != "DRAM"),
        ),
        temporal=tuple(Loop(x["dim"], x["factor"], x["residual"]) for x in block["temporal"]),
        spatial=tuple(
            Loop(x["dim"], x["factor"], x["residual"], x["axis"]) for x in block["spatial"]
        ),
        keep=frozenset(block["keep"]),
    )


def _check(case: Case) -> None:
    """Refuse what no number can be given for."""
    for dim, bound in case.dims.items():
        tiled = prod(level.factor(dim) for level in case.levels)
        if case.perfect and tiled != bound:
            raise CaseError(f"the loops over {dim} make {tiled}, the problem has {bound}")
    loops = (x for level in case.levels for x in (*level.temporal, *level.spatial))
    for loop in loops:
        if loop.dim not in case.dims or not isinstance(loop.factor, int) or loop.factor < 1:
            raise CaseError(f"loop over {loop.dim} of {loop.factor}: no such dim or bound")
    terms = (term for tensor in case.tensors for axis in tensor.axes for term in axis)
    if lost := [dim for dim, _ in terms if dim not in case.dims]:
        raise CaseError(f"the problem has no dim {lost[0]}")
    for level in case.levels:
        bandwidths = (level.read_bandwidth, level.write_bandwidth, level.shared_bandwidth)
        if any(words is not None and words <= 0 for words in bandwidths):
            raise CaseError(f"{level.name}: a bandwidth is above 0")
        sizes = (level.instances, level.mesh_x, level.mesh_y, level.block_size, level.cluster_size)
        if not all(isinstance(size, int) and size > 0 for size in sizes):
            raise CaseError(f"{level.name}: instances, mesh, block and cluster are whole, above 0")
    for tensor in case.tensors:
        if not any(tensor.name in level.keep for level in case.levels):
            raise CaseError(f"no level keeps {tensor.name}")
