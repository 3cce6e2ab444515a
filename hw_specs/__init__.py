"""Hardware: the `.hw` language, the chips written in it, and their graphs."""

from .load import arch_names, load_arch, read_arch
from .model import Arch

__all__ = ["Arch", "arch_names", "load_arch", "read_arch"]
