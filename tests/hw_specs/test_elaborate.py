"""From text to chip: templates, inheritance, parameters, classes, defaults, names."""

from fractions import Fraction
from pathlib import Path

import pytest

from tilewright.hw_specs import load_arch, read_arch
from tilewright.hw_specs.model import Action, Arch, Memory, resolve
from tilewright.ir.mapping import For, Hole, Keep, Loop, Par
from tilewright.ir.text import Diagnostic
from tilewright.ir.types import Role

CHIP = """
  clock = 1 GHz
  memory dram {
    size = unbounded
    port rw { bandwidth = 16 B/cycle }
    on read { energy = 4 pJ/bit }
    on write { energy = 4 pJ/bit }
  }
  array pe[y: 2, x: 4] {
    compute mac { on mac { energy = 0.2 pJ/op } }
  }
"""
MEMORY = "port rw { bandwidth = 1 B/cycle } on read { energy = 1 pJ } on write { energy = 2 pJ }"


def chip(inside: str = "", before: str = "", **params: int | str) -> Arch:
    return read_arch(f"hw 1 {before} arch chip {{ {CHIP} {inside} }}", **params)


def memory(arch: Arch, path: str) -> Memory:
    return next(m for m in arch.memories if m.path == path)


def test_quantities_become_canonical() -> None:
    dram = memory(chip(), "dram")
    assert dram.size_bits is None
    assert dram.ports[0].bandwidth_bits_per_cycle == 128
    assert dram.width_bits == 128, "what the widest port moves in a cycle"
    assert dram.energy_pj == dict.fromkeys(Action, 4.0 * 128)


def test_default_port_actions() -> None:
    ports = "port rd { bandwidth = 1 B/cycle } port wr { bandwidth = 1 GB/s }"
    energy = "on read { energy = 1 pJ } on write { energy = 1 pJ }"
    glb = memory(chip(f"memory glb {{ size = 1 KiB {ports} {energy} }}"), "glb")
    assert glb.ports[0].actions == {Action.READ, Action.DRAIN}
    assert glb.ports[1].actions == {Action.FILL, Action.UPDATE}
    assert glb.ports[1].bandwidth_bits_per_cycle == 8


def test_specific_energies_win() -> None:
    glb = memory(
        chip(f"memory glb {{ size = 1 KiB {MEMORY} on drain {{ energy = 7 pJ }} }}"), "glb"
    )
    assert glb.energy_pj == {
        Action.READ: 1,
        Action.FILL: 2,
        Action.UPDATE: 2,
        Action.DRAIN: 7,
    }


def test_templates_are_overridden_attribute_by_attribute() -> None:
    spad = f"def memory spad(cap: size) {{ size = cap width = 8 bit {MEMORY} }}"
    inside = "memory a : spad(24 B) { keep = {input} on read { energy = 5 pJ } }"
    a = memory(chip(inside, spad), "a")
    assert (a.size_bits, a.width_bits, a.keep) == (192, 8, frozenset({Role.INPUT}))
    assert (a.energy_pj[Action.READ], a.energy_pj[Action.FILL]) == (5, 2)


def test_templates_know_their_own_parameters_only() -> None:
    spad = f"def memory spad(n: int) {{ size = n * 1 B {MEMORY} }}"
    inside = "param n : int = 100 memory a : spad(2 * n) { } memory b : spad(n = 3) { }"
    arch = chip(inside, spad)
    assert (memory(arch, "a").size_bits, memory(arch, "b").size_bits) == (1600, 24)


def test_templates_of_arrays_hold_parts() -> None:
    before = "def array units(n: int)[i: n] { compute add { on add { energy = 1 pJ/op } } }"
    inside = "array v : units(16) { compute add { throughput = 4 op/cycle } }"
    unit = next(c for c in chip(inside, before).computes if c.path == "v.add")
    assert unit.functions["add"].throughput == 4
    assert unit.functions["add"].energy_pj == 1


def test_a_derived_arch_merges_and_drops(tmp_path: Path) -> None:
    text = f"""hw 1
arch base {{ {CHIP}
  param n : int = 2
  memory glb {{ size = n * 1 KiB {MEMORY} }}
  memory extra {{ size = 1 KiB {MEMORY} }}
  dataflow one {{ keep input in glb }}
  net bus : bus dram -> pe {{ width = 8 bit energy = 1 pJ/bit/hop }}
}}
arch wide : base(n = 4) {{
  drop memory extra
  drop net bus
  drop dataflow one
  memory glb {{ width = 32 bit }}
  array pe[y: 2, x: 8] {{ }}
}}
"""
    path = tmp_path / "chips.hw"
    path.write_text(text)
    wide = load_arch(f"{path}:wide")
    assert [m.path for m in wide.memories] == ["dram", "glb"]
    assert memory(wide, "glb").size_bits == 4 * 8192
    assert memory(wide, "glb").width_bits == 32
    assert wide.arrays[0].axes == (("y", 2), ("x", 8))
    assert (wide.nets, wide.dataflows) == ((), ())
    assert load_arch(f"{path}:wide", n=8).memories[1].size_bits == 8 * 8192
    assert load_arch(f"{path}:base", n="3").memories[1].size_bits == 3 * 8192


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"rows": 5}, "outside its domain"),
        ({"rows": "4 KiB"}, "expected a number"),
        ({"rows": 4.5}, "expected a whole number"),
        ({"rows": True}, "expected a number"),
        ({"rows": "many"}, "is no value"),
        ({"row": 4}, "unknown parameter"),
    ],
)
def test_parameters_are_checked(given: dict[str, int], message: str) -> None:
    with pytest.raises(Diagnostic, match=message):
        chip("param rows : int = 4 in {4, 8}", **given)


def test_parameters_are_recorded() -> None:
    inside = "param rows : int = 4 in 4..16 step 4 param cap : size = rows * 1 KiB"
    assert chip(inside, rows=12).parameters == {"rows": "12", "cap": "12 KiB"}


TECH = """tech t {
  interpolate = %s
  table sram[size, kind] -> read: pJ, write: pJ/bit, leak: uW {
    1 KiB, fast : 1, 0.5, 2
    4 KiB, fast : 4, 0.5, 8
    1 KiB, slow : 9, 0.5, 0
  }
  table alu[width] -> op: pJ, mul: pJ/op { 8 bit : 1, 3 }
}
"""


@pytest.mark.parametrize(("how", "read_pj"), [("loglog", 2.0), ("linear", 2.0), ("linear", 3.0)])
def test_tables_interpolate(how: str, read_pj: float) -> None:
    size_kib = 3 if read_pj == 3 else 2
    inside = f"""tech = t memory glb {{
      class = sram(kind = fast, banks = 4) size = {size_kib} KiB width = 16 bit
      port rw {{ bandwidth = 1 B/cycle }}
    }}"""
    glb = memory(chip(inside, TECH % how), "glb")
    assert glb.energy_pj[Action.READ] == pytest.approx(read_pj)
    assert glb.energy_pj[Action.FILL] == pytest.approx(8.0)
    assert glb.leak_uw == pytest.approx(4.0 if size_kib == 2 else 6.0)


def test_explicit_energies_win_over_tables() -> None:
    inside = """tech = t compute v {
      class = alu(width = 8 bit) ops = {mul, add, max} on max { energy = 7 pJ/op }
    }"""
    unit = next(c for c in chip(inside, TECH % "linear").computes if c.path == "v")
    found = {name: function.energy_pj for name, function in unit.functions.items()}
    assert found == {"mul": 3, "add": 1, "max": 7}


def test_nets_resolve_and_default() -> None:
    inside = """
      net up : bus(reduce(add, max)) pe -> dram {
        width = 8 bit energy = 1 pJ/bit carries = {output}
      }
      net in : tree(multicast, radix = 4) dram -> pe along x {
        width = 8 bit energy = 1 pJ/bit/hop latency = 2 ns/hop carries = {input}
      }
    """
    up, into = chip(inside).nets
    assert (up.source, up.target, up.axes) == ("dram", "pe", ("pe.y", "pe.x"))
    assert up.reduce == {"add", "max"}
    assert (into.axes, into.radix, into.multicast) == (("pe.x",), 4, True)
    assert into.latency_cycles_per_hop == Fraction(2)


def test_names_in_an_array_mean_its_own_parts_first() -> None:
    inside = f"""
      memory buf {{ size = 1 KiB {MEMORY} }}
      array a[i: 2] {{
        memory buf {{ size = 1 B {MEMORY} }}
        array b[j: 2] {{ compute c {{ energy = 1 pJ/op }} }}
        net n : bus buf -> b {{ width = 8 bit energy = 0 pJ/bit/hop }}
      }}
    """
    (net,) = chip(inside).nets
    assert (net.name, net.source, net.target) == ("a.n", "a.buf", "a.b")
    assert net.axes == ("a.b.j",)


def test_dataflow_paths_become_full() -> None:
    inside = f"""
      array core[i: 2] {{
        memory spad {{ size = 1 KiB {MEMORY} }}
        compute c {{ energy = 1 pJ/op }}
      }}
      dataflow d {{ par k ? over i keep weight in spad for {{p, q}} ?..4 }}
    """
    (dataflow,) = chip(inside).dataflows
    assert dataflow.nest == (
        Par((Loop(("k",), Hole()),), "core.i"),
        Keep(("weight",), "core.spad"),
        For((Loop(("p", "q"), Hole(4)),)),
    )


def test_banks_are_axes() -> None:
    arch = chip(f"memory bank[i: 8] {{ size = 1 KiB interleave = true {MEMORY} }}")
    assert memory(arch, "bank").banks == (("i", 8),)
    assert resolve(arch, "pe.x") == ("pe.x",)


def test_used_files_are_found_beside_the_file_and_in_the_library(tmp_path: Path) -> None:
    (tmp_path / "own.hw").write_text(f"hw 1 def memory spad {{ size = 1 KiB {MEMORY} }}")
    path = tmp_path / "chip.hw"
    uses = 'use "own.hw" use "tech/cmos.hw"'
    path.write_text(f"hw 1 {uses} arch chip {{ tech = cmos {CHIP} memory a : spad {{ }} }}")
    assert memory(load_arch(path), "a").size_bits == 8192


@pytest.mark.parametrize("content", [b"\xff\xfe", b"", b"nest 1", b"hw 2"])
def test_what_is_no_chip_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "chip.hw"
    path.write_bytes(content)
    with pytest.raises(Diagnostic):
        load_arch(path)


def test_absent_files_and_folders_are_refused(tmp_path: Path) -> None:
    odd = (f"{'x' * 5000}.hw", "a\0b.hw", "a\0b", "")
    for path in (tmp_path / "no.hw", tmp_path, "no_such_chip", "eyeriss.hw:eyeriss", *odd):
        with pytest.raises(Diagnostic):
            load_arch(path)


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "..", "", "~"])
def test_odd_names_of_used_files_are_refused(name: str) -> None:
    with pytest.raises(Diagnostic, match="there is no file"):
        read_arch(f'hw 1 use "{name}" arch a {{ }}')


def test_templates_that_multiply_are_stopped() -> None:
    doubling = " ".join(
        f"def array t{n}[i: 1] {{ array a : t{n + 1} {{ }} array b : t{n + 1} {{ }} }}"
        for n in range(25)
    )
    with pytest.raises(Diagnostic, match="too many parts"):
        chip("array a : t0 { }", f"{doubling} def array t25[i: 1] {{ }}")
