"""Workload text: what declarations and statements mean."""

import pytest

from tilewright.ir.affine import Affine
from tilewright.ir.nest_text import parse_nest, show_workload
from tilewright.ir.text import Diagnostic
from tilewright.ir.types import DType, Reduce, TensorKind
from tilewright.ir.workload import (
    Access,
    Apply,
    Dim,
    IndexValue,
    Number,
    Op,
    Opaque,
    Read,
    Workload,
    operands,
)

TENSORS = """
  input x : i8[4, 8]
  input ids : i32[4]
  const w : i8[8, 8]
  state s : i8[8]
  output y : i8[4, 8]
"""


def read(body: str) -> Workload:
    (workload,) = parse_nest(f"nest 1\nworkload net {{{TENSORS}{body}\n}}\n", "net.nest")
    return workload


def op(statement: str, dims: str = "i: 4, j: 8, k: 8") -> Op:
    return read(f"op a[{dims}] {{ {statement} }}").ops["a"]


def test_an_op() -> None:
    node = read(
        'op a[i: 4, j: 8, k: 8] acc i32 { y[i, j] += x[i, k] * w[k, j] } from "n.onnx#7"'
    ).ops["a"]
    assert node.dims == (Dim("i", 4), Dim("j", 8), Dim("k", 8))
    assert (node.reduce, node.acc, node.source) == (Reduce.ADD, DType("i32"), "n.onnx#7")
    assert [tensor.name for tensor in node.tensors] == ["x", "w", "y"]
    assert node.workload == "net"
    assert str(node.at) == "net.nest:8:4"


def test_values_bind_as_in_arithmetic() -> None:
    value = op("y[i, j] += -x[i, k] * 2 + exp(index(2*i - 1)) / inf").value
    product = Apply("mul", (Apply("neg", (Read(Access("x", _dims("i", "k"))),)), Number("2")))
    index = Apply("exp", (IndexValue(Affine((("i", 2),), -1)),))
    assert value == Apply("add", (product, Apply("div", (index, Number("inf")))))


def _dims(*names: str) -> tuple[Affine, ...]:
    return tuple(Affine(((name, 1),)) for name in names)


@pytest.mark.parametrize(
    ("written", "index"),
    [
        ("2*i - 1 - i + 1", Affine((("i", 1),))),
        ("(i + 1) * 2 - 2", Affine((("i", 2),))),
        ("-(i - 3)", Affine((("i", -1),), 3)),
        ("i + 7 mod 4 - 6 / 2", Affine((("i", 1),))),
        ("i - i", Affine()),
        ("n - 4 + i", Affine((("i", 1),))),
        ("2^1 * i", Affine((("i", 2),))),
    ],
)
def test_subscripts_are_folded(written: str, index: Affine) -> None:
    body = f"param n = 4\nop a[i: 2] {{ s[i] = x[{written}, 0] }}"
    value = read(body).ops["a"].value
    assert value == Read(Access("x", (index, Affine())))


def test_a_param_is_a_number_in_a_value() -> None:
    node = read("param n = 2 * 3\nop a[i: 4, j: 8] { y[i, j] = x[i, j] / n }").ops["a"]
    assert node.value == Apply("div", (Read(Access("x", _dims("i", "j"))), Number("6")))


def test_padding_and_indirection() -> None:
    node = op("y[i, j] += pad(x[ids[i], j + k - 3], -128)")
    assert node.value == Read(
        Access("x", (Access("ids", _dims("i")), Affine((("j", 1), ("k", 1)), -3))), "-128"
    )
    assert [operand.name for operand in operands(node)] == ["ids", "x", "y"]


def test_views_may_stand_above_their_tensor() -> None:
    workload = read("view v : i8[2, 16] of z\nconst z : i8[32]\nview u : i8[32] of x")
    assert list(workload.tensors)[-3:] == ["v", "z", "u"]
    assert workload.tensors["v"].of == workload.tensors["z"]
    assert workload.tensors["u"].kind is TensorKind.VIEW


def test_repeated_ops_know_their_step() -> None:
    workload = read(
        "repeat t: 4 { op a[j: 8] { s[j] = x[t, j] } op b[j: 8] { y[t, j] = s[j] } }\n"
        "op c[j: 8] { s[j] = 0 }"
    )
    assert [node.repeat for node in workload.ops.values()] == [Dim("t", 4), Dim("t", 4), None]
    assert [node.times for node in workload.ops.values()] == [4, 4, 1]
    assert show_workload(workload).count("repeat t: 4 {") == 1


def test_opaque() -> None:
    text = 'opaque o[i: 3] reads x, ids writes y { kind "TopK" why "a ""sort""" macs 12 } from "f"'
    (node,) = read(text).opaques
    assert node == Opaque(
        "o", "TopK", 'a "sort"', (Dim("i", 3),), ("x", "ids"), ("y",), 12, source="f"
    )


def test_states_accumulate_without_a_missing_dim() -> None:
    assert op("s[k] += w[k, 0]", "k: 8").reduce is Reduce.ADD


@pytest.mark.parametrize("call", ["exp(" * 100_000 + "1" + ")" * 100_000, "1 + " * 100_000 + "1"])
def test_hostile_depth(call: str) -> None:
    with pytest.raises(Diagnostic, match="nested too deeply"):
        op(f"y[i, j] += {call}")


@pytest.mark.slow
def test_a_million_characters() -> None:
    ops = "\n".join(
        f"op a{n}[i: 4, j: 8, k: 8] acc i32 {{ y[i, j] += x[i, k] * w[k, j] }}"
        for n in range(15_500)
    )
    assert len(ops) > 1_000_000
    assert len(read(ops).nodes) == 15_500
