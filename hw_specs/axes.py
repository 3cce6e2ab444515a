"""Axes of arrays and of banked memories: how many copies there are."""

from __future__ import annotations

from ..ir.text import Diagnostic, label_at
from .block import Block
from .read import whole

_MAX_LANES = 2**31


def read_axes(block: Block, lanes: int) -> tuple[tuple[str, int], ...]:
    """Names and extents of an array's axes or of a memory's banks."""
    out: dict[str, int] = {}
    for axis in block.axes:
        name = axis.node.name
        if name in out:
            message = f"the axis `{name}` is given twice"
            raise Diagnostic(message, label_at(axis.node.at, "again here"))
        out[name] = whole(axis.node.extent, axis.scope, f"the extent of `{name}`")
        lanes *= out[name]
        if lanes > _MAX_LANES:
            why = f"{lanes} copies in all, the most is 2^31"
            raise Diagnostic(f"`{block.name}` is too large", label_at(axis.node.at, why))
    return tuple(out.items())
