"""What the evaluator refuses: named, with its place and what to write instead."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cases.small import chip, matmul
from cases.texts import MAC, MATMUL, TWO_LEVELS, cost_of, memory

from tilewright.hw_specs.model import Action
from tilewright.ir.mapping import Bound, For, Keep, Loop, Mapping, Run
from tilewright.ir.text import Diagnostic
from tilewright.mapper.model.evaluate import evaluate

PLAIN = "keep x, w, y in dram\nfor n 4, m 4, k 4\nrun mm on mac"
DRAM = memory("dram", 1, size="unbounded")
LANES = f"{DRAM}\narray pe[x: 4] {{ {MAC} }}\n"
SPREAD = "keep x, w, y in dram\npar k 4 over pe.x\nfor n 4, m 4\nrun mm on mac"
CROWDED = "keep x, w, y in dram\npar k 4, n 4 over pe.x\nfor m 4\nrun mm on mac"


def net(text: str, attributes: str = "") -> str:
    return f"net {text} {{ width = 8 bit  energy = 1 pJ/bit/hop  {attributes} }}\n"


@pytest.mark.parametrize(
    ("parts", "lines", "message"),
    [
        (f"{memory('dram', 1, 'reuse = exact', 'unbounded')}{MAC}", PLAIN, "`reuse = exact`"),
        (f"{memory('dram', 1, 'reuse = none', 'unbounded')}{MAC}", PLAIN, "`reuse = none`"),
        (f"{memory('dram', 1, 'overlap = tiled', 'unbounded')}{MAC}", PLAIN, "`overlap = tiled`"),
        (LANES + net("n : bus(forward(shift)) dram -> pe"), PLAIN, "`forward(shift)`"),
        (
            LANES
            + net("a : bus(multicast) dram -> pe", "carries = {input}")
            + net("b : bus(multicast) pe -> pe", "carries = {input}"),
            PLAIN,
            "two nets",
        ),
        (TWO_LEVELS, PLAIN.replace("n 4", "n 1x3+1, n 3"), "tail"),
        (
            memory("dram", 1, "accumulate = false", "unbounded") + f"array pe[x: 4] {{ {MAC} }}",
            SPREAD,
            "two lanes would hold the same partial sums of `y`",
        ),
        (LANES, CROWDED, "16 lanes on `pe.x`, which has 4"),
    ],
)
def test_refused(parts: str, lines: str, message: str) -> None:
    with pytest.raises(Diagnostic) as caught:
        cost_of(MATMUL, lines, parts)
    assert message in caught.value.message


def test_a_unit_that_lacks_the_function() -> None:
    workload = "input x : i8[4]\noutput y : i8[4]\nop f[i: 4] { y[i] = exp(x[i]) }"
    with pytest.raises(Diagnostic, match="does not run `exp`"):
        cost_of(workload, "keep x, y in dram\nfor i 4\nrun f on mac", TWO_LEVELS)


def test_in_place_through_another_access() -> None:
    workload = "state x : i8[5]\nop f[i: 4] { x[i] = x[i + 1] }"
    parts = TWO_LEVELS.replace("add}", "add, copy}").replace(
        "on mac, max, add", "on mac, max, add, copy"
    )
    lines = "keep x, `x#2` in dram\nfor i 4\nrun f on mac"
    with pytest.raises(Diagnostic, match="writes it through another access"):
        cost_of(workload, lines, parts)


def test_partial_sums_that_come_back_in_unequal_shares() -> None:
    workload = """
      input x : i8[4]
      const w : i8[3]
      output y : i8[9]
      op deconv[p: 4, r: 3] { y[2*p + r] += x[p] * w[r] }"""
    parts = TWO_LEVELS.replace("unbounded", "unbounded  accumulate = false")
    lines = "keep x, w, y in dram\nfor r 3, p 2x2\nkeep y in buf\nfor p 2\nrun deconv on mac"
    with pytest.raises(Diagnostic, match="uneven shares"):
        cost_of(workload, lines, parts)


def test_more_words_than_are_exact() -> None:
    workload = """
      input x : i8[262144, 262144]
      const w : i8[262144, 262144]
      output y : i8[262144, 262144]
      op mm[n: 262144, m: 262144, k: 262144] { y[n, m] += x[n, k] * w[k, m] }"""
    lines = "keep x, w, y in dram\nfor n 262144, m 262144, k 262144\nrun mm on mac"
    with pytest.raises(Diagnostic, match="2\\^53"):
        cost_of(workload, lines, TWO_LEVELS)


def test_traffic_that_no_port_or_no_energy_serves() -> None:
    op, arch = matmul(), chip()
    keep = Keep(("x", "w", "y"), "dram")
    loops = For(tuple(Loop((dim,), Bound(8)) for dim in "nmk"))
    mapping = Mapping("m", ("", "matmul"), "small", (keep, loops, Run("matmul", "mac")))
    dram = arch.memories[0]
    read_only = replace(dram.ports[0], actions=frozenset({Action.READ}))
    for broken, message in (
        (replace(dram, ports=(read_only,)), "no port of `dram` serves the traffic of `y`"),
        (replace(dram, energy_pj={Action.READ: 1.0}), "`dram` has no energy for `update`"),
    ):
        with pytest.raises(Diagnostic, match=message):
            evaluate(mapping, op, replace(arch, items=(broken, *arch.items[1:])))
