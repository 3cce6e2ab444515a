"""What holds of every mapping of an op, whatever the chip: names, extents, homes, one `run`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..mapping import Bound, For, Fuse, Hole, Keep, Loop, Mapping, Node, Par, Run, TileOnly, walk
from ..text.diagnostic import Diagnostic
from ..text.grammar import near_name
from ..text.source import Where
from ..workload import Op, Operand, operands
from .place import also, label


def verify_mapping(mapping: Mapping, op: Op) -> None:
    """Check the structure of a mapping; whether a chip can hold it is another matter.

    Dims exist and their extents close; operands exist, and the outermost `keep` of each is a home:
    no loop that moves the operand stands above it, and for the result no `par` over a reduction
    dim either; the last line is the one `run`, of this op. `by T` is a bound like others.

    Raises:
        Diagnostic: the first fault.
    """
    for fault in mapping_faults(mapping, op):
        raise fault


def verify_mapspace(space: Mapping, op: Op) -> None:
    """Check the names of a mapspace; it may leave lines out, so nothing has to close.

    Raises:
        Diagnostic: a dim or an operand that the op lacks, or a mapspace of another op.
    """
    for fault in (*_target_faults(space, op), *_name_faults(space, op)):
        raise fault


def mapping_faults(mapping: Mapping, op: Op) -> Iterator[Diagnostic]:
    """All that `verify_mapping` refuses, in the order of the lines.

    Extents and homes are judged only where the names are right.
    """
    faults = [*_target_faults(mapping, op), *_form_faults(mapping), *_name_faults(mapping, op)]
    yield from faults
    if faults:
        return
    loops = _Extents(mapping, op)
    yield from loops.faults
    yield from _keep_faults(mapping, op, loops.placed)
    yield from _run_faults(mapping, op)


def _owner(mapping: Mapping) -> str:
    return f"mapping {mapping.name}"


# ---- form and names -------------------------------------------------------------------------


def _target_faults(mapping: Mapping, op: Op) -> Iterator[Diagnostic]:
    workload, name = mapping.op
    same_workload = workload == op.workload or not workload or not op.workload
    if name != op.name or not same_workload:
        yield Diagnostic(
            f"the mapping `{mapping.name}` is of another op",
            label(mapping.at, _owner(mapping), f"of `{workload}.{name}`"),
            also((op.at, f"not of this one, `{op.workload}.{op.name}`")),
        )


def _form_faults(mapping: Mapping) -> Iterator[Diagnostic]:
    for node in walk(mapping.nest):
        at = label(node.at, _owner(mapping))
        if isinstance(node, Fuse):
            help_text = "write a mapping for each op; fused nests are not evaluated yet"
            yield Diagnostic("a mapping of one op has no `fuse` line", at, help=help_text)
        elif _is_open(node):
            help_text = "fill it, or have the mapspace searched"
            yield Diagnostic("a mapping has no holes", at, help=help_text)


def _is_open(node: Node) -> bool:
    if isinstance(node, For | Par):
        return any(isinstance(loop.bound, Hole) or len(loop.dims) != 1 for loop in node.loops)
    return isinstance(node, Keep) and node.optional


def _name_faults(mapping: Mapping, op: Op) -> Iterator[Diagnostic]:
    names = [operand.name for operand in operands(op)]
    for node in walk(mapping.nest):
        for index, name in enumerate(node.tensors if isinstance(node, Keep) else ()):
            if name not in names:
                at = label(_name_at(node, index), _owner(mapping))
                message = f"`{op.name}` has no operand `{name}`"
                yield Diagnostic(message, at, help=near_name(name, names))
        for loop in node.loops if isinstance(node, For | Par) else ():
            for dim in loop.dims:
                if dim not in op.extents:
                    at, help_text = label(loop.at, _owner(mapping)), near_name(dim, op.extents)
                    yield Diagnostic(f"`{op.name}` has no dim `{dim}`", at, help=help_text)


def _name_at(node: Node, index: int) -> Where | None:
    return node.tensors_at[index] if isinstance(node, Keep) and node.tensors_at else node.at


# ---- extents --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Placed:
    """A loop that takes steps, and the index of its line."""

    line: int
    dim: str
    in_space: bool
    loop: Loop


class _Extents:
    """Splits the op's dims along the lines of a mapping.

    Attributes:
        placed: the loops with more than one trip, outer to inner.
        faults: bounds that do not cover their tile, and dims that are not split to single points.
    """

    def __init__(self, mapping: Mapping, op: Op) -> None:
        self._owner = _owner(mapping)
        self._left = op.extents
        self._from: dict[str, tuple[Where | None, str]] = {
            dim.name: (dim.at, f"`{dim.name}` has {dim.extent} points") for dim in op.dims
        }
        self.placed: list[_Placed] = []
        self.faults: list[Diagnostic] = []
        self._wrong: set[str] = set()
        for line, node in enumerate(mapping.nest):
            for loop in node.loops if isinstance(node, For | Par) else ():
                self._split(line, loop, isinstance(node, Par))
        run = next((node.at for node in mapping.nest if isinstance(node, Run)), mapping.at)
        self._check_closed(run)

    def _split(self, line: int, loop: Loop, in_space: bool) -> None:
        (dim,) = loop.dims
        extent, bound = self._left[dim], loop.bound
        assert not isinstance(bound, Hole)  # a form fault
        if isinstance(bound, TileOnly):
            bound = Bound(extent // bound.tile, bound.tile, extent % bound.tile, at=bound.at)
            covers = bound.tile <= extent
        else:
            covers = bound.points == extent and 0 <= bound.tail < bound.tile
        if not covers and dim not in self._wrong:
            self.faults.append(self._uncovered(dim, loop, bound))
            self._wrong.add(dim)
        if bound.trips > 1:
            self.placed.append(_Placed(line, dim, in_space, loop))
        self._left[dim] = bound.tile
        self._from[dim] = (bound.at, f"each tile of `{dim}` has {bound.tile} points here")

    def _uncovered(self, dim: str, loop: Loop, bound: Bound) -> Diagnostic:
        extent = self._left[dim]
        tile = min(bound.tile, extent)
        right = Bound(extent // tile, tile, extent % tile)
        if isinstance(loop.bound, TileOnly) or bound.points == extent:
            message = f"`{dim} {loop.bound}` does not fit {extent} points"
            reason = f"the tile {bound.tile} is larger than {extent}"
            if bound.tail >= bound.tile and not isinstance(loop.bound, TileOnly):
                reason = f"{bound.tail} >= {bound.tile}"
        else:
            message = f"`{dim} {loop.bound}` covers {bound.points} of {extent} points"
            reason = _sum(bound)
        at = label(bound.at or loop.at, self._owner, reason)
        return Diagnostic(message, at, also(self._from[dim]), f"write `{dim} {right}`")

    def _check_closed(self, run: Where | None) -> None:
        for dim, extent in self._left.items():
            if extent > 1 and dim not in self._wrong:
                self.faults.append(
                    Diagnostic(
                        f"`{dim}` is not split down to single points",
                        label(run, self._owner, f"{extent} points of `{dim}` are left here"),
                        also(self._from[dim]),
                        f"add `for {dim} {extent}` above it",
                    )
                )


def _sum(bound: Bound) -> str:
    if bound.tile == 1 and not bound.tail:
        return f"{bound.tiles} tiles of 1"
    tail = f" + {bound.tail}" if bound.tail else ""
    return f"{bound.tiles}*{bound.tile}{tail} = {bound.points}"


# ---- homes ----------------------------------------------------------------------------------


def _keep_faults(mapping: Mapping, op: Op, loops: list[_Placed]) -> Iterator[Diagnostic]:
    seen: dict[tuple[str, str], Where | None] = {}
    homes: dict[str, tuple[int, Keep]] = {}
    for line, node in enumerate(mapping.nest):
        if not isinstance(node, Keep):
            continue
        for index, name in enumerate(node.tensors):
            at = _name_at(node, index)
            homes.setdefault(name, (line, node))
            if (name, node.memory) in seen:
                message = f"`{name}` is kept in `{node.memory}` twice"
                places = also((seen[name, node.memory], "kept here already"))
                yield Diagnostic(message, label(at, _owner(mapping)), places, "leave one out")
            seen.setdefault((name, node.memory), at)
    for operand in operands(op):
        if operand.name in homes:
            yield from _home_faults(mapping, operand, homes[operand.name], loops)
        else:
            yield Diagnostic(
                f"`{operand.name}` has no home",
                label(mapping.at, _owner(mapping), f"no line keeps `{operand.name}`"),
                help=f"add `keep {operand.name} in MEMORY` above the first loop that moves it",
            )


def _home_faults(
    mapping: Mapping, operand: Operand, home: tuple[int, Keep], loops: list[_Placed]
) -> Iterator[Diagnostic]:
    """The home holds the whole operand: nothing above it may ask for only a part."""
    line, keep = home
    moving = {dim for axis in operand.axes for dim in axis.dims}
    at = label(keep.at, _owner(mapping), f"the home of `{operand.name}`")
    for placed in loops:
        if placed.line > line:
            return
        word = "par" if placed.in_space else "for"
        help_text = f"keep `{operand.name}` above `{word} {placed.dim}`"
        if placed.dim in moving:
            message = f"the home of `{operand.name}` stands below a loop that moves it"
            places = also((placed.loop.at, f"each step has another part of `{operand.name}`"))
            yield Diagnostic(message, at, places, help_text)
        elif placed.in_space and operand.is_output:
            message = f"the home of `{operand.name}` stands below a `par` that it is summed over"
            places = also((placed.loop.at, f"`{placed.dim}` is missing in `{operand.name}`"))
            yield Diagnostic(message, at, places, help_text)


# ---- the last line --------------------------------------------------------------------------


def _run_faults(mapping: Mapping, op: Op) -> Iterator[Diagnostic]:
    runs = [index for index, node in enumerate(mapping.nest) if isinstance(node, Run)]
    if not runs:
        at = label(mapping.at, _owner(mapping), "no line runs the op")
        help_text = f"end it with `run {op.name} on UNIT`"
        yield Diagnostic(f"the mapping `{mapping.name}` has no `run` line", at, help=help_text)
        return
    for node in mapping.nest[runs[0] + 1 :]:
        at = label(node.at, _owner(mapping), "stands below it")
        places = also((mapping.nest[runs[0]].at, "the `run` line"))
        yield Diagnostic("`run` is the last line of a mapping", at, places, "move `run` to the end")
    run = mapping.nest[runs[0]]
    assert isinstance(run, Run)
    if run.op != op.name:
        at = label(run.at, _owner(mapping), f"the mapping is of `{op.name}`")
        yield Diagnostic(f"`run {run.op}` is not of this op", at, help=f"write `run {op.name}`")
