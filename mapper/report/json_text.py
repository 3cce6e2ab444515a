"""The report as JSON, schema `tilewright-report/1` (`schema.json` beside this file).

Keys stand in a fixed order, and characters beyond ASCII are escaped. A float is written with the
shortest digits that read back to the same number; no value is NaN or infinite.
"""

from __future__ import annotations

import json
from typing import Any

from ...ir.footprint import op_bytes
from ...ir.functions import macs
from ...ir.kind import op_kind
from ..model.cost import Cost
from ..result import Certificate, Entry, NotMapped
from .annotate import mapping_text
from .report import Report

SCHEMA = "tilewright-report/1"


def to_json(report: Report) -> str:
    """The report as JSON text.

    Raises:
        ValueError: a cost is NaN or infinite.
    """
    return json.dumps(report_object(report), indent=1, allow_nan=False) + "\n"


def report_object(report: Report) -> dict[str, Any]:
    """The report as what `json` writes: dicts, lists, text and numbers."""
    return {
        "schema": SCHEMA,
        "tool_version": report.tool_version,
        "model": report.model,
        "hardware": report.hardware.name,
        "parameters": report.hardware.parameters,
        "clock_hz": report.hardware.clock_hz,
        "objective": report.objective.value,
        "seed": report.seed,
        "seconds": report.seconds,
        "interrupted": report.interrupted,
        "totals": _totals(report),
        "ops": [_entry(entry, report) for entry in report.entries],
        "not_mapped": [_not_mapped(item) for item in report.not_mapped],
    }


def cost_json(cost: Cost) -> dict[str, Any]:
    """A cost as it stands in the report and in the output of `eval`."""
    return {
        "energy_pj": cost.energy_pj,
        "cycles": cost.cycles,
        "edp": cost.edp,
        "utilization": cost.utilization,
        "memories": {
            path: {
                tensor: {
                    "reads": traffic.reads,
                    "fills": traffic.fills,
                    "updates": traffic.updates,
                    "drains": traffic.drains,
                    "energy_pj": traffic.energy_pj,
                }
                for tensor, traffic in tensors.items()
            }
            for path, tensors in cost.memories.items()
        },
        "compute_pj": cost.compute_pj,
        "network_pj": cost.network_pj,
        "leakage_pj": cost.leakage_pj,
        "bound_by": cost.bound_by,
        "latency_cycles": cost.latency_cycles,
        "startup_cycles": cost.startup_cycles,
        "drain_cycles": cost.drain_cycles,
        "skew_cycles": cost.skew_cycles,
        "terms": [{"term": term.term, "cycles": term.cycles} for term in cost.terms],
        "nets": cost.nets,
        "padding_share": cost.padding_share,
    }


def _totals(report: Report) -> dict[str, Any]:
    return {
        "energy_pj": report.energy_pj,
        "cycles": report.cycles,
        "edp": report.edp,
        "macs": report.macs,
        "bytes": report.bytes,
        "utilization": report.utilization,
        "seconds_per_run": report.seconds_per_run,
        "macs_not_mapped": report.macs_not_mapped,
        "macs_not_mapped_share": report.macs_not_mapped_share,
        "bytes_not_mapped": report.bytes_not_mapped,
        "bytes_not_mapped_share": report.bytes_not_mapped_share,
        "certificates": {status.value: n for status, n in report.certificates.items()},
    }


def _entry(entry: Entry, report: Report) -> dict[str, Any]:
    op = entry.result.op
    return {
        "name": op.name,
        "kind": op_kind(op),
        "count": entry.count,
        "macs": macs(op),
        "bytes": op_bytes(op),
        "cost": cost_json(entry.result.cost),
        "certificate": _certificate(entry.result.certificate),
        "mapping": mapping_text(entry.result, report.hardware),
        "names": list(entry.names),
        "source": op.source,
        "dims": op.extents,
    }


def _certificate(certificate: Certificate) -> dict[str, Any]:
    return {
        "status": certificate.status.value,
        "lower_bound": certificate.lower_bound,
        "gap": certificate.gap,
        "space": certificate.space,
        "mapspace_size": certificate.mapspace_size,
        "evaluated": certificate.evaluated,
        "seconds": certificate.seconds,
    }


def _not_mapped(item: NotMapped) -> dict[str, Any]:
    return {
        "name": item.name,
        "kind": item.kind,
        "why": item.why,
        "macs": item.macs,
        "bytes": item.bytes,
        "count": item.count,
        "explanation": item.explanation,
    }
