"""Workloads: tensors, and ops that are one perfect nest of affine accesses each."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

from .affine import Affine, affine
from .text.source import Where
from .types import DType, Reduce, Role, TensorKind


@dataclass(frozen=True, slots=True)
class Dim:
    """An index of a nest and how many values it takes, from 0."""

    name: str
    extent: int
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Tensor:
    """A named array.

    Attributes:
        of: for a view, the tensor whose bytes it shows in another shape (row-major order of
            both, same number of elements, same type); never a view itself.
    """

    kind: TensorKind
    name: str
    dtype: DType
    shape: tuple[int, ...]
    of: Tensor | None = None
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)

    @property
    def elements(self) -> int:
        return prod(self.shape)

    @property
    def size_bits(self) -> int:
        return self.elements * self.dtype.bits

    @property
    def is_const(self) -> bool:
        return (self.of or self).kind is TensorKind.CONST


@dataclass(frozen=True, slots=True)
class Access:
    """`tensor[index, ...]`; an index that is itself an access is indirect (`x[ids[i], j]`).

    Attributes:
        index_at: the place of each index, for diagnostics; empty for an access built without text.
    """

    tensor: str
    index: tuple[Affine | Access, ...]
    index_at: tuple[Where, ...] = field(default=(), compare=False, repr=False, kw_only=True)
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


# ---- the value of a statement ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Read:
    """The value at an access; `pad` is what a read outside the tensor yields (`"0"`, `"-inf"`)."""

    access: Access
    pad: str | None = None


@dataclass(frozen=True, slots=True)
class Number:
    """A literal, as written."""

    text: str


@dataclass(frozen=True, slots=True)
class IndexValue:
    """`index(expr)`: the value of an affine expression of the dims."""

    index: Affine


@dataclass(frozen=True, slots=True)
class Apply:
    """A function of values: `add sub mul div neg` (written `+ - * /` and `-a`), or a named one."""

    function: str
    args: tuple[Value, ...]


Value = Read | Number | IndexValue | Apply


# ---- ops ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Op:
    """One perfect nest over `dims` with one statement `result reduce value`.

    Attributes:
        name: unique in its workload.
        dims: outer to inner as written; the order has no meaning for a mapping.
        acc: precision of partial sums; None means the result's own type.
        repeat: the step of an enclosing `repeat` block: the op runs `repeat.extent` times in
            sequence (a recurrent layer's time steps) and its accesses may name the step.
        source: provenance, `file.onnx#node`.
        tensors: the tensors that its accesses name, so that an op can be mapped on its own.
        workload: name of the workload it belongs to, for the text of its mappings.
    """

    name: str
    dims: tuple[Dim, ...]
    result: Access
    reduce: Reduce
    value: Value
    tensors: tuple[Tensor, ...]
    acc: DType | None = None
    repeat: Dim | None = None
    source: str | None = None
    workload: str = field(default="", compare=False)
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)

    @property
    def extents(self) -> dict[str, int]:
        return {dim.name: dim.extent for dim in self.dims}

    @property
    def points(self) -> int:
        """Points of the nest, of one execution."""
        return prod(dim.extent for dim in self.dims)

    @property
    def times(self) -> int:
        """How often the op runs in one run of its workload."""
        return 1 if self.repeat is None else self.repeat.extent


@dataclass(frozen=True, slots=True)
class Opaque:
    """An operator without an affine body (a sort, NMS): named, sized, and said why.

    Attributes:
        kind: the operator's type in its origin (`TopK`).
        why: the reason, for the report.
        macs: multiply-accumulates of one run that are lost with it, 0 when it has none.
    """

    name: str
    kind: str
    why: str
    dims: tuple[Dim, ...] = ()
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    macs: int = 0
    source: str | None = None
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Workload:
    """Tensors by name, and the nodes in an order in which they can run."""

    name: str
    tensors: dict[str, Tensor]
    nodes: tuple[Op | Opaque, ...]
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)

    @property
    def ops(self) -> dict[str, Op]:
        """The ops by name, in order."""
        return {node.name: node for node in self.nodes if isinstance(node, Op)}

    @property
    def opaques(self) -> tuple[Opaque, ...]:
        return tuple(node for node in self.nodes if isinstance(node, Opaque))


# ---- operands -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Operand:
    """One access of an op, as the hardware sees it.

    Attributes:
        name: the tensor's name; a second access to the same tensor is `x#2`, a third `x#3`.
        role: which of the hardware's roles it plays.
        axes: one affine expression per axis. An indirect axis (`x[ids[i], j]`) is replaced by the
            axes of its index tensor: one element is taken per point of `i`, wherever it stands,
            and two equal indices are two elements. That is what a gather without a cache moves.
        padded: reads outside the tensor are defined.
        indirect: some axis is an indirect one.
    """

    name: str
    tensor: Tensor
    role: Role
    axes: tuple[Affine, ...]
    padded: bool = False
    indirect: bool = False

    @property
    def is_output(self) -> bool:
        return self.role is Role.OUTPUT


def reads_of(value: Value) -> tuple[Read, ...]:
    """The reads of a value, left to right."""
    match value:
        case Read():
            return (value,)
        case Apply(_, args):
            return tuple(read for arg in args for read in reads_of(arg))
        case _:
            return ()


def operands(op: Op) -> tuple[Operand, ...]:
    """The operands of an op: its distinct reads in order, then its result.

    Roles: a constant is a weight; the first other read is the input; a second read that is no
    constant is the weight of a product of two activations; any further one is a weight when it
    is constant, else an input; the result is the output.
    An index tensor of an indirect access is an operand of its own, before the tensor it indexes.
    The enclosing repeat's step is fixed during an execution and drops out of the axes.
    """
    found: list[tuple[Access, bool]] = []
    for read in reads_of(op.value):
        for access in with_indices(read.access):
            padded = read.pad is not None and access is read.access
            if all(access != earlier for earlier, _ in found):
                found.append((access, padded))
    for access in with_indices(op.result)[:-1]:
        if all(access != earlier for earlier, _ in found):
            found.append((access, False))
    tensors = {tensor.name: tensor for tensor in op.tensors}
    out: list[Operand] = []
    for position, (access, padded) in enumerate(found):
        tensor = tensors[access.tensor]
        role = _read_role(position, tensor.is_const, [entry.role for entry in out])
        out.append(_operand(access, tensor, role, padded, out, op.repeat))
    result = tensors[op.result.tensor]
    out.append(_operand(op.result, result, Role.OUTPUT, False, out, op.repeat))
    return tuple(out)


def named_tensors(result: Access, value: Value) -> tuple[str, ...]:
    """The tensors that a statement names, each once: its reads in order, then its result.

    An index tensor stands before the tensor that it indexes. `Op.tensors` has this order.
    """
    accesses = [*(read.access for read in reads_of(value)), result]
    names = [inner.tensor for access in accesses for inner in with_indices(access)]
    return tuple(dict.fromkeys(names))


def with_indices(access: Access) -> list[Access]:
    """An access and, before it, those that its indirect indices make."""
    inner = [a for index in access.index if isinstance(index, Access) for a in with_indices(index)]
    return [*inner, access]


def _read_role(position: int, const: bool, earlier: list[Role]) -> Role:
    if const:
        return Role.WEIGHT
    return Role.WEIGHT if position == 1 and Role.INPUT in earlier else Role.INPUT


def _operand(
    access: Access,
    tensor: Tensor,
    role: Role,
    padded: bool,
    earlier: list[Operand],
    repeat: Dim | None,
) -> Operand:
    again = 1 + sum(operand.tensor.name == tensor.name for operand in earlier)
    step = "" if repeat is None else repeat.name
    axes = tuple(
        affine({name: c for name, c in index.terms if name != step}, index.const)
        for index in _flat_axes(access)
    )
    name = tensor.name if again == 1 else f"{tensor.name}#{again}"
    return Operand(name, tensor, role, axes, padded, len(with_indices(access)) > 1)


def _flat_axes(access: Access) -> list[Affine]:
    return [
        axis
        for index in access.index
        for axis in ([index] if isinstance(index, Affine) else _flat_axes(index))
    ]
