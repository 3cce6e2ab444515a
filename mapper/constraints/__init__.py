"""What makes a mapping legal on a chip: one family of rules a file, and the check over all."""

from ..space.violation import Violation
from .check import check, check_nest

__all__ = ["Violation", "check", "check_nest"]
