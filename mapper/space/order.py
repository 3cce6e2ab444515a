"""Order: keeps and loops in space stand where some chip could have them, on lanes that exist.

A nest that breaks one of these rules has no counts, whatever else is legal.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from ...hw_specs.model import Arch, Array, chain
from .nest import Hold, Nest, Step
from .violation import Violation


def order_violations(nest: Nest, arch: Arch) -> Iterator[Violation]:
    """Every keep and `par` that stands where no chip could have it, and axes that overflow."""
    parts = chain(arch, nest.unit)
    place = {part.path: index for index, part in enumerate(parts)}
    extents = {
        f"{part.path}.{axis}": extent
        for part in parts
        if isinstance(part, Array)
        for axis, extent in part.axes
    }
    strangers = list(_strangers(nest, place, extents))
    yield from strangers
    if not strangers:
        yield from _outward(nest, place)
        yield from _scopes(nest, place)
        yield from _fan_out(nest, extents)


def _strangers(nest: Nest, place: dict[str, int], extents: dict[str, int]) -> Iterator[Violation]:
    """Memories and axes that are not on the way to the unit."""
    for line in nest.lines:
        if isinstance(line, Hold):
            path, known = line.memory, line.memory in place
        else:
            path, known = line.axis or "", line.axis is None or line.axis in extents
        if not known:
            message = f"`{path}` is not on the way to `{nest.unit.path}`"
            choices = ", ".join(f"`{name}`" for name in (*place, *extents))
            yield Violation("order", message, line.at, f"use {choices}")


def _outward(nest: Nest, place: dict[str, int]) -> Iterator[Violation]:
    """The keeps of an operand follow the memories inward."""
    last: dict[str, Hold] = {}
    for line in nest.lines:
        if not isinstance(line, Hold):
            continue
        above = last.setdefault(line.operand, line)
        if above is not line and place[above.memory] >= place[line.memory]:
            message = f"`{line.operand}` is kept in `{line.memory}` below `{above.memory}`"
            help_text = "order the keeps from the outermost memory to the innermost"
            yield Violation("order", message, line.at, help_text)
        last[line.operand] = line


def _scopes(nest: Nest, place: dict[str, int]) -> Iterator[Violation]:
    """A keep stands below all `par` of the arrays around its memory, above all further in."""
    for index, hold in enumerate(nest.lines):
        if not isinstance(hold, Hold):
            continue
        for position, step in enumerate(nest.lines):
            if not isinstance(step, Step) or step.axis is None:
                continue
            inside = place[step.axis.rpartition(".")[0]] < place[hold.memory]
            if inside != (position < index):
                side = "below" if inside else "above"
                message = (
                    f"`keep {hold.operand} in {hold.memory}` must stand {side} "
                    f"`par {step.dim} over {step.axis}`: the memory is "
                    f"{'in' if inside else 'out'}side the array"
                )
                yield Violation("order", message, hold.at, f"move the `keep` {side} the `par`")


def _fan_out(nest: Nest, extents: dict[str, int]) -> Iterator[Violation]:
    """`par` loops on one axis multiply; the product is at most the axis' extent."""
    for axis, extent in extents.items():
        steps = [line for line in nest.lines if isinstance(line, Step) and line.axis == axis]
        lanes = prod(step.trips for step in steps)
        if lanes > extent:
            factors = "*".join(str(step.trips) for step in steps)
            total = f"{factors} = {lanes}" if len(steps) > 1 else str(lanes)
            message = f"{total} lanes on `{axis}`, which has {extent}"
            help_text = f"keep the product of the `par` loops over `{axis}` within {extent}"
            yield Violation("fanout", message, steps[-1].at, help_text)
