"""From an ONNX model to a flat, typed graph.

One pass in execution order: each node's constants are computed, its result types inferred from
what is known by then, functions expanded and `If`s with a known condition replaced by the branch
taken. Shapes therefore never depend on what an exporter wrote down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import onnx

from ...ir.text import Diagnostic, Label, Place
from .constants import folded, initializer, shape_value
from .dims import bind_inputs, stated_types
from .expand import FunctionCall, FunctionKey, local_functions, standard_function
from .graph import Constant, Graph, Node, TensorType
from .infer import infer_types, standard_domain

_MAX_NODES = 200_000
_MAX_DEPTH = 100

Scope = dict[str, str]
"""What a value's name inside a graph, branch or function is called in the flat graph."""


@dataclass
class _Frame:
    """A graph, branch or function body that is being walked."""

    nodes: Iterator[onnx.NodeProto]
    scope: Scope
    opsets: Mapping[str, int]
    prefix: str = ""
    call: FunctionCall | None = None
    finish: Callable[[], None] = lambda: None
    written: set[str] = field(default_factory=set)


@dataclass
class _Flattener:
    local: Mapping[FunctionKey, onnx.FunctionProto]
    place: str
    folder: Path | None
    direct: frozenset[str]
    stated: Mapping[str, TensorType] = field(default_factory=dict)
    types: dict[str, TensorType] = field(default_factory=dict)
    constants: dict[str, Constant] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    node_names: set[str] = field(default_factory=set)
    counters: dict[str, int] = field(default_factory=dict)
    frames: list[_Frame] = field(default_factory=list)

    # ---- names --------------------------------------------------------------------------

    def declare(self, name: str, prefix: str = "") -> str:
        """A name of the flat graph for a new value, as close to the given one as can be."""
        return _unique(prefix + name, self.taken)

    def node_name(self, node: onnx.NodeProto, prefix: str) -> str:
        """The node's own name, or `Conv_0` for the first unnamed Conv."""
        if node.name:
            return _unique(prefix + node.name, self.node_names)
        key = prefix + node.op_type
        number = self.counters.get(key, 0)
        while f"{key}_{number}" in self.node_names:
            number += 1
        self.counters[key] = number + 1
        return _unique(f"{key}_{number}", self.node_names)

    # ---- the walk -----------------------------------------------------------------------

    def enter_graph(
        self, graph: onnx.GraphProto, scope: Scope, opsets: Mapping[str, int]
    ) -> _Frame:
        """Declares a graph's initialisers; its nodes are walked when the frame is pushed."""
        for tensor in graph.initializer:
            scope[tensor.name] = self.declare(tensor.name)
            constant = initializer(tensor, self.folder)
            self.add_constant(scope[tensor.name], constant)
        nodes = in_order(graph.node, scope, self.place)
        return _Frame(iter(nodes), scope, opsets)

    def run(self) -> None:
        while self.frames:
            frame = self.frames[-1]
            node = next(frame.nodes, None)
            if node is None:
                self.frames.pop()
                frame.finish()
            else:
                self.visit(node, frame)

    def visit(self, node: onnx.NodeProto, frame: _Frame) -> None:
        if len(self.node_names) > _MAX_NODES or len(self.frames) > _MAX_DEPTH:
            raise Diagnostic(
                f"`{self.place}` is too large once its functions and branches are expanded",
                Label(Place(self.place), f"more than {_MAX_NODES} nodes or {_MAX_DEPTH} levels"),
                help="expand less: remove functions that call each other",
            )
        if frame.call is not None:
            node = frame.call.bind(node)
        domain = standard_domain(node.domain)
        version = frame.opsets.get(domain, 1)
        name = self.node_name(node, frame.prefix)
        inputs = tuple(self.resolve(i, frame.scope, name) for i in node.input)
        if node.op_type == "If" and domain == "" and self.take_branch(node, inputs, frame):
            return
        body = self.local.get((node.domain, node.op_type, node.overload))
        # A standard function of constants is computed whole.
        if body is None and not self.all_constant(inputs):
            kinds = [self.types.get(i) for i in inputs]
            body = standard_function(node, version, kinds, self.direct)
        if body is not None:
            self.push_function(node, name, inputs, body, frame)
            return
        self.add(node, name, domain, version, inputs, frame)

    def resolve(self, name: str, scope: Scope, reader: str) -> str:
        if name == "":
            return ""
        if name not in scope:
            raise Diagnostic(
                f"`{reader}` reads `{name}`, which nothing writes",
                Label(Place(f"{self.place}#{reader}")),
                help=f"add a node, an input or an initialiser called `{name}`",
            )
        return scope[name]

    def shown(self, output: str, scope: Scope) -> tuple[str, str]:
        """An output of the network: its name, and the value it shows."""
        value = self.resolve(output, scope, "the network")
        own = value == _quotable(output) and value not in self.inputs
        return (value if own else self.declare(output)), value

    # ---- nodes --------------------------------------------------------------------------

    def add(
        self,
        node: onnx.NodeProto,
        name: str,
        domain: str,
        version: int,
        inputs: tuple[str, ...],
        frame: _Frame,
    ) -> None:
        outputs = tuple(self.output(o, name, frame) for o in node.output)
        flat = onnx.NodeProto()
        flat.CopyFrom(node)
        del flat.input[:], flat.output[:]
        flat.input.extend(inputs)
        flat.output.extend(outputs)
        types, fault = infer_types(flat, version, self.types, self.constants)
        for raw, output in zip(node.output, outputs, strict=True):
            found = types.get(output, TensorType(0, None, fault))
            stated = None if frame.prefix or found.known else self.stated.get(raw)
            self.types[output] = stated or found
        if self.fold(flat, version, inputs, outputs):
            return
        kind = f"{domain}.{node.op_type}" if domain else node.op_type
        self.nodes.append(Node(kind, name, inputs, outputs, _attributes(flat), version, fault))

    def output(self, output: str, reader: str, frame: _Frame) -> str:
        if output == "":
            return ""
        if output in frame.written:
            raise Diagnostic(
                f"`{output}` is written twice",
                Label(Place(f"{self.place}#{reader}"), "the second writer"),
                help="give each node's outputs names of their own",
            )
        frame.written.add(output)
        frame.scope[output] = self.declare(output, frame.prefix)
        return frame.scope[output]

    def fold(
        self,
        node: onnx.NodeProto,
        version: int,
        inputs: tuple[str, ...],
        outputs: tuple[str, ...],
    ) -> bool:
        """Computes a node offline when nothing it reads depends on the network's inputs."""
        asked = self.types.get(inputs[0]) if inputs else None
        if node.op_type in ("Shape", "Size") and asked is not None and asked.shape is not None:
            self.add_constant(outputs[0], shape_value(node, asked))
            return True
        like = self.types[inputs[1]].element if len(inputs) == 2 and inputs[1] else 0
        if node.op_type == "CastLike" and like and inputs[0] in self.constants:
            node, inputs = _as_cast(node, like), inputs[:1]
        if not (self.all_constant(inputs) or node.op_type == "Constant"):
            return False
        given = [self.constants.get(i) for i in inputs]
        found = {
            output: folded(node, version, given, position, self.types[output])
            for position, output in enumerate(outputs)
            if output
        }
        if not found or any(constant is None for constant in found.values()):
            return False
        for output, constant in found.items():
            assert constant is not None
            self.add_constant(output, constant)
        return True

    def all_constant(self, inputs: tuple[str, ...]) -> bool:
        given = [name for name in inputs if name]
        return bool(given) and all(name in self.constants for name in given)

    def add_constant(self, name: str, constant: Constant) -> None:
        self.types[name] = constant.type
        self.constants[name] = constant

    # ---- bodies -------------------------------------------------------------------------

    def take_branch(self, node: onnx.NodeProto, inputs: tuple[str, ...], frame: _Frame) -> bool:
        """Walks the branch of an `If` whose condition is known."""
        condition = self.constants.get(inputs[0]) if inputs else None
        value = None if condition is None else condition.value
        wanted = "then_branch" if value is not None and value.size == 1 and value.all() else ""
        if value is not None and value.size == 1 and not wanted:
            wanted = "else_branch"
        branch = next((a.g for a in node.attribute if a.name == wanted), None)
        if branch is None:
            return False
        self.push_branch(branch, node.output, frame)
        return True

    def push_branch(self, branch: onnx.GraphProto, outputs: Iterable[str], frame: _Frame) -> None:
        inner = self.enter_graph(branch, dict(frame.scope), frame.opsets)
        inner.prefix, inner.call = frame.prefix, frame.call

        def finish() -> None:
            for outer, value in zip(outputs, branch.output, strict=False):
                frame.scope[outer] = self.resolve(value.name, inner.scope, branch.name)

        inner.finish = finish
        self.frames.append(inner)

    def push_function(
        self,
        node: onnx.NodeProto,
        name: str,
        inputs: tuple[str, ...],
        body: onnx.FunctionProto,
        frame: _Frame,
    ) -> None:
        scope: Scope = dict.fromkeys(body.input, "")
        scope |= dict(zip(body.input, inputs, strict=False))
        opsets = {item.domain: item.version for item in body.opset_import} or frame.opsets
        nodes = in_order(body.node, scope, self.place)
        call = FunctionCall.of(node, body)
        inner = _Frame(iter(nodes), scope, opsets, prefix=f"{name}.", call=call)

        def finish() -> None:
            for outer, value in zip(node.output, body.output, strict=False):
                if outer:
                    frame.scope[outer] = self.resolve(value, scope, name)

        inner.finish = finish
        self.frames.append(inner)


def flatten(
    model: onnx.ModelProto,
    *,
    name: str,
    file: str,
    place: str,
    folder: Path | None,
    dims: Mapping[str, int],
    direct: frozenset[str],
) -> Graph:
    """The typed, flat graph of a model.

    Args:
        place: how messages name the model (its path).
        folder: where its external data may stand.
        dims: extents of free dims.
        direct: operators that need no expansion although ONNX defines them as functions.

    Raises:
        Diagnostic: free dims without an extent, values that nothing writes, cycles.
    """
    graph, scope = model.graph, Scope()
    walk = _Flattener(local_functions(model), place, folder, direct, stated_types(graph, dims))
    opsets = {standard_domain(item.domain): item.version for item in model.opset_import}
    frame = walk.enter_graph(graph, scope, opsets)
    frame.written = {*scope, *(value.name for value in graph.input)}
    for raw, kind in bind_inputs(graph, dims, place).items():
        scope[raw] = walk.declare(raw)
        walk.types[scope[raw]] = kind
        walk.inputs.append(scope[raw])
    walk.frames.append(frame)
    walk.run()
    return Graph(
        name,
        file,
        tuple(walk.nodes),
        walk.types,
        walk.constants,
        tuple(walk.inputs),
        tuple(walk.shown(value.name, scope) for value in graph.output),
    )


def in_order(
    nodes: Iterable[onnx.NodeProto], known: Iterable[str], place: str
) -> list[onnx.NodeProto]:
    """The nodes so that each stands after those it reads from.

    Raises:
        Diagnostic: a cycle.
    """
    given, written = list(nodes), set(known)
    pending = {output for node in given for output in node.output}
    in_place = True
    for node in given:
        in_place = in_place and not any(i in pending and i not in written for i in node.input)
        written.update(node.output)
    if in_place:
        return given
    writer = {output: i for i, node in enumerate(given) for output in node.output if output}
    reads = {i: {writer[x] for x in n.input if x in writer} for i, n in enumerate(given)}
    try:
        return [given[i] for i in TopologicalSorter(reads).static_order()]
    except CycleError as error:
        names = [given[i].name or given[i].op_type for i in error.args[1]]
        raise Diagnostic(
            "the graph has a cycle",
            Label(Place(place), " -> ".join(f"`{n}`" for n in names[:8])),
            help="a recurrent network needs a `Scan`, a `Loop` or an `LSTM`, not a cycle",
        ) from None


def _unique(name: str, taken: set[str]) -> str:
    """A name that the text can quote and that is not taken yet; takes it."""
    found, number = _quotable(name), 2
    while found in taken:
        found, number = f"{_quotable(name)}_{number}", number + 1
    taken.add(found)
    return found


def _quotable(name: str) -> str:
    return "".join("_" if c in '`"' or not c.isprintable() else c for c in name) or "_"


def _as_cast(node: onnx.NodeProto, element: int) -> onnx.NodeProto:
    """A `CastLike` whose target type is known before the other operand is."""
    return onnx.helper.make_node("Cast", node.input[:1], node.output[:1], to=element)


def _attributes(node: onnx.NodeProto) -> dict[str, object]:
    """Attributes as Python values; a subgraph stays a message."""
    out: dict[str, object] = {}
    for attribute in node.attribute:
        value = onnx.helper.get_attribute_value(attribute)
        out[attribute.name] = value.decode(errors="replace") if isinstance(value, bytes) else value
    return out
