"""Files: written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from errno import EISDIR
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
    with _explained(folder):
        if folder.exists() and not folder.is_dir():
            raise Diagnostic(
                "the output is a file, not a folder",
                Label(Place(str(folder))),
                help="name a folder with `--out`, an existing or a new one",
            )
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass


def write_files(texts: Mapping[Path, str]) -> None:
    """Write texts to files, UTF-8; each file is replaced as a whole.

    All are written beside their places first: if one cannot be, none is replaced.

    Raises:
        Diagnostic: a file cannot be written.
    """
    beside: dict[Path, Path] = {}
    try:
        for path, text in texts.items():
            with _explained(path):
                beside[path] = _place_for(path)
                # A file name that is no UTF-8 reaches the text as lone surrogates.
                beside[path].write_bytes(text.encode("utf-8", "backslashreplace"))
        for path, written in beside.items():
            with _explained(path):
                if written != path:
                    written.chmod(_mode(path))
                    written.replace(path.resolve())
    finally:
        for path, written in beside.items():
            if written != path:
                written.unlink(missing_ok=True)


def _place_for(path: Path) -> Path:
    """Where to write first: a new file in the same folder, from where a rename is atomic.

    A device or a pipe (`/dev/stdout`) is no file that could be replaced: it is written as it is.
    """
    if path.is_dir():
        raise IsADirectoryError(EISDIR, "it is a folder")
    if path.exists() and not path.is_file():
        return path
    handle, name = tempfile.mkstemp(dir=path.resolve().parent, prefix=".tilewright-")
    os.close(handle)
    return Path(name)


def _mode(path: Path) -> int:
    """The permissions of the file that is there, else those that a new file gets.

    A temporary file is private; this one takes the place of an ordinary one.
    """
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn what the system refuses into a diagnostic about `path`."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise Diagnostic(f"cannot write here: {reason}", Label(Place(str(path)))) from None
