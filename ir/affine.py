"""Affine index expressions, and what a tile of a nest touches through them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Tile = Mapping[str, int]
"""The extent of each dim in a tile; a dim that is absent has extent 1."""


@dataclass(frozen=True, slots=True)
class Affine:
    """`sum of coefficient * dim + const`, e.g. `2*p + r - 3`.

    Attributes:
        terms: (dim, coefficient), in order of writing; no dim twice, no coefficient 0.
        const: the constant part.
    """

    terms: tuple[tuple[str, int], ...] = ()
    const: int = 0

    def coefficient(self, dim: str) -> int:
        return dict(self.terms).get(dim, 0)

    @property
    def dims(self) -> tuple[str, ...]:
        return tuple(dim for dim, _ in self.terms)

    def __str__(self) -> str:
        out = ""
        for dim, coefficient in self.terms:
            body = dim if abs(coefficient) == 1 else f"{abs(coefficient)}*{dim}"
            out += _signed(body, coefficient < 0, first=not out)
        if self.const or not out:
            out += _signed(str(abs(self.const)), self.const < 0, first=not out)
        return out


def _signed(body: str, negative: bool, *, first: bool) -> str:
    if first:
        return f"-{body}" if negative else body
    return f" {'-' if negative else '+'} {body}"


def affine(terms: Mapping[str, int], const: int = 0) -> Affine:
    """An `Affine` from a dict, without its zero coefficients."""
    return Affine(tuple((dim, c) for dim, c in terms.items() if c), const)


def dim(name: str) -> Affine:
    """The expression that is just one dim."""
    return Affine(((name, 1),))


def add(a: Affine, b: Affine) -> Affine:
    """`a + b`.

    >>> str(add(Affine((("p", 2),), -3), dim("r")))
    '2*p + r - 3'
    """
    terms = dict(a.terms)
    for name, coefficient in b.terms:
        terms[name] = terms.get(name, 0) + coefficient
    return affine(terms, a.const + b.const)


def scale(a: Affine, factor: int) -> Affine:
    """`factor * a`."""
    return affine({name: factor * c for name, c in a.terms}, factor * a.const)


def substitute(a: Affine, values: Mapping[str, Affine]) -> Affine:
    """`a` with some dims replaced by expressions."""
    out = Affine((), a.const)
    for name, coefficient in a.terms:
        out = add(out, scale(values.get(name, dim(name)), coefficient))
    return out


def extent(index: Affine, tile: Tile) -> int:
    """How many positions a tile spans on one axis: its bounding interval.

    >>> extent(add(Affine((("p", 2),)), dim("r")), {"p": 4, "r": 3})
    9
    """
    return 1 + sum(abs(c) * (tile.get(name, 1) - 1) for name, c in index.terms)


def interval(index: Affine, extents: Tile) -> tuple[int, int]:
    """The smallest and the largest value over dims running from 0 to their extent - 1."""
    low = high = index.const
    for name, coefficient in index.terms:
        reach = coefficient * (extents.get(name, 1) - 1)
        low, high = (low, high + reach) if reach > 0 else (low + reach, high)
    return low, high
