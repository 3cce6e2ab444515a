"""ONNX files and models that ship with the onnx package, into memory; bad files explained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from ...ir.text import Diagnostic, Label, Place

_SHIPPED = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
SHIPPED_PREFIX = "light_"


def shipped_models() -> tuple[str, ...]:
    """Names `N` of the models that `onnx:N` finds."""
    return tuple(
        sorted(
            path.stem.removeprefix(SHIPPED_PREFIX)
            for path in _SHIPPED.glob(f"{SHIPPED_PREFIX}*.onnx")
        )
    )


def find_model(model: str | Path) -> Path:
    """The file of a path or of `onnx:NAME`."""
    text = str(model)
    if not text.startswith("onnx:"):
        return Path(model)
    name, known = text.removeprefix("onnx:"), shipped_models()
    if name in known:
        return _SHIPPED / f"{SHIPPED_PREFIX}{name}.onnx"
    near = get_close_matches(name, known, 1)
    raise Diagnostic(
        f"the onnx package has no model `{name}`",
        Label(Place(text), f"it has {', '.join(known)}"),
        help=f"write `onnx:{near[0] if near else 'resnet50'}`, or the path of a `.onnx` file",
    )


def read_model(path: Path) -> onnx.ModelProto:
    """The model in a file, without the data it keeps outside.

    Raises:
        Diagnostic: absent, unreadable, truncated, or not an ONNX model.
    """
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Diagnostic(
            f"cannot read `{path}`",
            Label(Place(str(path)), reason),
            help="give the path of a `.onnx` file, or `onnx:resnet50` for a model that ships "
            "with the onnx package",
        ) from None
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except (DecodeError, RecursionError, ValueError) as error:
        raise Diagnostic(
            f"`{path}` is no ONNX model",
            Label(Place(str(path)), f"{len(data)} bytes, cut short or of another format ({error})"),
            help="export the model again; `python -m onnx.checker FILE` must accept it",
        ) from None
    check_model(model, str(path))
    return model


def check_model(model: onnx.ModelProto, place: str) -> None:
    """Refuses a message that parses but holds no network."""
    if not model.HasField("graph") or not (model.graph.node or model.graph.output):
        raise Diagnostic(
            f"`{place}` holds no network",
            Label(Place(place), "an ONNX model without a graph"),
            help="export the model again; the file may have been cut short",
        )
    for text in _names(model):
        if isinstance(text, bytes):  # protobuf hands out what is no UTF-8 as it is
            raise Diagnostic(
                f"`{place}` holds a name that is no text",
                Label(Place(place), f"{text[:40]!r} is not UTF-8"),
                help="export the model again; the file may be damaged",
            )


def _names(model: onnx.ModelProto) -> Iterator[str | bytes]:
    """Every name in a model, subgraphs and functions included."""
    graphs = [model.graph]
    for function in model.functions:
        yield from (function.name, function.domain, *function.input, *function.output)
        yield from _node_names(function.node, graphs)
    for graph in graphs:
        yield from (tensor.name for tensor in graph.initializer)
        for value in (*graph.input, *graph.output, *graph.value_info):
            yield value.name
            yield from (axis.dim_param for axis in value.type.tensor_type.shape.dim)
        yield from _node_names(graph.node, graphs)


def _node_names(
    nodes: Iterable[onnx.NodeProto], graphs: list[onnx.GraphProto]
) -> Iterator[str | bytes]:
    """The names in nodes; their subgraphs are added to `graphs`."""
    for node in nodes:
        yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
        for attribute in node.attribute:
            yield attribute.name
            graphs += [*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs]
