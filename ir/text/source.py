"""Where something stands: a span of a text, or a place that has no text."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Source:
    """A named text: a file's content, or a string under a name such as `<string>`."""

    name: str
    text: str = field(repr=False)

    def line_col(self, offset: int) -> tuple[int, int]:
        """Line and column of a character offset, both from 1."""
        return self.text.count("\n", 0, offset) + 1, offset - self.text.rfind("\n", 0, offset)

    def line(self, number: int) -> str:
        """The text of line `number` (from 1) without its line break."""
        return self.text.split("\n")[number - 1].rstrip("\r")


@dataclass(frozen=True, slots=True)
class Span:
    """The characters `start` to `end` (exclusive) of a source."""

    source: Source
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    def __str__(self) -> str:
        line, col = self.source.line_col(self.start)
        return f"{self.source.name}:{line}:{col}"


@dataclass(frozen=True, slots=True)
class Place:
    """A place without text to underline: `net.onnx#Conv_0`, `--dim`, `build.py:12`."""

    name: str

    def __str__(self) -> str:
        return self.name


Where = Span | Place
