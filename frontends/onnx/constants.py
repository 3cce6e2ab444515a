"""Constants: initialisers, and nodes that depend on nothing else, computed offline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx.external_data_helper import load_external_data_for_tensor, uses_external_data
from onnx.reference import ReferenceEvaluator

from .dims import MAX_EXTENT
from .graph import SMALL, Constant, TensorType

_MAX_WAITING = 50
"""Large constants are computed only when asked for; chains of them at most this long."""


def shape_value(node: onnx.NodeProto, kind: TensorType) -> Constant:
    """What `Shape` and `Size` yield for a value of known shape."""
    assert kind.shape is not None
    bounds = {attribute.name: attribute.i for attribute in node.attribute}
    dims = kind.shape[bounds.get("start", 0) : bounds.get("end", len(kind.shape))]
    data = np.asarray(dims if node.op_type == "Shape" else kind.elements, np.int64)
    return Constant(TensorType(onnx.TensorProto.INT64, data.shape), lambda: data)


_RANDOM = frozenset({"RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike",
                     "Multinomial", "Bernoulli"})  # fmt: skip


def initializer(tensor: onnx.TensorProto, folder: Path | None) -> Constant:
    """The constant of an initialiser; without data where the file holds none.

    Args:
        folder: where external data may stand; None when the model came as an object.
    """
    kind = TensorType(tensor.data_type, tuple(tensor.dims))
    if not all(0 <= n <= MAX_EXTENT for n in tensor.dims):
        why = f"{tensor.name!r} has the impossible shape {list(tensor.dims)}"
        return Constant(TensorType(tensor.data_type, None, why), None)

    def load() -> np.ndarray:
        full = tensor
        if uses_external_data(tensor):
            full = onnx.TensorProto()
            full.CopyFrom(tensor)
            # Refuses paths that lead out of the folder.
            load_external_data_for_tensor(full, str(folder))
        return np.asarray(onnx.numpy_helper.to_array(full))

    return Constant(kind, load if _has_data(tensor, kind, folder) else None)


def _has_data(tensor: onnx.TensorProto, kind: TensorType, folder: Path | None) -> bool:
    if uses_external_data(tensor):
        entry = {item.key: item.value for item in tensor.external_data}
        location = entry.get("location", "")
        return folder is not None and location != "" and _inside(folder, location)
    if tensor.HasField("raw_data"):
        bits = 0 if kind.dtype is None else kind.dtype.bits
        stored = 8 if kind.element == onnx.TensorProto.BOOL else bits
        return len(tensor.raw_data) * 8 >= stored * kind.elements
    return kind.elements == 0 or any(
        len(getattr(tensor, name))
        for name in ("float_data", "int32_data", "int64_data", "double_data", "uint64_data")
    )


def _inside(folder: Path, location: str) -> bool:
    try:
        target = (folder / location).resolve()
        return target.is_relative_to(folder.resolve()) and target.is_file()
    except (OSError, ValueError):
        return False


_EAGER = 1 << 20
"""A small constant is computed at once only from operands of at most this many elements."""


def folded(
    node: onnx.NodeProto,
    version: int,
    inputs: Sequence[Constant | None],
    output: int,
    kind: TensorType,
) -> Constant | None:
    """An output of a node with only constant inputs, as a constant; None when it is none.

    Its data is known when that of all inputs is. Small ones are computed at once, so that shapes
    can be read from them; a large one only when its data is asked for.
    """
    if node.op_type in _RANDOM or (not inputs and node.op_type != "Constant"):
        return None
    given = [constant for constant in inputs if constant is not None]
    depth = 1 + max((constant.depth for constant in given), default=0)
    if not all(constant.has_data for constant in given):
        return Constant(kind, None) if kind.known else None
    load = _evaluation(node, version, inputs, output)
    waits = kind.elements > SMALL or any(c.type.elements > _EAGER for c in given)
    if waits and (kind.shape is None or depth > _MAX_WAITING):
        return Constant(kind, None) if kind.known else None
    if waits:
        return Constant(kind, load, depth, slow=True)
    try:
        with np.errstate(all="ignore"):
            data = load()
    except Exception:
        # The reference evaluator raises whatever its NumPy code does on bad operands; the node
        # then stands as it is, and its lowering says what is wrong.
        return None
    element = kind.element or onnx.helper.np_dtype_to_tensor_dtype(data.dtype)
    known = Constant(TensorType(element, data.shape), lambda: data)
    return known if known.type.known else None


def _evaluation(
    node: onnx.NodeProto, version: int, inputs: Sequence[Constant | None], output: int
) -> Callable[[], np.ndarray]:
    feeds = {
        name: constant
        for name, constant in zip(node.input, inputs, strict=True)
        if constant is not None
    }

    def load() -> np.ndarray:
        if node.op_type == "ConstantOfShape":
            return _filled(node, feeds[node.input[0]].data)
        if node.op_type == "Constant" and node.attribute[0].HasField("t"):
            return np.asarray(onnx.numpy_helper.to_array(node.attribute[0].t))
        graph = onnx.helper.make_graph(
            [node],
            "constant",
            [onnx.helper.make_empty_tensor_value_info(name) for name in feeds],
            [onnx.helper.make_empty_tensor_value_info(node.output[output])],
        )
        opset = onnx.helper.make_opsetid(node.domain, version)
        model = onnx.helper.make_model(graph, opset_imports=[opset])
        found = ReferenceEvaluator(model).run(None, {k: v.data for k, v in feeds.items()})
        return np.asarray(found[0])

    return load


def _filled(node: onnx.NodeProto, shape: np.ndarray) -> np.ndarray:
    """One stored element seen as many: weights of the shipped models are of this kind."""
    value = np.zeros(1, np.float32)
    for attribute in node.attribute:
        if attribute.name == "value":
            value = onnx.numpy_helper.to_array(attribute.t)
    return np.broadcast_to(value.reshape(()), tuple(int(n) for n in shape))
