"""Any text at all: a typed tree or a diagnostic that renders, nothing else."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from properties.strategies_ir import mappings, workloads

from tilewright.ir.format import format_text
from tilewright.ir.map_text import MAP, parse_map, show_map
from tilewright.ir.nest_text import NEST, parse_nest, show_nest_file
from tilewright.ir.text import Diagnostic

Parse = Callable[[str], object]
_bounds = ["8x14", "7x13+9", "?..16", "keep?", "64 KiB", "64 KB", "1e9", "9" * 30, "0x", ".."]
_bytes = ["max=", "+=", "é", "\x1b[31m", "\ud800", " ", *"()[]{},.:=?*+-/^#`\"'%;\n\r\t\0"]
_pieces = st.sampled_from([*_bounds, *_bytes, *sorted(MAP.words | NEST.words)])
_soup = st.lists(st.one_of(_pieces, st.text(max_size=3)), max_size=30)


def _read(parse: Parse, text: str) -> bool:
    """Whether a text parses; if not, its diagnostic must render, with a place."""
    try:
        parse(text)
    except Diagnostic as diagnostic:
        assert str(diagnostic).startswith("error: ")
        assert diagnostic.at is not None
        return False
    return True


def _format(text: str) -> str:
    return format_text(text, "t", (MAP, NEST))


@pytest.mark.parametrize(("parse", "head"), [(parse_map, "map 1 "), (parse_nest, "nest 1 ")])
@settings(max_examples=150, deadline=None)
@given(words=_soup, versioned=st.booleans(), glue=st.sampled_from(["", " ", "\n"]))
def test_any_text(parse: Parse, head: str, words: list[str], versioned: bool, glue: str) -> None:
    text = (head if versioned else "") + glue.join(words)
    _read(parse, text)
    _read(_format, text)


@st.composite
def _mutated(draw: st.DrawFn, text: str) -> str:
    """A valid text with a few pieces cut out, put in or doubled."""
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        text = text[:start] + draw(st.one_of(_pieces, st.just(text[start:end] * 2))) + text[end:]
    return text


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_mutated_mappings(data: st.DataObject) -> None:
    text = data.draw(_mutated(show_map((data.draw(mappings()),))))
    if _read(parse_map, text):
        _check_format(parse_map, text)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_mutated_workloads(data: st.DataObject) -> None:
    text = data.draw(_mutated(show_nest_file((data.draw(workloads()),))))
    if _read(parse_nest, text):
        _check_format(parse_nest, text)


def _check_format(parse: Parse, text: str) -> None:
    formatted = _format(text)
    assert parse(formatted) == parse(text)
    assert _format(formatted) == formatted


@st.composite
def _commented(draw: st.DrawFn, text: str) -> tuple[str, list[str]]:
    """A canonical text with comments and line breaks put in where spaces are."""
    words = text.split(" ")
    out, comments = [], []
    for number, word in enumerate(words):
        out.append(word)
        choice = draw(st.integers(0, 9)) if word.count("`") % 2 == 0 and '"' not in text else 9
        if choice == 0:
            comments.append(f"# note {number}")
            out[-1] += f" {comments[-1]}\n"
        elif choice < 4:
            out[-1] += draw(st.sampled_from(["\n", "\n\n\n", "   ", "\t"]))
    return " ".join(out), comments


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_the_formatter_keeps_comments_and_meaning(data: st.DataObject) -> None:
    mapping = data.draw(mappings())
    text = show_map((mapping,))
    if "`" in text:  # a break inside a quoted name would be another text
        return
    scattered, comments = data.draw(_commented(text))
    formatted = _format(scattered)
    assert parse_map(formatted) == (mapping,)
    assert [line for line in comments if line not in formatted] == []
    assert _format(formatted) == formatted
