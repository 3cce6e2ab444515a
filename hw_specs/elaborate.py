"""From declarations to a chip: every name resolved, every quantity in its canonical unit."""

from __future__ import annotations

from collections.abc import Mapping

from ..ir.text import Diagnostic, label_at
from ..ir.text.expr import Path
from ..ir.text.grammar import near_name
from .block import Block
from .classes import Context
from .dataflows import elaborate_dataflow
from .expand import Expanded, expand
from .files import Program
from .model import Arch
from .names import names_of
from .nets import elaborate_link, elaborate_nets
from .params import Override, show_value
from .parts import elaborate_parts
from .read import bits, bits_by_role, check_attrs, required
from .syntax import ArchDecl
from .tech import Table, read_tech


def elaborate(decl: ArchDecl, program: Program, overrides: Mapping[str, Override]) -> Arch:
    """Build the chip that an arch describes.

    Args:
        overrides: values of parameters, by name.

    Raises:
        Diagnostic: the first thing that is wrong, at its place.
    """
    expanded = expand(decl, program, overrides)
    block = expanded.block
    check_attrs(block)
    clock_hz = required(block, "clock")
    context = Context(clock_hz, _tables(block, program))
    items = elaborate_parts(block, context)
    names = names_of(items)
    arch = Arch(
        decl.name,
        float(clock_hz),
        items,
        elaborate_nets(block, names, context),
        tuple(elaborate_link(link, expanded.scope, names, context) for link in expanded.links),
        tuple(elaborate_dataflow(dataflow, names) for dataflow in expanded.dataflows),
        bits_by_role(block, "precision"),
        bits(block, "precision.acc"),
        _parameters(expanded),
        at=decl.at,
    )
    _check_complete(arch)
    return arch


def _parameters(expanded: Expanded) -> dict[str, str]:
    return {name: show_value(value) for name, value in expanded.scope.items()}


def _tables(block: Block, program: Program) -> dict[str, Table]:
    attr = block.attr("tech")
    if attr is None:
        return {}
    value = attr.node.value
    name = ".".join(value.parts) if isinstance(value, Path) else ""
    if name not in program.techs:
        known = near_name(name, program.techs)
        raise Diagnostic(
            f"unknown technology `{name}`",
            label_at(value.at),
            help=known or 'write `use "tech/cmos.hw"` above the arch',
        )
    return read_tech(program.techs[name])


def _check_complete(arch: Arch) -> None:
    """A chip computes something, and keeps every tensor of a network somewhere."""
    if not arch.computes:
        raise Diagnostic(
            f"`{arch.name}` has no compute unit",
            label_at(arch.at),
            help="write `compute mac { on mac { energy = 0.2 pJ/op } }`",
        )
    if not arch.memories:
        raise Diagnostic(f"`{arch.name}` has no memory", label_at(arch.at))
