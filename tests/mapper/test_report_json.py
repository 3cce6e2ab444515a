"""The JSON report: its schema, its sums, and that numbers read back to the last digit."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from browser.synthetic import chip, conv, report
from jsonschema import Draft202012Validator

from tilewright.ir.affine import affine, dim
from tilewright.ir.footprint import op_bytes
from tilewright.ir.types import DType, Reduce, TensorKind
from tilewright.ir.workload import Access, Dim, Op, Read, Tensor
from tilewright.mapper.report.json_text import SCHEMA, to_json

GOLDEN = Path(__file__).parent.parent / "golden" / "test_report_json"


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    text = files("tilewright.mapper.report").joinpath("schema.json").read_text()
    Draft202012Validator.check_schema(json.loads(text))
    return Draft202012Validator(json.loads(text))


@pytest.mark.parametrize("of", [report(0), report(1), report(30, missing=2), report(0, missing=1)])
def test_follows_the_schema(of, schema):
    written = json.loads(of.to_json())
    schema.validate(written)
    assert written["schema"] == SCHEMA


def test_the_schema_can_fail(schema):
    written = json.loads(report(1).to_json())
    written["ops"][0]["cost"]["memories"]["dram"]["Conv_0.in"]["reads"] = 1.5
    assert not schema.is_valid(written)
    del written["ops"][0]["cost"]["memories"]
    assert not schema.is_valid(written)


def test_golden(golden):
    golden(GOLDEN / "two_layers.json", to_json(report(2, missing=1)))


def test_numbers_read_back_to_the_last_digit():
    of = report(20)
    written = json.loads(of.to_json())
    assert written["totals"]["energy_pj"] == of.energy_pj
    for op, entry in zip(written["ops"], of.entries, strict=True):
        assert op["cost"]["energy_pj"] == entry.result.cost.energy_pj
        assert op["cost"]["edp"] == entry.result.cost.edp
        assert op["cost"]["cycles"] == entry.result.cost.cycles


def test_a_cost_that_is_no_number_is_refused():
    of = report(1)
    entry = of.entries[0]
    broken = replace(entry.result, cost=replace(entry.result.cost, energy_pj=math.nan))
    with pytest.raises(ValueError, match="JSON compliant"):
        replace(of, entries=(replace(entry, result=broken),)).to_json()


def test_totals_weigh_by_count():
    of = report(3)
    assert [entry.count for entry in of.entries] == [1, 2, 3]
    cycles = [entry.result.cost.cycles for entry in of.entries]
    assert of.cycles == cycles[0] + 2 * cycles[1] + 3 * cycles[2]
    assert of.macs == sum(
        n * e.result.op.points for n, e in zip((1, 2, 3), of.entries, strict=True)
    )
    energy = [entry.result.cost.energy_pj for entry in of.entries]
    assert of.energy_pj == pytest.approx(energy[0] + 2 * energy[1] + 3 * energy[2], rel=1e-14)
    assert of.edp == of.energy_pj * of.cycles
    assert of.seconds_per_run == of.cycles / 200e6


def test_shares_of_what_is_not_mapped():
    of = report(1, missing=2)
    op = of.entries[0].result.op
    lost = tuple(replace(item, macs=op.points) for item in of.not_mapped)
    of = replace(of, not_mapped=lost)
    assert of.macs_not_mapped_share == 2 / 3
    assert of.bytes_not_mapped_share == 80_000 / (80_000 + op_bytes(op))
    assert replace(of, entries=()).macs_not_mapped_share == 1.0
    assert replace(of, not_mapped=()).bytes_not_mapped_share == 0.0


def test_bytes_of_a_convolution_are_those_of_its_tensors():
    assert op_bytes(conv("a", k=8, c=4, p=14, r=3)) == 4 * 16 * 16 + 8 * 4 * 9 + 8 * 14 * 14


def test_bytes_of_a_slice_are_those_it_reaches():
    whole = Tensor(TensorKind.INPUT, "x", DType("i16"), (100,))
    view = Tensor(TensorKind.VIEW, "v", DType("i16"), (10, 10), of=whole)
    part = Tensor(TensorKind.OUTPUT, "y", DType("i4"), (7,))
    result = Access("y", (dim("i"),))
    move = Op(
        "a", (Dim("i", 7),), result, Reduce.ASSIGN, Read(Access("x", (affine({"i": 2}, 5),))),
        (whole, part),
    )  # fmt: skip
    assert op_bytes(move) == 13 * 2 + 4  # 7 elements of 4 bits take 4 bytes
    through_view = replace(
        move, value=Read(Access("v", (affine({}, 3), dim("i")))), tensors=(view, part)
    )
    assert op_bytes(through_view) == 7 * 2 + 4


def test_parameters_and_clock_of_the_chip_are_there():
    written = json.loads(report(1).to_json())
    assert written["parameters"] == chip().parameters
    assert written["clock_hz"] == 200e6
