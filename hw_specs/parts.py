"""Memories, arrays and compute units: from blocks to the model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from math import prod

from ..ir.text import Diagnostic, Label, label_at
from ..ir.text.expr import Call, Path, show_expr
from ..ir.text.grammar import near_name
from ..ir.text.source import Where
from ..ir.types import Role
from ..ir.units import BIT_ENERGY, SIZE, Kind, Measure, in_unit
from .block import Block
from .model import (
    Action,
    Array,
    Compute,
    FirstTouch,
    Function,
    Item,
    Memory,
    Overlap,
    Port,
    Reuse,
)
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
    whole,
    word,
)
from .syntax import NameSet
from .tech import Key, Table, look_up
from .values import measure

_MAX_LANES = 2**31
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


@dataclass(frozen=True, slots=True)
class Context:
    """What parts are elaborated with: the clock, and the tables of the technology."""

    clock_hz: Fraction
    tables: dict[str, Table]


def elaborate_parts(
    block: Block, context: Context, prefix: str = "", lanes: int = 1
) -> tuple[Item, ...]:
    """The parts of an arch or array, with full paths.

    Args:
        lanes: instances of the scope around them.
    """
    out: list[Item] = []
    for part in block.of_kind("memory", "array", "compute"):
        path = f"{prefix}{part.name}"
        check_attrs(part)
        match part.kind:
            case "memory":
                out.append(_memory(part, path, context, lanes))
            case "compute":
                out.append(_compute(part, path, context))
            case _:
                out.append(_array(part, path, context, lanes))
    return tuple(out)


def _array(block: Block, path: str, context: Context, lanes: int) -> Array:
    if not block.axes:
        help_text = f"write `array {block.name}[x: 16]`"
        raise Diagnostic(
            f"the array `{block.name}` has no axes", label_at(block.at), help=help_text
        )
    axes = _axes(block, lanes)
    for part in block.of_kind("memory", "array", "compute"):
        if part.name in dict(axes):
            also = () if block.at is None else (Label(block.at, "the array's axes"),)
            message = f"`{part.name}` is the name of an axis and of a part of `{block.name}`"
            raise Diagnostic(message, label_at(part.at), also)
    total = lanes * prod(extent for _, extent in axes)
    area = amount(block, "area")
    return Array(
        block.name,
        path,
        axes,
        elaborate_parts(block, context, f"{path}.", total),
        None if area is None else float(area),
        math.ceil(amount(block, "reconfigure", context.clock_hz) or 0),
        at=block.at,
    )


def _axes(block: Block, lanes: int) -> tuple[tuple[str, int], ...]:
    """Names and extents of an array's axes or of a memory's banks."""
    out: dict[str, int] = {}
    for axis in block.axes:
        name = axis.node.name
        if name in out:
            message = f"the axis `{name}` is given twice"
            raise Diagnostic(message, label_at(axis.node.at, "again here"))
        out[name] = whole(axis.node.extent, axis.scope, f"the extent of `{name}`")
        lanes *= out[name]
        if lanes > _MAX_LANES:
            why = f"{lanes} copies in all, the most is 2^31"
            raise Diagnostic(f"`{block.name}` is too large", label_at(axis.node.at, why))
    return tuple(out.items())


# ---- memories -------------------------------------------------------------------------------


def _memory(block: Block, path: str, context: Context, lanes: int) -> Memory:
    size = None if is_word(block, "size") else required(block, "size")
    ports = tuple(_port(port, context) for port in block.of_kind("port"))
    keep, bypass = roles(block, "keep"), roles(block, "bypass") or frozenset()
    _check_residency(block, keep, bypass)
    part_class = _read_class(block)
    width = _width(block, part_class, ports)
    found: dict[str, Key] = {"width": Measure(Fraction(width), (("bit", 1),))}
    if size is not None:
        found["size"] = Measure(size, (("bit", 1),))
    costs = _class_costs(part_class, found, context)
    banks = _axes(block, lanes)
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
        _upkeep(block, "leak", costs) or 0.0,
        flag(block, "gate", False),
        _upkeep(block, "area", costs),
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


def _width(block: Block, part_class: _Class | None, ports: tuple[Port, ...]) -> int:
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


def _action_energies(
    block: Block, path: str, costs: dict[str, tuple[Kind, float]], width: int
) -> dict[Action, float]:
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
            raise _no_energy(f"`{action}` of memory `{path}`", block, f"on {group}", "1.2 pJ")
    return out


def _per_access(kind: Kind, value: Fraction | float, width: int) -> float:
    return float(value * width if kind is BIT_ENERGY else value)


def _no_energy(what: str, block: Block, on: str, example: str) -> Diagnostic:
    class_attr = block.attr("class")
    why = "no `class`" if class_attr is None else "the technology has no table for its class"
    return Diagnostic(
        f"{what} has no energy",
        label_at(block.at, f"{why}, and no `{on}`"),
        help=f"write `{on} {{ energy = {example} }}`; an energy of 0 must be said too",
    )


# ---- compute units --------------------------------------------------------------------------


def _compute(block: Block, path: str, context: Context) -> Compute:
    if block.axes:
        message = "a compute unit has no axes"
        raise Diagnostic(message, label_at(block.at), help="put it into an array")
    costs = _class_costs(_read_class(block), {}, context)
    own = {on.name: on for on in block.of_kind("function")}
    given = names(block, "ops")
    functions = given or tuple(own) or ("mac",)
    for name, on in own.items():
        check_attrs(on)
        if name not in functions:
            message = f"`{path}` does not run `{name}`"
            help_text = f"add `{name}` to `ops`"
            raise Diagnostic(message, label_at(on.at, "not in its `ops`"), help=help_text)
    return Compute(
        block.name,
        path,
        {name: _function(name, block, own.get(name), path, costs, context) for name in functions},
        roles(block, "latch") or frozenset(),
        _upkeep(block, "leak", costs) or 0.0,
        flag(block, "gate", False),
        _upkeep(block, "area", costs),
        at=block.at,
    )


def _function(
    name: str,
    block: Block,
    own: Block | None,
    path: str,
    costs: dict[str, tuple[Kind, float]],
    context: Context,
) -> Function:
    """Cost of one function: its `on`, else the unit's attribute, else the class's column."""
    energy: Fraction | float | None = None
    throughput: Fraction | None = None
    for source in (own, block):
        if source is None:
            continue
        found = quantity(source, "energy")
        if energy is None and found is not None:
            energy = found[1]
        if throughput is None and source.attr("throughput") is not None:
            throughput = required(source, "throughput", context.clock_hz)
    for column in (name, "op"):
        if energy is None and column in costs:
            energy = costs[column][1]
    if energy is None:
        raise _no_energy(f"`{name}` of compute unit `{path}`", block, f"on {name}", "0.2 pJ/op")
    return Function(float(energy), Fraction(1) if throughput is None else throughput)


# ---- classes --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Class:
    """`sram(width = 64 bit, banks = 27)`."""

    name: str
    keys: dict[str, Key]
    at: Where | None


def _read_class(block: Block) -> _Class | None:
    attr = block.attr("class")
    if attr is None:
        return None
    value = attr.node.value
    if isinstance(value, NameSet) or not isinstance(value, Path | Call):
        help_text = "write `class = sram(width = 64 bit)`"
        raise Diagnostic("a class is a name with its keys", label_at(value.at), help=help_text)
    if isinstance(value, Path):
        return _Class(".".join(value.parts), {}, value.at)
    if value.args:
        shown = show_expr(value.args[0])
        help_text = f"write `{show_expr(value.callee)}(width = {shown})`"
        raise Diagnostic("a class's keys have names", label_at(value.args[0].at), help=help_text)
    keys: dict[str, Key] = {}
    for name, expr in value.kwargs:
        a_word = isinstance(expr, Path) and ".".join(expr.parts) not in attr.scope
        if name in keys:
            raise Diagnostic(f"the key `{name}` is given twice", label_at(expr.at))
        keys[name] = show_expr(expr) if a_word else measure(expr, attr.scope)
    return _Class(".".join(value.callee.parts), keys, value.at)


def _class_costs(
    part_class: _Class | None, found: dict[str, Key], context: Context
) -> dict[str, tuple[Kind, float]]:
    """The class's row in the technology; nothing where it has no table for the class.

    Arguments that the table has no key for are notes to the reader (`banks = 27`).
    """
    table = None if part_class is None else context.tables.get(part_class.name)
    if part_class is None or table is None:
        return {}
    return look_up(table, {**found, **part_class.keys}, part_class.at)


def _upkeep(block: Block, name: str, costs: dict[str, tuple[Kind, float]]) -> float | None:
    """Leakage or area: the attribute, else the class's column."""
    stated = amount(block, name)
    if stated is not None:
        return float(stated)
    return costs[name][1] if name in costs else None
