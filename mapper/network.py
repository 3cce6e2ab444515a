"""A whole network onto a chip: the search, summed up in a report."""

from __future__ import annotations

import time

from .. import __version__
from ..hw_specs.model import Arch
from ..ir.workload import Workload
from .report.report import Report
from .result import Objective
from .search.driver import Stop
from .search.network import Progress, map_ops


def map_network(
    workload: Workload,
    arch: Arch,
    objective: Objective | str = Objective.EDP,
    *,
    seed: int = 0,
    jobs: int = 1,
    budget_s: float | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Report:
    """Map every op of a workload; what cannot be mapped stands in the report with its reason.

    Args:
        objective: `edp`, `energy` or `latency`, of each op.
        seed: equal seeds give equal reports, whatever `jobs` is, as long as `budget_s` is None.
        jobs: processes that search at the same time.
        budget_s: seconds for the whole network.
        progress: called after each unique shape.
        stop: asked now and then; once it says True, what was found so far is reported.

    Example:
        >>> import tilewright as tw
        >>> net = tw.load_workload("onnx:squeezenet")                     # doctest: +SKIP
        >>> report = tw.map_network(net, tw.load_arch("eyeriss"))         # doctest: +SKIP
        >>> report.to_html("report.html")                                 # doctest: +SKIP
    """
    started = time.monotonic()
    objective = Objective(objective)
    outcome = map_ops(
        workload,
        arch,
        objective,
        seed=seed,
        jobs=jobs,
        budget_s=budget_s,
        progress=progress,
        stop=stop,
    )
    return Report(
        model=workload.name,
        hardware=arch,
        objective=objective,
        seed=seed,
        entries=outcome.entries,
        not_mapped=outcome.not_mapped,
        interrupted=outcome.interrupted,
        tool_version=__version__,
        seconds=time.monotonic() - started,
    )
