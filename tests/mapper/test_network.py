"""Whole networks: shapes once, what fails is listed, an interruption keeps what was found."""

from __future__ import annotations

from pathlib import Path

import pytest

from tilewright.hw_specs.load import load_arch
from tilewright.mapper.load import load_workload
from tilewright.mapper.network import map_network
from tilewright.mapper.space.identity import shape_key

CASES = Path(__file__).parent.parent / "cases"
CHIP = load_arch(CASES / "small.hw")
NET = load_workload(CASES / "small.nest")


def test_equal_shapes_are_mapped_once_and_counted() -> None:
    assert shape_key(NET.ops["first"]) == shape_key(NET.ops["again"])
    report = map_network(NET, CHIP, budget_s=0.0)
    (entry,) = report.entries
    assert (entry.count, entry.names) == (2, ("first", "again"))
    assert report.cycles == 2 * entry.result.cost.cycles


def test_progress_is_told_after_each_shape() -> None:
    told: list[tuple[str, int, int]] = []
    map_network(NET, CHIP, budget_s=0.0, progress=lambda *step: told.append(step))
    assert told == [("first", 1, 2), ("soft", 2, 2)]


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_was_found_before_a_stop_is_reported(jobs: int) -> None:
    report = map_network(NET, CHIP, jobs=jobs, stop=lambda: True)
    assert report.interrupted
    assert [entry.names for entry in report.entries] == [("first", "again")]
    (rest,) = report.not_mapped
    assert (rest.name, rest.why) == ("soft", "interrupted before it was tried")


def test_a_stop_after_the_last_shape_interrupts_nothing() -> None:
    done: list[int] = []
    report = map_network(
        NET,
        CHIP,
        budget_s=0.0,
        stop=lambda: len(done) == 2,
        progress=lambda _, count, __: done.append(count),
    )
    assert len(done) == 2
    assert not report.interrupted
