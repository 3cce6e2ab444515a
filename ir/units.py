"""Quantities: exact numbers with dimensions, and the kinds of quantity a place can ask for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from .text.diagnostic import Diagnostic, label_at
from .text.source import Where

Dimension = tuple[tuple[str, int], ...]
"""Base units with their exponents, in the order of `_BASE`; `()` is a plain number."""

_BASE = ("bit", "op", "cycle", "hop", "J", "s", "m", "V")
_MAX_EXPONENT = 60
_MAX_DIGITS = 60


@dataclass(frozen=True, slots=True)
class Measure:
    """A value in base units (bit, cycle, hop, op, J, s, m, V)."""

    value: Fraction
    dimension: Dimension = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """What a place asks for.

    Attributes:
        name: for messages (`a size`).
        unit: the canonical unit of the number that comes out.
        example: a literal to paste.
        clocked: seconds are taken too, and turned into cycles with the chip's clock.
    """

    name: str
    unit: str
    example: str
    clocked: bool = False


NUMBER = Kind("a number", "", "4")
SIZE = Kind("a size", "bit", "64 KiB")
BANDWIDTH = Kind("a bandwidth", "bit/cycle", "16 B/cycle", clocked=True)
THROUGHPUT = Kind("a throughput", "op/cycle", "1 op/cycle", clocked=True)
LATENCY = Kind("a time", "cycle", "4 cycle", clocked=True)
HOP_LATENCY = Kind("a time per hop", "cycle/hop", "1 cycle/hop", clocked=True)
ENERGY = Kind("an energy", "pJ", "1.2 pJ")
BIT_ENERGY = Kind("an energy per bit", "pJ/bit", "4 pJ/bit")
HOP_ENERGY = Kind("an energy per bit and hop", "pJ/bit/hop", "0.05 pJ/bit/hop")
OP_ENERGY = Kind("an energy per operation", "pJ/op", "0.2 pJ/op")
POWER = Kind("a power", "uW", "30 uW")
AREA = Kind("an area", "um2", "0.02 mm2")
FREQUENCY = Kind("a frequency", "Hz", "200 MHz")
LENGTH = Kind("a length", "nm", "65 nm")
VOLTAGE = Kind("a voltage", "V", "1 V")
KINDS = (
    *(NUMBER, SIZE, BANDWIDTH, THROUGHPUT, LATENCY, HOP_LATENCY, ENERGY, BIT_ENERGY),
    *(HOP_ENERGY, OP_ENERGY, POWER, AREA, FREQUENCY, LENGTH, VOLTAGE),
)


def _unit_table() -> dict[str, tuple[Fraction, Dimension]]:
    small = {"f": -15, "p": -12, "n": -9, "u": -6, "m": -3}
    table: dict[str, tuple[Fraction, Dimension]] = {"%": (Fraction(1, 100), ()), "": (_ONE, ())}
    for name, bits in (("bit", 1), ("B", 8)):
        table[name] = Fraction(bits), (("bit", 1),)
        for power, prefix in enumerate("KMGT", start=1):
            table[f"{prefix}i{name}"] = Fraction(bits * 1024**power), (("bit", 1),)
            decimal = "k" if prefix == "K" else prefix
            table[f"{decimal}{name}"] = Fraction(bits * 1000**power), (("bit", 1),)
    for name, prefixes, dimension in (
        ("J", "fpnum", (("J", 1),)),
        ("W", "pnum", (("J", 1), ("s", -1))),
        ("s", "pnum", (("s", 1),)),
        ("V", "m", (("V", 1),)),
    ):
        table[name] = _ONE, dimension
        for prefix in prefixes:
            table[prefix + name] = Fraction(10) ** small[prefix], dimension
    for prefix, power in {"": 0, "k": 3, "M": 6, "G": 9}.items():
        table[f"{prefix}Hz"] = Fraction(10**power), (("s", -1),)
    for prefix in "num":
        table[f"{prefix}m2"] = Fraction(10) ** (2 * small[prefix]), (("m", 2),)
    for prefix in "nu":
        table[f"{prefix}m"] = Fraction(10) ** small[prefix], (("m", 1),)
    return table | {name: (_ONE, ((name, 1),)) for name in ("cycle", "hop", "op")}


_ONE = Fraction(1)
_UNITS = _unit_table()


def parse_unit(unit: str) -> tuple[Fraction, Dimension]:
    """Scale and dimension of a unit such as `pJ/bit/hop`.

    >>> parse_unit("KiB/cycle")
    (Fraction(8192, 1), (('bit', 1), ('cycle', -1)))

    Raises:
        KeyError: a unit that the languages do not know.
    """
    top, *below = unit.split("/")
    out = Measure(*_UNITS[top])
    for name in below:
        out = divide(out, Measure(*_UNITS[name]))
    return out.value, out.dimension


def parse_number(text: str, at: Where | None = None) -> Fraction:
    """The exact value of a decimal literal (`1_000`, `0.05`, `2e-3`).

    Raises:
        Diagnostic: more digits or a larger exponent than any quantity needs.
    """
    plain = text.replace("_", "")
    found = re.fullmatch(r"\d+(?:\.\d+)?(?:[eE]([+-]?\d+))?", plain)
    if found is None:
        raise Diagnostic(f"`{text}` is no number", label_at(at), help="write `12`, `0.5` or `2e-3`")
    exponent = found[1] or "0"
    if len(plain) > _MAX_DIGITS or len(exponent) > 4 or abs(int(exponent)) > _MAX_EXPONENT:
        why = f"at most {_MAX_DIGITS} characters and an exponent up to {_MAX_EXPONENT}"
        raise Diagnostic("the number is too long to be meant", label_at(at, why))
    return Fraction(plain)


def parse_measure(number: str, unit: str, at: Where | None = None) -> Measure:
    """A literal as a measure.

    >>> parse_measure("2", "KiB").value
    Fraction(16384, 1)
    """
    try:
        scale, dimension = parse_unit(unit)
    except KeyError:
        raise Diagnostic(f"unknown unit `{unit}`", label_at(at), help=_UNIT_HELP) from None
    return Measure(parse_number(number, at) * scale, dimension)


_UNIT_HELP = "units are `bit`, `B`, `KiB`, `pJ`, `uW`, `ns`, `cycle`, `MHz`, `mm2`, and their `/`"


def multiply(a: Measure, b: Measure) -> Measure:
    return Measure(a.value * b.value, _combine(a.dimension, b.dimension, 1))


def divide(a: Measure, b: Measure) -> Measure:
    return Measure(a.value / b.value, _combine(a.dimension, b.dimension, -1))


def _combine(a: Dimension, b: Dimension, sign: int) -> Dimension:
    powers = dict(a)
    for name, power in b:
        powers[name] = powers.get(name, 0) + sign * power
    return tuple((name, powers[name]) for name in _BASE if powers.get(name))


def describe(dimension: Dimension) -> str:
    """What a measure of this dimension is called (`a size`)."""
    seconds = {"bit/s": "a bandwidth", "op/s": "a throughput", "s": "a time"}
    for unit, name in seconds.items():
        if parse_unit(unit)[1] == dimension:
            return name
    for kind in KINDS:
        if parse_unit(kind.unit)[1] == dimension:
            return kind.name
    text = "*".join(name if power == 1 else f"{name}^{power}" for name, power in dimension)
    return f"a quantity in `{text}`"


def in_unit(
    measure: Measure,
    kinds: tuple[Kind, ...],
    at: Where | None = None,
    clock_hz: Fraction | None = None,
) -> tuple[Kind, Fraction]:
    """Which of `kinds` a measure is, and its value in that kind's canonical unit.

    Raises:
        Diagnostic: it is of another kind; a bare number where a unit belongs; a time in seconds
            where no clock is known.
    """
    for kind in kinds:
        scale, wanted = parse_unit(kind.unit)
        if measure.dimension == wanted:
            return kind, measure.value / scale
        power = dict(measure.dimension).get("s", 0)
        in_cycles = _combine(measure.dimension, (("s", power), ("cycle", -power)), -1)
        if kind.clocked and power and in_cycles == wanted:
            if clock_hz is None:
                raise Diagnostic(
                    "seconds need a clock to become cycles",
                    label_at(at),
                    help="write `clock = 1 GHz` in the arch, or a value per cycle",
                )
            return kind, measure.value * clock_hz**power / scale
    raise _wrong_kind(measure, kinds, at)


def _wrong_kind(measure: Measure, kinds: tuple[Kind, ...], at: Where | None) -> Diagnostic:
    kind = kinds[0]
    if measure.dimension:
        label = label_at(at, f"this is {describe(measure.dimension)}")
        return Diagnostic(f"expected {kind.name}", label, help=f"write it like `{kind.example}`")
    number = _plain(measure.value)
    choices = [f"`{number} {kind.unit}`"]
    if kind is SIZE and measure.value.denominator == 1:
        choices = [f"`{number} B`", f"`{number} bit`"]
        if measure.value % 8 == 0:
            choices.append(f"`{_plain(measure.value / 8)} B`")
    help_text = f"write {', '.join(choices)} or like `{kind.example}`"
    return Diagnostic(f"{kind.name} needs a unit", label_at(at, "a bare number"), help=help_text)


def _plain(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else f"{float(value):g}"


def show_bits(bits: int) -> str:
    """A size in the largest unit that keeps it whole.

    >>> show_bits(108 * 1024 * 8), show_bits(24 * 8), show_bits(12)
    ('108 KiB', '24 B', '12 bit')
    """
    if bits % 8:
        return f"{bits} bit"
    value = bits // 8
    for prefix in ("", "Ki", "Mi", "Gi"):
        if value % 1024 or value == 0:
            return f"{value} {prefix}B"
        value //= 1024
    return f"{value} TiB"


def show_measure(measure: Measure) -> str:
    """A measure as text that reads back to an equal one.

    >>> show_measure(parse_measure("0.2", "pJ/op")), show_measure(parse_measure("256", "Mbit/s"))
    ('0.2 pJ/op', '256000000 bit/s')
    """
    if measure.dimension == _BITS and measure.value.denominator == 1:
        return show_bits(measure.value.numerator)
    for kind in KINDS:
        scale, dimension = parse_unit(kind.unit)
        if dimension == measure.dimension:
            return show_quantity(measure.value / scale, kind.unit)
    up = [name for name, power in measure.dimension for _ in range(power)]
    down = [name for name, power in measure.dimension for _ in range(-power)]
    return show_quantity(measure.value, "/".join(["*".join(up) or "1", *down]))


def show_quantity(value: Fraction, unit: str) -> str:
    """`0.05 pJ/bit`; a value without a finite decimal form as a quotient, `16 bit/cycle / 3`."""
    suffix = f" {unit}" if unit else ""
    denominator = value.denominator
    for prime in (2, 5):
        while denominator % prime == 0:
            denominator //= prime
    if denominator != 1:
        return f"{value.numerator}{suffix} / {value.denominator}"
    return f"{_decimal(value)}{suffix}"


def _decimal(value: Fraction) -> str:
    """The exact decimal form of a fraction that has one."""
    places = 0
    while (value * 10**places).denominator != 1:
        places += 1
    digits = str(abs(value.numerator * 10**places // value.denominator)).rjust(places + 1, "0")
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"


_BITS: Dimension = (("bit", 1),)
