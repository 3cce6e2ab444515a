"""What holds of an op's statement: accesses inside their tensors, values, reductions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import prod

from ..affine import Affine, extent, interval
from ..text.diagnostic import Diagnostic, crop
from ..text.expr import NAME_PATTERN
from ..text.grammar import near_name
from ..text.source import Where
from ..types import Reduce, TensorKind
from ..workload import Access, Apply, IndexValue, Number, Op, Read, Tensor, Value
from .place import also, label

LARGEST_NEST = 2**56
"""The most points of an op, elements of a tensor, or positions that an access spans."""

DEEPEST_VALUE = 45
"""How deep a value may be nested: fewer levels than the brackets that its text may need."""

_NUMBER = re.compile(r"(0|[1-9][0-9_]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?|inf|nan")
_PAD = re.compile(r"-?([0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?|inf)")
_ARITY = {"add": 2, "sub": 2, "mul": 2, "div": 2, "neg": 1}


def verify_statement(op: Op, owner: str) -> None:
    """Check the statement of an op whose dims and tensors are already known to be right.

    Args:
        owner: names the op where it has no place in a text.

    Raises:
        Diagnostic: at the first thing that is wrong.
    """
    extents = {**op.extents, **({op.repeat.name: op.repeat.extent} if op.repeat else {})}
    checker = _StatementChecker({tensor.name: tensor for tensor in op.tensors}, extents, op, owner)
    checker.check_value(op.value)
    checker.check_access(op.result, padded=False)
    _check_reduction(op, owner)


class _StatementChecker:
    """Walks the statement of one op."""

    def __init__(
        self, tensors: dict[str, Tensor], extents: dict[str, int], op: Op, owner: str
    ) -> None:
        self._tensors = tensors
        self._extents = extents
        self._op = op
        self._owner = owner

    def check_value(self, value: Value, depth: int = 1) -> None:
        if depth > DEEPEST_VALUE:
            reason = f"more than {DEEPEST_VALUE} functions inside each other"
            at = label(self._op.at, self._owner, reason)
            raise Diagnostic("the value is nested too deeply", at, help="split the op in two")
        match value:
            case Read(access, pad):
                self._check_literal(pad or "0", _PAD)
                self.check_access(access, padded=pad is not None)
            case Number(text):
                self._check_literal(text, _NUMBER)
            case IndexValue(index):
                self._check_dims(index, self._op.at)
            case Apply(function, args):
                self._check_function(function, len(args))
                for arg in args:
                    self.check_value(arg, depth + 1)

    def _check_literal(self, text: str, pattern: re.Pattern[str]) -> None:
        if pattern.fullmatch(text) is None:
            at = label(self._op.at, self._owner)
            raise Diagnostic(f"`{crop(text)}` is no number of the language", at)

    def _check_function(self, function: str, given: int) -> None:
        at = label(self._op.at, self._owner)
        if NAME_PATTERN.fullmatch(function) is None or function in ("pad", "index"):
            raise Diagnostic(f"`{crop(function)}` is no name of a function", at)
        wanted = _ARITY.get(function, max(given, 1))
        if given != wanted:
            raise Diagnostic(f"`{function}` takes {wanted} values, {given} are given", at)

    def check_access(self, access: Access, *, padded: bool) -> None:
        tensor = self._tensors[access.tensor]
        at = access.at or self._op.at
        if len(access.index) != len(tensor.shape):
            axes, given = len(tensor.shape), len(access.index)
            reason = f"{given} subscript{'s' * (given != 1)} for {axes} ax{'ei'[axes == 1]}s"
            raise Diagnostic(
                f"`{access.tensor}` has not as many axes as subscripts",
                label(at, self._owner, reason),
                also((tensor.at, f"declared as {_declared(tensor)}")),
            )
        for axis, index in enumerate(access.index):
            index_at = access.index_at[axis] if access.index_at else at
            if isinstance(index, Access):
                self._check_index_tensor(index, index_at)
                continue
            self._check_dims(index, index_at)
            if not padded:
                self._check_range(access, axis, index, index_at)
        self._check_box(access, at)

    def _check_dims(self, index: Affine, at: Where | None) -> None:
        for name in index.dims:
            if name not in self._extents:
                help_text = near_name(name, self._extents)
                raise Diagnostic(f"unknown dim `{name}`", label(at, self._owner), help=help_text)

    def _check_index_tensor(self, access: Access, at: Where | None) -> None:
        self.check_access(access, padded=False)
        tensor = self._tensors[access.tensor]
        if tensor.dtype.name[0] not in "iu":
            reason = f"`{access.tensor}` is {tensor.dtype}"
            places = also((tensor.at, "declared here"))
            raise Diagnostic("an index is an integer", label(at, self._owner, reason), places)

    def _check_range(self, access: Access, axis: int, index: Affine, at: Where | None) -> None:
        tensor = self._tensors[access.tensor]
        low, high = interval(index, self._extents)
        size = tensor.shape[axis]
        if low >= 0 and high < size:
            return
        is_result = access is self._op.result
        name = tensor.name
        raise Diagnostic(
            f"`{index}` leaves axis {axis} of `{name}`",
            label(at, self._owner, f"runs from {low} to {high}, the axis from 0 to {size - 1}"),
            also((tensor.at, f"declared as {_declared(tensor)}")),
            f"make `{name}` larger, or the dims smaller"
            if is_result
            else f"write `pad({name}[...], 0)` to read 0 there, or mend the subscript",
        )

    def _check_box(self, access: Access, at: Where | None) -> None:
        box = prod(extent(index, self._extents) for index in _affine_axes(access))
        if box > LARGEST_NEST:
            reason = f"spans {box} positions, more than 2^56"
            raise Diagnostic("the access reaches too far", label(at, self._owner, reason))


def _declared(tensor: Tensor) -> str:
    return f"`{tensor.name} : {tensor.dtype}[{', '.join(map(str, tensor.shape))}]`"


def _affine_axes(access: Access) -> Iterator[Affine]:
    for index in access.index:
        if isinstance(index, Affine):
            yield index
        else:
            yield from _affine_axes(index)


# ---- reductions -----------------------------------------------------------------------------


def _check_reduction(op: Op, owner: str) -> None:
    """`=` writes each element once; the others combine several points in one element."""
    at = op.result.at or op.at
    places = {dim.name: dim.at for dim in op.dims}
    absent = [dim.name for dim in op.dims if dim.name not in _left_dims(op.result)]
    several = [name for name in absent if op.extents[name] > 1]
    if op.reduce is Reduce.ASSIGN and several:
        name = several[0]
        raise Diagnostic(
            f"`=` writes each element once, but `{name}` is missing on the left side",
            label(at, owner, f"written {op.extents[name]} times, once for each `{name}`"),
            also((places[name], f"`{name}` has {op.extents[name]} points")),
            f"write `+=`, `max=`, `min=` or `*=` to combine them, or add `{name}` to the left side",
        )
    shared = _shared_dims(op)
    if op.reduce is Reduce.ASSIGN and shared:
        names = ", ".join(f"`{name}`" for name in shared)
        raise Diagnostic(
            "`=` writes each element once, but here points may meet in one",
            label(at, owner, f"{names} share an axis, with steps that overlap"),
            help="write `+=` to add them up, or give each dim an axis or a range of its own",
        )
    combines = absent or any(len(index.terms) > 1 for index in _affine_axes(op.result))
    indirect = any(isinstance(index, Access) for index in op.result.index)
    if op.reduce is not Reduce.ASSIGN and not combines and not indirect and not _is_state(op):
        raise Diagnostic(
            f"`{op.reduce}` has nothing to combine",
            label(at, owner, "every point has an element of its own"),
            help="write `=`; or declare the tensor `state` to go on from its old values",
        )


def _left_dims(access: Access) -> set[str]:
    return {name for index in _affine_axes(access) for name in index.dims}


def _is_state(op: Op) -> bool:
    tensor = next(tensor for tensor in op.tensors if tensor.name == op.result.tensor)
    return (tensor.of or tensor).kind is TensorKind.STATE


def _shared_dims(op: Op) -> list[str]:
    """Dims of the left side whose value the element written does not tell.

    An axis tells its dims when each step is larger than all that the smaller ones reach
    (`16*g + k` with 16 `k`); dims told by one axis are known on the others.
    """
    indirect = [index for index in op.result.index if isinstance(index, Access)]
    told = {name for index in indirect for name in _left_dims(index)}
    told |= {dim.name for dim in op.dims if dim.extent == 1}
    axes = [index for index in op.result.index if isinstance(index, Affine)]
    unknown = {name for index in axes for name in index.dims if name in op.extents} - told
    while unknown:
        found = {name for index in axes for name in _told_by(index, unknown, op.extents)}
        if not found:
            return sorted(unknown)
        unknown -= found
    return []


def _told_by(index: Affine, unknown: set[str], extents: dict[str, int]) -> list[str]:
    terms = sorted((abs(c), name) for name, c in index.terms if name in unknown)
    reach = 0
    for coefficient, name in terms:
        if coefficient <= reach:
            return []
        reach += coefficient * (extents[name] - 1)
    return [name for _, name in terms]
