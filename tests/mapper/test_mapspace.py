"""Mapspaces: what a chip's hierarchy and a dataflow leave open."""

from __future__ import annotations

from math import prod

import pytest
from cases.small import chip, conv, matmul

from tilewright.ir.mapping import Bound, For, Hole, Keep, Loop, Par
from tilewright.ir.text import Diagnostic
from tilewright.ir.types import Role
from tilewright.mapper.space.mapspace import (
    KeepSlot,
    LaneSlot,
    Mapspace,
    TimeSlot,
    mapspace_size,
    mapspaces,
)

ALL = ("n", "m", "k")


def only(op: object, arch: object) -> Mapspace:
    (space,) = mapspaces(op, arch, arch.computes[0])  # type: ignore[arg-type, attr-defined]
    return space


def shape(space: Mapspace) -> list[object]:
    """The slots in short: memory paths, dims in time, (axis, dims) in space."""
    out: list[object] = []
    for slot in space.slots:
        match slot:
            case KeepSlot():
                out.append(slot.memory.path)
            case TimeSlot():
                out.append(slot.dims)
            case LaneSlot():
                out.append((slot.axis, slot.dims))
    return out


def test_without_a_dataflow_every_level_is_free() -> None:
    space = only(matmul(), chip())
    lanes = [("pe.y", ALL), ("pe.x", ALL)]
    assert shape(space) == ["dram", ALL, "glb", ALL, *lanes, "pe.spad", ALL]


def test_homes_are_in_the_outermost_memory() -> None:
    slots = [slot for slot in only(matmul(), chip()).slots if isinstance(slot, KeepSlot)]
    assert [slot.must for slot in slots] == [("x", "w", "y"), (), ()]
    assert slots[1].may == ("x", "w", "y")


def test_a_memory_that_keeps_a_role_keeps_it_always_and_no_other() -> None:
    slots = only(matmul(), chip(spad_keep={Role.WEIGHT})).slots
    spad = [slot for slot in slots if isinstance(slot, KeepSlot)][-1]
    assert (spad.must, spad.may) == (("w",), ())


def test_a_dataflow_fills_the_levels_it_names_and_closes_those_inside() -> None:
    hole = Hole()
    flow = (
        Par((Loop(("k", "c"), hole),), "pe.y"),
        Keep(("weight",), "pe.spad"),
        For((Loop(("n", "p"), Hole(4)),)),
    )
    space = only(matmul(), chip(*flow))
    lanes = [("pe.x", ALL), ("pe.y", ("k",))]
    assert shape(space) == ["dram", ALL, "glb", ALL, *lanes, "pe.spad", ("n",)]
    last = space.slots[-1]
    assert isinstance(last, TimeSlot)
    assert last.limit == 4


def test_a_named_level_without_loops_holds_none() -> None:
    space = only(matmul(), chip(Keep(("weight",), "pe.spad")))
    assert shape(space)[-1] == "pe.spad"


def test_loops_above_the_first_keep_close_the_level_outside_it() -> None:
    flow = (For((Loop(("k",), Hole()),)), Keep(("weight",), "pe.spad"))
    space = only(matmul(), chip(*flow))
    assert shape(space)[-2:] == [("k",), "pe.spad"]


def test_void_lines_drop_out_and_a_void_dataflow_constrains_nothing() -> None:
    space = only(matmul(), chip(Par((Loop(("r", "s"), Hole()),), "pe.y")))
    assert space.dataflow is None
    assert ("pe.y", ALL) in shape(space)


def test_lines_from_the_inside_out_are_refused() -> None:
    flow = (Keep(("weight",), "pe.spad"), Keep(("input",), "glb"))
    with pytest.raises(Diagnostic, match="outside the part named before it"):
        only(matmul(), chip(*flow))


def test_a_fixed_bound_is_refused() -> None:
    with pytest.raises(Diagnostic, match="fixed bound"):
        only(matmul(), chip(Par((Loop(("k",), Bound(4)),), "pe.y")))


def test_size_counts_tilings_orders_and_keeps() -> None:
    op = matmul(4, 3, 1)
    size = mapspace_size(only(op, chip()))
    slots_per_dim = 3 + 2
    tilings = (slots_per_dim * (slots_per_dim + 1) // 2) * slots_per_dim  # 4 = 2*2, 3
    assert size == tilings * prod([6, 6, 6]) * 2**6


def test_a_conv_has_its_own_dims() -> None:
    assert shape(only(conv(), chip()))[1] == ("k", "c", "p", "r")
