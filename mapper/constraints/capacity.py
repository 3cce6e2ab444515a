"""Capacity: the tiles kept in a memory fit it, and each role's tiles fit their share."""

from __future__ import annotations

from collections.abc import Iterator

from ...hw_specs.model import Arch
from ...ir.text.source import Where
from ...ir.types import Role
from ...ir.workload import operands
from ..model.occupancy import occupancy
from ..space.nest import Hold, Nest, memory_of
from ..space.violation import Violation


def capacity_violations(nest: Nest, arch: Arch) -> Iterator[Violation]:
    """Tile x width x buffers, summed over the operands kept in one instance, fits its size."""
    roles = {operand.name: operand.role for operand in operands(nest.op)}
    for path, bits in occupancy(nest, arch).items():
        memory = memory_of(arch, path)
        total = sum(bits.values())
        if memory.size_bits is not None and total > memory.size_bits:
            message = f"`{path}` holds {_size(memory.size_bits)}, not {_sum(bits)}"
            yield Violation("capacity", message, _last_keep(nest, path))
        for role, share in memory.share_bits.items():
            of_role = {name: amount for name, amount in bits.items() if roles[name] is role}
            if sum(of_role.values()) > share:
                message = (
                    f"the share of `{role}` in `{path}` is {_size(share)}, not {_sum(of_role)}"
                )
                yield Violation("share", message, _last_keep(nest, path, role, roles))


def _sum(bits: dict[str, int]) -> str:
    parts = " + ".join(f"{_size(amount)} (`{name}`)" for name, amount in bits.items())
    return parts if len(bits) == 1 else f"{parts} = {_size(sum(bits.values()))}"


def _size(bits: int) -> str:
    return f"{bits // 8} B" if bits % 8 == 0 else f"{bits} bit"


def _last_keep(
    nest: Nest, path: str, role: Role | None = None, roles: dict[str, Role] | None = None
) -> Where | None:
    places = [
        line.at
        for line in nest.lines
        if isinstance(line, Hold)
        and line.memory == path
        and (role is None or roles is None or roles[line.operand] is role)
    ]
    return places[-1]
