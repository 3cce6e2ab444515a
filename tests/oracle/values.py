"""Values for the oracle: data of the operands, the op's body, and partial results.

Values are exact (integers, or fractions after a division) and mostly large and distinct, so that a
word that went missing, came twice or came from the wrong place shows.
"""

from __future__ import annotations

import math
import operator
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce as fold
from itertools import product
from zlib import crc32

from tilewright.ir.affine import Affine
from tilewright.ir.types import Reduce, TensorKind
from tilewright.ir.workload import (
    Access,
    Apply,
    IndexValue,
    Number,
    Op,
    Operand,
    Read,
    Value,
    operands,
    reads_of,
)

from .places import Element, elements, whole_box

Scalar = int | float | Fraction
Data = dict[Element, Scalar]

COMBINE: dict[Reduce, Callable[[Scalar, Scalar], Scalar]] = {
    Reduce.ADD: operator.add,
    Reduce.MUL: operator.mul,
    Reduce.MAX: max,
    Reduce.MIN: min,
    Reduce.ASSIGN: lambda _, new: new,
}
IDENTITY: dict[Reduce, Scalar] = {
    Reduce.ADD: 0,
    Reduce.MUL: 1,
    Reduce.MAX: -math.inf,
    Reduce.MIN: math.inf,
}
_FUNCTIONS: dict[str, Callable[..., Scalar]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": lambda a, b: Fraction(a) / Fraction(b),
    "neg": operator.neg,
    "max": max,
    "min": min,
    "square": lambda a: a * a,
}


@dataclass(frozen=True, slots=True)
class Partial:
    """A value on its way to the result, and how many points of the nest are in it."""

    value: Scalar
    points: int


def merge(how: Reduce, parts: list[Partial | None]) -> Partial | None:
    """Combine partial results; None is an element that nothing was added to yet."""
    present = [part for part in parts if part is not None]
    if not present:
        return None
    return Partial(
        fold(COMBINE[how], [part.value for part in present]),
        sum(part.points for part in present),
    )


def untouched(how: Reduce) -> Partial:
    """What an element that nothing was added to is when it travels."""
    return Partial(IDENTITY[how], 0)


def random_data(operand: Operand, op: Op, seed: int) -> Data:
    """A value for every word that an operand's accesses reach, padding included."""
    draw = random.Random(f"{operand.name} {seed}")
    pads = {read.pad for read in reads_of(op.value) if read.access.tensor == operand.tensor.name}
    pad = next((Fraction(text) for text in pads if text is not None and "inf" not in text), None)
    inside = elements(tuple((0, extent) for extent in operand.tensor.shape))
    data: Data = {}
    for element in sorted(elements(whole_box(operand, op))):
        stored = operand.indirect or element in inside
        data[element] = draw.randint(1, 10**6) if stored or pad is None else pad
    return data


def initial_result(operand: Operand, op: Op, seed: int) -> dict[Element, Partial | None]:
    """What the home of the result holds before: nothing, or the data of a `state` tensor."""
    if operand.tensor.kind is not TensorKind.STATE:
        return dict.fromkeys(elements(whole_box(operand, op)))
    return {element: Partial(v, 0) for element, v in random_data(operand, op, seed).items()}


def element_at(operand: Operand, point: Mapping[str, int]) -> Element:
    """The word that an access touches at a point of the nest."""
    return tuple(_affine(axis, point) for axis in operand.axes)


def _affine(index: Affine, point: Mapping[str, int]) -> int:
    return index.const + sum(coefficient * point[dim] for dim, coefficient in index.terms)


def body(op: Op) -> Callable[[Mapping[str, int], Mapping[str, Scalar]], Scalar]:
    """The op's statement: from a point and the operands' words there to the value there."""
    by_access = _operand_names(op)

    def evaluate(value: Value, point: Mapping[str, int], words: Mapping[str, Scalar]) -> Scalar:
        match value:
            case Read(access):
                return words[by_access[access]]
            case Number(text):
                return Fraction(text)
            case IndexValue(index):
                return _affine(index, point)
            case Apply(function, args):
                scalars = [evaluate(arg, point, words) for arg in args]
                if function in _FUNCTIONS:
                    return _FUNCTIONS[function](*scalars)
                # Uninterpreted: any function of its arguments shows that they are the right ones.
                return crc32(repr((function, scalars)).encode())

    return lambda point, words: evaluate(op.value, point, words)


def _operand_names(op: Op) -> dict[Access, str]:
    """Which operand a direct read is: operands come in order of their distinct accesses."""
    found: list[Access] = []
    for read in reads_of(op.value):
        if any(isinstance(index, Access) for index in read.access.index):
            raise NotImplementedError("the oracle has no values for indirect accesses")
        if read.access not in found:
            found.append(read.access)
    names = [operand.name for operand in operands(op) if not operand.is_output]
    return dict(zip(found, names, strict=True))


def unmapped_result(
    op: Op, data: Mapping[str, Data], before: Mapping[Element, Partial | None]
) -> dict[Element, Partial | None]:
    """The result of the nest as it is written, without a mapping."""
    statement = body(op)
    *reads, output = operands(op)
    result = dict(before)
    for point in points(op):
        words = {x.name: data[x.name][element_at(x, point)] for x in reads}
        new = Partial(statement(point, words), 1)
        at = element_at(output, point)
        result[at] = merge(op.reduce, [result[at], new])
    return result


def points_of_elements(op: Op) -> Counter[Element]:
    """How many points of the nest go into each element of the result."""
    output = operands(op)[-1]
    return Counter(element_at(output, point) for point in points(op))


def points(op: Op) -> Iterator[dict[str, int]]:
    """All points of the nest."""
    names = [dim.name for dim in op.dims]
    for values in product(*(range(dim.extent) for dim in op.dims)):
        yield dict(zip(names, values, strict=True))
