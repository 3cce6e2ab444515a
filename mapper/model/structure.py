"""What a nest must be before it can be counted: lines in an order that the chip allows."""

from __future__ import annotations

from math import prod

from ...hw_specs.model import Arch, Array, chain
from ...ir.text import Diagnostic, label_at
from ..space.nest import Hold, Nest, Step


def require_order(nest: Nest, arch: Arch) -> None:
    """Refuse a nest whose keeps or loops in space stand where no chip could have them.

    Raises:
        Diagnostic: a memory or an axis that is not on the way to the unit; keeps of an operand
            that do not follow the memories inward; a keep above a `par` of an array around its
            memory, or below one of an array inside its scope; more lanes than an axis has.
    """
    parts = chain(arch, nest.unit)
    place = {part.path: index for index, part in enumerate(parts)}
    extents = {
        f"{part.path}.{axis}": extent
        for part in parts
        if isinstance(part, Array)
        for axis, extent in part.axes
    }
    _require_known(nest, place, extents)
    _require_inward(nest, place)
    _require_scopes(nest, place)
    for axis, extent in extents.items():
        steps = [line for line in nest.lines if isinstance(line, Step) and line.axis == axis]
        lanes = prod(step.trips for step in steps)
        if lanes > extent:
            product = "*".join(str(step.trips) for step in steps)
            raise Diagnostic(
                f"{lanes} lanes on `{axis}`, which has {extent}",
                label_at(steps[-1].at, f"{product} = {lanes}"),
                help=f"keep the product of the `par` loops over `{axis}` within {extent}",
            )


def _require_known(nest: Nest, place: dict[str, int], extents: dict[str, int]) -> None:
    for line in nest.lines:
        if isinstance(line, Hold):
            path, known = line.memory, line.memory in place
        else:
            path, known = line.axis or "", line.axis is None or line.axis in extents
        if not known:
            raise Diagnostic(
                f"`{path}` is not on the way to `{nest.unit.path}`",
                label_at(line.at, "stands elsewhere on the chip"),
                help="use " + ", ".join(f"`{name}`" for name in (*place, *extents)),
            )


def _require_inward(nest: Nest, place: dict[str, int]) -> None:
    last: dict[str, Hold] = {}
    for line in nest.lines:
        if not isinstance(line, Hold):
            continue
        above = last.get(line.operand)
        if above is not None and place[above.memory] >= place[line.memory]:
            raise Diagnostic(
                f"`{line.operand}` is kept in `{line.memory}` below `{above.memory}`",
                label_at(line.at, "not further in"),
                help="order the keeps from the outermost memory to the innermost",
            )
        last[line.operand] = line


def _require_scopes(nest: Nest, place: dict[str, int]) -> None:
    for index, hold in enumerate(nest.lines):
        if not isinstance(hold, Hold):
            continue
        for position, step in enumerate(nest.lines):
            if not isinstance(step, Step) or step.axis is None:
                continue
            inside = place[step.axis.rpartition(".")[0]] < place[hold.memory]
            if inside != (position < index):
                side = "below" if inside else "above"
                raise Diagnostic(
                    f"`keep {hold.operand} in {hold.memory}` must stand {side} "
                    f"`par {step.dim} over {step.axis}`",
                    label_at(hold.at, f"`{hold.memory}` is {'in' if inside else 'out'}side of it"),
                    help=f"move the `keep` {side} the `par`",
                )
