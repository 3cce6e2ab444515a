"""The search for one op: every unit that can run it, every dataflow that it may follow."""

from __future__ import annotations

import time
from collections.abc import Callable
from zlib import crc32

import numpy as np

from ...hw_specs.model import Arch, Compute
from ...ir.mapping import Mapping
from ...ir.text import Diagnostic, Place, label_at
from ...ir.text.source import Where
from ...ir.workload import Op
from ..constraints import check
from ..constraints.functions import missing_functions, units_for
from ..model.evaluate import evaluate
from ..result import Certificate, Objective, Result, Status
from ..space.identity import shape_key
from ..space.mapspace import mapspace_size, mapspaces
from .anneal import Annealer, Found

SPACE = "even"
"""All keeps of a memory adjacent, perfect factors."""

Stop = Callable[[], bool]
"""Whether to stop searching."""

ROUNDS = 10
"""Restarts per mapspace when no time budget is given."""


def map_op(
    op: Op,
    arch: Arch,
    objective: Objective | str = Objective.EDP,
    *,
    budget_s: float | None = None,
    seed: int = 0,
    stop: Stop | None = None,
) -> Result:
    """The best mapping found for one op.

    The result depends on the seed alone, not on the machine, as long as `budget_s` is None.

    Args:
        objective: `edp`, `energy` or `latency`.
        budget_s: seconds to search; at least one round is run. None runs a fixed number.
        stop: asked between rounds; when it says True, the best found so far is returned.

    Raises:
        Diagnostic: no unit of the chip runs the op's functions, or no legal mapping was found.
    """
    objective = Objective(objective)
    started = time.monotonic()
    spaces = [space for unit in _units(op, arch) for space in mapspaces(op, arch, unit)]
    annealers = [
        Annealer(space, arch, objective, np.random.default_rng(_seed(op, number, seed)))
        for number, space in enumerate(spaces)
    ]
    best: tuple[float, int, Found] | None = None
    rounds = 0
    while _goes_on(rounds, budget_s, time.monotonic() - started, stop):
        for index, annealer in enumerate(annealers):
            found = annealer.round()
            if found is not None and (best is None or found.score < best[0]):
                best = (found.score, index, found)
        rounds += 1
    if best is None:
        raise _nothing_legal(op, arch, sum(annealer.evaluated for annealer in annealers))
    _, index, found = best
    mapping = annealers[index].mapping(found)
    _require_legal(mapping, op, arch)
    certificate = Certificate(
        status=Status.HEURISTIC,
        lower_bound=0.0,
        gap=None,
        space=SPACE,
        mapspace_size=sum(mapspace_size(space) for space in spaces),
        evaluated=sum(annealer.evaluated for annealer in annealers),
        seconds=time.monotonic() - started,
    )
    return Result(op, mapping, evaluate(mapping, op, arch), certificate)


def _units(op: Op, arch: Arch) -> tuple[Compute, ...]:
    """The units that can run an op.

    Raises:
        Diagnostic: there is none; names what each lacks.
    """
    units = units_for(op, arch)
    if units:
        return units
    lacks = "; ".join(
        f"`{unit.path}` lacks {', '.join(f'`{name}`' for name in missing_functions(op, unit))}"
        for unit in arch.computes
    )
    raise Diagnostic(
        f"no unit of `{arch.name}` runs it: {lacks}",
        label_at(op.at or _source_place(op)),
        help="run it on the host, or give the chip a unit with these functions",
    )


def _source_place(op: Op) -> Where | None:
    return None if op.source is None else Place(op.source)


def _goes_on(rounds: int, budget_s: float | None, elapsed_s: float, stop: Stop | None) -> bool:
    if rounds == 0:
        return True
    if stop is not None and stop():
        return False
    return rounds < ROUNDS if budget_s is None else elapsed_s < budget_s


def _seed(op: Op, number: int, seed: int) -> list[int]:
    """Equal shapes get equal random numbers, wherever in a network they stand."""
    return [seed, crc32(repr(shape_key(op)).encode()), number]


def _nothing_legal(op: Op, arch: Arch, evaluated: int) -> Diagnostic:
    return Diagnostic(
        f"no legal mapping of `{op.name}` on `{arch.name}` among {evaluated} candidates",
        label_at(op.at or _source_place(op)),
        help="enlarge the memory that its smallest tiles do not fit, or loosen the dataflow",
    )


def _require_legal(mapping: Mapping, op: Op, arch: Arch) -> None:
    """The rules are written twice, in the search and in `constraints`: they must agree."""
    broken = check(mapping, op, arch)
    if broken:
        rules = "; ".join(f"{violation.rule}: {violation.message}" for violation in broken)
        raise AssertionError(f"the search proposed an illegal mapping of {op.name}: {rules}")
