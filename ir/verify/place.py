"""Where a fault is: the node's own place, or the name of what it belongs to."""

from __future__ import annotations

from ..text.diagnostic import Label
from ..text.source import Place, Where


def label(at: Where | None, owner: str, text: str = "") -> Label:
    """A label at `at`; for a node built without a text, at the name of its owner."""
    return Label(at or Place(owner), text)


def also(*labels: tuple[Where | None, str]) -> tuple[Label, ...]:
    """Labels at those further places that are known."""
    return tuple(Label(at, text) for at, text in labels if at is not None)
