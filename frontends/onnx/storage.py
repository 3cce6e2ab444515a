"""Where tensors are stored: an op's result put into another order or into a part of a larger one.

A tensor that only ops write has no storage order of its own yet. Writing it in the order that a
later reshape wants, or straight into its part of a concatenation, saves moving it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from ...ir.affine import Affine, interval
from ...ir.types import TensorKind
from ...ir.workload import Access, Apply, Op, Opaque, Read, Value, reads_of
from . import values
from .values import View

if TYPE_CHECKING:
    from .build import Builder

_MOST_USERS = 256
"""A tensor named by more ops is copied: moving it again and again would take quadratic time."""

Place = Callable[[tuple[Affine | Access, ...]], tuple[Affine | Access, ...]]
"""From an index into a tensor to the index of the same element in another."""


def reordered(b: Builder, view: View) -> View | None:
    """Stores a tensor in the axis order of a view of it, which then is the whole tensor.

    Returns:
        None where that cannot be: the view is no reordering of all axes, or something else than
        ops writes or reads the tensor.
    """
    tensor = b.tensors[view.tensor]
    order = values.permutation(view, tensor.shape)
    if order is None or not is_free(b, view.tensor):
        return None
    shown = (b.values[name] for name in b.standing[view.tensor] & b.shown)
    if any(other.tensor == view.tensor and other != view for other in shown):
        return None  # the network's user wants it in an order of its own
    b.tensors[view.tensor] = replace(tensor, shape=view.shape)
    relocate(
        b, view.tensor, view.tensor, lambda i: tuple(Affine() if o is None else i[o] for o in order)
    )
    return values.whole(view.tensor, view.shape)


def is_free(b: Builder, name: str) -> bool:
    """Whether only ops name a tensor, so that its storage can still be chosen."""
    tensor = b.tensors[name]
    used = (b.nodes[position] for position in b.users.get(name, ()))
    return (
        tensor.kind is TensorKind.TEMP
        and not b.reshaped.get(name)
        and all(isinstance(node, Op) for node in used)
    )


def placed(b: Builder, view: View, into: str, axis: int, offset: int) -> bool:
    """Makes a value part of a larger tensor, from `offset` on along an axis, if that can be.

    It cannot when the value is no whole tensor of its own, is an output of the network, or is
    read beyond its end on that axis.
    """
    if values.permutation(view, b.tensors[view.tensor].shape) is None:
        return False
    if not is_free(b, view.tensor) or not b.standing[view.tensor].isdisjoint(b.shown):
        return False
    if len(b.users[view.tensor]) > _MOST_USERS:
        return False
    whole = reordered(b, view)
    if whole is None or _reaches_out(b, whole, axis):
        return False

    def shift(index: tuple[Affine | Access, ...]) -> tuple[Affine | Access, ...]:
        here = index[axis]
        assert isinstance(here, Affine)  # `_reaches_out` refuses indirect accesses
        moved = replace(here, const=here.const + offset)
        return (*index[:axis], moved, *index[axis + 1 :])

    relocate(b, whole.tensor, into, shift)
    return True


def _reaches_out(b: Builder, whole: View, axis: int) -> bool:
    """Whether some access leaves the tensor on an axis, where other data would then stand."""
    for position in b.users[whole.tensor]:
        op = b.nodes[position]
        assert isinstance(op, Op)
        for access in accesses(op):
            if access.tensor != whole.tensor:
                continue
            index = access.index[axis]
            if isinstance(index, Access):
                return True
            low, high = interval(index, op.extents | _step(op))
            if low < 0 or high >= whole.shape[axis]:
                return True
    return False


def _step(op: Op) -> dict[str, int]:
    return {} if op.repeat is None else {op.repeat.name: op.repeat.extent}


def relocate(b: Builder, source: str, target: str, place: Place) -> None:
    """Lets all accesses and views of one tensor go to another, index by index."""
    positions = b.users.pop(source, set())
    for position in positions:
        node = b.nodes[position]
        assert isinstance(node, Op)
        b.nodes[position] = redirected(node, source, target, place)
    b.users.setdefault(target, set()).update(positions)
    for name in b.standing.pop(source, set()):
        view = b.values[name]
        if view.tensor == source:
            index = place(view.index)
            b.define(name, replace(view, tensor=target, index=index))  # type: ignore[arg-type]
    if target != source:
        del b.tensors[source]


def rename(b: Builder, old: str, new: str) -> None:
    """Gives a tensor another name, wherever it is named."""
    tensor = replace(b.tensors.pop(old), name=new)
    b.tensors[new] = tensor
    if tensor.of is not None:
        b.reshaped[tensor.of.name] = [new if v == old else v for v in b.reshaped[tensor.of.name]]
    for view in b.reshaped.get(old, ()):
        b.tensors[view] = replace(b.tensors[view], of=tensor)
    b.reshaped[new] = b.reshaped.pop(old, [])
    b.users[new] = b.users.pop(old, set())
    for position in b.users[new]:
        b.nodes[position] = _renamed(b.nodes[position], old, new)
    for name in b.standing.pop(old, set()):
        if b.values[name].tensor == old:
            b.define(name, replace(b.values[name], tensor=new))


def _renamed(node: Op | Opaque, old: str, new: str) -> Op | Opaque:
    if isinstance(node, Op):
        return redirected(node, old, new, lambda index: index)
    reads, writes = (
        tuple(new if name == old else name for name in names) for names in (node.reads, node.writes)
    )
    return replace(node, reads=reads, writes=writes)


def redirected(op: Op, source: str, target: str, place: Place) -> Op:
    """An op with its accesses to one tensor sent to another."""

    def access(a: Access) -> Access:
        index = tuple(access(i) if isinstance(i, Access) else i for i in a.index)
        return Access(target, place(index)) if a.tensor == source else replace(a, index=index)

    return replace(op, result=access(op.result), value=map_reads(op.value, access))


def map_reads(value: Value, change: Callable[[Access], Access]) -> Value:
    """A value with its accesses changed."""
    match value:
        case Read(access):
            return replace(value, access=change(access))
        case Apply(_, args):
            return replace(value, args=tuple(map_reads(arg, change) for arg in args))
        case _:
            return value


def accesses(op: Op) -> list[Access]:
    """All accesses of an op, indirect ones included."""
    pending = [op.result, *(read.access for read in reads_of(op.value))]
    for access in pending:
        pending += [index for index in access.index if isinstance(index, Access)]
    return pending
