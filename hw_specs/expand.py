"""From declarations to one block: inheritance, parameters, templates, `drop`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from ..ir.text import Diagnostic, Label, label_at
from ..ir.text.expr import Call, Expr, Path, show_expr
from ..ir.text.grammar import near_name
from .block import Block, Scoped, checked, merge
from .files import Program
from .params import Override, bind_params, check_type
from .syntax import (
    ArchDecl,
    ArchItem,
    Attr,
    DataflowDecl,
    Drop,
    LinkDecl,
    NetDecl,
    OnDecl,
    Param,
    Part,
    PartItem,
    PortDecl,
    RequireDecl,
)
from .values import Scope, Value, evaluate, truth

_MAX_PARTS = 20_000
_MAX_DEPTH = 32


@dataclass(frozen=True, slots=True)
class Expanded:
    """An arch with its bases, templates and parameters put in.

    Attributes:
        scope: the parameters' values.
        links: in order of writing, the base's first.
        dataflows: by name; a derived arch's replaces its base's.
    """

    block: Block
    scope: dict[str, Value]
    links: tuple[LinkDecl, ...]
    dataflows: tuple[DataflowDecl, ...]


def expand(decl: ArchDecl, program: Program, overrides: Mapping[str, Override]) -> Expanded:
    """Expand one arch.

    Raises:
        Diagnostic: an unknown base or template, a circle of them, a wrong argument, a parameter
            outside its domain, a `require` that does not hold, a name used twice.
    """
    lineage = _lineage(decl, program)
    scope = bind_params(_params(lineage), overrides)
    expander = _Expander(program)
    block = Block("arch", decl.name, at=decl.at)
    links: list[LinkDecl] = []
    dataflows: dict[str, DataflowDecl] = {}
    for ancestor in lineage:
        own = expander.body(Block("arch", decl.name, at=ancestor.at), ancestor.items, scope, ())
        for drop in _items(ancestor.items, Drop):
            block, dataflows = _dropped(drop, block, dataflows)
        block = merge(block, own)
        links += _items(ancestor.items, LinkDecl)
        dataflows |= _unique_dataflows(ancestor)
    for ancestor in lineage:
        for require in _items(ancestor.items, RequireDecl):
            _check_require(require, scope)
    return Expanded(block, scope, tuple(links), tuple(dataflows.values()))


Item = TypeVar("Item", Param, Drop, LinkDecl, DataflowDecl, RequireDecl)


def _items(items: Iterable[ArchItem], kind: type[Item]) -> list[Item]:
    return [item for item in items if isinstance(item, kind)]


def _lineage(decl: ArchDecl, program: Program) -> tuple[ArchDecl, ...]:
    """The arch's bases and the arch, the oldest first; a base's arguments become its defaults."""
    out: list[ArchDecl] = [decl]
    while (base := out[0].base) is not None:
        path, kwargs = (base, ()) if isinstance(base, Path) else (base.callee, base.kwargs)
        if isinstance(base, Call) and base.args:
            raise Diagnostic(
                "an arch takes its parameters by name",
                label_at(base.args[0].at),
                help=f"write `: {show_expr(path)}(NAME = {show_expr(base.args[0])})`",
            )
        name = ".".join(path.parts)
        parent = program.archs.get(name)
        if parent is None:
            raise Diagnostic(
                f"unknown arch `{name}`", label_at(path.at), help=near_name(name, program.archs)
            )
        if any(parent.name == child.name for child in out):
            chain = " -> ".join([*(child.name for child in reversed(out)), name])
            raise Diagnostic("archs inherit in a circle", label_at(path.at, chain))
        out = [replace(parent, items=_with_defaults(parent, kwargs)), *out]
    return tuple(out)


def _with_defaults(parent: ArchDecl, args: tuple[tuple[str, Expr], ...]) -> tuple[ArchItem, ...]:
    own = {item.name for item in _items(parent.items, Param)}
    given: dict[str, Expr] = {}
    for name, value in args:
        if given.setdefault(name, value) is not value:
            raise Diagnostic(f"`{name}` is given twice", label_at(value.at))
        if name not in own:
            raise Diagnostic(
                f"`{parent.name}` has no parameter `{name}`",
                label_at(value.at),
                help=near_name(name, own),
            )
    return tuple(
        replace(item, default=given[item.name])
        if isinstance(item, Param) and item.name in given
        else item
        for item in parent.items
    )


def _params(lineage: tuple[ArchDecl, ...]) -> tuple[Param, ...]:
    """All parameters in order of first declaration; the youngest declaration of each counts."""
    params: dict[str, Param] = {}
    for decl in lineage:
        own: dict[str, Param] = {}
        for param in _items(decl.items, Param):
            first = own.setdefault(param.name, param)
            if first is not param:
                also = () if first.at is None else (Label(first.at, "first here"),)
                message = f"the parameter `{param.name}` is given twice"
                raise Diagnostic(message, label_at(param.at, "again here"), also)
        params |= own
    return tuple(params.values())


def _unique_dataflows(decl: ArchDecl) -> dict[str, DataflowDecl]:
    out: dict[str, DataflowDecl] = {}
    for dataflow in _items(decl.items, DataflowDecl):
        first = out.setdefault(dataflow.name, dataflow)
        if first is not dataflow:
            also = () if first.at is None else (Label(first.at, "first here"),)
            message = f"the dataflow `{dataflow.name}` is given twice"
            raise Diagnostic(message, label_at(dataflow.at, "again here"), also)
    return out


def _dropped(
    drop: Drop, block: Block, dataflows: dict[str, DataflowDecl]
) -> tuple[Block, dict[str, DataflowDecl]]:
    """Without the one part, net or dataflow of this kind and name."""
    if drop.kind == "dataflow":
        if drop.name in dataflows:
            return block, {k: v for k, v in dataflows.items() if k != drop.name}
        known = list(dataflows)
    else:
        places = [name for kind, name in _named(block) if kind == drop.kind]
        if places.count(drop.name) == 1:
            return _without(block, drop), dataflows
        if places.count(drop.name) > 1:
            count = f"{places.count(drop.name)} parts are called so"
            raise Diagnostic(
                f"`drop {drop.kind} {drop.name}` is ambiguous", label_at(drop.at, count)
            )
        known = places
    raise Diagnostic(
        f"there is no {drop.kind} `{drop.name}` to drop",
        label_at(drop.at, "the base has none"),
        help=near_name(drop.name, known),
    )


def _named(block: Block) -> list[tuple[str, str]]:
    return [pair for b in block.blocks for pair in ((b.kind, b.name), *_named(b))]


def _without(block: Block, drop: Drop) -> Block:
    left = tuple(
        _without(inner, drop)
        for inner in block.blocks
        if (inner.kind, inner.name) != (drop.kind, drop.name)
    )
    return replace(block, blocks=left)


def _check_require(require: RequireDecl, scope: Scope) -> None:
    if truth(require.condition, scope):
        return
    text = show_expr(require.condition)
    why = require.why or "it is false for these parameters"
    raise Diagnostic(f"the requirement `{text}` does not hold", label_at(require.at, why))


# ---- bodies and templates -------------------------------------------------------------------


@dataclass(slots=True)
class _Expander:
    """Puts templates in; counts parts, for templates that hold templates double with each level."""

    program: Program
    parts: int = field(default=0)

    def body(
        self,
        head: Block,
        items: Iterable[ArchItem | PartItem],
        scope: Scope,
        stack: tuple[str, ...],
    ) -> Block:
        attrs: list[Scoped[Attr]] = []
        blocks: list[Block] = []
        for item in items:
            match item:
                case Attr():
                    attrs.append(Scoped(item, scope))
                case PortDecl(name, inner):
                    blocks.append(self.body(Block("port", name, at=item.at), inner, scope, stack))
                case OnDecl(names, inner):
                    kind = "function" if head.kind == "compute" else "action"
                    blocks += [
                        self.body(Block(kind, name, at=item.at), inner, scope, stack)
                        for name in names
                    ]
                case NetDecl(name):
                    net = Block("net", name, net=Scoped(item, scope), at=item.at)
                    blocks.append(self.body(net, item.items, scope, stack))
                case Part():
                    blocks.append(self.part(item, scope, stack))
                case _:
                    pass  # parameters, requirements, links, dataflows: the arch's own business
        return checked(replace(head, attrs=tuple(attrs), blocks=tuple(blocks)))

    def part(self, part: Part, scope: Scope, stack: tuple[str, ...]) -> Block:
        self.parts += 1
        if self.parts > _MAX_PARTS:
            why = f"over {_MAX_PARTS}"
            raise Diagnostic("the chip has too many parts", label_at(part.at, why))
        axes = tuple(Scoped(axis, scope) for axis in part.axes)
        own = self.body(
            Block(part.kind, part.name, axes=axes, at=part.at), part.items, scope, stack
        )
        if part.base is None:
            return own
        return merge(self.template(part, scope, stack), own)

    def template(self, part: Part, scope: Scope, stack: tuple[str, ...]) -> Block:
        """The block of the template that `part` instantiates, under the part's name."""
        base = part.base
        assert base is not None
        path = base if isinstance(base, Path) else base.callee
        name = ".".join(path.parts)
        template = self.program.templates.get(name)
        if template is None:
            known = self.program.templates
            raise Diagnostic(
                f"unknown template `{name}`", label_at(path.at), help=near_name(name, known)
            )
        if name in stack or len(stack) >= _MAX_DEPTH:
            chain = " -> ".join((*stack, name)[-6:])
            raise Diagnostic("templates hold each other in a circle", label_at(path.at, chain))
        inner = _arguments(template, base, scope)
        block = self.part(replace(template, name=part.name), inner, (*stack, name))
        return replace(block, at=part.at) if block.kind == part.kind else block


def _arguments(template: Part, base: Path | Call, scope: Scope) -> dict[str, Value]:
    """The values of a template's parameters, for its own body."""
    args, kwargs = ((), ()) if isinstance(base, Path) else (base.args, base.kwargs)
    names = [name for name, _ in template.params]
    types = dict(template.params)
    given: dict[str, Expr] = dict(zip(names, args, strict=False))
    wanted = f"write `{template.name}({', '.join(f'{n}: {t}' for n, t in template.params)})`"
    also = () if template.at is None else (Label(template.at, "defined here"),)
    if len(args) > len(names):
        count = "1 argument" if len(names) == 1 else f"{len(names)} arguments"
        message = f"`{template.name}` takes {count}"
        raise Diagnostic(message, label_at(base.at, f"{len(args)} given"), also, wanted)
    for name, expr in kwargs:
        if name not in types or name in given:
            what = "is given twice" if name in given else "is no parameter"
            message = f"`{name}` of `{template.name}` {what}"
            raise Diagnostic(message, label_at(expr.at), also, wanted)
        given[name] = expr
    missing = [name for name in names if name not in given]
    if missing:
        message = f"`{template.name}` lacks the argument `{missing[0]}`"
        raise Diagnostic(message, label_at(base.at), also, wanted)
    values = {name: evaluate(expr, scope) for name, expr in given.items()}
    for name, value in values.items():
        check_type(value, types[name], given[name].at)
    return values
