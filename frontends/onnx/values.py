"""Views: where the elements of an ONNX value stand, as affine indices into a tensor.

Moving data about (transpose, slice, squeeze, expand, most reshapes) changes only the indices, so
that no op is needed for it. A dim named "0" is the value's own axis 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

from ...ir.affine import Affine, add, dim, scale, substitute
from ...ir.workload import Access
from .refusal import NotAffine

Index = Affine | Access


@dataclass(frozen=True, slots=True)
class View:
    """Element `[i0, i1, ...]` of a value is `tensor[index]`, index over dims "0", "1", ...

    Attributes:
        shape: of the value.
        pad: what an element outside the tensor is; None where no element is outside.
    """

    tensor: str
    index: tuple[Affine, ...]
    shape: tuple[int, ...]
    pad: str | None = None


def axis(position: int) -> Affine:
    """The index that is the value's own axis."""
    return dim(str(position))


def whole(tensor: str, shape: tuple[int, ...]) -> View:
    """A tensor seen as it is."""
    return View(tensor, tuple(axis(i) for i in range(len(shape))), shape)


def at(view: View, index: Sequence[Affine]) -> Access:
    """The access that reads the element of a view at an index (one expression per axis)."""
    return Access(view.tensor, _substituted(view, index))


def refuse_rank(view: View, given: int) -> None:
    """Refuses an index of another length than a value's rank."""
    if given != len(view.shape):
        raise NotAffine(f"{given} indices into a value with {len(view.shape)} axes")


def element(view: View, index: Sequence[Index]) -> Access:
    """As `at`, where an index may itself be an access.

    An axis of the view that is read indirectly must be a whole axis of its tensor.
    """
    refuse_rank(view, len(index))
    places: list[Index] = []
    for expression in view.index:
        inner = [(d, c) for d, c in expression.terms if isinstance(index[int(d)], Access)]
        if not inner:
            affine = {d: i for d, i in _named(index) if isinstance(i, Affine)}
            places.append(substitute(expression, affine))
            continue
        assert expression == dim(inner[0][0])  # `Builder.plain` has seen to it
        places.append(index[int(inner[0][0])])
    return Access(view.tensor, tuple(places))


def _named(index: Sequence[Index]) -> list[tuple[str, Index]]:
    return [(str(position), i) for position, i in enumerate(index)]


def moved(view: View, index: Sequence[Affine], shape: tuple[int, ...]) -> View:
    """The value of `shape` whose element is the view's element at `index`."""
    return replace(view, index=_substituted(view, index), shape=shape)


def _substituted(view: View, index: Sequence[Affine]) -> tuple[Affine, ...]:
    refuse_rank(view, len(index))
    values = {str(i): expression for i, expression in enumerate(index)}
    # A bare axis, which most are, is replaced without doing the sum.
    return tuple(
        values[i.terms[0][0]]
        if i.const == 0 and len(i.terms) == 1 and i.terms[0][1] == 1
        else substitute(i, values)
        for i in view.index
    )


def transpose(view: View, order: Sequence[int]) -> View:
    """Axis `i` of the result is axis `order[i]`."""
    if sorted(order) != list(range(len(view.shape))):
        raise NotAffine(f"{list(order)} is no order of {len(view.shape)} axes")
    place = {old: new for new, old in enumerate(order)}
    index = [axis(place[old]) for old in range(len(view.shape))]
    return moved(view, index, tuple(view.shape[old] for old in order))


def cut(view: View, position: int, start: int, extent: int, step: int = 1) -> View:
    """`extent` elements along one axis, from `start`, `step` apart (may be negative)."""
    index = [axis(i) for i in range(len(view.shape))]
    index[position] = add(scale(axis(position), step), Affine((), start))
    shape = (*view.shape[:position], extent, *view.shape[position + 1 :])
    return moved(view, index, shape)


def broadcast(view: View, shape: tuple[int, ...]) -> View:
    """NumPy broadcasting: new axes in front, axes of extent 1 repeated."""
    lead = len(shape) - len(view.shape)
    ends = shape[max(lead, 0) :]
    if lead < 0 or any(n not in (1, m) for n, m in zip(view.shape, ends, strict=True)):
        raise NotAffine(f"{list(view.shape)} does not broadcast to {list(shape)}")
    index = [
        Affine() if extent == 1 != shape[lead + i] else axis(lead + i)
        for i, extent in enumerate(view.shape)
    ]
    return moved(view, index, shape)


def is_whole(view: View, tensor_shape: tuple[int, ...]) -> bool:
    """Whether the value is the tensor as it is stored."""
    return view.pad is None and view == whole(view.tensor, tensor_shape)


def permutation(view: View, tensor_shape: tuple[int, ...]) -> tuple[int | None, ...] | None:
    """For each axis of the value the tensor's axis it is, None for an axis of extent 1.

    None when the view is more than a reordering of all of the tensor's axes.
    """
    source: dict[str, int] = {}
    for position, (index, extent) in enumerate(zip(view.index, tensor_shape, strict=True)):
        if extent == 1 and index == Affine():
            continue
        if not (len(index.terms) == 1 and index.const == 0):
            return None
        name, coefficient = index.terms[0]
        if coefficient != 1 or name in source or view.shape[int(name)] != extent:
            return None
        source[name] = position
    found = tuple(source.get(str(i)) for i in range(len(view.shape)))
    if any(place is None and n != 1 for place, n in zip(found, view.shape, strict=True)):
        return None
    return None if view.pad is not None else found


# ---- reshape --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Retiling:
    """A reshaped view before its tensor has a name.

    Attributes:
        tensor_shape: the shape in which the tensor's bytes must be seen for `index` to hold.
    """

    tensor_shape: tuple[int, ...]
    index: tuple[Affine, ...]


def reshape(view: View, tensor_shape: tuple[int, ...], shape: tuple[int, ...]) -> Retiling | None:
    """The view in another shape, row-major; None when its elements would have to move.

    Axes are handled in groups of equal product. A group that is a run of whole axes of the tensor
    is cut anew there, so that the tensor is seen in another shape; other single axes are split by
    an affine index (`64*h + e`).
    """
    if view.pad is not None:
        return None
    substitution: dict[str, Affine] = {}
    runs: dict[int, _Run] = {}
    for old, new in _groups(view.shape, shape):
        run = _run_of(view, tensor_shape, old, [(n, shape[n]) for n in new])
        if run is not None:
            runs[run.first] = run
        elif len(old) == 1:
            substitution[str(old[0])] = _mixed_radix([(n, shape[n]) for n in new])
        elif not _absent(view, old):
            return None
    # Axes of extent 1 that are in no group are at 0.
    in_group = {str(a) for old, _ in _groups(view.shape, shape) for a in old}
    substitution |= {str(a): Affine() for a in range(len(view.shape)) if str(a) not in in_group}
    return _assemble(view, tensor_shape, runs, substitution)


@dataclass(frozen=True, slots=True)
class _Run:
    """Axes `first` to `last` of the tensor, cut anew."""

    first: int
    last: int
    extents: tuple[int, ...]
    index: tuple[Affine, ...]


def _assemble(
    view: View,
    tensor_shape: tuple[int, ...],
    runs: Mapping[int, _Run],
    substitution: Mapping[str, Affine],
) -> Retiling:
    extents: list[int] = []
    index: list[Affine] = []
    position = 0
    while position < len(tensor_shape):
        run = runs.get(position)
        if run is None:
            extents.append(tensor_shape[position])
            index.append(substitute(view.index[position], substitution))
            position += 1
        else:
            extents += run.extents
            index += run.index
            position = run.last + 1
    return Retiling(tuple(extents), tuple(index))


def _groups(old: tuple[int, ...], new: tuple[int, ...]) -> list[tuple[list[int], list[int]]]:
    """Smallest groups of consecutive axes (extent > 1) with equal products."""
    left = [i for i, n in enumerate(old) if n != 1]
    right = [i for i, n in enumerate(new) if n != 1]
    out: list[tuple[list[int], list[int]]] = []
    while left and right:
        a, b = [left.pop(0)], [right.pop(0)]
        size_a, size_b = old[a[0]], new[b[0]]
        while size_a != size_b:
            if size_a < size_b:
                a.append(left.pop(0))
                size_a *= old[a[-1]]
            else:
                b.append(right.pop(0))
                size_b *= new[b[-1]]
        out.append((a, b))
    return out


def _mixed_radix(parts: Sequence[tuple[int, int]]) -> Affine:
    """The position in a row-major group of (axis, extent)."""
    out = Affine()
    for place, (name, _) in enumerate(parts):
        stride = prod(extent for _, extent in parts[place + 1 :])
        out = add(out, scale(axis(name), stride))
    return out


def _absent(view: View, axes: Sequence[int]) -> bool:
    names = {str(a) for a in axes}
    return not any(name in names for index in view.index for name in index.dims)


def _run_of(
    view: View,
    tensor_shape: tuple[int, ...],
    old: Sequence[int],
    new: Sequence[tuple[int, int]],
) -> _Run | None:
    """The run of the tensor's axes that a group of the value's axes is, cut into `new`."""
    if len(old) == len(new) == 1:
        return None  # nothing to cut: a plain renaming
    used = [name for index in view.index for name in index.dims]
    places: list[int] = []
    for name in map(str, old):
        found = [p for p, index in enumerate(view.index) if name in index.dims]
        if len(found) != 1 or used.count(name) != 1:
            return None
        index = view.index[found[0]]
        if index.terms != ((name, 1),):
            return None
        places.append(found[0])
    if not _consecutive(view, tensor_shape, old, places):
        return None
    first = view.index[places[0]]
    rest = prod(tensor_shape[p] for p in places[1:])
    total, const = tensor_shape[places[0]] * rest, first.const * rest
    inner = prod(extent for _, extent in new[1:])
    if total % inner or const % inner:
        whole_index = add(_mixed_radix(new), Affine((), const))
        return _Run(places[0], places[-1], (total,), (whole_index,))
    head = add(axis(new[0][0]), Affine((), const // inner))
    extents = (total // inner, *(extent for _, extent in new[1:]))
    return _Run(places[0], places[-1], extents, (head, *(axis(n) for n, _ in new[1:])))


def _consecutive(
    view: View, tensor_shape: tuple[int, ...], old: Sequence[int], places: Sequence[int]
) -> bool:
    """Whether the axes stand in order, all but the first whole, with nothing between them."""
    for before, here, name in zip(places, places[1:], old[1:], strict=False):
        between = range(before + 1, here)
        if here <= before or any(tensor_shape[p] != 1 for p in between):
            return False
        if view.index[here] != axis(name) or tensor_shape[here] != view.shape[name]:
            return False
    return True
