"""ONNX networks in, workloads out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import onnx

from ...ir.workload import Workload
from .flatten import flatten
from .lower import Lowered, lower
from .reader import SHIPPED_PREFIX, check_model, find_model, read_model
from .registry import LOWERINGS

__all__ = ["load_onnx", "lower_onnx"]


def load_onnx(
    model: str | Path | onnx.ModelProto,
    dims: Mapping[str, int] | None = None,
    name: str | None = None,
) -> Workload:
    """The workload of an ONNX network.

    Args:
        model: a path, `onnx:NAME` for a model that ships inside the onnx package, or a model.
        dims: extents of the network's free dims, by symbol.
        name: of the workload; the file's name without its ending by default.

    Raises:
        Diagnostic: the file cannot be read, or dims are free or unknown.

    >>> load_onnx("onnx:resnet50").tensors["gpu_0/data_0"].shape
    (1, 3, 224, 224)
    """
    return lower_onnx(model, dims, name).workload


def lower_onnx(
    model: str | Path | onnx.ModelProto,
    dims: Mapping[str, int] | None = None,
    name: str | None = None,
) -> Lowered:
    """As `load_onnx`, with the data of the constants, for executing the workload."""
    if isinstance(model, onnx.ModelProto):
        file = place = model.graph.name or "model"
        check_model(model, place)
        proto, folder = model, None
    else:
        path = find_model(model)
        proto, place, folder = read_model(path), str(model), path.parent
        file = path.name.removeprefix(SHIPPED_PREFIX) if place.startswith("onnx:") else path.name
    graph = flatten(
        proto,
        name=name or Path(file).stem,
        file=file,
        place=place,
        folder=folder,
        dims=dims or {},
        direct=frozenset(LOWERINGS),
    )
    return lower(graph)
