"""Which ops are the same problem: names do not count, whatever changes the cost does."""

from __future__ import annotations

import pytest

from tilewright.ir.nest_text import parse_nest
from tilewright.mapper.space.identity import shape_key

TEXT = """nest 1
workload w {
  input x : i8[9, 4]
  input z : i8[9, 4]
  const v : i8[9, 4]
  state s : i8[9, 4]
  temp a : i8[9, 4]
  temp b : i8[9, 4]
  temp c : i8[9, 4]
  op init[j: 4] { c[0, j] = x[0, j] }
  op one[i: 9, j: 4] { a[i, j] = x[i, j] + 1 }
  op two[i: 9, j: 4] { b[i, j] = z[i, j] + 1 }
  op kept[i: 9, j: 4] { s[i, j] = x[i, j] + 1 }
  op fixed[i: 9, j: 4] { s[i, j] = v[i, j] + 1 }
  repeat t: 8 {
    op next[j: 4] { c[t + 1, j] = c[t, j] + 1 }
  }
  op same[j: 4] { c[0, j] = c[0, j] + 1 }
}
"""
(WORKLOAD,) = parse_nest(TEXT)


def test_names_do_not_count() -> None:
    assert shape_key(WORKLOAD.ops["one"]) == shape_key(WORKLOAD.ops["two"])


@pytest.mark.parametrize(
    ("one", "other"),
    [("one", "kept"), ("kept", "fixed"), ("next", "same")],
    ids=["a state is not empty", "a constant is a weight", "the next step is not in place"],
)
def test_what_changes_the_cost_counts(one: str, other: str) -> None:
    assert shape_key(WORKLOAD.ops[one]) != shape_key(WORKLOAD.ops[other])
