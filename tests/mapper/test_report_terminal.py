"""The terminal summary: complete, narrow, and plain where it must be."""

from __future__ import annotations

import io

import pytest
from browser.synthetic import report
from rich.console import Console

from tilewright.mapper.report.terminal import print_cost, print_summary


def _print(of, width=100, encoding="utf-8"):
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)
    print_summary(of, Console(file=file, width=width))
    file.flush()
    return raw.getvalue().decode(encoding)


def test_shows_totals_and_what_is_not_mapped():
    of = report(14, missing=2)
    text = _print(of)
    assert f"{of.cycles:,} cycles" in text
    assert "not mapped: 2 operators, 0 % of the MACs" in text
    assert "the order of its outputs depends on values" in text
    assert "and 4 more shapes" in text
    assert "3 optimal, 3 bounded, 8 heuristic" in text


@pytest.mark.parametrize("width", [40, 60, 80, 100, 160])
def test_fits_the_terminal(width):
    of = report(14, ("/model/layers.0/" + "x" * 200,), missing=1)
    lines = _print(of, width).splitlines()
    assert max(map(len, lines)) <= width
    assert any("Conv_3" in line for line in lines)


def test_no_colours_when_piped():
    assert "\x1b" not in _print(report(3, missing=1))


def test_plain_ascii_where_there_is_no_more():
    text = _print(report(3, ("/größe/" + "x" * 60,), missing=1), encoding="ascii")
    assert "uJ" in text and "#" in text and text.isascii()


def test_nothing_mapped():
    text = _print(report(0, missing=1))
    assert "100 % of the bytes" in text


def test_markup_in_names_is_text():
    text = _print(report(1, ("[red]a[/red]",)))
    assert "[red]a[/red]" in text


def test_cost_shows_every_count():
    entry = report(2).entries[1]
    file = io.StringIO()
    print_cost("Conv_1", entry.result.cost, Console(file=file, width=120))
    text = file.getvalue()
    for tensors in entry.result.cost.memories.values():
        for name, traffic in tensors.items():
            assert name in text
            for words in (traffic.reads, traffic.fills, traffic.updates, traffic.drains):
                assert f"{words:,}" in text
    assert f"{entry.result.cost.latency_cycles:,}" in text
