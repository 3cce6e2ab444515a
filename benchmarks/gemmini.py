"""Predicted cycles of Gemmini against cycles of its RTL, row by row, beside a plain roofline.

python benchmarks/gemmini.py firesim_measured.csv          # a table
python benchmarks/gemmini.py firesim_measured.csv --json   # one flat object

A row is a layer (`prob.*`), a mapping (`mapping.mapping`) and its measured cycles
(`target.gemmini_cycle`). Nothing is fitted to the rows. A spatial factor above 16 does not fit the
mesh, and the evaluator refuses it as written; such a row is evaluated *folded*: the largest
divisor of the factor up to 16 in space, the rest in time just outside it.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import ArrayLike, NDArray
from rich.console import Console
from rich.table import Table

import tilewright as tw
from tilewright.hw_specs.model import Arch
from tilewright.ir.affine import affine, dim
from tilewright.ir.mapping import Bound, For, Keep, Loop, Mapping, Node, Par, Run
from tilewright.ir.text import Diagnostic, Label, Place
from tilewright.ir.types import DType, Reduce, TensorKind
from tilewright.ir.workload import Access, Apply, Dim, Op, Read, Tensor

CHIP = Path(__file__).with_name("gemmini_rtl.hw")
MESH = 16
DRAM_BYTES_PER_CYCLE = 16
DIMS = "NKCPQRS"
AXES = {"k": "pe.x", "c": "pe.y"}
# Outermost first: what a level is called, and what it keeps where.
LEVELS = {
    "L3[WIO]": Keep(("x", "w", "y"), "dram"),
    "L2[WI]": Keep(("x", "w"), "scratchpad"),
    "L1[O]": Keep(("y",), "accumulator"),
    "L0[W]": Keep(("w",), "pe.reg", buffers=2),  # the next weight is shifted in meanwhile
}
Floats = NDArray[np.float64]
PREDICTORS = ("cycles", "latency_cycles", "roofline")

_FACTOR = re.compile(r"([NKCPQRS])([1-9]\d{0,8})(X?)")


@dataclass(frozen=True, slots=True)
class Factor:
    """One loop of a level: `K16`, or `K16X` in space."""

    dim: str
    trips: int
    spatial: bool = False


Levels = tuple[tuple[Factor, ...], ...]
"""The loops of DRAM, scratchpad, accumulator and registers, each outermost first."""


@dataclass(frozen=True, slots=True)
class Row:
    """A measured row and what is predicted for it, in cycles.

    Attributes:
        line: of the file, from 1.
        layer: its extents and strides; rows of one layer differ in their mapping only.
        wide: its spatial factors above the mesh, as written (`C32X`).
    """

    line: int
    layer: tuple[int, ...]
    wide: tuple[str, ...]
    measured: int
    cycles: int
    latency_cycles: int
    roofline: float


# ---- from a row to an op and a mapping ------------------------------------------------------


def parse_levels(text: str) -> Levels:
    """The loops of a mapping string.

    >>> parse_levels("L3[WIO] Q2 - L2[WI] N1 K4X - L1[O] C8 - L0[W] P7")[1]
    (Factor(dim='n', trips=1, spatial=False), Factor(dim='k', trips=4, spatial=True))

    Raises:
        Diagnostic: another level, or a factor that is none.
    """
    parts = [part.split() for part in text.split(" - ")]
    if [part[:1] for part in parts] != [[name] for name in LEVELS]:
        raise Diagnostic(
            f"the mapping `{text}` has other levels than this chip",
            help=f"write the four levels {' - '.join(LEVELS)}",
        )
    return tuple(tuple(_factor(word) for word in words) for _, *words in parts)


def _factor(word: str) -> Factor:
    found = _FACTOR.fullmatch(word)
    if found is None:
        raise Diagnostic(
            f"`{word}` is no factor of a mapping",
            help="write a dim and its trips such as `K16`, or `K16X` in space",
        )
    name, trips, spatial = found.groups()
    return Factor(name.lower(), int(trips), bool(spatial))


def factor_products(levels: Levels) -> dict[str, int]:
    """What the factors of each dim multiply to."""
    out = dict.fromkeys(DIMS.lower(), 1)
    for factor in (factor for level in levels for factor in level):
        out[factor.dim] *= factor.trips
    return out


def conv_op(extents: dict[str, int], strides: tuple[int, int], dilations: tuple[int, int]) -> Op:
    """`y[n,k,p,q] += x[n,c,sw*p + dw*r,sh*q + dh*s] * w[k,c,r,s]` in 8 bit, sums in 32.

    Args:
        strides, dilations: of the width (P, R) and of the height (Q, S).
    """
    i8 = DType("i8")
    windows = [("p", "r", strides[0], dilations[0]), ("q", "s", strides[1], dilations[1])]
    spans = [affine({out: step, tap: gap}) for out, tap, step, gap in windows]
    sides = tuple(
        1 + step * (extents[out] - 1) + gap * (extents[tap] - 1) for out, tap, step, gap in windows
    )
    x = Tensor(TensorKind.INPUT, "x", i8, (extents["n"], extents["c"], *sides))
    w = Tensor(TensorKind.CONST, "w", i8, tuple(extents[name] for name in "kcrs"))
    y = Tensor(TensorKind.OUTPUT, "y", i8, tuple(extents[name] for name in "nkpq"))
    reads = (
        Read(Access("x", (dim("n"), dim("c"), *spans))),
        Read(Access("w", tuple(dim(name) for name in "kcrs"))),
    )
    return Op(
        "conv",
        tuple(Dim(name, extents[name]) for name in DIMS.lower()),
        Access("y", tuple(dim(name) for name in "nkpq")),
        Reduce.ADD,
        Apply("mul", reads),
        (x, w, y),
        acc=DType("i32"),
        workload="gemmini",
    )


def fold(levels: Levels) -> Levels:
    """Spatial factors as the mesh can run them: what exceeds it runs in time, just outside.

    >>> fold(((Factor("c", 24, True),),))
    ((Factor(dim='c', trips=2, spatial=False), Factor(dim='c', trips=12, spatial=True)),)
    """
    return tuple(tuple(part for factor in level for part in _folded(factor)) for level in levels)


def _folded(factor: Factor) -> tuple[Factor, ...]:
    if not factor.spatial or factor.trips <= MESH:
        return (factor,)
    lanes = max(n for n in range(1, MESH + 1) if factor.trips % n == 0)
    return (
        Factor(factor.dim, factor.trips // lanes),
        Factor(factor.dim, lanes, spatial=True),
    )


def to_mapping(levels: Levels, arch: Arch) -> Mapping:
    """The levels as a mapping of `conv_op`'s op.

    The accumulator stands beside the array, not in its columns: what the scratchpad's level spreads
    over them (and what `fold` puts in time for it) lies inside the accumulator's tile.
    """
    inner = factor_products(levels)
    nest: list[Node] = []
    spread: list[Node] = []
    for keep, level in zip(LEVELS.values(), levels, strict=True):
        nest += [*spread, keep] if keep.memory.startswith("pe.") else [keep, *spread]
        spread = []
        for number, factor in enumerate(level):
            inner[factor.dim] //= factor.trips
            if factor.trips > 1:
                loop = Loop((factor.dim,), Bound(factor.trips, inner[factor.dim]))
                inside = factor.spatial or _is_fold(level, number)
                (spread if inside else nest).append(_line(factor, loop))
    return Mapping("row", ("gemmini", "conv"), arch.name, (*nest, *spread, Run("conv", "pe.mac")))


def _is_fold(level: tuple[Factor, ...], number: int) -> bool:
    """Whether a loop in time is followed by lanes of the same dim."""
    following = level[number + 1 : number + 2]
    return bool(following) and following[0].spatial and following[0].dim == level[number].dim


def _line(factor: Factor, loop: Loop) -> Node:
    if not factor.spatial:
        return For((loop,))
    if factor.dim not in AXES:
        raise Diagnostic(
            f"`{factor.dim.upper()}{factor.trips}X` has no axis of the array",
            help=f"spread only {', '.join(AXES).upper()}",
        )
    return Par((loop,), AXES[factor.dim])


# ---- prediction -----------------------------------------------------------------------------


def roofline_cycles(op: Op) -> float:
    """max(MACs / 256, bytes of all tensors once / 16), in cycles."""
    moved_bytes = sum(tensor.size_bits for tensor in op.tensors) / 8
    return max(op.points / MESH**2, moved_bytes / DRAM_BYTES_PER_CYCLE)


def predict(line: int, record: dict[str, str], arch: Arch) -> Row:
    """Evaluate a row of the file.

    Raises:
        Diagnostic: a value is no number, the mapping is no mapping of the layer, or the evaluator
            refuses it.
    """
    extents = {name.lower(): _whole(record, f"prob.{name}") for name in DIMS}
    strides = (_whole(record, "prob.Wstride"), _whole(record, "prob.Hstride"))
    dilations = (_whole(record, "prob.Wdilation"), _whole(record, "prob.Hdilation"))
    levels = parse_levels(record["mapping.mapping"])
    for name, product in factor_products(levels).items():
        if product != extents[name]:
            raise Diagnostic(
                f"the factors of {name.upper()} multiply to {product}, the layer has "
                f"{extents[name]}",
                help="let them multiply to the layer's bound",
            )
    op = conv_op(extents, strides, dilations)
    cost = tw.evaluate(to_mapping(fold(levels), arch), op, arch)
    wide = [f for level in levels for f in level if f.spatial and f.trips > MESH]
    return Row(
        line,
        (*extents.values(), *strides, *dilations),
        tuple(f"{f.dim.upper()}{f.trips}X" for f in wide),
        _whole(record, "target.gemmini_cycle"),
        cost.cycles,
        cost.latency_cycles,
        roofline_cycles(op),
    )


def _whole(record: dict[str, str], column: str) -> int:
    try:
        value = float(record[column])
    except ValueError:
        value = 0.0
    if not 0 < value < 2**53 or value != int(value):
        raise Diagnostic(
            f"`{column}` is `{record[column]}`", help="write a whole number above 0"
        ) from None
    return int(value)


def read_rows(path: Path, arch: Arch) -> tuple[list[Row], dict[int, str]]:
    """All rows of a file that can be evaluated, and by line why the others cannot.

    Raises:
        Diagnostic: a column is missing, or there is no row.
    """
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file, restval="")
        needed = [f"prob.{name}" for name in (*DIMS, "Wstride", "Hstride")]
        needed += ["prob.Wdilation", "prob.Hdilation", "mapping.mapping", "target.gemmini_cycle"]
        missing = [name for name in needed if name not in (reader.fieldnames or ())]
        if missing:
            raise Diagnostic(
                f"the file has no column `{missing[0]}`",
                Label(Place(str(path))),
                help="the columns are those of DOSA's measured Gemmini rows",
            )
        rows, refused = [], {}
        for line, record in enumerate(reader, start=2):
            try:
                rows.append(predict(line, record, arch))
            except Diagnostic as diagnostic:
                refused[line] = diagnostic.message
    return rows, refused


# ---- figures --------------------------------------------------------------------------------


def spearman(a: ArrayLike, b: ArrayLike) -> float | None:
    """Rank correlation, ties at their mean rank; None where one side does not vary.

    >>> spearman([1, 2, 3], [10, 30, 20])
    0.5
    """
    first, second = (_ranks(np.asarray(values, float)) for values in (a, b))
    if len(first) < 2 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    return round(float(np.corrcoef(first, second)[0, 1]), 12)


def _ranks(values: Floats) -> Floats:
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    mean: Floats = np.cumsum(count) - (count - 1) / 2
    return mean[place]


def figures(rows: Sequence[Row], predictor: str) -> dict[str, float | None]:
    """Rank correlation and relative error of one predictor; errors are |predicted/measured - 1|.

    `layer_spearman` is the median over layers of the correlation within one, where it is defined.
    """
    measured = np.array([row.measured for row in rows], float)
    predicted = np.array([getattr(row, predictor) for row in rows], float)
    error = np.abs(predicted / measured - 1)
    layers: dict[tuple[int, ...], list[Row]] = defaultdict(list)
    for row in rows:
        layers[row.layer].append(row)
    within = [
        spearman([getattr(r, predictor) for r in group], [r.measured for r in group])
        for group in layers.values()
    ]
    defined = [value for value in within if value is not None]
    return {
        "spearman": spearman(predicted, measured),
        "layer_spearman": float(np.median(defined)) if defined else None,
        "layer_spearman_lowest": min(defined) if defined else None,
        "median_error": float(np.median(error)) if len(rows) else None,
        "p90_error": float(np.quantile(error, 0.9)) if len(rows) else None,
    }


def subsets(rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    """All rows, and those that the mesh can run as they are written."""
    yield "all", list(rows)
    yield "fitting", [row for row in rows if not row.wide]


def summary(rows: Sequence[Row], refused: dict[int, str]) -> dict[str, object]:
    """Everything that `--json` prints."""
    out: dict[str, object] = {
        "rows": len(rows) + len(refused),
        "layers": len({row.layer for row in rows}),
        "refused": len(refused),
        "refused_lines": [f"{line}: {why}" for line, why in refused.items()],
        "folded": sum(1 for row in rows if row.wide),
        "folded_lines": [f"{row.line}: {' '.join(row.wide)}" for row in rows if row.wide],
    }
    for subset, some in subsets(rows):
        out[f"{subset}_rows"] = len(some)
        for predictor in PREDICTORS:
            for name, value in figures(some, predictor).items():
                out[f"{subset}_{predictor}_{name}"] = value
    return out


def print_table(rows: Sequence[Row], refused: dict[int, str]) -> None:
    """The figures, and below them which rows were folded or refused."""
    table = Table("rows", "predicted by", title="measured cycles of Gemmini's RTL")
    for name in ("Spearman", "in a layer", "lowest", "median error", "90 %"):
        table.add_column(name, justify="right")
    for subset, some in subsets(rows):
        for predictor in PREDICTORS:
            found = figures(some, predictor)
            correlations = ("spearman", "layer_spearman", "layer_spearman_lowest")
            table.add_row(
                f"{subset} ({len(some)})",
                predictor,
                *(_shown(found[name], ".3f") for name in correlations),
                *(_shown(found[name], ".1%") for name in ("median_error", "p90_error")),
            )
        table.add_section()
    console = Console()
    console.print(table)
    wide = Counter(factor for row in rows for factor in row.wide)
    console.print(f"{sum(1 for row in rows if row.wide)} rows folded:", dict(sorted(wide.items())))
    console.print("lines:", ", ".join(str(row.line) for row in rows if row.wide) or "none")
    console.print(f"{len(refused)} rows refused")
    for why in sorted(set(refused.values())):
        lines = ", ".join(str(line) for line, reason in refused.items() if reason == why)
        console.print(f"  {why}: lines {lines}", markup=False)


def _shown(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


@click.command()
@click.argument("path", metavar="CSV", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True)
def main(path: Path, as_json: bool) -> None:
    """Compare predicted with measured cycles for the rows of CSV."""
    try:
        rows, refused = read_rows(path, tw.load_arch(str(CHIP)))
    except Diagnostic as diagnostic:
        click.echo(diagnostic, err=True)
        raise SystemExit(2) from None
    if as_json:
        print(json.dumps(summary(rows, refused), indent=2))
    else:
        print_table(rows, refused)


if __name__ == "__main__":
    main()
