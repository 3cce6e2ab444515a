"""Operators that are functions of other operators: in the model, or in the ONNX standard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import onnx

from .graph import TensorType
from .infer import schema_of, standard_domain, type_proto

FunctionKey = tuple[str, str, str]
"""Domain, name, overload."""


def local_functions(model: onnx.ModelProto) -> dict[FunctionKey, onnx.FunctionProto]:
    """The functions that a model brings along."""
    return {(f.domain, f.name, f.overload): f for f in model.functions}


def standard_function(
    node: onnx.NodeProto,
    version: int,
    inputs: Sequence[TensorType | None],
    direct: frozenset[str],
) -> onnx.FunctionProto | None:
    """The body of a standard operator that ONNX defines by others, None for a primitive one.

    Args:
        inputs: types of the node's inputs, None for an absent one.
        direct: operators that have a lowering of their own.
    """
    domain = standard_domain(node.domain)
    kind = f"{domain}.{node.op_type}" if domain else node.op_type
    schema = None if kind in direct else schema_of(node.op_type, domain, version)
    if schema is None:
        return None
    if schema.has_function:
        return _with_defaults(schema)
    if schema.has_context_dependent_function:
        return _built_for(schema, node, inputs)
    return None


def _with_defaults(schema: onnx.defs.OpSchema) -> onnx.FunctionProto:
    """The body, with the defaults of attributes that only the schema knows."""
    body = onnx.FunctionProto()
    body.CopyFrom(schema.function_body)
    for attribute in schema.attributes.values():
        if attribute.default_value.name:
            body.attribute_proto.append(attribute.default_value)
    return body


def _built_for(
    schema: onnx.defs.OpSchema, node: onnx.NodeProto, inputs: Sequence[TensorType | None]
) -> onnx.FunctionProto | None:
    """The body that ONNX builds for these input types; None where it builds none.

    The builders are C++ code that takes well-formed tensors for granted and crashes without them.
    """
    complete = schema.min_input <= len(inputs) <= schema.max_input
    given = {attribute.name for attribute in node.attribute}
    for attribute in schema.attributes.values():
        complete = complete and (attribute.name in given or not attribute.required)
    if not complete or any(kind is not None and not kind.known for kind in inputs):
        return None
    protos = [None if kind is None else type_proto(kind) for kind in inputs]
    messages = [(proto or onnx.TypeProto()).SerializeToString() for proto in protos]
    try:
        found = schema.get_context_dependent_function(node.SerializeToString(), messages)
    except Exception:
        # Operands they do not expect make them raise various things; the node then stays whole
        # and its lowering, or the opaque, says why.
        return None
    body = onnx.FunctionProto()
    body.ParseFromString(found)
    return body if body.node else None


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """What a function body's attribute references stand for."""

    attributes: Mapping[str, onnx.AttributeProto]

    @staticmethod
    def of(node: onnx.NodeProto, body: onnx.FunctionProto) -> FunctionCall:
        defaults = {attribute.name: attribute for attribute in body.attribute_proto}
        return FunctionCall(defaults | {attribute.name: attribute for attribute in node.attribute})

    def bind(self, node: onnx.NodeProto) -> onnx.NodeProto:
        """A node of the body with its attribute references resolved."""
        if not any(attribute.ref_attr_name for attribute in node.attribute):
            return node
        out = onnx.NodeProto()
        out.CopyFrom(node)
        del out.attribute[:]
        for attribute in node.attribute:
            if not attribute.ref_attr_name:
                out.attribute.append(attribute)
            elif attribute.ref_attr_name in self.attributes:
                bound = out.attribute.add()
                bound.CopyFrom(self.attributes[attribute.ref_attr_name])
                bound.name = attribute.name
        return out
