"""What convolutions and matrix products share: a bias, and a batch norm folded into the weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...ir.affine import dim
from . import formula as f
from . import values
from .attributes import real
from .build import Builder, pointwise_dims
from .graph import Node
from .values import View


@dataclass(frozen=True, slots=True)
class Linear:
    """Where a sum of products goes.

    Attributes:
        weight: the weights to read, with the scale of a folded batch norm.
        bias: what is added to the sum per channel; "" for nothing.
        output: the value that results.
        source: the nodes that are done by it.
    """

    weight: str
    bias: str
    output: str
    source: str

    def target(self, b: Builder) -> View:
        """The tensor that takes the sums: the output itself where nothing is added."""
        if not self.bias:
            return b.result(self.output)
        return b.temp(f"{self.output}.sum", b.dtype(self.output), b.shape(self.output))

    def finish(self, node: Node, b: Builder, sums: View, channel: int) -> None:
        """Adds the bias along an axis of the output."""
        if not self.bias:
            return
        dims = pointwise_dims(sums.shape)
        index = [dim(d) for d in dims]
        value = f.add(b.read(sums, index), b.read(self.bias, [index[channel]]))
        out = b.result(self.output)
        name = f"{node.name}.bias"
        b.add_op(name, dims, values.at(out, index), value, source=self.source)


def linear(node: Node, b: Builder, channel_of_weight: int | None) -> Linear:
    """The parts of a Conv, ConvTranspose or Gemm whose bias is its third input.

    A batch norm that alone reads the result, with constant statistics, is folded: the weights are
    scaled along `channel_of_weight` offline and its shift becomes the bias, which is exact.

    Args:
        channel_of_weight: the weights' axis of output channels; None when a scale per channel is
            no scale along one axis.
    """
    weight = node.inputs[1]
    bias = node.inputs[2] if len(node.inputs) > 2 else ""
    plain = Linear(weight, bias, node.outputs[0], node.name)
    norm = _sole_batch_norm(node, b)
    constant = weight in b.constants and (not bias or bias in b.constants)
    if norm is None or channel_of_weight is None or not constant:
        return plain
    b.done[norm.name] = None
    scaled, shifted = _folded(b, norm, weight, bias, channel_of_weight)
    return Linear(scaled, shifted, norm.outputs[0], f"{node.name}+{norm.name}")


def _sole_batch_norm(node: Node, b: Builder) -> Node | None:
    readers = b.readers.get(node.outputs[0], [])
    if len(readers) != 1 or node.outputs[0] in b.shown:
        return None
    norm = readers[0]
    if norm.kind != "BatchNormalization" or norm.inputs[0] != node.outputs[0]:
        return None
    fixed = all(name in b.constants for name in norm.inputs[1:5])
    return norm if fixed and is_inference(norm, b) else None


def is_inference(norm: Node, b: Builder) -> bool:
    """Whether a batch norm only applies given statistics (its further outputs are not read)."""
    trains = norm.attributes.get("training_mode", 0)
    return not trains and not any(name and b.is_read(name) for name in norm.outputs[1:])


def scale_and_shift(b: Builder, norm: Node) -> tuple[str, str]:
    """Constants `s = gamma / sqrt(var + eps)` and `beta - mean * s` of a batch norm."""
    gamma, beta, mean, var = norm.inputs[1:5]
    eps = real(norm, "epsilon", 1e-5)

    def scale(g: np.ndarray, v: np.ndarray) -> np.ndarray:
        return np.asarray(g / np.sqrt(v + g.dtype.type(eps)))

    s = b.derived(f"{norm.name}.scale", (gamma, var), scale, b.shape(gamma))
    t = b.derived(f"{norm.name}.shift", (beta, mean, s), lambda c, m, k: c - m * k, b.shape(beta))
    return s, t


def _folded(b: Builder, norm: Node, weight: str, bias: str, channel: int) -> tuple[str, str]:
    s, t = scale_and_shift(b, norm)
    shape = b.constants[weight].type.shape or ()
    along = tuple(-1 if axis == channel else 1 for axis in range(len(shape)))
    scaled = b.derived(f"{weight}.scaled", (weight, s), lambda w, k: w * k.reshape(along), shape)
    if not bias:
        return scaled, t
    shifted = b.derived(
        f"{bias}.shifted", (bias, s, t), lambda c, k, d: c * k + d, b.shape(norm.inputs[2])
    )
    return scaled, shifted
