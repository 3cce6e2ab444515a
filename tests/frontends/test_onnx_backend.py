"""ONNX's own node tests: what is lowered computes what they state."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence

import numpy as np
import onnx
import pytest
from onnx.backend.test.case.test_case import TestCase

from tilewright.frontends.onnx import lower_onnx
from tilewright.frontends.onnx.lower import Lowered

from .nets import run

# Types that NumPy lacks: the executor holds them in 32 bits and does not round to them.
NARROW = ("bf16", "bfloat16", "BFLOAT16", "FLOAT8", "e4m3", "e5m2", "FLOAT4", "e2m1",
          "INT4", "UINT4", "INT2", "UINT2", "int4", "int2")  # fmt: skip


def node_tests() -> list[TestCase]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # generating the expected data divides by zero
        from onnx.backend.test.case.node import collect_testcases

        cases = collect_testcases(None)
    return [case for case in cases if case.model is not None and case.data_sets]


def plain(value: object) -> np.ndarray | None:
    """A tensor of a test's data; None for sequences and optionals."""
    if isinstance(value, onnx.TensorProto):
        return onnx.numpy_helper.to_array(value)
    return None if value is None or isinstance(value, list | dict) else np.asarray(value)


def with_constants(model: onnx.ModelProto, given: Sequence[np.ndarray | None]) -> onnx.ModelProto:
    """The model with small operands known, as exporters write axes, shapes and scales."""
    out = onnx.ModelProto()
    out.CopyFrom(model)
    for value, data in zip(model.graph.input, given, strict=True):
        small = (
            data is not None and data.size <= 64 and value.name not in ("x", "data", "X", "input")
        )
        if small and value.type.tensor_type.elem_type in (1, 6, 7, 9):
            out.graph.initializer.append(onnx.numpy_helper.from_array(data, value.name))
    return out


def lowered(case: TestCase, given: Sequence[np.ndarray | None]) -> Lowered | None:
    """The case without an opaque; None if even known operands do not help."""
    if any(data is None for data in given):
        return None
    dims = {
        axis.dim_param or f"{value.name}.{position}": data.shape[position]
        for value, data in zip(case.model.graph.input, given, strict=True)
        if data is not None
        for position, axis in enumerate(value.type.tensor_type.shape.dim)
        if not axis.HasField("dim_value")
    }
    free = {
        value.name
        for value, data in zip(case.model.graph.input, given, strict=True)
        if data is None
    }
    if free:
        return None
    for model in (case.model, with_constants(case.model, given)):
        found = lower_onnx(model, dims)
        if not found.workload.opaques:
            return found
    return None


@pytest.mark.slow
def test_node_tests() -> None:
    tally: Counter[str] = Counter()
    wrong: list[str] = []
    for case in node_tests():
        if any(word in case.name for word in NARROW):
            continue
        inputs, outputs = case.data_sets[0]
        given = [plain(value) for value in inputs]
        found = lowered(case, given)
        if found is None:
            tally["opaque"] += 1
            continue
        names = [value.name for value in case.model.graph.input]
        with np.errstate(all="ignore"):
            got = run(found, dict(zip(names, given, strict=True)))
        tally["lowered"] += 1
        for value, want in zip(case.model.graph.output, map(plain, outputs), strict=True):
            if want is not None and value.name and not agrees(got[value.name], want):
                wrong.append(case.name)
    assert not wrong
    assert tally["lowered"] > 1150 and tally["opaque"] < 350, tally


def agrees(have: np.ndarray, want: np.ndarray) -> bool:
    return have.shape == want.shape and np.allclose(
        have.astype(np.float64), want.astype(np.float64), rtol=1e-3, atol=1e-5, equal_nan=True
    )
