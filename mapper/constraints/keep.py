"""Keep and bypass: a memory keeps the roles that the chip gives it, all of them and no others."""

from __future__ import annotations

from collections.abc import Iterator

from ...hw_specs.model import Arch, Memory, chain
from ...ir.workload import Operand, operands
from ..space.nest import Hold, Nest
from ..space.violation import Violation


def keep_violations(nest: Nest, arch: Arch) -> Iterator[Violation]:
    """Every keep is admitted by its memory, and every demanded keep is there."""
    memories = [part for part in chain(arch, nest.unit) if isinstance(part, Memory)]
    for operand in operands(nest.op):
        holds = {
            line.memory: line
            for line in nest.lines
            if isinstance(line, Hold) and line.operand == operand.name
        }
        for memory in memories:
            yield from _at_memory(operand, memory, holds)


def _at_memory(operand: Operand, memory: Memory, holds: dict[str, Hold]) -> Iterator[Violation]:
    hold = holds.get(memory.path)
    if hold is not None and not memory.may_keep(operand.role):
        message = f"`{memory.path}` does not keep the role `{operand.role}` (`{operand.name}`)"
        yield Violation("keep", message, hold.at, f"leave `{operand.name}` out of this line")
    if hold is None and memory.must_keep(operand.role):
        message = (
            f"`{memory.path}` keeps the role `{operand.role}`, "
            f"but `{operand.name}` is not kept there"
        )
        last = list(holds.values())[-1].at if holds else None
        yield Violation("keep", message, last, f"add `keep {operand.name} in {memory.path}`")
