"""Typed access to a node's attributes; a wrong type is a reason to refuse, not an error."""

from __future__ import annotations

from .graph import Node
from .refusal import NotAffine


def integer(node: Node, name: str, default: int) -> int:
    found = node.attributes.get(name, default)
    if not isinstance(found, int):
        raise NotAffine(f"its attribute `{name}` is no integer")
    return found


def real(node: Node, name: str, default: float) -> float:
    found = node.attributes.get(name, default)
    if not isinstance(found, int | float):
        raise NotAffine(f"its attribute `{name}` is no number")
    return float(found)


def text(node: Node, name: str, default: str) -> str:
    found = node.attributes.get(name, default)
    if not isinstance(found, str):
        raise NotAffine(f"its attribute `{name}` is no string")
    return found


def ints(node: Node, name: str, default: tuple[int, ...] = ()) -> tuple[int, ...]:
    found = node.attributes.get(name, default)
    if not isinstance(found, list | tuple) or not all(isinstance(n, int) for n in found):
        raise NotAffine(f"its attribute `{name}` is no list of integers")
    return tuple(found)


def reals(node: Node, name: str) -> tuple[float, ...]:
    found = node.attributes.get(name, ())
    if not isinstance(found, list | tuple) or not all(isinstance(n, int | float) for n in found):
        raise NotAffine(f"its attribute `{name}` is no list of numbers")
    return tuple(float(n) for n in found)


def texts(node: Node, name: str) -> tuple[str, ...]:
    found = node.attributes.get(name, ())
    if not isinstance(found, list | tuple) or not all(isinstance(n, bytes) for n in found):
        raise NotAffine(f"its attribute `{name}` is no list of strings")
    return tuple(n.decode(errors="replace") for n in found)


def axis(node: Node, rank: int, default: int) -> int:
    """The attribute `axis`, counted from the front."""
    found = integer(node, "axis", default)
    if not -rank <= found < rank:
        raise NotAffine(f"axis {found} is none of {rank}")
    return found % rank
