"""The `.hw` language: its parser and its canonical printer."""

from __future__ import annotations

import re
from pathlib import Path as FilePath
from textwrap import wrap
from typing import Any, assert_never

from lark import Token, v_args
from lark.tree import Meta

from ..ir.map_text import LINE_WORDS, MapLineBuilder, show_nest
from ..ir.text.expr import (
    EXPRESSION_WORDS,
    Call,
    Expr,
    Num,
    Path,
    Quantity,
    Str,
    show_expr,
    show_path,
    show_string,
    unquote_string,
)
from ..ir.text.grammar import Language, parse_text
from ..ir.text.source import Span
from . import syntax as hw

HW = Language(
    "hw",
    FilePath(__file__).parent,
    "1",
    LINE_WORDS
    | {
        *("hw", "use", "tech", "table", "def", "arch", "param", "drop", "memory", "array"),
        *("compute", "port", "net", "link", "along", "dataflow", "int", "size", "freq"),
        *("energy", "bandwidth", "length", "bool", "float"),
    },
)

_STATEMENTS = EXPRESSION_WORDS | {
    *("tech", "table", "def", "arch", "param", "require", "drop", "memory", "array", "compute"),
    *("port", "on", "net", "link", "dataflow", "use", "in", "along"),
}
_LINE_LENGTH = 100
_WRAPPED = 80


def parse_hw(text: str, name: str = "<string>") -> hw.File:
    """Parse a `.hw` text; `name` is what diagnostics call it.

    >>> parse_hw("hw 1 arch tiny { clock = 1 GHz }").decls[0].name
    'tiny'

    Raises:
        Diagnostic: at the offending word.
    """
    file = parse_text(HW, text, name, HwBuilder)
    assert isinstance(file, hw.File)
    return file


@v_args(meta=True)
class _Declarations(MapLineBuilder):
    """Lark callbacks for what stands at the top of a file.

    Children come as `hw.lark` writes them, absent options as None; Lark does not type them.
    """

    def start(self, meta: Meta, children: list[Any]) -> hw.File:
        uses = tuple(child for child in children if isinstance(child, hw.Use))
        decls = tuple(child for child in children if child is not None)
        return hw.File(uses, decls[len(uses) :])

    def version(self, meta: Meta, children: list[Any]) -> None:
        return None

    def use(self, meta: Meta, children: list[Any]) -> hw.Use:
        return hw.Use(unquote_string(children[0]), at=self.token_span(children[0]))

    def tech(self, meta: Meta, children: list[Any]) -> hw.TechDecl:
        return hw.TechDecl(str(children[0]), tuple(children[1:]), at=self.token_span(children[0]))

    def table(self, meta: Meta, children: list[Any]) -> hw.TableDecl:
        name, keys, columns, *rows = children
        at = self.token_span(name)
        return hw.TableDecl(str(name), keys.names, columns, tuple(rows), at=at)

    def columns(self, meta: Meta, children: list[Any]) -> tuple[hw.Column, ...]:
        return tuple(children)

    def column(self, meta: Meta, children: list[Any]) -> hw.Column:
        return hw.Column(str(children[0]), str(children[1]), at=self.span(meta))

    def row(self, meta: Meta, children: list[Any]) -> hw.Row:
        return hw.Row(children[0], children[1], at=self.span(meta))

    def row_keys(self, meta: Meta, children: list[Any]) -> tuple[Expr, ...]:
        return tuple(children)

    def row_values(self, meta: Meta, children: list[Any]) -> tuple[Expr, ...]:
        return tuple(children)

    def def_(self, meta: Meta, children: list[Any]) -> hw.Template:
        return hw.Template(children[0], at=children[0].at)

    def arch(self, meta: Meta, children: list[Any]) -> hw.ArchDecl:
        name, base, *items = children
        return hw.ArchDecl(str(name), base, tuple(items), at=self.token_span(name))

    def base(self, meta: Meta, children: list[Any]) -> Path | Call:
        return self._applied(meta, *children)

    def _applied(self, meta: Meta, path: Path, arguments: Any) -> Path | Call:
        if arguments is None:
            return path
        args, kwargs = arguments
        return Call(path, args, kwargs, at=path.at)

    def words__choices(self, meta: Meta, children: list[Any]) -> hw.Choices:
        return hw.Choices(tuple(children), at=self.span(meta))

    def words__range(self, meta: Meta, children: list[Any]) -> hw.Range:
        low, high, step = children
        return hw.Range(low, high, step, at=self.span(meta))


@v_args(meta=True)
class HwBuilder(_Declarations):
    """Lark callbacks for what stands in an arch."""

    def param(self, meta: Meta, children: list[Any]) -> hw.Param:
        name, kind, default, domain = children
        return hw.Param(str(name), str(kind), default, domain, at=self.token_span(name))

    def demand(self, meta: Meta, children: list[Any]) -> hw.RequireDecl:
        condition, why = children
        text = None if why is None else unquote_string(why)
        return hw.RequireDecl(condition, text, at=self.span(meta))

    def drop(self, meta: Meta, children: list[Any]) -> hw.Drop:
        kind, name = children
        return hw.Drop(kind, str(name), at=self.token_span(name))

    def part_kind(self, meta: Meta, children: list[Token]) -> str:
        return str(children[0])

    def net_kind(self, meta: Meta, children: list[Token]) -> str:
        return "net"

    def dataflow_kind(self, meta: Meta, children: list[Token]) -> str:
        return "dataflow"

    def part(self, meta: Meta, children: list[Any]) -> hw.Part:
        kind, name, params, axes, base, *items = children
        at = self.token_span(name)
        return hw.Part(str(kind), str(name), params or (), axes or (), base, tuple(items), at=at)

    def params(self, meta: Meta, children: list[Any]) -> tuple[tuple[str, str], ...]:
        return tuple(children)

    def param_name(self, meta: Meta, children: list[Any]) -> tuple[str, str]:
        return str(children[0]), str(children[1])

    def extent(self, meta: Meta, children: list[Any]) -> tuple[hw.Axis, ...]:
        return tuple(children)

    def axis(self, meta: Meta, children: list[Any]) -> hw.Axis:
        return hw.Axis(str(children[0]), children[1], at=self.span(meta))

    def port(self, meta: Meta, children: list[Any]) -> hw.PortDecl:
        return hw.PortDecl(str(children[0]), tuple(children[1:]), at=self.token_span(children[0]))

    def action(self, meta: Meta, children: list[Any]) -> hw.OnDecl:
        return hw.OnDecl(children[0].names, tuple(children[1:]), at=children[0].at)

    def net(self, meta: Meta, children: list[Any]) -> hw.NetDecl:
        name, topology, arguments, source, target, along, *items = children
        return hw.NetDecl(
            str(name),
            self._applied(meta, topology, arguments),
            source,
            target,
            along or (),
            tuple(items),
            at=self.token_span(name),
        )

    def along(self, meta: Meta, children: list[Any]) -> tuple[Path, ...]:
        return tuple(children)

    def link(self, meta: Meta, children: list[Any]) -> hw.LinkDecl:
        source, target, *items = children
        return hw.LinkDecl(source, target, tuple(items), at=self.span(meta))

    def endpoint(self, meta: Meta, children: list[Any]) -> hw.Endpoint:
        path, *index = children
        places = tuple(child for child in index if child is not None)
        return hw.Endpoint(path, places, at=self.span(meta))

    def attr(self, meta: Meta, children: list[Any]) -> hw.Attr:
        return hw.Attr(children[0], children[1], at=self.span(meta))

    def tech_attr(self, meta: Meta, children: list[Any]) -> hw.Attr:
        at = self.span(meta)
        path = Path(("tech",), at=Span(at.source, at.start, at.start + len("tech")))
        return hw.Attr(path, children[0], at=at)

    def name_set(self, meta: Meta, children: list[Any]) -> hw.NameSet:
        names = children[0].names if children and children[0] is not None else ()
        return hw.NameSet(names, at=self.span(meta))

    def names(self, meta: Meta, children: list[Any]) -> hw.NameSet:
        return hw.NameSet(tuple(map(str, children)), at=self.span(meta))

    def dataflow(self, meta: Meta, children: list[Any]) -> hw.DataflowDecl:
        name, *lines = children
        return hw.DataflowDecl(str(name), tuple(lines), at=self.token_span(name))


# ---- printer --------------------------------------------------------------------------------


def show_hw(file: hw.File) -> str:
    """Canonical text; parsing it gives an equal `File`."""
    head = ["hw 1", *(f"use {show_string(use.path)}" for use in file.uses)]
    blocks = [head, *(_show_decl(decl) for decl in file.decls)]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _show_decl(decl: hw.TechDecl | hw.Template | hw.ArchDecl) -> list[str]:
    match decl:
        case hw.TechDecl(name, items):
            return _block(f"tech {name}", items)
        case hw.Template(part):
            first, *rest = _show_item(part)
            return [f"def {first}", *rest]
        case hw.ArchDecl(name, base, items):
            return _block(f"arch {name}{_show_base(base)}", items)


_Item = hw.ArchItem | hw.PartItem | hw.TableDecl


def _block(head: str, items: tuple[_Item, ...]) -> list[str]:
    if not items:
        return [f"{head} {{ }}"]
    lines = [f"  {line}" for item in items for line in _show_item(item)]
    return [f"{head} {{", *lines, "}"]


def _inline(head: str, items: tuple[hw.Attr, ...]) -> list[str]:
    """A block of attributes on one line where it fits."""
    line = f"{head} {{ {'  '.join(_show_attr(item) for item in items)} }}"
    return [line] if items and len(line) <= _LINE_LENGTH - 8 else _block(head, items)


def _show_item(item: _Item) -> list[str]:
    match item:
        case hw.Attr(path, hw.NameSet(names)) if len(", ".join(names)) > _WRAPPED:
            rows = wrap(", ".join(names), _WRAPPED, initial_indent="  ", subsequent_indent="  ")
            return [f"{_attr_name(path)} = {{", *rows, "}"]
        case hw.Attr():
            return [_show_attr(item)]
        case hw.Param(name, kind, default, domain):
            domain_text = "" if domain is None else f" in {_show_domain(domain)}"
            return [f"param {name} : {kind} = {show_expr(default)}{domain_text}"]
        case hw.RequireDecl(condition, why):
            return [
                f"require {show_expr(condition)}" + ("" if why is None else f" {show_string(why)}")
            ]
        case hw.Drop(kind, name):
            return [f"drop {kind} {name}"]
        case hw.Part():
            return _block(_part_head(item), item.items)
        case hw.PortDecl(name, items):
            return _inline(f"port {name}", items)
        case hw.OnDecl(names, items):
            *full, last = wrap(f"on {', '.join(names)}", _WRAPPED, subsequent_indent="  ")
            return [*full, *_inline(last, items)]
        case hw.NetDecl():
            return _block(_net_head(item), item.items)
        case hw.LinkDecl(source, target, items):
            return _inline(f"link {_show_endpoint(source)} -> {_show_endpoint(target)}", items)
        case hw.DataflowDecl(name, nest):
            return [f"dataflow {name} {{", *show_nest(nest, 1), "}"]
        case hw.TableDecl():
            return _show_table(item)
        case _:
            assert_never(item)


def _show_attr(attr: hw.Attr) -> str:
    return f"{_attr_name(attr.path)} = {_show_value(attr.value)}"


def _attr_name(path: Path) -> str:
    """Words that begin a statement are quoted; `tech` is told apart by its `=`."""
    return show_path(path.parts, _STATEMENTS) if path.parts != ("tech",) else "tech"


def _show_value(value: hw.AttrValue) -> str:
    return f"{{{', '.join(value.names)}}}" if isinstance(value, hw.NameSet) else show_expr(value)


def _show_domain(domain: hw.Choices | hw.Range) -> str:
    if isinstance(domain, hw.Choices):
        return f"{{{', '.join(map(show_expr, domain.values))}}}"
    step = "" if domain.step is None else f" step {show_expr(domain.step)}"
    return f"{show_expr(domain.low)}..{show_expr(domain.high)}{step}"


def _show_base(base: Path | Call | None) -> str:
    return "" if base is None else f" : {show_expr(base)}"


def _part_head(part: hw.Part) -> str:
    params = ", ".join(f"{name}: {kind}" for name, kind in part.params)
    axes = ", ".join(f"{axis.name}: {show_expr(axis.extent)}" for axis in part.axes)
    return (
        f"{part.kind} {part.name}"
        + (f"({params})" if params else "")
        + (f"[{axes}]" if axes else "")
        + _show_base(part.base)
    )


def _net_head(net: hw.NetDecl) -> str:
    along = f" along {', '.join(map(show_expr, net.along))}" if net.along else ""
    ends = f"{show_expr(net.source)} -> {show_expr(net.target)}"
    return f"net {net.name} : {show_expr(net.topology)} {ends}{along}"


def _show_endpoint(end: hw.Endpoint) -> str:
    index = f"[{', '.join(map(show_expr, end.index))}]" if end.index else ""
    return f"{show_expr(end.path)}{index}"


_ATOM = 9  # binds tighter than any operator of `show_expr`


def _show_table(table: hw.TableDecl) -> list[str]:
    columns = ", ".join(f"{column.name}: {column.unit}" for column in table.columns)
    lines = [f"table {table.name}[{', '.join(table.keys)}] -> {columns} {{"]
    for row in table.rows:
        # Rows have no separator: what begins or ends one must not run into its neighbour.
        first_key, *keys = (show_expr(key, _ATOM) for key in row.keys)
        if re.split(r"\W", first_key, maxsplit=1)[0] in HW.words:
            first_key = f"({first_key})"
        *first, last = map(show_expr, row.values)
        closed = isinstance(row.values[-1], Num | Quantity | Str | Call)
        values = [*first, last if closed else f"({last})"]
        lines.append(f"  {', '.join([first_key, *keys])} : {', '.join(values)}")
    return [*lines, "}"]
