"""Whole networks: each unique shape is mapped once, several at a time on several processes."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from ...hw_specs.model import Arch
from ...ir.footprint import op_bytes
from ...ir.functions import macs
from ...ir.kind import op_kind
from ...ir.text import Diagnostic
from ...ir.workload import Op, Opaque, Workload
from ..result import Entry, NotMapped, Objective, Result
from ..space.identity import shape_key
from .driver import Stop, map_op


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a network's operators; `interrupted` when some were never tried."""

    entries: tuple[Entry, ...]
    not_mapped: tuple[NotMapped, ...]
    interrupted: bool = False


Progress = Callable[[str, int, int], None]
"""Called after each unique shape with its name, how many are done, and how many there are."""

_Found = Result | Diagnostic


def map_ops(
    workload: Workload,
    arch: Arch,
    objective: Objective,
    *,
    seed: int = 0,
    jobs: int = 1,
    budget_s: float | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Outcome:
    """Map every op of a workload; the outcome does not depend on `jobs`.

    Args:
        jobs: processes that search at the same time.
        budget_s: seconds for the whole network, shared out over the shapes still to be mapped;
            None gives each shape the same number of evaluations, which makes runs repeatable.
        stop: asked whenever a shape is done, and between rounds of one that is searched here.
    """
    groups: dict[tuple[object, ...], list[Op]] = {}
    for op in workload.ops.values():
        groups.setdefault(shape_key(op), []).append(op)
    alike = list(groups.values())
    found: dict[int, _Found] = {}
    interrupted = False
    try:
        for index, result in _search_all(alike, arch, objective, seed, jobs, budget_s, stop):
            found[index] = result
            if progress is not None:
                progress(alike[index][0].name, len(found), len(alike))
            interrupted = len(found) < len(alike) and stop is not None and stop()
            if interrupted:
                break
    except KeyboardInterrupt:
        interrupted = True
    entries, not_mapped = [], [_opaque_entry(workload, node) for node in workload.opaques]
    for index, group in enumerate(alike):
        outcome = found.get(index)
        if isinstance(outcome, Result):
            count = sum(op.times for op in group)
            entries.append(Entry(outcome, count, tuple(op.name for op in group)))
        else:
            not_mapped.append(_failed_entry(group, outcome))
    return Outcome(tuple(entries), tuple(not_mapped), interrupted)


def _search_all(
    alike: list[list[Op]],
    arch: Arch,
    objective: Objective,
    seed: int,
    jobs: int,
    budget_s: float | None,
    stop: Stop | None,
) -> Iterator[tuple[int, _Found]]:
    if jobs <= 1 or len(alike) <= 1:
        deadline = None if budget_s is None else time.monotonic() + budget_s
        for index, group in enumerate(alike):
            left = None
            if deadline is not None:
                left = max(0.0, deadline - time.monotonic()) / (len(alike) - index)
            yield index, _try_op(group[0], arch, objective, seed, left, stop)
        return
    share = None if budget_s is None else budget_s * jobs / len(alike)
    # The first one here: it compiles the kernels where need be, which the others then find cached.
    yield 0, _try_op(alike[0][0], arch, objective, seed, share, stop)
    # `spawn`: a forked child would inherit locks of Numba's and of the progress bar's threads.
    context = multiprocessing.get_context("spawn")
    # Ctrl-C reaches the whole process group; the children leave the answer to it to us.
    ignore = (signal.SIGINT, signal.SIG_IGN)
    others = set(multiprocessing.active_children())
    with ProcessPoolExecutor(jobs, context, signal.signal, ignore) as pool:
        waiting: dict[Future[_Found], int] = {
            pool.submit(_try_op, group[0], arch, objective, seed, share): index
            for index, group in enumerate(alike[1:], 1)
        }
        try:
            for future in as_completed(waiting):
                yield waiting[future], future.result()
        except BrokenProcessPool:
            raise Diagnostic(
                "a process of the search died, perhaps for want of memory",
                help="map with a smaller `--jobs`",
            ) from None
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for child in set(multiprocessing.active_children()) - others:
                child.terminate()
            raise


def _try_op(
    op: Op,
    arch: Arch,
    objective: Objective,
    seed: int,
    budget_s: float | None,
    stop: Stop | None = None,
) -> _Found:
    try:
        return map_op(op, arch, objective, budget_s=budget_s, seed=seed, stop=stop)
    except Diagnostic as diagnostic:
        return diagnostic


def _opaque_entry(workload: Workload, node: Opaque) -> NotMapped:
    tensors = [workload.tensors[name] for name in (*node.reads, *node.writes)]
    homes = dict.fromkeys(tensor.of or tensor for tensor in tensors)
    size = sum(-(-tensor.size_bits // 8) for tensor in homes)
    return NotMapped(node.name, node.kind, node.why, node.macs, size)


def _failed_entry(group: list[Op], outcome: Diagnostic | None) -> NotMapped:
    first = group[0]
    times = sum(op.times for op in group)
    why = "interrupted before it was tried" if outcome is None else outcome.message
    explanation = "" if outcome is None else str(outcome)
    return NotMapped(
        first.name,
        op_kind(first),
        why,
        macs(first) * times,
        op_bytes(first) * times,
        len(group),
        explanation,
    )
