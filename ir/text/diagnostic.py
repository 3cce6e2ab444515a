"""The one error type: what is wrong, where, why with the sum, and what to write instead."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from .source import Place, Where


@dataclass(frozen=True, slots=True)
class Label:
    """A place and the few words that stand beside its caret."""

    where: Where
    text: str = ""


@dataclass(eq=False)
class Diagnostic(Exception):
    """Bad input, explained.

    Attributes:
        message: what is wrong; lower case, no full stop, names in backticks.
        at: the place, with the reason beside the caret (`8*13 = 104`).
        also: further places that take part (`defined here`).
        help: an edit that the user can paste.
    """

    message: str
    at: Label | None = None
    also: tuple[Label, ...] = ()
    help: str = ""
    level: str = "error"

    def __str__(self) -> str:
        labels = () if self.at is None else (self.at, *self.also)
        gutter = " " * max((_line_digits(label.where) for label in labels), default=1)
        out = [f"{self.level}: {self.message}"]
        for index, label in enumerate(labels):
            out += _render_label(label, gutter, first=index == 0)
        if self.help:
            out.append(f"{gutter} = help: {self.help}")
        return "\n".join(out)

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions pickle by their `args`; worker processes send diagnostics back.
        return Diagnostic, (self.message, self.at, self.also, self.help, self.level)


def _line_digits(where: Where) -> int:
    return 1 if isinstance(where, Place) else len(str(where.source.line_col(where.start)[0]))


def _render_label(label: Label, gutter: str, *, first: bool) -> list[str]:
    where, mark = label.where, "^" if first else "-"
    arrow = f"{gutter}{'-->' if first else ':::'} {where}"
    if isinstance(where, Place):
        return [arrow, *([f"{gutter} | {label.text}"] if label.text else [])]
    number, column = where.source.line_col(where.start)
    line = where.source.line(number)
    before, marked, after = _window(line, column - 1, where.end - where.start)
    return [
        arrow,
        f"{gutter} |",
        f"{number:>{len(gutter)}} | {before}{marked}{after}".rstrip(),
        f"{gutter} | {' ' * _cells(before)}{mark * max(1, _cells(marked))} {label.text}".rstrip(),
    ]


_WIDEST_LINE = 120


def _window(line: str, start: int, length: int) -> tuple[str, str, str]:
    """A line before, under and after a caret; far ends of an overlong line are left out."""
    end = min(start + max(1, length), max(len(line), start + 1))
    left = 0 if len(line) <= _WIDEST_LINE else max(0, start - _WIDEST_LINE // 3)
    right = max(left + _WIDEST_LINE, start + 1)
    before = ("…" if left else "") + line[left:start]
    after = line[end:right] + ("…" if right < len(line) else "")
    return _plain(before), _plain(line[start : min(end, right)]), _plain(after)


def _plain(text: str) -> str:
    """Text without control characters, one for one: a file must not drive the terminal."""
    return "".join(char if char.isprintable() else " " for char in text)


def _cells(text: str) -> int:
    """Columns that a text takes on a terminal: wide characters two, combining ones none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def crop(text: str, length: int = 60) -> str:
    """A piece of somebody's text for a message: printable and short."""
    plain = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
    return plain if len(plain) <= length else plain[: length - 1] + "…"


def label_at(node_at: Where | None, text: str = "") -> Label | None:
    """A label at a node's own place, or None for a node built without one."""
    return None if node_at is None else Label(node_at, text)
