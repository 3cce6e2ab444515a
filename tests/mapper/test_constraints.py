"""The rules of legality, each broken by a mapping that breaks nothing else."""

from __future__ import annotations

from cases.small import chip, matmul

from tilewright.ir.map_text import parse_map
from tilewright.ir.mapping import For, Hole, Keep, Loop, Node, Par
from tilewright.ir.types import Role
from tilewright.mapper.constraints import Violation, check
from tilewright.mapper.constraints.functions import missing_functions, units_for

LEGAL = """
  keep x, w, y in dram
  for m 2x4
  keep x, y in glb
  for n 2x4, k 4x2
  par n 4 over pe.y
  par m 4 over pe.x
  keep x, w, y in pe.spad
  for k 2
  run matmul on pe.mac
"""


def violations(lines: str, *nest: Node, **more: object) -> tuple[Violation, ...]:
    text = f"map 1\nmapping m of net.matmul on small {{{lines}}}\n"
    (mapping,) = parse_map(text, "m.map")
    return check(mapping, matmul(), chip(*nest, **more))  # type: ignore[arg-type]


def broken(old: str, new: str, *nest: Node, **more: object) -> Violation:
    assert old in LEGAL
    (violation,) = violations(LEGAL.replace(old, new), *nest, **more)
    return violation


def test_a_legal_mapping_breaks_nothing() -> None:
    assert violations(LEGAL) == ()


def test_lanes_must_fit_their_axis() -> None:
    found = broken("for n 2x4, k 4x2\n  par n 4", "for k 4x2\n  par n 8")
    assert found == Violation("fanout", "8 lanes on `pe.y`, which has 4")
    assert str(found.at).startswith("m.map:")


def test_lanes_of_several_loops_multiply() -> None:
    found = broken("for n 2x4, k 4x2\n  par n 4 over pe.y", "for k 4x2\n  par n 4x2, n 2 over pe.y")
    assert found.message == "4*2 = 8 lanes on `pe.y`, which has 4"


def test_tiles_must_fit_the_memory() -> None:
    found = broken("keep x, y in glb", "keep x, y in glb", glb_bits=8 * 64)
    assert found.rule == "capacity"
    # x: 8x8 words of a byte; y: 8x4 partial sums of four bytes, for k is tiled outside.
    assert "64 B (`x`)" in found.message


def test_a_memory_keeps_only_its_roles() -> None:
    found = broken("keep x, w, y in pe.spad", "keep w, y in pe.spad", spad_keep={Role.WEIGHT})
    assert found == Violation("keep", "`pe.spad` does not keep the role `output` (`y`)")


def test_a_memory_keeps_all_its_roles() -> None:
    roles = {Role.WEIGHT, Role.OUTPUT, Role.INPUT}
    found = broken("keep x, w, y in pe.spad", "keep x, y in pe.spad", spad_keep=roles)
    assert found.rule == "keep"
    assert "`w` is not kept there" in found.message


FLOW = (
    Par((Loop(("m", "k"), Hole()),), "pe.x"),
    Keep(("weight",), "pe.spad"),
    For((Loop(("k",), Hole()),)),
)


def test_a_dataflow_is_followed() -> None:
    lines = LEGAL.replace("par n 4 over pe.y\n", "")
    assert violations(lines.replace("n 2x4", "n 8"), *FLOW) == ()


def test_a_loop_that_the_dataflow_does_not_list() -> None:
    flow = (*FLOW[:2], For((Loop(("n",), Hole()),)))
    found = broken("for k 2", "for k 2", *flow)
    assert found.rule == "dataflow"
    assert found.message == "not in dataflow `flow`: no place for `k 2x1` in time here"


def test_a_loop_on_an_axis_that_the_dataflow_gives_to_others() -> None:
    flow = (Par((Loop(("k",), Hole()),), "pe.x"), *FLOW[1:])
    found = broken("for k 2", "for k 2", *flow)
    assert found.message == "not in dataflow `flow`: no place for `m 4x1` over `pe.x` here"


def test_a_bound_above_the_dataflows_limit() -> None:
    flow = (Par((Loop(("m", "k"), Hole(2)),), "pe.x"), *FLOW[1:])
    assert "over `pe.x`" in broken("for k 2", "for k 2", *flow).message


def test_a_keep_that_the_dataflow_demands() -> None:
    found = broken("keep x, w, y in pe.spad", "keep x, y in pe.spad", *FLOW)
    assert found.message == "not in dataflow `flow`: `w` is not kept in `pe.spad`"


def test_functions() -> None:
    arch, op = chip(), matmul()
    assert units_for(op, arch) == arch.computes
    (unit,) = arch.computes
    assert missing_functions(op, unit) == ()


def test_an_optional_keep_of_a_dataflow_is_not_demanded() -> None:
    flow = (FLOW[0], Keep(("weight",), "pe.spad", optional=True), FLOW[2])
    assert violations(LEGAL.replace("keep x, w, y in pe.spad", "keep x, y in pe.spad"), *flow) == ()
