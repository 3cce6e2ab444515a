"""Reports with made-up costs: any number of layers, any names; the same for the same arguments."""

from __future__ import annotations

import random
from fractions import Fraction
from math import ceil

from tilewright.hw_specs.model import Action, Arch, Array, Compute, Function, Memory, Net, Port
from tilewright.ir.affine import Affine, dim
from tilewright.ir.mapping import Bound, For, Keep, Loop, Mapping, Par, Run
from tilewright.ir.types import DType, Reduce, TensorKind
from tilewright.ir.workload import Access, Apply, Dim, Op, Read, Tensor, Workload
from tilewright.mapper.model.cost import Bottleneck, Cost, Traffic
from tilewright.mapper.report.report import Report
from tilewright.mapper.result import Certificate, Entry, NotMapped, Objective, Result, Status

WORKLOAD = "synthetic"
_ENERGY_PJ = {"dram": 64.0, "shared": 6.2, "pe.ispad": 0.4, "pe.wspad": 0.9, "pe.pspad": 0.5}


def chip() -> Arch:
    """An array of 12 x 14 PEs with three scratchpads each, a shared buffer, DRAM."""
    pads = (
        _memory("ispad", "pe.ispad", 24 * 8, 16),
        _memory("wspad", "pe.wspad", 448 * 8, 16),
        _memory("pspad", "pe.pspad", 48 * 8, 16),
    )
    mac = Compute("mac", "pe.mac", {"mac": Function(0.2, Fraction(1))})
    array = Array("pe", "pe", (("y", 12), ("x", 14)), (*pads, mac))
    return Arch(
        "testchip",
        200e6,
        (_memory("dram", "dram", None, 64), _memory("shared", "shared", 108 * 8192, 64), array),
        nets=(Net("gin", "bus", "shared", "pe", ("pe.y", "pe.x"), 64, 0.01, multicast=True),),
        parameters={"rows": "12", "cols": "14", "glb": "108 KiB"},
    )


def conv(name: str, k: int, c: int, p: int, r: int) -> Op:
    """A square convolution."""
    tensors = (
        Tensor(TensorKind.INPUT, f"{name}.in", DType("i8"), (1, c, p + r - 1, p + r - 1)),
        Tensor(TensorKind.CONST, f"{name}.weight", DType("i8"), (k, c, r, r)),
        Tensor(TensorKind.TEMP, f"{name}.out", DType("i8"), (1, k, p, p)),
    )
    slide = (Affine((("p", 1), ("r", 1))), Affine((("q", 1), ("s", 1))))
    dims = {"n": 1, "k": k, "c": c, "p": p, "q": p, "r": r, "s": r}
    return Op(
        name,
        tuple(Dim(key, extent) for key, extent in dims.items()),
        Access(tensors[2].name, tuple(map(dim, "nkpq"))),
        Reduce.ADD,
        Apply(
            "mul",
            (
                Read(Access(tensors[0].name, (dim("n"), dim("c"), *slide))),
                Read(Access(tensors[1].name, tuple(map(dim, "kcrs")))),
            ),
        ),
        tensors,
        source=f"synthetic.onnx#{name}",
        workload=WORKLOAD,
    )


def report(layers: int, names: tuple[str, ...] = (), *, missing: int = 0, seed: int = 0) -> Report:
    """A report of `layers` convolutions; the first are called `names`, `missing` ops have none."""
    rng = random.Random(seed)
    arch = chip()
    entries = tuple(
        _entry(names[i] if i < len(names) else f"Conv_{i}", i, layers, arch, rng)
        for i in range(layers)
    )
    not_mapped = tuple(
        NotMapped(
            f"TopK_{i}",
            "TopK",
            "the order of its outputs depends on values",
            0,
            40_000,
            explanation="error: `TopK_0` has no affine body\n --> net.onnx#TopK_0",
        )
        for i in range(missing)
    )
    return Report(WORKLOAD, arch, Objective.EDP, seed, entries, not_mapped, "0.1.0", seconds=12.5)


def workload(of: Report) -> Workload:
    """The workload that a synthetic report is of."""
    ops = tuple(entry.result.op for entry in of.entries)
    tensors = {tensor.name: tensor for op in ops for tensor in op.tensors}
    return Workload(WORKLOAD, tensors, ops)


def _memory(name: str, path: str, size_bits: int | None, width_bits: int) -> Memory:
    port = Port("rw", Fraction(width_bits), frozenset(Action))
    energy = dict.fromkeys(Action, _ENERGY_PJ[path])
    return Memory(name, path, size_bits, width_bits, (port,), energy)


def _entry(name: str, index: int, layers: int, arch: Arch, rng: random.Random) -> Entry:
    depth = index / max(layers, 1)
    k, c = 2 ** (5 + round(4 * depth)), 2 ** (5 + round(4 * depth) - index % 2)
    op = conv(name, k, c, (56, 28, 14, 7)[min(3, int(4 * depth))], (1, 3, 1, 5)[index % 4])
    status = (Status.HEURISTIC, Status.HEURISTIC, Status.BOUNDED, Status.OPTIMAL)[index % 4]
    gap = {Status.HEURISTIC: None, Status.BOUNDED: 0.034, Status.OPTIMAL: 0.0}[status]
    cost = _cost(op, rng)
    bound = 0.0 if gap is None else cost.edp / (1 + gap)
    certificate = Certificate(status, bound, gap, "even", 10**14, 250_000, 0.2)
    count = 1 + index % 3
    names = (name, *(f"{name}.copy{i}" for i in range(1, count)))
    return Entry(Result(op, _mapping(op, arch), cost, certificate), count, names)


def _mapping(op: Op, arch: Arch) -> Mapping:
    """Output rows over the columns of the array, filter rows over its rows, the rest in time."""
    x, w, y = (tensor.name for tensor in op.tensors)
    extents = op.extents
    return Mapping(
        op.name,
        (op.workload, op.name),
        arch.name,
        (
            Keep((x, w, y), "dram"),
            For((Loop(("k",), Bound(extents["k"] // 16, 16)), Loop(("c",), Bound(extents["c"])))),
            Keep((x, y), "shared", 2),
            For((Loop(("q",), Bound(extents["q"])),)),
            Par((Loop(("p",), Bound(7, extents["p"] // 7)),), "pe.x"),
            Par((Loop(("r",), Bound(extents["r"])),), "pe.y"),
            Keep((w,), "pe.wspad"),
            For((Loop(("n",), Bound(1)), Loop(("s",), Bound(extents["s"])))),
            For((Loop(("p",), Bound(extents["p"] // 7)),)),
            Keep((y,), "pe.pspad"),
            For((Loop(("k",), Bound(16)),)),
            Run(op.name, "pe.mac"),
        ),
    )


def _cost(op: Op, rng: random.Random) -> Cost:
    work = op.points
    utilization = rng.uniform(0.25, 1.0)
    compute = ceil(work / (168 * utilization))
    x, w, y = op.tensors
    memories = {
        "dram": {t.name: _traffic(t.elements * rng.randint(1, 4), "dram") for t in (x, w, y)},
        "shared": {t.name: _traffic(work // rng.randint(20, 90), "shared") for t in (x, y)},
        "pe.ispad": {x.name: _traffic(work, "pe.ispad")},
        "pe.wspad": {w.name: _traffic(work, "pe.wspad")},
        "pe.pspad": {y.name: _traffic(2 * work, "pe.pspad")},
    }
    dram = sum(t.reads + t.updates for t in memories["dram"].values()) // 8
    shared = sum(t.reads + t.updates for t in memories["shared"].values()) // 8
    terms = sorted(
        (
            Bottleneck("compute", compute),
            Bottleneck("port dram.rw", dram),
            Bottleneck("port shared.rw", shared),
            Bottleneck("net gin", shared // 2),
        ),
        key=lambda term: -term.cycles,
    )
    cycles = terms[0].cycles
    stored = sum(t.energy_pj for tensors in memories.values() for t in tensors.values())
    parts = (0.2 * work, 0.02 * work, 0.3 * cycles)
    return Cost(
        stored + sum(parts),
        cycles,
        cycles + 1200,
        work / (168 * cycles),
        memories,
        *parts,
        tuple(terms),
        nets={"gin": {x.name: shared}},
        startup_cycles=800,
        drain_cycles=400,
        padding_share=rng.choice((0.0, 0.07, 0.31)),
    )


def _traffic(words: int, memory: str) -> Traffic:
    moved = (words, words // 3, words // 5, words // 5)
    return Traffic(*moved, sum(moved) * _ENERGY_PJ[memory] / 4)
