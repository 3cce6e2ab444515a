"""The driver: every live node through its lowering, what refuses kept as an opaque."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ...ir.types import TensorKind
from ...ir.workload import Op, Opaque, Tensor, Workload, named_tensors
from . import (
    ops_conv,
    ops_einsum,
    ops_gather,
    ops_matmul,
    ops_movement,
    ops_norm,
    ops_pointwise,
    ops_pool,
    ops_quantised,
    ops_recurrent,
    ops_reduce,
    ops_resize,
)
from .build import Builder, tensors_of
from .compose import compose
from .graph import Constant, Graph, Node
from .opaque import lost_macs, reason
from .outputs import show_outputs
from .refusal import NotAffine
from .registry import LOWERINGS

FAMILIES = (
    ops_conv,
    ops_einsum,
    ops_gather,
    ops_matmul,
    ops_movement,
    ops_norm,
    ops_pointwise,
    ops_pool,
    ops_quantised,
    ops_recurrent,
    ops_reduce,
    ops_resize,
)
"""Importing these modules fills the table of lowerings."""


@dataclass(frozen=True, slots=True)
class Lowered:
    """A workload, and the constants its tensors of kind `const` hold, by name."""

    workload: Workload
    constants: Mapping[str, Constant]


def lower(graph: Graph) -> Lowered:
    """The workload of a typed graph."""
    b = Builder(graph)
    for node in live_nodes(graph):
        if node.name not in b.done:
            lower_node(node, b)
    show_outputs(b)
    compose(b)
    return Lowered(finished(b), b.constants)


def live_nodes(graph: Graph) -> list[Node]:
    """The nodes whose results reach an output of the network."""
    wanted = {value for _, value in graph.outputs}
    out: list[Node] = []
    for node in reversed(graph.nodes):
        if not wanted.isdisjoint(node.outputs):
            out.append(node)
            wanted.update(node.inputs)
    return out[::-1]


def lower_node(node: Node, b: Builder) -> None:
    """Adds a node's ops, or an opaque that says why there are none."""
    rule = LOWERINGS.get(node.kind)
    mark = b.mark()
    try:
        if rule is None or node.fault:
            raise NotAffine(reason(node))
        rule(node, b)
    except NotAffine as refusal:
        b.undo(mark)
        b.opaque(node, str(refusal), lost_macs(node, b))


def finished(b: Builder) -> Workload:
    """The workload, each op with its tensors, without tensors that nothing names."""
    name, file = b.graph.name, b.graph.file
    named = {tensor for node in b.nodes for tensor in tensors_of(node)}
    named |= {t.name for t in b.tensors.values() if t.kind in (TensorKind.INPUT, TensorKind.OUTPUT)}
    named |= {output for output, _ in b.graph.outputs if output in b.tensors}
    named |= {b.root(tensor).name for tensor in named}
    tensors = {
        t.name: t if t.of is None else replace(t, of=b.root(t.name))
        for t in b.tensors.values()
        if t.name in named
    }
    nodes = tuple(_with_context(node, tensors, name, file) for node in b.nodes)
    return Workload(name, tensors, nodes)


def _with_context(
    node: Op | Opaque, tensors: dict[str, Tensor], workload: str, file: str
) -> Op | Opaque:
    source = f"{file}#{node.source}"
    if isinstance(node, Opaque):
        return replace(node, source=source)
    own = tuple(tensors[name] for name in named_tensors(node.result, node.value))
    return replace(node, tensors=own, workload=workload, source=source)
