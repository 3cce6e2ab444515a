"""A mapping of one op, resolved: one loop or one kept operand a line, every path in full."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ...hw_specs.model import Arch, Compute, Memory, resolve
from ...ir.mapping import Bound, For, Fuse, Hole, Keep, Loop, Mapping, Par, Require, Run, TileOnly
from ...ir.text import Diagnostic, label_at
from ...ir.text.grammar import near_name
from ...ir.text.source import Where
from ...ir.verify import verify_mapping
from ...ir.workload import Op


@dataclass(frozen=True, slots=True)
class Step:
    """One loop.

    Attributes:
        trips: how often it runs where nothing is clipped, the tail included.
        tile: extent of the dim below the loop.
        tail: extent of the last tile when it is a shorter one, else 0.
        axis: full path of the array axis (`pe.x`) for a loop in space, None for one in time.
    """

    dim: str
    trips: int
    tile: int
    tail: int = 0
    axis: str | None = None
    skew: int = 0
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Hold:
    """From here inward, tiles of `operand` come from the memory with the full path `memory`."""

    operand: str
    memory: str
    buffers: int = 1
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


Line = Step | Hold


@dataclass(frozen=True, slots=True)
class Nest:
    """The lines of a mapping, outer to inner, of one op on one compute unit."""

    op: Op
    lines: tuple[Line, ...]
    unit: Compute


def resolve_nest(mapping: Mapping, op: Op, arch: Arch) -> Nest:
    """Resolve the names of a mapping and check that it is a nest of `op`.

    Whether it is legal on the chip (capacities, fan-out, who may be kept where) is the business
    of `mapper.constraints`.

    Raises:
        Diagnostic: an unknown dim, operand, memory, axis or unit; a bound that does not cover
            its tile; a hole; an operand without a home; no `run` line.
    """
    verify_mapping(mapping, op)
    lines: list[Line] = []
    unit: Compute | None = None
    left = op.extents
    for node in mapping.nest:
        match node:
            case Keep():
                memory = _find_memory(arch, node)
                lines += [Hold(name, memory, node.buffers, at=node.at) for name in node.tensors]
            case For():
                lines += _steps(node.loops, left, None, 0)
            case Par():
                lines += _steps(node.loops, left, _find_axis(arch, node), node.skew)
            case Run():
                unit = find_unit(arch, node.unit, node.at)
            case Require() | Fuse():
                raise Diagnostic(
                    "a mapping of one op has no `require` and no `fuse` line",
                    label_at(node.at),
                    help="evaluate the ops of a fused nest one by one"
                    if isinstance(node, Fuse)
                    else "write conditions in a mapspace",
                )
    assert unit is not None  # verify_mapping refuses a nest without `run`
    return Nest(op, tuple(lines), unit)


def _steps(
    loops: tuple[Loop, ...], left: dict[str, int], axis: str | None, skew: int
) -> Iterator[Step]:
    """One `Step` a loop; `left` holds the extents still to split and is brought forward."""
    for loop in loops:
        (dim,) = loop.dims
        bound = loop.bound
        assert not isinstance(bound, Hole)  # verify_mapping refuses holes
        if isinstance(bound, TileOnly):
            tiles, tail = divmod(left[dim], bound.tile)
            bound = Bound(tiles, bound.tile, tail)
        left[dim] = bound.tile
        yield Step(dim, bound.trips, bound.tile, bound.tail, axis, skew, at=loop.at)


def _find_memory(arch: Arch, keep: Keep) -> str:
    paths = [memory.path for memory in arch.memories]
    return _only(arch, keep.memory, paths, "memory", keep.at)


def _find_axis(arch: Arch, par: Par) -> str:
    paths = [f"{array.path}.{axis}" for array in arch.arrays for axis, _ in array.axes]
    return _only(arch, par.axis, paths, "array axis", par.at)


def find_unit(arch: Arch, path: str, at: Where | None = None) -> Compute:
    """The compute unit that a path or a unique suffix of one names."""
    units = {unit.path: unit for unit in arch.computes}
    return units[_only(arch, path, list(units), "compute unit", at)]


def _only(arch: Arch, suffix: str, paths: list[str], what: str, at: Where | None) -> str:
    found = [path for path in resolve(arch, suffix) if path in paths]
    if len(found) == 1:
        return found[0]
    if found:
        choices = ", ".join(f"`{path}`" for path in found)
        message = f"`{suffix}` may be any of {choices}"
        raise Diagnostic(message, label_at(at), help="write the full path")
    raise Diagnostic(
        f"`{arch.name}` has no {what} `{suffix}`",
        label_at(at, "unknown"),
        help=near_name(suffix, paths),
    )


def memory_of(arch: Arch, path: str) -> Memory:
    """The memory with a full path."""
    return next(memory for memory in arch.memories if memory.path == path)
