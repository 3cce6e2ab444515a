"""The only place where IR becomes the arrays of the kernels."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from ...hw_specs.model import Arch, Array, Compute, FirstTouch, Memory, chain
from ...ir.functions import COMBINES, function_counts
from ...ir.text import Diagnostic, label_at
from ...ir.types import Reduce, Role, TensorKind
from ...ir.workload import Op, Operand, operands
from ..space.nest import Hold, Nest
from . import problem as limits
from .energy import ACTIONS, always_on_pj_per_cycle, compute_energy_pj, leak_pj_per_cycle
from .problem import COLUMNS, DEPTH, FOR, KEEP, LINES, PAR, Problem
from .record import Ints, new_record
from .supported import require_even, require_supported, updates_in_place
from .wires import ROLES, axis_names, net_driver, net_kind, routing_trees, shares, stages

EXACT = 2**53
"""Words are refused beyond this, so that they are exact as integers and as floats."""

LARGEST = 2**62
"""Bits x hops, and products on the way to cycles, are refused beyond this: int64 holds them."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the indices of the arrays stand for.

    Attributes:
        memories: from the outermost to the unit.
        axes: full paths (`pe.x`), outer to inner.
        ports: (memory, port), as in `Problem.port_rate`.
        nets: indices in `Arch.nets`, as in `Problem.net_kind`.
    """

    dims: tuple[str, ...]
    operands: tuple[Operand, ...]
    memories: tuple[Memory, ...]
    axes: tuple[str, ...]
    ports: tuple[tuple[int, int], ...]
    nets: tuple[int, ...]


def names_of(op: Op, arch: Arch, unit: Compute) -> Names:
    """The meaning of the indices of `pack_problem(op, arch, unit)`."""
    memories = tuple(part for part in chain(arch, unit) if isinstance(part, Memory))
    used = {stage.net for role in ROLES for stage in stages(arch, unit, role)} - {None}
    return Names(
        dims=tuple(op.extents),
        operands=operands(op),
        memories=memories,
        axes=axis_names(arch, unit),
        ports=tuple(
            (index, port)
            for index, memory in enumerate(memories)
            for port in range(len(memory.ports))
        ),
        nets=tuple(number for number in range(len(arch.nets)) if number in used),
    )


@dataclass(frozen=True, slots=True)
class Packed:
    """A problem, the routing trees of its nets, and what its indices stand for.

    Attributes:
        trees: int64[5, nodes] - see `wires.routing_trees`.
    """

    problem: Problem
    trees: Ints
    names: Names


def pack_problem(op: Op, arch: Arch, unit: Compute) -> Packed:
    """One op on one unit of a chip, for the kernels (fields and units: `Problem`).

    Raises:
        Diagnostic: a feature that the evaluator does not count yet, a function that the unit does
            not run, more of something than fits, or counts that may exceed what is exact.
    """
    require_supported(op, arch, unit)
    names = names_of(op, arch, unit)
    _require_room(op, arch, unit, names)
    problem = new_record(Problem)
    problem.dims, problem.operands = len(names.dims), len(names.operands)
    problem.memories, problem.axes = len(names.memories), len(names.axes)
    problem.ports, problem.nets = len(names.ports), len(names.nets)
    _set_accesses(problem, names)
    _set_output(problem, op, arch, names)
    _set_compute(problem, op, unit)
    _set_memories(problem, arch, names)
    _set_ports(problem, names)
    _set_places(problem, arch, unit, names)
    _set_nets(problem, op, arch, unit, names)
    _set_leakage(problem, arch, unit, names)
    trees, first = routing_trees(arch, tuple(arch.nets[number] for number in names.nets))
    problem.first_lane[: len(first)] = first
    _require_exact(op, problem, trees)
    return Packed(problem, trees, names)


def _require_room(op: Op, arch: Arch, unit: Compute, names: Names) -> None:
    tensor_axes = max(len(operand.axes) for operand in names.operands)
    most = max(len(stages(arch, unit, role)) for role in ROLES)
    for what, count, limit in (
        ("dims", len(names.dims), limits.DIMS),
        ("operands", len(names.operands), limits.OPERANDS),
        ("axes of a tensor", tensor_axes, limits.TENSOR_AXES),
        ("memories on the way to a unit", len(names.memories), limits.MEMORIES),
        ("array axes on the way to a unit", len(names.axes), limits.AXES),
        ("ports", len(names.ports), limits.PORTS),
        ("nets", len(names.nets), limits.NETS),
        ("crossings of nets and arrays", most, limits.STAGES),
    ):
        if count > limit:
            raise Diagnostic(
                f"`{op.name}` on `{arch.name}` has {count} {what}; the evaluator counts {limit}",
                label_at(op.at, "this op"),
            )


def _set_accesses(problem: Problem, names: Names) -> None:
    problem.tensor_axes = max(len(operand.axes) for operand in names.operands)
    for number, operand in enumerate(names.operands):
        problem.role[number] = ROLES.index(operand.role)
        for axis, index in enumerate(operand.axes):
            for dim, coefficient in index.terms:
                problem.coef[number, axis, names.dims.index(dim)] = coefficient
    problem.relevant[:] = (problem.coef != 0).any(axis=1)
    stands_on = (problem.coef[problem.operands - 1] != 0).sum(axis=0)
    problem.lone = int(stands_on.max() <= 1)


def _require_exact(op: Op, problem: Problem, trees: Ints) -> None:
    """Words of an operand never exceed points * product over axes of (1 + sum |coef|), times
    the extent of a dim for each further axis that it stands on; bits x hops follow from them."""
    worst = 0
    for number in range(problem.operands):
        rows = problem.coef[number, : problem.tensor_axes].tolist()
        spread = prod(1 + sum(map(abs, row)) for row in rows)
        again = prod(
            dim.extent ** max(0, sum(row[index] != 0 for row in rows) - 1)
            for index, dim in enumerate(op.dims)
        )
        worst = max(worst, op.points * spread * again)
    widest = max(int(problem.word_bits.max()), problem.final_bits, problem.acc_bits)
    farthest = 1 + int(trees[DEPTH].max(initial=0))
    if worst > EXACT or worst * widest * farthest > LARGEST:
        raise Diagnostic(
            f"`{op.name}` may move {worst:.1e} words; counts are exact up to 2^53",
            label_at(op.at, f"{op.points:.1e} points"),
            help="split the op along one of its dims",
        )


def _set_output(problem: Problem, op: Op, arch: Arch, names: Names) -> None:
    *reads, output = names.operands
    named = {dim for axis in output.axes for dim in axis.dims}
    reduces = op.reduce is not Reduce.ASSIGN
    problem.reduces = int(reduces)
    for number, dim in enumerate(names.dims):
        problem.reduction[number] = reduces and dim not in named
    problem.preloaded = int((output.tensor.of or output.tensor).kind is TensorKind.STATE)
    in_place = [updates_in_place(read, output) for read in reads]
    problem.partner = in_place.index(True) if True in in_place else -1
    final = arch.precision_bits.get(Role.OUTPUT, output.tensor.dtype.bits)
    own_acc = final if op.acc is None else op.acc.bits
    problem.final_bits = final
    problem.acc_bits = own_acc if arch.acc_bits is None else arch.acc_bits


def _set_compute(problem: Problem, op: Op, unit: Compute) -> None:
    """Cycles a point = the largest count / throughput over the functions of the statement."""
    counts = function_counts(op)
    for name in counts:
        if name not in unit.functions:
            raise Diagnostic(
                f"`{unit.path}` does not run `{name}`, which `{op.name}` needs",
                label_at(unit.at, "runs " + ", ".join(f"`{known}`" for known in unit.functions)),
                help=f"add `on {name} {{ energy = ... }}` to it, or run the op on another unit",
            )
    slowest = max(count / unit.functions[name].throughput for name, count in counts.items())
    problem.point_cycles[:] = slowest.numerator, slowest.denominator
    problem.compute_pj = compute_energy_pj(op, unit)
    for number in range(problem.operands):
        problem.latch[number] = ROLES[problem.role[number]] in unit.latch


def _set_memories(problem: Problem, arch: Arch, names: Names) -> None:
    for row, memory in enumerate(names.memories):
        problem.size_bits[row] = -1 if memory.size_bits is None else memory.size_bits
        problem.share_bits[row] = [memory.share_bits.get(role, -1) for role in ROLES]
        problem.width_bits[row] = memory.width_bits
        # An action without an energy is an error where it happens: see `memory_energy_pj`.
        problem.energy_pj[row] = [memory.energy_pj.get(action, 0.0) for action in ACTIONS]
        problem.accumulates[row] = memory.accumulate
        problem.always_reads[row] = memory.first_touch is FirstTouch.READ
        for column, operand in enumerate(names.operands):
            own = memory.precision_bits.get(operand.role)
            default = arch.precision_bits.get(operand.role, operand.tensor.dtype.bits)
            problem.word_bits[row, column] = own or (0 if operand.is_output else default)


def _set_ports(problem: Problem, names: Names) -> None:
    """The rate of each port, and the port of each action and role.

    Raises:
        Diagnostic: two ports of a memory serve the same action for the same role.
    """
    problem.port_of[:] = -1
    for number, (row, index) in enumerate(names.ports):
        memory = names.memories[row]
        port = memory.ports[index]
        rate = port.bandwidth_bits_per_cycle
        if rate.numerator * rate.denominator > LARGEST:
            raise Diagnostic(
                f"the bandwidth of `{memory.path}.{port.name}` has too many digits",
                label_at(port.at or memory.at, f"{rate} bits a cycle"),
                help="round it",
            )
        problem.port_rate[number] = rate.numerator, rate.denominator
        for r, role in enumerate(ROLES):
            for a, action in enumerate(ACTIONS):
                if action not in port.actions or role not in (port.carries or ROLES):
                    continue
                if problem.port_of[row, r, a] >= 0:
                    other = memory.ports[names.ports[problem.port_of[row, r, a]][1]]
                    raise Diagnostic(
                        f"two ports of `{memory.path}` serve `{action}` for the role `{role}`: "
                        f"`{other.name}` and `{port.name}`",
                        label_at(port.at or memory.at, "which of them is meant is not said"),
                        help="give them different `actions` or `carries`, or make them one port",
                    )
                problem.port_of[row, r, a] = number


def _set_places(problem: Problem, arch: Arch, unit: Compute, names: Names) -> None:
    parts = chain(arch, unit)
    place = {part.path: index for index, part in enumerate(parts)}
    extents = {
        f"{part.path}.{axis}": extent
        for part in parts
        if isinstance(part, Array)
        for axis, extent in part.axes
    }
    problem.unit_place = len(parts)
    for row, memory in enumerate(names.memories):
        problem.memory_place[row] = place[memory.path]
    for number, axis in enumerate(names.axes):
        problem.axis_place[number] = place[axis.rpartition(".")[0]]
        problem.axis_extent[number] = extents[axis]


def _set_nets(problem: Problem, op: Op, arch: Arch, unit: Compute, names: Names) -> None:
    for number, index in enumerate(names.nets):
        net = arch.nets[index]
        problem.net_kind[number] = net_kind(net)
        problem.net_driver[number] = net_driver(net)
        problem.net_width_bits[number] = net.width_bits
        problem.net_pj[number] = net.energy_pj_per_bit_hop
    problem.stage_net[:] = -1
    for r, role in enumerate(ROLES):
        found = stages(arch, unit, role)
        problem.stages[r] = len(found)
        for s, stage in enumerate(found):
            problem.stage_place[r, s] = stage.place
            problem.stage_width[r, s] = len(stage.axes)
            problem.stage_axes[r, s, : len(stage.axes)] = stage.axes
            if stage.net is None:
                continue
            problem.stage_net[r, s] = names.nets.index(stage.net)
            joined = shares(arch.nets[stage.net], role, COMBINES.get(op.reduce))
            for number, operand in enumerate(names.operands):
                if operand.role is role:
                    problem.shares[number, list(stage.axes)] = joined


def _set_leakage(problem: Problem, arch: Arch, unit: Compute, names: Names) -> None:
    parts: tuple[Memory | Compute, ...] = (*names.memories, unit)
    problem.leak_pj = always_on_pj_per_cycle(arch)
    for number, part in enumerate(parts):
        gated = leak_pj_per_cycle(part.leak_uw, arch) if part.gate else 0.0
        problem.gated_pj[number] = gated


def pack_nest(nest: Nest, names: Names) -> Ints:
    """The lines of a nest: int64[line, column], outer to inner (columns: `problem.py`).

    Loops of one trip move nothing and are left out.

    Raises:
        Diagnostic: a loop with a tail, or more lines than fit.
    """
    require_even(nest)
    numbers = {operand.name: number for number, operand in enumerate(names.operands)}
    memories = {memory.path: number for number, memory in enumerate(names.memories)}
    used = [line for line in nest.lines if isinstance(line, Hold) or line.trips > 1]
    if len(used) > LINES:
        raise Diagnostic(
            f"the mapping of `{nest.op.name}` has {len(used)} loops and keeps; "
            f"the evaluator counts {LINES}"
        )
    lines = np.full((len(used), COLUMNS), -1, np.int64)
    for row, line in zip(lines, used, strict=True):
        if isinstance(line, Hold):
            row[:] = KEEP, numbers[line.operand], line.buffers, memories[line.memory]
        elif line.axis is None:
            row[:3] = FOR, names.dims.index(line.dim), line.trips
        else:
            row[:] = PAR, names.dims.index(line.dim), line.trips, names.axes.index(line.axis)
    return lines
