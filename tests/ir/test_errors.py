"""One broken file per rule, with its expected rendering beside it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tilewright.ir.map_text import parse_map
from tilewright.ir.nest_text import parse_nest
from tilewright.ir.text import Diagnostic
from tilewright.ir.verify import mapping_faults

FOLDER = Path(__file__).parent.parent / "errors"
FILES = sorted(path for path in FOLDER.glob("bad_*") if path.suffix in (".nest", ".map"))


def _faults(path: Path) -> list[Diagnostic]:
    """All that is wrong with a file; a mapping is held against the op of `vgg.nest`."""
    (vgg,) = parse_nest((FOLDER / "vgg.nest").read_text(), "vgg.nest")
    try:
        if path.suffix == ".nest":
            parse_nest(path.read_text(), path.name)
            return []
        mappings = parse_map(path.read_text(), path.name)
    except Diagnostic as diagnostic:
        return [diagnostic]
    return [fault for mapping in mappings for fault in mapping_faults(mapping, vgg.ops["odd"])]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_rendering(path: Path, golden: Callable[[Path, str], None]) -> None:
    rendered = [f"{fault}\n" for fault in _faults(path)]
    assert len(rendered) == 1, "a file breaks one rule"
    golden(path.with_name(f"{path.name}.err"), rendered[0])


def test_every_expectation_has_its_file() -> None:
    expected = {path.name for path in FOLDER.glob("*.nest.err")}
    expected |= {path.name for path in FOLDER.glob("*.map.err")}
    assert expected == {f"{path.name}.err" for path in FILES}
