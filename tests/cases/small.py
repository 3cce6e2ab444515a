"""A small chip and a few small ops, built from the dataclasses, for the tests of the mapper."""

from __future__ import annotations

from fractions import Fraction

from tilewright.hw_specs.model import (
    Action,
    Arch,
    Array,
    Compute,
    Dataflow,
    Function,
    Memory,
    Port,
)
from tilewright.ir.affine import Affine, dim
from tilewright.ir.mapping import Node
from tilewright.ir.types import DType, Reduce, Role, TensorKind
from tilewright.ir.workload import Access, Apply, Dim, Op, Read, Tensor

I8 = DType("i8")


def memory(name: str, size_bits: int | None, **more: object) -> Memory:
    """A memory with one wide port and 1 pJ per byte."""
    port = Port("rw", Fraction(64), frozenset(Action))
    path = str(more.pop("path", name))
    return Memory(name, path, size_bits, 8, (port,), dict.fromkeys(Action, 1.0), **more)  # type: ignore[arg-type]


def chip(
    *nest: Node,
    glb_bits: int = 8 * 1024,
    spad_bits: int = 8 * 64,
    spad_keep: set[Role] | None = None,
    glb_keep: set[Role] | None = None,
) -> Arch:
    """dram, a global buffer, a 4x4 array of PEs with a scratchpad each; `nest` is its dataflow."""
    mac = Compute("mac", "pe.mac", {"mac": Function(0.5, Fraction(1))})
    spad = memory(
        "spad",
        spad_bits,
        path="pe.spad",
        keep=None if spad_keep is None else frozenset(spad_keep),
    )
    pe = Array("pe", "pe", (("y", 4), ("x", 4)), (spad, mac))
    dataflows = (Dataflow("flow", nest),) if nest else ()
    glb = memory("glb", glb_bits, keep=None if glb_keep is None else frozenset(glb_keep))
    return Arch("small", 1e9, (memory("dram", None), glb, pe), dataflows=dataflows)


def matmul(n: int = 8, m: int = 8, k: int = 8) -> Op:
    """`y[n, m] += x[n, k] * w[k, m]`."""
    x = Tensor(TensorKind.INPUT, "x", I8, (n, k))
    w = Tensor(TensorKind.CONST, "w", I8, (k, m))
    y = Tensor(TensorKind.OUTPUT, "y", I8, (n, m))
    value = Apply(
        "mul",
        (Read(Access("x", (dim("n"), dim("k")))), Read(Access("w", (dim("k"), dim("m"))))),
    )
    dims = (Dim("n", n), Dim("m", m), Dim("k", k))
    result = Access("y", (dim("n"), dim("m")))
    return Op("matmul", dims, result, Reduce.ADD, value, (x, w, y), DType("i32"), workload="net")


def conv(k: int = 8, c: int = 4, p: int = 8, r: int = 3) -> Op:
    """`y[k, p] += x[c, p + r] * w[k, c, r]`."""
    x = Tensor(TensorKind.INPUT, "x", I8, (c, p + r - 1))
    w = Tensor(TensorKind.CONST, "w", I8, (k, c, r))
    y = Tensor(TensorKind.OUTPUT, "y", I8, (k, p))
    window = Affine((("p", 1), ("r", 1)))
    value = Apply(
        "mul",
        (
            Read(Access("x", (dim("c"), window))),
            Read(Access("w", (dim("k"), dim("c"), dim("r")))),
        ),
    )
    dims = (Dim("k", k), Dim("c", c), Dim("p", p), Dim("r", r))
    result = Access("y", (dim("k"), dim("p")))
    return Op("conv", dims, result, Reduce.ADD, value, (x, w, y), DType("i32"), workload="net")
