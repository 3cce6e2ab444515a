"""The checkout is the package: links, layers, nothing that a host compiler would stumble over."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("ir", "hw_specs", "frontends", "mapper")


def test_src_holds_a_link_to_every_package() -> None:
    for name in ("__init__.py", "py.typed", *PACKAGES):
        link = ROOT / "src" / "tilewright" / name
        assert link.is_symlink(), f"{link} is no link (a clone without symlinks is an empty wheel)"
        assert link.resolve() == ROOT / name


def test_no_top_level_package_but_ours() -> None:
    code = (
        "import sys, tilewright; tilewright.load_arch; "
        f"print([name for name in {PACKAGES!r} if name in sys.modules])"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT / "tests"
    )
    assert out.stdout.strip() == "[]"


def test_a_host_with_its_own_ir_package_is_not_disturbed(tmp_path: Path) -> None:
    (tmp_path / "ir").mkdir()
    (tmp_path / "ir" / "__init__.py").write_text("Loop = 'the host one'\n")
    (tmp_path / "compile.py").write_text(
        "import tilewright\nimport ir\ntilewright.load_arch\nprint(ir.Loop)\n"
    )
    out = subprocess.run(
        [sys.executable, "compile.py"], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert out.stdout.strip() == "the host one"


def test_importing_the_face_is_light() -> None:
    code = (
        "import sys, tilewright; "
        "print([n for n in ('numba', 'onnx', 'z3', 'plotly', 'rich') if n in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_imports_inside_the_package_are_relative() -> None:
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ImportFrom) and node.level == 0:
                    assert node.module is None or not node.module.startswith("tilewright"), path


def test_no_module_is_larger_than_a_reader_can_hold() -> None:
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            assert len(path.read_text().splitlines()) <= 700, path
