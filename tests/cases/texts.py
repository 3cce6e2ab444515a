"""Cases written as texts: a workload, a mapping and a chip in the three languages."""

from __future__ import annotations

from tilewright.hw_specs.load import read_arch
from tilewright.ir.map_text import parse_map
from tilewright.ir.nest_text import parse_nest
from tilewright.mapper.model.cost import Cost
from tilewright.mapper.model.evaluate import evaluate


def cost_of(workload: str, lines: str, chip: str) -> Cost:
    """Cost of the only op of a workload under the lines of a mapping, on a chip's parts."""
    (net,) = parse_nest(f"nest 1\nworkload net {{\n{workload}\n}}")
    (op,) = net.ops.values()
    arch = read_arch(f"hw 1\narch chip {{\n  clock = 1 GHz\n{chip}\n}}")
    (mapping,) = parse_map(f"map 1\nmapping m of net.{op.name} on chip {{\n{lines}\n}}")
    return evaluate(mapping, op, arch)


def memory(name: str, energy_pj: int, more: str = "", size: str = "64 KiB") -> str:
    """A memory with accesses of 8 bit, one port of 8 bit a cycle, and one energy for all."""
    return (
        f"memory {name} {{ size = {size}  width = 8 bit  {more}\n"
        f"  port rw {{ bandwidth = 1 B/cycle }}\n"
        f"  on read {{ energy = {energy_pj} pJ }}\n  on write {{ energy = {energy_pj} pJ }}\n}}"
    )


MAC = "compute mac { ops = {mac, max, add}  on mac, max, add { energy = 1 pJ/op } }"

TWO_LEVELS = f"{memory('dram', 100, size='unbounded')}\n{memory('buf', 10)}\n{MAC}"

MATMUL = """
  input x : i8[4, 4]
  const w : i8[4, 4]
  output y : i8[4, 4]
  op mm[n: 4, m: 4, k: 4] { y[n, m] += x[n, k] * w[k, m] }
"""
