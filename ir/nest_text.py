"""Workload text: parser and canonical printer of `.nest`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path as FilePath
from typing import Any

from lark import Token, Tree
from lark.exceptions import VisitError

from .affine import Affine
from .fold import Scope, fold_affine, fold_integer
from .text.diagnostic import Diagnostic, Label, crop
from .text.expr import (
    EXPRESSION_WORDS,
    Expr,
    ExprBuilder,
    show_name,
    show_string,
    unquote,
    unquote_string,
)
from .text.grammar import Language, near_name, parse_tree
from .text.source import Source, Span
from .types import DType, Reduce, TensorKind
from .verify import verify_workload
from .workload import (
    Access,
    Apply,
    Dim,
    IndexValue,
    Number,
    Op,
    Opaque,
    Read,
    Tensor,
    Value,
    Workload,
    named_tensors,
)

NEST = Language(
    "nest",
    FilePath(__file__).parent,
    "1",
    EXPRESSION_WORDS
    | {
        *("nest", "workload", "param", "input", "const", "temp", "state", "output", "view", "of"),
        *("op", "acc", "from", "repeat", "opaque", "reads", "writes", "kind", "why", "macs"),
        *("pad", "index"),
    },
)


def parse_nest(text: str, name: str = "<string>") -> tuple[Workload, ...]:
    """Read and verify the workloads of a `.nest` text; params become integers.

    Args:
        text: the whole text, version line included.
        name: what diagnostics call it, usually the file's path.

    Raises:
        Diagnostic: at the first thing that is wrong.

    >>> text = "nest 1 workload w { input x : i8[4] output y : i8[2] op a[i: 2] { y[i] = x[2*i] } }"
    >>> parse_nest(text)[0].ops["a"].value
    Read(access=Access(tensor='x', index=(Affine(terms=(('i', 2),), const=0),)), pad=None)
    """
    source = Source(name, text)
    tree = parse_tree(NEST, source)
    try:
        return _read_file(tree, source)
    except VisitError as error:
        raise error.orig_exc from None


# ---- printer --------------------------------------------------------------------------------


def show_nest_file(workloads: Iterable[Workload]) -> str:
    """The canonical text of a `.nest` file."""
    return "nest 1\n" + "\n".join(map(show_workload, workloads))


def show_workload(workload: Workload) -> str:
    """The canonical text of one workload, without the version line."""
    lines = [f"workload {_show(workload.name)} {{"]
    lines += [f"  {_show_tensor(tensor)}" for tensor in workload.tensors.values()]
    if workload.tensors and workload.nodes:
        lines.append("")
    for step, nodes in groupby(workload.nodes, lambda node: getattr(node, "repeat", None)):
        if step is None:
            lines += [line for node in nodes for line in _show_node(node, "  ")]
        else:
            lines.append(f"  repeat {_show(step.name)}: {step.extent} {{")
            lines += [line for node in nodes for line in _show_node(node, "    ")]
            lines.append("  }")
    return "\n".join([*lines, "}"]) + "\n"


def _show_tensor(tensor: Tensor) -> str:
    shape = ", ".join(map(str, tensor.shape))
    of = f" of {_show(tensor.of.name)}" if tensor.of else ""
    return f"{tensor.kind} {_show(tensor.name)} : {tensor.dtype}[{shape}]{of}"


def _show_node(node: Op | Opaque, pad: str) -> Iterator[str]:
    yield pad + (_op_header(node) if isinstance(node, Op) else _opaque_header(node)) + " {"
    if isinstance(node, Op):
        yield f"{pad}  {_show_access(node.result)} {node.reduce} {_show_value(node.value)}"
    else:
        yield f"{pad}  kind {show_string(node.kind)}"
        yield f"{pad}  why {show_string(node.why)}"
        if node.macs:
            yield f"{pad}  macs {node.macs}"
    origin = "" if node.source is None else f" from {show_string(node.source)}"
    yield f"{pad}}}{origin}"


def _op_header(op: Op) -> str:
    acc = "" if op.acc is None else f" acc {op.acc}"
    return f"op {_show(op.name)}[{_show_dims(op.dims)}]{acc}"


def _opaque_header(opaque: Opaque) -> str:
    dims = f"[{_show_dims(opaque.dims)}]" if opaque.dims else ""
    reads = f" reads {', '.join(map(_show, opaque.reads))}" if opaque.reads else ""
    writes = f" writes {', '.join(map(_show, opaque.writes))}" if opaque.writes else ""
    return f"opaque {_show(opaque.name)}{dims}{reads}{writes}"


def _show_dims(dims: tuple[Dim, ...]) -> str:
    return ", ".join(f"{_show(dim.name)}: {dim.extent}" for dim in dims)


def _show_access(access: Access) -> str:
    index = ", ".join(
        _show_affine(axis) if isinstance(axis, Affine) else _show_access(axis)
        for axis in access.index
    )
    return f"{_show(access.tensor)}[{index}]"


def _show_affine(index: Affine) -> str:
    return str(Affine(tuple((_show(name), c) for name, c in index.terms), index.const))


_INFIX = {"add": ("+", 1), "sub": ("-", 1), "mul": ("*", 2), "div": ("/", 2)}
_NEGATED = 3


def _show_value(value: Value, power: int = 0) -> str:
    """The text of a value where its surroundings bind with `power`."""
    match value:
        case Read(access, None):
            return _show_access(access)
        case Read(access, pad):
            return f"pad({_show_access(access)}, {pad})"
        case Number(text):
            return text
        case IndexValue(index):
            return f"index({_show_affine(index)})"
        case Apply("neg", (operand,)):
            return f"-{_show_value(operand, _NEGATED)}"
        case Apply(function, (left, right)) if function in _INFIX:
            sign, own = _INFIX[function]
            text = f"{_show_value(left, own)} {sign} {_show_value(right, own + 1)}"
            return f"({text})" if own < power else text
        case Apply(function, args):
            return f"{function}({', '.join(map(_show_value, args))})"


def _show(name: str) -> str:
    return show_name(name, NEST.words)


# ---- parser ---------------------------------------------------------------------------------


def _read_file(tree: Tree[Token], source: Source) -> tuple[Workload, ...]:
    workloads: dict[str, Workload] = {}
    for child in tree.children[1:]:
        workload = _WorkloadReader(source).read(child)
        first = workloads.setdefault(workload.name, workload)
        if first is not workload:
            raise _taken(workload.name, workload.at, first.at)
    return tuple(workloads.values())


class _WorkloadReader(ExprBuilder):
    """Reads one workload from its tree, top down: what a name means is known before it is used.

    Only shared expressions are transformed bottom up, by the inherited callbacks.
    """

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self._name = ""
        self._params: dict[str, int] = {}
        self._param_at: dict[str, Span] = {}
        self._tensors: dict[str, Tensor] = {}

    def read(self, tree: Any) -> Workload:
        name, *items = tree.children
        self._name = unquote(name)
        for item in items:
            if item.data == "param":
                self._read_param(item)
        self._read_tensors([item for item in items if item.data in ("tensor", "view")])
        self._check_steps([item.children[0] for item in items if item.data == "repeat"])
        nodes = tuple(node for item in items for node in self._nodes(item))
        workload = Workload(self._name, self._tensors, nodes, at=self.token_span(name))
        verify_workload(workload)
        return workload

    # ---- declarations

    def _read_param(self, tree: Any) -> None:
        name, value = unquote(tree.children[0]), tree.children[1]
        span = self.token_span(tree.children[0])
        if name in self._params:
            raise _taken(name, span, self._param_at[name])
        self._params[name] = self._integer(value, "a param of a workload", least=0)
        self._param_at[name] = span

    def _read_tensors(self, items: list[Any]) -> None:
        for item in items:
            kind, (name, dtype, shape, *_) = TensorKind.VIEW, item.children
            if item.data == "tensor":
                kind, (name, dtype, shape) = TensorKind(str(item.children[0])), item.children[1:]
            extents = [self._integer(extent, "an extent") for extent in _listed(shape)]
            span = self.token_span(name)
            tensor = Tensor(kind, unquote(name), self._dtype(dtype), tuple(extents), at=span)
            first = self._tensors.setdefault(tensor.name, tensor)
            if first is not tensor:
                raise _taken(tensor.name, span, first.at)
        for item in items:
            if item.data == "view":
                view = self._tensors[unquote(item.children[0])]
                base = self._tensor(item.children[3])
                self._tensors[view.name] = Tensor(
                    view.kind, view.name, view.dtype, view.shape, base, at=view.at
                )

    def _dtype(self, token: Any) -> DType:
        if isinstance(token, Token):
            return DType(str(token))
        word = token.children[0]
        label = Label(self.token_span(word))
        near = _HABITUAL_TYPES.get(word.lower())
        help_text = (
            f"write `{near}`" if near else "types are like `i8`, `u8`, `f16`, `bf16`, `bool`"
        )
        raise Diagnostic(f"unknown type `{crop(word)}`", label, help=help_text)

    def _tensor(self, name: Token) -> Tensor:
        found = self._tensors.get(unquote(name))
        if found is None:
            message = f"unknown tensor `{crop(unquote(name))}`"
            help_text = near_name(unquote(name), self._tensors)
            raise Diagnostic(message, Label(self.token_span(name)), help=help_text)
        return found

    # ---- nodes

    def _nodes(self, item: Any) -> Iterator[Op | Opaque]:
        if item.data == "op":
            yield self._op(item, None)
        elif item.data == "opaque":
            yield self._opaque(item)
        elif item.data == "repeat":
            name, extent, *ops = item.children
            at = self.token_span(name)
            step = Dim(unquote(name), self._integer(extent, "the number of steps"), at=at)
            yield from (self._op(op, step) for op in ops)

    def _check_steps(self, names: list[Token]) -> None:
        """Each block has a step of its own: neighbours with the same one would run as one block."""
        first: dict[str, Token] = {}
        for name in names:
            if first.setdefault(unquote(name), name) is not name:
                places = self.token_span(name), self.token_span(first[unquote(name)])
                raise _taken(unquote(name), *places)

    def _op(self, tree: Any, step: Dim | None) -> Op:
        name, dims_tree, acc, statement, source = tree.children
        dims = self._dims(dims_tree)
        in_scope = (*dims, *([step] if step else []))
        for dim in in_scope:
            if dim.name in self._params:
                raise _taken(dim.name, dim.at, self._param_at[dim.name])
        scope = Scope(self._params, tuple(dim.name for dim in in_scope))
        left, reduce, right = statement.children
        result, value = self._access(left, scope), self._value(right, scope)
        return Op(
            name=unquote(name),
            dims=dims,
            result=result,
            reduce=Reduce(str(reduce)),
            value=value,
            tensors=tuple(self._tensors[name] for name in named_tensors(result, value)),
            acc=None if acc is None else self._dtype(acc),
            repeat=step,
            source=None if source is None else unquote_string(source),
            workload=self._name,
            at=self.token_span(name),
        )

    def _opaque(self, tree: Any) -> Opaque:
        name, dims, reads, writes, kind, why, macs, source = tree.children
        return Opaque(
            name=unquote(name),
            kind=unquote_string(kind.children[0]),
            why=unquote_string(why.children[0]),
            dims=self._dims(dims),
            reads=tuple(self._tensor(token).name for token in _listed(reads)),
            writes=tuple(self._tensor(token).name for token in _listed(writes)),
            macs=0 if macs is None else self.whole(macs.children[0], "`macs`", 0, 2**62),
            source=None if source is None else unquote_string(source),
            at=self.token_span(name),
        )

    def _dims(self, tree: Any) -> tuple[Dim, ...]:
        return tuple(
            Dim(
                unquote(dim.children[0]),
                self._integer(dim.children[1], "an extent"),
                at=self.span(dim.meta),
            )
            for dim in _listed(tree)
        )

    # ---- statements

    def _access(self, tree: Any, scope: Scope) -> Access:
        name, subscripts = tree.children
        indices = _listed(subscripts)
        return Access(
            self._tensor(name).name,
            tuple(
                self._access(index, scope)
                if index.data == "access"
                else fold_affine(self._expr(index), scope)
                for index in indices
            ),
            index_at=tuple(self.span(index.meta) for index in indices),
            at=self.span(tree.meta),
        )

    def _value(self, tree: Any, scope: Scope) -> Value:
        first = tree.children[0]
        match str(tree.data):
            case "read":
                return Read(self._access(first, scope))
            case "pad":
                return Read(self._access(first, scope), str(tree.children[1]))
            case "number":
                return Number(str(first))
            case "bare_name":
                return self._bare_name(first, scope)
            case "index":
                return IndexValue(fold_affine(self._expr(first), scope))
            case "call":
                return Apply(str(first), self._values(tree.children[1:], scope))
            case function:
                return Apply(function, self._values(tree.children, scope))

    def _values(self, trees: list[Any], scope: Scope) -> tuple[Value, ...]:
        return tuple(self._value(tree, scope) for tree in trees)

    def _bare_name(self, token: Token, scope: Scope) -> Value:
        if token in self._params:
            return Number(str(self._params[token]))
        if token in ("inf", "nan"):
            return Number(str(token))
        message, label = f"`{crop(token)}` is no value", Label(self.token_span(token))
        if token in scope.dims:
            raise Diagnostic(message, label, help=f"write `index({token})` for the value of a dim")
        if token in self._tensors:
            raise Diagnostic(message, label, help=f"a tensor is read at a place: `{token}[...]`")
        raise Diagnostic(message, label, help=near_name(token, (*self._params, *self._tensors)))

    def _integer(self, tree: Any, what: str, least: int = 1) -> int:
        return fold_integer(self._expr(tree), Scope(self._params), what, least)

    def _expr(self, tree: Any) -> Expr:
        expr: Any = self.transform(tree)
        return expr  # type: ignore[no-any-return]


_HABITUAL_TYPES = {
    **{f"int{bits}": f"i{bits}" for bits in (4, 8, 16, 32, 64)},
    **{f"uint{bits}": f"u{bits}" for bits in (4, 8, 16, 32, 64)},
    **{f"float{bits}": f"f{bits}" for bits in (16, 32, 64)},
    **{"float": "f32", "double": "f64", "half": "f16", "bfloat16": "bf16", "boolean": "bool"},
    **{"int": "i32", "fp16": "f16", "fp32": "f32", "fp64": "f64", "byte": "u8"},
}


def _listed(tree: Any) -> list[Any]:
    """The items of an optional list."""
    return [] if tree is None else tree.children


def _taken(name: str, at: Any, first: Any) -> Diagnostic:
    message = f"the name `{crop(name)}` is taken"
    return Diagnostic(message, Label(at), (Label(first, "first used here"),))
