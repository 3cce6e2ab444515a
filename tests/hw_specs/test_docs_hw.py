"""The examples of the hardware document are chips that load and are laid out canonically."""

import re
from pathlib import Path

import pytest

from tilewright.hw_specs import read_arch
from tilewright.hw_specs.attributes import ATTRIBUTES, TOPOLOGIES
from tilewright.hw_specs.hw_text import HW, parse_hw, show_hw
from tilewright.hw_specs.syntax import ArchDecl
from tilewright.ir.format import format_text

TEXT = (Path(__file__).parent.parent.parent / "docs" / "lang" / "hw.md").read_text()
EXAMPLES = re.findall(r"^```hw\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("text", EXAMPLES)
def test_examples(text: str) -> None:
    file = parse_hw(text)
    assert parse_hw(show_hw(file)) == file
    assert format_text(text, "hw.md", [HW]) == text
    if len([decl for decl in file.decls if isinstance(decl, ArchDecl)]) == 1:
        read_arch(text)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 8


def test_every_attribute_and_topology_is_documented() -> None:
    for known in ATTRIBUTES.values():
        for name in known:
            first = name.partition(".")[0]
            assert re.search(rf"\b{first}\b", TEXT), name
    for topology in TOPOLOGIES:
        assert f"`{topology}" in TEXT
