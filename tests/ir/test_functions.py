"""Operation counts: what a statement performs at each point."""

from __future__ import annotations

import pytest

from tilewright.ir.functions import function_counts, macs
from tilewright.ir.nest_text import parse_nest

TEXT = """
nest 1
workload w {{
  input x : f32[4, 4]
  const v : f32[4, 4]
  output y : f32[4{rest}]
  op f[i: 4, j: 4] {{ y[i{index}] {body} }}
}}
"""


@pytest.mark.parametrize(
    ("body", "counts"),
    [
        ("+= x[i, j] * v[i, j]", {"mac": 1}),
        ("+= x[i, j]", {"add": 1}),
        ("+= x[i, j] * 2", {"mul": 1, "add": 1}),
        ("+= x[i, j] / 4", {"mul": 1, "add": 1}),
        ("+= square(x[i, j])", {"mul": 1, "add": 1}),
        ("+= (x[i, j] - 1) * v[i, j]", {"mac": 1, "add": 1}),
        ("max= x[i, j]", {"max": 1}),
        ("max= x[i, j] * v[i, j]", {"mul": 1, "max": 1}),
    ],
)
def test_a_reduction_counts(body: str, counts: dict[str, int]) -> None:
    (workload,) = parse_nest(TEXT.format(rest="", index="", body=body))
    assert function_counts(workload.ops["f"]) == counts


@pytest.mark.parametrize(
    ("body", "counts"),
    [
        ("= x[i, j]", {"copy": 1}),
        ("= 0", {"copy": 1}),
        ("= x[i, j] + v[i, j] - 1", {"add": 2}),
        ("= x[i, j] / v[i, j]", {"div": 1}),
        ("= exp(-x[i, j]) * v[i, j]", {"exp": 1, "neg": 1, "mul": 1}),
    ],
)
def test_an_assignment_counts(body: str, counts: dict[str, int]) -> None:
    (workload,) = parse_nest(TEXT.format(rest=", 4", index=", j", body=body))
    op = workload.ops["f"]
    assert function_counts(op) == counts
    assert macs(op) == 0


def test_macs_are_points_of_a_sum_of_products() -> None:
    (workload,) = parse_nest(TEXT.format(rest="", index="", body="+= x[i, j] * v[i, j]"))
    assert macs(workload.ops["f"]) == 16
