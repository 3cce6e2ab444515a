"""How diagnostics are drawn: the caret under its word whatever the line holds."""

import pickle

from tilewright.ir.text import Diagnostic, Label, Place, Source, Span
from tilewright.ir.text.diagnostic import crop


def _drawn(text: str, word: str) -> list[str]:
    start = text.index(word)
    span = Span(Source("f", text), start, start + len(word))
    return str(Diagnostic("wrong", Label(span, "here"))).split("\n")


def test_lines_and_columns_count_from_one() -> None:
    assert _drawn("one\ntwo three", "three") == [
        "error: wrong",
        " --> f:2:5",
        "  |",
        "2 | two three",
        "  |     ^^^^^ here",
    ]


def test_tabs_and_control_characters_take_one_column() -> None:
    lines = _drawn("a\tb\x1b[31mc here", "here")
    assert lines[3].index("here") == lines[4].index("^")
    assert "\x1b" not in "".join(lines)


def test_wide_characters_take_two_columns() -> None:
    assert _drawn("界界 x", "x")[4] == "  |      ^ here"
    assert _drawn("界界 x", "界界")[4] == "  | ^^^^ here"


def test_a_long_line_is_shown_in_part() -> None:
    lines = _drawn("a" * 50_000 + "X" + "b" * 50_000, "X")
    assert all(len(line) < 140 for line in lines)
    assert lines[3][lines[4].index("^")] == "X"


def test_a_span_of_several_lines_is_marked_to_the_end_of_the_first() -> None:
    assert _drawn("ab\ncd", "b\ncd")[3:] == ["1 | ab", "  |  ^ here"]


def test_the_end_of_the_text_can_be_marked() -> None:
    span = Span(Source("f", "ab"), 2, 3)
    assert str(Diagnostic("wrong", Label(span))).split("\n")[4] == "  |   ^"


def test_second_places_share_the_gutter() -> None:
    source = Source("f", "a\n" * 11 + "b")
    labels = Label(Span(source, 22, 23)), Label(Span(source, 0, 1), "there")
    drawn = str(Diagnostic("wrong", labels[0], labels[1:], "mend it")).split("\n")
    assert drawn[3] == "12 | b"
    assert drawn[7] == " 1 | a"
    assert drawn[5] == "  ::: f:1:1"
    assert drawn[9] == "   = help: mend it"


def test_a_place_without_text() -> None:
    drawn = str(Diagnostic("wrong", Label(Place("net.onnx#Conv_0"), "3 != 4")))
    assert drawn == "error: wrong\n --> net.onnx#Conv_0\n  | 3 != 4"


def test_diagnostics_travel_between_processes() -> None:
    span = Span(Source("f", "text"), 0, 4)
    diagnostic = Diagnostic("wrong", Label(span, "a"), (Label(span, "b"),), "help")
    assert str(pickle.loads(pickle.dumps(diagnostic))) == str(diagnostic)


def test_foreign_words_are_cropped() -> None:
    assert crop("\x1b[2J") == "\\x1b[2J"
    assert len(crop("x" * 1000)) == 60
