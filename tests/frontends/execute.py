"""Executes a workload with values, slowly: each op on the full grid of its dims."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import groupby

import numpy as np

from tilewright.ir.affine import Affine
from tilewright.ir.types import DType, Reduce
from tilewright.ir.workload import (
    Access,
    Apply,
    IndexValue,
    Number,
    Op,
    Opaque,
    Read,
    Value,
    Workload,
)

Arrays = dict[str, np.ndarray]
Grid = Mapping[str, np.ndarray]

FUNCTIONS: dict[str, Callable[..., np.ndarray]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "neg": np.negative,
    "max": np.maximum,
    "min": np.minimum,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "square": np.square,
    "abs": np.abs,
    "sign": np.sign,
    "floor": np.floor,
    "ceil": np.ceil,
    "round": np.round,
    "trunc": np.trunc,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "erf": np.vectorize(math.erf, otypes=[np.float64]),
    "pow": np.power,
    "quotient": lambda a, b: np.trunc(np.divide(a, b)),
    "remainder": np.fmod,
    "modulo": np.mod,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
    "land": np.logical_and,
    "lor": np.logical_or,
    "lxor": np.logical_xor,
    "lnot": np.logical_not,
    "select": lambda c, a, b: np.where(c != 0, a, b),
    "isnan": np.isnan,
    "isinf": np.isinf,
    "band": lambda a, b: a.astype(np.int64) & b.astype(np.int64),
    "bor": lambda a, b: a.astype(np.int64) | b.astype(np.int64),
    "bnot": lambda a: ~a.astype(np.int64),
    "bxor": lambda a, b: a.astype(np.int64) ^ b.astype(np.int64),
    "shl": lambda a, b: a.astype(np.uint64) << b.astype(np.uint64),
    "shr": lambda a, b: a.astype(np.uint64) >> b.astype(np.uint64),
    **{
        name: getattr(np, "arc" + name[1:] if name.startswith("a") else name)
        for name in [
            "sin",
            "cos",
            "tan",
            "asin",
            "acos",
            "atan",
            "sinh",
            "cosh",
            "asinh",
            "acosh",
            "atanh",
        ]
    },
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    **{name: getattr(np, "arc" + name[1:]) for name in ("asinh", "acosh", "atanh")},
}
COMBINE = {
    Reduce.ADD: np.add,
    Reduce.MUL: np.multiply,
    Reduce.MAX: np.maximum,
    Reduce.MIN: np.minimum,
}


def numpy_type(dtype: DType) -> np.dtype:
    """Wide enough to hold the type's values; 16-bit floats are kept as they are."""
    if dtype.name == "bool":
        return np.dtype(bool)
    kind = {"i": "int", "u": "uint", "f": "float", "b": "float"}[dtype.name[0]]
    exact = dtype.bits >= 8 and dtype.name[:2] not in ("bf", "fp")
    return np.dtype(f"{kind}{dtype.bits}" if exact else f"{kind}32")


def execute(workload: Workload, given: Mapping[str, np.ndarray]) -> Arrays:
    """All tensors after one run.

    Args:
        given: inputs and constants by tensor name.
    """
    arrays: Arrays = {}
    for tensor in workload.tensors.values():
        if tensor.of is None:
            blank = np.zeros(tensor.shape, numpy_type(tensor.dtype))
            # What an op leaves unwritten shows as NaN, or as a value nobody expects.
            blank[...] = np.nan if blank.dtype.kind == "f" else blank.dtype.type(1)
            arrays[tensor.name] = given.get(tensor.name, blank).reshape(tensor.shape).copy()
    for tensor in workload.tensors.values():
        if tensor.of is not None:
            arrays[tensor.name] = arrays[tensor.of.name].reshape(tensor.shape)
    for repeat, block in groupby(workload.nodes, key=lambda n: getattr(n, "repeat", None)):
        ops = list(block)
        for step in range(1 if repeat is None else repeat.extent):
            for op in ops:
                if isinstance(op, Opaque):
                    raise NotImplementedError(f"{op.name}: {op.why}")
                run(op, arrays, step)
    return arrays


def run(op: Op, arrays: Arrays, step: int) -> None:
    extents = [dim.extent for dim in op.dims]
    axes = np.indices(extents, sparse=True) if extents else ()
    grid: dict[str, np.ndarray] = dict(zip((d.name for d in op.dims), axes, strict=True))
    if op.repeat is not None:
        grid[op.repeat.name] = np.asarray(step)
    with np.errstate(all="ignore"):
        value = np.broadcast_to(evaluate(op.value, arrays, grid), extents)
    target = tuple(np.broadcast_to(index, extents) for index in indices(op.result, arrays, grid))
    array = arrays[op.result.tensor]
    for place, written in zip(target, op.result.index, strict=True):
        assert place.min() >= 0 or isinstance(written, Access), op.name
    if op.reduce is Reduce.ASSIGN:
        array[target] = value.astype(array.dtype)
        return
    wide = np.full(array.shape, identity(op.reduce, value.dtype), value.dtype)
    # `at` wants an index, which the result of a full reduction does not have.
    COMBINE[op.reduce].at(wide[None], (np.zeros(extents, int), *target), value)
    # What no point of the nest reaches inside the box of the result is the identity.
    box = tuple(slice(place.min(), place.max() + 1) for place in target)
    array[box] = wide[box].astype(array.dtype)


def identity(reduce: Reduce, dtype: np.dtype) -> object:
    if reduce in (Reduce.ADD, Reduce.MUL):
        return 0 if reduce is Reduce.ADD else 1
    if dtype.kind == "f":
        return -np.inf if reduce is Reduce.MAX else np.inf
    info = np.iinfo(dtype)
    return info.min if reduce is Reduce.MAX else info.max


def evaluate(value: Value, arrays: Arrays, grid: Grid) -> np.ndarray | float:
    match value:
        case Number(text):
            return int(text) if text.isdigit() else float(text)
        case IndexValue(index):
            return position(index, grid)
        case Read(access, pad):
            return element(access, pad, arrays, grid)
        case Apply(function, args):
            given = [evaluate(arg, arrays, grid) for arg in args]
            found = np.asarray(FUNCTIONS[function](*given))
            # NumPy adds booleans as "or"; here they are the numbers 0 and 1.
            return found.astype(np.int64) if found.dtype == bool else found


def element(access: Access, pad: str | None, arrays: Arrays, grid: Grid) -> np.ndarray:
    array = arrays[access.tensor]
    inside: np.ndarray | bool = True
    clipped = []
    for place, extent, written in zip(
        indices(access, arrays, grid), array.shape, access.index, strict=True
    ):
        if isinstance(written, Affine):
            inside = inside & (place >= 0) & (place < extent)
            place = np.clip(place, 0, extent - 1)
        clipped.append(place)  # a gathered position may count from the end
    assert pad is not None or np.all(inside), f"{access.tensor} read outside its shape"
    found = widened(array[tuple(clipped)])
    return found if pad is None else np.where(inside, found, found.dtype.type(float(pad)))


def widened(found: np.ndarray) -> np.ndarray:
    """Integers in 64 bits, so that only a store cuts them off; short floats in 32."""
    if found.dtype.kind in "iub" and found.dtype != np.uint64:
        return found.astype(np.int64)
    return found.astype(np.float32) if found.dtype == np.float16 else found


def indices(access: Access, arrays: Arrays, grid: Grid) -> tuple[np.ndarray, ...]:
    return tuple(
        position(index, grid)
        if isinstance(index, Affine)
        else element(index, None, arrays, grid).astype(np.int64)
        for index in access.index
    )


def position(index: Affine, grid: Grid) -> np.ndarray:
    out = np.asarray(index.const)
    for name, coefficient in index.terms:
        out = out + coefficient * grid[name]
    return out
