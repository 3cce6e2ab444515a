"""What the search returns: a mapping, its cost, and how good it is known to be."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ..ir.mapping import Mapping
from ..ir.workload import Op
from .model.cost import Cost


class Objective(StrEnum):
    """What a search makes small."""

    EDP = "edp"
    ENERGY = "energy"
    LATENCY = "latency"


class Status(StrEnum):
    """How far a result is known to be from the optimum of the space named beside it."""

    OPTIMAL = "optimal"
    BOUNDED = "bounded"
    HEURISTIC = "heuristic"


@dataclass(frozen=True, slots=True)
class Certificate:
    """How good a mapping is known to be.

    Attributes:
        lower_bound: no mapping of the space has a smaller objective (same unit as the objective:
            pJ, cycles or pJ x cycles); 0 when nothing is known.
        gap: best / lower_bound - 1; None when no bound is known.
        space: name of the space that the status is about (`even`).
        mapspace_size: number of mappings in that space, illegal ones included; None if unknown.
        evaluated: mappings evaluated.
        seconds: time of the search.
    """

    status: Status
    lower_bound: float
    gap: float | None
    space: str
    mapspace_size: int | None
    evaluated: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Result:
    """The best mapping found for one op on one chip."""

    op: Op
    mapping: Mapping
    cost: Cost
    certificate: Certificate


@dataclass(frozen=True, slots=True)
class NotMapped:
    """An operator that the report lists instead of mapping it.

    Attributes:
        macs: multiply-accumulates of all its occurrences in one run.
        bytes: bytes of the tensors it reads and writes, of all occurrences.
        count: how many nodes of the network this entry stands for.
        explanation: the rendered diagnostic, when there is one.
    """

    name: str
    kind: str
    why: str
    macs: int
    bytes: int = 0
    count: int = 1
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One unique shape of a network.

    Attributes:
        result: of the first op with this shape.
        count: executions in one run of the network: occurrences x steps of a repeat.
        names: all ops with this shape.
    """

    result: Result
    count: int
    names: tuple[str, ...]
