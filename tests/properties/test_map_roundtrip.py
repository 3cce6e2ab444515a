"""Mapping text: what is printed reads back, for every mapping that there is."""

from hypothesis import given, settings
from hypothesis import strategies as st
from properties.strategies_ir import mappings, strings

from tilewright.ir.format import format_text
from tilewright.ir.map_text import MAP, parse_map, show_map, show_mapping, show_nest
from tilewright.ir.mapping import Mapping

files = st.lists(mappings(), max_size=2, unique_by=lambda mapping: mapping.name).map(tuple)


@settings(max_examples=400, deadline=None)
@given(files)
def test_what_is_printed_reads_back(written: tuple[Mapping, ...]) -> None:
    text = show_map(written)
    read = parse_map(text)
    assert read == written
    assert show_map(read) == text


@settings(max_examples=100, deadline=None)
@given(files)
def test_the_formatter_leaves_canonical_text_alone(written: tuple[Mapping, ...]) -> None:
    text = show_map(written)
    assert format_text(text, "m", [MAP]) == text


@settings(max_examples=100, deadline=None)
@given(mappings(), strings)
def test_notes_are_skipped_by_the_reader(mapping: Mapping, note: str) -> None:
    lines = range(len(show_nest(mapping.nest)))
    notes = {line: f"{line} {note}" for line in lines if line % 2}
    text = show_mapping(mapping, notes)
    assert parse_map("map 1\n" + text) == (mapping,)
    assert text.count("  # ") >= len(notes)
