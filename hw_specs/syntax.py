"""The `.hw` language as written: one node for each construct, nothing looked up."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..ir.mapping import Node
from ..ir.text.expr import Call, Expr, Path
from ..ir.text.source import Where


@dataclass(frozen=True, slots=True)
class NameSet:
    """`{input, output}`: roles, functions or actions."""

    names: tuple[str, ...]
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


AttrValue = Expr | NameSet


@dataclass(frozen=True, slots=True)
class Attr:
    """`size = 64 KiB`, `precision.output = 16 bit`."""

    path: Path
    value: AttrValue
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)

    @property
    def name(self) -> str:
        return ".".join(self.path.parts)


@dataclass(frozen=True, slots=True)
class Choices:
    """`{7, 14, 28}`."""

    values: tuple[Expr, ...]
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Range:
    """`4..32 step 4`; both ends belong to it."""

    low: Expr
    high: Expr
    step: Expr | None = None
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Param:
    """`param rows : int = 12 in 4..32 step 4`."""

    name: str
    type: str
    default: Expr
    domain: Choices | Range | None = None
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class RequireDecl:
    """`require rows * cols <= 1024 "the die has room for a thousand PEs"`."""

    condition: Expr
    why: str | None = None
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Drop:
    """`drop memory pspad`; `kind` may also be `net` or `dataflow`."""

    kind: str
    name: str
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class PortDecl:
    """`port rd { bandwidth = 2 B/cycle }`."""

    name: str
    items: tuple[Attr, ...]
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class OnDecl:
    """`on read { energy = 4 pJ/bit }`, `on add, max { energy = 0.1 pJ/op }`."""

    names: tuple[str, ...]
    items: tuple[Attr, ...]
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class NetDecl:
    """`net gin : bus(multicast) shared -> pe along x { width = 64 bit }`."""

    name: str
    topology: Path | Call
    source: Path
    target: Path
    along: tuple[Path, ...]
    items: tuple[Attr, ...]
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`bank[0]`."""

    path: Path
    index: tuple[Expr, ...] = ()
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class LinkDecl:
    """`link bank[0] -> engine[1] { width = 512 bit }`."""

    source: Endpoint
    target: Endpoint
    items: tuple[Attr, ...]
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Axis:
    """`y: rows` in `array pe[y: rows, x: cols]`."""

    name: str
    extent: Expr
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Part:
    """A memory, an array or a compute unit.

    Attributes:
        params: `(name, type)` of a template's parameters; empty outside a `def`.
        base: the template it instantiates.
    """

    kind: str
    name: str
    params: tuple[tuple[str, str], ...]
    axes: tuple[Axis, ...]
    base: Path | Call | None
    items: tuple[PartItem, ...]
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class DataflowDecl:
    """`dataflow row_stationary { par {q, k} ? over pe.x ... }`."""

    name: str
    nest: tuple[Node, ...]
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


PartItem = Attr | PortDecl | OnDecl | Part | NetDecl
ArchItem = Param | RequireDecl | Part | NetDecl | LinkDecl | Drop | Attr | DataflowDecl


@dataclass(frozen=True, slots=True)
class Use:
    """`use "tech/cmos65.hw"`."""

    path: str
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Column:
    """`read: pJ` in the head of a table."""

    name: str
    unit: str
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Row:
    """`8 KiB, 64 bit : 2.9, 3.3, 17.5, 52000`."""

    keys: tuple[Expr, ...]
    values: tuple[Expr, ...]
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class TableDecl:
    """`table sram[size, width] -> read: pJ, write: pJ { ... }`."""

    name: str
    keys: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class TechDecl:
    """`tech cmos65 { node = 65 nm  table ... }`."""

    name: str
    items: tuple[Attr | TableDecl, ...]
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Template:
    """`def memory spad(cap: size) { ... }`."""

    part: Part
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class ArchDecl:
    """`arch eyeriss_xl : eyeriss { ... }`."""

    name: str
    base: Path | Call | None
    items: tuple[ArchItem, ...]
    at: Where | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class File:
    """A whole `.hw` text."""

    uses: tuple[Use, ...]
    decls: tuple[TechDecl | Template | ArchDecl, ...]
