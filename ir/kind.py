"""What an op is called in a report: a name for the shape of its statement."""

from __future__ import annotations

from .functions import MAC, function_counts
from .types import Reduce
from .workload import Op, operands


def op_kind(op: Op) -> str:
    """`conv`, `depthwise conv`, `transposed conv`, `matmul`, `pool`, `reduce`, `pointwise`, `copy`.

    A convolution reads along a sum of two dims; it is depthwise when no dim of the output is
    missing from its input; a transposed one writes along such a sum.
    """
    functions = function_counts(op)
    *reads, output = operands(op)
    windows = any(len(axis.terms) > 1 for read in reads for axis in read.axes)
    if MAC in functions:
        if any(len(axis.terms) > 1 for axis in output.axes):
            return "transposed conv"
        if not windows:
            return "matmul"
        dims_read = {dim for axis in reads[0].axes for dim in axis.dims}
        dims_written = {dim for axis in output.axes for dim in axis.dims}
        return "depthwise conv" if dims_written <= dims_read else "conv"
    if op.reduce is not Reduce.ASSIGN:
        return "pool" if windows else "reduce"
    return "copy" if set(functions) == {"copy"} else "pointwise"
