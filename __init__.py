"""tilewright: a mapping compiler for deep-learning accelerators.

>>> import tilewright as tw
>>> chip = tw.load_arch("eyeriss", rows=12)
>>> chip.name
'eyeriss'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .hw_specs.load import load_arch
    from .ir.text import Diagnostic
    from .mapper.constraints import check
    from .mapper.load import load_mappings, load_workload
    from .mapper.model.evaluate import evaluate
    from .mapper.network import map_network
    from .mapper.search.driver import map_op

# Where each public name lives. They are imported on first use: Numba and onnx take a second, and
# only those who call what needs them pay for it.
_HOMES = {
    "Diagnostic": ".ir.text",
    "check": ".mapper.constraints",
    "evaluate": ".mapper.model.evaluate",
    "load_arch": ".hw_specs.load",
    "load_mappings": ".mapper.load",
    "load_workload": ".mapper.load",
    "map_network": ".mapper.network",
    "map_op": ".mapper.search.driver",
}
__all__ = [
    "Diagnostic",
    "__version__",
    "check",
    "evaluate",
    "load_arch",
    "load_mappings",
    "load_workload",
    "map_network",
    "map_op",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name], __name__), name)
