"""`.hw` files and what they `use`: the declarations that an arch can speak of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

from ..ir.text import Diagnostic, Label, Place, label_at
from ..ir.text.source import Where
from .hw_text import parse_hw
from .syntax import ArchDecl, File, Part, TechDecl, Template, Use

LIBRARY = Path(str(files(__package__))) / "library"
"""The chips and technologies that come with the package."""

_MAX_BYTES = 4 * 1024 * 1024
_MAX_FILES = 256

Declaration = TechDecl | Template | ArchDecl
Named = TypeVar("Named", TechDecl, Part, ArchDecl)


@dataclass(frozen=True, slots=True)
class Program:
    """A file and all that it uses.

    Attributes:
        own: names of the archs that the file itself declares, in order.
        techs, templates, archs: every declaration in sight, by name.
    """

    own: tuple[str, ...]
    techs: dict[str, TechDecl] = field(default_factory=dict)
    templates: dict[str, Part] = field(default_factory=dict)
    archs: dict[str, ArchDecl] = field(default_factory=dict)


def read_program(path: Path, shown: str | None = None) -> Program:
    """Read a `.hw` file and, in turn, the files it uses.

    Args:
        shown: what diagnostics call the file; its path if not given.

    Raises:
        Diagnostic: a file that is absent, unreadable or wrong; a cycle of `use`; a name declared
            twice.
    """
    return program_of(read_file(path, shown), path.parent, path.resolve())


def program_of(file: File, folder: Path | None = None, path: Path | None = None) -> Program:
    """The program of a parsed file; `use` looks in `folder`, then in the library."""
    program = Program(tuple(decl.name for decl in file.decls if isinstance(decl, ArchDecl)))
    seen: set[Path] = set()
    for found in _with_uses(file, folder, (path,) if path else (), seen):
        for decl in found.decls:
            _declare(program, decl)
    return program


def read_file(path: Path, shown: str | None = None, at: Where | None = None) -> File:
    """Parse one file."""
    name = shown or str(path)
    where = at or Place(name)
    try:
        if path.stat().st_size > _MAX_BYTES:
            limit = f"more than {_MAX_BYTES >> 20} MiB"
            raise Diagnostic(f"`{name}` is no chip description", Label(where, limit))
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Diagnostic(f"there is no file `{name}`", Label(where)) from None
    except UnicodeDecodeError:
        raise Diagnostic(f"`{name}` is no text", Label(where, "it is not UTF-8")) from None
    except (OSError, ValueError) as error:
        why = (getattr(error, "strerror", None) or str(error)).lower()
        raise Diagnostic(f"cannot read `{name}`", Label(where, why)) from None
    return parse_hw(text, name)


def _with_uses(
    file: File, folder: Path | None, stack: tuple[Path, ...], seen: set[Path]
) -> Iterator[File]:
    """The files that `file` uses, inner ones first, each once; then `file`."""
    for use in file.uses:
        shown = _find(use, folder)
        path = shown.resolve()
        if path in stack:
            chain = " -> ".join(p.name for p in (*stack[stack.index(path) :], path))
            raise Diagnostic("`use` runs in a circle", label_at(use.at, chain))
        if path in seen:
            continue
        seen.add(path)
        if len(seen) > _MAX_FILES or len(stack) > _MAX_FILES // 4:
            raise Diagnostic("too many files are used", label_at(use.at, f"over {_MAX_FILES}"))
        inner = read_file(shown, str(shown), use.at)
        yield from _with_uses(inner, shown.parent, (*stack, path), seen)
    yield file


def _find(use: Use, folder: Path | None) -> Path:
    for place in (folder, LIBRARY):
        # A name that no file system takes (too long, a zero in it) is a name that is not there.
        with suppress(OSError, ValueError):
            if place is not None and (place / use.path).is_file():
                return place / use.path
    known = ", ".join(f"`tech/{path.name}`" for path in sorted((LIBRARY / "tech").glob("*.hw")))
    raise Diagnostic(
        f"there is no file `{use.path}`",
        label_at(use.at, "not beside this file, not in the library"),
        help=f"paths are relative to the file; the library has {known}",
    )


def _declare(program: Program, decl: Declaration) -> None:
    match decl:
        case TechDecl():
            _once(program.techs, decl.name, decl, "tech")
        case Template(part):
            _once(program.templates, part.name, part, "template")
        case ArchDecl():
            _once(program.archs, decl.name, decl, "arch")


def _once(known: dict[str, Named], name: str, decl: Named, what: str) -> None:
    first = known.setdefault(name, decl)
    if first is not decl:
        also = () if first.at is None else (Label(first.at, "first here"),)
        raise Diagnostic(
            f"the {what} `{name}` is declared twice", label_at(decl.at, "again here"), also
        )
