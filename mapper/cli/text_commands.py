"""`tilewright import` and `fmt`: networks to text, text to canonical text."""

from __future__ import annotations

from pathlib import Path

import click

from ...hw_specs.hw_text import HW
from ...ir.format import format_text
from ...ir.map_text import MAP
from ...ir.nest_text import NEST, show_nest_file
from ..load import load_workload, read_text
from ..report.write import write_files
from .options import dim_option, read_dims


@click.command("import")
@click.argument("model")
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="FILE.nest")
@dim_option
def import_command(model: str, out: Path, dims: tuple[str, ...]) -> int:
    """Lower MODEL, an ONNX network, to a `.nest` text."""
    workload = load_workload(model, read_dims(dims))
    write_files({out: show_nest_file((workload,))})
    opaque = len(workload.opaques)
    click.echo(f"{out}: {len(workload.ops)} ops, {opaque} opaque")
    return 0


@click.command("fmt")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Change nothing; exit status 1 if a file would change.")
def fmt_command(files: tuple[Path, ...], check: bool) -> int:
    """Rewrite `.hw`, `.nest` and `.map` FILES in canonical form; comments are kept."""
    changed = {}
    for file in files:
        text = read_text(file)
        canonical = format_text(text, str(file), (HW, NEST, MAP))
        if canonical != text:
            changed[file] = canonical
    if not check:
        write_files(changed)
    for file in changed:
        click.echo(f"{'would change' if check else 'formatted'} {file}")
    return 1 if check and changed else 0
