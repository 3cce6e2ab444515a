"""Structural truth: what holds of a workload, and of a mapping of one op, on any chip."""

from .mapping import mapping_faults, verify_mapping, verify_mapspace
from .workload import verify_workload

__all__ = ["mapping_faults", "verify_mapping", "verify_mapspace", "verify_workload"]
