"""The expressions that the three languages share: nodes, printer, Lark callbacks."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from lark import Token, Transformer, v_args
from lark.tree import Meta

from .bad_unit import refuse_unit
from .diagnostic import Diagnostic, Label
from .source import Source, Span

LARGEST_COUNT = 2**40
"""The largest extent, bound or size in elements that a text may name; see `ir/verify.py`."""


@dataclass(frozen=True, slots=True)
class Num:
    """A bare number, as written (`12`, `0.5`)."""

    text: str
    at: Span | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit, as written (`64 KiB` is `Quantity("64", "KiB")`)."""

    number: str
    unit: str
    at: Span | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Str:
    """A string literal, without its quotes."""

    text: str
    at: Span | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Path:
    """A name or a dotted path (`rows`, `pe.x`)."""

    parts: tuple[str, ...]
    at: Span | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Call:
    """`callee(args, name = kwarg)`."""

    callee: Path
    args: tuple[Expr, ...] = ()
    kwargs: tuple[tuple[str, Expr], ...] = ()
    at: Span | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Unary:
    """`-a` or `not a`."""

    op: str
    operand: Expr
    at: Span | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Binary:
    """`a op b`: `+ - * / mod floordiv ^`, comparisons, `and`, `or`."""

    op: str
    left: Expr
    right: Expr
    at: Span | None = field(default=None, compare=False, repr=False, kw_only=True)


Expr = Num | Quantity | Str | Path | Call | Unary | Binary

_COMPARISONS = ("==", "!=", "<=", ">=", "<", ">")
# Binding power: a child is put in brackets when it binds less tightly than its place asks for.
_POWER = {
    "or": 1,
    "and": 2,
    **dict.fromkeys(_COMPARISONS, 4),
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
    "mod": 6,
    "floordiv": 6,
    "^": 8,
}
_NOT, _NEGATE, _ATOM = 3, 7, 9

NAME_PATTERN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def show_name(name: str, words: frozenset[str] = frozenset()) -> str:
    """A name as the languages write it: backquoted unless plain and no word of the language."""
    if NAME_PATTERN.fullmatch(name) is not None and name not in words:
        return name
    return "`" + name.replace("`", "``") + "`"


def show_path(parts: tuple[str, ...], words: frozenset[str] = frozenset()) -> str:
    return ".".join(show_name(part, words) for part in parts)


def show_string(text: str) -> str:
    """A string literal; the quote itself is written twice."""
    return '"' + text.replace('"', '""') + '"'


EXPRESSION_WORDS = frozenset({"and", "or", "not", "mod", "floordiv", "step"})


def show_expr(expr: Expr, power: int = 0) -> str:
    """Canonical text of an expression; `power` is what the place around it binds with."""
    match expr:
        case Num(text):
            return text
        case Quantity(number, unit):
            return f"{number}%" if unit == "%" else f"{number} {unit}"
        case Str(text):
            return show_string(text)
        case Path(parts):
            return show_path(parts, EXPRESSION_WORDS)
        case Call(callee, args, kwargs):
            named = [f"{name} = {show_expr(value)}" for name, value in kwargs]
            return f"{show_expr(callee)}({', '.join([*map(show_expr, args), *named])})"
        case Unary("not", operand):
            return _bracket(f"not {show_expr(operand, _NOT)}", power > _NOT)
        case Unary(op, operand):
            return _bracket(f"{op}{show_expr(operand, _NEGATE)}", power > _NEGATE)
        case Binary(op, left, right):
            own = _POWER[op]
            # `^` groups to the right, the others to the left; comparisons do not chain.
            strict_left = own + 1 if op == "^" or op in _COMPARISONS else own
            strict_right = _NEGATE if op == "^" else own + 1
            text = f"{show_expr(left, strict_left)} {op} {show_expr(right, strict_right)}"
            return _bracket(text, own < power)


def _bracket(text: str, needed: bool) -> str:
    return f"({text})" if needed else text


QUANTITY_PATTERN = re.compile(r"([0-9_.]+(?:[eE][+-]?[0-9]+)?) ?(.+)")


def _binary(op: str) -> Callable[..., Expr]:
    @v_args(meta=True)
    def build(self: ExprBuilder, meta: Meta, children: list[Expr]) -> Expr:
        return Binary(op, children[0], children[1], at=self.span(meta))

    return build


def alias_imported(builder: type[Transformer[Token, object]], *prefixes: str) -> None:
    """Give the callbacks of a class the names that their rules have in an importing grammar.

    Lark renames a rule that `hw.lark` imports from `map.lark` to `map__keep`, and one that
    `map.lark` in turn has from `words.lark` to `map__words__add`. Aliases rather than one stripped
    name: a grammar may have a `require` of its own beside `map__require`.
    """
    for rule, callback in list(vars(builder).items()):
        if not rule.startswith("__"):
            for prefix in prefixes:
                setattr(builder, f"{prefix}__{rule}", callback)


class ExprBuilder(Transformer[Token, object]):
    """Lark callbacks for the rules of `words.lark`; each language's builder inherits them.

    Rules that a grammar imports are renamed `words__add`; `alias_imported` provides both names.
    """

    def __init__(self, source: Source) -> None:
        super().__init__()
        self.source = source

    def span(self, meta: Meta) -> Span:
        if meta.empty:
            return Span(self.source, 0, 0)
        return Span(self.source, meta.start_pos, meta.end_pos)

    def token_span(self, token: Token) -> Span:
        start = token.start_pos or 0
        return Span(self.source, start, start + len(token))

    def whole(self, token: Token, what: str, least: int = 1, most: int = LARGEST_COUNT) -> int:
        """The value of a token that must be a whole number, `least` or more.

        Raises:
            Diagnostic: a fraction, too small, or beyond `LARGEST_COUNT`.
        """
        digits = str(token).replace("_", "")
        label = Label(self.token_span(token))
        if not digits.isdecimal() or (len(digits) < 20 and int(digits) < least):
            raise Diagnostic(f"{what} must be a whole number, {least} or more", label)
        if len(digits) >= 20 or int(digits) > most:
            reason = "beyond 2^40, counts of a nest would leave 64 bits"
            raise Diagnostic(f"{what} is too large", Label(label.where, reason))
        return int(digits)

    def number(self, children: list[Token]) -> Expr:
        return Num(str(children[0]), at=self.token_span(children[0]))

    def quantity(self, children: list[Token]) -> Expr:
        found = QUANTITY_PATTERN.fullmatch(str(children[0]))
        assert found is not None  # the terminal QUANTITY is this pattern and more
        return Quantity(found[1], found[2], at=self.token_span(children[0]))

    def string(self, children: list[Token]) -> Expr:
        return Str(unquote_string(children[0]), at=self.token_span(children[0]))

    def bad_unit(self, children: list[Token]) -> Expr:
        raise refuse_unit(str(children[0]), self.token_span(children[0]))

    @v_args(meta=True)
    def path(self, meta: Meta, children: list[Token]) -> Expr:
        return Path(tuple(unquote(part) for part in children), at=self.span(meta))

    @v_args(meta=True)
    def call(self, meta: Meta, children: list[object]) -> Expr:
        callee, arguments = children
        assert isinstance(callee, Path)
        args, kwargs = arguments if isinstance(arguments, tuple) else ((), ())
        return Call(callee, args, kwargs, at=self.span(meta))

    def kwarg(self, children: list[object]) -> tuple[str, object]:
        return str(children[0]), children[1]

    def args(self, children: list[object]) -> tuple[tuple[object, ...], tuple[object, ...]]:
        given = [child for child in children if child is not None]
        named = tuple(child for child in given if isinstance(child, tuple))
        return tuple(child for child in given if not isinstance(child, tuple)), named

    @v_args(meta=True)
    def neg(self, meta: Meta, children: list[Expr]) -> Expr:
        return Unary("-", children[0], at=self.span(meta))

    @v_args(meta=True)
    def not_(self, meta: Meta, children: list[Expr]) -> Expr:
        return Unary("not", children[0], at=self.span(meta))

    @v_args(meta=True)
    def compare(self, meta: Meta, children: list[object]) -> Expr:
        left, op, right = children
        return Binary(str(op), left, right, at=self.span(meta))  # type: ignore[arg-type]


for _rule, _op in {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "mod": "mod",
    "fdiv": "floordiv",
    "pow": "^",
    "and_": "and",
    "or_": "or",
}.items():
    setattr(ExprBuilder, _rule, _binary(_op))
alias_imported(ExprBuilder, "words", "map", "map__words")


def unquote(token: str) -> str:
    """A name as meant: `` `a``b` `` is the name a`b.

    >>> unquote("x"), unquote("`x#2`")
    ('x', 'x#2')
    """
    return token[1:-1].replace("``", "`") if token.startswith("`") else str(token)


def unquote_string(token: str) -> str:
    """The text of a string literal."""
    return token[1:-1].replace('""', '"')
