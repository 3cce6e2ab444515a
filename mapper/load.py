"""Read what the user names: workloads from `.onnx` and `.nest`, mappings from `.map`."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from pathlib import Path
from typing import TYPE_CHECKING, Union

from ..frontends.onnx import load_onnx
from ..ir.map_text import parse_map
from ..ir.mapping import Mapping
from ..ir.nest_text import parse_nest
from ..ir.text import Diagnostic, Label, Place
from ..ir.workload import Workload

if TYPE_CHECKING:
    import onnx

Model = Union[str, Path, "onnx.ModelProto"]

_LARGEST_TEXT_BYTES = 256 * 2**20


def load_workload(model: Model, dims: MappingOf[str, int] | None = None) -> Workload:
    """Read a network or a workload.

    Args:
        model: an `.onnx` file, `onnx:NAME` for a model inside the onnx package, an
            `onnx.ModelProto`, a `.nest` file with one workload, or `FILE.nest:NAME`.
        dims: values for the symbolic dims of an ONNX model.

    Raises:
        Diagnostic: the file is absent or malformed, a dim has no value, the name is ambiguous.
    """
    if not isinstance(model, str | Path):
        return load_onnx(model, dims or {})
    text, name = str(model), ""
    if ".nest:" in text:
        text, _, name = text.rpartition(":")
    if text.endswith(".nest"):
        if dims:
            raise Diagnostic(
                "a `.nest` text has no symbolic dims",
                Label(Place("--dim")),
                help="change the `param` lines of the text instead",
            )
        return _one_workload(parse_nest(read_text(Path(text)), text), text, name)
    if text.startswith("onnx:") or text.endswith(".onnx") or Path(text).is_file():
        return load_onnx(model, dims or {})
    if not Path(text).exists():
        raise Diagnostic(
            f"no such model: `{text}`",
            help="name an `.onnx` or `.nest` file, or `onnx:NAME` such as `onnx:resnet50`",
        )
    raise Diagnostic(f"`{text}` is no model file", help="a model is an `.onnx` or a `.nest` file")


def load_mappings(path: str | Path) -> tuple[Mapping, ...]:
    """Read the mappings of a `.map` file.

    Raises:
        Diagnostic: the file is absent or malformed, or holds no mapping.
    """
    mappings = parse_map(read_text(Path(path)), str(path))
    if not mappings:
        raise Diagnostic("the file holds no mapping", Label(Place(str(path))))
    return mappings


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        Diagnostic: the file cannot be read, is no UTF-8 text, or is absurdly large.
    """
    try:
        if path.stat().st_size > _LARGEST_TEXT_BYTES:
            limit = _LARGEST_TEXT_BYTES // 2**20
            raise Diagnostic(f"the file has more than {limit} MiB", Label(Place(str(path))))
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        message = f"the file is no UTF-8 text: byte {error.start} is {error.object[error.start]:#x}"
        raise Diagnostic(message, Label(Place(str(path)))) from None
    except OSError as error:
        raise Diagnostic(
            f"cannot read the file: {(error.strerror or str(error)).lower()}",
            Label(Place(str(path))),
        ) from None


def _one_workload(workloads: tuple[Workload, ...], path: str, name: str) -> Workload:
    known = {workload.name: workload for workload in workloads}
    if name:
        if name in known:
            return known[name]
    elif len(workloads) == 1:
        return workloads[0]
    names = ", ".join(f"`{other}`" for other in known) or "none"
    message = f"no workload `{name}` in it" if name else f"it holds {len(workloads)} workloads"
    help_text = f"write `{path}:{next(iter(known))}`" if known else ""
    raise Diagnostic(message, Label(Place(path), f"workloads: {names}"), help=help_text)
