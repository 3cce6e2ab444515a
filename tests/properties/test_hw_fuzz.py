"""Damaged chips end in a diagnostic, never in another exception; what loads reads back."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tilewright.hw_specs import arch_names, read_arch
from tilewright.hw_specs.files import LIBRARY
from tilewright.hw_specs.show import show_arch
from tilewright.ir.text import Diagnostic

TEXTS = {name: (LIBRARY / f"{name}.hw").read_text() for name in arch_names()}
WORD = re.compile(r"[A-Za-z_]\w*|\d[\d.]*|\S")
ODD = ["0", "-1", "1e9", "rows", "pe", "{", "}", "->", "3 ns", "64 KiB", "input", "`x`", "true", ""]


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A chip of the library with a few words replaced by others."""
    text = TEXTS[draw(st.sampled_from(sorted(TEXTS)))]
    words = [found.group() for found in WORD.finditer(text)]
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(list(WORD.finditer(text))))
        other = draw(st.one_of(st.sampled_from(ODD), st.sampled_from(words)))
        text = f"{text[: place.start()]}{other}{text[place.end() :]}"
    return text


@settings(max_examples=200, deadline=None)
@given(damaged())
def test_only_diagnostics(text: str) -> None:
    try:
        arch = read_arch(text)
    except Diagnostic as diagnostic:
        assert str(diagnostic)
        return
    assert read_arch(show_arch(arch)) == arch


@pytest.mark.parametrize("text", ["hw 1 arch a { x = " + "(" * 10**5, "hw 1 arch a {" * 10**4])
def test_deep_text_is_refused(text: str) -> None:
    with pytest.raises(Diagnostic):
        read_arch(text)


def test_long_sums_are_refused() -> None:
    with pytest.raises(Diagnostic):
        read_arch("hw 1 arch a { clock = " + " + ".join(["1 GHz"] * 10**4) + " }")
