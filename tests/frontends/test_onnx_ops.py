"""The form that operators lower to: names, dims, statements, provenance."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import NodeProto

from tilewright.frontends.onnx import load_onnx
from tilewright.ir.functions import macs
from tilewright.ir.nest_text import show_workload
from tilewright.ir.workload import Op

from .nets import floats, network, node, weights


def lowered(nodes: list[NodeProto], inputs: list, **constants: tuple[int, ...]) -> dict[str, Op]:
    model = network(nodes, inputs, [nodes[-1].output[0]], weights(**constants))
    return load_onnx(model).ops


def extents(op: Op) -> dict[str, int]:
    return {dim.name: dim.extent for dim in op.dims}


def test_unnamed_nodes_are_counted_by_type() -> None:
    nodes = [
        node("Conv", ["x", "w"], ["a"]),
        node("Conv", ["a", "u"], ["b"], name="mine"),
        node("Conv", ["b", "u"], ["y"]),
    ]
    ops = lowered(nodes, [floats("x", 1, 3, 9, 9)], w=(4, 3, 3, 3), u=(4, 4, 1, 1))
    assert list(ops) == ["Conv_0", "mine", "Conv_1"]
    assert ops["mine"].source == "net#mine"


@pytest.mark.parametrize(
    ("group", "c", "weight", "dims"),
    [
        (1, 6, (8, 6, 3, 3), {"n": 2, "k": 8, "c": 6, "p": 5, "q": 5, "r": 3, "s": 3}),
        (2, 6, (8, 3, 3, 3), {"n": 2, "g": 2, "k": 4, "c": 3, "p": 5, "q": 5, "r": 3, "s": 3}),
        (6, 6, (6, 1, 3, 3), {"n": 2, "c": 6, "p": 5, "q": 5, "r": 3, "s": 3}),
        (6, 6, (12, 1, 3, 3), {"n": 2, "g": 6, "k": 2, "p": 5, "q": 5, "r": 3, "s": 3}),
        (1, 6, (8, 6, 3), {"n": 2, "k": 8, "c": 6, "q": 5, "s": 3}),
        (1, 6, (8, 6, 3, 3, 3), {"n": 2, "k": 8, "c": 6, "o": 5, "p": 5, "q": 5, "t": 3, "r": 3,
                                 "s": 3}),
    ],
)  # fmt: skip
def test_dims_of_convolutions(
    group: int, c: int, weight: tuple[int, ...], dims: dict[str, int]
) -> None:
    image = floats("x", 2, c, *[7] * (len(weight) - 2))
    ops = lowered([node("Conv", ["x", "w"], ["y"], group=group)], [image], w=weight)
    assert extents(ops["Conv_0"]) == dims
    assert macs(ops["Conv_0"]) == np.prod(list(dims.values()))


def test_dims_of_matrix_products() -> None:
    ops = lowered([node("Gemm", ["x", "w"], ["y"])], [floats("x", 3, 4)], w=(4, 5))
    assert extents(ops["Gemm_0"]) == {"m": 3, "n": 5, "k": 4}
    ops = lowered([node("MatMul", ["x", "w"], ["y"])], [floats("x", 6, 7, 3, 4)], w=(7, 4, 5))
    assert extents(ops["MatMul_0"]) == {"b2": 6, "b": 7, "m": 3, "n": 5, "k": 4}


def test_pointwise_ops_are_composed_into_their_only_reader() -> None:
    nodes = [
        node("Conv", ["x", "w", "b"], ["c"]),
        node("Add", ["c", "x"], ["a"]),
        node("Relu", ["a"], ["y"]),
    ]
    ops = lowered(nodes, [floats("x", 1, 4, 5, 5)], w=(4, 4, 1, 1), b=(4,))
    assert list(ops) == ["Conv_0", "Relu_0"]
    assert ops["Relu_0"].source == "net#Conv_0+Add_0+Relu_0"


def test_a_value_read_twice_is_not_computed_twice() -> None:
    nodes = [node("Exp", ["x"], ["e"]), node("Mul", ["e", "e"], ["y"])]
    assert list(lowered(nodes, [floats("x", 4)])) == ["Exp_0", "Mul_0"]
    # Nor one that a larger result repeats.
    nodes = [node("Exp", ["x"], ["e"]), node("Add", ["e", "z"], ["y"])]
    inputs = [floats("x", 1, 4), floats("z", 3, 4)]
    assert list(lowered(nodes, inputs)) == ["Exp_0", "Add_0"]


def test_constant_factors_are_no_macs() -> None:
    nodes = [node("ReduceMean", ["x"], ["m"], keepdims=0), node("Gemm", ["x", "x"], ["g"], transB=1,
             alpha=0.5), node("Mul", ["m", "g"], ["y"])]  # fmt: skip
    ops = lowered(nodes, [floats("x", 3, 4)])
    assert macs(ops["ReduceMean_0"]) == 0
    assert macs(ops["Gemm_0"]) == 3 * 3 * 4


def test_an_operator_without_a_body_is_kept() -> None:
    nodes = [
        node("Relu", ["x"], ["r"]),
        node("TopK", ["r", "k"], ["top", "at"]),
        node("Exp", ["top"], ["y"]),
    ]
    model = network(nodes, [floats("x", 8)], ["y", "at"], {"k": np.array([3])})
    workload = load_onnx(model)
    (opaque,) = workload.opaques
    assert (opaque.kind, opaque.reads, opaque.writes) == ("TopK", ("r", "k"), ("top", "at"))
    assert opaque.why == "a sort has no affine body"
    assert workload.ops["Exp_0"].dims[0].extent == 3


def test_what_follows_an_unknown_shape_says_so() -> None:
    nodes = [node("NonZero", ["x"], ["at"]), node("Neg", ["at"], ["y"])]
    workload = load_onnx(network(nodes, [floats("x", 8)], ["y"]))
    assert [opaque.kind for opaque in workload.opaques] == ["NonZero", "Neg"]
    assert "depends on data" in workload.opaques[1].why


def test_macs_that_are_lost_are_stated() -> None:
    nodes = [node("DeformConv", ["x", "w", "o"], ["y"])]
    model = network(nodes, [floats("x", 1, 3, 6, 6), floats("o", 1, 18, 4, 4)], ["y"],
                    weights(w=(5, 3, 3, 3)), opset=19)  # fmt: skip
    (opaque,) = load_onnx(model).opaques
    assert opaque.macs == 5 * 4 * 4 * 3 * 3 * 3


def test_text_of_a_small_network() -> None:
    nodes = [
        node("Conv", ["x", "w", "b"], ["c"], pads=[1, 1, 1, 1]),
        node("Relu", ["c"], ["r"]),
        node("GlobalAveragePool", ["r"], ["g"]),
        node("Flatten", ["g"], ["f"]),
        node("Gemm", ["f", "v"], ["y"]),
    ]
    constants = weights(w=(4, 3, 3, 3), b=(4,), v=(4, 2))
    text = show_workload(load_onnx(network(nodes, [floats("x", 1, 3, 8, 8)], ["y"], constants)))
    assert "op Conv_0[n: 1, k: 4, c: 3, p: 8, q: 8, r: 3, s: 3] {" in text
    assert "`c.sum`[n, k, p, q] += pad(x[n, c, p + r - 1, q + s - 1], 0) * w[k, c, r, s]" in text
    assert "r[i0, i1, i2, i3] = max(`c.sum`[i0, i1, i2, i3] + b[i1], 0)" in text
    assert "g[n, c, 0, 0] += r[n, c, p, q] / 64" in text
    assert "y[m, n] += g[0, k, 0, 0] * v[k, n]" in text
