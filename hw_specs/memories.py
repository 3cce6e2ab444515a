"""Memories: from blocks to the model."""

from __future__ import annotations

import math
from fractions import Fraction

from ..ir.text import Diagnostic, Label, label_at
from ..ir.text.grammar import near_name
from ..ir.types import Role
from ..ir.units import BIT_ENERGY, SIZE, Kind, Measure, in_unit
from .axes import read_axes
from .block import Block
from .classes import Context, Costs, PartClass, class_costs, no_energy, read_class, upkeep
from .model import Action, FirstTouch, Memory, Overlap, Port, Reuse
from .read import (
    amount,
    bits,
    bits_by_role,
    check_attrs,
    flag,
    is_word,
    names,
    place,
    quantity,
    required,
    roles,
    word,
)
from .tech import Key

_GROUP = {
    Action.READ: "read",
    Action.DRAIN: "read",
    Action.FILL: "write",
    Action.UPDATE: "write",
}
_PORT_ACTIONS = {
    "rd": frozenset({Action.READ, Action.DRAIN}),
    "wr": frozenset({Action.FILL, Action.UPDATE}),
    "rw": frozenset(Action),
}
_NEEDED = {
    Role.INPUT: (Action.READ, Action.FILL),
    Role.WEIGHT: (Action.READ, Action.FILL),
    Role.OUTPUT: tuple(Action),
}


def elaborate_memory(block: Block, path: str, context: Context, lanes: int) -> Memory:
    size = None if is_word(block, "size") else required(block, "size")
    ports = tuple(_port(port, context) for port in block.of_kind("port"))
    keep, bypass = roles(block, "keep"), roles(block, "bypass") or frozenset()
    _check_residency(block, keep, bypass)
    part_class = read_class(block)
    width = _width(block, part_class, ports)
    found: dict[str, Key] = {"width": Measure(Fraction(width), (("bit", 1),))}
    if size is not None:
        found["size"] = Measure(size, (("bit", 1),))
    costs = class_costs(part_class, found, context)
    banks = read_axes(block, lanes)
    memory = Memory(
        block.name,
        path,
        None if size is None else _whole_bits(block, size),
        width,
        ports,
        _action_energies(block, path, costs, width),
        keep,
        bypass,
        bits_by_role(block, "share"),
        bits_by_role(block, "precision"),
        banks,
        Reuse(word(block, "reuse", Reuse.INNERMOST)),
        flag(block, "accumulate", True),
        FirstTouch(word(block, "first_touch", FirstTouch.ELIDE)),
        Overlap(word(block, "overlap", Overlap.STREAMED)),
        flag(block, "interleave", False),
        upkeep(block, "leak", costs) or 0.0,
        flag(block, "gate", False),
        upkeep(block, "area", costs),
        at=block.at,
    )
    if memory.interleave and not banks:
        help_text = f"write `memory {block.name}[i: 8]`"
        message = "`interleave` is for a memory of several banks"
        raise Diagnostic(message, label_at(place(block, "interleave")), help=help_text)
    _check_ports(block, memory)
    return memory


def _whole_bits(block: Block, size: Fraction) -> int:
    if size.denominator != 1:
        why = f"this is {float(size):g} bit"
        raise Diagnostic("a size is a whole number of bits", label_at(place(block, "size"), why))
    return size.numerator


def _check_residency(block: Block, keep: frozenset[Role] | None, bypass: frozenset[Role]) -> None:
    both = sorted((keep or frozenset()) & bypass)
    if both:
        where = place(block, "keep")
        also = () if where is None else (Label(where, "kept here"),)
        message = f"`{block.name}` both keeps and bypasses `{both[0]}`"
        raise Diagnostic(message, label_at(place(block, "bypass"), "bypassed here"), also)


def _port(block: Block, context: Context) -> Port:
    check_attrs(block)
    given = names(block, "actions")
    if given is None and block.name not in _PORT_ACTIONS:
        raise Diagnostic(
            f"what does the port `{block.name}` serve?",
            label_at(block.at, "only `rd`, `wr` and `rw` speak for themselves"),
            help="write `actions = {read, drain}`",
        )
    actions = _PORT_ACTIONS[block.name] if given is None else frozenset(map(Action, given))
    return Port(
        block.name,
        required(block, "bandwidth", context.clock_hz),
        actions,
        roles(block, "carries"),
        math.ceil(amount(block, "latency", context.clock_hz) or 0),
        at=block.at,
    )


def _check_ports(block: Block, memory: Memory) -> None:
    """Each action of each role that may be kept is served by exactly one port."""
    for role in Role:
        if not memory.may_keep(role):
            continue
        for action in _NEEDED[role]:
            serving = [
                port
                for port in memory.ports
                if action in port.actions and (port.carries is None or role in port.carries)
            ]
            if not serving:
                raise Diagnostic(
                    f"no port of `{memory.path}` serves `{action}` of `{role}`",
                    label_at(block.at),
                    help="write `port rw { bandwidth = 16 B/cycle }`, or `bypass` the role",
                )
            if len(serving) > 1:
                first = serving[0].at
                also = () if first is None else (Label(first, "first here"),)
                raise Diagnostic(
                    f"two ports of `{memory.path}` serve `{action}` of `{role}`",
                    label_at(serving[1].at, "again here"),
                    also,
                    "tell them apart by `actions` or `carries`, or add their bandwidths up",
                )


def _width(block: Block, part_class: PartClass | None, ports: tuple[Port, ...]) -> int:
    """Bits of one access: `width`, else the class's, else what the widest port moves in a cycle."""
    given = bits(block, "width")
    if given is not None:
        return given
    argument = part_class.keys.get("width") if part_class else None
    if part_class is not None and isinstance(argument, Measure):
        value = in_unit(argument, (SIZE,), part_class.at)[1]
        if value.denominator != 1 or value < 1:
            message = "`width` is a whole number of bits, at least one"
            raise Diagnostic(message, label_at(part_class.at))
        return value.numerator
    return math.ceil(max((port.bandwidth_bits_per_cycle for port in ports), default=Fraction(1)))


def _action_energies(block: Block, path: str, costs: Costs, width: int) -> dict[Action, float]:
    """pJ per access: the action's own `on`, else the `on` that covers it, else the class's."""
    stated: dict[str, float] = {}
    for on in block.of_kind("action"):
        if on.name not in (*Action, "write"):
            known = (*Action, "write")
            message = f"a memory knows no action `{on.name}`"
            raise Diagnostic(message, label_at(on.at), help=near_name(on.name, known))
        check_attrs(on)
        found = quantity(on, "energy")
        if found is not None:
            stated[on.name] = _per_access(*found, width)
    looked_up = {
        name: _per_access(kind, value, width)
        for name, (kind, value) in costs.items()
        if name not in ("leak", "area")
    }
    out: dict[Action, float] = {}
    for action in Action:
        group = _GROUP[action]
        for source, name in (
            (stated, action.value),
            (stated, group),
            (looked_up, action.value),
            (looked_up, group),
        ):
            if name in source:
                out[action] = source[name]
                break
        else:
            raise no_energy(f"`{action}` of memory `{path}`", block, f"on {group}", "1.2 pJ")
    return out


def _per_access(kind: Kind, value: Fraction | float, width: int) -> float:
    return float(value * width if kind is BIT_ENERGY else value)
