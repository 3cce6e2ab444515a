"""Element types, and the two ways a tensor is classified: by its workload and by the hardware."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class TensorKind(StrEnum):
    """What a tensor is to its workload.

    `STATE` lives on between runs (a KV cache); `VIEW` is another shape of a tensor's bytes.
    """

    INPUT = "input"
    CONST = "const"
    TEMP = "temp"
    STATE = "state"
    OUTPUT = "output"
    VIEW = "view"


class Role(StrEnum):
    """What an operand is to the hardware."""

    INPUT = "input"
    WEIGHT = "weight"
    OUTPUT = "output"


class Reduce(StrEnum):
    """How an op writes its result: once, or combining over the dims absent from it."""

    ASSIGN = "="
    ADD = "+="
    MUL = "*="
    MAX = "max="
    MIN = "min="


_DTYPE = re.compile(r"(?:i|u|f|bf)(1|2|4|8|16|32|64)|fp8e4m3|fp8e5m2|bool")


@dataclass(frozen=True, slots=True)
class DType:
    """An element type by its name in the text (`i8`, `bf16`, `fp8e4m3`, `bool`).

    >>> DType("i8").bits, DType("bool").bits
    (8, 1)
    """

    name: str

    def __post_init__(self) -> None:
        if _DTYPE.fullmatch(self.name) is None:
            raise ValueError(f"unknown element type {self.name!r}")

    @property
    def bits(self) -> int:
        found = _DTYPE.fullmatch(self.name)
        if found is not None and found[1]:
            return int(found[1])
        return 1 if self.name == "bool" else 8

    def __str__(self) -> str:
        return self.name
