"""An explanation of counts (`mapper.model.why`) as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...ir.text.diagnostic import crop
from ...ir.text.source import Span, Where
from ..model.why import Count, Explanation, Factor, Term


def why_text(explanation: Explanation) -> str:
    """A few aligned lines for each count: factor, loop or part, what it does, its line."""
    head = f"{explanation.op}: {explanation.operand} at {explanation.memory}"
    rows = [row for count in explanation.counts for row in _count_rows(count)]
    widths = [max((len(row[n]) for row in rows if len(row) > 1), default=0) for n in range(3)]
    lines = [
        row[0]
        if len(row) == 1
        else f"  {row[0]:>{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:<{widths[2]}}  {row[3]}"
        for row in rows
    ]
    # Names are somebody's text: they must not drive the terminal.
    shown = (crop(line.rstrip(), 500) for line in (_placed(head, explanation.at), *lines))
    return "\n".join(shown) + "\n"


def why_json(explanation: Explanation) -> dict[str, Any]:
    """An explanation as what `json` writes; `words` of a term carry its sign."""
    return {
        "name": explanation.op,
        "memory": explanation.memory,
        "operand": explanation.operand,
        "at": _line(explanation.at),
        "counts": {f"{count.action}s": _count_json(count) for count in explanation.counts},
    }


def _count_json(count: Count) -> dict[str, Any]:
    return {
        "words": count.words,
        "why": count.why,
        "terms": [
            {
                "name": term.name,
                "words": term.words,
                "factors": [_factor_json(factor) for factor in term.factors],
            }
            for term in count.terms
        ],
        "free": [_factor_json(factor) for factor in count.free],
    }


def _factor_json(factor: Factor) -> dict[str, Any]:
    return {
        "name": factor.name,
        "value": factor.value,
        "why": factor.why,
        "at": _line(factor.at),
    }


def _count_rows(count: Count) -> Iterator[tuple[str, ...]]:
    """One row is a heading; four are the columns of a factor."""
    yield (f"{count.action}s: {count.words} words ({count.why})",)
    for term in count.terms:
        if len(count.terms) > 1:
            yield (f"  {'-' if term.sign < 0 else '+'} {abs(term.words)} {term.name}",)
        yield from _term_rows(term)
    for factor in count.free:
        yield "free", factor.name, factor.why, _line(factor.at) or ""


def _term_rows(term: Term) -> Iterator[tuple[str, ...]]:
    for index, factor in enumerate(term.factors):
        times = "x " if index else ""
        yield f"{times}{factor.value}", factor.name, factor.why, _line(factor.at) or ""


def _placed(text: str, at: Where | None) -> str:
    line = _line(at)
    return text if line is None else f"{text} ({line})"


def _line(at: Where | None) -> str | None:
    """`best.map:7`."""
    if not isinstance(at, Span):
        return None if at is None else str(at)
    return f"{at.source.name}:{at.source.line_col(at.start)[0]}"
