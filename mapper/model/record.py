"""Records: many small arrays of fixed shape in one piece of memory, for kernels.

A kernel takes a record as one pointer. A tuple of arrays would be copied, and each array's
reference counted, at every call from kernel to kernel: a hundred times the work of the model.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar, cast, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

R = TypeVar("R")


def new_record(fields: type[R]) -> R:
    """A record of zeros with the fields of an annotated class.

    `int` is an int64, `float` a float64, `Annotated[Ints, shape]` and `Annotated[Floats, shape]`
    are arrays.

    >>> class Point:
    ...     number: int
    ...     place: Annotated[Floats, (2, 3)]
    >>> point = new_record(Point)
    >>> int(point.number), point.place.shape
    (0, (2, 3))
    """
    hints = get_type_hints(fields, include_extras=True)
    layout = np.dtype([(name, *_field(hint)) for name, hint in hints.items()], align=True)
    return cast(R, np.zeros(1, np.dtype((np.record, layout)))[0])


def _field(hint: Any) -> tuple[type, tuple[int, ...]]:
    if get_origin(hint) is Annotated:
        array, shape = get_args(hint)
        return (np.float64 if array == Floats else np.int64), shape
    return (np.float64 if hint is float else np.int64), ()
