"""When two ops are the same problem: equal but for the names of ops and tensors."""

from __future__ import annotations

from ...ir.affine import Affine
from ...ir.types import TensorKind
from ...ir.workload import Access, Apply, IndexValue, Op, Read, Value


def shape_key(op: Op) -> tuple[object, ...]:
    """A key that is equal for ops that any chip maps alike.

    Names of the op and of its tensors, its provenance, and how often it repeats do not count;
    the names of dims do, for dataflows speak of them.
    """
    numbers: dict[str, int] = {}
    step = None if op.repeat is None else op.repeat.name

    def access(a: Access) -> tuple[object, ...]:
        number = numbers.setdefault(a.tensor, len(numbers))
        return number, tuple(access(i) if isinstance(i, Access) else axis(i) for i in a.index)

    def axis(index: Affine) -> tuple[object, ...]:
        return tuple(sorted(term for term in index.terms if term[0] != step)), index.const

    def value(v: Value) -> tuple[object, ...]:
        match v:
            case Read():
                return "read", access(v.access), v.pad
            case Apply():
                return v.function, *(value(arg) for arg in v.args)
            case IndexValue():
                return "index", axis(v.index)
            case _:
                return "number", v.text

    body = (value(op.value), access(op.result))
    by_name = {tensor.name: tensor for tensor in op.tensors}
    used = [by_name[name] for name in numbers]
    homes = [tensor.of or tensor for tensor in used]
    # Whose bytes a tensor shows decides what is in place; a state is never empty at its home.
    tensors = tuple(
        (tensor.dtype, tensor.shape, homes.index(home), _standing(home.kind))
        for tensor, home in zip(used, homes, strict=True)
    )
    dims = tuple((dim.name, dim.extent) for dim in op.dims)
    return dims, op.reduce, body, op.acc, tensors


def _standing(kind: TensorKind) -> TensorKind:
    """What of a tensor's kind a chip can tell: constants and states; all others are alike."""
    return kind if kind in (TensorKind.CONST, TensorKind.STATE) else TensorKind.TEMP
