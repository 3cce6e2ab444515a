"""What paths in nets, links and dataflows mean: any suffix that only one part or axis has."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..ir.text import Diagnostic, label_at
from ..ir.text.grammar import near_name
from ..ir.text.source import Where
from .model import Array, Item, Memory, walk


@dataclass(frozen=True, slots=True)
class Names:
    """The parts and axes of a chip by full path.

    Attributes:
        axes: extents; the banks of a memory are axes too (`bank.i`).
        by_suffix: full paths for each last part of one.
    """

    parts: dict[str, Item]
    axes: dict[str, int]
    by_last: dict[str, tuple[str, ...]] = field(repr=False)

    def part(self, path: str, at: Where | None, scope: str = "") -> Item:
        """The part that a path written in `scope` (a full path or empty) means."""
        return self.parts[self._find(path, tuple(self.parts), "part", at, scope)]

    def axis(self, path: str, at: Where | None) -> str:
        """The full path of an axis."""
        return self._find(path, tuple(self.axes), "axis", at, "")

    def _find(
        self, path: str, among: tuple[str, ...], what: str, at: Where | None, scope: str
    ) -> str:
        while scope:
            near = f"{scope}.{path}"
            if near in self.parts and what == "part":
                return near
            scope = scope.rpartition(".")[0]
        known = self.parts if what == "part" else self.axes
        if path in known:
            return path
        ends = self.by_last.get(path.rpartition(".")[2], ())
        found = [full for full in ends if full in known and full.endswith(f".{path}")]
        if len(found) == 1:
            return found[0]
        if found:
            shown = ", ".join(f"`{full}`" for full in found[:6])
            raise Diagnostic(
                f"`{path}` is ambiguous",
                label_at(at, f"{len(found)} {'parts' if what == 'part' else 'axes'} end so"),
                help=f"write one of {shown}",
            )
        raise Diagnostic(
            f"unknown {what} `{path}`", label_at(at), help=near_name(path, _suffixes(among))
        )


def names_of(items: tuple[Item, ...]) -> Names:
    """Index the parts of a chip."""
    parts = {item.path: item for item in walk(items)}
    axes = {f"{part.path}.{axis}": n for part in parts.values() for axis, n in own_axes(part)}
    ends: dict[str, list[str]] = {}
    for path in (*parts, *axes):
        ends.setdefault(path.rpartition(".")[2], []).append(path)
    return Names(parts, axes, {last: tuple(paths) for last, paths in ends.items()})


def own_axes(part: Item) -> tuple[tuple[str, int], ...]:
    """The axes that a part itself brings: an array's, or a memory's banks."""
    match part:
        case Array():
            return part.axes
        case Memory():
            return part.banks
        case _:
            return ()


def _suffixes(paths: tuple[str, ...]) -> list[str]:
    """Each path, and for a longer one its last two parts: what people write."""
    return [".".join(path.split(".")[-2:]) for path in paths]
