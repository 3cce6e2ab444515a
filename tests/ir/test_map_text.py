"""Mapping text: what the lines mean, and how they are printed."""

import pytest

from tilewright.ir.map_text import parse_map, show_map, show_mapping, show_nest
from tilewright.ir.mapping import Bound, For, Fuse, Hole, Keep, Loop, Mapping, Par, Run, TileOnly
from tilewright.ir.text import Diagnostic


def read(lines: str, kind: str = "mapping") -> Mapping:
    (mapping,) = parse_map(f"map 1\n{kind} m of net.op on chip {{\n{lines}\n}}\n", "m.map")
    return mapping


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("28", Bound(28)),
        ("8x14", Bound(8, 14)),
        ("7x13+9", Bound(7, 13, 9)),
        ("5x1", Bound(5)),
        ("by 3", TileOnly(3)),
    ],
)
def test_bounds(text: str, bound: Bound | TileOnly) -> None:
    assert read(f"for p {text}").nest == (For((Loop(("p",), bound),)),)


def test_lines() -> None:
    nest = read("keep x, `x#2` in pe.spad buffers 2\npar c 3, s 2 over pe.y skew 1\nrun op on mac")
    assert nest.nest == (
        Keep(("x", "x#2"), "pe.spad", 2),
        Par((Loop(("c",), Bound(3)), Loop(("s",), Bound(2))), "pe.y", 1),
        Run("op", "mac"),
    )


def test_holes() -> None:
    space = read("for {p, q} ?..16, r ?\nkeep? w in shared", "mapspace")
    loops = (Loop(("p", "q"), Hole(16)), Loop(("r",), Hole()))
    assert space.nest == (For(loops), Keep(("w",), "shared", optional=True))
    assert space.is_space


def test_the_op_is_the_last_part_of_its_path() -> None:
    text = "map 1 mapping a of `/net.v2`.`conv/1` on c { } mapping b of conv on c { }"
    assert [mapping.op for mapping in parse_map(text)] == [("/net.v2", "conv/1"), ("", "conv")]


def test_places_are_those_of_the_words() -> None:
    mapping = read("  keep x, w in dram\n  for p 7x13+9")
    keep, loops = mapping.nest
    assert isinstance(keep, Keep)
    assert [str(at) for at in keep.tensors_at] == ["m.map:3:8", "m.map:3:11"]
    assert isinstance(loops, For)
    assert str(loops.loops[0].bound.at) == "m.map:4:9"
    assert str(mapping.at) == "m.map:2:9"


def test_canonical_text() -> None:
    text = "map 1 mapping m of n.o on c{keep x in d fuse pipe{stage a{for p by 2,q 3}stage b{}}}"
    assert show_map(parse_map(text)) == (
        "map 1\n"
        "mapping m of n.o on c {\n"
        "  keep x in d\n"
        "  fuse pipe {\n"
        "    stage a {\n"
        "      for p by 2, q 3\n"
        "    }\n"
        "    stage b {\n"
        "    }\n"
        "  }\n"
        "}\n"
    )


def test_notes_stand_in_a_column() -> None:
    mapping = read("keep x in dram\nfor p 8x14\nrun op on mac")
    text = show_mapping(mapping, {0: "x 26.5 KiB", 2: "two\nlines"})
    assert text.splitlines()[1:4] == [
        "  keep x in dram  # x 26.5 KiB",
        "  for p 8x14",
        "  run op on mac   # two lines",
    ]
    assert parse_map("map 1\n" + text) == (mapping,)


def test_lines_without_their_mapping() -> None:
    assert show_nest(read("keep x in d\nfor p 2").nest, 2) == ["    keep x in d", "    for p 2"]


def test_fused_stages_are_nested() -> None:
    (fuse,) = read("fuse seq { stage a { run a on mac } }").nest
    assert isinstance(fuse, Fuse)
    assert fuse.stages[0].nest == (Run("a", "mac"),)


def test_a_hundred_thousand_brackets() -> None:
    with pytest.raises(Diagnostic, match="nested too deeply"):
        read("for p ?\nrequire " + "(" * 100_000 + "1" + ")" * 100_000, "mapspace")


@pytest.mark.parametrize("chain", ["1 + " * 100_000 + "1", "-" * 100_000 + "1"])
def test_a_hundred_thousand_operators(chain: str) -> None:
    with pytest.raises(Diagnostic, match="nested too deeply"):
        read(f"for p ?\nrequire {chain}", "mapspace")
