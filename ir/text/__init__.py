"""Text: sources and spans, diagnostics, the shared expression language, the Lark front door."""

from .diagnostic import Diagnostic, Label, label_at
from .source import Place, Source, Span

__all__ = ["Diagnostic", "Label", "Place", "Source", "Span", "label_at"]
