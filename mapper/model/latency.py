"""Time: the terms of the steady state, and what comes before and after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import ceil

from ...hw_specs.model import Action, Arch, Array, chain
from ..space.nest import Nest, Step
from .cost import Bottleneck
from .energy import ACTIONS
from .kernels import ceil_ratio
from .pack import Names
from .problem import BUS, COUNT, CROSSBAR, DEPTH, GRID, LANE, PLACE, Problem, Work
from .record import Ints
from .tiles import inner_loop


@dataclass(frozen=True, slots=True)
class Counted:
    """A nest after `evaluate_lines`, and what its numbers stand for."""

    nest: Nest
    arch: Arch
    names: Names
    problem: Problem
    trees: Ints
    lines: Ints
    work: Work


def latency_terms(counted: Counted) -> tuple[Bottleneck, ...]:
    """`compute`, and each port and net that carries anything, largest first.

    cycles = ceil(bits of the busiest instance / bandwidth); equal terms stand in the order
    compute, ports, nets.
    """
    problem, work, names = counted.problem, counted.work, counted.names
    found = [Bottleneck("compute", int(work.compute_cycles))]
    for number, (row, index) in enumerate(names.ports):
        rate = problem.port_rate[number]
        cycles = ceil_ratio(int(work.port_bits[number]), int(rate[1]), int(rate[0]))
        memory = names.memories[row]
        found.append(Bottleneck(f"port {memory.path}.{memory.ports[index].name}", cycles))
    for number, net in enumerate(names.nets):
        cycles = ceil_ratio(int(work.net_bits[number]), 1, int(problem.net_width_bits[number]))
        found.append(Bottleneck(f"net {counted.arch.nets[net].name}", cycles))
    busy = [term for term in found if term.cycles or term.term == "compute"]
    return tuple(sorted(busy, key=lambda term: -term.cycles))


def startup_cycles(counted: Counted) -> int:
    """Until the first point: the slowest operand's first tiles on their way down the chain.

    Each link takes first tile / bandwidth of the parent's port + the port's latency + the nets'
    latency to the farthest lane; before all that, the arrays are configured.
    """
    reads = range(len(counted.names.operands) - 1)
    configure = sum(
        part.reconfigure_cycles
        for part in chain(counted.arch, counted.nest.unit)
        if isinstance(part, Array)
    )
    return configure + max(
        (sum(_first_tile_cycles(counted, operand, Action.READ)) for operand in reads), default=0
    )


def drain_cycles(counted: Counted) -> int:
    """After the last point: the last tiles of the output on their way up the chain."""
    return sum(_first_tile_cycles(counted, len(counted.names.operands) - 1, Action.UPDATE))


def _first_tile_cycles(counted: Counted, operand: int, action: Action) -> Iterator[int]:
    work, problem = counted.work, counted.problem
    is_output = operand == len(counted.names.operands) - 1
    for link in range(int(work.holds[operand])):
        at, child = (int(line) for line in work.hold[operand, link : link + 2])
        row = int(counted.lines[at, PLACE])
        width = int(work.width[link] if is_output else problem.word_bits[row, operand])
        tile = 1 if child == len(counted.lines) else int(work.volume[child])
        bits = tile * int(counted.work.groups[operand, link]) * width
        number = problem.port_of[row, problem.role[operand], ACTIONS.index(action)]
        memory = counted.names.memories[row]
        port = memory.ports[counted.names.ports[number][1]]
        yield ceil(bits / port.bandwidth_bits_per_cycle) + port.latency_cycles
        yield ceil(_net_latency(counted, operand, at, child))


def _net_latency(counted: Counted, operand: int, at: int, child: int) -> Fraction:
    problem = counted.problem
    role = int(problem.role[operand])
    above = problem.memory_place[counted.lines[at, PLACE]]
    below = problem.unit_place
    if child < len(counted.lines):
        below = problem.memory_place[counted.lines[child, PLACE]]
    total = Fraction(0)
    for stage in range(int(problem.stages[role])):
        net = int(problem.stage_net[role, stage])
        if net >= 0 and above < problem.stage_place[role, stage] <= below:
            latency = counted.arch.nets[counted.names.nets[net]].latency_cycles_per_hop
            total += latency * _farthest(counted, role, stage, net)
    return total


def _farthest(counted: Counted, role: int, stage: int, net: int) -> int:
    """Hops from a net's source to the farthest lane in use."""
    problem = counted.problem
    if problem.net_kind[net] in (BUS, CROSSBAR):
        return 1
    width = problem.stage_width[role, stage]
    axes = [int(axis) for axis in problem.stage_axes[role, stage, :width]]
    used = [int(counted.work.lanes[axis]) for axis in axes]
    if problem.net_kind[net] == GRID:
        return int(problem.net_driver[net]) + sum(lanes - 1 for lanes in used)
    worst = 0
    for lane in product(*map(range, used)):
        index = 0
        for axis, coordinate in zip(axes, lane, strict=True):
            index = index * int(problem.axis_extent[axis]) + coordinate
        node = counted.trees[LANE, problem.first_lane[net] + index]
        worst = max(worst, int(counted.trees[DEPTH, node]))
    return worst


def skew_cycles(counted: Counted) -> int:
    """Lanes that start one after the other: (lanes - 1) x skew for each axis.

    Once, if the stationary tile (of those kept inside the array, the one that changes least
    often) is double-buffered or nothing is kept there; else at each of its changes.
    """
    total = 0
    for number, axis in enumerate(counted.names.axes):
        by_line = [
            line.skew for line in counted.nest.lines if isinstance(line, Step) and line.axis == axis
        ]
        by_net = [net.skew for net in counted.arch.nets if axis in net.axes]
        lanes = int(counted.work.lanes[number])
        skew = max((*by_line, *by_net), default=0)
        if skew and lanes > 1:
            total += (lanes - 1) * skew * _changes(counted, number)
    return total


def _changes(counted: Counted, axis: int) -> int:
    problem, work, lines = counted.problem, counted.work, counted.lines
    found = []
    for operand in range(len(counted.names.operands)):
        for at in work.hold[operand, : work.holds[operand]]:
            if problem.memory_place[lines[at, PLACE]] > problem.axis_place[axis]:
                moving = inner_loop(problem, operand, lines, at)
                trips = 1 if moving < 0 else work.time_above[moving] * lines[moving, COUNT]
                found.append((int(trips), int(lines[at, COUNT])))
    changes, buffers = min(found, default=(1, 1))
    return 1 if buffers > 1 else changes
