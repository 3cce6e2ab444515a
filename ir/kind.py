"""What an op is called in a report: a name for the shape of its statement."""

from __future__ import annotations

from itertools import permutations

from .functions import COPY, MAC, function_counts
from .types import Reduce
from .workload import Op, operands


def op_kind(op: Op) -> str:
    """`conv`, `depthwise conv`, `transposed conv`, `matmul`, `pool`, `reduce`, `pointwise`, `copy`.

    A convolution slides: an axis adds a dim of one operand to a dim of another (`p + r`, where the
    output has `p` and the weights have `r`). It is transposed when that is an axis of its output,
    and depthwise when it reduces over its window alone. A pool reduces over a dim that is added
    to one that it keeps.
    """
    functions = function_counts(op)
    if MAC in functions:
        window = _window_dims(op)
        if not window:
            return "matmul"
        if any(window & set(axis.dims) for axis in operands(op)[-1].axes if len(axis.dims) > 1):
            return "transposed conv"
        return "conv" if _reduced_dims(op) - window else "depthwise conv"
    if op.reduce is not Reduce.ASSIGN:
        return "pool" if _pools(op) else "reduce"
    return "copy" if set(functions) == {COPY} else "pointwise"


def _window_dims(op: Op) -> set[str]:
    """Dims that are added on an axis although each also occurs without the other."""
    dims_of = [{name for axis in operand.axes for name in axis.dims} for operand in operands(op)]

    def apart(a: str, b: str) -> bool:
        return any(a in dims and b not in dims for dims in dims_of)

    return {
        name
        for operand in operands(op)
        for axis in operand.axes
        for a, b in permutations(axis.dims, 2)
        if apart(a, b) and apart(b, a)
        for name in (a, b)
    }


def _reduced_dims(op: Op) -> set[str]:
    written = {name for axis in operands(op)[-1].axes for name in axis.dims}
    return {dim.name for dim in op.dims} - written


def _pools(op: Op) -> bool:
    reduced = _reduced_dims(op)
    axes = [set(axis.dims) for operand in operands(op) for axis in operand.axes]
    return any(dims & reduced and dims - reduced for dims in axes)
