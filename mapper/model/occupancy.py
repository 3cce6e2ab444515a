"""Occupancy: how many bits of each memory the tiles of a nest take."""

from __future__ import annotations

from ...hw_specs.model import Arch
from ..space.nest import Nest
from .evaluate import count_nest


def occupancy(nest: Nest, arch: Arch) -> dict[str, dict[str, int]]:
    """Bits that each operand's tiles take in one instance of a memory, copies included.

    By memory path, outer to inner, then by operand. The tile of an op that works in place counts
    once, as its output.

    Raises:
        Diagnostic: the nest has no counts, see `evaluate`.
    """
    counted = count_nest(nest, arch)
    kept_bits = counted.work.kept_bits
    output = len(counted.names.operands) - 1
    out: dict[str, dict[str, int]] = {}
    for row, memory in enumerate(counted.names.memories):
        for column, operand in enumerate(counted.names.operands):
            bits = int(kept_bits[row, column])
            if column == counted.problem.partner:
                bits -= min(bits, int(kept_bits[row, output]))
            if bits:
                out.setdefault(memory.path, {})[operand.name] = bits
    return out
