"""The table of lowerings: one function per ONNX operator."""

from __future__ import annotations

from collections.abc import Callable

from .build import Builder
from .graph import Node

Lowering = Callable[[Node, Builder], None]

LOWERINGS: dict[str, Lowering] = {}
"""By operator; those of other domains as `domain.Operator`."""


def lowers(*kinds: str) -> Callable[[Lowering], Lowering]:
    """Registers a function as the lowering of ONNX operators."""

    def register(function: Lowering) -> Lowering:
        for kind in kinds:
            LOWERINGS[kind] = function
        return function

    return register
