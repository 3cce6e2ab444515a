"""A mapping of one op, resolved: one loop or one kept operand a line, every path in full."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...hw_specs.model import Arch, Compute
from ...ir.mapping import Mapping
from ...ir.text.source import Where
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


@dataclass(frozen=True, slots=True)
class Nest:
    """The lines of a mapping, outer to inner, of one op on one compute unit."""

    op: Op
    lines: tuple[Step | Hold, ...]
    unit: Compute


def resolve_nest(mapping: Mapping, op: Op, arch: Arch) -> Nest:
    """Resolve the names of a mapping and check that its extents close.

    Raises:
        Diagnostic: an unknown dim, operand, memory, axis or unit; a bound that does not cover
            its tile; a hole; an operand without a home; no `run` line.
    """
