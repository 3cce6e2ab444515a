"""Mapping text with `#` columns: what each kept tile holds, and what each loop moves.

The comments are for the reader; parsing the text gives the mapping back.
"""

from __future__ import annotations

from math import prod

from ...hw_specs.model import Arch
from ...ir.map_text import show_mapping
from ...ir.mapping import For, Keep, Par
from ...ir.workload import Op, operands
from ..model.occupancy import occupancy
from ..result import Entry, Result
from ..space.nest import Hold, Step, memory_of, resolve_nest
from .amounts import bytes_text, percent
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
    held = occupancy(nest, arch)
    holds = (line for line in nest.lines if isinstance(line, Hold))
    steps = (line for line in nest.lines if isinstance(line, Step))
    notes: dict[int, str] = {}
    for index, node in enumerate(result.mapping.nest):
        match node:
            case Keep(tensors):
                kept = tuple(next(holds) for _ in tensors)
                notes[index] = _keep_note(kept, held, arch)
            case For(loops) | Par(loops):
                ran = tuple(next(steps) for _ in loops)
                notes[index] = _loops_note(ran, nest.op, arch)
    return show_mapping(result.mapping, notes)


def _keep_note(holds: tuple[Hold, ...], held: dict[str, dict[str, int]], arch: Arch) -> str:
    """The tiles of one line, their buffers included, and their share of one instance."""
    memory = memory_of(arch, holds[0].memory)
    # An operand that an op overwrites in place takes no room of its own.
    bits = {hold.operand: held[memory.path].get(hold.operand, 0) for hold in holds}
    tiles = ", ".join(
        f"{shorten(name)} {bytes_text(size) if size else 'in place'}" for name, size in bits.items()
    )
    if memory.size_bits is None:
        return tiles
    share = percent(sum(bits.values()) / memory.size_bits)
    return f"{tiles}: {share} of {bytes_text(memory.size_bits)}"


def _loops_note(steps: tuple[Step, ...], op: Op, arch: Arch) -> str:
    """The operands that each loop steps through; for lanes, how many of the axis are used."""
    note = "; ".join(f"{step.dim}: {_moved(step, op)}" for step in steps)
    if steps[0].axis is None:
        return note
    array, _, axis = steps[0].axis.rpartition(".")
    lanes = next(dict(part.axes)[axis] for part in arch.arrays if part.path == array)
    return f"{note}; {prod(step.trips for step in steps)} of {lanes} lanes"


def _moved(step: Step, op: Op) -> str:
    names = [o.name for o in operands(op) if any(axis.coefficient(step.dim) for axis in o.axes)]
    return ", ".join(map(shorten, names)) or "nothing moves"
