"""Functions: a compute unit runs an op only if it has every function of the op's statement."""

from __future__ import annotations

from collections.abc import Iterator

from ...hw_specs.model import Arch, Compute
from ...ir.functions import function_counts
from ...ir.workload import Op
from ..space.nest import Nest
from ..space.violation import Violation


def missing_functions(op: Op, unit: Compute) -> tuple[str, ...]:
    """The functions of `op` that `unit` does not run."""
    return tuple(name for name in function_counts(op) if name not in unit.functions)


def units_for(op: Op, arch: Arch) -> tuple[Compute, ...]:
    """The compute units of a chip that can run an op."""
    return tuple(unit for unit in arch.computes if not missing_functions(op, unit))


def function_violations(nest: Nest, arch: Arch) -> Iterator[Violation]:
    """The unit of the `run` line has every function that the statement needs."""
    for name in missing_functions(nest.op, nest.unit):
        yield Violation("functions", f"`{nest.unit.path}` does not run `{name}`")
