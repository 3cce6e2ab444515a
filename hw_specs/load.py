"""Chips by name or file."""

from __future__ import annotations

from pathlib import Path

from ..ir.text import Diagnostic, Place, label_at
from ..ir.text.grammar import near_name
from .elaborate import elaborate
from .files import LIBRARY, Program, program_of, read_program
from .hw_text import parse_hw
from .model import Arch
from .params import Override


def load_arch(name_or_path: str | Path, /, **params: Override) -> Arch:
    """A chip of the library by its name, or of a `.hw` file by its path.

    A file that declares several archs needs the name behind a colon: `chips.hw:small`.

    Args:
        params: values of the arch's parameters: numbers, or text with a unit (`"216 KiB"`).

    >>> load_arch("eyeriss").name
    'eyeriss'

    Raises:
        Diagnostic: no such chip, or anything wrong in its description.
    """
    text = str(name_or_path)
    path, name = _split(text)
    if path is None:
        if text not in arch_names():
            raise Diagnostic(
                f"unknown chip `{text}`",
                label_at(Place(text), "no chip of the library, and no `.hw` file"),
                help=near_name(text, arch_names()),
            )
        path, name = LIBRARY / f"{text}.hw", text
    return _pick(read_program(path, str(path)), name, str(path), params)


def read_arch(text: str, name: str = "<string>", /, **params: Override) -> Arch:
    """The one chip of a `.hw` text; `name` is what diagnostics call the text."""
    return _pick(program_of(parse_hw(text, name)), None, name, params)


def arch_names() -> tuple[str, ...]:
    """The chips of the library."""
    return tuple(sorted(path.stem for path in LIBRARY.glob("*.hw")))


def _split(text: str) -> tuple[Path | None, str | None]:
    """A path and the name behind its colon; no path for what can only be a library name."""
    path, colon, name = text.rpartition(":")
    if colon and path.endswith(".hw"):
        return Path(path), name
    if text.endswith(".hw") or "/" in text:
        return Path(text), None
    return None, None


def _pick(program: Program, name: str | None, shown: str, params: dict[str, Override]) -> Arch:
    own = program.own
    if name is None and len(own) != 1:
        what = "declares no arch" if not own else f"declares {len(own)} archs"
        choices = ", ".join(f"`{shown}:{arch}`" for arch in own)
        help_text = f"write one of {choices}" if own else "write `arch NAME { ... }`"
        raise Diagnostic(f"`{shown}` {what}", label_at(Place(shown)), help=help_text)
    chosen = own[0] if name is None else name
    if chosen not in own:
        help_text = near_name(chosen, own)
        raise Diagnostic(
            f"`{shown}` has no arch `{chosen}`", label_at(Place(shown)), help=help_text
        )
    return elaborate(program.archs[chosen], program, params)
