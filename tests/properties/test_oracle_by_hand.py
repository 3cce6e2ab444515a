"""The oracle on nests whose counts were worked out on paper."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from oracle.cost import oracle_cost
from oracle.counts import execute
from oracle.places import IllegalNest

from tilewright.hw_specs.model import (
    Action,
    Arch,
    Array,
    Compute,
    FirstTouch,
    Function,
    Item,
    Memory,
    Net,
    Port,
    Reuse,
)
from tilewright.ir.map_text import parse_map
from tilewright.ir.nest_text import parse_nest
from tilewright.ir.types import Role
from tilewright.mapper.model.cost import Traffic
from tilewright.mapper.space.nest import Nest, resolve_nest

RW = Port("rw", Fraction(8), frozenset(Action))
DRAM = Memory("dram", "dram", None, 8, (RW,), dict.fromkeys(Action, 10.0))
BUF = Memory("buf", "buf", 1024, 16, (RW,), dict.fromkeys(Action, 1.0))
SPAD = replace(BUF, name="spad", path="pe.spad", width_bits=8)
MAC = Compute("mac", "mac", {"mac": Function(0.5, Fraction(1)), "max": Function(0.25, Fraction(1))})
PE_MAC = replace(MAC, path="pe.mac")

GEMM = """nest 1
workload net {
  input x : i8[4, 4]
  const w : i8[4, 4]
  output y : i8[4, 4]
  op gemm[i: 4, j: 4, k: 4] acc i32 { y[i, j] += x[i, k] * w[k, j] }
}"""
CONV = """nest 1
workload net {
  input x : i8[10]
  const w : i8[3]
  output y : i8[8]
  op conv[p: 8, r: 3] { y[p] += x[p + r] * w[r] }
}"""


def chip(*items: Item, nets: tuple[Net, ...] = ()) -> Arch:
    return Arch("chip", 1e9, items, nets)


def nest_of(workload: str, lines: str, arch: Arch) -> Nest:
    """The nest of a workload's only op under a mapping given by its lines."""
    (net,) = parse_nest(workload)
    (op,) = net.ops.values()
    (mapping,) = parse_map(f"map 1\nmapping m of net.{op.name} on chip {{\n{lines}\n}}")
    return resolve_nest(mapping, op, arch)


def moved(traffic: Traffic) -> tuple[int, int, int, int]:
    return traffic.reads, traffic.fills, traffic.updates, traffic.drains


TILED = """
keep x, w, y in dram
for i 2x2, k 2x2, j 2x2
keep x, w, y in buf
for i 2, k 2, j 2
run gemm on mac"""


def test_tiled_gemm() -> None:
    arch = chip(DRAM, BUF, MAC)
    memories = oracle_cost(nest_of(GEMM, TILED, arch), arch).memories
    # x stays while j steps: 2 * (4 + 4); w and y move with every step: 4 * (4 + 4).
    assert moved(memories["dram"]["x"]) == (16, 0, 0, 0)
    assert moved(memories["dram"]["w"]) == (32, 0, 0, 0)
    # 32 updates of 16 elements: the first one of each reads nothing.
    assert moved(memories["dram"]["y"]) == (16, 0, 32, 0)
    assert moved(memories["buf"]["x"]) == (64, 16, 0, 0)
    assert moved(memories["buf"]["w"]) == (64, 32, 0, 0)
    assert moved(memories["buf"]["y"]) == (32, 0, 64, 32)


def test_energy_and_cycles() -> None:
    arch = chip(DRAM, BUF, MAC)
    cost = oracle_cost(nest_of(GEMM, TILED, arch), arch)
    # Both memories gather partial results: y is 32 bits wide in them, x and w are 8.
    dram_bits = (16 + 32) * 8 + (16 + 32) * 32
    buf_bits = (64 + 16 + 64 + 32) * 8 + (32 + 64 + 32) * 32
    assert cost.terms == {
        "compute": 64,
        "port dram.rw": dram_bits // 8,
        "port buf.rw": buf_bits // 8,
    }
    assert cost.cycles == buf_bits // 8
    assert cost.compute_pj == 64 * 0.5
    assert cost.energy_pj == 64 * 0.5 + dram_bits / 8 * 10.0 + buf_bits / 16 * 1.0
    # Tiles of 2 x 2: two of bytes, one of partial results.
    assert cost.occupied_bits["buf"] == {"x": 4 * 8, "w": 4 * 8, "y": 4 * 32}
    assert cost.utilization == 64 / cost.cycles


def test_a_latch_holds_its_last_word() -> None:
    unit = replace(MAC, latch=frozenset({Role.INPUT, Role.OUTPUT}))
    arch = chip(DRAM, BUF, unit)
    memories = oracle_cost(nest_of(GEMM, TILED, arch), arch).memories
    # x rests while j runs; y moves with j, so each point still updates the buffer.
    assert moved(memories["buf"]["x"]) == (32, 16, 0, 0)
    assert moved(memories["buf"]["y"]) == (32, 0, 64, 32)
    inner_k = TILED.replace("for i 2, k 2, j 2", "for i 2, j 2, k 2")
    memories = oracle_cost(nest_of(GEMM, inner_k, arch), arch).memories
    assert moved(memories["buf"]["x"]) == (64, 16, 0, 0)
    assert moved(memories["buf"]["y"]) == (0, 0, 32, 32)


SLIDING = """
keep x, w, y in dram
for p 4x2
keep x in buf
for r 3, p 2
run conv on mac"""


@pytest.mark.parametrize(
    ("reuse", "fills"), [(Reuse.INNERMOST, 10), (Reuse.EXACT, 10), (Reuse.NONE, 16)]
)
def test_halo(reuse: Reuse, fills: int) -> None:
    # Windows of 2 + 3 - 1 = 4 move by 2, so they overlap by 2: 4 + 3 * 2; or four times 4.
    arch = chip(DRAM, replace(BUF, reuse=reuse), MAC)
    memories = oracle_cost(nest_of(CONV, SLIDING, arch), arch).memories
    assert moved(memories["dram"]["x"]) == (fills, 0, 0, 0)
    assert moved(memories["buf"]["x"]) == (24, fills, 0, 0)


def test_halo_is_lost_when_another_loop_steps() -> None:
    lines = "keep x, w, y in dram\nfor p 2x4, r 3\nkeep x in buf\nfor p 4\nrun conv on mac"
    arch = chip(DRAM, BUF, MAC)
    exact = chip(DRAM, replace(BUF, reuse=Reuse.EXACT), MAC)
    # r is innermost: 4, +1, +1; a step of p refetches 4 where an exact manager keeps 2 of them.
    fills = oracle_cost(nest_of(CONV, lines, arch), arch).memories["buf"]["x"].fills
    assert fills == 2 * (4 + 2 * 1)
    fills = oracle_cost(nest_of(CONV, lines, exact), exact).memories["buf"]["x"].fills
    assert fills == 6 + 2 + 2 * 1


def array(*items: Item, x: int = 4, y: int = 3) -> Array:
    return Array("pe", "pe", (("y", y), ("x", x)), items)


DIAGONAL = """
keep x, w, y in dram
for p 2x4
par p 4 over pe.x
par r 3 over pe.y
run conv on pe.mac"""


def net(topology: str, axes: tuple[str, ...], **traits: object) -> Net:
    made = Net("net", topology, "dram", "pe", axes, width_bits=8, energy_pj_per_bit_hop=1.0)
    return replace(made, **traits)  # type: ignore[arg-type]


def test_equal_tiles_on_diagonals_are_read_once() -> None:
    both = net("mesh", ("pe.y", "pe.x"), multicast=True, reduce=frozenset({"add"}))
    arch = chip(DRAM, array(PE_MAC), nets=(both,))
    counts = execute(nest_of(CONV, DIAGONAL, arch), arch)
    words = counts.words["dram"]
    # x: 4 + 3 - 1 diagonals a step; w: 3 rows; y: 4 columns, each added up over 3 rows.
    assert (words["x"][Action.READ], words["w"][Action.READ]) == (2 * 6, 2 * 3)
    assert (words["y"][Action.UPDATE], words["y"][Action.READ]) == (2 * 4, 0)
    assert counts.net_words["net"] == {"x": 12, "w": 6, "y": 8}
    # Routes go down the rows, then along: a diagonal's goes into the array, down to its last row,
    # and from each of its rows along to its column.
    rows = [[(y, d - y) for y in range(3) if 0 <= d - y < 4] for d in range(6)]
    x_hops = sum(1 + max(y for y, _ in row) + sum(x for _, x in row) for row in rows)
    w_hops = sum(1 + y + 3 for y in range(3))
    y_hops = sum(1 + 2 + 3 * x for x in range(4))
    assert counts.net_word_hops["net"] == {"x": 2 * x_hops, "w": 2 * w_hops, "y": 2 * y_hops}


def test_without_a_net_every_lane_reads_for_itself() -> None:
    arch = chip(DRAM, array(PE_MAC))
    words = execute(nest_of(CONV, DIAGONAL, arch), arch).words["dram"]
    assert (words["x"][Action.READ], words["w"][Action.READ]) == (24, 24)
    # Three updates of each of 8 elements: two of them find something to be added to.
    assert (words["y"][Action.UPDATE], words["y"][Action.READ]) == (24, 16)


def test_sharing_along_one_axis_only() -> None:
    arch = chip(DRAM, array(PE_MAC), nets=(net("bus", ("pe.x",), multicast=True),))
    words = execute(nest_of(CONV, DIAGONAL, arch), arch).words["dram"]
    # Equal tiles of x lie in different rows, where the wires do not share; w is one word a row.
    assert (words["x"][Action.READ], words["w"][Action.READ]) == (24, 2 * 3)


def test_stages_of_two_nets() -> None:
    rows = replace(net("bus", ("pe.y",), multicast=True), name="rows")
    columns = replace(net("systolic", ("pe.x",), forward=True), name="columns", source="pe")
    arch = chip(DRAM, array(PE_MAC), nets=(rows, columns))
    counts = execute(nest_of(CONV, DIAGONAL, arch), arch)
    # One read a diagonal; in the second stage it is a word in each row where it is wanted.
    assert counts.words["dram"]["x"][Action.READ] == 12
    assert (counts.net_words["rows"]["x"], counts.net_words["columns"]["x"]) == (12, 24)
    # A bus is one hop; a chain that begins in lane 0 is as many as the column's number.
    assert counts.net_word_hops["rows"]["x"] == 12
    assert counts.net_word_hops["columns"]["x"] == 2 * 3 * (0 + 1 + 2 + 3)
    # The wire from column 0 to 1 carries the words of three columns in each row, for both steps.
    assert max(counts.edge_bits["columns"].values()) == 8 * 2 * (3 + 1 + 3)


PSUM = """
keep x, w, y in dram
for k 2x2, i 4
par j 4 over pe.x
keep y in pe.spad
for k 2
run gemm on pe.mac"""


def test_partial_sums_are_added_where_they_go() -> None:
    arch = chip(DRAM, array(SPAD, PE_MAC))
    words = execute(nest_of(GEMM, PSUM, arch), arch).words
    # 16 elements leave the lanes twice; the second time there is something to be added to.
    assert words["dram"]["y"] == {Action.UPDATE: 32, Action.READ: 16}
    # In a lane, every second point begins an element.
    assert words["pe.spad"]["y"] == {Action.UPDATE: 64, Action.READ: 32, Action.DRAIN: 32}


def test_a_memory_that_cannot_add_gives_partial_sums_back() -> None:
    arch = chip(replace(DRAM, accumulate=False), array(SPAD, PE_MAC))
    words = execute(nest_of(GEMM, PSUM, arch), arch).words
    assert words["dram"]["y"] == {Action.UPDATE: 32, Action.READ: 16}
    # What came back is not empty, so its first update reads it.
    assert words["pe.spad"]["y"] == {
        Action.UPDATE: 64,
        Action.READ: 48,
        Action.DRAIN: 32,
        Action.FILL: 16,
    }


def test_a_refill_goes_to_one_lane_of_a_group() -> None:
    lines = PSUM.replace("par j 4 over pe.x", "par k 2 over pe.y").replace("k 2x2, i 4", "i 4, j 4")
    lines = lines.replace("keep y in pe.spad\nfor k 2", "keep y in pe.spad")
    outer_k = lines.replace("for i 4, j 4", "for k 2x2, i 4, j 4")
    summing = net("systolic", ("pe.y",), reduce=frozenset({"add"}))
    arch = chip(replace(DRAM, accumulate=False), array(SPAD, PE_MAC), nets=(summing,))
    counts = execute(nest_of(GEMM, outer_k, arch), arch)
    assert counts.words["dram"]["y"] == {Action.UPDATE: 32, Action.READ: 16}
    assert counts.words["pe.spad"]["y"][Action.FILL] == 16
    assert [counts.bits["pe.spad", lane]["y", Action.FILL] for lane in [(0, 0), (1, 0)]] == [512, 0]


def test_two_partial_sums_in_a_memory_that_cannot_add() -> None:
    lines = "keep x, w, y in dram\nfor i 4, j 4\npar k 4 over pe.x\nrun gemm on pe.mac"
    arch = chip(replace(DRAM, accumulate=False), array(PE_MAC))
    with pytest.raises(IllegalNest, match="cannot add"):
        execute(nest_of(GEMM, lines, arch), arch)


def test_a_memory_that_does_not_know_what_is_empty() -> None:
    arch = chip(replace(DRAM, first_touch=FirstTouch.READ), array(SPAD, PE_MAC))
    words = execute(nest_of(GEMM, PSUM, arch), arch).words
    assert words["dram"]["y"] == {Action.UPDATE: 32, Action.READ: 32}


def test_max_pool_on_a_sum_tree_is_not_combined() -> None:
    pool = """nest 1
    workload net {
      input x : i8[8]
      output y : i8[4]
      op pool[p: 4, r: 2] { y[p] max= x[2*p + r] }
    }"""
    lines = "keep x, y in dram\nfor p 4\npar r 2 over pe.x\nrun pool on pe.mac"
    for traits, updates in [({"add"}, 8), ({"add", "max"}, 4)]:
        tree = net("tree", ("pe.x",), reduce=frozenset(traits))
        arch = chip(DRAM, array(PE_MAC), nets=(tree,))
        words = execute(nest_of(pool, lines, arch), arch).words["dram"]["y"]
        assert words == {Action.UPDATE: updates, Action.READ: updates - 4}


def test_outputs_that_overlap() -> None:
    """A transposed convolution: neighbouring tiles of the result share elements."""
    deconv = """nest 1
    workload net {
      input x : i8[4]
      const w : i8[3]
      output y : i8[9]
      op up[p: 4, r: 3] acc i32 { y[2*p + r] += x[p] * w[r] }
    }"""
    lines = "keep x, w, y in dram\nfor p 2x2\nkeep y in buf\nfor p 2, r 3\nrun up on mac"
    arch = chip(DRAM, BUF, MAC)
    words = execute(nest_of(deconv, lines, arch), arch).words
    # Tiles of 5 move by 4: the shared element stays, so 5 + 4 leave, each once.
    assert words["dram"]["y"] == {Action.UPDATE: 9, Action.READ: 0}
    lines = lines.replace("for p 2x2", "for r 3, p 2x2").replace("p 2, r 3", "p 2")
    words = execute(nest_of(deconv, lines, arch), arch).words
    # Boxes of 3 move by 4: each of 3 * 2 tiles leaves whole, the hole in its middle included.
    assert words["dram"]["y"][Action.UPDATE] == 18
    touched = {2 * p + r + hole for r in range(3) for p in (0, 2) for hole in range(3)}
    assert words["dram"]["y"][Action.READ] == 18 - len(touched)
