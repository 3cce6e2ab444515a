"""The mapping text of a report: its comments, and that it reads back."""

from __future__ import annotations

from dataclasses import replace

from browser.synthetic import report

from tilewright.ir.map_text import parse_map
from tilewright.mapper.report.annotate import mapping_text, mappings_text


def test_the_file_reads_back_to_the_mappings():
    of = report(12)
    mappings = tuple(entry.result.mapping for entry in of.entries)
    assert parse_map(mappings_text(of)) == mappings


def test_odd_names_read_back():
    of = report(3, ("Conv", "keep", "x#2 { /model/layer.0"))
    texts = [mapping_text(entry.result, of.hardware) for entry in of.entries[1:]]
    assert [parse_map(text)[0] for text in texts] == [e.result.mapping for e in of.entries[1:]]


def test_comments_say_what_is_kept_and_what_moves():
    of = report(4)
    lines = mapping_text(of.entries[1].result, of.hardware).splitlines()
    notes = {line.split("#")[0].strip(): line.partition("# ")[2] for line in lines if "#" in line}
    # Conv_1: k 64, c 32, p and q 28, 3 x 3, bytes; inside `k 4x16, c 32` a tile has 16 and 1.
    assert notes["keep `Conv_1.in`, `Conv_1.weight`, `Conv_1.out` in dram"] == (
        "Conv_1.in 28.12 KiB, Conv_1.weight 18 KiB, Conv_1.out 49 KiB"
    )
    assert (32 * 30 * 30, 64 * 32 * 9, 64 * 28 * 28) == (28_800, 18 * 1024, 49 * 1024)
    # Two buffers each: 1,800 B and 25,088 B are 26,888 B of 110,592 B.
    assert notes["keep `Conv_1.in`, `Conv_1.out` in shared buffers 2"] == (
        "Conv_1.in 1.758 KiB, Conv_1.out 24.5 KiB: 24.3 % of 108 KiB"
    )
    assert notes["par r 3 over pe.y"] == "r: Conv_1.in, Conv_1.weight; 3 of 12 lanes"
    assert notes["for q 28"] == "q: Conv_1.in, Conv_1.out"


def test_ops_of_the_same_shape_are_named():
    of = report(2)
    assert "# the same shape: Conv_1.copy1\nmapping Conv_1 of" in mappings_text(of)
    assert "same shape" not in mappings_text(replace(of, entries=of.entries[:1]))
