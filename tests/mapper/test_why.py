"""Explanations of counts: their factors by hand, their products against the evaluator."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from cases.texts import MAC, MATMUL, TWO_LEVELS, memory
from hypothesis import assume, given
from properties.strategies_nest import Case, cases, examples

from tilewright.hw_specs.load import read_arch
from tilewright.hw_specs.model import Action
from tilewright.ir.map_text import parse_map
from tilewright.ir.nest_text import parse_nest
from tilewright.ir.text import Diagnostic
from tilewright.mapper.cli.main import run
from tilewright.mapper.model.evaluate import evaluate
from tilewright.mapper.model.why import Count, Explanation, explain_traffic

LINES = """keep x, w, y in dram
for n 4, m 4
keep x, w, y in buf
for k 4
run mm on mac"""
WEIGHT_STATIONARY = LINES.replace("n 4, m 4", "k 4, m 4").replace("for k 4\n", "for n 4\n")
CONV = """
  input x : i8[6]
  const w : i8[3]
  output y : i8[4]
  op conv[p: 4, r: 3] { y[p] += x[p + r] * w[r] }
"""


def explained(workload: str, lines: str, chip: str, memory_path: str, operand: str) -> Explanation:
    (net,) = parse_nest(f"nest 1\nworkload net {{\n{workload}\n}}")
    (op,) = net.ops.values()
    arch = read_arch(f"hw 1\narch chip {{\n  clock = 1 GHz\n{chip}\n}}")
    (mapping,) = parse_map(f"map 1\nmapping m of net.{op.name} on chip {{\n{lines}\n}}")
    return explain_traffic(mapping, op, arch, memory_path, operand)


def count(explanation: Explanation, action: Action) -> Count:
    return next(one for one in explanation.counts if one.action is action)


def factors(one: Count) -> list[list[tuple[str, int]]]:
    return [[(factor.name, factor.value) for factor in term.factors] for term in one.terms]


# ---- by hand ----------------------------------------------------------------------------------


def test_a_loop_inside_the_one_that_moves_the_tile_is_free() -> None:
    reads = count(explained(MATMUL, LINES, TWO_LEVELS, "dram", "x"), Action.READ)
    assert factors(reads) == [[("dram", 1), ("for n 4", 4), ("tile", 4)]]
    assert [(free.name, free.why) for free in reads.free] == [
        ("for m 4", "does not move the tile, inside l*")
    ]


def test_a_loop_outside_it_brings_the_tile_again() -> None:
    fills = count(explained(MATMUL, LINES, TWO_LEVELS, "buf", "w"), Action.FILL)
    assert factors(fills) == [[("buf", 1), ("for n 4", 4), ("for m 4", 4), ("tile", 4)]]
    again = fills.terms[0].factors[1]
    assert "outside l*" in again.why
    assert fills.free == ()


def test_a_unit_without_a_latch_takes_a_word_at_every_point() -> None:
    reads = count(explained(MATMUL, LINES, TWO_LEVELS, "buf", "x"), Action.READ)
    assert factors(reads) == [[("buf", 1), ("for n 4", 4), ("for m 4", 4), ("for k 4", 4)]]
    latched = TWO_LEVELS.replace("{ ops", "{ latch = {input}  ops")
    reads = count(explained(MATMUL, WEIGHT_STATIONARY, latched, "buf", "x"), Action.READ)
    assert reads.words == 64


def test_first_touches_are_taken_off() -> None:
    reads = count(explained(MATMUL, LINES, TWO_LEVELS, "buf", "y"), Action.READ)
    assert [(term.name, term.words) for term in reads.terms] == [
        ("updates", 64),
        ("first touches", -16),
    ]


def test_partial_sums_that_come_back() -> None:
    overwrites = TWO_LEVELS.replace("unbounded", "unbounded  accumulate = false")
    found = explained(MATMUL, WEIGHT_STATIONARY, overwrites, "buf", "y")
    assert factors(count(found, Action.FILL)) == [[("reads of dram", 48)]]
    assert [(t.name, t.words) for t in count(found, Action.READ).terms] == [
        ("updates", 64),
        ("first touches", -64),
        ("refills", 48),
    ]
    adds = explained(MATMUL, WEIGHT_STATIONARY, TWO_LEVELS, "buf", "y")
    assert (count(adds, Action.FILL).words, count(adds, Action.FILL).why) == (0, "`dram` adds")


def test_the_halo_stays() -> None:
    lines = "keep x, w, y in dram\nfor p 4\nkeep x in buf\nfor r 3\nrun conv on mac"
    reads = count(explained(CONV, lines, TWO_LEVELS, "dram", "x"), Action.READ)
    assert factors(reads) == [[("dram", 1), ("for p 4", 6)]]
    assert "then 3 x 1 new words; 2 overlap and stay" in reads.terms[0].factors[1].why


LANES = f"""
{memory("dram", 100, size="unbounded")}
array pe[x: 4, y: 4] {{ {memory("spad", 1)} {MAC} }}
"""
NET = "net n : bus(multicast) dram -> pe { width = 8 bit  energy = 1 pJ/bit/hop }"


@pytest.mark.parametrize(("net", "groups"), [("", [4, 3]), (NET, [6])])
def test_lanes_that_meet_are_one_number(net: str, groups: list[int]) -> None:
    lines = "keep x, w, y in dram\npar p 4 over pe.x\npar r 3 over pe.y\nrun conv on mac"
    reads = count(explained(CONV, lines, LANES + net, "dram", "x"), Action.READ)
    assert [factor.value for factor in reads.terms[0].factors] == [1, *groups]


def test_lanes_that_share_are_free() -> None:
    lines = "keep x, w, y in dram\npar p 4 over pe.x\npar r 3 over pe.y\nrun conv on mac"
    reads = count(explained(CONV, lines, LANES + NET, "dram", "w"), Action.READ)
    assert factors(reads) == [[("dram", 1), ("par r 3 over pe.y", 3)]]
    assert [(free.name, free.why) for free in reads.free] == [
        ("par p 4 over pe.x", "one word for all by net n")
    ]


# ---- against the evaluator --------------------------------------------------------------------


@examples(150)
@given(cases())
def test_products_are_the_evaluators_counts(case: Case) -> None:
    try:
        cost = evaluate(case.mapping, case.op, case.arch)
    except Diagnostic:
        assume(False)
    for path, row in cost.memories.items():
        for operand, traffic in row.items():
            found = explain_traffic(case.mapping, case.op, case.arch, path, operand)
            assert [one.words for one in found.counts] == [
                traffic.reads,
                traffic.fills,
                traffic.updates,
                traffic.drains,
            ]


# ---- the command line -------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Arguments of `eval --why`; a name with dots and slashes, as ONNX has them."""
    workload = MATMUL.replace("x", "`/net/x.1`")
    lines = LINES.replace("x", "`/net/x.1`").replace(
        "keep `/net/x.1`, w, y in buf", "keep w in buf"
    )
    (tmp_path / "net.nest").write_text(f"nest 1\nworkload net {{\n{workload}\n}}\n")
    (tmp_path / "chip.hw").write_text(f"hw 1\narch chip {{\n  clock = 1 GHz\n{TWO_LEVELS}\n}}\n")
    (tmp_path / "best.map").write_text(f"map 1\nmapping m of net.mm on chip {{\n{lines}\n}}\n")
    best, net, chip = (str(tmp_path / name) for name in ("best.map", "net.nest", "chip.hw"))
    return ["eval", best, "--workload", net, "--hw", chip]


def test_why_as_text_names_the_lines(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*files, "--why", "dram.w"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head == f"mm: w at dram ({files[1]}:3)"
    assert rows[0] == "reads: 64 words (to buf)"
    places = [row.rsplit(":", 1)[-1] for row in rows[1:5]]
    assert places == ["3", "4", "4", "5"]
    assert len({row.index(files[1]) for row in rows[1:5]}) == 1


def test_why_as_json_multiplies_to_what_eval_says(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*files, "--json"]) == 0
    (op,) = json.loads(capsys.readouterr().out)["ops"]
    assert run([*files, "--json", "--why", "dram./net/x.1"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["why"]
    assert (found["name"], found["memory"], found["operand"]) == ("mm", "dram", "/net/x.1")
    traffic = op["cost"]["memories"]["dram"]["/net/x.1"]
    for action, one in found["counts"].items():
        assert one["words"] == traffic[action]
        assert sum(term["words"] for term in one["terms"]) == one["words"]


@pytest.mark.parametrize(
    ("subject", "message", "help_text"),
    [
        ("glb.w", "`glb.w` does not begin with a memory of `chip`", "`dram`, `buf`"),
        ("w", "`w` does not begin with a memory of `chip`", "`dram`, `buf`"),
        ("dram.v", "no op of these mappings has an operand `v`", "`/net/x.1`, `w`, `y`"),
        ("buf.y", "`y` of `mm` is not kept in `buf`", "it is kept in `dram`"),
    ],
)
def test_unknown_subjects_are_refused(
    files: list[str],
    capsys: pytest.CaptureFixture[str],
    subject: str,
    message: str,
    help_text: str,
) -> None:
    assert run([*files, "--why", subject]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"error: {message}\n")
    assert help_text in err.splitlines()[-1]


def test_names_are_shown_in_any_encoding(files: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for path in (files[1], files[3]):
        text = Path(path).read_text(encoding="utf-8")
        Path(path).write_text(text.replace("/net/x.1", "µ\x1b.1"), encoding="utf-8")
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", out)
    assert run([*files, "--why", "dram.µ\x1b.1"]) == 0
    out.seek(0)
    assert out.readline().startswith("mm: \\xb5\\x1b.1 at dram")
