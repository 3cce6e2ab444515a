"""What makes a mapping legal on a chip: one family of rules a file, and the check over all."""

from .check import check, check_nest
from .violation import Violation

__all__ = ["Violation", "check", "check_nest"]
