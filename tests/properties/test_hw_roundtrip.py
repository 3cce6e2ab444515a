"""Hardware text: what is printed reads back, for every syntax tree that there is."""

from hypothesis import HealthCheck, given, settings
from properties.strategies_hw import files

from tilewright.hw_specs.hw_text import HW, parse_hw, show_hw
from tilewright.hw_specs.syntax import File
from tilewright.ir.format import format_text

_SLOW_TREES = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=300, deadline=None, suppress_health_check=_SLOW_TREES)
@given(files)
def test_what_is_printed_reads_back(written: File) -> None:
    text = show_hw(written)
    read = parse_hw(text)
    assert read == written
    assert show_hw(read) == text


@settings(max_examples=100, deadline=None, suppress_health_check=_SLOW_TREES)
@given(files)
def test_the_formatter_keeps_the_meaning(written: File) -> None:
    text = format_text(show_hw(written), "chip.hw", [HW])
    assert parse_hw(text) == written
    assert format_text(text, "chip.hw", [HW]) == text
