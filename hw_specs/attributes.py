"""The closed table of attributes: where each may stand, and what kind of value it takes."""

from __future__ import annotations

from dataclasses import dataclass

from ..ir.types import Role
from ..ir.units import (
    AREA,
    BANDWIDTH,
    BIT_ENERGY,
    ENERGY,
    FREQUENCY,
    HOP_ENERGY,
    HOP_LATENCY,
    LATENCY,
    LENGTH,
    NUMBER,
    OP_ENERGY,
    POWER,
    SIZE,
    THROUGHPUT,
    VOLTAGE,
    Kind,
)
from .model import Action, FirstTouch, Overlap, Reuse


@dataclass(frozen=True, slots=True)
class Quantities:
    """A quantity of one of these kinds; `word` is a name that may stand in its place."""

    kinds: tuple[Kind, ...]
    word: str | None = None


@dataclass(frozen=True, slots=True)
class Word:
    """One of a few words."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Flag:
    """`true` or `false`."""


@dataclass(frozen=True, slots=True)
class Names:
    """A set of names; `among` lists the legal ones, empty when any name is legal."""

    among: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Name:
    """The name of a technology, or of a table with its keys."""


Sort = Quantities | Word | Flag | Names | Name

_ROLES = tuple(role.value for role in Role)
_SIZE = Quantities((SIZE,))


def _per_role(name: str) -> dict[str, Sort]:
    return {f"{name}.{role}": _SIZE for role in _ROLES}


_UPKEEP: dict[str, Sort] = {
    "leak": Quantities((POWER,)),
    "gate": Flag(),
    "area": Quantities((AREA,)),
}

ATTRIBUTES: dict[str, dict[str, Sort]] = {
    "arch": {
        "tech": Name(),
        "clock": Quantities((FREQUENCY,)),
        **_per_role("precision"),
        "precision.acc": _SIZE,
    },
    "tech": {
        "node": Quantities((LENGTH,)),
        "voltage": Quantities((VOLTAGE,)),
        "interpolate": Word(("loglog", "linear")),
    },
    "memory": {
        "class": Name(),
        "size": Quantities((SIZE,), word="unbounded"),
        "width": _SIZE,
        "keep": Names(_ROLES),
        "bypass": Names(_ROLES),
        **_per_role("share"),
        **_per_role("precision"),
        "reuse": Word(tuple(Reuse)),
        "accumulate": Flag(),
        "first_touch": Word(tuple(FirstTouch)),
        "overlap": Word(tuple(Overlap)),
        "interleave": Flag(),
        **_UPKEEP,
    },
    "port": {
        "bandwidth": Quantities((BANDWIDTH,)),
        "latency": Quantities((LATENCY,)),
        "actions": Names(tuple(Action)),
        "carries": Names(_ROLES),
    },
    # `on ACTION` of a memory and `on FUNCTION` of a compute unit
    "action": {"energy": Quantities((ENERGY, BIT_ENERGY))},
    "function": {
        "energy": Quantities((OP_ENERGY, ENERGY)),
        "throughput": Quantities((THROUGHPUT,)),
    },
    "array": {"area": Quantities((AREA,)), "reconfigure": Quantities((LATENCY,))},
    "compute": {
        "class": Name(),
        "ops": Names(),
        "throughput": Quantities((THROUGHPUT,)),
        "energy": Quantities((OP_ENERGY, ENERGY)),
        "latch": Names(_ROLES),
        **_UPKEEP,
    },
    "net": {
        "width": _SIZE,
        "energy": Quantities((HOP_ENERGY, BIT_ENERGY)),
        "latency": Quantities((HOP_LATENCY, LATENCY)),
        "carries": Names(_ROLES),
        "skew": Quantities((LATENCY, NUMBER)),
    },
    "link": {
        "width": _SIZE,
        "energy": Quantities((BIT_ENERGY, HOP_ENERGY)),
        "latency": Quantities((LATENCY, HOP_LATENCY)),
    },
}

TOPOLOGIES = ("bus", "tree", "mesh", "torus", "ring", "systolic", "crossbar")
TRAITS = ("multicast", "reduce", "forward", "radix")
REDUCIBLE = ("add", "mul", "max", "min")
