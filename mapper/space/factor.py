"""Factors of extents."""

from __future__ import annotations

from functools import cache


@cache
def prime_factors(n: int) -> dict[int, int]:
    """Prime factors of a positive integer with their powers, ascending.

    >>> prime_factors(56)
    {2: 3, 7: 1}
    """
    out: dict[int, int] = {}
    divisor = 2
    while divisor * divisor <= n:
        while n % divisor == 0:
            out[divisor] = out.get(divisor, 0) + 1
            n //= divisor
        divisor += 1
    if n > 1:
        out[n] = 1
    return out
