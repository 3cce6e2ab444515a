"""All rules at once."""

from __future__ import annotations

from ...hw_specs.model import Arch
from ...ir.mapping import Mapping
from ...ir.workload import Op
from ..space.nest import Nest, resolve_nest
from .capacity import capacity_violations
from .dataflow import dataflow_violations
from .fanout import fanout_violations
from .functions import function_violations
from .placement import placement_violations
from .violation import Violation

RULES = (
    function_violations,
    fanout_violations,
    placement_violations,
    capacity_violations,
    dataflow_violations,
)


def check_nest(nest: Nest, arch: Arch) -> tuple[Violation, ...]:
    """The rules that a nest breaks; empty when it is legal."""
    return tuple(violation for rule in RULES for violation in rule(nest, arch))


def check(mapping: Mapping, op: Op, arch: Arch) -> tuple[Violation, ...]:
    """The rules that a mapping breaks; empty when it is legal.

    Raises:
        Diagnostic: the mapping is no mapping of `op` (an unknown name, extents that do not close).
    """
    return check_nest(resolve_nest(mapping, op, arch), arch)
