"""The hierarchy of a chip, scope by scope: from blocks to the model."""

from __future__ import annotations

import math
from math import prod

from ..ir.text import Diagnostic, Label, label_at
from .axes import read_axes
from .block import Block
from .classes import Context
from .compute import elaborate_compute
from .memories import elaborate_memory
from .model import Array, Item
from .read import amount, check_attrs


def elaborate_parts(
    block: Block, context: Context, prefix: str = "", lanes: int = 1
) -> tuple[Item, ...]:
    """The parts of an arch or array, with full paths.

    Args:
        lanes: instances of the scope around them.
    """
    out: list[Item] = []
    for part in block.of_kind("memory", "array", "compute"):
        path = f"{prefix}{part.name}"
        check_attrs(part)
        match part.kind:
            case "memory":
                out.append(elaborate_memory(part, path, context, lanes))
            case "compute":
                out.append(elaborate_compute(part, path, context))
            case _:
                out.append(_array(part, path, context, lanes))
    return tuple(out)


def _array(block: Block, path: str, context: Context, lanes: int) -> Array:
    if not block.axes:
        help_text = f"write `array {block.name}[x: 16]`"
        raise Diagnostic(
            f"the array `{block.name}` has no axes", label_at(block.at), help=help_text
        )
    axes = read_axes(block, lanes)
    for part in block.of_kind("memory", "array", "compute"):
        if part.name in dict(axes):
            also = () if block.at is None else (Label(block.at, "the array's axes"),)
            message = f"`{part.name}` is the name of an axis and of a part of `{block.name}`"
            raise Diagnostic(message, label_at(part.at), also)
    total = lanes * prod(extent for _, extent in axes)
    area = amount(block, "area")
    return Array(
        block.name,
        path,
        axes,
        elaborate_parts(block, context, f"{path}.", total),
        None if area is None else float(area),
        math.ceil(amount(block, "reconfigure", context.clock_hz) or 0),
        at=block.at,
    )
