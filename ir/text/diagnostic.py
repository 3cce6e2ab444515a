"""The one error type: what is wrong, where, why with the sum, and what to write instead."""

from __future__ import annotations

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
    line, col = where.source.line_col(where.start)
    # A tab is shown as one space, so that the caret stands below what it means.
    text = where.source.line(line).replace("\t", " ")
    width = max(1, min(where.end - where.start, len(text) - col + 1))
    return [
        arrow,
        f"{gutter} |",
        f"{line:>{len(gutter)}} | {text}",
        f"{gutter} | {' ' * (col - 1)}{mark * width} {label.text}".rstrip(),
    ]


def label_at(node_at: Where | None, text: str = "") -> Label | None:
    """A label at a node's own place, or None for a node built without one."""
    return None if node_at is None else Label(node_at, text)
