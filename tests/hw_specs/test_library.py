"""The chips of the library: complete, documented, and the same when shown and read back."""

import re
from pathlib import Path

import pytest

from tilewright.hw_specs import arch_names, load_arch, read_arch
from tilewright.hw_specs.files import LIBRARY
from tilewright.hw_specs.hw_text import HW
from tilewright.hw_specs.model import Memory, chain
from tilewright.hw_specs.show import show_arch
from tilewright.ir.format import format_text
from tilewright.ir.types import Role

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "chips.md"


def test_the_promised_chips_are_there() -> None:
    promised = {"eyeriss", "simba", "gemmini", "tpu_v1", "nvdla", "shidiannao", "edge_tpu"}
    assert promised <= set(arch_names())


@pytest.mark.parametrize("name", arch_names())
def test_shown_chips_load_from_anywhere(name: str, tmp_path: Path) -> None:
    arch = load_arch(name)
    path = tmp_path / "shown.hw"
    path.write_text(show_arch(arch))
    shown = load_arch(path)
    assert shown == arch
    assert shown.parameters == {}


@pytest.mark.parametrize("name", arch_names())
def test_every_unit_reaches_a_home_for_every_role(name: str) -> None:
    arch = load_arch(name)
    for unit in arch.computes:
        outermost = chain(arch, unit)[0]
        assert isinstance(outermost, Memory)
        assert outermost.size_bits is None
        assert all(outermost.must_keep(role) for role in Role)


@pytest.mark.parametrize("name", arch_names())
def test_a_multiplier_array_and_a_dataflow(name: str) -> None:
    arch = load_arch(name)
    units = [unit for unit in arch.computes if "mac" in unit.functions]
    assert units
    assert arch.dataflows
    assert all(function.energy_pj > 0 for unit in units for function in unit.functions.values())
    assert all(min(memory.energy_pj.values()) > 0 for memory in arch.memories)


@pytest.mark.parametrize("name", arch_names())
def test_sources_are_cited(name: str) -> None:
    text = (LIBRARY / f"{name}.hw").read_text()
    cited = set(re.findall(r"\[([A-Z]{1,2}\d{0,2})\]", text))
    defined = set(re.findall(r"^# \[([A-Z]{1,2}\d{0,2})\]", text, re.MULTILINE))
    assert defined
    assert cited == defined


@pytest.mark.parametrize("name", arch_names())
def test_the_document_lists_the_chip(name: str) -> None:
    assert f"| `{name}` |" in DOCUMENT.read_text()


def test_known_figures() -> None:
    """Peak operations a second, as published."""
    eyeriss, tpu = load_arch("eyeriss"), load_arch("tpu_v1")
    assert eyeriss.arrays[0].lanes * 2 * eyeriss.clock_hz == pytest.approx(67.2e9)
    mxu = next(array for array in tpu.arrays if array.name == "mxu")
    assert mxu.lanes * 2 * tpu.clock_hz == pytest.approx(92e12, rel=0.01)


def test_shown_text_keeps_the_parameters_as_a_comment() -> None:
    text = show_arch(load_arch("eyeriss", rows=8))
    assert "# eyeriss with rows = 8" in text
    assert read_arch(text).arrays[0].axes == (("y", 8), ("x", 14))


@pytest.mark.parametrize("path", sorted(LIBRARY.rglob("*.hw")), ids=lambda path: path.stem)
def test_files_are_laid_out_canonically(path: Path) -> None:
    text = path.read_text()
    assert format_text(text, path.name, [HW]) == text
