"""Networks and links: from blocks to the model."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from ..ir.text import Diagnostic, Label, label_at
from ..ir.text.expr import Call, Expr, Path, show_expr
from ..ir.text.grammar import near_name
from ..ir.types import Role
from ..ir.units import BIT_ENERGY, LATENCY, NUMBER, in_unit
from .attributes import REDUCIBLE, TOPOLOGIES, TRAITS
from .block import Block, Scoped
from .classes import Context
from .model import Array, Item, Link, Memory, Net
from .names import Names, own_axes
from .read import bits, check_attrs, quantity, roles
from .syntax import Attr, Endpoint, LinkDecl, NetDecl
from .values import Scope, measure

_ONE_HOP = ("bus", "crossbar")


def elaborate_nets(block: Block, names: Names, context: Context) -> tuple[Net, ...]:
    """All nets of a chip; those written inside an array are called by its path (`mxu.down`).

    Raises:
        Diagnostic: unknown parts, axes or traits; two nets for one role on one axis.
    """
    nets = tuple(_net(net, scope, names, context) for scope, net in _net_blocks(block, ""))
    _check_unique(nets)
    return nets


def _net_blocks(block: Block, scope: str) -> Iterator[tuple[str, Block]]:
    for inner in block.blocks:
        if inner.kind == "net":
            yield scope, inner
        elif inner.kind == "array":
            yield from _net_blocks(inner, f"{scope}.{inner.name}" if scope else inner.name)


def _net(block: Block, scope: str, names: Names, context: Context) -> Net:
    assert block.net is not None
    check_attrs(block)
    decl, values = block.net.node, block.net.scope
    topology, traits = _traits(decl, values)
    source, target = _ends(decl, names, scope)
    width = bits(block, "width")
    if width is None:
        help_text = "write `width = 64 bit`"
        raise Diagnostic(f"net `{block.name}` needs `width`", label_at(block.at), help=help_text)
    skew = quantity(block, "skew", context.clock_hz)
    return Net(
        f"{scope}.{block.name}" if scope else block.name,
        topology,
        source.path,
        target.path,
        _along(decl, names, source, target),
        width,
        float(_per_hop(block, "energy", topology, context)),
        _per_hop(block, "latency", topology, context),
        roles(block, "carries") or frozenset(Role),
        traits.multicast,
        traits.forward,
        traits.shift,
        traits.reduce,
        traits.radix,
        math.ceil(skew[1]) if skew else 0,
        at=block.at,
    )


def _per_hop(block: Block, name: str, topology: str, context: Context) -> Fraction:
    """Energy or latency of a hop; where every way is one hop, `/hop` may be left out."""
    found = quantity(block, name, context.clock_hz)
    if found is None:
        if name == "latency":
            return Fraction(0)
        raise Diagnostic(
            f"net `{block.name}` has no energy",
            label_at(block.at),
            help="write `energy = 0.05 pJ/bit/hop`; an energy of 0 must be said too",
        )
    kind, value = found
    if kind in (BIT_ENERGY, LATENCY) and topology not in _ONE_HOP:
        why = f"the ways through a {topology} differ in length"
        attr = block.attr(name)
        assert attr is not None
        value_node = attr.node.value
        shown = show_expr(value_node) if isinstance(value_node, Expr) else ""
        message = f"the {name} of a {topology} is per hop"
        raise Diagnostic(message, label_at(value_node.at, why), help=f"write `{shown}/hop`")
    return value


def _ends(decl: NetDecl, names: Names, scope: str) -> tuple[Item, Item]:
    """The outer and the inner end; a net written inside out (`pe -> shared`) is the same wires."""
    source = names.part(".".join(decl.source.parts), decl.source.at, scope)
    target = names.part(".".join(decl.target.parts), decl.target.at, scope)
    if source is target:
        if not isinstance(source, Array):
            message = f"`{source.path}` has no lanes that a net could join"
            raise Diagnostic(message, label_at(decl.target.at))
        return source, target
    inside_out = isinstance(source, Array) and not _inside(target, source)
    if inside_out and isinstance(target, Memory):
        return target, source
    return source, target


def _inside(part: Item, array: Item) -> bool:
    return part.path.startswith(f"{array.path}.")


def _along(decl: NetDecl, names: Names, source: Item, target: Item) -> tuple[str, ...]:
    """The axes of the `along` clause, else all of the target's (docs/lang/hw.md)."""
    entered = _entered(names, source, target)
    if not decl.along:
        own = tuple(f"{target.path}.{axis}" for axis, _ in own_axes(target))
        return own if isinstance(target, Array) else entered
    known = (*entered, *(f"{source.path}.{axis}" for axis, _ in own_axes(source)))
    out: list[str] = []
    for path in decl.along:
        name = ".".join(path.parts)
        found = [axis for axis in dict.fromkeys(known) if f".{axis}".endswith(f".{name}")]
        if len(found) != 1:
            what = "is ambiguous" if found else "is no axis between its ends"
            short = [axis.rpartition(".")[2] for axis in known]
            help_text = near_name(name, found or short)
            raise Diagnostic(f"`{name}` {what}", label_at(path.at), help=help_text)
        if found[0] in out:
            raise Diagnostic(f"the axis `{name}` is given twice", label_at(path.at))
        out.append(found[0])
    return tuple(out)


def _entered(names: Names, source: Item, target: Item) -> tuple[str, ...]:
    """Axes of the arrays that a transfer enters on its way, the target's own included."""
    around = source.path if source is target else source.path.rpartition(".")[0]
    arrays = [
        part
        for part in names.parts.values()
        if isinstance(part, Array) and (part is target or _inside(target, part))
    ]
    return tuple(
        f"{array.path}.{axis}"
        for array in arrays
        if array is target or not f"{around}.".startswith(f"{array.path}.")
        for axis, _ in array.axes
    )


def _check_unique(nets: tuple[Net, ...]) -> None:
    """One net for a role on an axis; one for a role into a memory."""
    taken: dict[tuple[str, Role], Net] = {}
    for net in nets:
        for way in net.axes or (net.target,):
            for role in sorted(net.carries):
                first = taken.setdefault((way, role), net)
                if first is not net:
                    also = () if first.at is None else (Label(first.at, "the first one"),)
                    raise Diagnostic(
                        f"two nets carry `{role}` along `{way}`",
                        label_at(net.at, "the second one"),
                        also,
                        "tell them apart by `carries` or `along`",
                    )


# ---- traits ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Traits:
    multicast: bool
    forward: bool
    shift: bool
    reduce: frozenset[str]
    radix: int


def _traits(decl: NetDecl, scope: Scope) -> tuple[str, _Traits]:
    path = decl.topology if isinstance(decl.topology, Path) else decl.topology.callee
    topology = ".".join(path.parts)
    if topology not in TOPOLOGIES:
        message = f"unknown topology `{topology}`"
        raise Diagnostic(message, label_at(path.at), help=near_name(topology, TOPOLOGIES))
    args = decl.topology.args if isinstance(decl.topology, Call) else ()
    kwargs = decl.topology.kwargs if isinstance(decl.topology, Call) else ()
    given: dict[str, tuple[Expr, ...]] = {}
    for arg in args:
        name = show_expr(arg.callee if isinstance(arg, Call) else arg)
        if name not in TRAITS or name == "radix":
            raise Diagnostic(
                f"unknown trait `{name}`", label_at(arg.at), help=near_name(name, TRAITS)
            )
        if name in given:
            raise Diagnostic(f"the trait `{name}` is given twice", label_at(arg.at))
        given[name] = arg.args if isinstance(arg, Call) else ()
    shift = _words(given.get("forward", ()), ("shift",))
    return topology, _Traits(
        "multicast" in given,
        "forward" in given,
        bool(shift),
        _reduced(given),
        _radix(topology, kwargs, scope),
    )


def _reduced(given: dict[str, tuple[Expr, ...]]) -> frozenset[str]:
    """Bare `reduce` combines by addition."""
    if "reduce" not in given:
        return frozenset()
    return frozenset(_words(given["reduce"], REDUCIBLE) or ("add",))


def _words(args: tuple[Expr, ...], known: tuple[str, ...]) -> tuple[str, ...]:
    out = []
    for arg in args:
        name = show_expr(arg)
        if name not in known:
            message = f"unknown word `{name}` of a trait"
            raise Diagnostic(message, label_at(arg.at), help=near_name(name, known))
        out.append(name)
    return tuple(out)


def _radix(topology: str, kwargs: tuple[tuple[str, Expr], ...], scope: Scope) -> int:
    radix = 2
    for name, expr in kwargs:
        if name != "radix" or topology != "tree":
            message = f"a {topology} has no `{name}`"
            raise Diagnostic(message, label_at(expr.at), help="only a tree has one: `radix = 4`")
        value = in_unit(measure(expr, scope), (NUMBER,), expr.at)[1]
        if value.denominator != 1 or value < 2:
            raise Diagnostic("a radix is a whole number, at least 2", label_at(expr.at))
        radix = value.numerator
    return radix


# ---- links ----------------------------------------------------------------------------------


def elaborate_link(decl: LinkDecl, scope: Scope, names: Names, context: Context) -> Link:
    """A single edge between two instances."""
    attrs = tuple(Scoped(item, scope) for item in decl.items if isinstance(item, Attr))
    block = Block("link", "", attrs, at=decl.at)
    check_attrs(block)
    width = bits(block, "width")
    energy = quantity(block, "energy")
    latency = quantity(block, "latency", context.clock_hz)
    if width is None or energy is None:
        lacking, example = ("width", "512 bit") if width is None else ("energy", "0.1 pJ/bit")
        help_text = f"write `{lacking} = {example}`"
        raise Diagnostic(f"a link needs `{lacking}`", label_at(block.at), help=help_text)
    return Link(
        _endpoint(decl.source, scope, names),
        _endpoint(decl.target, scope, names),
        width,
        float(energy[1]),
        latency[1] if latency else Fraction(0),
        at=decl.at,
    )


def _endpoint(end: Endpoint, scope: Scope, names: Names) -> tuple[str, tuple[int, ...]]:
    part = names.part(".".join(end.path.parts), end.path.at)
    axes = own_axes(part)
    if len(end.index) != len(axes):
        why = f"{len(end.index)} given, it has {len(axes)}"
        raise Diagnostic(f"`{part.path}` needs an index for each axis", label_at(end.at, why))
    index = []
    for expr, (axis, extent) in zip(end.index, axes, strict=True):
        value = in_unit(measure(expr, scope), (NUMBER,), expr.at)[1]
        if value.denominator != 1 or not 0 <= value < extent:
            why = f"`{axis}` runs from 0 to {extent - 1}"
            raise Diagnostic(
                f"there is no `{part.path}[{show_expr(expr)}]`", label_at(expr.at, why)
            )
        index.append(value.numerator)
    return part.path, tuple(index)
