"""Mapping text: parser and canonical printer of `.map`, and of map lines inside other texts."""

from __future__ import annotations

import re
from collections.abc import Mapping as Table
from pathlib import Path as FilePath
from typing import Any, cast

from lark import Token, v_args
from lark.tree import Meta

from .mapping import (
    Bound,
    For,
    Fuse,
    Hole,
    Keep,
    Loop,
    Mapping,
    Node,
    Order,
    Par,
    Require,
    Run,
    Stage,
    TileOnly,
    has_hole,
    walk,
)
from .text.diagnostic import Diagnostic, Label
from .text.expr import (
    EXPRESSION_WORDS,
    ExprBuilder,
    Path,
    alias_imported,
    show_expr,
    show_name,
    show_path,
    unquote,
)
from .text.grammar import Language, parse_text
from .text.source import Span, Where

LINE_WORDS = EXPRESSION_WORDS | {
    *("keep", "in", "buffers", "for", "by", "par", "over", "skew", "run", "on"),
    *("fuse", "seq", "pipe", "stage", "require"),
}
"""The words of map lines."""

MAP = Language(
    "map", FilePath(__file__).parent, "1", LINE_WORDS | {"map", "mapping", "mapspace", "of"}
)


def parse_map(text: str, name: str = "<string>") -> tuple[Mapping, ...]:
    """Read the mappings and mapspaces of a `.map` text.

    Args:
        text: the whole text, version line included.
        name: what diagnostics call it, usually the file's path.

    Raises:
        Diagnostic: at the first thing that is wrong.

    >>> parse_map("map 1 mapping m of net.op on chip { for p 7x13+9 }")[0].nest
    (For(loops=(Loop(dims=('p',), bound=Bound(tiles=7, tile=13, tail=9)),)),)
    """
    return cast(tuple[Mapping, ...], parse_text(MAP, text, name, MapBuilder))


# ---- printer --------------------------------------------------------------------------------


def show_map(mappings: tuple[Mapping, ...]) -> str:
    """The canonical text of a `.map` file."""
    return "map 1\n" + "\n".join(show_mapping(mapping) for mapping in mappings)


def show_mapping(mapping: Mapping, notes: Table[int, str] | None = None) -> str:
    """The canonical text of one mapping, without the version line.

    Args:
        notes: comments by position in `show_nest(mapping.nest)`, set in a column at the right;
            a reader skips them.
    """
    kind = "mapspace" if mapping.is_space else "mapping"
    of = ".".join(_show(part) for part in mapping.op if part)
    header = f"{kind} {_show(mapping.name)} of {of} on {_show_path(mapping.arch)} {{"
    lines = show_nest(mapping.nest, 1)
    column = max((len(lines[index]) for index in notes or ()), default=0)
    for index, note in (notes or {}).items():
        lines[index] = f"{lines[index]:<{column}}  # {' '.join(note.split())}"
    return "\n".join([header, *lines, "}"]) + "\n"


def show_nest(nest: tuple[Node, ...], indent: int = 0) -> list[str]:
    """The lines of a nest, each indented by `indent` steps of two spaces."""
    pad = "  " * indent
    lines: list[str] = []
    for node in nest:
        if isinstance(node, Fuse):
            lines.append(f"{pad}fuse {node.order} {{")
            for stage in node.stages:
                lines.append(f"{pad}  stage {_show(stage.op)} {{")
                lines += show_nest(stage.nest, indent + 2)
                lines.append(f"{pad}  }}")
            lines.append(f"{pad}}}")
        else:
            lines.append(pad + _show_line(node))
    return lines


def _show_line(node: Keep | For | Par | Run | Require) -> str:
    match node:
        case Keep(tensors, memory, buffers, optional):
            names = ", ".join(map(_show, tensors))
            reserve = f" buffers {buffers}" if buffers != 1 else ""
            return f"{'keep?' if optional else 'keep'} {names} in {_show_path(memory)}{reserve}"
        case For(loops):
            return f"for {', '.join(map(_show_loop, loops))}"
        case Par(loops, axis, skew):
            late = f" skew {skew}" if skew else ""
            return f"par {', '.join(map(_show_loop, loops))} over {_show_path(axis)}{late}"
        case Run(op, unit):
            return f"run {_show(op)} on {_show_path(unit)}"
        case Require(condition):
            return f"require {show_expr(condition)}"


def _show_loop(loop: Loop) -> str:
    names = ", ".join(map(_show, loop.dims))
    return f"{names} {loop.bound}" if len(loop.dims) == 1 else f"{{{names}}} {loop.bound}"


def _show(name: str) -> str:
    return show_name(name, MAP.words)


def _show_path(path: str) -> str:
    return show_path(tuple(path.split(".")), MAP.words)


# ---- parser ---------------------------------------------------------------------------------


class MapLineBuilder(ExprBuilder):
    """Lark callbacks for the map lines; `.hw` dataflows are made of the same lines."""

    def idents(self, children: list[Token]) -> list[Token]:
        return children

    @v_args(meta=True)
    def keep(self, meta: Meta, children: list[Any]) -> Keep:
        word, names, memory, buffers = children
        return Keep(
            tuple(map(unquote, names)),
            _joined(memory),
            buffers or 1,
            str(word).endswith("?"),
            tensors_at=tuple(map(self.token_span, names)),
            at=self.span(meta),
        )

    def buffers(self, children: list[Token]) -> int:
        return self.whole(children[0], "the number of buffers")

    @v_args(meta=True)
    def for_(self, meta: Meta, children: list[Any]) -> For:
        return For(children[0], at=self.span(meta))

    @v_args(meta=True)
    def par(self, meta: Meta, children: list[Any]) -> Par:
        loops, axis, skew = children
        return Par(loops, _joined(axis), skew or 0, at=self.span(meta))

    def skew(self, children: list[Token]) -> int:
        return self.whole(children[0], "the skew", least=0)

    def loops(self, children: list[Loop]) -> tuple[Loop, ...]:
        return tuple(children)

    @v_args(meta=True)
    def loop(self, meta: Meta, children: list[Any]) -> Loop:
        return Loop((unquote(children[0]),), children[1], at=self.span(meta))

    @v_args(meta=True)
    def free_loops(self, meta: Meta, children: list[Any]) -> Loop:
        return Loop(tuple(map(unquote, children[0])), self.hole(children[1:]), at=self.span(meta))

    def count(self, children: list[Token]) -> Bound:
        token, span = children[0], self.token_span(children[0])
        parts = [self._piece(token, found) for found in re.finditer("[0-9]+", token)]
        bound = Bound(parts[0], parts[1], parts[2] if len(parts) > 2 else 0, at=span)
        if bound.tail >= bound.tile:
            right = Bound(*(bound.points // bound.tile, bound.tile, bound.points % bound.tile))
            raise Diagnostic(
                f"the tail of `{token}` is not smaller than its tile",
                Label(span, f"{bound.tail} >= {bound.tile}"),
                help=f"write `{right}`",
            )
        return bound

    def _piece(self, token: Token, found: re.Match[str]) -> int:
        start = (token.start_pos or 0) + found.start()
        return self.whole(Token("NUMBER", found[0], start_pos=start), "a bound")

    def tiles(self, children: list[Token]) -> Bound:
        return Bound(self.whole(children[0], "a bound"), at=self.token_span(children[0]))

    def hole(self, children: list[Token]) -> Hole:
        token = children[0]
        limit = re.search("[0-9]+", token)
        return Hole(limit and self._piece(token, limit), at=self.token_span(token))

    @v_args(meta=True)
    def tile_only(self, meta: Meta, children: list[Token]) -> TileOnly:
        return TileOnly(self.whole(children[0], "a tile"), at=self.span(meta))

    def bad_bound(self, children: list[Token]) -> Bound:
        parts = [int(part) for part in re.findall("[0-9]{1,12}", children[0])]
        meant = f"`{Bound(*parts)}`" if 1 < len(parts) < 4 and all(parts[:2]) else "like `7x13+9`"
        raise Diagnostic(
            f"`{children[0]}` is no bound",
            Label(self.token_span(children[0]), "expected tiles x tile + tail, without spaces"),
            help=f"write {meant}",
        )

    @v_args(meta=True)
    def run(self, meta: Meta, children: list[Any]) -> Run:
        return Run(unquote(children[0]), _joined(children[1]), at=self.span(meta))

    @v_args(meta=True)
    def fuse(self, meta: Meta, children: list[Any]) -> Fuse:
        return Fuse(Order(str(children[0])), tuple(children[1:]), at=self.span(meta))

    @v_args(meta=True)
    def stage(self, meta: Meta, children: list[Any]) -> Stage:
        return Stage(unquote(children[0]), tuple(children[1:]), at=self.span(meta))

    @v_args(meta=True)
    def require(self, meta: Meta, children: list[Any]) -> Require:
        return Require(children[0], at=self.span(meta))


alias_imported(MapLineBuilder, "map")


class MapBuilder(MapLineBuilder):
    """Lark callbacks for a `.map` file."""

    def start(self, children: list[Any]) -> tuple[Mapping, ...]:
        mappings: dict[str, Mapping] = {}
        for mapping in children[1:]:
            first = mappings.setdefault(mapping.name, mapping)
            if first is not mapping:
                message = f"the name `{mapping.name}` is taken"
                also = (Label(cast(Where, first.at), "first used here"),)
                raise Diagnostic(message, Label(cast(Where, mapping.at)), also)
        return tuple(mappings.values())

    def version(self, children: list[Token]) -> None:
        return None

    def mapping(self, children: list[Any]) -> Mapping:
        kind, name, of, on, *nest = children
        op = (".".join(of.parts[:-1]), of.parts[-1])
        is_space = kind == "mapspace"
        at = self.token_span(name)
        mapping = Mapping(unquote(name), op, _joined(on), tuple(nest), is_space, at=at)
        _check_kind(mapping, self.token_span(kind))
        return mapping


def _check_kind(mapping: Mapping, kind: Span) -> None:
    """A `mapspace` has a hole, a `mapping` has none: neither is one by accident."""
    if mapping.is_space and not has_hole(mapping.nest):
        raise Diagnostic(
            f"the mapspace `{mapping.name}` has no hole",
            Label(kind, "every line is decided"),
            help="write `mapping`, or leave something open: a bound `?`, `keep?`",
        )
    if not mapping.is_space and has_hole(mapping.nest):
        raise Diagnostic(
            f"the mapping `{mapping.name}` has a hole",
            Label(_first_hole(mapping.nest), "left open"),
            (Label(kind, "a mapping decides every line"),),
            help="write `mapspace`, or fill the hole",
        )


def _first_hole(nest: tuple[Node, ...]) -> Where:
    for node in walk(nest):
        if isinstance(node, Keep) and node.optional and node.at is not None:
            return node.at
        for loop in node.loops if isinstance(node, For | Par) else ():
            if isinstance(loop.bound, Hole) and loop.bound.at is not None:
                return loop.bound.at
    raise AssertionError("only asked of a parsed nest with a hole")


def _joined(path: Path) -> str:
    """A path to hardware as one string."""
    for part in path.parts:
        if "." in part:
            message = f"the name `{part}` of a part of the chip has a dot"
            raise Diagnostic(message, None if path.at is None else Label(path.at))
    return ".".join(path.parts)
