"""The formatter: layout, comments, and nothing else."""

import pytest

from tilewright.hw_specs.hw_text import HW, parse_hw, show_hw
from tilewright.ir.format import format_text
from tilewright.ir.map_text import MAP
from tilewright.ir.nest_text import NEST
from tilewright.ir.text import Diagnostic


def formatted(text: str) -> str:
    out = format_text(text, "t", (NEST, MAP))
    assert format_text(out, "t", (NEST, MAP)) == out
    return out


def test_a_messy_workload() -> None:
    text = """# top

#second
nest   1  # version
workload  w{input x:i8[4,8] # behind
 # above
 output y:i8[ 4 ]  param n=2*( 3+-1 )^2

 op a[i:4,


   # odd place
   j : 8]acc i32{y[ i ]+= # after
   pad( x[i , -1+2 * j-(3)],-128)*-exp (x[i,j] , n ) # end

}from"a""b" # tail
op b[i:4]{y[i]=index(2*i)}
opaque z reads x{kind "a" why "b"}
# last in block
}workload v{}
# end"""
    assert formatted(text) == (
        "# top\n"
        "\n"
        "#second\n"
        "nest 1  # version\n"
        "workload w {\n"
        "  input x : i8[4, 8]  # behind\n"
        "  # above\n"
        "  output y : i8[4]\n"
        "  param n = 2 * (3 + -1) ^ 2\n"
        "\n"
        "  op a[i: 4,\n"
        "      # odd place\n"
        "      j: 8] acc i32 {\n"
        "    y[i] +=  # after\n"
        "        pad(x[i, -1 + 2*j - (3)], -128) * -exp(x[i, j], n)  # end\n"
        '  } from "a""b"  # tail\n'
        "  op b[i: 4] { y[i] = index(2*i) }\n"
        "  opaque z reads x {\n"
        '    kind "a"\n'
        '    why "b"\n'
        "  }\n"
        "  # last in block\n"
        "}\n"
        "\n"
        "workload v { }\n"
        "# end\n"
    )


def test_a_mapping_on_one_line() -> None:
    text = "map 1 mapping m of n.o on c{keep x in d for{p,q}?..4 require util(pe)>=75% run o on u}"
    assert formatted(text) == (
        "map 1\n"
        "mapping m of n.o on c {\n"
        "  keep x in d\n"
        "  for {p, q} ?..4\n"
        "  require util(pe) >= 75%\n"
        "  run o on u\n"
        "}\n"
    )


def test_words_stay_as_written() -> None:
    text = "map 1\nmapping m of `n`.o on c {\n  for p 5x1, q by 3\n}\n"
    assert formatted(text) == text


def test_a_block_that_does_not_fit_is_broken() -> None:
    value = " + ".join(["x[i]"] * 14)
    line = f"  op a[i: 4] {{ y[i] = {value} }}"
    head = "nest 1\nworkload w {\n"
    assert len(line) > 100
    assert formatted(f"{head}{line}\n}}") == (
        f"{head}  op a[i: 4] {{\n    y[i] = {value}\n  }}\n}}\n"
    )


def test_a_long_set_of_names_is_filled() -> None:
    names = [f"function_{number}" for number in range(12)]
    text = f"hw 1\n\narch a {{ compute alu {{ ops = {{{', '.join(names)}}} }} }}"
    out = format_text(text, "t.hw", [HW])
    assert out.split("\n")[4:8] == [
        "    ops = {",
        f"      {', '.join(names[:6])},",
        f"      {', '.join(names[6:])}",
        "    }",
    ]
    assert show_hw(parse_hw(out)) == out == format_text(out, "t.hw", [HW])


def test_carriage_returns_and_blank_lines_go() -> None:
    assert formatted("map 1\r\n\r\n\r\n\r\n# a\r\n\r\n\r\nmapping m of o on c {\r\n}\r\n\r\n") == (
        "map 1\n\n# a\n\nmapping m of o on c {\n}\n"
    )


@pytest.mark.parametrize("text", ["", "# only a comment", "workload w { }", "toml 1", "map 1 {"])
def test_what_does_not_parse_is_refused(text: str) -> None:
    with pytest.raises(Diagnostic):
        format_text(text, "t", (NEST, MAP))
