"""The benchmark on measured Gemmini rows: from their mapping strings to costs."""

from __future__ import annotations

import csv
import json
import sys
from importlib.util import module_from_spec, spec_from_file_location
from math import isclose, prod
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import tilewright as tw
from tilewright.ir.mapping import For, Keep, Node, Par
from tilewright.ir.text import Diagnostic

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def _load(name: str) -> ModuleType:
    """A script of `benchmarks/`, which is no package."""
    spec = spec_from_file_location(f"benchmarks_{name}", BENCHMARKS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


gemmini = _load("gemmini")

ROW = {
    **{f"prob.{name}": "1" for name in ("N", "R", "S", "Hdilation", "Wdilation")},
    **{f"prob.{name}": "1" for name in ("Hstride", "Wstride")},
    "prob.K": "32",
    "prob.C": "64",
    "prob.P": "8",
    "prob.Q": "4",
    "mapping.mapping": "L3[WIO] K2 Q4 - L2[WI] N1 K16X - L1[O] C4 C16X - L0[W] P8",
    "target.gemmini_cycle": "1000.0",
}

factors = st.builds(
    gemmini.Factor, st.sampled_from("nkcpqrs"), st.integers(1, 10**6), st.booleans()
)
levels = st.tuples(*[st.lists(factors, max_size=5).map(tuple)] * 4)


def _text(some: tuple[tuple[object, ...], ...]) -> str:
    parts = []
    for name, level in zip(gemmini.LEVELS, some, strict=True):
        words = [f"{f.dim.upper()}{f.trips}{'X' if f.spatial else ''}" for f in level]  # type: ignore[attr-defined]
        parts.append(" ".join([name, *words]))
    return " - ".join(parts)


@given(levels)
def test_a_printed_mapping_reads_back(some: tuple[tuple[object, ...], ...]) -> None:
    assert gemmini.parse_levels(_text(some)) == some


@given(levels)
def test_folding_keeps_products_and_fits_the_mesh(some: tuple[tuple[object, ...], ...]) -> None:
    folded = gemmini.fold(some)
    assert gemmini.factor_products(folded) == gemmini.factor_products(some)
    assert all(f.trips <= 16 for level in folded for f in level if f.spatial)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "L3[WIO] K2",
        "L3[WIO] - L2[WI] - L1[O] - L0[WI]",
        "L3[WIO] K0 - L2[WI] - L1[O] - L0[W]",
        "L3[WIO] K-2 - L2[WI] - L1[O] - L0[W]",
        "L3[WIO] Z2 - L2[WI] - L1[O] - L0[W]",
        "L3[WIO] K2Y - L2[WI] - L1[O] - L0[W]",
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(Diagnostic):
        gemmini.parse_levels(text)


def _line(node: Node) -> str:
    assert isinstance(node, Keep | For | Par)
    return f"keep {node.memory}" if isinstance(node, Keep) else f"{node.loops[0].bound}"


def test_a_mapping_by_hand() -> None:
    arch = tw.load_arch(str(gemmini.CHIP))
    mapping = gemmini.to_mapping(gemmini.parse_levels(ROW["mapping.mapping"]), arch)
    lines = [_line(node) for node in mapping.nest[:-1]]
    assert lines == [
        "keep dram",
        "2x16",
        "4",
        "keep scratchpad",
        "keep accumulator",
        "16",
        "4x16",
        "16",
        "keep pe.reg",
        "8",
    ]


def test_a_row_by_hand() -> None:
    row = gemmini.predict(2, ROW, tw.load_arch(str(gemmini.CHIP)))
    # 32*64*8*4 points on 256 units take 256 cycles, and what passes the port of dram, x twice, w
    # and y once, (2*2048 + 2048 + 1024) / 16 = 448; but 2*4*4 tiles of weights come 16 rows each.
    assert row.cycles == 2 * 4 * 4 * 16 == 512
    assert row.roofline == max(256, (2048 + 2048 + 1024) / 16) == 320
    assert row.wide == ()


def test_wide_factors_are_refused_as_written_and_folded() -> None:
    arch = tw.load_arch(str(gemmini.CHIP))
    wide = ROW | {"mapping.mapping": ROW["mapping.mapping"].replace("C4 C16X", "C64X")}
    row, narrow = gemmini.predict(2, wide, arch), gemmini.predict(2, ROW, arch)
    assert row.wide == ("C64X",)
    assert (row.cycles, row.latency_cycles) == (narrow.cycles, narrow.latency_cycles)
    extents = {"n": 1, "k": 32, "c": 64, "p": 8, "q": 4, "r": 1, "s": 1}
    op = gemmini.conv_op(extents, (1, 1), (1, 1))
    as_written = gemmini.to_mapping(gemmini.parse_levels(wide["mapping.mapping"]), arch)
    with pytest.raises(Diagnostic):
        tw.evaluate(as_written, op, arch)


def test_rows_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    bad = [ROW | {"prob.K": "33"}, ROW | {"prob.P": "x"}, ROW | {"mapping.mapping": "?"}]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, ROW)
        writer.writeheader()
        writer.writerows([ROW, *bad])
    result = CliRunner().invoke(gemmini.main, [str(path), "--json"], catch_exceptions=False)
    found = json.loads(result.output)
    assert (found["rows"], found["refused"], found["all_rows"]) == (4, 3, 1)
    assert [line.partition(":")[0] for line in found["refused_lines"]] == ["3", "4", "5"]
    assert isclose(found["all_cycles_median_error"], 1 - 512 / 1000)
    assert CliRunner().invoke(gemmini.main, [str(path)]).exit_code == 0


def test_a_file_without_the_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("a,b\n1,2\n")
    result = CliRunner().invoke(gemmini.main, [str(path)])
    assert result.exit_code == 2
    assert "no column" in result.output


def test_spearman() -> None:
    assert gemmini.spearman([1, 2, 3, 4], [10, 20, 30, 45]) == 1
    assert gemmini.spearman([1, 2, 3], [3, 2, 1]) == -1
    assert isclose(gemmini.spearman([1, 1, 2], [1, 2, 3]), 3**0.5 / 2)
    assert gemmini.spearman([1, 1], [1, 2]) is None
    assert gemmini.spearman([1], [1]) is None


def test_measured_rows(shared: Path) -> None:
    path = shared / "data" / "gemmini-rtl" / "firesim_measured.csv"
    with path.open(newline="") as file:
        records = list(csv.DictReader(file))
    arch = tw.load_arch(str(gemmini.CHIP))
    for record in records:
        products = gemmini.factor_products(gemmini.parse_levels(record["mapping.mapping"]))
        assert all(products[name.lower()] == int(record[f"prob.{name}"]) for name in gemmini.DIMS)
    for line in range(0, len(records), 97):
        row = gemmini.predict(line + 2, records[line], arch)
        # No row can be faster than its points on the whole mesh.
        assert row.cycles >= prod(row.layer[:7]) / 256
        assert row.latency_cycles >= row.cycles
