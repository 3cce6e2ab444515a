"""Short forms of names, where a chart or a comment has little room."""

from __future__ import annotations

_CHARACTERS = 22


def shorten(name: str, limit: int = _CHARACTERS) -> str:
    """The end of a long name: it is what tells layers apart.

    >>> shorten("/model/layers.0/self_attn/q_proj/MatMul")
    '…elf_attn/q_proj/MatMul'
    >>> shorten("Conv_0")
    'Conv_0'
    """
    return name if len(name) <= limit else f"…{name[-limit:]}"
