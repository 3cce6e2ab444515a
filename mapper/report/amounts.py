"""Numbers as people read them: three or four digits, a prefix, a unit."""

from __future__ import annotations

from math import floor, isfinite, log10

_PREFIXES = {
    -5: "f",
    -4: "p",
    -3: "n",
    -2: "µ",
    -1: "m",
    0: "",
    1: "k",
    2: "M",
    3: "G",
    4: "T",
    5: "P",
}


def amount(value: float, unit: str = "", digits: int = 4) -> str:
    """`value` with an SI prefix and `digits` significant digits.

    >>> amount(4.0892e9, "MAC"), amount(3.2e-3, "J"), amount(12), amount(0, "J")
    ('4.089 GMAC', '3.2 mJ', '12', '0 J')
    """
    if value == 0 or not isfinite(value):
        return f"{value:g} {unit}".rstrip()
    # Rounding may carry into the next power (999.96 -> 1000), hence the power of the rounded value.
    rounded = float(f"{value:.{digits - 1}e}")
    power = min(max(floor(log10(abs(rounded)) / 3), min(_PREFIXES)), max(_PREFIXES))
    scaled = f"{rounded / 1000**power:.{digits}g}"
    return f"{scaled} {_PREFIXES[power]}{unit}".rstrip()


def joules(energy_pj: float) -> str:
    """Energy in pJ as text.

    >>> joules(1.5e9)
    '1.5 mJ'
    """
    return amount(energy_pj * 1e-12, "J")


def bytes_text(size_bits: int) -> str:
    """A size, in the units of the `.hw` language.

    >>> bytes_text(8 * 27136), bytes_text(24), bytes_text(12)
    ('26.5 KiB', '3 B', '12 bit')
    """
    if size_bits % 8 and size_bits < 8 * 1024:
        return f"{size_bits} bit"
    size, unit = size_bits / 8, "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if size >= 1024:
            size, unit = size / 1024, larger
    return f"{size:.4g} {unit}"


def percent(share: float) -> str:
    """A share of 1 as a percentage; what is not all or nothing is never rounded to it.

    >>> percent(0.4567), percent(1.0), percent(1.25), percent(0.99999), percent(0.00001)
    ('45.7 %', '100 %', '125.0 %', '> 99.9 %', '< 0.1 %')
    """
    if share in (0, 1):
        return f"{share:.0%}".replace("%", " %")
    if 0.9995 < share < 1:
        return "> 99.9 %"
    if 0 < share < 0.0005:
        return "< 0.1 %"
    return f"{100 * share:.1f} %"
