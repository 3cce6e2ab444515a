"""Dataflows: a mapping follows at least one of the chip's, if any of them concerns its op."""

from __future__ import annotations

from collections.abc import Iterator

from ...hw_specs.model import Arch
from ..space.mapspace import KeepSlot, LaneSlot, Mapspace, Slot, TimeSlot, mapspaces
from ..space.nest import Hold, Line, Nest, Step
from ..space.violation import Violation


def dataflow_violations(nest: Nest, arch: Arch) -> Iterator[Violation]:
    """The first line at which the nest leaves each dataflow, when it follows none."""
    spaces = [space for space in mapspaces(nest.op, arch, nest.unit) if space.dataflow]
    breaks = [(space, _first_break(nest, space)) for space in spaces]
    if any(found is None for _, found in breaks):
        return
    for space, found in breaks:
        assert found is not None
        why, line = found
        at = None if line is None else line.at
        yield Violation("dataflow", f"not in dataflow `{space.dataflow}`: {why}", at)


def _first_break(nest: Nest, space: Mapspace) -> tuple[str, Line | None] | None:
    """Match the lines against the slots, each in the outermost slot that is still open to it.

    Slots take any number of loops, so the greedy match finds one whenever there is one.
    """
    missing = _missing_keep(nest, space)
    if missing is not None:
        return missing, None
    current = 0
    used: dict[tuple[int, str], int] = {}
    for line in nest.lines:
        if isinstance(line, Step) and line.trips == 1:
            continue
        found = next(
            (
                index
                for index in range(current, len(space.slots))
                if _takes(space.slots[index], line, used.get((index, _dim(line)), 1))
            ),
            None,
        )
        if found is None and isinstance(line, Step):
            where = "in time" if line.axis is None else f"over `{line.axis}`"
            return f"no place for `{line.dim} {line.trips}x{line.tile}` {where} here", line
        if found is not None:
            current = found
            if isinstance(line, Step):
                key = (found, line.dim)
                used[key] = used.get(key, 1) * line.trips
    return None


def _dim(line: Line) -> str:
    return line.dim if isinstance(line, Step) else ""


def _takes(slot: Slot, line: Line, used: int) -> bool:
    match slot, line:
        case KeepSlot(), Hold():
            return slot.memory.path == line.memory
        case TimeSlot(), Step(axis=None):
            return line.dim in slot.dims and _within(slot.limit, used * line.trips)
        case LaneSlot(), Step():
            fits = line.axis == slot.axis and line.dim in slot.dims
            return fits and _within(slot.limit, used * line.trips)
        case _:
            return False


def _within(limit: int | None, trips: int) -> bool:
    return limit is None or trips <= limit


def _missing_keep(nest: Nest, space: Mapspace) -> str | None:
    kept = {(line.memory, line.operand) for line in nest.lines if isinstance(line, Hold)}
    for slot in space.slots:
        if isinstance(slot, KeepSlot):
            for name in slot.demanded:
                if (slot.memory.path, name) not in kept:
                    return f"`{name}` is not kept in `{slot.memory.path}`"
    return None
