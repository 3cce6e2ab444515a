"""All rules at once."""

from __future__ import annotations

from ...hw_specs.model import Arch
from ...ir.mapping import Mapping
from ...ir.verify import mapping_faults
from ...ir.workload import Op
from ..space.nest import Nest, resolve_nest
from ..space.order import order_violations
from ..space.violation import Violation
from .capacity import capacity_violations
from .dataflow import dataflow_violations
from .functions import function_violations
from .keep import keep_violations


def check(mapping: Mapping, op: Op, arch: Arch) -> tuple[Violation, ...]:
    """The rules that a mapping breaks; empty when it is legal.

    What is no nest of the op (rule `nest`) is not looked at further.

    Raises:
        Diagnostic: the mapping names a memory, an axis or a unit that the chip does not have, or
            asks for something that the evaluator does not count yet.
    """
    faults = [
        Violation("nest", fault.message, None if fault.at is None else fault.at.where, fault.help)
        for fault in mapping_faults(mapping, op)
    ]
    return tuple(faults) or check_nest(resolve_nest(mapping, op, arch), arch)


def check_nest(nest: Nest, arch: Arch) -> tuple[Violation, ...]:
    """The rules that a nest breaks; capacities are summed only where lines are in order."""
    found = [*function_violations(nest, arch), *order_violations(nest, arch)]
    if not found:
        found += [
            *keep_violations(nest, arch),
            *capacity_violations(nest, arch),
            *dataflow_violations(nest, arch),
        ]
    return tuple(found)
