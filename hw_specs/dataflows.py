"""Dataflows: map lines over roles, with every path made full and every role checked."""

from __future__ import annotations

from dataclasses import replace

from ..ir.mapping import For, Fuse, Keep, Node, Par, Require, Run
from ..ir.text import Diagnostic, Label, label_at
from ..ir.text.expr import Binary, Call, Expr, Path, Unary, show_expr
from ..ir.text.grammar import near_name
from ..ir.text.source import Where
from ..ir.types import Role
from .model import Array, Dataflow, Memory
from .names import Names
from .syntax import DataflowDecl

_ROLES = tuple(role.value for role in Role)


def elaborate_dataflow(decl: DataflowDecl, names: Names) -> Dataflow:
    """One dataflow of a chip.

    Raises:
        Diagnostic: an unknown memory, axis or role; a role that the memory does not keep; a line
            that names an op.
    """
    return Dataflow(decl.name, tuple(_line(node, decl, names) for node in decl.nest), at=decl.at)


def _line(node: Node, decl: DataflowDecl, names: Names) -> Node:
    match node:
        case Keep():
            return _keep(node, names)
        case Par(axis=axis):
            return replace(node, axis=names.axis(axis, node.at))
        case For():
            return node
        case Require():
            return replace(node, condition=_condition(node.condition, names))
        case Run() | Fuse():
            raise Diagnostic(
                f"the dataflow `{decl.name}` names an op",
                label_at(node.at, "a chip does not know the ops"),
                help="leave the line out; it belongs into a `.map`",
            )


def _keep(node: Keep, names: Names) -> Keep:
    memory = _memory(node.memory, node.at, names)
    for name in node.tensors:
        if name not in _ROLES:
            help_text = near_name(name, _ROLES)
            raise Diagnostic(f"unknown role `{name}`", label_at(node.at), help=help_text)
        if not memory.may_keep(Role(name)):
            also = () if memory.at is None else (Label(memory.at, "by its `keep` and `bypass`"),)
            message = f"`{memory.path}` does not keep `{name}`"
            raise Diagnostic(message, label_at(node.at), also)
    if node.buffers < 1:
        raise Diagnostic("a tile needs at least one buffer", label_at(node.at))
    return replace(node, memory=memory.path)


def _memory(path: str, at: Where | None, names: Names) -> Memory:
    part = names.part(path, at)
    if not isinstance(part, Memory):
        raise Diagnostic(f"`{part.path}` is no memory", label_at(at))
    return part


def _condition(expr: Expr, names: Names) -> Expr:
    """A condition with the paths in `util(..)`, `bytes(..)` and `trips(..)` made full."""
    match expr:
        case Binary():
            left, right = _condition(expr.left, names), _condition(expr.right, names)
            return replace(expr, left=left, right=right)
        case Unary():
            return replace(expr, operand=_condition(expr.operand, names))
        case Call():
            return _call(expr, names)
        case _:
            return expr


_ARGUMENTS = {"util": 1, "bytes": 2, "trips": 2}


def _call(call: Call, names: Names) -> Call:
    name = show_expr(call.callee)
    if name not in _ARGUMENTS:
        help_text = near_name(name, _ARGUMENTS)
        raise Diagnostic(f"unknown function `{name}`", label_at(call.at), help=help_text)
    if len(call.args) != _ARGUMENTS[name] or call.kwargs:
        help_text = "write `util(pe)`, `bytes(input, shared)` or `trips(p, shared)`"
        raise Diagnostic(f"`{name}` takes other arguments", label_at(call.at), help=help_text)
    last = call.args[-1]
    if not isinstance(last, Path):
        raise Diagnostic("expected the name of a part", label_at(last.at))
    part = names.part(".".join(last.parts), last.at)
    if not isinstance(part, Array if name == "util" else Memory):
        wanted = "array" if name == "util" else "memory"
        raise Diagnostic(f"`{part.path}` is no {wanted}", label_at(last.at))
    full = Path(tuple(part.path.split(".")), at=last.at)
    return replace(call, args=(*call.args[:-1], full))
