"""Fan-out: loops in space fit the axes of the arrays that hold the compute unit."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from ...hw_specs.model import Arch, Array, chain
from ..space.nest import Nest, Step
from .violation import Violation


def fanout_violations(nest: Nest, arch: Arch) -> Iterator[Violation]:
    """`par` loops on one axis multiply; the product is at most the axis' extent."""
    extents = {
        f"{part.path}.{axis}": extent
        for part in chain(arch, nest.unit)
        if isinstance(part, Array)
        for axis, extent in part.axes
    }
    for axis in dict.fromkeys(_axes(nest)):
        steps = [line for line in nest.lines if isinstance(line, Step) and line.axis == axis]
        lanes = prod(step.trips for step in steps)
        if axis not in extents:
            message = f"`{axis}` is no axis of an array that holds `{nest.unit.path}`"
            yield Violation("fanout", message, steps[0].at)
        elif lanes > extents[axis]:
            factors = "*".join(str(step.trips) for step in steps)
            total = f"{factors} = {lanes}" if len(steps) > 1 else str(lanes)
            message = f"{total} lanes on `{axis}`, which has {extents[axis]}"
            yield Violation("fanout", message, steps[-1].at)


def _axes(nest: Nest) -> Iterator[str]:
    for line in nest.lines:
        if isinstance(line, Step) and line.axis is not None:
            yield line.axis
