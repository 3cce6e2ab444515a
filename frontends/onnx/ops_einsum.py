"""Einsum: one op whose dims are the letters of the equation."""

from __future__ import annotations

from ...ir.affine import dim
from ...ir.types import Reduce
from . import formula as f
from . import values
from .attributes import text
from .build import Builder, accumulator
from .graph import Node
from .refusal import NotAffine
from .registry import lowers


@lowers("Einsum")
def einsum(node: Node, b: Builder) -> None:
    """The product of the operands, summed over the letters that the result lacks."""
    shapes = [b.shape(name) for name in node.inputs]
    inputs, result = _terms(text(node, "equation", ""), [len(shape) for shape in shapes])
    dims: dict[str, int] = {}
    for term, shape in zip(inputs, shapes, strict=True):
        for letter, extent in zip(term, shape, strict=True):
            dims[letter] = max(dims.get(letter, 1), extent)
    ordered = {letter: dims[letter] for letter in result}
    ordered |= {letter: n for letter, n in dims.items() if letter not in ordered}
    factors = []
    for name, term in zip(node.inputs, inputs, strict=True):
        view = values.broadcast(b.view(name), tuple(dims[letter] for letter in term))
        factors.append(b.read(view, [dim(letter) for letter in term]))
    target = values.at(b.result(node.outputs[0]), [dim(letter) for letter in result])
    if len(result) == len(dims):
        b.op(node, ordered, target, f.mul(*factors))
    else:
        acc = accumulator(b.dtype(node.outputs[0]))
        b.op(node, ordered, target, f.mul(*factors), Reduce.ADD, acc=acc)


def _terms(equation: str, ranks: list[int]) -> tuple[list[list[str]], list[str]]:
    """The dims of each operand and of the result; `...` stands for dims e0, e1, ..."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(ranks):
        raise NotAffine(
            f"the equation {equation!r} has {len(terms)} terms for {len(ranks)} operands"
        )
    named = [len(term.replace("...", "")) for term in terms]
    spans = [r - n for t, r, n in zip(terms, ranks, named, strict=True) if "..." in t]
    wide = max(spans, default=0)
    inputs = [_letters(t, rank, wide) for t, rank in zip(terms, ranks, strict=True)]
    if arrow:
        return inputs, _letters(right, len(right.replace("...", "")) + wide * ("." in right), wide)
    flat = [letter for term in inputs for letter in term]
    lead = [f"e{i}" for i in range(wide)]
    single = sorted(x for x in set(flat) if flat.count(x) == 1 and x not in lead)
    return inputs, [*lead, *single]


def _letters(term: str, rank: int, wide: int) -> list[str]:
    before, dots, after = term.partition("...")
    count = rank - len(before) - len(after) if dots else 0
    letters = [*_named(before), *(f"e{wide - count + i}" for i in range(count)), *_named(after)]
    if len(letters) != rank or count < 0 or (before + after and not (before + after).isalpha()):
        raise NotAffine(f"the term {term!r} does not fit an operand with {rank} axes")
    return letters


def _named(letters: str) -> list[str]:
    """Dims are lower-case words; `I`, which is not `i`, becomes `i_`."""
    return [x if x.islower() else f"{x.lower()}_" for x in letters]
