"""Axes of charts: round ticks and where values stand, in percent of the plot."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10

_SHORT_DECADES = 2.6
_SHORTEST = 30.0


@dataclass(frozen=True, slots=True)
class Tick:
    """A value at which an axis is labelled."""

    percent: float
    value: float


@dataclass(frozen=True, slots=True)
class Linear:
    """From 0 at 0 % to `top` at 100 %, with at most `steps` labelled steps."""

    top: float
    steps: int = 5

    def percent(self, value: float) -> float:
        return 100 * value / self.top

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """Steps of 1, 2 or 5 times a power of ten.

        >>> [tick.value for tick in Linear(7.3).ticks]
        [0.0, 2.0, 4.0, 6.0]
        """
        rough = self.top / self.steps
        power = 10.0 ** floor(log10(rough))
        step = power * next(k for k in (1, 2, 5, 10) if k * power >= rough * 0.999)
        count = floor(self.top / step * 1.001)
        return tuple(Tick(self.percent(k * step), k * step) for k in range(count + 1))


@dataclass(frozen=True, slots=True)
class Log:
    """From `low` at 0 % to `high` at 100 %, by their logarithms."""

    low: float
    high: float

    def percent(self, value: float) -> float:
        """
        >>> Log(1, 100).percent(10)
        50.0
        """
        return 100 * log10(value / self.low) / log10(self.high / self.low)

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """The powers of ten inside; on a short axis also twice and five times them.

        >>> [tick.value for tick in Log(3, 300).ticks]
        [5.0, 10.0, 20.0, 50.0, 100.0, 200.0]
        """
        short = log10(self.high / self.low) < _SHORT_DECADES
        powers = range(floor(log10(self.low)), ceil(log10(self.high)) + 1)
        values = [k * 10.0**power for power in powers for k in ((1, 2, 5) if short else (1,))]
        return tuple(
            Tick(self.percent(value), value) for value in values if self.low <= value <= self.high
        )


def log_axis(values: list[float]) -> Log:
    """From a little below the smallest to a little above the largest, at least 1.5 decades."""
    low, high = min(values) / 1.6, max(values) * 1.6
    widen = max(1.0, (_SHORTEST / (high / low)) ** 0.5)
    return Log(low / widen, high * widen)
