"""What is said of operators without an affine body, and what is lost with them."""

from __future__ import annotations

from math import prod

from .build import Builder
from .graph import Node

_SORTS = "a sort has no affine body"
_DATA_SHAPE = "the shape of its result depends on data"
_RANDOM = "random numbers are no function of its operands"
_CONTROL = "its body runs as often as data say"
_NO_TENSOR = "it works on sequences or optional values, which are no tensors"

WHY: dict[str, str] = {
    **dict.fromkeys(("TopK", "Unique", "NonMaxSuppression"), _SORTS),
    **dict.fromkeys(("NonZero", "Compress", "Range", "StringSplit"), _DATA_SHAPE),
    **dict.fromkeys(("ArgMax", "ArgMin", "Hardmax"), "the position of an extreme is no reduction"),
    **dict.fromkeys(
        ("RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Multinomial"),
        _RANDOM,
    ),
    **dict.fromkeys(("Loop", "Scan"), _CONTROL),
    "If": "which branch runs depends on data",
    **dict.fromkeys(
        (
            "SequenceAt", "SequenceConstruct", "SequenceEmpty", "SequenceErase", "SequenceInsert",
            "SequenceLength", "SequenceMap", "SplitToSequence", "ConcatFromSequence",
            "Optional", "OptionalGetElement", "OptionalHasElement",
        ),
        _NO_TENSOR,
    ),
    "Det": "elimination with pivots has no affine body",
    **dict.fromkeys(
        ("GridSample", "RoiAlign", "MaxRoiPool", "DeformConv"),
        "it reads at positions interpolated from data",
    ),
}  # fmt: skip
"""Reasons for operators that will not get a lowering."""


def reason(node: Node) -> str:
    """Why a malformed node, or one without a lowering, stays whole."""
    return WHY.get(node.kind) or node.fault or f"no lowering for `{node.kind}`"


def lost_macs(node: Node, b: Builder) -> int:
    """Multiply-accumulates of a node that stays whole, where shapes tell; else 0."""
    shapes = [b.type(name).shape if name else None for name in (*node.inputs, *node.outputs[:1])]
    if any(shape is None for shape in (*shapes[:2], shapes[-1])) or len(shapes) < 3:
        return 0
    x, w, y = shapes[0] or (), shapes[1] or (), shapes[-1] or ()
    match node.kind:
        case "Conv" | "ConvInteger" | "DeformConv":
            return prod(y) * prod(w[1:])
        case "ConvTranspose":
            return prod(x) * prod(w[1:])
        case "QLinearConv" if len(shapes) > 4 and shapes[3] is not None:
            return prod(y) * prod(shapes[3][1:])
        case "Gemm" | "MatMul" | "MatMulInteger":
            transposed = node.kind == "Gemm" and bool(node.attributes.get("transA"))
            return prod(y) * (x[0 if transposed else -1] if x else 1)
        case "LSTM" | "GRU" | "RNN" if len(x) == 3 and len(w) == 3 and len(shapes) > 3:
            recurrent = shapes[2] or ()
            return x[0] * x[1] * (prod(w) + prod(recurrent))
    return 0
