"""Quantities: exact values, kinds, canonical units, and what is said about wrong ones."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilewright.ir.text import Diagnostic
from tilewright.ir.units import (
    BANDWIDTH,
    BIT_ENERGY,
    ENERGY,
    KINDS,
    LATENCY,
    SIZE,
    Measure,
    describe,
    in_unit,
    parse_measure,
    parse_number,
    parse_unit,
    show_bits,
    show_measure,
)


@pytest.mark.parametrize(
    ("number", "unit", "canonical"),
    [
        ("64", "KiB", 64 * 1024 * 8),
        ("64", "kB", 64_000 * 8),
        ("1", "Mibit", 1 << 20),
        ("1.5", "GiB", 3 * (1 << 29) * 8),
    ],
)
def test_sizes_are_exact_bits(number: str, unit: str, canonical: int) -> None:
    assert in_unit(parse_measure(number, unit), (SIZE,)) == (SIZE, canonical)


def test_rates_per_second_take_the_clock() -> None:
    kind, value = in_unit(parse_measure("34", "GB/s"), (BANDWIDTH,), None, Fraction(700_000_000))
    assert kind is BANDWIDTH
    assert value == Fraction(34 * 8 * 10**9, 700_000_000)
    assert in_unit(parse_measure("10", "ns"), (LATENCY,), None, Fraction(10**9))[1] == 10


def test_a_rate_without_a_clock_is_refused() -> None:
    with pytest.raises(Diagnostic, match="need a clock"):
        in_unit(parse_measure("34", "GB/s"), (BANDWIDTH,))


def test_the_kind_says_which_energy_it_is() -> None:
    assert in_unit(parse_measure("4", "pJ/bit"), (ENERGY, BIT_ENERGY)) == (BIT_ENERGY, 4)
    assert in_unit(parse_measure("4", "pJ/B"), (ENERGY, BIT_ENERGY)) == (BIT_ENERGY, Fraction(1, 2))
    assert in_unit(parse_measure("2", "nJ"), (ENERGY, BIT_ENERGY)) == (ENERGY, 2000)


def test_wrong_kinds_name_both() -> None:
    with pytest.raises(Diagnostic) as caught:
        in_unit(parse_measure("4", "ns"), (SIZE,))
    assert caught.value.message == "expected a size"
    assert describe(parse_measure("4", "ns").dimension) == "a time"


@pytest.mark.parametrize("text", ["1e400", "9" * 80, "1e99999999999999999999"])
def test_absurd_numbers_are_refused(text: str) -> None:
    with pytest.raises(Diagnostic, match="too long"):
        parse_number(text)


@given(st.sampled_from(KINDS), st.fractions(min_value=0, max_denominator=1000))
def test_measures_read_back(kind: object, value: Fraction) -> None:
    unit = getattr(kind, "unit", "")
    scale, dimension = parse_unit(unit)
    text = show_measure(Measure(value * scale, dimension))
    amount, _, divisor = text.partition(" / ")
    number, _, shown_unit = amount.partition(" ")
    read = parse_measure(number, shown_unit)
    assert Measure(read.value / int(divisor or 1), read.dimension) == Measure(
        value * scale, dimension
    )


@given(st.integers(0, 2**50))
def test_sizes_read_back(bits: int) -> None:
    number, _, unit = show_bits(bits).partition(" ")
    assert parse_measure(number, unit).value == bits
