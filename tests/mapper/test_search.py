"""The search: legal, repeatable, and optimal where all mappings can be tried."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations, product
from math import prod

import numpy as np
import pytest
from cases.small import chip, conv, matmul

from tilewright.hw_specs.load import load_arch
from tilewright.hw_specs.model import Arch
from tilewright.ir.mapping import For, Hole, Keep, Loop, Par
from tilewright.ir.text import Diagnostic
from tilewright.ir.types import Role
from tilewright.ir.workload import Apply, Op
from tilewright.mapper.constraints import check
from tilewright.mapper.model.cost import Cost
from tilewright.mapper.model.evaluate import evaluate
from tilewright.mapper.result import Objective, Status
from tilewright.mapper.search.anneal import Annealer
from tilewright.mapper.search.driver import map_op
from tilewright.mapper.space.codec import TIME_SLOT, Candidate, Codec, decode, make_codec
from tilewright.mapper.space.mapspace import mapspaces

ROLES = frozenset(Role)


def small_space_chip() -> Arch:
    """A chip on which only the scratchpad's keeps are free, with lanes of a product each."""
    return chip(
        Par((Loop(("m",), Hole()),), "pe.x"),
        Par((Loop(("k", "n"), Hole()),), "pe.y"),
        Keep(("weight",), "pe.spad", optional=True),
        For((Loop(("n", "k"), Hole()),)),
        spad_bits=8 * 6,
        glb_keep=set(ROLES),
    )


def all_candidates(codec: Codec) -> Iterator[Candidate]:
    """Every candidate: tilings x orders of the loops that are there x free keeps."""
    splits = [
        list(_splits(int(extent), codec.allowed[:, dim]))
        for dim, extent in enumerate(codec.extents)
    ]
    free = np.argwhere(codec.may)
    for columns in product(*splits):
        factors = np.array(columns, np.int64).T
        for orders in product(*(_orders(codec, factors, slot) for slot in range(len(factors)))):
            for flags in product((False, True), repeat=len(free)):
                keep = codec.must.copy()
                for (slot, operand), flag in zip(free, flags, strict=True):
                    keep[slot, operand] = flag
                yield Candidate(factors, np.array(orders, np.int64), keep)


def _splits(extent: int, allowed: np.ndarray) -> Iterator[tuple[int, ...]]:
    if len(allowed) == 1:
        if extent == 1 or allowed[0]:
            yield (extent,)
        return
    for factor in range(1, extent + 1):
        if extent % factor == 0 and (factor == 1 or allowed[0]):
            for rest in _splits(extent // factor, allowed[1:]):
                yield (factor, *rest)


def _orders(codec: Codec, factors: np.ndarray, slot: int) -> list[tuple[int, ...]]:
    dims = range(factors.shape[1])
    if codec.kind[slot] != TIME_SLOT:
        return [tuple(dims)]
    present = [dim for dim in dims if factors[slot, dim] > 1]
    rest = tuple(dim for dim in dims if dim not in present)
    return [(*order, *rest) for order in permutations(present)]


@pytest.fixture(scope="module")
def optimum() -> dict[Objective, float]:
    """The smallest objectives over all legal mappings, each evaluated on its own."""
    op, arch = matmul(4, 2, 2), small_space_chip()
    best = dict.fromkeys(Objective, math.inf)
    for space in mapspaces(op, arch, arch.computes[0]):
        codec = make_codec(space)
        for candidate in all_candidates(codec):
            mapping = decode(codec, candidate)
            if not check(mapping, op, arch):
                for objective, value in _values(evaluate(mapping, op, arch)).items():
                    best[objective] = min(best[objective], value)
    return best


def _values(cost: Cost) -> dict[Objective, float]:
    return {
        Objective.EDP: cost.edp,
        Objective.ENERGY: cost.energy_pj,
        Objective.LATENCY: cost.cycles,
    }


@pytest.mark.parametrize("objective", list(Objective))
def test_the_best_of_all_mappings_is_found(
    objective: Objective, optimum: dict[Objective, float]
) -> None:
    result = map_op(matmul(4, 2, 2), small_space_chip(), objective)
    assert _values(result.cost)[objective] == pytest.approx(optimum[objective], rel=1e-12)


def test_results_are_legal_and_honest() -> None:
    op, arch = conv(), chip()
    result = map_op(op, arch)
    assert check(result.mapping, op, arch) == ()
    assert result.cost == evaluate(result.mapping, op, arch)
    certificate = result.certificate
    assert (certificate.status, certificate.gap) == (Status.HEURISTIC, None)
    assert certificate.evaluated > 0


@pytest.mark.parametrize("op", [matmul(12, 6, 4), conv()], ids=["matmul", "conv"])
def test_the_search_ranks_by_what_the_evaluator_says(op: Op) -> None:
    arch = load_arch("eyeriss")
    (space,) = mapspaces(op, arch, arch.computes[0])
    annealer = Annealer(space, arch, Objective.EDP, np.random.default_rng(0))
    found = annealer.round()
    assert found is not None
    mapping = annealer.mapping(found)
    assert found.score == pytest.approx(math.log(evaluate(mapping, op, arch).edp), rel=1e-12)
    assert prod(found.candidate.factors.flatten()) == op.points


def test_equal_seeds_give_equal_results() -> None:
    op, arch = conv(k=12, c=6), chip()
    assert map_op(op, arch, seed=3).mapping == map_op(op, arch, seed=3).mapping


def test_the_names_of_tensors_do_not_matter() -> None:
    op, arch = matmul(12, 6, 4), chip()
    renamed = replace(op, name="other", source="elsewhere.onnx#MatMul_3")
    first, second = map_op(op, arch), map_op(renamed, arch)
    assert first.cost == second.cost


def test_what_no_unit_runs_is_refused_with_what_it_lacks() -> None:
    op = matmul()
    assert isinstance(op.value, Apply)
    soft = replace(op, value=Apply("exp", (op.value,)))
    with pytest.raises(Diagnostic, match=r"`pe.mac` lacks `mul`, `exp`, `add`|lacks `exp`"):
        map_op(soft, chip())


def test_where_nothing_fits_that_is_said() -> None:
    with pytest.raises(Diagnostic, match="no legal mapping"):
        map_op(matmul(), chip(spad_bits=8, spad_keep=set(ROLES)))
