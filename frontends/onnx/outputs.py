"""The network's outputs: which tensors its user sees."""

from __future__ import annotations

from dataclasses import replace

from ...ir.types import TensorKind
from . import values
from .build import Builder, NotAffine


def show_outputs(b: Builder) -> None:
    """Makes every output of the network a tensor of kind `output`."""
    for name, value in b.graph.outputs:
        try:
            view = b.view(value)
        except NotAffine:
            continue
        tensor = b.tensors[view.tensor]
        if values.is_whole(view, tensor.shape) and tensor.kind is TensorKind.TEMP:
            b.tensors[view.tensor] = replace(tensor, kind=TensorKind.OUTPUT)
