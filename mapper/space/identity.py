"""When two ops are the same problem: equal but for the names of ops and tensors."""

from __future__ import annotations

from ...ir.affine import Affine
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
        terms = tuple(sorted(term for term in index.terms if term[0] != step))
        # Within a repeat the constant only says which step's part of a tensor is meant.
        return terms, index.const if step is None or step not in index.dims else 0

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
    tensors = tuple(
        (by_name[name].dtype, by_name[name].shape, by_name[name].is_const) for name in numbers
    )
    dims = tuple((dim.name, dim.extent) for dim in op.dims)
    return dims, op.reduce, body, op.acc, tensors
