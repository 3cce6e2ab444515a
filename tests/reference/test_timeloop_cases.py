"""The reference model against Timeloop's answers, and against counts made by hand."""

from __future__ import annotations

import copy
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from reference.timeloop_case import case_of, read_case
from reference.timeloop_cases import judge, main
from reference.timeloop_model import model
from reference.timeloop_walk import Mesh, Move, children, deltas, steps, walk


def test_agrees_with_timeloop(shared: Path) -> None:
    cases = [read_case(path) for path in (shared / "data/timeloop-oracle").glob("*.json")]
    perfect = [case for case in cases if case.perfect]
    assert len(perfect) >= 60
    assert {case.name: text for case in perfect if (text := judge(case)[1])} == {}


@pytest.mark.parametrize(
    ("moves", "words"),
    [
        # back by 3 is another direction than on by 1: all 3 words again
        ([Move(2, (0,)), Move(4, (1,))], 2 * (3 + 1 + 1 + 1)),
        ([Move(4, (1,)), Move(2, (0,))], 3 + 1 + 1 + 1),
    ],
)
@pytest.mark.parametrize("extrapolate", [False, True])
def test_window_slides(moves: list[Move], words: int, extrapolate: bool) -> None:
    mesh = Mesh(1, 1, 1, 1)
    served = deltas((3,), steps(moves, 1, extrapolate), holds=True)
    assert walk(served, children([], mesh, 1), mesh, links=True).content == words


def test_neighbours_forward_rows() -> None:
    # 4 children at words 0..3 of a line that moves on by 1: three take their neighbour's word
    mesh = Mesh(4, 4, 4, 1)
    lane = children([("X", Move(4, (1,)))], mesh, 1)
    served = list(deltas((1,), steps([Move(5, (1,))], 1, extrapolate=False), holds=True))
    linked = walk(served, lane, mesh, links=True)
    assert linked.content == 4 + 4 * 1
    assert linked.link_words == 4 * 3
    assert walk(served, lane, mesh, links=False).content == 20


def test_multicast_hops() -> None:
    # 2 columns of 3 rows, equal down a column: x, then one row up and one down from the middle
    mesh = Mesh(6, 2, 2, 3)
    grid = children([("X", Move(2, (1,))), ("Y", Move(3, (0,)))], mesh, 1)
    traffic = walk([*deltas((1,), steps([], 1, True), holds=True)], grid, mesh, links=True)
    assert traffic.accesses == {(3, 2): 2}
    assert traffic.word_hops == {(3, 2): Fraction(2 + 3)}


def _dot_product() -> dict[str, Any]:
    level = {
        "name": "Mem", "technology": "SRAM", "entries": 9, "instances": 1, "meshX": 1, "meshY": 1,
        "block_size": 2, "cluster_size": 1, "read_bandwidth": 1, "write_bandwidth": None,
        "shared_bandwidth": None, "multiple_buffering": None, "energy_read_pJ": 1.0,
        "energy_fill_pJ": 0.0, "energy_update_pJ": 10.0, "energy_leak_pJ_per_cycle": 0.0,
    }  # fmt: skip
    loop = {"dim": "K", "factor": 4, "residual": 4}
    return {
        "schema": "timeloop-oracle/1",
        "id": "dot",
        "problem": {
            "dims": {"K": 4},
            "coefficients": {},
            "dataspaces": [
                {"name": "A", "read_write": False, "projection": [[["K"]]]},
                {"name": "B", "read_write": False, "projection": [[["K"]]]},
                {"name": "Z", "read_write": True, "projection": []},
            ],
        },
        "arch": {
            "levels": [level],
            "mac": {"name": "M", "instances": 1, "meshX": 1, "meshY": 1, "energy_compute_pJ": 0.5},
        },
        "mapping": [
            {"level": "Mem", "temporal": [loop], "spatial": [], "keep": ["A", "B", "Z"]},
        ],
        "expected": {},
    }


def test_dot_product_by_hand() -> None:
    got = model(case_of(_dot_product()))
    z = got["levels"]["Mem"]["dataspaces"]["Z"]
    assert (z["reads_per_instance"], z["updates_per_instance"]) == (3, 4)
    # 4 + 4 + 3 reads at one a cycle; 4 words, and 3, are 2 vectors
    assert got["cycles"] == 11
    assert got["energy_pJ"] == 3 * 2 * 1.0 + 2 * 10.0 + 4 * 0.5


def test_a_folder_is_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = _dot_product()
    data["expected"] = copy.deepcopy(model(case_of(data)))
    (tmp_path / "dot.json").write_text(json.dumps(data))
    assert main([str(tmp_path)]) == 0
    data["expected"]["cycles"] = 10
    (tmp_path / "dot.json").write_text(json.dumps(data))
    assert main([str(tmp_path)]) == 1
    assert "dot: differs: cycles is 11, Timeloop 10" in capsys.readouterr().out


def test_bad_input_is_a_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert main([str(tmp_path)]) == main([str(tmp_path / "none")]) == 2
    for text in ("{", "[]", "{}", '{"schema": 1}', "[" * 100_000):
        (tmp_path / "bad.json").write_text(text)
        assert main([str(tmp_path)]) == 2
        assert "bad.json: " in capsys.readouterr().err
