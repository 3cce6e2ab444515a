"""What ops are called."""

from __future__ import annotations

import pytest

from tilewright.ir.kind import op_kind
from tilewright.ir.nest_text import parse_nest

CASES = {
    "conv": "y[k, p] += x[c, p + r] * w[k, c, r]",
    "depthwise conv": "y[c, p] += x[c, p + r] * w[c, r]",
    "transposed conv": "y[k, p + r] += x[c, p] * w[c, k, r]",
    "matmul": "y[k, p] += x[c, p] * w[k, c]",
    "pool": "y[c, p] max= x[c, p + r]",
    "reduce": "y[c] += x[c, p]",
    "pointwise": "y[c, p] = x[c, p] + 1",
    "copy": "y[p, c] = x[c, p]",
}


@pytest.mark.parametrize("kind", CASES)
def test_kinds(kind: str) -> None:
    body = CASES[kind]
    ranks = {name: _rank(body, name) for name in "xyw" if f"{name}[" in body}
    words = {"x": "input", "y": "output", "w": "const"}
    tensors = "".join(
        f"  {words[name]} {name} : f32[{', '.join(['8'] * rank)}]\n" for name, rank in ranks.items()
    )
    dims = ", ".join(
        f"{name}: 3" for name in "kcpr" if any(name in part for part in _subscripts(body))
    )
    (workload,) = parse_nest(f"nest 1\nworkload t {{\n{tensors}  op f[{dims}] {{ {body} }}\n}}\n")
    assert op_kind(workload.ops["f"]) == kind


def test_a_head_split_is_no_window() -> None:
    text = """nest 1
workload t {
  input q : f32[8, 16]
  input k : f32[8, 16]
  output s : f32[4, 8, 8]
  op scores[h: 4, i: 8, j: 8, e: 4] { s[h, i, j] += q[i, 4*h + e] * k[j, 4*h + e] }
}
"""
    (workload,) = parse_nest(text)
    assert op_kind(workload.ops["scores"]) == "matmul"


def _rank(body: str, name: str) -> int:
    return body.split(f"{name}[")[1].split("]")[0].count(",") + 1


def _subscripts(body: str) -> list[str]:
    return [part.split("]")[0] for part in body.split("[")[1:]]
