"""The command line: what it prints, what it writes, and the status it ends with."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tilewright.mapper.cli.main import run

CASES = Path(__file__).parent.parent / "cases"
HW, NEST = str(CASES / "small.hw"), str(CASES / "small.nest")

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def tilewright(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line; returns its status, stdout and stderr."""

    def call(*arguments: str) -> tuple[int, str, str]:
        status = run(list(arguments))
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


def one_diagnostic(status: int, out: str, err: str) -> str:
    """Bad input: status 2, nothing on stdout, one diagnostic, no traceback."""
    assert status == 2
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("error: ") == 1
    assert "Traceback" not in err
    return err


# ---- map ------------------------------------------------------------------------------------


def test_map_prints_the_report_as_json_and_nothing_else(tilewright: Run) -> None:
    status, out, err = tilewright("map", NEST, "--hw", HW, "--json")
    report = json.loads(out)
    assert (status, err) == (0, "")
    assert report["schema"] == "tilewright-report/1"
    (op,) = report["ops"]
    assert (op["name"], op["count"], op["macs"]) == ("first", 2, 512)
    assert report["totals"]["macs"] == 1024
    assert report["totals"]["edp"] == report["totals"]["energy_pj"] * report["totals"]["cycles"]
    (missing,) = report["not_mapped"]
    assert missing["name"] == "soft"
    assert "`pe.alu` lacks `exp`" in missing["why"]


def test_map_is_deterministic_and_does_not_depend_on_jobs(tilewright: Run) -> None:
    def ops(*more: str) -> object:
        found = json.loads(tilewright("map", NEST, "--hw", HW, "--json", *more)[1])["ops"]
        for op in found:
            del op["certificate"]["seconds"]
        return found

    assert ops() == ops() == ops("--jobs", "2")
    assert ops("--seed", "1") is not None


def test_eval_of_written_mappings_gives_the_reports_numbers(
    tilewright: Run, tmp_path: Path
) -> None:
    status, _, _ = tilewright("map", NEST, "--hw", HW, "--out", str(tmp_path))
    assert status == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "mappings.map",
        "report.html",
        "report.json",
        "workload.nest",
    ]
    mappings, nest = str(tmp_path / "mappings.map"), str(tmp_path / "workload.nest")
    status, out, _ = tilewright("eval", mappings, "--workload", nest, "--hw", HW, "--json")
    report = json.loads((tmp_path / "report.json").read_text())
    assert status == 0
    assert json.loads(out)["ops"] == [
        {"name": op["name"], "cost": op["cost"]} for op in report["ops"]
    ]
    status, out, _ = tilewright("check", mappings, "--workload", nest, "--hw", HW, "--json")
    assert (status, json.loads(out)) == (0, [])


@pytest.mark.parametrize("objective", ["energy", "latency", "edp"])
def test_the_objective_is_what_gets_small(tilewright: Run, objective: str) -> None:
    key = {"energy": "energy_pj", "latency": "cycles", "edp": "edp"}[objective]

    def best(wanted: str) -> float:
        arguments = ("map", NEST, "--hw", HW, "--json", "--objective", wanted)
        return float(json.loads(tilewright(*arguments)[1])["ops"][0]["cost"][key])

    assert best(objective) == min(best(other) for other in ("energy", "latency", "edp"))


def test_map_with_nothing_mapped_is_status_1(tilewright: Run, tmp_path: Path) -> None:
    nest = tmp_path / "soft.nest"
    nest.write_text(
        "nest 1\nworkload w {\n  input x : i8[4]\n  output y : i8[4]\n"
        "  op f[i: 4] {\n    y[i] = exp(x[i])\n  }\n}\n"
    )
    status, out, _ = tilewright("map", str(nest), "--hw", HW)
    assert status == 1
    assert "lacks `exp`" in out


def test_a_budget_ends_the_search(tilewright: Run) -> None:
    status, out, _ = tilewright("map", NEST, "--hw", HW, "--json", "--budget", "0")
    assert status == 0
    assert json.loads(out)["ops"]


# ---- check ----------------------------------------------------------------------------------

TOO_LARGE = """map 1
mapping m of net.first on tiny {
  keep x, w, y in dram
  keep x, w in pe.spad
  for n 8, m 8, k 8
  run first on pe.alu
}
"""


def test_check_names_the_rule_and_its_place(tilewright: Run, tmp_path: Path) -> None:
    file = tmp_path / "m.map"
    file.write_text(TOO_LARGE)
    arguments = ("check", str(file), "--workload", NEST, "--hw", HW)
    status, out, _ = tilewright(*arguments, "--json")
    assert status == 1
    (violation,) = json.loads(out)
    assert violation == {
        "rule": "capacity",
        "at": f"{file}:4:3",
        "message": "`pe.spad` holds 64 B, not 64 B (`x`) + 64 B (`w`) = 128 B",
    }
    status, out, err = tilewright(*arguments)
    assert (status, out) == (1, "1 violations\n")
    assert "^" in err


def test_a_mapping_may_leave_its_workload_open(tilewright: Run, tmp_path: Path) -> None:
    file = tmp_path / "m.map"
    file.write_text(TOO_LARGE.replace("of net.first", "of first"))
    status, out, _ = tilewright("eval", str(file), "--workload", NEST, "--hw", HW, "--json")
    assert (status, json.loads(out)["ops"][0]["name"]) == (0, "first")


# ---- bad input ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("size = 1 KiB", "size = 1 KB", "write `1 KiB`"),
        ("size = 1 KiB", "sizze = 1 KiB", "did you mean `size`?"),
        ("hw 1\n", 'hw 1\nuse "chip.hw"\n', "use"),
        ("hw 1\n", 'hw 1\nuse "nowhere.hw"\n', "nowhere.hw"),
        ("arch tiny {", "arch tiny {\n  net n : bus glb -> pee { width = 8 bit }", "pee"),
    ],
)
def test_a_bad_chip_is_one_diagnostic(
    tilewright: Run, tmp_path: Path, old: str, new: str, said: str
) -> None:
    file = tmp_path / "chip.hw"
    file.write_text((CASES / "small.hw").read_text().replace(old, new, 1))
    err = one_diagnostic(*tilewright("map", NEST, "--hw", str(file)))
    assert said in err
    assert f"--> {file}:" in err


def test_an_unknown_memory_in_a_mapping(tilewright: Run, tmp_path: Path) -> None:
    file = tmp_path / "m.map"
    file.write_text(TOO_LARGE.replace("in pe.spad", "in pe.spud"))
    err = one_diagnostic(*tilewright("eval", str(file), "--workload", NEST, "--hw", HW))
    assert "did you mean `pe.spad`?" in err
    assert f"--> {file}:4:" in err


def test_a_truncated_model(tilewright: Run, tmp_path: Path, shared: Path) -> None:
    file = tmp_path / "cut.onnx"
    file.write_bytes((shared / "models" / "tv_resnet50.onnx").read_bytes()[:1000])
    one_diagnostic(*tilewright("map", str(file), "--hw", HW))


def test_free_dims_are_named(tilewright: Run, shared: Path) -> None:
    model = shared / "models" / "silero_vad_16k_lstm.onnx"
    err = one_diagnostic(*tilewright("map", str(model), "--hw", HW))
    assert "batch" in err
    assert "sequence" in err
    assert "--dim" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("map", "absent.onnx", "--hw", HW),
        ("map", "absent.nest", "--hw", HW),
        ("map", NEST, "--hw", "absent.hw"),
        ("map", NEST, "--hw", "eyeris"),
        ("map", NEST, "--hw", HW, "--set", "rows"),
        ("map", NEST, "--hw", HW, "--set", "rows=4"),
        ("map", NEST, "--hw", HW, "--dim", "batch=0"),
        ("map", NEST, "--hw", HW, "--dim", "batch=1"),
        ("map", "onnx:resnet51", "--hw", HW),
        ("map", HW, "--hw", HW),
        ("map", NEST, "--hw", NEST),
        ("eval", "absent.map", "--workload", NEST, "--hw", HW),
        ("eval", NEST, "--workload", NEST, "--hw", HW),
        ("fmt", "absent.hw"),
        ("import", "absent.onnx", "-o", "out.nest"),
        ("hw", "show", "nothing"),
    ],
)
def test_bad_arguments_are_one_diagnostic(tilewright: Run, arguments: tuple[str, ...]) -> None:
    one_diagnostic(*tilewright(*arguments))


@pytest.mark.parametrize("arguments", [("map", NEST), ("nap",), ("map", NEST, "--hw", HW, "--x")])
def test_bad_usage_is_status_2(tilewright: Run, arguments: tuple[str, ...]) -> None:
    status, _, err = tilewright(*arguments)
    assert status == 2
    assert "Traceback" not in err


def test_an_output_that_is_a_file_is_found_before_the_search(
    tilewright: Run, tmp_path: Path
) -> None:
    taken = tmp_path / "taken"
    taken.write_text("mine")
    one_diagnostic(*tilewright("map", NEST, "--hw", HW, "--out", str(taken)))
    assert taken.read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_output_that_cannot_be_written(tilewright: Run, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    one_diagnostic(*tilewright("map", NEST, "--hw", HW, "--out", str(tmp_path / "out")))


def test_a_mapping_for_another_chip(tilewright: Run, tmp_path: Path) -> None:
    file = tmp_path / "m.map"
    file.write_text(TOO_LARGE.replace("on tiny", "on eyeriss"))
    err = one_diagnostic(*tilewright("eval", str(file), "--workload", NEST, "--hw", HW))
    assert "`--hw eyeriss`" in err


# ---- the small commands ---------------------------------------------------------------------


def test_fmt_rewrites_and_check_only_says(tilewright: Run, tmp_path: Path) -> None:
    file = tmp_path / "a.nest"
    file.write_text((CASES / "small.nest").read_text().replace("  input x ", "     input x ", 1))
    before = file.read_text()
    assert tilewright("fmt", "--check", str(file))[0] == 1
    assert file.read_text() == before
    assert tilewright("fmt", str(file))[0] == 0
    assert file.read_text() == (CASES / "small.nest").read_text()
    assert tilewright("fmt", "--check", str(file))[0] == 0


def test_import_writes_a_nest_that_maps(tilewright: Run, tmp_path: Path) -> None:
    file = tmp_path / "squeezenet.nest"
    assert tilewright("import", "onnx:squeezenet", "-o", str(file))[0] == 0
    assert file.read_text().startswith("nest 1\n")


def test_hw_lists_shows_and_draws(tilewright: Run, tmp_path: Path) -> None:
    status, out, _ = tilewright("hw", "list")
    assert status == 0
    assert "eyeriss" in out
    status, out, _ = tilewright("hw", "show", "eyeriss", "--set", "rows=8")
    assert (status, "pe[y: 8, x: 14]" in out) == (0, True)
    status, out, _ = tilewright("hw", "graph", "eyeriss")
    assert (status, "pspad" in out) == (0, True)
    picture = tmp_path / "eyeriss.svg"
    assert tilewright("hw", "graph", "eyeriss", "-o", str(picture))[0] == 0
    assert picture.read_text().startswith("<svg")


def test_help_is_status_0(tilewright: Run) -> None:
    for arguments in (("--help",), ("map", "--help"), ("--version",)):
        assert tilewright(*arguments)[0] == 0
