"""The workload under construction: tensors, ops, and where each ONNX value stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import prod

import numpy as np

from ...ir.affine import Affine, dim, interval
from ...ir.text import Diagnostic
from ...ir.types import DType, Reduce, TensorKind
from ...ir.verify.statement import verify_statement
from ...ir.workload import Access, Dim, Op, Opaque, Read, Tensor, Value, named_tensors
from . import values
from .dims import MAX_ELEMENTS, MAX_EXTENT, MAX_POINTS
from .formula import number
from .graph import Constant, Graph, Node, TensorType
from .refusal import NotAffine
from .storage import reordered
from .values import View


class Builder:
    """Grows a workload; lowerings read values by their ONNX names and add ops.

    Attributes:
        tensors: by name; kinds of the network's outputs are settled at the end.
        nodes: in execution order.
        values: where the elements of each value stand.
        constants: of the graph, and those made from them.
        users: positions in `nodes` that name a tensor.
        standing: values that were said to stand in a tensor.
        reshaped: for a tensor, the views of its bytes in other shapes.
        unreadable: why a value that an opaque yields has no tensor.
        done: nodes that an earlier one's lowering has done with its own.
        readers: the nodes that read a value.
        shown: values that are outputs of the network.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.tensors: dict[str, Tensor] = {}
        self.nodes: list[Op | Opaque] = []
        self.values: dict[str, View] = {}
        self.constants: dict[str, Constant] = dict(graph.constants)
        self.users: dict[str, set[int]] = {}
        self.standing: dict[str, set[str]] = {}
        self.reshaped: dict[str, list[str]] = {}
        self.unreadable: dict[str, str] = {}
        self.done: dict[str, None] = {}
        self._steps = 0
        self._names = set(graph.types)
        self._op_names = {node.name for node in graph.nodes}
        self.readers = _readers(graph)
        self.shown = {value for _, value in graph.outputs}
        self._reserved = {output for output, _ in graph.outputs}
        for name in graph.inputs:
            if graph.types[name].known and graph.types[name].elements:
                self.declare(TensorKind.INPUT, name, self.dtype(name), self.shape(name))

    # ---- what is known of values --------------------------------------------------------

    def type(self, name: str) -> TensorType:
        return self.graph.types.get(name, TensorType(0, None, "an operand is absent"))

    def shape(self, name: str) -> tuple[int, ...]:
        """Raises NotAffine when the shape is not known."""
        shape = self.type(name).shape
        if shape is None:
            raise NotAffine(self.type(name).why or f"the shape of {name!r} is not known")
        if 0 in shape:
            raise NotAffine(f"{name!r} has no elements")
        return shape

    def dtype(self, name: str) -> DType:
        """Raises NotAffine for strings, complex numbers and what is no tensor."""
        found = self.type(name).dtype
        if found is None:
            why = self.type(name).why or f"{name!r} has an element type without arithmetic here"
            raise NotAffine(why)
        return found

    def constant(self, name: str) -> np.ndarray | None:
        """The value of a small constant; None when it depends on inputs or has no data."""
        constant = self.constants.get(name)
        return None if constant is None else constant.value

    def is_read(self, name: str) -> bool:
        """Whether a node or the network's user reads a value."""
        return bool(self.readers.get(name)) or name in self.shown

    def needed(self, name: str, what: str) -> np.ndarray:
        """The value of an operand that a lowering needs to know.

        Raises:
            NotAffine: it depends on the network's inputs, or the file holds no data for it.
        """
        value = self.constant(name)
        if value is None:
            absent = "has no data in the file" if name in self.constants else "depends on inputs"
            raise NotAffine(f"its {what} {name!r} {absent}")
        return value

    def scalar(self, name: str, what: str) -> np.generic:
        """The value of an operand that a lowering needs to know and that is one element."""
        value = self.needed(name, what)
        if value.size != 1:
            raise NotAffine(f"its {what} {name!r} is {value.size} elements")
        found: np.generic = value.reshape(-1)[0]
        return found

    # ---- tensors ------------------------------------------------------------------------

    def root(self, tensor: str) -> Tensor:
        """The tensor whose bytes a tensor shows: itself, but for a view."""
        found = self.tensors[tensor]
        return found if found.of is None else self.tensors[found.of.name]

    def fresh(self, name: str) -> str:
        """A tensor name close to `name` that no value of the graph has."""
        found, count = name, 2
        while found in self._names:
            found, count = f"{name}_{count}", count + 1
        self._names.add(found)
        return found

    def declare(self, kind: TensorKind, name: str, dtype: DType, shape: tuple[int, ...]) -> View:
        """A new tensor, and the value of its name seen whole.

        Raises:
            NotAffine: more elements than can be counted.
        """
        if prod(shape) > MAX_ELEMENTS or any(n > MAX_EXTENT for n in shape):
            reason = "more than 2^48, or an axis of more than 2^40"
            raise NotAffine(f"{name!r} has {prod(shape)} elements: {reason}")
        self.tensors[name] = Tensor(kind, name, dtype, shape)
        view = values.whole(name, shape)
        self.define(name, view)
        return view

    def temp(self, name: str, dtype: DType, shape: tuple[int, ...]) -> View:
        """A tensor that no ONNX value names."""
        return self.declare(TensorKind.TEMP, self.fresh(name), dtype, shape)

    def result(self, name: str) -> View:
        """The tensor that an op writes for an output of its node."""
        return self.declare(TensorKind.TEMP, name, self.dtype(name), self.shape(name))

    def made_constant(self, name: str, constant: Constant) -> str:
        """A constant computed offline from others; returns its name."""
        unique = self.fresh(name)
        self.constants[unique] = constant
        return unique

    def of_array(self, name: str, data: np.ndarray, element: int) -> str:
        """A constant from an array (weights of an interpolation, counts of a pool)."""
        kind = TensorType(element, data.shape)
        return self.made_constant(name, Constant(kind, lambda: data))

    def derived(
        self,
        name: str,
        sources: Sequence[str],
        function: Callable[..., np.ndarray],
        shape: tuple[int, ...],
    ) -> str:
        """A constant computed offline from others, of the first one's type."""
        given = [self.constants[source] for source in sources]
        known = all(constant.has_data for constant in given)

        def load() -> np.ndarray:
            return function(*(constant.data for constant in given))

        kind = TensorType(given[0].type.element, shape)
        depth = 1 + max(constant.depth for constant in given)
        return self.made_constant(name, Constant(kind, load if known else None, depth))

    # ---- views --------------------------------------------------------------------------

    def padded_view(self, name: str) -> View:
        """Where a value stands; its elements may lie outside the tensor."""
        found = self.values.get(name)
        if found is not None:
            return found
        if name in self.unreadable:
            raise NotAffine(self.unreadable[name])
        constant = self.constants.get(name)
        if constant is not None:
            kind = constant.type
            if kind.dtype is None or kind.shape is None or not kind.elements:
                why = f"{name!r} has an element type or shape without arithmetic here"
                raise NotAffine(kind.why or why)
            if name in self._reserved:  # an output of the network, which a copy will write
                self.define(name, self.view(self.made_constant(f"{name}.const", constant)))
                return self.values[name]
            return self.declare(TensorKind.CONST, name, kind.dtype, kind.shape)
        raise NotAffine(self.type(name).why or f"{name!r} is not computed")

    def view(self, name: str) -> View:
        """Where a value stands; a padded one is written out first."""
        found = self.padded_view(name)
        return found if found.pad is None else self.materialise(found, name)

    def plain(self, view: View, name: str) -> View:
        """A view each of whose axes is an axis of its tensor, so that it can be read indirectly."""
        direct = all(len(i.terms) <= 1 and i == _sole(i) for i in view.index)
        return view if direct and view.pad is None else self.materialise(view, name)

    def define(self, name: str, view: View) -> None:
        """Says where a value stands."""
        self.values[name] = view
        self.standing.setdefault(view.tensor, set()).add(name)

    def reshape(self, view: View, shape: tuple[int, ...], name: str) -> View:
        """A view in another shape; the data is copied where no view shows it so.

        Args:
            name: what to call a new tensor.
        """
        if view.shape == shape:
            return view
        if prod(view.shape) != prod(shape):
            raise NotAffine(f"{list(view.shape)} and {list(shape)} are not equally many elements")
        if view.pad is not None:
            view = self.materialise(view, name)
        found = values.reshape(view, self.tensors[view.tensor].shape, shape)
        if found is None:
            view = reordered(self, view) or self.materialise(view, name)
            found = values.reshape(view, view.shape, shape)
            assert found is not None  # a whole tensor has any shape
        own = name if found.tensor_shape == shape else ""
        tensor = self.seen_as(view.tensor, found.tensor_shape, own)
        return View(tensor, found.index, shape)

    def seen_as(self, tensor: str, shape: tuple[int, ...], name: str = "") -> str:
        """The tensor that shows another one's bytes in a shape; `name` is for a new one."""
        root = self.root(tensor)
        if shape == root.shape:
            return root.name
        for other in self.reshaped.get(root.name, ()):
            if self.tensors[other].shape == shape:
                return other
        if not name or name in self.tensors or name in self._reserved:
            name = self.fresh(f"{root.name}.{'x'.join(map(str, shape))}")
        self.tensors[name] = Tensor(TensorKind.VIEW, name, root.dtype, shape, of=root)
        self.reshaped.setdefault(root.name, []).append(name)
        return name

    def materialise(self, view: View, name: str) -> View:
        """The value written out in its own shape; a constant is rearranged offline."""
        source = self.tensors[view.tensor]
        if source.is_const and view.pad is None:
            return self._rearranged(view, name)
        target = self.temp(f"{name}.copy", source.dtype, view.shape)
        dims = pointwise_dims(view.shape)
        index = [dim(d) for d in dims]
        read = Read(values.at(view, index), view.pad)
        self.add_op(f"{name}.copy", dims, values.at(target, index), read, source=name)
        return target

    def _rearranged(self, view: View, name: str) -> View:
        source = self.tensors[view.tensor]
        root = self.constants[(source.of or source).name]
        kind = TensorType(root.type.element, view.shape)

        def load() -> np.ndarray:
            data = root.data.reshape(source.shape)
            grid = np.indices(view.shape, sparse=True)
            return np.asarray(data[tuple(_positions(i, grid) for i in view.index)]).reshape(
                view.shape
            )

        made = self.made_constant(f"{name}.const", Constant(kind, load if root.has_data else None))
        return self.view(made)

    # ---- reads --------------------------------------------------------------------------

    def literal(self, name: str) -> Value | None:
        """The number that a known scalar is, as it stands in the text."""
        found = self.constant(name)
        if found is None or found.size != 1 or not np.isfinite(found.astype(np.float64)).all():
            return None
        scalar: np.generic = found.reshape(-1)[0]
        return number(scalar)

    def read(self, source: str | View, index: Sequence[Affine]) -> Value:
        """The element of a value at an index; the number itself for a known scalar."""
        if isinstance(source, str):
            known = self.literal(source)
            if known is not None:
                return known
            source = self.view(source)
        return Read(values.at(source, index))

    def operand(self, name: str, shape: tuple[int, ...], index: Sequence[Affine]) -> Value:
        """The element of a value broadcast to `shape`."""
        known = self.literal(name)
        if known is not None:
            return known
        return Read(values.at(values.broadcast(self.view(name), shape), index))

    def windowed(
        self, name: str, index: Sequence[Affine], extents: Mapping[str, int], pad: str
    ) -> Value:
        """The element at an index that may lie outside the value, where it is `pad`.

        A value that is only a part of its tensor is written out first if an index could reach
        the tensor's other elements.
        """
        view = self.padded_view(name)
        values.refuse_rank(view, len(index))
        outside = [
            axis
            for axis, (expression, extent) in enumerate(zip(index, view.shape, strict=True))
            if interval(expression, extents)[0] < 0 or interval(expression, extents)[1] >= extent
        ]
        if view.pad is not None and outside and view.pad != pad:
            view = self.materialise(view, name)
        if outside and not all(self.ends_with_tensor(view, axis) for axis in outside):
            view = self.materialise(view, name)
        needed = pad if outside else view.pad
        return Read(values.at(view, index), needed)

    def ends_with_tensor(self, view: View, axis: int) -> bool:
        """Whether leaving the value on an axis is leaving the tensor."""
        if view.pad is not None:
            return True  # outside a padded value the index only moves further out
        shape = self.tensors[view.tensor].shape
        found = [p for p, i in enumerate(view.index) if str(axis) in i.dims]
        return (
            len(found) == 1
            and view.index[found[0]] == values.axis(axis)
            and shape[found[0]] == view.shape[axis]
        )

    # ---- ops ----------------------------------------------------------------------------

    def op(
        self,
        node: Node,
        dims: Mapping[str, int],
        result: Access,
        value: Value,
        reduce: Reduce = Reduce.ASSIGN,
        *,
        part: str = "",
        acc: DType | None = None,
        repeat: Dim | None = None,
    ) -> None:
        """An op of a node; `part` names one of several (`Softmax_0.max`)."""
        name = self._op_name(f"{node.name}.{part}") if part else node.name
        self._add(name, dims, result, value, reduce, node.name, acc, repeat)

    def add_op(
        self, name: str, dims: Mapping[str, int], result: Access, value: Value, *, source: str
    ) -> None:
        """A pointwise op under a name of its own.

        Args:
            source: the nodes it does, joined by `+`.
        """
        unique = self._op_name(name)
        self._add(unique, dims, result, value, Reduce.ASSIGN, source, None, None)

    def _op_name(self, name: str) -> str:
        found, count = name, 2
        while found in self._op_names:
            found, count = f"{name}_{count}", count + 1
        self._op_names.add(found)
        return found

    def _add(
        self,
        name: str,
        dims: Mapping[str, int],
        result: Access,
        value: Value,
        reduce: Reduce,
        source: str,
        acc: DType | None,
        repeat: Dim | None,
    ) -> None:
        loops = tuple(Dim(d, extent) for d, extent in dims.items())
        named = tuple(self.tensors[tensor] for tensor in named_tensors(result, value))
        op = Op(name, loops, result, reduce, value, named, acc, repeat, source)
        refuse_misfit(op)
        self.nodes.append(op)
        self.note_users(len(self.nodes) - 1)

    def step(self, extent: int) -> Dim:
        """The step of a new `repeat` block: `t`, `t2`, ..."""
        self._steps += 1
        return Dim("t" if self._steps == 1 else f"t{self._steps}", extent)

    def mark(self) -> tuple[int, int]:
        """Where a lowering begins, for `undo`."""
        return len(self.nodes), len(self.done)

    def undo(self, mark: tuple[int, int]) -> None:
        """Takes back the ops added since; their tensors stay and are dropped when unnamed."""
        nodes, done = mark
        for position in range(nodes, len(self.nodes)):
            for tensor in tensors_of(self.nodes[position]):
                self.users[tensor].discard(position)
        del self.nodes[nodes:]
        while len(self.done) > done:
            self.done.popitem()

    def note_users(self, position: int) -> None:
        for tensor in tensors_of(self.nodes[position]):
            self.users.setdefault(tensor, set()).add(position)

    def pointwise(
        self, node: Node, output: str, value: Value, dims: Mapping[str, int], *, part: str = ""
    ) -> None:
        """An op over an output's own axes `i0, i1, ...`."""
        target = self.result(output)
        self.op(node, dims, values.at(target, [dim(d) for d in dims]), value, part=part)

    def opaque(self, node: Node, why: str, macs: int) -> None:
        """Keeps a node that has no affine body; its results are plain tensors."""
        reads = []
        for name in dict.fromkeys(filter(None, node.inputs)):
            try:
                reads.append(self.tensors[self.view(name).tensor].name)
            except NotAffine:
                continue
        writes = []
        for name in filter(None, node.outputs):
            try:
                writes.append(self.result(name).tensor)
            except NotAffine as unknown:
                self.unreadable[name] = f"{unknown} (from `{node.name}`)"
        read = tuple(dict.fromkeys(reads))
        name, kind, written = node.name, node.kind, tuple(writes)
        self.nodes.append(Opaque(name, kind, why, (), read, written, macs, source=name))
        self.note_users(len(self.nodes) - 1)


def refuse_misfit(op: Op) -> None:
    """Operands that do not fit each other show as a statement that cannot be.

    Raises:
        NotAffine: an index leaves its tensor, a rank is wrong, or a dim has an impossible extent.
    """
    if any(not 1 <= loop.extent <= MAX_EXTENT for loop in op.dims) or op.points > MAX_POINTS:
        extents = ", ".join(f"{loop.name}: {loop.extent}" for loop in op.dims)
        raise NotAffine(f"its dims have impossible extents: {extents}")
    try:
        verify_statement(op, op.name)
    except Diagnostic as fault:
        raise NotAffine(f"its operands do not fit: {fault.message}") from None


def pointwise_dims(shape: Iterable[int]) -> dict[str, int]:
    """Dims `i0, i1, ...` over a shape."""
    return {f"i{axis}": extent for axis, extent in enumerate(shape)}


def accumulator(dtype: DType) -> DType | None:
    """The type of partial sums: f32 for narrower floats, the type itself else."""
    return DType("f32") if dtype.name in ("f16", "bf16", "fp8e4m3", "fp8e5m2", "f4") else None


def tensors_of(node: Op | Opaque) -> tuple[str, ...]:
    """All tensors that a node names."""
    if isinstance(node, Opaque):
        return (*node.reads, *node.writes)
    return named_tensors(node.result, node.value)


def _readers(graph: Graph) -> dict[str, list[Node]]:
    """The nodes that read each value; an output of the network is read by nobody in the graph."""
    found: dict[str, list[Node]] = {}
    for node in graph.nodes:
        for name in filter(None, node.inputs):
            found.setdefault(name, []).append(node)
    return found


def _sole(index: Affine) -> Affine:
    """The index stripped to a bare axis; constants stay."""
    return dim(index.terms[0][0]) if index.terms else index


def _positions(index: Affine, grid: Sequence[np.ndarray]) -> np.ndarray:
    out = np.zeros((1,) * len(grid), np.int64) + index.const
    for name, coefficient in index.terms:
        out = out + coefficient * grid[int(name)]
    return out
