"""`tilewright map`: a network and a chip in, mappings and a report out."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ..load import load_workload
from ..network import map_network
from ..report.report import Report
from ..report.terminal import print_summary
from ..report.write import check_writable, write_report
from ..result import Objective
from .interrupt import interruptible
from .options import dim_option, hw_option, json_option, read_arch, read_dims, set_option


@click.command("map")
@click.argument("model")
@hw_option
@set_option
@click.option(
    "--objective",
    type=click.Choice([objective.value for objective in Objective]),
    default=Objective.EDP.value,
    show_default=True,
    help="What to make small.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Write the report to this folder.")
@click.option("--budget", type=click.FloatRange(min=0.0), help="Seconds for the whole network.")
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@dim_option
@json_option
def map_command(
    model: str,
    hw: str,
    parameters: tuple[str, ...],
    objective: str,
    out: Path | None,
    budget: float | None,
    jobs: int,
    seed: int,
    dims: tuple[str, ...],
    as_json: bool,
) -> int:
    """Map every operator of MODEL onto a chip.

    MODEL is an `.onnx` or a `.nest` file, or `onnx:NAME` for a model that ships with the onnx
    package (`onnx:resnet50`). Equal seeds give equal results, unless a budget is set.
    """
    arch = read_arch(hw, parameters)
    if out is not None:
        check_writable(out)
    workload = load_workload(model, read_dims(dims))
    console = Console(stderr=True)
    columns = (
        TextColumn("mapping"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    bars = Progress(*columns, console=console, disable=not console.is_terminal)
    with bars as bar, interruptible() as stop:
        task = bar.add_task("", total=None)

        def show(name: str, done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, description=name[:40])

        report = map_network(
            workload,
            arch,
            objective,
            seed=seed,
            jobs=jobs,
            budget_s=budget,
            progress=show,
            stop=stop,
        )
    if out is not None:
        write_report(report, workload, out)
    if as_json:
        sys.stdout.write(report.to_json())
    else:
        print_summary(report)
        if out is not None:
            click.echo(f"report: {out / 'report.html'}")
    return _status(report)


def _status(report: Report) -> int:
    if report.interrupted:
        done = len(report.entries)
        click.echo(f"interrupted: {done} shapes were mapped and are in the report", err=True)
        return 130
    return 0 if report.entries else 1
