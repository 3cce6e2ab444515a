"""`tilewright hw`: the chip library as a list, as text and as a picture."""

from __future__ import annotations

from pathlib import Path

import click

from ...hw_specs.load import arch_names, load_arch
from .options import read_arch, set_option


@click.group("hw")
def hw_group() -> None:
    """The chip library."""


@hw_group.command("list")
def list_command() -> int:
    """The chips of the library."""
    for name in arch_names():
        arch = load_arch(name)
        arrays = ", ".join(
            f"{array.path}[{', '.join(f'{axis}: {n}' for axis, n in array.axes)}]"
            for array in arch.arrays
        )
        click.echo(f"{name:<12} {arch.clock_hz / 1e6:>6g} MHz  {arrays}")
    return 0


@hw_group.command("show")
@click.argument("name")
@set_option
def show_command(name: str, parameters: tuple[str, ...]) -> int:
    """One self-contained arch: everything expanded, every size a literal."""
    from ...hw_specs.show import show_arch

    click.echo(show_arch(read_arch(name, parameters)), nl=False)
    return 0


@hw_group.command("graph")
@click.argument("name")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Write an SVG picture.")
@set_option
def graph_command(name: str, out: Path | None, parameters: tuple[str, ...]) -> int:
    """The chip's hierarchy as an outline, or as a picture with `-o FILE.svg`."""
    from ...hw_specs.graph import draw_graph, outline
    from ..report.write import write_files

    arch = read_arch(name, parameters)
    if out is None:
        click.echo(outline(arch))
    else:
        write_files({out: draw_graph(arch)})
        click.echo(str(out))
    return 0
