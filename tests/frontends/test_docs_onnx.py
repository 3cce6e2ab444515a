"""docs/onnx.md says what there is."""

from __future__ import annotations

import re
from pathlib import Path

from tilewright.frontends.onnx.opaque import WHY
from tilewright.frontends.onnx.registry import LOWERINGS

from .execute import FUNCTIONS

TEXT = (Path(__file__).parents[2] / "docs" / "onnx.md").read_text()


def test_every_lowering_is_listed() -> None:
    named = set(re.findall(r"`([A-Z][A-Za-z0-9]*)`", TEXT))
    assert set(LOWERINGS) <= named, sorted(set(LOWERINGS) - named)
    standing = {"TopK", "NonMaxSuppression", "NonZero", "Unique", "Loop", "Scan", "I", "If"}
    assert named - set(LOWERINGS) <= set(WHY) | standing


def test_every_function_is_listed() -> None:
    section = TEXT.split("## Functions")[1]
    assert set(FUNCTIONS) <= set(re.findall(r"\w+", section))
