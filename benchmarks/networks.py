"""Whole networks on whole chips: what is mapped, what it costs, how long the search takes.

python benchmarks/networks.py                              # shipped models x three chips
python benchmarks/networks.py MODEL.onnx ... --hw simba --jobs 2 --json
"""

from __future__ import annotations

import json
import time
from typing import Any

import click
from rich.console import Console
from rich.table import Table

import tilewright as tw
from tilewright.mapper.report.report import Report
from tilewright.mapper.result import Objective, Status

MODELS = ("onnx:resnet50", "onnx:squeezenet", "onnx:vgg19")
CHIPS = ("eyeriss", "simba", "tpu_v1")


def row(report: Report, hw: str, wall_s: float, cpu_s: float) -> dict[str, Any]:
    """One line of the table; energy in pJ, times in seconds."""
    macs = report.macs + report.macs_not_mapped
    return {
        "model": report.model,
        "hw": hw,
        "objective": report.objective.value,
        "layers": len(report.entries),
        "optimal": report.certificates[Status.OPTIMAL],
        "not_mapped": len(report.not_mapped),
        "macs_mapped": report.macs / macs if macs else 1.0,
        "energy_pj": report.energy_pj,
        "cycles": report.cycles,
        "utilization": report.utilization,
        "evaluated": sum(e.result.certificate.evaluated for e in report.entries),
        "wall_s": wall_s,
        "cpu_s": cpu_s,
    }


def measure(model: str, hw: str, objective: str, jobs: int, dims: dict[str, int]) -> dict[str, Any]:
    """Map one model on one chip; CPU time is this process's, so measure it with one job."""
    workload, arch = tw.load_workload(model, dims), tw.load_arch(hw)
    wall, cpu = time.perf_counter(), time.process_time()
    report = tw.map_network(workload, arch, objective, jobs=jobs)
    return row(report, hw, time.perf_counter() - wall, time.process_time() - cpu)


def compile_kernels() -> None:
    """Run the search once, so that no row pays for compiling it."""
    workload = tw.load_workload("onnx:squeezenet")
    for hw in CHIPS:
        tw.map_op(next(iter(workload.ops.values())), tw.load_arch(hw), budget_s=0)


@click.command()
@click.argument("models", nargs=-1)
@click.option("--hw", multiple=True, help="A chip; may be given several times.")
@click.option("--objective", type=click.Choice([o.value for o in Objective]), default="edp")
@click.option("--jobs", default=1)
@click.option("--dim", "dims", multiple=True, metavar="NAME=N")
@click.option("--json", "as_json", is_flag=True)
def main(
    models: tuple[str, ...],
    hw: tuple[str, ...],
    objective: str,
    jobs: int,
    dims: tuple[str, ...],
    as_json: bool,
) -> None:
    """Map MODELS on chips and print a table."""
    compile_kernels()
    bound = {name: int(value) for name, _, value in (text.partition("=") for text in dims)}
    rows = [
        measure(model, chip, objective, jobs, bound)
        for model in models or MODELS
        for chip in hw or CHIPS
    ]
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    table = Table("model", "chip", "shapes", "not mapped", "MACs mapped", "energy mJ", "M cycles")
    for name in ("used", "evaluations/s", "wall s", "CPU s"):
        table.add_column(name, justify="right")
    for r in rows:
        table.add_row(
            r["model"],
            r["hw"],
            str(r["layers"]),
            str(r["not_mapped"]),
            f"{r['macs_mapped']:.2%}",
            f"{r['energy_pj'] / 1e9:.4g}",
            f"{r['cycles'] / 1e6:.4g}",
            f"{r['utilization']:.1%}",
            f"{r['evaluated'] / r['wall_s']:,.0f}",
            f"{r['wall_s']:.1f}",
            f"{r['cpu_s']:.1f}",
        )
    console = Console()
    # A pipe has no width; the table needs this much.
    Console(width=max(console.width, 110)).print(table)


if __name__ == "__main__":
    main()
