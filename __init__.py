"""tilewright: a mapping compiler for deep-learning accelerators."""

from .ir.text import Diagnostic

__version__ = "0.1.0"
__all__ = ["Diagnostic", "__version__"]
