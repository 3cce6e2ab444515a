"""Resize and Upsample: one op per resized axis, each a weighted sum over tabulated positions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...ir.affine import Affine, dim
from ...ir.workload import Read, Value
from . import formula as f
from . import values
from .attributes import integer, ints, real, text
from .build import Builder, pointwise_dims
from .dims import MAX_TABLE
from .graph import Node
from .refusal import NotAffine
from .registry import lowers
from .values import View

Floats = npt.NDArray[np.float64]


@lowers("Resize", "Upsample")
def resize(node: Node, b: Builder) -> None:
    """Resampling is separable: axis after axis, with the taps of the interpolation written out."""
    out = node.outputs[0]
    view, shape = b.view(node.inputs[0]), b.shape(out)
    if integer(node, "antialias", 0) or text(node, "coordinate_transformation_mode", "") == (
        "tf_crop_and_resize"
    ):
        raise NotAffine("a resampling with antialiasing or a crop")
    if len(shape) != len(view.shape) or max(shape, default=1) > MAX_TABLE:
        raise NotAffine(f"{list(view.shape)} cannot be resampled to {list(shape)}")
    scales = _scales(node, b, view.shape, shape)
    changed = [a for a in range(len(shape)) if view.shape[a] != shape[a] or scales[a] != 1]
    if not changed:
        b.define(out, view)
    for place in changed:
        taps, weights = _taps(node, view.shape[place], shape[place], scales[place])
        last = place == changed[-1]
        mid = (*view.shape[:place], shape[place], *view.shape[place + 1 :])
        target = b.result(out) if last else b.temp(f"{out}.axis{place}", b.dtype(out), mid)
        _resample(node, b, b.plain(view, out), target, place, taps, weights)
        view = target


def _resample(
    node: Node,
    b: Builder,
    view: View,
    target: View,
    place: int,
    taps: np.ndarray,
    weights: np.ndarray,
) -> None:
    """One axis; a whole factor of repetition needs no table (`y[f*i + u] = x[i]`)."""
    part = f"axis{place}"
    extent, factor = view.shape[place], target.shape[place] // view.shape[place]
    dims = pointwise_dims(target.shape)
    index = [dim(d) for d in dims]
    repeated = np.arange(target.shape[place]) // max(factor, 1)
    if len(taps) == 1 and extent * factor == len(repeated) and (taps[0] == repeated).all():
        dims |= {f"i{place}": extent, "u": factor}
        grown = Affine(((f"i{place}", factor), ("u", 1)))
        write = values.at(target, [*index[:place], grown, *index[place + 1 :]])
        b.op(node, dims, write, b.read(view, index), part=part)
        return
    rows = b.view(b.of_array(f"{target.tensor}.index", taps, 7))
    shares = b.view(b.of_array(f"{target.tensor}.weight", weights.astype(np.float32), 1))
    terms: list[Value] = []
    for tap in range(len(taps)):
        at = [Affine((), tap), index[place]]
        spot: list[values.Index] = [*index[:place], values.at(rows, at), *index[place + 1 :]]
        element = Read(values.element(view, spot))
        terms.append(element if len(taps) == 1 else f.mul(b.read(shares, at), element))
    b.op(node, dims, values.at(target, index), f.add(*terms), part=part)


def _scales(node: Node, b: Builder, old: tuple[int, ...], new: tuple[int, ...]) -> list[float]:
    """Output extent over input extent as the node states it; it may differ from the extents'."""
    ratio = [n / o for o, n in zip(old, new, strict=True)]
    axes = [a % len(old) for a in ints(node, "axes", tuple(range(len(old))))]
    given: tuple[float, ...] = ()
    if node.kind == "Upsample" and "scales" in node.attributes:
        found = node.attributes["scales"]
        given = tuple(found) if isinstance(found, list) else ()
    else:
        position = 1 if node.kind == "Upsample" or node.version < 11 else 2
        if len(node.inputs) > position and node.inputs[position]:
            given = tuple(float(s) for s in b.needed(node.inputs[position], "scales").reshape(-1))
    for place, value in zip(axes, given, strict=False):
        ratio[place] = value
    return ratio


def _taps(node: Node, old: int, new: int, ratio: float) -> tuple[np.ndarray, np.ndarray]:
    """Positions and weights, both [tap, output position] (ONNX operator `Resize`)."""
    mode = text(node, "mode", "nearest")
    legacy = node.kind == "Upsample" or node.version < 11
    transform = (
        "asymmetric" if legacy else text(node, "coordinate_transformation_mode", "half_pixel")
    )
    where = _source(transform, np.arange(new, dtype=np.float64), old, new, ratio)
    if mode == "nearest":
        rounding = "floor" if legacy else text(node, "nearest_mode", "round_prefer_floor")
        nearest = _rounded(rounding, where)
        return np.clip(nearest, 0, old - 1)[None].astype(np.int64), np.ones((1, new))
    low = np.floor(where)
    share = where - low
    if mode in ("linear", "bilinear", "trilinear"):
        offsets, weights = [0, 1], np.stack([1 - share, share])
    elif mode == "cubic":
        offsets, weights = [-1, 0, 1, 2], _cubic(share, real(node, "cubic_coeff_a", -0.75))
    else:
        raise NotAffine(f"unknown mode {mode!r}")
    taps = np.stack([low + offset for offset in offsets]).astype(np.int64)
    if integer(node, "exclude_outside", 0):
        weights = np.where((taps < 0) | (taps >= old), 0, weights)
        weights = weights / weights.sum(axis=0)
    return np.clip(taps, 0, old - 1), weights


def _source(transform: str, x: Floats, old: int, new: int, ratio: float) -> Floats:
    """The position in the input, a fraction, that an output position shows."""
    match transform:
        case "asymmetric":
            return x / ratio
        case "half_pixel":
            return (x + 0.5) / ratio - 0.5
        case "pytorch_half_pixel":
            return (x + 0.5) / ratio - 0.5 if new > 1 else np.zeros_like(x)
        case "align_corners":
            return x * (old - 1) / (ratio * old - 1) if new > 1 else np.zeros_like(x)
        case "half_pixel_symmetric":
            shift = old / 2 * (1 - new / (ratio * old))
            return shift + (x + 0.5) / ratio - 0.5
        case "tf_half_pixel_for_nn":
            return (x + 0.5) / ratio
    raise NotAffine(f"unknown coordinate transformation {transform!r}")


def _rounded(mode: str, where: Floats) -> Floats:
    match mode:
        case "floor":
            return np.floor(where)
        case "ceil":
            return np.ceil(where)
        case "round_prefer_floor":
            return np.ceil(where - 0.5)
        case "round_prefer_ceil":
            return np.floor(where + 0.5)
    raise NotAffine(f"unknown nearest mode {mode!r}")


def _cubic(share: Floats, a: float) -> Floats:
    """Weights of the four neighbours by the cubic convolution of Keys (1981)."""

    def near(t: Floats) -> Floats:
        return ((a + 2) * t - (a + 3)) * t * t + 1

    def far(t: Floats) -> Floats:
        return ((a * t - 5 * a) * t + 8 * a) * t - 4 * a

    return np.stack([far(1 + share), near(share), near(1 - share), far(2 - share)])
