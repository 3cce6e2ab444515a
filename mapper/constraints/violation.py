"""One broken rule of a mapping, at its place."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...ir.text.source import Where


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that a mapping breaks.

    Attributes:
        rule: name of the rule (`capacity`, `fanout`, `placement`, ...).
        message: what is wrong, with the sum.
        at: the line of the mapping, where it has one.
    """

    rule: str
    message: str
    at: Where | None = field(default=None, compare=False)
