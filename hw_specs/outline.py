"""A chip in a few lines of text: what stands in what, how large, how many, at what energy."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from ..ir.types import Role
from ..ir.units import show_bits
from .model import Action, Arch, Array, Compute, Item, Memory, Net

_SHOWN_FUNCTIONS = 8


def outline(arch: Arch) -> str:
    """The hierarchy of a chip as a tree, then its nets and dataflows."""
    lines = [f"{arch.name}  {show_clock(arch.clock_hz)}"]
    lines += _branches(arch.items, "")
    lines += [f"net {describe_net(net)}" for net in arch.nets]
    lines += [
        f"link {_end(*link.source)} -> {_end(*link.target)}  {link.width_bits} bit"
        for link in arch.links
    ]
    if arch.dataflows:
        lines.append(f"dataflows {', '.join(dataflow.name for dataflow in arch.dataflows)}")
    return "\n".join(lines) + "\n"


def _branches(items: tuple[Item, ...], indent: str) -> Iterator[str]:
    for number, item in enumerate(items):
        last = number == len(items) - 1
        yield f"{indent}{'└─' if last else '├─'} {describe(item)}"
        if isinstance(item, Array):
            yield from _branches(item.items, indent + ("   " if last else "│  "))


def describe(item: Item) -> str:
    """One line about a part."""
    match item:
        case Memory():
            return f"{item.name}{_banks(item)}  {', '.join(memory_facts(item))}"
        case Compute():
            return f"{item.name}  {', '.join(compute_facts(item))}"
        case Array():
            return f"{array_title(item)}  {lanes(item)}"


def array_title(array: Array) -> str:
    """`pe[y: 12, x: 14]`."""
    return f"{array.name}[{', '.join(f'{axis}: {extent}' for axis, extent in array.axes)}]"


def lanes(array: Array) -> str:
    """`65,536 lanes`."""
    return "1 lane" if array.lanes == 1 else f"{array.lanes:,} lanes"


def _banks(memory: Memory) -> str:
    axes = ", ".join(f"{axis}: {extent}" for axis, extent in memory.banks)
    return f"[{axes}]" if axes else ""


def memory_facts(memory: Memory) -> list[str]:
    """Size, roles, bandwidths and energies of a memory, short."""
    size = "unbounded" if memory.size_bits is None else show_bits(memory.size_bits)
    kept = ", ".join(role for role in Role if memory.may_keep(role))
    ports = ", ".join(
        f"{port.name} {show_amount(port.bandwidth_bits_per_cycle / 8)} B/cycle"
        for port in memory.ports
    )
    read = memory.energy_pj[Action.READ] / memory.width_bits
    write = memory.energy_pj[Action.FILL] / memory.width_bits
    energy = f"{read:.3g} pJ/bit" if read == write else f"{read:.3g}, {write:.3g} pJ/bit"
    return [size, f"keeps {kept}", ports, energy]


def compute_facts(unit: Compute) -> list[str]:
    """Functions of a unit with their energies, the first few."""
    names = list(unit.functions)
    facts = [f"{name} {unit.functions[name].energy_pj:.3g} pJ" for name in names[:_SHOWN_FUNCTIONS]]
    if len(names) > _SHOWN_FUNCTIONS:
        facts.append(f"and {len(names) - _SHOWN_FUNCTIONS} more functions")
    return facts


def describe_net(net: Net) -> str:
    """One line about a net."""
    traits = [
        *(["multicast"] if net.multicast else []),
        *(["forward(shift)" if net.shift else "forward"] if net.forward else []),
        *([f"reduce({', '.join(sorted(net.reduce))})"] if net.reduce else []),
    ]
    ends = net.source if net.source == net.target else f"{net.source} -> {net.target}"
    along = f" along {', '.join(axis.rpartition('.')[2] for axis in net.axes)}" if net.axes else ""
    carries = ", ".join(role for role in Role if role in net.carries)
    shown = f"({', '.join(traits)})" if traits else ""
    return (
        f"{net.name}  {net.topology}{shown} {ends}{along}  "
        f"{carries}  {net.width_bits} bit, {net.energy_pj_per_bit_hop:.3g} pJ/bit/hop"
    )


def show_clock(clock_hz: float) -> str:
    """`200 MHz`."""
    for unit, scale in (("GHz", 1e9), ("MHz", 1e6), ("kHz", 1e3)):
        if clock_hz >= scale:
            return f"{clock_hz / scale:g} {unit}"
    return f"{clock_hz:g} Hz"


def show_amount(value: Fraction) -> str:
    """A number for people, at most four digits where it is not whole."""
    return str(value) if value.denominator == 1 else f"{float(value):.4g}"


def _end(path: str, index: tuple[int, ...]) -> str:
    return f"{path}[{', '.join(map(str, index))}]" if index else path
