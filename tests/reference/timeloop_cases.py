"""Holds the reference model against Timeloop's own answers.

    python -m tests.reference.timeloop_cases FOLDER

One line per case file (`*.json`), the totals last; exit status 1 where a perfect-factor case
differs, 2 where the folder or a file cannot be read.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from math import isclose
from pathlib import Path
from typing import Any

from .timeloop_case import Case, CaseError, read_case
from .timeloop_model import model

SHOWN = 6
# Timeloop's answers are stored with nine decimals
DECIMALS = 1e-8


def main(arguments: list[str]) -> int:
    """Judge every case of a folder; see the module for the exit status."""
    if len(arguments) != 1:
        print("usage: python -m tests.reference.timeloop_cases FOLDER", file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    paths = sorted(folder.glob("*.json"))
    if not paths:
        why = "no case (*.json) in it" if folder.is_dir() else "no such folder"
        print(f"{folder}: {why}", file=sys.stderr)
        return 2
    try:
        cases = [read_case(path) for path in paths]
        stored = {case.name: len(list(leaves(case.expected))) for case in cases}
    except (CaseError, KeyError, TypeError, ValueError) as error:
        print(f"{folder}: {error}", file=sys.stderr)
        return 2
    verdicts: Counter[str] = Counter()
    numbers = 0
    for case in cases:
        verdict, text = judge(case)
        verdicts[verdict] += 1
        if verdict == "agree":
            numbers += stored[case.name]
        print(f"{case.name}: {verdict}{text}")
    print(
        f"{len(cases)} cases: {verdicts['agree']} agree ({numbers} numbers), "
        f"{verdicts['differs']} differ, {verdicts['imperfect']} imperfect skipped"
    )
    return 1 if verdicts["differs"] else 0


def judge(case: Case) -> tuple[str, str]:
    """`agree`, `differs` or `imperfect`, and what to print behind it."""
    if not case.perfect:
        return "imperfect", ": skipped, Timeloop itself is only approximate there"
    try:
        wrong = differences(model(case), case.expected)
    except CaseError as error:
        return "differs", f": {error}"
    more = f"; and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
    return ("differs", f": {'; '.join(wrong[:SHOWN])}{more}") if wrong else ("agree", "")


def differences(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """Every number that is not the same in two answers, with both."""
    left, right = dict(leaves(ours)), dict(leaves(theirs))
    return [
        f"{path} is {left.get(path, 'absent')}, Timeloop {right.get(path, 'absent')}"
        for path in sorted(left.keys() | right.keys())
        if path not in left
        or path not in right
        or not isclose(left[path], right[path], rel_tol=1e-9, abs_tol=DECIMALS)
    ]


def leaves(tree: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, float]]:
    """The numbers of an answer by dotted path; a histogram's entries by their groups."""
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from leaves(value, f"{path}{name}.")
        elif isinstance(value, list):
            for entry in value:
                groups = f"{entry['scatter']} groups of {entry['multicast']}"
                yield f"{path}{name}.{groups}", float(entry["accesses"])
        elif not isinstance(value, (int, float)):
            raise CaseError(f"expected {path}{name} is {value!r}, not a number")
        else:
            yield f"{path}{name}", value


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
