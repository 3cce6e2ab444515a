"""The command line: `tilewright map`, `eval`, `check`, `import`, `fmt`, `hw`."""

from .main import main

__all__ = ["main"]
