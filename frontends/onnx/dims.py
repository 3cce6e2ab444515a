"""Free dims of a network's inputs, bound by `--dim NAME=N`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from math import prod

import onnx

from ...ir.text import Diagnostic, Label, Place
from .graph import TensorType

MAX_EXTENT = 1 << 40
MAX_ELEMENTS = 1 << 48
MAX_POINTS = 1 << 56
"""Larger axes, tensors and nests are refused: counts must fit 64-bit integers."""

MAX_TABLE = 1 << 24
"""Larger tables of positions (resampling, padding by index) are not made."""


def bind_inputs(
    graph: onnx.GraphProto, dims: Mapping[str, int], place: str
) -> dict[str, TensorType]:
    """The types of a network's inputs with their free dims bound; initialisers are no inputs.

    A dim without a size goes by its symbol (`batch`); one without a symbol by input and axis
    (`input.0`).

    Raises:
        Diagnostic: dims that stay free (all of them, and what to write), unknown names, sizes
            that are not positive or too large.
    """
    constants = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in constants]
    free = {name: None for value in inputs for name, extent in _axes(value) if extent is None}
    _refuse_unknown(dims, list(free))
    _refuse_size(dims)
    unbound = [name for name in free if name not in dims]
    if unbound:
        raise Diagnostic(
            f"the network has free dims: {', '.join(f'`{name}`' for name in unbound)}",
            Label(Place(place), "; ".join(_show(value) for value in inputs)),
            help="write " + " ".join(f"--dim {name}={_guess(name)}" for name in unbound),
        )
    return {value.name: _bound(value, dims, place) for value in inputs}


def stated_types(graph: onnx.GraphProto, dims: Mapping[str, int]) -> dict[str, TensorType]:
    """What a file says of values between nodes, where that is complete; for unknown operators."""
    out: dict[str, TensorType] = {}
    for value in (*graph.value_info, *graph.output):
        kind = value.type.tensor_type
        axes = [dims.get(name) if extent is None else extent for name, extent in _axes(value)]
        shape = tuple(n for n in axes if n is not None and n <= MAX_EXTENT)
        if kind.HasField("shape") and len(shape) == len(axes):
            out[value.name] = TensorType(kind.elem_type, shape)
    return out


def _axes(value: onnx.ValueInfoProto) -> Iterator[tuple[str, int | None]]:
    """Name and extent of each axis of a tensor; a negative size stands for "any"."""
    kind = value.type.tensor_type
    for position, axis in enumerate(kind.shape.dim):
        fixed = axis.HasField("dim_value") and axis.dim_value >= 0
        yield axis.dim_param or f"{value.name}.{position}", axis.dim_value if fixed else None


def _bound(value: onnx.ValueInfoProto, dims: Mapping[str, int], place: str) -> TensorType:
    kind = value.type.tensor_type
    if not value.type.HasField("tensor_type"):
        return TensorType(0, None, f"`{value.name}` is no tensor")
    if not kind.HasField("shape"):
        return TensorType(kind.elem_type, None, f"`{value.name}` has no rank in the file")
    shape = tuple(dims[name] if extent is None else extent for name, extent in _axes(value))
    if any(extent > MAX_EXTENT for extent in shape) or prod(shape) > MAX_ELEMENTS:
        raise Diagnostic(
            f"`{value.name}` is too large",
            Label(
                Place(place),
                f"{'*'.join(map(str, shape))} elements: an axis may have 2^40, a tensor 2^48",
            ),
            help="counts would not fit 64-bit integers; split the network",
        )
    return TensorType(kind.elem_type, shape)


def _show(value: onnx.ValueInfoProto) -> str:
    axes = (name if extent is None else str(extent) for name, extent in _axes(value))
    return f"{value.name}[{', '.join(axes)}]"


def _guess(name: str) -> int:
    """A size to show in the help: 1, or something longer where the name speaks of a sequence."""
    return 512 if "seq" in name.lower() or "len" in name.lower() else 1


def _refuse_unknown(dims: Mapping[str, int], free: list[str]) -> None:
    for name in dims:
        if name not in free:
            known = f"free dims: {', '.join(free)}" if free else "the network has no free dims"
            near = get_close_matches(name, free, 1)
            raise Diagnostic(
                f"unknown dim `{name}`",
                Label(Place("--dim"), known),
                help=f"write `--dim {near[0]}={dims[name]}`" if near else "leave it out",
            )


def _refuse_size(dims: Mapping[str, int]) -> None:
    for name, extent in dims.items():
        if not 1 <= extent <= MAX_EXTENT:
            raise Diagnostic(
                f"dim `{name}` cannot be {extent}",
                Label(Place("--dim"), "an extent is at least 1 and at most 2^40"),
                help=f"write `--dim {name}=1` or more",
            )
