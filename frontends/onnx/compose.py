"""Pointwise ops into their only reader: one nest fewer, and no tensor between them."""

from __future__ import annotations

from dataclasses import replace

from ...ir.affine import Affine, substitute
from ...ir.types import DType, Reduce, TensorKind
from ...ir.workload import Access, Apply, Op, Read, Tensor, Value, reads_of
from .build import Builder, tensors_of
from .storage import map_reads

_LARGEST = 64
_DEEPEST = 32
"""Parts and levels a composed value may have: statements stay readable, recursion shallow."""


def compose(b: Builder) -> None:
    """Composes each pointwise op whose result one other pointwise op alone reads, once.

    The reader must visit every element at most once, so that nothing is computed twice.
    """
    gone: set[int] = set()
    for position in range(len(b.nodes)):
        reader = _sole_reader(b, position)
        if reader is None:
            continue
        joined = _joined(b, position, reader)
        if joined is None:
            continue
        b.nodes[reader] = joined
        gone.add(position)
        for tensor in tensors_of(b.nodes[position]):
            b.users[tensor].discard(position)
        b.note_users(reader)
    b.nodes = [node for position, node in enumerate(b.nodes) if position not in gone]


def _sole_reader(b: Builder, position: int) -> int | None:
    """The position of the only other node that names a pointwise op's result."""
    op = b.nodes[position]
    if not isinstance(op, Op) or not _is_pointwise(op):
        return None
    tensor = b.tensors[op.result.tensor]
    if tensor.kind is not TensorKind.TEMP or b.reshaped.get(tensor.name):
        return None
    others = b.users[tensor.name] - {position}
    if len(others) != 1 or not _keeps_values(b, op, tensor):
        return None
    (reader,) = others
    node = b.nodes[reader]
    return reader if reader > position and isinstance(node, Op) and _is_pointwise(node) else None


def _is_pointwise(op: Op) -> bool:
    return op.reduce is Reduce.ASSIGN and op.repeat is None


def _keeps_values(b: Builder, op: Op, tensor: Tensor) -> bool:
    """Whether storing the result changes no value: a cast to a narrower integer would."""
    if tensor.dtype.name[0] not in "iu":
        return True
    kept = (tensor.dtype, DType("bool"))
    return all(b.tensors[read.access.tensor].dtype in kept for read in reads_of(op.value))


def _joined(b: Builder, position: int, reader: int) -> Op | None:
    """The reader with the op's value in place of the read; None where it is read otherwise."""
    op, after = b.nodes[position], b.nodes[reader]
    assert isinstance(op, Op) and isinstance(after, Op)
    name = op.result.tensor
    found = [read for read in reads_of(after.value) if _names(read.access, name)]
    if len(found) != 1 or found[0].access.tensor != name or found[0].pad is not None:
        return None
    if _names(after.result, name) or _size(op.value) + _size(after.value) > _LARGEST:
        return None
    if _depth(op.value) + _depth(after.value) > _DEEPEST:
        return None
    places = _places(op, after, found[0].access)
    if places is None:
        return None
    value = _replaced(after.value, name, map_reads(op.value, lambda a: _moved(a, places)))
    sources = dict.fromkeys(f"{op.source}+{after.source}".split("+"))
    return replace(after, value=value, source="+".join(sources))


def _names(access: Access, tensor: str) -> bool:
    inner = any(isinstance(i, Access) and _names(i, tensor) for i in access.index)
    return access.tensor == tensor or inner


def _size(value: Value) -> int:
    return 1 + sum(_size(arg) for arg in value.args) if isinstance(value, Apply) else 1


def _depth(value: Value) -> int:
    return 1 + max(map(_depth, value.args)) if isinstance(value, Apply) else 1


def _places(op: Op, after: Op, read: Access) -> dict[str, Affine] | None:
    """What the op's dims are in terms of the reader's dims.

    None unless the op writes plain indices and the reader reads each element at most once.
    """
    places: dict[str, Affine] = {}
    used: list[str] = []
    for written, asked in zip(op.result.index, read.index, strict=True):
        if not isinstance(written, Affine) or not isinstance(asked, Affine) or written.const:
            return None
        if len(asked.terms) > 1 or len(written.terms) > 1:
            return None
        used += asked.dims
        if written.terms:
            (name, coefficient) = written.terms[0]
            if coefficient != 1 or name in places:
                return None
            places[name] = asked
    wide = [dim.name for dim in after.dims if dim.extent > 1]
    if len(set(used)) != len(used) or not set(wide) <= set(used):
        return None
    if any(dim.extent > 1 and dim.name not in places for dim in op.dims):
        return None
    return {dim.name: places.get(dim.name, Affine()) for dim in op.dims}


def _moved(access: Access, places: dict[str, Affine]) -> Access:
    index = tuple(
        _moved(i, places) if isinstance(i, Access) else substitute(i, places) for i in access.index
    )
    return replace(access, index=index)


def _replaced(value: Value, tensor: str, by: Value) -> Value:
    match value:
        case Read(access):
            return by if access.tensor == tensor else value
        case Apply(_, args):
            return replace(value, args=tuple(_replaced(arg, tensor, by) for arg in args))
        case _:
            return value
