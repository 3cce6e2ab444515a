"""Small networks for the tests, and the comparison with ONNX's reference evaluator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from tilewright.frontends.onnx import lower_onnx
from tilewright.frontends.onnx.lower import Lowered
from tilewright.ir.verify import verify_workload

from .execute import Arrays, execute

node = helper.make_node


def floats(name: str, *shape: int | str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def integers(name: str, *shape: int | str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.INT64, shape)


def network(
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[onnx.ValueInfoProto],
    outputs: Sequence[str],
    constants: Mapping[str, np.ndarray] | None = None,
    opset: int = 18,
    functions: Sequence[onnx.FunctionProto] = (),
) -> onnx.ModelProto:
    """A model called `net`; its outputs' types are left to inference."""
    graph = helper.make_graph(
        list(nodes),
        "net",
        list(inputs),
        [helper.make_empty_tensor_value_info(name) for name in outputs],
        [numpy_helper.from_array(data, name) for name, data in (constants or {}).items()],
    )
    opsets = [
        helper.make_opsetid("", opset),
        *(helper.make_opsetid(f.domain, 1) for f in functions),
    ]
    return helper.make_model(graph, opset_imports=opsets, functions=list(functions), ir_version=10)


def data(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def weights(**shapes: Sequence[int]) -> dict[str, np.ndarray]:
    return {name: data(*shape, seed=i) for i, (name, shape) in enumerate(shapes.items())}


def run(lowered: Lowered, feeds: Mapping[str, np.ndarray]) -> Arrays:
    """The tensors of a lowered network after executing it."""
    verify_workload(lowered.workload)
    held = {
        name: constant.data
        for name, constant in lowered.constants.items()
        if name in lowered.workload.tensors
    }
    return execute(lowered.workload, held | dict(feeds))


def check(
    model: onnx.ModelProto, feeds: Mapping[str, np.ndarray], like: onnx.ModelProto | None = None
) -> Lowered:
    """Lowers a network, executes it, and compares all outputs with the reference evaluator.

    Args:
        like: a network that computes the same, where the evaluator lacks a feature.
    """
    lowered = lower_onnx(model)
    assert not lowered.workload.opaques, [o.why for o in lowered.workload.opaques]
    got = run(lowered, feeds)
    wanted = ReferenceEvaluator(like or model).run(None, dict(feeds))
    for value, want in zip(model.graph.output, wanted, strict=True):
        have = got[value.name]
        assert have.shape == want.shape, value.name
        np.testing.assert_allclose(have, want, rtol=2e-4, atol=2e-5, err_msg=value.name)
    return lowered
