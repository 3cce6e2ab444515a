"""The evaluator on cases small enough to count by hand: (reads, fills, updates, drains)."""

from __future__ import annotations

import pytest
from cases.texts import MAC, MATMUL, TWO_LEVELS, cost_of, memory

from tilewright.mapper.model.cost import Cost


def words(cost: Cost, memory_path: str, tensor: str) -> tuple[int, int, int, int]:
    traffic = cost.memories[memory_path][tensor]
    return traffic.reads, traffic.fills, traffic.updates, traffic.drains


# ---- stationarity of a matrix product, 4 x 4 x 4 --------------------------------------------


def test_output_stationary() -> None:
    lines = """
      keep x, w, y in dram
      for n 4, m 4
      keep x, w, y in buf
      for k 4
      run mm on mac"""
    cost = cost_of(MATMUL, lines, TWO_LEVELS)
    # A row of x stays while m runs, a column of w never does, y is finished when it leaves.
    assert words(cost, "dram", "x") == (16, 0, 0, 0)
    assert words(cost, "dram", "w") == (64, 0, 0, 0)
    assert words(cost, "dram", "y") == (0, 0, 16, 0)
    assert words(cost, "buf", "x") == (64, 16, 0, 0)
    # 64 updates, of which the first of each of 16 elements reads nothing.
    assert words(cost, "buf", "y") == (48, 0, 64, 16)


def test_weight_stationary_without_and_with_a_memory_that_adds() -> None:
    lines = """
      keep x, w, y in dram
      for k 4, m 4
      keep x, w, y in buf
      for n 4
      run mm on mac"""
    cost = cost_of(MATMUL, lines, TWO_LEVELS)
    assert words(cost, "dram", "w") == (16, 0, 0, 0)
    # Each of 4 columns of y comes for each k: all but the first time it is read and added to.
    assert words(cost, "dram", "y") == (48, 0, 64, 0)
    assert words(cost, "buf", "y") == (0, 0, 64, 64)
    overwrites = TWO_LEVELS.replace("unbounded", "unbounded  accumulate = false")
    cost = cost_of(MATMUL, lines, overwrites)
    # What comes back is read once in dram and filled once; buf then adds to it.
    assert words(cost, "dram", "y") == (48, 0, 64, 0)
    assert words(cost, "buf", "y") == (48, 48, 64, 64)


def test_input_stationary() -> None:
    lines = """
      keep x, w, y in dram
      for n 4, k 4
      keep x, w, y in buf
      for m 4
      run mm on mac"""
    cost = cost_of(MATMUL, lines, TWO_LEVELS)
    assert words(cost, "dram", "x") == (16, 0, 0, 0)
    assert words(cost, "dram", "w") == (64, 0, 0, 0)
    # k does not move y: the row stays in buf until n moves it.
    assert words(cost, "dram", "y") == (0, 0, 16, 0)
    assert words(cost, "buf", "y") == (48, 0, 64, 16)


def test_energy_and_time_of_output_stationary() -> None:
    lines = """
      keep x, w, y in dram
      for n 4, m 4
      keep x, w, y in buf
      for k 4
      run mm on mac"""
    cost = cost_of(MATMUL, lines, TWO_LEVELS)
    assert cost.memories["dram"]["w"].energy_pj == 64 * 100
    assert cost.compute_pj == 64
    # dram: 16 + 64 + 16 words; buf: x 64 + 16, w 64 + 64, y 48 + 64 + 16.
    dram, buf = 96, 80 + 128 + 128
    assert cost.energy_pj == dram * 100 + buf * 10 + 64
    assert {term.term: term.cycles for term in cost.terms} == {
        "compute": 64,
        "port dram.rw": dram,
        "port buf.rw": buf,
    }
    assert (cost.bound_by, cost.cycles) == ("port buf.rw", buf)
    assert cost.utilization == 64 / buf
    assert cost.edp == cost.energy_pj * buf
    # Start: 4 words of w (or x) from dram, one from buf. End: one word to buf, one to dram.
    assert (cost.startup_cycles, cost.drain_cycles, cost.skew_cycles) == (5, 2, 0)
    assert cost.latency_cycles == cost.cycles + 7


def test_an_operand_may_bypass_a_memory() -> None:
    lines = """
      keep x, w, y in dram
      for n 4, m 4
      keep w, y in buf
      for k 4
      run mm on mac"""
    cost = cost_of(MATMUL, lines, TWO_LEVELS)
    assert words(cost, "dram", "x") == (64, 0, 0, 0)
    assert "x" not in cost.memories["buf"]


@pytest.mark.parametrize(("latch", "reads"), [("{}", 64), ("{weight}", 16), ("{input}", 64)])
def test_a_latch_holds_the_last_word(latch: str, reads: int) -> None:
    chip = TWO_LEVELS.replace("{ ops", f"{{ latch = {latch}  ops")
    lines = """
      keep x, w, y in dram
      for k 4, m 4, n 4
      run mm on mac"""
    assert words(cost_of(MATMUL, lines, chip), "dram", "w") == (reads, 0, 0, 0)


# ---- windows --------------------------------------------------------------------------------

CONV = """
  input x : i8[{x}]
  const w : i8[3]
  output y : i8[4]
  op conv[p: 4, r: 3] {{ y[p] += x[{stride}*p + {dilation}*r] * w[r] }}
"""


@pytest.mark.parametrize(
    ("stride", "dilation", "entries"),
    [
        (1, 1, 3 + 3 * 1),  # 2 of 3 words stay
        (2, 1, 3 + 3 * 2),
        (3, 1, 4 * 3),  # nothing stays
        (1, 2, 5 + 3 * 1),  # the box has holes, and is moved whole
    ],
)
def test_halo(stride: int, dilation: int, entries: int) -> None:
    workload = CONV.format(x=3 * stride + 2 * dilation + 1, stride=stride, dilation=dilation)
    lines = """
      keep x, w, y in dram
      for p 4
      keep x in buf
      for r 3
      run conv on mac"""
    cost = cost_of(workload, lines, TWO_LEVELS)
    assert words(cost, "dram", "x") == (entries, 0, 0, 0)
    assert words(cost, "buf", "x") == (12, entries, 0, 0)


def test_the_halo_is_lost_when_another_loop_moves_the_tile() -> None:
    workload = """
      input x : i8[2, 6]
      const w : i8[3]
      output y : i8[2, 4]
      op conv[c: 2, p: 4, r: 3] { y[c, p] += x[c, p + r] * w[r] }"""
    inside = "keep x, w, y in dram\nfor c 2, p 4\nkeep x in buf\nfor r 3\nrun conv on mac"
    outside = "keep x, w, y in dram\nfor p 4, c 2\nkeep x in buf\nfor r 3\nrun conv on mac"
    assert words(cost_of(workload, inside, TWO_LEVELS), "dram", "x")[0] == 2 * 6
    assert words(cost_of(workload, outside, TWO_LEVELS), "dram", "x")[0] == 2 * 4 * 3


def test_padding_is_charged_and_said() -> None:
    workload = """
      input x : i8[4]
      const w : i8[3]
      output y : i8[4]
      op conv[p: 4, r: 3] { y[p] += pad(x[p + r - 1], 0) * w[r] }"""
    lines = "keep x, w, y in dram\nkeep x in buf\nfor p 4, r 3\nrun conv on mac"
    cost = cost_of(workload, lines, TWO_LEVELS)
    assert words(cost, "dram", "x")[0] == 6
    assert cost.padding_share == pytest.approx(1 - 4 / 6)


def test_max_pool_counts_maxima_and_reads_no_empty_element() -> None:
    workload = """
      input x : i8[9]
      output y : i8[4]
      op pool[p: 4, r: 3] { y[p] max= x[2*p + r] }"""
    lines = "keep x, y in dram\nfor p 4, r 3\nrun pool on mac"
    cost = cost_of(workload, lines, TWO_LEVELS)
    assert words(cost, "dram", "y") == (12 - 4, 0, 12, 0)
    assert cost.compute_pj == 12


def test_transposed_convolution_writes_overlapping_windows() -> None:
    workload = """
      input x : i8[4]
      const w : i8[3]
      output y : i8[9]
      op deconv[p: 4, r: 3] { y[2*p + r] += x[p] * w[r] }"""
    lines = "keep x, w, y in dram\nfor p 4\nkeep y in buf\nfor r 3\nrun deconv on mac"
    cost = cost_of(workload, lines, TWO_LEVELS)
    # Windows of 3 move by 2: one word stays in buf, so 3 + 3*2 = 9 words leave, each once.
    assert words(cost, "dram", "y") == (0, 0, 9, 0)
    assert words(cost, "buf", "y") == (12 - 9, 0, 12, 9)


def test_depthwise_convolution_shares_the_channel() -> None:
    workload = """
      input x : i8[2, 6]
      const w : i8[2, 3]
      output y : i8[2, 4]
      op dw[c: 2, p: 4, r: 3] { y[c, p] += x[c, p + r] * w[c, r] }"""
    lines = "keep x, w, y in dram\nfor c 2\nkeep x, w, y in buf\nfor p 4, r 3\nrun dw on mac"
    cost = cost_of(workload, lines, TWO_LEVELS)
    assert words(cost, "dram", "x") == (12, 0, 0, 0)
    assert words(cost, "dram", "w") == (6, 0, 0, 0)
    assert words(cost, "dram", "y") == (0, 0, 8, 0)


# ---- lanes and nets -------------------------------------------------------------------------

LANES = """
{dram}
array pe[y: 3, x: 3] {{
  {mac}
}}
{nets}
"""
NET = (
    "net {name} : {kind} dram -> pe "
    "{{ width = 8 bit  energy = 1 pJ/bit/hop  carries = {{{roles}}} }}"
)


def lanes(*nets: str) -> str:
    return LANES.format(dram=memory("dram", 1, size="unbounded"), mac=MAC, nets="\n".join(nets))


DIAGONAL = CONV.format(x=5, stride=1, dilation=1).replace("p: 4", "p: 3").replace("[4]", "[3]")
UNROLLED = "keep x, w, y in dram\npar p 3 over pe.x\npar r 3 over pe.y\nrun conv on mac"


def test_equal_diagonals_are_one_group() -> None:
    bus = NET.format(name="in", kind="bus(multicast)", roles="input, weight")
    cost = cost_of(DIAGONAL, UNROLLED, lanes(bus))
    assert words(cost, "dram", "x") == (5, 0, 0, 0)
    assert words(cost, "dram", "w") == (3, 0, 0, 0)
    # Without a net that reduces, every lane's update arrives by itself.
    assert words(cost, "dram", "y") == (6, 0, 9, 0)
    assert cost.nets == {"in": {"x": 5, "w": 3}}
    assert cost.network_pj == (5 + 3) * 8


@pytest.mark.parametrize(("stride", "dilation"), [(1, 2), (2, 2), (2, 3), (2, 4), (4, 2), (3, 1)])
def test_lanes_that_meet_are_counted_once(stride: int, dilation: int) -> None:
    size = 2 * stride + 2 * dilation + 1
    workload = CONV.format(x=size, stride=stride, dilation=dilation)
    workload = workload.replace("p: 4", "p: 3").replace("y : i8[4]", "y : i8[3]")
    bus = NET.format(name="in", kind="bus(multicast)", roles="input, weight")
    starts = {stride * p + dilation * r for p in range(3) for r in range(3)}
    assert words(cost_of(workload, UNROLLED, lanes(bus)), "dram", "x")[0] == len(starts)


def test_plain_wires_share_nothing() -> None:
    cost = cost_of(DIAGONAL, UNROLLED, lanes())
    assert words(cost, "dram", "x") == (9, 0, 0, 0)
    assert (cost.nets, cost.network_pj) == ({}, 0.0)


def test_hops_on_a_mesh() -> None:
    mesh = NET.format(name="in", kind="mesh(multicast)", roles="input, weight")
    cost = cost_of(DIAGONAL, UNROLLED, lanes(mesh))
    # w: row y of all three x; y hops down, 2 along, and 1 into the mesh: 3 + 4 + 5.
    assert cost.nets["in"]["w"] == 12
    # x: diagonals (y, x): 00; 01 10; 02 11 20; 12 21; 22. Routes go down y first, then along x.
    assert cost.nets["in"]["x"] == 1 + 3 + 6 + 6 + 5


def test_a_group_pays_for_each_row_that_it_spans() -> None:
    mesh = NET.format(name="in", kind="mesh(multicast)", roles="input, weight")
    cost = cost_of(DIAGONAL, UNROLLED, lanes(mesh.replace("-> pe", "-> pe along x, y")))
    # Row y of w: 1 hop in, 2 along x, then y hops down in each of 3 columns.
    assert cost.nets["in"]["w"] == sum(1 + 2 + 3 * y for y in range(3))


def test_a_net_that_reduces_takes_one_update_a_sum() -> None:
    tree = NET.format(name="sum", kind="tree(radix = 3, reduce)", roles="output")
    along = tree.replace("dram -> pe", "pe -> pe along y")
    cost = cost_of(DIAGONAL, UNROLLED, lanes(along))
    assert words(cost, "dram", "y") == (0, 0, 3, 0)
    # A tree of radix 3 over 3 lanes: 3 edges and the one from the root, in each of 3 columns.
    assert cost.nets == {"sum": {"y": 3 * 4}}


def test_the_busiest_edge_bounds_the_net() -> None:
    mesh = NET.format(name="in", kind="mesh(multicast)", roles="input, weight")
    cost = cost_of(DIAGONAL, UNROLLED, lanes(mesh))
    terms = {term.term: term.cycles for term in cost.terms}
    assert terms["net in"] == 5 + 3


# ---- widths ---------------------------------------------------------------------------------


def test_partial_sums_are_wide_and_results_are_not() -> None:
    workload = MATMUL.replace("k: 4]", "k: 4] acc i32")
    lines = """
      keep x, w, y in dram
      for n 4, m 4
      keep x, w, y in buf
      for k 4
      run mm on mac"""
    cost = cost_of(workload, lines, TWO_LEVELS)
    assert cost.memories["dram"]["y"].energy_pj == 16 * 100
    assert cost.memories["buf"]["y"].energy_pj == (48 + 64 + 16) * 4 * 10


def test_a_state_is_never_empty_at_home() -> None:
    workload = MATMUL.replace("output y", "state y")
    lines = "keep x, w, y in dram\nfor n 4, m 4, k 4\nrun mm on mac"
    assert words(cost_of(workload, lines, TWO_LEVELS), "dram", "y") == (64, 0, 64, 0)
    assert words(cost_of(MATMUL, lines, TWO_LEVELS), "dram", "y") == (48, 0, 64, 0)


# ---- what comes beside the steady state -----------------------------------------------------

SYSTOLIC = f"""
{memory("dram", 1, size="unbounded")}
array pe[x: 4] {{
  {memory("wreg", 1, "keep = {weight}")}
  {MAC}
}}
"""


@pytest.mark.parametrize(("buffers", "changes"), [("", 4), (" buffers 2", 1)])
def test_skew_is_paid_at_each_change_of_the_stationary_tile(buffers: str, changes: int) -> None:
    lines = f"""
      keep x, w, y in dram
      for k 4
      par m 4 over pe.x skew 2
      keep w in pe.wreg{buffers}
      for n 4
      run mm on mac"""
    cost = cost_of(MATMUL, lines, SYSTOLIC)
    assert cost.skew_cycles == (4 - 1) * 2 * changes
    assert cost.latency_cycles == (
        cost.cycles + cost.startup_cycles + cost.drain_cycles + cost.skew_cycles
    )


def test_latency_of_ports_and_nets_is_paid_once() -> None:
    mesh = NET.format(name="in", kind="mesh(multicast)", roles="input, weight")
    slow = mesh.replace("width = 8 bit", "width = 8 bit  latency = 2 cycle/hop")
    port = lanes(slow).replace("bandwidth = 1 B/cycle", "bandwidth = 1 B/cycle  latency = 7 cycle")
    fast = cost_of(DIAGONAL, UNROLLED, lanes(mesh))
    late = cost_of(DIAGONAL, UNROLLED, port)
    # The farthest lane is 1 + 2 + 2 hops away; the result pays the port again, on plain wires.
    assert late.startup_cycles - fast.startup_cycles == 7 + 5 * 2
    assert late.drain_cycles - fast.drain_cycles == 7
    assert late.cycles == fast.cycles


@pytest.mark.parametrize(("gate", "leaking"), [("false", 4), ("true", 2)])
def test_leakage_of_gated_parts_counts_lanes_in_use(gate: str, leaking: int) -> None:
    chip = SYSTOLIC.replace("keep = {weight}", f"keep = {{weight}}  leak = 3 uW  gate = {gate}")
    lines = """
      keep x, w, y in dram
      for k 4, m 2x2
      par m 2 over pe.x
      keep w in pe.wreg
      for n 4
      run mm on mac"""
    cost = cost_of(MATMUL, lines, chip)
    # 3 uW at 1 GHz are 3e-6 J/s * 1e12 pJ/J / 1e9 cycles/s = 0.003 pJ a cycle.
    assert cost.leakage_pj == pytest.approx(leaking * 0.003 * cost.cycles)


def test_parts_of_the_energy_add_up() -> None:
    bus = NET.format(name="in", kind="bus(multicast)", roles="input, weight")
    cost = cost_of(DIAGONAL, UNROLLED, lanes(bus))
    memories = sum(t.energy_pj for row in cost.memories.values() for t in row.values())
    parts = cost.compute_pj + cost.network_pj + cost.leakage_pj + memories
    assert cost.energy_pj == pytest.approx(parts, rel=1e-15)
