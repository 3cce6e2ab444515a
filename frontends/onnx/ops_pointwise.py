"""Pointwise operators: dims i0, i1, ... over the result; a broadcast axis has index 0."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...ir.affine import Affine, add, dim, scale
from ...ir.types import DType
from ...ir.workload import Value
from . import formula as f
from .activations import ACTIVATIONS
from .attributes import axis, integer, text
from .build import Builder, pointwise_dims
from .graph import Node
from .refusal import NotAffine
from .registry import lowers

Formula = Callable[..., Value]

PLAIN: dict[str, Formula] = {
    "Add": f.add,
    "Sub": f.sub,
    "Mul": f.mul,
    "Sum": f.add,
    "Max": f.maximum,
    "Min": f.minimum,
    "Where": f.select,
    "Equal": lambda a, b: f.call("eq", a, b),
    "Greater": lambda a, b: f.call("gt", a, b),
    "GreaterOrEqual": lambda a, b: f.call("ge", a, b),
    "Less": lambda a, b: f.call("lt", a, b),
    "LessOrEqual": lambda a, b: f.call("le", a, b),
    "And": lambda a, b: f.call("land", a, b),
    "Or": lambda a, b: f.call("lor", a, b),
    "Xor": lambda a, b: f.call("lxor", a, b),
    "Not": lambda a: f.call("lnot", a),
    "BitwiseAnd": lambda a, b: f.call("band", a, b),
    "BitwiseOr": lambda a, b: f.call("bor", a, b),
    "BitwiseXor": lambda a, b: f.call("bxor", a, b),
    "BitwiseNot": lambda a: f.call("bnot", a),
    "Mean": lambda *a: f.div(f.add(*a), f.number(len(a))),
    "Reciprocal": lambda a: f.div(f.number(1), a),
    "PRelu": lambda a, slope: f.select(f.call("lt", a, f.number(0)), f.mul(slope, a), a),
    "IsNaN": lambda a: f.call("isnan", a),
}
"""Formulas of the operands alone."""

NAMED = [
    "Neg",
    "Abs",
    "Sign",
    "Exp",
    "Log",
    "Sqrt",
    "Erf",
    "Ceil",
    "Floor",
    "Round",
    "Sin",
    "Cos",
    "Tan",
    "Asin",
    "Acos",
    "Atan",
    "Sinh",
    "Cosh",
    "Asinh",
    "Acosh",
    "Atanh",
]
"""Operators that are a function of one operand under their own name in lower case."""


def emit(node: Node, b: Builder, formula: Callable[[list[Value]], Value]) -> None:
    """One op over the first output from the node's operands, broadcast."""
    shape = b.shape(node.outputs[0])
    dims = pointwise_dims(shape)
    index = [dim(d) for d in dims]
    operands = [
        operand(node, b, position, shape, index)
        for position, name in enumerate(node.inputs)
        if name
    ]
    b.pointwise(node, node.outputs[0], formula(operands), dims)


def operand(
    node: Node, b: Builder, position: int, shape: tuple[int, ...], index: Sequence[Affine]
) -> Value:
    """An operand broadcast to the result; before operator set 7 from the axis named by `axis`."""
    name = node.inputs[position]
    if node.version >= 7 or position == 0 or "axis" not in node.attributes:
        return b.operand(name, shape, index)
    first = axis(node, len(shape), 0)
    return b.read(name, index[first : first + len(b.shape(name))])


@lowers(*PLAIN)
def plain(node: Node, b: Builder) -> None:
    emit(node, b, lambda operands: PLAIN[node.kind](*operands))


@lowers(*NAMED)
def named(node: Node, b: Builder) -> None:
    emit(node, b, lambda operands: f.call(node.kind.lower(), *operands))


@lowers(*ACTIVATIONS)
def activation(node: Node, b: Builder) -> None:
    emit(node, b, lambda operands: ACTIVATIONS[node.kind](node, *operands))


@lowers("Div")
def divide(node: Node, b: Builder) -> None:
    """Integers are divided towards zero."""
    function = "div" if is_real(b.dtype(node.outputs[0])) else "quotient"
    emit(node, b, lambda operands: f.call(function, *operands))


@lowers("Mod")
def modulo(node: Node, b: Builder) -> None:
    function = "remainder" if integer(node, "fmod", 0) else "modulo"
    emit(node, b, lambda operands: f.call(function, *operands))


@lowers("Pow")
def power(node: Node, b: Builder) -> None:
    """Squares, roots and reciprocals by their own functions when the exponent is known."""
    exponent = b.constant(node.inputs[1])
    known = float(exponent.reshape(-1)[0]) if exponent is not None and exponent.size == 1 else None
    special: dict[float, Formula] = {
        1.0: lambda a: a,
        2.0: lambda a: f.call("square", a),
        0.5: lambda a: f.call("sqrt", a),
        -0.5: lambda a: f.call("rsqrt", a),
        -1.0: lambda a: f.div(f.number(1), a),
    }
    if known in special and is_real(b.dtype(node.inputs[0])):
        emit(node, b, lambda operands: special[known](operands[0]))
    else:
        emit(node, b, lambda operands: f.call("pow", *operands))


@lowers("BitShift")
def shift(node: Node, b: Builder) -> None:
    if not b.dtype(node.outputs[0]).name.startswith("u"):
        raise NotAffine("a shift of signed integers")
    function = "shl" if text(node, "direction", "LEFT") == "LEFT" else "shr"
    emit(node, b, lambda operands: f.call(function, *operands))


@lowers("IsInf")
def is_infinite(node: Node, b: Builder) -> None:
    def formula(operands: list[Value]) -> Value:
        infinite, zero = f.call("isinf", *operands), f.number(0)
        if not integer(node, "detect_negative", 1):
            return f.call("land", infinite, f.call("gt", *operands, zero))
        if not integer(node, "detect_positive", 1):
            return f.call("land", infinite, f.call("lt", *operands, zero))
        return infinite

    emit(node, b, formula)


@lowers("Clip")
def clip(node: Node, b: Builder) -> None:
    """Bounds are attributes before operator set 11, then operands that may be absent."""
    shape = b.shape(node.outputs[0])
    dims = pointwise_dims(shape)
    index = [dim(d) for d in dims]
    value = b.operand(node.inputs[0], shape, index)
    for position, (name, bound) in enumerate((("min", f.maximum), ("max", f.minimum)), start=1):
        if len(node.inputs) > position and node.inputs[position]:
            value = bound(value, b.operand(node.inputs[position], shape, index))
        elif isinstance(limit := node.attributes.get(name), int | float):
            value = bound(value, f.number(limit))
    b.pointwise(node, node.outputs[0], value, dims)


@lowers("Cast", "CastLike")
def cast(node: Node, b: Builder) -> None:
    """A change of type; towards zero from reals to integers, "is not 0" to booleans."""
    source, out = b.dtype(node.inputs[0]), node.outputs[0]
    target = b.dtype(out)
    if source == target:
        b.define(out, b.padded_view(node.inputs[0]))
        return
    shape = b.shape(out)
    dims = pointwise_dims(shape)
    value = b.operand(node.inputs[0], shape, [dim(d) for d in dims])
    if target.name == "bool":
        value = f.call("ne", value, f.number(0))
    elif is_real(source) and not is_real(target):
        value = f.call("trunc", value)
    b.pointwise(node, out, value, dims)


def is_real(dtype: DType) -> bool:
    """Whether a type holds fractions."""
    return dtype.name[0] in "f" or dtype.name.startswith("bf")


# ---- values made from indices ---------------------------------------------------------------


@lowers("Trilu")
def triangle(node: Node, b: Builder) -> None:
    """The upper or lower triangle of matrices, zeros elsewhere."""
    offset = 0
    if len(node.inputs) > 1 and node.inputs[1]:
        offset = int(b.scalar(node.inputs[1], "diagonal"))
    shape = b.shape(node.outputs[0])
    dims = pointwise_dims(shape)
    index = [dim(d) for d in dims]
    distance = add(add(index[-1], scale(index[-2], -1)), Affine((), -offset))
    side = "ge" if integer(node, "upper", 1) else "le"
    inside = f.call(side, f.index(distance), f.number(0))
    value = f.select(inside, b.operand(node.inputs[0], shape, index), f.number(0))
    b.pointwise(node, node.outputs[0], value, dims)


@lowers("EyeLike")
def eye(node: Node, b: Builder) -> None:
    dims = pointwise_dims(b.shape(node.outputs[0]))
    row, column = (dim(d) for d in dims)
    distance = add(add(column, scale(row, -1)), Affine((), -integer(node, "k", 0)))
    b.pointwise(node, node.outputs[0], f.call("eq", f.index(distance), f.number(0)), dims)


@lowers("OneHot")
def one_hot(node: Node, b: Builder) -> None:
    """`on` where the class is the index, else `off`; a negative class counts from the end."""
    classes, _, pair = node.inputs
    shape = b.shape(node.outputs[0])
    place = axis(node, len(shape), -1)
    dims = pointwise_dims(shape)
    index = [dim(d) for d in dims]
    given = b.read(classes, [*index[:place], *index[place + 1 :]])
    count = f.number(shape[place])
    wrapped = f.select(f.call("lt", given, f.number(0)), f.add(given, count), given)
    hit = f.call("eq", wrapped, f.index(index[place]))
    both = b.view(pair)
    off, on = (b.read(both, [Affine((), i)]) for i in (0, 1))
    b.pointwise(node, node.outputs[0], f.select(hit, on, off), dims)
