"""A chip as text again: one self-contained arch, nothing left to look up."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import assert_never

from ..ir.text.expr import Binary, Call, Expr, Num, Path, Quantity
from ..ir.types import Role
from ..ir.units import parse_unit, show_bits
from . import syntax as hw
from .hw_text import show_hw
from .model import (
    Action,
    Arch,
    Array,
    Compute,
    FirstTouch,
    Item,
    Link,
    Memory,
    Net,
    Overlap,
    Port,
    Reuse,
)
from .outline import show_clock


def show_arch(arch: Arch) -> str:
    """The text of a chip with templates, technology and parameters put in.

    It loads from any folder back to an equal `Arch`; the parameters it was made with stand in a
    comment.

    >>> from tilewright.hw_specs.load import load_arch, read_arch
    >>> chip = load_arch("eyeriss", rows=8)
    >>> read_arch(show_arch(chip)) == chip
    True
    """
    text = show_hw(hw.File((), (_arch(arch),)))
    given = ", ".join(f"{name} = {value}" for name, value in arch.parameters.items())
    return text.replace("\n", f"\n\n# {arch.name} with {given}", 1) if given else text


def _arch(arch: Arch) -> hw.ArchDecl:
    attrs = [_attr("clock", _clock(arch.clock_hz))]
    attrs += _by_role("precision", arch.precision_bits)
    if arch.acc_bits is not None:
        attrs.append(_attr("precision.acc", _bits(arch.acc_bits)))
    return hw.ArchDecl(
        arch.name,
        None,
        (
            *attrs,
            *(_item(item, arch) for item in arch.items),
            *_nets(arch, ""),
            *map(_link, arch.links),
            *(hw.DataflowDecl(dataflow.name, dataflow.nest) for dataflow in arch.dataflows),
        ),
    )


def _item(item: Item, arch: Arch) -> hw.Part:
    match item:
        case Memory():
            return hw.Part("memory", item.name, (), _axes(item.banks), None, tuple(_memory(item)))
        case Compute():
            return hw.Part("compute", item.name, (), (), None, tuple(_compute(item)))
        case Array():
            inner: list[hw.PartItem] = []
            if item.area_um2 is not None:
                inner.append(_attr("area", _float(item.area_um2, "um2")))
            if item.reconfigure_cycles:
                inner.append(_attr("reconfigure", _cycles(item.reconfigure_cycles)))
            inner += [_item(part, arch) for part in item.items]
            inner += _nets(arch, item.path)
            return hw.Part("array", item.name, (), _axes(item.axes), None, tuple(inner))
        case _:
            assert_never(item)


def _memory(memory: Memory) -> Iterator[hw.PartItem]:
    size = memory.size_bits
    yield _attr("size", Path(("unbounded",)) if size is None else _size(size))
    yield _attr("width", _bits(memory.width_bits))
    if memory.keep is not None:
        yield _attr("keep", _roles(memory.keep))
    if memory.bypass:
        yield _attr("bypass", _roles(memory.bypass))
    yield from _by_role("share", memory.share_bits)
    yield from _by_role("precision", memory.precision_bits)
    if memory.reuse is not Reuse.INNERMOST:
        yield _attr("reuse", Path((memory.reuse,)))
    if not memory.accumulate:
        yield _attr("accumulate", Path(("false",)))
    if memory.first_touch is not FirstTouch.ELIDE:
        yield _attr("first_touch", Path((memory.first_touch,)))
    if memory.overlap is not Overlap.STREAMED:
        yield _attr("overlap", Path((memory.overlap,)))
    if memory.interleave:
        yield _attr("interleave", Path(("true",)))
    yield from _upkeep(memory)
    yield from map(_port, memory.ports)
    yield from _actions(memory)


def _upkeep(part: Memory | Compute) -> Iterator[hw.Attr]:
    if part.leak_uw:
        yield _attr("leak", _float(part.leak_uw, "uW"))
    if part.gate:
        yield _attr("gate", Path(("true",)))
    if part.area_um2 is not None:
        yield _attr("area", _float(part.area_um2, "um2"))


def _port(port: Port) -> hw.PortDecl:
    attrs = [_attr("bandwidth", _rate(port.bandwidth_bits_per_cycle))]
    if port.latency_cycles:
        attrs.append(_attr("latency", _cycles(port.latency_cycles)))
    served = tuple(action.value for action in Action if action in port.actions)
    attrs.append(_attr("actions", hw.NameSet(served)))
    if port.carries is not None:
        attrs.append(_attr("carries", _roles(port.carries)))
    return hw.PortDecl(port.name, tuple(attrs))


def _actions(memory: Memory) -> Iterator[hw.OnDecl]:
    """`read` and `write`, and the action that each covers where it differs."""
    for group, action, other in (
        ("read", Action.READ, Action.DRAIN),
        ("write", Action.FILL, Action.UPDATE),
    ):
        energy = memory.energy_pj
        yield hw.OnDecl((group,), (_attr("energy", _float(energy[action], "pJ")),))
        if energy[other] != energy[action]:
            yield hw.OnDecl((other.value,), (_attr("energy", _float(energy[other], "pJ")),))


def _compute(unit: Compute) -> Iterator[hw.PartItem]:
    yield _attr("ops", hw.NameSet(tuple(unit.functions)))
    if unit.latch:
        yield _attr("latch", _roles(unit.latch))
    yield from _upkeep(unit)
    alike: dict[tuple[float, Fraction], list[str]] = {}
    for name, function in unit.functions.items():
        alike.setdefault((function.energy_pj, function.throughput), []).append(name)
    for (energy, throughput), names in alike.items():
        attrs = (
            _attr("energy", _float(energy, "pJ/op")),
            _attr("throughput", _exact(throughput, "op/cycle")),
        )
        yield hw.OnDecl(tuple(names), attrs)


def _nets(arch: Arch, scope: str) -> list[hw.NetDecl]:
    """The nets that were written in a scope."""
    return [_net(net, scope) for net in arch.nets if net.name.rpartition(".")[0] == scope]


def _net(net: Net, scope: str) -> hw.NetDecl:
    traits: list[Expr] = []
    if net.multicast:
        traits.append(Path(("multicast",)))
    if net.forward:
        shift = Call(Path(("forward",)), (Path(("shift",)),))
        traits.append(shift if net.shift else Path(("forward",)))
    if net.reduce:
        combined = tuple(Path((name,)) for name in sorted(net.reduce))
        traits.append(Call(Path(("reduce",)), combined))
    radix: tuple[tuple[str, Expr], ...] = ()
    if net.topology == "tree":
        radix = (("radix", Num(str(net.radix))),)
    topology = Path((net.topology,))
    attrs = [
        _attr("width", _bits(net.width_bits)),
        _attr("energy", _float(net.energy_pj_per_bit_hop, "pJ/bit/hop")),
    ]
    if net.latency_cycles_per_hop:
        attrs.append(_attr("latency", _exact(net.latency_cycles_per_hop, "cycle/hop")))
    if net.skew:
        attrs.append(_attr("skew", _cycles(net.skew)))
    attrs.append(_attr("carries", _roles(net.carries)))
    return hw.NetDecl(
        net.name.rpartition(".")[2],
        Call(topology, tuple(traits), radix) if traits or radix else topology,
        _path(net.source, scope),
        _path(net.target, scope),
        tuple(Path(tuple(axis.split("."))) for axis in net.axes),
        tuple(attrs),
    )


def _path(full: str, scope: str) -> Path:
    """A path as it is written in a scope: what is inside, from there."""
    inside = scope and full.startswith(f"{scope}.")
    return Path(tuple((full[len(scope) + 1 :] if inside else full).split(".")))


def _link(link: Link) -> hw.LinkDecl:
    attrs = [
        _attr("width", _bits(link.width_bits)),
        _attr("energy", _float(link.energy_pj_per_bit, "pJ/bit")),
    ]
    if link.latency_cycles:
        attrs.append(_attr("latency", _exact(link.latency_cycles, "cycle")))
    source, target = (
        hw.Endpoint(_path(path, ""), tuple(Num(str(place)) for place in index))
        for path, index in (link.source, link.target)
    )
    return hw.LinkDecl(source, target, tuple(attrs))


# ---- values ---------------------------------------------------------------------------------


def _attr(name: str, value: hw.AttrValue) -> hw.Attr:
    return hw.Attr(Path(tuple(name.split("."))), value)


def _axes(axes: tuple[tuple[str, int], ...]) -> tuple[hw.Axis, ...]:
    return tuple(hw.Axis(name, Num(str(extent))) for name, extent in axes)


def _by_role(name: str, by_role: dict[Role, int]) -> list[hw.Attr]:
    show = _size if name == "share" else _bits
    return [_attr(f"{name}.{role}", show(bits)) for role, bits in by_role.items()]


def _roles(roles: frozenset[Role]) -> hw.NameSet:
    return hw.NameSet(tuple(role.value for role in Role if role in roles))


def _size(bits: int) -> Expr:
    """A capacity, in the largest unit that keeps it whole."""
    number, _, unit = show_bits(bits).partition(" ")
    return Quantity(number, unit)


def _bits(bits: int) -> Expr:
    """The width of words and wires."""
    return Quantity(str(bits), "bit")


def _rate(bits_per_cycle: Fraction) -> Expr:
    if bits_per_cycle.numerator % 8:
        return _exact(bits_per_cycle, "bit/cycle")
    return _exact(bits_per_cycle / 8, "B/cycle")


def _clock(clock_hz: float) -> Expr:
    number, _, unit = show_clock(clock_hz).partition(" ")
    scale = parse_unit(unit)[0]
    # A clock with more digits than people read is written out.
    return (
        Quantity(number, unit) if Fraction(number) * scale == clock_hz else _float(clock_hz, "Hz")
    )


def _cycles(cycles: int) -> Expr:
    return Quantity(str(cycles), "cycle")


def _float(value: float, unit: str) -> Expr:
    """The shortest decimal that reads back to the same float."""
    return Quantity(repr(value).removesuffix(".0"), unit)


def _exact(value: Fraction, unit: str) -> Expr:
    """A quantity; a fraction as a quotient of whole numbers."""
    whole = Quantity(str(value.numerator), unit)
    return whole if value.denominator == 1 else Binary("/", whole, Num(str(value.denominator)))
