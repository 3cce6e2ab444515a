"""What holds of every workload: shapes, names, accesses inside their tensors, reductions.

The `.nest` parser and the frontends build workloads and have them checked here, by the same rules.
Every count of a nest stays below 2^62 bits, so that the evaluator may use 64-bit integers: an
extent is at most 2^40; the points of an op, the elements of a tensor and the box that an access
reaches are at most 2^56; an element has at most 64 bits.
"""

from __future__ import annotations

from itertools import groupby

from ..text.diagnostic import Diagnostic
from ..text.expr import LARGEST_COUNT
from ..text.grammar import near_name
from ..text.source import Where
from ..types import TensorKind
from ..workload import Dim, Op, Opaque, Tensor, Workload, named_tensors, reads_of, with_indices
from .place import also, label
from .statement import LARGEST_NEST, verify_statement


def verify_workload(workload: Workload) -> None:
    """Check a workload.

    Raises:
        Diagnostic: at the first thing that is wrong.
    """
    owner = f"workload {workload.name}"
    _check_name(workload.name, workload.at, owner)
    for name, tensor in workload.tensors.items():
        _check_tensor(name, tensor, workload)
    first: dict[str, Op | Opaque] = {}
    for node in workload.nodes:
        _check_name(node.name, node.at, owner)
        if first.setdefault(node.name, node) is not node:
            raise _taken(node.name, node.at, first[node.name].at, owner)
        if isinstance(node, Op):
            _check_op(node, workload)
        else:
            _check_opaque(node, workload)
    _check_repeats(workload)
    _check_order(workload)


def _check_name(name: str, at: Where | None, owner: str) -> None:
    if not name or "\n" in name or "\r" in name:
        raise Diagnostic(
            "a name must have a character and no line break", label(at, owner, repr(name))
        )


def _taken(name: str, at: Where | None, first: Where | None, owner: str) -> Diagnostic:
    return Diagnostic(
        f"the name `{name}` is taken", label(at, owner), also((first, "first used here"))
    )


# ---- tensors --------------------------------------------------------------------------------


def _check_tensor(name: str, tensor: Tensor, workload: Workload) -> None:
    owner = f"tensor {name} of workload {workload.name}"
    _check_name(tensor.name, tensor.at, owner)
    if name != tensor.name:
        raise Diagnostic(f"the tensor `{tensor.name}` stands under the name `{name}`")
    for extent in tensor.shape:
        _check_extent(extent, tensor.at, owner)
    if tensor.elements > LARGEST_NEST:
        shape = "*".join(map(str, tensor.shape))
        reason = f"{shape} = {tensor.elements} elements, more than 2^56"
        raise Diagnostic(f"the tensor `{name}` is too large", label(tensor.at, owner, reason))
    if (tensor.kind is TensorKind.VIEW) != (tensor.of is not None):
        message = f"`{name}` must be a view and have a tensor that it is of, or neither"
        raise Diagnostic(message, label(tensor.at, owner))
    if tensor.of is not None:
        _check_view(tensor, tensor.of, workload, owner)


def _check_extent(extent: int, at: Where | None, owner: str) -> None:
    if extent < 1:
        raise Diagnostic("an extent must be 1 or more", label(at, owner, f"is {extent}"))
    if extent > LARGEST_COUNT:
        reason = f"{extent} is beyond 2^40: counts of a nest would leave 64 bits"
        raise Diagnostic("an extent is too large", label(at, owner, reason))


def _check_view(view: Tensor, base: Tensor, workload: Workload, owner: str) -> None:
    declared = also((base.at, f"`{base.name}` is declared here"))
    if base.kind is TensorKind.VIEW:
        at = label(view.at, owner, f"`{base.name}` is itself a view")
        help_text = f"write `of {base.of.name}`" if base.of else ""
        raise Diagnostic("a view is of a tensor that has bytes", at, declared, help_text)
    if workload.tensors.get(base.name) != base:
        at = label(view.at, owner)
        raise Diagnostic(f"`{view.name}` is a view of `{base.name}`, which is not declared", at)
    if view.dtype != base.dtype:
        at = label(view.at, owner, f"{view.dtype} is not {base.dtype}")
        help_text = f"write `{view.name} : {base.dtype}[...]`"
        raise Diagnostic("a view has the type of its tensor", at, declared, help_text)
    if view.elements != base.elements:
        counts = f"{_sizes(view)} elements, `{base.name}` has {_sizes(base)}"
        raise Diagnostic(
            f"the view `{view.name}` has not the size of `{base.name}`",
            label(view.at, owner, counts),
            declared,
            "choose a shape with as many elements",
        )


def _sizes(tensor: Tensor) -> str:
    factors = "*".join(map(str, tensor.shape))
    return f"{factors} = {tensor.elements}" if len(tensor.shape) > 1 else str(tensor.elements)


# ---- nodes ----------------------------------------------------------------------------------


def _check_op(op: Op, workload: Workload) -> None:
    owner = f"op {op.name} of workload {workload.name}"
    _check_dims((*([op.repeat] if op.repeat else []), *op.dims), owner)
    points = op.points * op.times
    if points > LARGEST_NEST:
        factors = "*".join(str(dim.extent) for dim in op.dims)
        reason = f"{factors}{f', {op.times} times' if op.repeat else ''} = {points}"
        at = label(op.at, owner, f"{reason} points, more than 2^56")
        raise Diagnostic(f"the op `{op.name}` is too large", at)
    if op.source is not None:
        _check_string(op.source, op.at, owner)
    carried = {tensor.name: tensor for tensor in op.tensors}
    names = named_tensors(op.result, op.value)
    for name in names:
        if name not in workload.tensors:
            at, help_text = label(op.at, owner), near_name(name, workload.tensors)
            raise Diagnostic(f"unknown tensor `{name}`", at, help=help_text)
    if tuple(carried) != names or any(carried[n] != workload.tensors[n] for n in names):
        message = f"`{op.name}` must carry the tensors of its statement: {', '.join(names)}"
        raise Diagnostic(message, label(op.at, owner))
    verify_statement(op, owner)
    _check_writable(workload.tensors[op.result.tensor], op.result.at or op.at, owner)


def _check_dims(dims: tuple[Dim, ...], owner: str) -> None:
    first: dict[str, Dim] = {}
    for dim in dims:
        _check_name(dim.name, dim.at, owner)
        _check_extent(dim.extent, dim.at, f"dim {dim.name} of {owner}")
        if first.setdefault(dim.name, dim) is not dim:
            raise _taken(dim.name, dim.at, first[dim.name].at, owner)


def _check_string(text: str, at: Where | None, owner: str) -> None:
    if "\n" in text or "\r" in text:
        raise Diagnostic("a string stands on one line", label(at, owner, repr(text)))


def _check_writable(tensor: Tensor, at: Where | None, owner: str) -> None:
    base = tensor.of or tensor
    if base.kind in (TensorKind.INPUT, TensorKind.CONST):
        raise Diagnostic(
            f"`{base.name}` is written, but declared `{base.kind}`",
            label(at, owner),
            also((base.at, "declared here")),
            "declare it `temp`, `state` or `output`",
        )


def _check_opaque(opaque: Opaque, workload: Workload) -> None:
    owner = f"opaque {opaque.name} of workload {workload.name}"
    _check_dims(opaque.dims, owner)
    for text in (opaque.kind, opaque.why, opaque.source or ""):
        _check_string(text, opaque.at, owner)
    if opaque.macs < 0:
        raise Diagnostic("`macs` must be 0 or more", label(opaque.at, owner, f"is {opaque.macs}"))
    for name in (*opaque.reads, *opaque.writes):
        if name not in workload.tensors:
            at, help_text = label(opaque.at, owner), near_name(name, workload.tensors)
            raise Diagnostic(f"unknown tensor `{name}`", at, help=help_text)
    for name in opaque.writes:
        _check_writable(workload.tensors[name], opaque.at, owner)


# ---- the order of nodes ---------------------------------------------------------------------


def _step(node: Op | Opaque) -> Dim | None:
    return node.repeat if isinstance(node, Op) else None


def _check_repeats(workload: Workload) -> None:
    """A step belongs to one block, whose ops stand together."""
    first: dict[str, Dim] = {}
    for step, nodes in groupby(workload.nodes, _step):
        if step is None:
            continue
        if step.name in first:
            at = label(step.at, f"op {next(nodes).name} of workload {workload.name}")
            places = also((first[step.name].at, "the other block"))
            message = f"two repeat blocks have the step `{step.name}`"
            raise Diagnostic(message, at, places, "give each block a step of its own name")
        first[step.name] = step


def _check_order(workload: Workload) -> None:
    """Nothing is read before it is written; the ops of a repeat block may feed its next step."""
    written: set[str] = set()
    for step, nodes in groupby(workload.nodes, _step):
        block = tuple(nodes)
        for node in block:
            if step is not None:
                written.update(name for inner in block for name in _bases(inner, workload)[1])
            reads, writes = _bases(node, workload)
            for name in reads:
                kind = workload.tensors[name].kind
                if kind in (TensorKind.TEMP, TensorKind.OUTPUT) and name not in written:
                    raise _unwritten(name, node, workload)
            written.update(writes)


def _bases(node: Op | Opaque, workload: Workload) -> tuple[list[str], list[str]]:
    """The tensors whose bytes a node reads and writes."""
    if isinstance(node, Op):
        accesses = [a for read in reads_of(node.value) for a in with_indices(read.access)]
        reads = [access.tensor for access in (*accesses, *with_indices(node.result)[:-1])]
        writes = [node.result.tensor]
    else:
        reads, writes = list(node.reads), list(node.writes)
    return [_base(name, workload) for name in reads], [_base(name, workload) for name in writes]


def _base(name: str, workload: Workload) -> str:
    return (workload.tensors[name].of or workload.tensors[name]).name


def _unwritten(name: str, node: Op | Opaque, workload: Workload) -> Diagnostic:
    writers = [n.name for n in workload.nodes if name in _bases(n, workload)[1]]
    help_text = (
        f"move `{writers[0]}` above `{node.name}`"
        if writers and writers[0] != node.name
        else f"write it first, or declare `{name}` as `input`, `const` or `state`"
    )
    tensor = workload.tensors[name]
    return Diagnostic(
        f"`{node.name}` reads `{name}` before anything has written it",
        label(node.at, f"workload {workload.name}"),
        also((tensor.at, f"declared `{tensor.kind}` here")),
        help_text,
    )
