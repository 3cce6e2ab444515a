"""One broken rule of a mapping, at its place."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...ir.text import Diagnostic, label_at
from ...ir.text.source import Where


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that a mapping breaks.

    Attributes:
        rule: name of the rule (`nest`, `order`, `fanout`, `keep`, `capacity`, ...).
        message: what is wrong, with the sum.
        at: the line of the mapping, where it has one.
        help: what to write instead.
    """

    rule: str
    message: str
    at: Where | None = field(default=None, compare=False)
    help: str = field(default="", compare=False)

    def diagnostic(self) -> Diagnostic:
        """The same as an error."""
        return Diagnostic(self.message, label_at(self.at, self.rule), help=self.help)
