"""Which operations a statement performs at each point of its nest, by function."""

from __future__ import annotations

from collections import Counter

from .types import Reduce
from .workload import Apply, Number, Op, Value, reads_of

MAC = "mac"
COPY = "copy"

# How a function of the text is counted on hardware, where the two names differ.
_COUNTED_AS = {"sub": "add", "square": "mul"}
COMBINES = {Reduce.ADD: "add", Reduce.MUL: "mul", Reduce.MAX: "max", Reduce.MIN: "min"}
"""The function that a reduction combines partial results with."""


def function_counts(op: Op) -> dict[str, int]:
    """Operations per point of the nest, by function.

    A sum of products of two reads is a `mac`; other sums, products, maxima and minima count as
    `add`, `mul`, `max` and `min`; subtraction is an `add`, `square` a `mul`, and so is a division
    by a literal, whose reciprocal is known beforehand; a bare move is a `copy`; any other function
    counts under its own name.

    >>> from tilewright.ir.affine import dim
    >>> from tilewright.ir.workload import Access, Read
    >>> a, b = (Read(Access(name, (dim("i"),))) for name in "ab")
    >>> dot = Op("dot", (), Access("y", ()), Reduce.ADD, Apply("mul", (a, b)), ())
    >>> function_counts(dot)
    {'mac': 1}
    """
    counts: Counter[str] = Counter()
    if op.reduce is Reduce.ADD and _is_product_of_reads(op.value):
        assert isinstance(op.value, Apply)
        counts[MAC] = 1
        for arg in op.value.args:
            counts.update(_in_value(arg))
        return dict(counts)
    counts.update(_in_value(op.value))
    if op.reduce is not Reduce.ASSIGN:
        counts[COMBINES[op.reduce]] += 1
    if not counts:
        counts[COPY] = 1
    return dict(counts)


def macs(op: Op) -> int:
    """Multiply-accumulates of one execution; 0 for an op that is no sum of products.

    The step of an enclosing repeat is not counted here: `macs(op) * op.times` is for a whole run.
    """
    return op.points * function_counts(op).get(MAC, 0)


def _is_product_of_reads(value: Value) -> bool:
    match value:
        case Apply("mul", args):
            return all(reads_of(arg) for arg in args)
        case _:
            return False


def _in_value(value: Value) -> Counter[str]:
    if not isinstance(value, Apply):
        return Counter()
    counts = Counter({_counted_as(value): 1})
    for arg in value.args:
        counts.update(_in_value(arg))
    return counts


def _counted_as(value: Apply) -> str:
    if value.function == "div" and isinstance(value.args[1], Number):
        return "mul"
    return _COUNTED_AS.get(value.function, value.function)
