"""Compute units: from blocks to the model."""

from __future__ import annotations

from fractions import Fraction

from ..ir.text import Diagnostic, label_at
from .block import Block
from .classes import Context, Costs, class_costs, no_energy, read_class, upkeep
from .model import Compute, Function
from .read import check_attrs, flag, names, quantity, required, roles


def elaborate_compute(block: Block, path: str, context: Context) -> Compute:
    if block.axes:
        message = "a compute unit has no axes"
        raise Diagnostic(message, label_at(block.at), help="put it into an array")
    costs = class_costs(read_class(block), {}, context)
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
        upkeep(block, "leak", costs) or 0.0,
        flag(block, "gate", False),
        upkeep(block, "area", costs),
        at=block.at,
    )


def _function(
    name: str,
    block: Block,
    own: Block | None,
    path: str,
    costs: Costs,
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
        raise no_energy(f"`{name}` of compute unit `{path}`", block, f"on {name}", "0.2 pJ/op")
    return Function(float(energy), Fraction(1) if throughput is None else throughput)
