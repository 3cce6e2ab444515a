"""Footprints: what an op touches of its tensors."""

from __future__ import annotations

from math import prod

from .affine import extent
from .workload import Op, operands


def op_bytes(op: Op) -> int:
    """Bytes that one execution of an op reads and writes: each tensor once, as far as it is used.

    The part of a tensor that an op uses is the box that its accesses reach, at most the tensor.
    """
    used_bits: dict[str, int] = {}
    for operand in operands(op):
        tensor = operand.tensor
        box = prod(extent(axis, op.extents) for axis in operand.axes)
        bits = min(box, tensor.elements) * tensor.dtype.bits
        bytes_of = (tensor.of or tensor).name
        used_bits[bytes_of] = max(bits, used_bits.get(bytes_of, 0))
    return sum(-(-bits // 8) for bits in used_bits.values())
