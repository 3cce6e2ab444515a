"""`tilewright eval` and `check`: cost and legality of mappings that stand in a file."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from ...hw_specs.model import Arch
from ...ir.mapping import Mapping
from ...ir.text import Diagnostic, label_at
from ...ir.text.grammar import near_name
from ...ir.workload import Op, Workload
from ..constraints import check
from ..load import load_mappings, load_workload
from ..model.evaluate import evaluate
from ..model.why import explain_mappings
from ..report.json_text import cost_json
from ..report.terminal import print_cost
from ..report.why import why_json, why_text
from .options import hw_option, json_option, read_arch, set_option

_workload_option = click.option(
    "--workload", required=True, metavar="NEST", help="The `.nest` text with the ops."
)


@click.command("eval")
@click.argument("mappings", metavar="MAP", type=click.Path(path_type=Path))
@_workload_option
@hw_option
@set_option
@json_option
@click.option(
    "--why", metavar="MEMORY.TENSOR", help="Say which loops make this tensor's traffic there."
)
def eval_command(
    mappings: Path,
    workload: str,
    hw: str,
    parameters: tuple[str, ...],
    as_json: bool,
    why: str | None,
) -> int:
    """Cost and access counts of the mappings in MAP."""
    arch = read_arch(hw, parameters)
    pairs = list(_pairs(load_mappings(mappings), load_workload(workload), arch))
    if why is not None:
        sys.stdout.write(_explain(pairs, arch, why, as_json=as_json))
        return 0
    costs = [(op, evaluate(mapping, op, arch)) for mapping, op in pairs]
    if as_json:
        ops = [{"name": op.name, "cost": cost_json(cost)} for op, cost in costs]
        sys.stdout.write(json.dumps({"ops": ops}, indent=2) + "\n")
        return 0
    for op, cost in costs:
        print_cost(op.name, cost)
    return 0


def _explain(pairs: list[tuple[Mapping, Op]], arch: Arch, subject: str, *, as_json: bool) -> str:
    """Why the traffic of `MEMORY.TENSOR` is what it is, for each op that keeps the tensor there."""
    found = explain_mappings(pairs, arch, subject)
    if as_json:
        return json.dumps({"why": [why_json(one) for one in found]}, indent=2) + "\n"
    text = "\n".join(why_text(one) for one in found)
    encoding = sys.stdout.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


@click.command("check")
@click.argument("mappings", metavar="MAP", type=click.Path(path_type=Path))
@_workload_option
@hw_option
@set_option
@json_option
def check_command(
    mappings: Path, workload: str, hw: str, parameters: tuple[str, ...], as_json: bool
) -> int:
    """Whether the mappings in MAP are legal; exit status 1 when one is not."""
    arch = read_arch(hw, parameters)
    pairs = _pairs(load_mappings(mappings), load_workload(workload), arch)
    found = [violation for mapping, op in pairs for violation in check(mapping, op, arch)]
    if as_json:
        rows = [
            {"rule": v.rule, "at": None if v.at is None else str(v.at), "message": v.message}
            for v in found
        ]
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
    else:
        for violation in found:
            click.echo(violation.diagnostic(), err=True)
        click.echo(f"{len(found)} violations" if found else "legal")
    return 1 if found else 0


def _pairs(
    mappings: tuple[Mapping, ...], workload: Workload, arch: Arch
) -> Iterator[tuple[Mapping, Op]]:
    """Each mapping with its op.

    Raises:
        Diagnostic: a mapping is of another workload or an unknown op, or for another chip.
    """
    for mapping in mappings:
        name, op = mapping.op
        if name and name != workload.name:  # `of op` alone leaves the workload open
            raise Diagnostic(
                f"the mapping is of workload `{name}`, the text holds `{workload.name}`",
                label_at(mapping.at),
            )
        if op not in workload.ops:
            raise Diagnostic(
                f"workload `{name}` has no op `{op}`",
                label_at(mapping.at),
                help=near_name(op, workload.ops),
            )
        if mapping.arch != arch.name:
            raise Diagnostic(
                f"the mapping is for chip `{mapping.arch}`, not for `{arch.name}`",
                label_at(mapping.at),
                help=f"give `--hw {mapping.arch}`, or write `on {arch.name}`",
            )
        yield mapping, workload.ops[op]
