"""Broken and hostile models: one diagnostic, or an opaque; never a traceback, never for long."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from tilewright.frontends.onnx import load_onnx
from tilewright.frontends.onnx.reader import find_model
from tilewright.ir.text import Diagnostic
from tilewright.ir.verify import verify_workload

from .nets import floats, network, node, weights

X = [floats("x", 1, 3, 8, 8)]


def refusal(load: Callable[[], object]) -> Diagnostic:
    with pytest.raises(Diagnostic) as caught:
        load()
    assert caught.value.help
    return caught.value


def test_files_that_hold_no_network(tmp_path: Path) -> None:
    cases = {"absent": None, "empty": b"", "text": b"hello\n" * 40, "zeros": bytes(64)}
    for name, content in cases.items():
        path = tmp_path / f"{name}.onnx"
        if content is not None:
            path.write_bytes(content)
        assert str(path) in str(refusal(lambda path=path: load_onnx(path))), name
    assert "cannot read" in refusal(lambda: load_onnx(tmp_path)).message
    assert "`onnx:resnet50`" in refusal(lambda: load_onnx("onnx:resnet5O")).help


def test_truncated_and_damaged_files(tmp_path: Path) -> None:
    content = find_model("onnx:squeezenet").read_bytes()
    choose = random.Random(7)
    damaged = [content[: choose.randrange(len(content))] for _ in range(60)]
    for _ in range(60):
        copy = bytearray(content)
        for _ in range(choose.randrange(1, 12)):
            copy[choose.randrange(len(copy))] = choose.randrange(256)
        damaged.append(bytes(copy))
    path = tmp_path / "damaged.onnx"
    for content in damaged:
        path.write_bytes(content)
        try:
            verify_workload(load_onnx(path))
        except Diagnostic as found:
            assert found.at is not None


def test_graphs_that_do_not_hang_together() -> None:
    cycle = [node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"])]
    assert "cycle" in refusal(lambda: load_onnx(network(cycle, X, ["b"]))).message
    twice = [node("Relu", ["x"], ["a"]), node("Exp", ["x"], ["a"])]
    assert "written twice" in refusal(lambda: load_onnx(network(twice, X, ["a"]))).message
    absent = [node("Add", ["x", "nobody"], ["a"])]
    assert "`nobody`" in refusal(lambda: load_onnx(network(absent, X, ["a"]))).message
    assert "`z`" in refusal(lambda: load_onnx(network(twice[:1], X, ["z"]))).message


def test_nodes_out_of_order_are_sorted() -> None:
    nodes = [node("Relu", ["a"], ["y"]), node("Exp", ["x"], ["a"])]
    assert not load_onnx(network(nodes, X, ["y"])).opaques


@pytest.mark.parametrize("extent", [-2, 1 << 41, 1 << 62])
def test_impossible_inputs(extent: int) -> None:
    nodes = [node("Relu", ["x"], ["y"])]
    found = refusal(lambda: load_onnx(network(nodes, [floats("x", extent, 4)], ["y"])))
    assert "free dims" in found.message if extent < 0 else "too large" in found.message


@pytest.mark.parametrize(
    ("kind", "inputs", "attributes"),
    [
        ("Conv", ["x", "w"], {"strides": [1.5, 2.5]}),
        ("Conv", ["x", "w"], {"strides": "two"}),
        ("Conv", ["x", "w"], {"strides": [0, 0]}),
        ("Conv", ["x", "w"], {"pads": [-1, -1, -1, -1]}),
        ("Conv", ["x", "w"], {"pads": [1 << 50] * 4}),
        ("Conv", ["x", "w"], {"group": 0}),
        ("Conv", ["x", "w"], {"group": 7}),
        ("Conv", ["x", "v"], {}),
        ("Conv", ["x"], {}),
        ("Conv", [], {}),
        ("ConvTranspose", ["x", "w"], {"output_shape": [1, 1]}),
        ("MaxPool", ["x"], {}),
        ("Clip", [], {}),
        ("Gather", ["x"], {}),
        ("Transpose", ["x"], {"perm": [0, 0, 0, 9]}),
        ("Reshape", ["x", "seven"], {}),
        ("Concat", ["x", "w"], {"axis": 9}),
        ("Split", ["x"], {"axis": 1, "num_outputs": 1000}),
        ("Softmax", ["x"], {"axis": 17}),
        ("LayerNormalization", ["x", "w"], {"axis": -40}),
        ("LSTM", ["x", "x", "x"], {"hidden_size": 4}),
        ("LSTM", ["s", "s", "s"], {"hidden_size": 4}),
        ("Einsum", ["x", "x"], {"equation": "ij,..k->"}),
        ("Einsum", ["x"], {"equation": "a1!b->a"}),
        ("Resize", ["x", "", "w"], {"mode": "nearest"}),
        ("Attention", ["s", "s", "s"], {}),
        ("DepthToSpace", ["x"], {"blocksize": 0}),
        ("Unheard", ["x"], {}),
    ],
)
def test_malformed_nodes_are_opaque(
    kind: str, inputs: list[str], attributes: dict[str, object]
) -> None:
    constants = weights(w=(4, 3, 3, 3), v=(4, 5, 3, 3), s=(1, 5, 8)) | {"seven": np.array([7, 7])}
    nodes = [node(kind, inputs, ["y"], **attributes), node("Exp", ["x"], ["z"])]
    inputs_given = [*X, floats("live", 1)]
    # `x` keeps the node from being a constant.
    workload = load_onnx(network(nodes, inputs_given, ["y", "z"], constants, opset=23))
    assert "Exp_0" in workload.ops
    assert all(opaque.why for opaque in workload.opaques)
    verify_workload(workload)


def test_external_data_is_not_read_from_elsewhere(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(np.array([2, 2], np.int64).tobytes())
    (tmp_path / "models").mkdir()
    shape = TensorProto(name="s", data_type=TensorProto.INT64, dims=[2])
    shape.data_location = TensorProto.EXTERNAL
    for location, read in (("../secret", False), (str(secret), False), ("inside", True)):
        (tmp_path / "models/inside").write_bytes(secret.read_bytes())
        del shape.external_data[:]
        shape.external_data.add(key="location", value=location)
        model = network([node("Reshape", ["x", "s"], ["y"])], [floats("x", 4)], ["y"])
        model.graph.initializer.append(shape)
        path = tmp_path / "models/net.onnx"
        path.write_bytes(model.SerializeToString())
        assert bool(load_onnx(path).opaques) != read, location


def test_initialisers_of_impossible_shape() -> None:
    for dims in ([-4, 3], [1 << 62, 1 << 62]):
        model = network([node("MatMul", ["x", "w"], ["y"])], [floats("x", 2, 4)], ["y"])
        model.graph.initializer.append(TensorProto(name="w", data_type=1, dims=dims))
        workload = load_onnx(model)
        assert [opaque.kind for opaque in workload.opaques] == ["MatMul"]
        verify_workload(workload)


def test_constants_that_would_fill_the_memory() -> None:
    many = {"s": np.array([1 << 20, 1 << 20])}
    nodes = [
        node("ConstantOfShape", ["s"], ["c"]),
        node("ReduceSum", ["c"], ["r"]),
        node("Add", ["x", "r"], ["y"]),
    ]
    load_onnx(network(nodes, X, ["y"], many))
    nodes = [node("Tile", ["x", "s"], ["y"])]
    workload = load_onnx(network(nodes, [floats("x", 1, 1)], ["y"], {"s": many["s"] << 19}))
    assert "more than 2^48" in workload.opaques[0].why
    bounds = {"a": np.array(0), "b": np.array(1 << 60), "c": np.array(1)}
    nodes = [node("Range", ["a", "b", "c"], ["r"]), node("Cast", ["r"], ["y"], to=1)]
    assert load_onnx(network(nodes, X, ["y"], bounds)).opaques


def test_functions_without_an_end() -> None:
    opsets = [helper.make_opsetid("f", 1)]
    loop = helper.make_function(
        "f", "F", ["a"], ["b"], [node("F", ["a"], ["b"], domain="f")], opsets
    )
    model = network([node("F", ["x"], ["y"], domain="f")], X, ["y"], functions=[loop])
    assert "too large" in refusal(lambda: load_onnx(model)).message


def test_deep_graphs() -> None:
    count = 3000
    nodes = [node("Relu", [f"v{i}"], [f"v{i + 1}"]) for i in range(count)]
    workload = load_onnx(network(nodes, [floats("v0", 4)], [f"v{count}"]))
    verify_workload(workload)
    constant = network([*nodes, node("Add", ["x", f"v{count}"], ["y"])], X, ["y"],
                       {"v0": np.ones(8, np.float32)})  # fmt: skip
    assert len(load_onnx(constant).ops) == 1


def test_types_that_are_no_tensors() -> None:
    sequence = helper.make_tensor_sequence_value_info("x", 1, [2])
    text = helper.make_tensor_value_info("x", TensorProto.STRING, [2])
    for value in (sequence, text):
        workload = load_onnx(network([node("Identity", ["x"], ["y"])], [value], ["y"]))
        assert len(workload.opaques) == 1


def test_names_that_the_text_cannot_quote() -> None:
    nodes = [node("Relu", ['a`b"\n'], ["y"], name='n`"\n\x00')]
    workload = load_onnx(network(nodes, [floats('a`b"\n', 2)], ["y"]))
    verify_workload(workload)
    assert list(workload.ops) == ["n____"]


def test_a_model_as_an_object() -> None:
    assert refusal(lambda: load_onnx(onnx.ModelProto())).message == "`model` holds no network"


def test_a_refused_convolution_does_not_take_its_batch_norm_along() -> None:
    constants = weights(w=(4, 5, 3, 3), g=(4,), s=(4,), m=(4,), v=(4,))
    nodes = [  # five channels of weights for three of `x`
        node("Conv", ["x", "w"], ["c"]),
        node("BatchNormalization", ["c", "g", "s", "m", "v"], ["y"]),
    ]
    workload = load_onnx(network(nodes, X, ["y"], constants))
    assert [opaque.kind for opaque in workload.opaques] == ["Conv"]
    assert list(workload.ops) == ["BatchNormalization_0"]
