"""Files: written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ...ir.nest_text import show_nest_file
from ...ir.text import Diagnostic, Label, Place
from ...ir.workload import Workload
from .annotate import mappings_text
from .html import to_html
from .json_text import to_json
from .report import Report


def write_report(report: Report, workload: Workload, folder: Path) -> None:
    """Write `report.html`, `report.json`, `workload.nest` and `mappings.map` into a folder.

    All four texts exist before the first is written, and each file appears whole.

    Raises:
        Diagnostic: the folder or a file cannot be written.
    """
    texts = {
        folder / "report.html": to_html(report),
        folder / "report.json": to_json(report),
        folder / "workload.nest": show_nest_file((workload,)),
        folder / "mappings.map": mappings_text(report),
    }
    check_writable(folder)
    write_files(texts)


def check_writable(folder: Path) -> None:
    """Make a folder and see that files can be written there; call it before a long search.

    Raises:
        Diagnostic: it is a file, or cannot be made, or nothing can be written into it.
    """
    if folder.exists() and not folder.is_dir():
        raise Diagnostic(
            "the output is a file, not a folder",
            Label(Place(str(folder))),
            help="name a folder with `--out`, an existing or a new one",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _cannot_write(folder, error) from None


def write_files(texts: Mapping[Path, str]) -> None:
    """Write texts to files, UTF-8; each file is replaced as a whole.

    All are written beside their places first: if one cannot be, none is replaced.

    Raises:
        Diagnostic: a file cannot be written.
    """
    waiting: dict[Path, str] = {}
    try:
        for path, text in texts.items():
            waiting[path] = _write_beside(path, text)
        for path in texts:
            Path(waiting[path]).replace(path)
            del waiting[path]
    finally:
        for left in waiting.values():
            Path(left).unlink(missing_ok=True)


def _write_beside(path: Path, text: str) -> str:
    """Write a text to a new file in the folder of `path` and return its name."""
    if path.is_dir():
        raise Diagnostic("cannot write the file: it is a folder", Label(Place(str(path))))
    name = ""
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", newline="\n", dir=path.parent, prefix=".", delete=False
        ) as file:
            name = file.name
            file.write(text)
            # A temporary file is private; this one takes the place of an ordinary one.
            os.fchmod(file.fileno(), _mode(path))
    except OSError as error:
        if name:
            Path(name).unlink(missing_ok=True)
        raise _cannot_write(path, error) from None
    return name


def _mode(path: Path) -> int:
    """The permissions of the file that is there, else those that a new file gets."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _cannot_write(path: Path, error: OSError) -> Diagnostic:
    reason = (error.strerror or str(error)).lower()
    return Diagnostic(f"cannot write here: {reason}", Label(Place(str(path))))
