"""One broken chip per rule, with its expected rendering beside it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tilewright.hw_specs import load_arch
from tilewright.ir.text import Diagnostic

FOLDER = Path(__file__).parent.parent / "errors"
FILES = sorted(FOLDER.glob("bad_*.hw"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_rendering(
    path: Path, golden: Callable[[Path, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(FOLDER)
    derived = ":chip" if "arch chip : " in path.read_text() else ""
    with pytest.raises(Diagnostic) as caught:
        load_arch(f"{path.name}{derived}")
    golden(path.with_name(f"{path.name}.err"), f"{caught.value}\n")


def test_every_expectation_has_its_file() -> None:
    assert {path.name for path in FOLDER.glob("*.hw.err")} == {f"{path.name}.err" for path in FILES}
