"""Verification of what was built in Python, without a text to point at."""

from dataclasses import replace

import pytest

from tilewright.ir.affine import Affine
from tilewright.ir.map_text import parse_map
from tilewright.ir.mapping import Bound, For, Keep, Loop, Mapping, Par, Run
from tilewright.ir.nest_text import parse_nest
from tilewright.ir.text import Diagnostic
from tilewright.ir.types import DType, Reduce, TensorKind
from tilewright.ir.verify import (
    mapping_faults,
    verify_mapping,
    verify_mapspace,
    verify_workload,
)
from tilewright.ir.workload import Access, Apply, Dim, Number, Op, Read, Tensor, Value, Workload

I8 = DType("i8")
X = Tensor(TensorKind.INPUT, "x", I8, (4, 8))
Y = Tensor(TensorKind.OUTPUT, "y", I8, (4,))


def _access(tensor: str, *names: str) -> Access:
    return Access(tensor, tuple(Affine(((name, 1),)) for name in names))


ROW_SUM = Op(
    "rows",
    (Dim("i", 4), Dim("j", 8)),
    _access("y", "i"),
    Reduce.ADD,
    Read(_access("x", "i", "j")),
    (X, Y),
    workload="net",
)


def _workload(*nodes: Op, tensors: tuple[Tensor, ...] = (X, Y)) -> Workload:
    return Workload("net", {tensor.name: tensor for tensor in tensors}, nodes)


def _valued(value: Value) -> Op:
    return replace(ROW_SUM, value=value, tensors=(Y,))


def test_a_workload_built_in_python() -> None:
    verify_workload(_workload(ROW_SUM))


def _deep() -> Value:
    value: Value = Number("1")
    for _ in range(50):
        value = Apply("exp", (value,))
    return value


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (replace(ROW_SUM, reduce=Reduce.ASSIGN), "`j` is missing on the left side"),
        (replace(ROW_SUM, name=""), "a name must have a character"),
        (replace(ROW_SUM, name="a\nb"), "no line break"),
        (replace(ROW_SUM, tensors=(Y, X)), "must carry the tensors of its statement: x, y"),
        (replace(ROW_SUM, tensors=(X, replace(Y, dtype=DType("f16")))), "must carry"),
        (replace(ROW_SUM, dims=(Dim("i", 4), Dim("j", 0))), "an extent must be 1 or more"),
        (replace(ROW_SUM, dims=(Dim("i", 4), Dim("j", 2**41))), "an extent is too large"),
        (replace(ROW_SUM, dims=(Dim("i", 4),)), "unknown dim `j`"),
        (replace(ROW_SUM, value=Read(_access("x", "j", "i"))), "leaves axis 0 of `x`"),
        (replace(ROW_SUM, value=Read(_access("z", "j"))), "unknown tensor `z`"),
        (replace(ROW_SUM, source="a\nb"), "a string stands on one line"),
        (replace(ROW_SUM, repeat=Dim("i", 2)), "the name `i` is taken"),
        (replace(ROW_SUM, value=Read(_access("x", "i", "j"), "zero")), "`zero` is no number"),
        (_valued(Number("0x1")), "`0x1` is no number"),
        (_valued(Apply("add", (Number("1"),))), "`add` takes 2 values, 1 are given"),
        (_valued(Apply("pad", (Number("1"),))), "`pad` is no name of a function"),
        (_valued(Apply("a b", (Number("1"),))), "`a b` is no name of a function"),
        (_valued(_deep()), "the value is nested too deeply"),
    ],
)
def test_faults_name_their_op(node: Op, message: str) -> None:
    with pytest.raises(Diagnostic, match=message) as caught:
        verify_workload(_workload(node))
    assert "net" in str(caught.value.at and caught.value.at.where)


def test_repeat_blocks_stand_together() -> None:
    first = replace(ROW_SUM, name="a", repeat=Dim("t", 2))
    nodes = (first, replace(ROW_SUM, name="b"), replace(first, name="c"))
    with pytest.raises(Diagnostic, match="two repeat blocks have the step `t`"):
        verify_workload(_workload(*nodes))


def test_a_view_needs_its_tensor() -> None:
    view = Tensor(TensorKind.VIEW, "v", I8, (32,), X)
    verify_workload(_workload(tensors=(X, view)))
    with pytest.raises(Diagnostic, match="which is not declared"):
        verify_workload(_workload(tensors=(Y, view)))
    with pytest.raises(Diagnostic, match="or neither"):
        verify_workload(_workload(tensors=(X, replace(X, name="v", of=X))))


# ---- which left sides write each element once ------------------------------------------------


@pytest.mark.parametrize(
    ("left", "dims", "once"),
    [
        ("16*g + k", "g: 4, k: 16", True),
        ("16*g + k", "g: 4, k: 17", False),
        ("k + 4*g", "g: 2, k: 4", True),
        ("i + j", "i: 1, j: 5", True),
        ("i + j", "i: 2, j: 5", False),
        ("i + j, i", "i: 2, j: 5", True),
        ("i + j, i + j", "i: 2, j: 5", False),
        ("9 - i", "i: 5", True),
    ],
)
def test_assignments(left: str, dims: str, once: bool) -> None:
    axes = ", ".join("100" for _ in left.split(","))
    text = f"nest 1 workload w {{ output y : i8[{axes}]\nop a[{dims}] {{ y[{left}] = 1 }} }}"
    if once:
        parse_nest(text)
    else:
        with pytest.raises(Diagnostic, match="points may meet"):
            parse_nest(text)


# ---- mappings --------------------------------------------------------------------------------


def _loop(dim: str, tiles: int, tile: int = 1, tail: int = 0) -> Loop:
    return Loop((dim,), Bound(tiles, tile, tail))


NEST = (
    Keep(("x", "y"), "dram"),
    For((_loop("j", 2, 3, 2),)),
    Par((_loop("i", 4),), "pe.x"),
    For((_loop("j", 3),)),
    Run("rows", "mac"),
)
ROWS = Mapping("m", ("net", "rows"), "chip", NEST)


def test_a_mapping_built_in_python() -> None:
    verify_mapping(ROWS, ROW_SUM)


@pytest.mark.parametrize(
    ("line", "nodes", "message"),
    [
        (1, [For((_loop("j", 3, 3),))], "`j 3x3` covers 9 of 8 points"),
        (1, [For((_loop("j", 1, 3, 5),))], "does not fit 8 points"),
        (1, [For((_loop("z", 3),))], "`rows` has no dim `z`"),
        (3, [], "`j` is not split down to single points"),
        (0, [Keep(("x",), "dram")], "`y` has no home"),
        (0, [Keep(("x", "x", "y"), "dram")], "`x` is kept in `dram` twice"),
        (0, [Keep(("x", "y", "w"), "dram")], "`rows` has no operand `w`"),
        (4, [], "no `run` line"),
        (4, [Run("other", "mac")], "`run other` is not of this op"),
    ],
)
def test_mapping_faults(line: int, nodes: list[Keep | For | Run], message: str) -> None:
    mapping = replace(ROWS, nest=(*NEST[:line], *nodes, *NEST[line + 1 :]))
    (fault,) = mapping_faults(mapping, ROW_SUM)
    assert message in fault.message
    assert "mapping m" in str(fault) or "op rows" in str(fault)


def test_trips_of_one_move_nothing() -> None:
    nest = (For((_loop("i", 1, 4),)), *NEST)
    verify_mapping(replace(ROWS, nest=nest), ROW_SUM)


def test_all_faults_are_told() -> None:
    text = "map 1 mapping m of net.rows on c { for i 2 keep x in d for j 9 }"
    messages = [fault.message for fault in mapping_faults(parse_map(text)[0], ROW_SUM)]
    assert len(messages) == 5  # both extents, the home of x, none of y, no run


def test_a_mapspace_may_leave_lines_out_but_not_invent_names() -> None:
    head = "map 1 mapspace s of net.rows on c"
    verify_mapspace(parse_map(f"{head} {{ for j ? keep x in d }}")[0], ROW_SUM)
    with pytest.raises(Diagnostic, match="no dim `k`"):
        verify_mapspace(parse_map(f"{head} {{ for k ? }}")[0], ROW_SUM)
    with pytest.raises(Diagnostic, match="has no holes"):
        verify_mapping(parse_map(f"{head} {{ for j ? }}")[0], ROW_SUM)
