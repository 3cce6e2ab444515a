"""Result types of one node, by the inference functions of the ONNX operator schemas."""

from __future__ import annotations

from collections.abc import Mapping

import onnx
from onnx.checker import ValidationError
from onnx.defs import OpSchema, SchemaError, get_schema
from onnx.shape_inference import InferenceError, infer_node_outputs

from .dims import MAX_EXTENT
from .graph import Constant, TensorType

_DATA_LIMIT = 1 << 12
"""Constants up to this many elements are shown to inference (shapes, axes, pads, splits)."""


def standard_domain(name: str) -> str:
    """The domain of the standard operators has two names."""
    return "" if name == "ai.onnx" else name


def schema_of(kind: str, domain: str, version: int) -> OpSchema | None:
    """The operator's schema at an operator-set version, None where ONNX defines none."""
    try:
        return get_schema(kind, version, domain)
    except SchemaError:
        return None


def infer_types(
    node: onnx.NodeProto,
    version: int,
    types: Mapping[str, TensorType],
    constants: Mapping[str, Constant],
) -> tuple[dict[str, TensorType], str]:
    """Types of a node's outputs, and the reason where some could not be inferred."""
    schema = schema_of(node.op_type, standard_domain(node.domain), version)
    if schema is None:
        where = f"`{node.domain}`" if node.domain else f"operator set {version}"
        return {}, f"ONNX defines no `{node.op_type}` in {where}"
    parts = [a.i for a in node.attribute if a.name == "num_outputs"]
    if node.op_type == "Split" and parts and parts != [len(node.output)]:
        return {}, f"`num_outputs` is {parts[0]}, but it has {len(node.output)}"  # inference aborts
    known: dict[str, onnx.TypeProto] = {}
    for name in filter(None, node.input):
        proto = type_proto(types[name])
        if proto is None:
            return {}, types[name].why or f"the type of `{name}` is not known"
        known[name] = proto
    data = {name: value for name in node.input if (value := _shown(name, constants)) is not None}
    try:
        found = infer_node_outputs(
            schema,
            _without_unknown_attributes(node, schema),
            known,
            data,
            opset_imports=[onnx.helper.make_opsetid(node.domain, version)],
        )
    except (
        InferenceError,
        ValidationError,
        SchemaError,
        ValueError,
        RuntimeError,
        TypeError,
    ) as error:
        return {}, _first_line(error)
    return {name: _tensor_type(kind, node.op_type) for name, kind in found.items()}, ""


def type_proto(kind: TensorType) -> onnx.TypeProto | None:
    """The ONNX message for a type, None for what is no tensor."""
    if kind.element == 0:
        return None
    return onnx.helper.make_tensor_type_proto(kind.element, kind.shape)


def _without_unknown_attributes(node: onnx.NodeProto, schema: OpSchema) -> onnx.NodeProto:
    """Exporters annotate nodes with attributes of their own, which inference would refuse."""
    if all(attribute.name in schema.attributes for attribute in node.attribute):
        return node
    out = onnx.NodeProto()
    out.CopyFrom(node)
    del out.attribute[:]
    out.attribute.extend(a for a in node.attribute if a.name in schema.attributes)
    return out


def _shown(name: str, constants: Mapping[str, Constant]) -> onnx.TensorProto | None:
    constant = constants.get(name)
    if constant is None or constant.type.elements > _DATA_LIMIT or constant.value is None:
        return None
    return onnx.numpy_helper.from_array(constant.value, name)


def _tensor_type(kind: onnx.TypeProto, op: str) -> TensorType:
    if not kind.HasField("tensor_type"):
        return TensorType(0, None, f"a result of `{op}` is no tensor")
    tensor = kind.tensor_type
    dims = [axis.dim_value if axis.HasField("dim_value") else None for axis in tensor.shape.dim]
    shape = tuple(n for n in dims if n is not None)
    if not tensor.HasField("shape") or len(shape) < len(dims):
        return TensorType(
            tensor.elem_type, None, f"the shape of a result of `{op}` depends on data"
        )
    if any(not 0 <= n <= MAX_EXTENT for n in shape):
        return TensorType(tensor.elem_type, None, f"a result of `{op}` has an axis beyond 2^40")
    return TensorType(tensor.elem_type, shape)


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__).replace('"', "'")
