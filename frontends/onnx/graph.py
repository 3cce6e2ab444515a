"""A typed, flat ONNX graph: what the reader hands to the lowerings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import prod

import numpy as np
from onnx import TensorProto

from ...ir.types import DType

DTYPES: Mapping[int, DType] = {
    TensorProto.FLOAT: DType("f32"),
    TensorProto.DOUBLE: DType("f64"),
    TensorProto.FLOAT16: DType("f16"),
    TensorProto.BFLOAT16: DType("bf16"),
    TensorProto.INT8: DType("i8"),
    TensorProto.INT16: DType("i16"),
    TensorProto.INT32: DType("i32"),
    TensorProto.INT64: DType("i64"),
    TensorProto.UINT8: DType("u8"),
    TensorProto.UINT16: DType("u16"),
    TensorProto.UINT32: DType("u32"),
    TensorProto.UINT64: DType("u64"),
    TensorProto.BOOL: DType("bool"),
    TensorProto.INT4: DType("i4"),
    TensorProto.UINT4: DType("u4"),
    TensorProto.INT2: DType("i2"),
    TensorProto.UINT2: DType("u2"),
    TensorProto.FLOAT4E2M1: DType("f4"),
    # The variants of an 8-bit float differ in their special values, not in what moves.
    TensorProto.FLOAT8E4M3FN: DType("fp8e4m3"),
    TensorProto.FLOAT8E4M3FNUZ: DType("fp8e4m3"),
    TensorProto.FLOAT8E5M2: DType("fp8e5m2"),
    TensorProto.FLOAT8E5M2FNUZ: DType("fp8e5m2"),
}
"""Element types of ONNX that the loop-nest IR has; strings and complex numbers are absent."""

SMALL = 1 << 16
"""Constants of at most this many elements are evaluated at once (shapes, axes, scalars)."""


@dataclass(frozen=True, slots=True)
class TensorType:
    """What is known of a value before it is computed.

    Attributes:
        element: ONNX element type; 0 when unknown, or when the value is no tensor.
        shape: None when any extent is unknown.
        why: why it is not known, for the report.
    """

    element: int
    shape: tuple[int, ...] | None
    why: str = ""

    @property
    def dtype(self) -> DType | None:
        return DTYPES.get(self.element)

    @property
    def known(self) -> bool:
        return self.shape is not None and self.dtype is not None

    @property
    def elements(self) -> int:
        return prod(self.shape) if self.shape is not None else 0


class Constant:
    """A value that does not depend on the network's inputs; its data may be absent.

    Attributes:
        type: element type and shape.
        has_data: False when the file holds only the shape, or an ancestor has no data.
        depth: how many loads wait for each other when this one is asked for its data.
        slow: computing it takes long, so that it is done for its data alone.
    """

    def __init__(
        self,
        kind: TensorType,
        load: Callable[[], np.ndarray] | None,
        depth: int = 0,
        slow: bool = False,
    ) -> None:
        self.type = kind
        self.depth = depth
        self.slow = slow
        self._load = load

    @property
    def has_data(self) -> bool:
        return self._load is not None

    @cached_property
    def data(self) -> np.ndarray:
        """The elements, computed when first asked for."""
        assert self._load is not None
        with np.errstate(all="ignore"):  # what is no number stays one, as in the network
            return self._load()

    @property
    def value(self) -> np.ndarray | None:
        """The elements of a small constant; None without data, if large, or slow to compute."""
        quick = self.has_data and not self.slow and self.type.elements <= SMALL
        return self.data if quick else None


@dataclass(frozen=True, slots=True)
class Node:
    """One ONNX operator; an absent optional input or output has the name "".

    Attributes:
        name: unique in the graph; `Conv_0` for the first unnamed Conv.
        version: of the operator set it was written for.
        fault: why its result types could not be inferred.
    """

    kind: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, object] = field(default_factory=dict)
    version: int = 1
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes in an order in which they can run; constants are values without a node.

    Attributes:
        file: for provenance, `net.onnx`.
        inputs: names of the values that are fed.
        outputs: (name of the network's output, the value it shows).
    """

    name: str
    file: str
    nodes: tuple[Node, ...]
    types: Mapping[str, TensorType]
    constants: Mapping[str, Constant]
    inputs: tuple[str, ...]
    outputs: tuple[tuple[str, str], ...]
