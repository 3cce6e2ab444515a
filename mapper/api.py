"""The Python face of the mapper, for scripts and for compilers that embed it."""

from __future__ import annotations

import time

from ..hw_specs.load import load_arch
from ..hw_specs.model import Arch
from ..ir.mapping import Mapping
from ..ir.workload import Op, Workload
from .constraints import Violation, check_mapping
from .load import load_mappings, load_workload
from .model.evaluate import evaluate
from .report.report import Report
from .result import Objective, Result
from .search.driver import map_op
from .search.network import Progress, map_ops

__all__ = [
    "Report",
    "Result",
    "Violation",
    "check",
    "evaluate",
    "load_arch",
    "load_mappings",
    "load_workload",
    "map_network",
    "map_op",
]


def check(mapping: Mapping, op: Op, arch: Arch) -> tuple[Violation, ...]:
    """The rules of the chip that a mapping breaks; empty when it is legal.

    Raises:
        Diagnostic: the mapping is no mapping of `op` (an unknown name, extents that do not close).
    """
    return check_mapping(mapping, op, arch)


def map_network(
    workload: Workload,
    arch: Arch,
    objective: Objective | str = Objective.EDP,
    *,
    seed: int = 0,
    jobs: int = 1,
    budget_s: float | None = None,
    progress: Progress | None = None,
) -> Report:
    """Map every op of a workload; what cannot be mapped stands in the report with its reason.

    Args:
        objective: `edp`, `energy` or `latency`, of each op.
        seed: equal seeds give equal reports, whatever `jobs` is, as long as `budget_s` is None.
        jobs: processes that search at the same time.
        budget_s: seconds for the whole network.
        progress: called after each unique shape.

    Example:
        >>> import tilewright as tw
        >>> net = tw.load_workload("onnx:squeezenet")                     # doctest: +SKIP
        >>> report = tw.map_network(net, tw.load_arch("eyeriss"))         # doctest: +SKIP
        >>> report.to_html("report.html")                                 # doctest: +SKIP
    """
    from .. import __version__

    started = time.monotonic()
    objective = Objective(objective)
    outcome = map_ops(
        workload, arch, objective, seed=seed, jobs=jobs, budget_s=budget_s, progress=progress
    )
    return Report(
        model=workload.name,
        hardware=arch,
        objective=objective,
        seed=seed,
        entries=outcome.entries,
        not_mapped=outcome.not_mapped,
        tool_version=__version__,
        seconds=time.monotonic() - started,
    )
