"""Cases of Timeloop's output (`timeloop-oracle/1`) as nests on a chip of ours.

Every network multicasts and reduces with any function, and every lane holds an array: what Timeloop
assumes of its hardware.
"""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import Any

from tilewright.hw_specs.model import (
    Action,
    Arch,
    Array,
    Compute,
    Function,
    Item,
    Memory,
    Net,
    Port,
)
from tilewright.ir.affine import Affine, affine
from tilewright.ir.types import DType, Reduce, TensorKind
from tilewright.ir.workload import Access, Apply, Dim, Op, Read, Tensor
from tilewright.mapper.space.nest import Hold, Line, Nest, Step

Case = dict[str, Any]


def op_of(case: Case) -> Op:
    """The problem as an op; the one tensor that is written is the result."""
    problem = case["problem"]
    accesses = {space["name"]: _access(space, problem) for space in problem["dataspaces"]}
    (result,) = [space["name"] for space in problem["dataspaces"] if space["read_write"]]
    reads = tuple(Read(access) for name, access in accesses.items() if name != result)
    tensors = tuple(
        Tensor(TensorKind.OUTPUT if name == result else TensorKind.INPUT, name, DType("i16"), ())
        for name in accesses
    )
    dims = tuple(Dim(name, extent) for name, extent in problem["dims"].items())
    value = Apply("mul", reads)
    return Op("op", dims, accesses[result], Reduce.ADD, value, tensors)


def _access(space: Case, problem: Case) -> Access:
    def index(axis: list[list[str]]) -> Affine:
        terms: dict[str, int] = {}
        for dim, *coefficient in axis:
            step = problem["coefficients"][coefficient[0]] if coefficient else 1
            terms[dim] = terms.get(dim, 0) + step
        return affine(terms)

    return Access(space["name"], tuple(index(axis) for axis in space["projection"]))


def arch_of(case: Case) -> Arch:
    """The levels as memories; where a level has more instances than the one above, an array."""
    levels = case["arch"]["levels"]
    counts = [(level["meshX"], level["meshY"]) for level in levels]
    counts.append((case["arch"]["mac"]["meshX"], case["arch"]["mac"]["meshY"]))
    nets: list[Net] = []

    def inside(number: int, prefix: str) -> tuple[Item, ...]:
        if number == len(levels):
            return (Compute("mac", f"{prefix}mac", {"mac": Function(0.0, Fraction(1))}),)
        level = levels[number]
        memory = _memory(level, f"{prefix}{level['name']}")
        x, y = (inner // outer for outer, inner in zip(*counts[number : number + 2], strict=True))
        if prod((x, y)) == 1:
            return (memory, *inside(number + 1, prefix))
        path = f"{prefix}a{number}"
        axes = (("X", x), ("Y", y))
        names = tuple(f"{path}.{axis}" for axis, _ in axes)
        combines = frozenset({"add"})
        nets.append(Net(path, "bus", memory.path, path, names, 16, multicast=True, reduce=combines))
        return (memory, Array(f"a{number}", path, axes, inside(number + 1, f"{path}.")))

    items = inside(0, "")
    return Arch("timeloop", 1e9, items, tuple(nets))


def _memory(level: Case, path: str) -> Memory:
    port = Port("rw", Fraction(1), frozenset(Action))
    return Memory(level["name"], path, None, 16, (port,), dict.fromkeys(Action, 0.0))


def nest_of(case: Case) -> Nest:
    """The mapping: keeps of a level, its loops in time, its loops in space, the next level."""
    op, arch = op_of(case), arch_of(case)
    paths = {memory.name: memory.path for memory in arch.memories}
    arrays = {array.name: array.path for array in arch.arrays}
    left = {name: dim.extent for name, dim in ((dim.name, dim) for dim in op.dims)}
    lines: list[Line] = []
    for number, level in enumerate(case["mapping"]):
        lines += [Hold(name, paths[level["level"]]) for name in level["keep"]]
        for loop in (*level["temporal"], *level["spatial"]):
            axis = loop.get("axis")
            left[loop["dim"]] //= loop["factor"]
            where = None if axis is None else f"{arrays[f'a{number}']}.{axis}"
            lines.append(Step(loop["dim"], loop["factor"], left[loop["dim"]], axis=where))
    return Nest(op, tuple(lines), arch.computes[0])
