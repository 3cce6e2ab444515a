"""Where Timeloop means the same, it counts the same: reads and fills of inputs, updates of outputs.

Left out: cases with neighbour forwarding (`link-transfers-active`) and with imperfect factors. What
its outputs read and drain follows other rules, and its cycles other bandwidths.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from cases.timeloop import Case, arch_of, nest_of

from tilewright.mapper.model.evaluate import evaluate_nest

# Two loops move one window along one axis: there Timeloop keeps words over the rewind of the inner.
TWO_MOVERS = {"r05009"}


def test_counts_equal_timeloop(shared: Path) -> None:
    cases = [
        json.loads(path.read_text()) for path in (shared / "data/timeloop-oracle").glob("*.json")
    ]
    same = [case for case in cases if _means_the_same(case)]
    assert len(same) >= 60
    assert {case["id"]: list(_differences(case)) for case in same if any(_differences(case))} == {}


def _means_the_same(case: Case) -> bool:
    perfect = case["semantics_check"] == "matches-semcheck"
    linked = "link-transfers-active" in case["tags"]
    return perfect and not linked and case["id"] not in TWO_MOVERS


def _differences(case: Case) -> Iterator[str]:
    arch, nest = arch_of(case), nest_of(case)
    cost = evaluate_nest(nest, arch)
    paths = {memory.name: memory.path for memory in arch.memories}
    for level, found in case["expected"]["levels"].items():
        for tensor, right in found["dataspaces"].items():
            traffic = cost.memories[paths[level]][tensor]
            written = tensor == nest.op.result.tensor
            for action in ("updates",) if written else ("reads", "fills"):
                counted, expected = getattr(traffic, action), right[f"{action}_total"]
                if counted != expected:
                    yield f"{level} {tensor} {action}: {counted}, not {expected}"
    compute = next(term.cycles for term in cost.terms if term.term == "compute")
    if compute > case["expected"]["cycles"]:
        yield f"compute: {compute} cycles, more than {case['expected']['cycles']}"
