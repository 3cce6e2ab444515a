"""The texts that newcomers read first: their examples run as they stand."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from tilewright.ir.map_text import parse_map
from tilewright.mapper.cli.main import app

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
TEXTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    fences = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [body for name, body in fences if name == language]


def command_lines() -> list[str]:
    lines = (
        line
        for path in TEXTS
        for block in blocks(path.read_text(), "sh")
        for line in block.splitlines()
    )
    return sorted(
        {line.split("  #")[0].strip() for line in lines if line.startswith("tilewright ")}
    )


@pytest.mark.slow
def test_the_python_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (example,) = blocks(README, "python")
    exec(compile(example, "README.md", "exec"), {"__name__": "__readme__"})
    assert (tmp_path / "report.html").stat().st_size > 10_000


def test_the_mapping_example_is_a_mapping() -> None:
    (text,) = (block for block in blocks(README, "") if block.startswith("map 1"))
    assert len(parse_map(text)) == 1


@pytest.mark.parametrize("line", command_lines())
def test_commands_have_the_options_that_are_shown(line: str) -> None:
    words = shlex.split(line)[1:]
    command: click.Command = app
    context = click.Context(app)
    while isinstance(command, click.Group):
        found = command.get_command(context, words.pop(0))
        assert found is not None, line
        command = found
    known = {option for param in command.params for option in param.opts} | {"--help", "-h"}
    assert {word for word in words if word.startswith("-")} <= known


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", path.read_text()):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), f"{path.name}: {target}"
