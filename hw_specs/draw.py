"""A chip as a picture: nested boxes from the outside in, arrays stacked, nets as arrows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from ..ir.types import Role
from .model import Arch, Array, Compute, Item, Memory, Net
from .outline import array_title, compute_facts, lanes, memory_facts, show_clock

_LINE = 16
_PAD = 12
_GAP = 26
_STACK = 5
_CHAR = 6.7  # mean width of a character of the 12 px text

_STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #1d2733; }
  .title { font-weight: 600; }
  .note { fill: #53606e; }
  rect { stroke: #8794a3; fill: #f4f6f8; }
  .memory { fill: #dcebf9; stroke: #4b86bd; }
  .compute { fill: #fde8cf; stroke: #c9822b; }
  .array { fill: #ffffff; }
  .page { fill: #ffffff; stroke: none; }
  line { stroke: #53606e; stroke-width: 1.5; }
  .head { fill: #53606e; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6ebf0; }
    .note { fill: #a9b5c1; }
    rect { stroke: #6b7886; fill: #1c232b; }
    .memory { fill: #1d3a55; stroke: #5b9bd5; }
    .compute { fill: #4d3416; stroke: #e0a050; }
    .array { fill: #161b21; }
    .page { fill: #10151a; stroke: none; }
    line { stroke: #a9b5c1; }
    .head { fill: #a9b5c1; }
  }
  @media print {
    text { fill: #000000; }
    rect { fill: #ffffff; stroke: #000000; }
  }
"""


@dataclass(frozen=True, slots=True)
class _Picture:
    """Marks drawn from (0, 0) to (width, height)."""

    width: float
    height: float
    marks: tuple[str, ...]


def draw_graph(arch: Arch) -> str:
    """The chip as a self-contained SVG document, for light and dark pages and for paper."""
    body = _scope(arch.items, arch)
    title = _text(0, _LINE, f"{arch.name}, {show_clock(arch.clock_hz)}", "title")
    width, height = body.width + 2 * _PAD, body.height + _LINE + 3 * _PAD
    label = f"block diagram of {arch.name}"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="img" aria-label="{escape(label)}">',
        f"<style>{_STYLE}</style>",
        f'<rect class="page" width="{width:g}" height="{height:g}"/>',
        *_moved(_Picture(0, 0, (title,)), _PAD, _PAD),
        *_moved(body, _PAD, _LINE + 2 * _PAD),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _scope(items: Sequence[Item], arch: Arch) -> _Picture:
    """Memories one below the other, then arrays and units side by side, all equally wide."""
    memories = [item for item in items if isinstance(item, Memory)]
    rest = [item for item in items if not isinstance(item, Memory)]
    row = [_beside([_arriving(_box(item, arch), item, arch, bool(memories)) for item in rest])]
    cards = [_memory(memory, 0) for memory in memories]
    width = max((picture.width for picture in (*row, *cards)), default=0)
    stacked = [
        _arriving(_memory(memory, width), memory, arch, number > 0)
        for number, memory in enumerate(memories)
    ]
    return _below([*stacked, *row])


def _arriving(box: _Picture, item: Item, arch: Arch, inner: bool) -> _Picture:
    """A part under an arrow that is labelled with the nets that lead to it."""
    nets = [net for net in arch.nets if net.target == item.path and net.source != net.target]
    if not inner and not nets:
        return box
    labels = [_net_label(net) for net in nets]
    gap = max(_GAP, _LINE * len(labels) + _PAD)
    arrow = (
        f'<line x1="{_PAD * 2}" y1="2" x2="{_PAD * 2}" y2="{gap - 6:g}"/>',
        f'<path class="head" d="M{_PAD * 2 - 4} {gap - 8:g} l8 0 l-4 8 z"/>',
        *(
            _text(_PAD * 3, _LINE * number + _LINE + 1, label, "note")
            for number, label in enumerate(labels)
        ),
    )
    width = max(box.width, *(_PAD * 3 + _width(label) for label in ("", *labels)))
    return _Picture(width, gap + box.height, (*arrow, *_moved(box, 0, gap)))


def _box(item: Array | Compute, arch: Arch) -> _Picture:
    if isinstance(item, Compute):
        return _card("compute", item.name, _wrapped(compute_facts(item)))
    return _array(item, arch)


def _memory(memory: Memory, width: float) -> _Picture:
    banks = "".join(f" x {extent}" for _, extent in memory.banks)
    facts = memory_facts(memory)
    lines = [", ".join(facts[:2]), ", ".join(facts[2:])]
    return _card("memory", f"{memory.name}{banks}", lines, width)


def _array(array: Array, arch: Arch) -> _Picture:
    """A stack of boxes; the nets that join its lanes stand under its title."""
    inner = _scope(array.items, arch)
    joins = [net for net in arch.nets if net.source == net.target == array.path]
    lines = [_net_label(net) for net in joins]
    title = f"{array_title(array)}, {lanes(array)}"
    top = _PAD + _LINE * (1 + len(lines)) + _PAD / 2
    width = max(inner.width, _width(title), *(map(_width, ("", *lines)))) + 2 * _PAD
    height = top + inner.height + _PAD
    stacked = 2 if array.lanes > 1 else 0
    marks = [
        _rect("array", _STACK * depth, _STACK * depth, width, height)
        for depth in range(stacked, -1, -1)
    ]
    marks.append(_text(_PAD, _PAD + 10, title, "title"))
    marks += [
        _text(_PAD, _PAD + 10 + _LINE * (number + 1), line, "note")
        for number, line in enumerate(lines)
    ]
    marks += _moved(inner, _PAD, top)
    return _Picture(width + _STACK * stacked, height + _STACK * stacked, tuple(marks))


def _card(kind: str, title: str, lines: Sequence[str], width: float = 0) -> _Picture:
    width = max(width, *(2 * _PAD + _width(line) for line in (title, *lines)))
    height = _LINE * (1 + len(lines)) + _PAD + 4
    texts = [
        _text(_PAD, _PAD + 8 + _LINE * (number + 1), line, "note")
        for number, line in enumerate(lines)
    ]
    marks = (_rect(kind, 0, 0, width, height), _text(_PAD, _PAD + 8, title, "title"), *texts)
    return _Picture(width, height, marks)


def _net_label(net: Net) -> str:
    """`psums: systolic y, reduce (output)`."""
    axes = " ".join(axis.rpartition(".")[2] for axis in net.axes)
    traits = [
        *(["multicast"] if net.multicast else []),
        *(["forward"] if net.forward else []),
        *(["reduce"] if net.reduce else []),
    ]
    carries = ", ".join(role for role in Role if role in net.carries)
    kind = ", ".join([f"{net.topology} {axes}".strip(), *traits, f"{net.width_bits} bit"])
    return f"{net.name.rpartition('.')[2]}: {kind} ({carries})"


def _wrapped(facts: Sequence[str]) -> list[str]:
    """Facts, three to a line."""
    return [", ".join(facts[start : start + 3]) for start in range(0, len(facts), 3)]


def _below(rows: Sequence[_Picture]) -> _Picture:
    marks: list[str] = []
    top = 0.0
    for row in rows:
        marks += _moved(row, 0, top)
        top += row.height
    return _Picture(max((row.width for row in rows), default=0), top, tuple(marks))


def _beside(columns: Sequence[_Picture]) -> _Picture:
    marks: list[str] = []
    left = 0.0
    for column in columns:
        marks += _moved(column, left, 0)
        left += column.width + _GAP
    height = max((column.height for column in columns), default=0)
    return _Picture(max(0, left - _GAP), height, tuple(marks))


def _moved(picture: _Picture, x: float, y: float) -> tuple[str, ...]:
    return (f'<g transform="translate({x:g} {y:g})">', *picture.marks, "</g>")


def _rect(kind: str, x: float, y: float, width: float, height: float) -> str:
    size = f'width="{width:g}" height="{height:g}"'
    return f'<rect class="{kind}" x="{x:g}" y="{y:g}" {size} rx="5"/>'


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y:g}">{escape(text)}</text>'


def _width(text: str) -> float:
    return len(text) * _CHAR
