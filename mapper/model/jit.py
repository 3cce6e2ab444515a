"""How kernels are compiled: Numba, cached under the hash of every kernel's source.

Numba decides whether a cached kernel is stale from the file that defines it alone, while the
machine code also holds the kernels that it calls. So the cache folder is named by a hash of all
files that define kernels: an edit of any of them starts an empty one.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import njit, types
from numba.core import config

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile a function of records, arrays and scalars: IEEE division, no Python objects."""
    before = config.CACHE_DIR
    # Numba looks at the setting once, when it decorates; a host's own kernels keep theirs.
    config.CACHE_DIR = str(_cache_folder())
    try:
        dispatcher = njit(cache=True, error_model="numpy")(function)
    finally:
        config.CACHE_DIR = before
    resolve = dispatcher.get_call_template

    def by_type(args: tuple[Any, ...], kws: dict[str, Any]) -> Any:
        """Numba would compile a kernel anew for each constant that it is called with."""
        return resolve(
            tuple(map(types.unliteral, args)), {k: types.unliteral(v) for k, v in kws.items()}
        )

    dispatcher.get_call_template = by_type
    return cast(F, dispatcher)


@cache
def _cache_folder() -> Path:
    package = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for folder in ("model", "search"):
        for source in sorted((package / folder).glob("*.py")):
            digest.update(source.read_bytes())
    base = os.environ.get("NUMBA_CACHE_DIR") or _user_cache()
    return Path(base) / f"tilewright-{digest.hexdigest()[:16]}"


def _user_cache() -> Path:
    given = os.environ.get("XDG_CACHE_HOME")
    base = Path(given) if given else Path.home() / ".cache"
    return base / "tilewright" if os.access(Path.home(), os.W_OK) else Path(tempfile.gettempdir())
