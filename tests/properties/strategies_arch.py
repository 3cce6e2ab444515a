"""Hypothesis strategies: small chips, for the oracle and the evaluator.

Memories are `m0` (outermost) to `m3`, arrays `a` and `a.b`, their axes `x` and `y`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tilewright.hw_specs.model import (
    Action,
    Arch,
    Array,
    Compute,
    FirstTouch,
    Function,
    Item,
    Memory,
    Net,
    Port,
    Reuse,
)
from tilewright.ir.functions import function_counts
from tilewright.ir.types import Role
from tilewright.ir.workload import Op


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The parts of a chip.

    Attributes:
        scopes: how many memories stand outside, in array `a`, in array `a.b`.
        axes: names of the axes of array `a`, of array `a.b`.
    """

    scopes: tuple[int, ...]
    axes: tuple[tuple[str, ...], ...]

    @property
    def paths(self) -> tuple[str, ...]:
        """Of each scope, what its parts' paths begin with."""
        return ("", "a.", "a.b.")[: len(self.scopes)]

    @property
    def memories(self) -> tuple[tuple[str, ...], ...]:
        """Paths of the memories of each scope."""
        first = [sum(self.scopes[:n]) for n in range(len(self.scopes))]
        return tuple(
            tuple(f"{path}m{first[n] + k}" for k in range(self.scopes[n]))
            for n, path in enumerate(self.paths)
        )

    @property
    def unit(self) -> str:
        return f"{self.paths[-1]}mac"

    def axis_paths(self, array: int) -> tuple[str, ...]:
        return tuple(f"{self.paths[array + 1]}{axis}" for axis in self.axes[array])


@st.composite
def skeletons(draw: DrawFn) -> Skeleton:
    """2 to 4 memories, up to two nested arrays of one or two axes."""
    arrays = draw(st.sampled_from([0, 1, 1, 2]))
    scopes = [1, *[0] * arrays]
    for _ in range(draw(st.integers(1, 3))):
        scopes[draw(st.integers(0, arrays))] += 1
    axes = tuple(draw(st.sampled_from([("x",), ("x", "y")])) for _ in range(arrays))
    return Skeleton(tuple(scopes), axes)


@st.composite
def archs(
    draw: DrawFn,
    skeleton: Skeleton,
    op: Op,
    lanes: Mapping[str, int],
    reuse: tuple[Reuse, ...],
) -> Arch:
    """A chip of these parts that runs the op, with axes of the lanes used and up to two more."""
    unit = draw(_computes(skeleton.unit, op))
    items: tuple[Item, ...] = (unit,)
    for scope in reversed(range(len(skeleton.scopes))):
        memories = tuple(draw(_memories(path, reuse)) for path in skeleton.memories[scope])
        items = (*memories, *items) if draw(st.booleans()) else (*items, *memories)
        if scope:
            path = skeleton.paths[scope].removesuffix(".")
            axes = tuple(
                (axis.rpartition(".")[2], lanes[axis] + draw(st.integers(0, 2)))
                for axis in skeleton.axis_paths(scope - 1)
            )
            items = (Array(path.rpartition(".")[2], path, axes, items),)
    if draw(st.booleans()):
        # Hardware that the op has no use for: it leaks all the same, unless it is gated.
        idle = draw(_memories("z.idle", reuse)), draw(_computes("z.unit", op))
        items = (*items, Array("z", "z", (("x", 2),), idle))
    roles = st.sampled_from([{}, {Role.OUTPUT: 8}, {Role.INPUT: 16, Role.WEIGHT: 4}])
    return Arch(
        name="chip",
        clock_hz=1e9,
        items=items,
        nets=draw(_nets(skeleton)),
        precision_bits=draw(roles),
        acc_bits=draw(st.sampled_from([None, 24])),
    )


_energies = st.sampled_from([1.0, 0.5, 2.25, 0.0])
_rates = st.sampled_from([Fraction(1), Fraction(2), Fraction(3, 2), Fraction(1, 4)])


@st.composite
def _computes(draw: DrawFn, path: str, op: Op) -> Compute:
    functions = {name: Function(draw(_energies), draw(_rates)) for name in function_counts(op)}
    return Compute(
        path.rpartition(".")[2],
        path,
        functions,
        latch=draw(st.frozensets(st.sampled_from(Role))),
        leak_uw=draw(_energies),
        gate=draw(st.booleans()),
    )


@st.composite
def _memories(draw: DrawFn, path: str, reuse: tuple[Reuse, ...]) -> Memory:
    return Memory(
        name=path.rpartition(".")[2],
        path=path,
        size_bits=None,
        width_bits=draw(st.sampled_from([8, 16, 64, 48])),
        ports=draw(_ports()),
        energy_pj={action: draw(_energies) for action in Action},
        precision_bits=draw(st.sampled_from([{}, {}, {Role.OUTPUT: 12}, {Role.INPUT: 6}])),
        reuse=draw(st.sampled_from(reuse)),
        accumulate=draw(st.booleans()),
        first_touch=draw(st.sampled_from([FirstTouch.ELIDE, FirstTouch.ELIDE, FirstTouch.READ])),
        leak_uw=draw(_energies),
        gate=draw(st.booleans()),
    )


@st.composite
def _ports(draw: DrawFn) -> tuple[Port, ...]:
    """Every action of every role has one port: one for all, by direction, or by role."""
    everything = frozenset(Action)
    inward = frozenset({Action.READ, Action.DRAIN})
    splits: list[list[tuple[str, frozenset[Action], frozenset[Role] | None]]] = [
        [("rw", everything, None)],
        [("rd", inward, None), ("wr", everything - inward, None)],
        [
            ("data", everything, frozenset({Role.INPUT, Role.WEIGHT})),
            ("result", everything, frozenset({Role.OUTPUT})),
        ],
    ]
    bandwidths = st.sampled_from([Fraction(8), Fraction(64), Fraction(3, 2), Fraction(5)])
    return tuple(
        Port(name, draw(bandwidths), actions, carries)
        for name, actions, carries in draw(st.sampled_from(splits))
    )


_TOPOLOGIES = ("bus", "tree", "systolic", "mesh", "torus", "ring", "crossbar")
_ROLE_SETS: tuple[tuple[frozenset[Role], ...], ...] = (
    (frozenset(Role),),
    (frozenset({Role.INPUT, Role.WEIGHT}), frozenset({Role.OUTPUT})),
    (frozenset({Role.INPUT, Role.OUTPUT}), frozenset({Role.WEIGHT})),
    (frozenset({Role.INPUT}), frozenset({Role.WEIGHT}), frozenset({Role.OUTPUT})),
    (),
)


@st.composite
def _nets(draw: DrawFn, skeleton: Skeleton) -> tuple[Net, ...]:
    """At most one net for each role on each axis, and some to single memories."""
    nets: list[Net] = []

    def add(source: str, target: str, axes: tuple[str, ...], roles: frozenset[Role]) -> None:
        nets.append(draw(_net(f"n{len(nets)}", source, target, axes, roles)))

    for array in range(len(skeleton.axes)):
        path = skeleton.paths[array + 1].removesuffix(".")
        source = draw(st.sampled_from(["m0", path]))
        axes = skeleton.axis_paths(array)
        alongs: list[tuple[str, ...]] = [(axis,) for axis in axes]
        for roles in draw(st.sampled_from(_ROLE_SETS)):
            for along in draw(st.sampled_from([alongs, [axes], alongs[-1:]])):
                add(source, path, along, roles)
    for path in [path for scope in skeleton.memories for path in scope][1:]:
        for roles in draw(st.sampled_from([_ROLE_SETS[4], _ROLE_SETS[0], _ROLE_SETS[1][1:]])):
            add("m0", path, (), roles)
    return tuple(nets)


@st.composite
def _net(
    draw: DrawFn,
    name: str,
    source: str,
    target: str,
    axes: tuple[str, ...],
    roles: frozenset[Role],
) -> Net:
    combines: list[frozenset[str]] = [frozenset({"add", "max", "mul"}), frozenset({"add"})]
    return Net(
        name=name,
        topology=draw(st.sampled_from(_TOPOLOGIES)),
        source=source,
        target=target,
        axes=axes,
        width_bits=draw(st.sampled_from([8, 16, 5])),
        energy_pj_per_bit_hop=draw(_energies),
        carries=roles,
        multicast=draw(st.booleans()),
        forward=draw(st.booleans()),
        reduce=draw(st.sampled_from([*combines, frozenset[str]()])),
        radix=draw(st.sampled_from([2, 3])),
    )
