"""The examples of the language documents are texts that parse and are laid out canonically."""

import re
from pathlib import Path

import pytest

from tilewright.ir.format import format_text
from tilewright.ir.map_text import MAP, parse_map, show_map
from tilewright.ir.nest_text import NEST, parse_nest, show_nest_file

FOLDER = Path(__file__).parent.parent.parent / "docs" / "lang"


def _examples(language: str) -> list[str]:
    text = (FOLDER / f"{language}.md").read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("text", _examples("nest"))
def test_nest_examples(text: str) -> None:
    workloads = parse_nest(text)
    assert parse_nest(show_nest_file(workloads)) == workloads
    assert format_text(text, "nest.md", [NEST]) == text


@pytest.mark.parametrize("text", _examples("map"))
def test_map_examples(text: str) -> None:
    mappings = parse_map(text)
    assert parse_map(show_map(mappings)) == mappings
    assert _without_columns(format_text(text, "map.md", [MAP])) == _without_columns(text)


def _without_columns(text: str) -> str:
    """A text whose comments stand two spaces behind their line."""
    return re.sub(" +#", "  #", text)


def test_there_are_examples() -> None:
    assert len(_examples("nest")) >= 7
    assert len(_examples("map")) >= 7
