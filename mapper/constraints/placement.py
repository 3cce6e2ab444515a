"""Placement: which tensors may be kept where, and where a `keep` may stand among the loops."""

from __future__ import annotations

from collections.abc import Iterator

from ...hw_specs.model import Arch, Array, Memory, chain
from ...ir.types import Reduce, Role
from ...ir.workload import Operand, operands
from ..space.nest import Hold, Nest, Step
from .violation import Violation


def placement_violations(nest: Nest, arch: Arch) -> Iterator[Violation]:
    """Every keep is allowed by the chip, every demanded keep is there, and all stand in order."""
    parts = chain(arch, nest.unit)
    for operand in operands(nest.op):
        holds = [
            (index, line)
            for index, line in enumerate(nest.lines)
            if isinstance(line, Hold) and line.operand == operand.name
        ]
        yield from _admission(operand, [hold for _, hold in holds], parts)
        yield from _order(operand, [hold for _, hold in holds], parts)
        for index, hold in holds:
            yield from _scope(nest, index, hold, parts)
    yield from _spatial_reduction_above_home(nest)


def _memories(parts: tuple[Memory | Array, ...]) -> dict[str, Memory]:
    return {part.path: part for part in parts if isinstance(part, Memory)}


def _admission(
    operand: Operand, holds: list[Hold], parts: tuple[Memory | Array, ...]
) -> Iterator[Violation]:
    memories = _memories(parts)
    for hold in holds:
        memory = memories.get(hold.memory)
        if memory is not None and not memory.may_keep(operand.role):
            message = f"`{memory.path}` does not keep the role `{operand.role}` (`{operand.name}`)"
            yield Violation("keep", message, hold.at)
    kept = {hold.memory for hold in holds}
    for memory in memories.values():
        if memory.must_keep(operand.role) and memory.path not in kept:
            message = (
                f"`{memory.path}` keeps the role `{operand.role}`, "
                f"but `{operand.name}` is not kept there"
            )
            yield Violation("keep", message, holds[-1].at if holds else None)


def _order(
    operand: Operand, holds: list[Hold], parts: tuple[Memory | Array, ...]
) -> Iterator[Violation]:
    """The keeps of an operand follow the memories inward, each at most once."""
    place = {path: index for index, path in enumerate(_memories(parts))}
    last = -1
    for hold in holds:
        if hold.memory not in place:
            message = f"`{hold.memory}` is not on the way to the compute unit"
            yield Violation("placement", message, hold.at)
            continue
        if place[hold.memory] <= last:
            message = f"`{operand.name}` is kept in `{hold.memory}` after a memory further in"
            yield Violation("placement", message, hold.at)
        last = max(last, place[hold.memory])


def _scope(
    nest: Nest, index: int, hold: Hold, parts: tuple[Memory | Array, ...]
) -> Iterator[Violation]:
    """A keep stands below all `par` of the arrays around its memory and above all further in."""
    place = {part.path: position for position, part in enumerate(parts)}
    own = place.get(hold.memory)
    if own is None:
        return
    for position, line in enumerate(nest.lines):
        if not isinstance(line, Step) or line.axis is None:
            continue
        array = place.get(line.axis.rpartition(".")[0])
        if array is None:
            continue
        if array < own and position > index:
            message = (
                f"`{hold.memory}` stands inside the array of `{line.axis}`: "
                f"`keep {hold.operand}` must stand below `par {line.dim} over {line.axis}`"
            )
            yield Violation("placement", message, hold.at)
        if array > own and position < index:
            message = (
                f"`{hold.memory}` stands outside the array of `{line.axis}`: "
                f"`keep {hold.operand}` must stand above `par {line.dim} over {line.axis}`"
            )
            yield Violation("placement", message, hold.at)


def _spatial_reduction_above_home(nest: Nest) -> Iterator[Violation]:
    """Lanes that split a reduction need a memory further out to combine their results in."""
    output = next(operand for operand in operands(nest.op) if operand.role is Role.OUTPUT)
    relevant = {dim for axis in output.axes for dim in axis.dims}
    for line in nest.lines:
        if isinstance(line, Hold) and line.operand == output.name:
            return
        if (
            isinstance(line, Step)
            and line.axis is not None
            and line.trips > 1
            and line.dim not in relevant
            and nest.op.reduce is not Reduce.ASSIGN
        ):
            message = f"`par {line.dim}` splits the reduction above the home of `{output.name}`"
            yield Violation("placement", message, line.at)
