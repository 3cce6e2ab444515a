"""Mapping text with `#` columns: what each kept tile holds, and what each loop moves.

The comments are for the reader; parsing the text gives the mapping back.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from ...hw_specs.model import Arch
from ...ir.affine import extent
from ...ir.map_text import show_mapping
from ...ir.mapping import For, Keep, Par
from ...ir.workload import Operand, operands
from ..result import Entry, Result
from ..space.nest import Hold, Nest, Step, resolve_nest
from .labels import shorten
from .report import Report


def mappings_text(report: Report) -> str:
    """The `.map` file of a report: one mapping per unique shape, with its comments."""
    return "map 1\n" + "\n".join(_entry_text(entry, report.hardware) for entry in report.entries)


def mapping_text(result: Result, arch: Arch) -> str:
    """The `.map` text of one result, with its comments."""
    return "map 1\n" + _annotated(result, arch)


def _entry_text(entry: Entry, arch: Arch) -> str:
    others = [name for name in entry.names if name != entry.result.op.name]
    alike = f"# the same shape: {', '.join(others)}\n" if others else ""
    return alike + _annotated(entry.result, arch)


def _annotated(result: Result, arch: Arch) -> str:
    nest = resolve_nest(result.mapping, result.op, arch)
    lines = iter(_line_notes(nest, arch))
    notes: dict[int, str] = {}
    for index, node in enumerate(result.mapping.nest):
        match node:
            case Keep(tensors):
                notes[index] = "; ".join(next(lines) for _ in tensors)
            case For(loops) | Par(loops):
                notes[index] = "; ".join(next(lines) for _ in loops)
    return show_mapping(result.mapping, notes)


def _line_notes(nest: Nest, arch: Arch) -> Iterator[str]:
    """One note for each line of a nest, in order."""
    by_name = {operand.name: operand for operand in operands(nest.op)}
    axes = {f"{array.path}.{axis}": n for array in arch.arrays for axis, n in array.axes}
    tile = dict(nest.op.extents)
    for line in nest.lines:
        match line:
            case Hold(name, _):
                words = prod(extent(axis, tile) for axis in by_name[name].axes)
                yield f"{shorten(name)} {words:,} words"
            case Step(dim):
                tile[dim] = line.tile
                yield _step_note(line, tuple(by_name.values()), axes)


def _step_note(step: Step, moved: tuple[Operand, ...], axes: dict[str, int]) -> str:
    """Which operands a loop steps through; for lanes, how many of the axis are used."""
    names = [shorten(o.name) for o in moved if any(axis.coefficient(step.dim) for axis in o.axes)]
    lanes = "" if step.axis is None else f" on {step.trips} of {axes[step.axis]} lanes"
    return f"{step.dim}: {', '.join(names) or 'nothing moves'}{lanes}"
