"""Tiles: what the lines of a nest say about extents, and how many words a set of boxes covers."""

from __future__ import annotations

from .jit import kernel
from .problem import CELLS, COUNT, EITHER, FOR, KEEP, KIND, PLACE, SUBJECT, Problem, Work
from .record import Ints


@kernel
def scan(problem: Problem, lines: Ints, n: int, work: Work) -> None:
    """Read the lines once: tiles of loops and keeps, trips above each line, the chains of keeps.

    Extent of a dim at a line = product of the trips of its loops below; extent of an axis =
    1 + sum |coef| * (extent - 1); volume = product of the axes' extents, a bounding box.
    """
    dims = problem.dims
    extent = work.extent
    for dim in range(dims):
        extent[dim] = 1
    for at in range(n - 1, -1, -1):
        if lines[at, KIND] == KEEP:
            _set_box(problem, lines[at, SUBJECT], extent, at, work)
        else:
            work.tile[at] = extent[lines[at, SUBJECT]]
            extent[lines[at, SUBJECT]] *= lines[at, COUNT]
    _scan_down(problem, lines, n, work)


@kernel
def _set_box(problem: Problem, operand: int, extent: Ints, at: int, work: Work) -> None:
    volume = 1
    for axis in range(problem.tensor_axes):
        span = 1
        for dim in range(problem.dims):
            span += abs(problem.coef[operand, axis, dim]) * (extent[dim] - 1)
        work.box[at, axis] = span
        volume *= span
    work.volume[at] = volume


@kernel
def _scan_down(problem: Problem, lines: Ints, n: int, work: Work) -> None:
    for operand in range(problem.operands):
        work.holds[operand] = 0
    for axis in range(problem.axes):
        work.lanes[axis] = 1
    work.par_count = 0
    time, space = 1, 1
    for at in range(n):
        work.time_above[at] = time
        work.lanes_above[at] = space
        if lines[at, KIND] == KEEP:
            operand = lines[at, SUBJECT]
            work.hold[operand, work.holds[operand]] = at
            work.holds[operand] += 1
        elif lines[at, KIND] == FOR:
            time *= lines[at, COUNT]
        elif lines[at, COUNT] > 1:
            work.pars[work.par_count] = at
            work.par_count += 1
            space *= lines[at, COUNT]
            work.lanes[lines[at, PLACE]] *= lines[at, COUNT]
    work.time_above[n] = time
    work.lanes_above[n] = space
    for operand in range(problem.operands):
        work.hold[operand, work.holds[operand]] = n


@kernel
def place_of(problem: Problem, lines: Ints, n: int, at: int) -> int:
    """Position in the chip's chain of the memory kept in at a line; of the unit past the last."""
    place: int = problem.unit_place if at == n else problem.memory_place[lines[at, PLACE]]
    return place


@kernel
def inner_loop(problem: Problem, operand: int, lines: Ints, above: int) -> int:
    """l*: the innermost relevant loop in time above a line, -1 without one."""
    for at in range(above - 1, -1, -1):
        if (
            lines[at, KIND] == FOR
            and lines[at, COUNT] > 1
            and problem.relevant[operand, lines[at, SUBJECT]]
        ):
            return at
    return -1


@kernel
def union_of_boxes(
    problem: Problem,
    lines: Ints,
    first: int,
    last: int,
    moving: int,
    child: int,
    kinds: int,
    work: Work,
    room: Ints,
) -> int:
    """Words of the output that a child's tiles cover together.

    The tiles are those of the relevant loops of lines `first` to `last` (exclusive) that are in
    time, in space, or either (`kinds`), and of the loop at line `moving` when that is not -1;
    `child` is the line of the child's keep, or -1 for single words. Returns -1 when it would have
    to enumerate too much.
    """
    count = _gather(problem, lines, first, last, moving, kinds, work)
    if not problem.lone:
        return _union_together(problem, lines, count, child, work, room[CELLS])
    output, words = problem.operands - 1, 1
    for axis in range(problem.tensor_axes):
        used = 0
        for index in range(count):
            at = work.loops[index]
            stride = problem.coef[output, axis, lines[at, SUBJECT]] * work.tile[at]
            if stride != 0:
                work.strides[used] = abs(stride)
                work.trips[used] = lines[at, COUNT]
                used += 1
        extent = 1 if child < 0 else work.box[child, axis]
        covered = cover(work.strides, work.trips, used, extent, room[CELLS])
        if covered < 0:
            return -1
        words *= covered
    return words


@kernel
def _gather(
    problem: Problem, lines: Ints, first: int, last: int, moving: int, kinds: int, work: Work
) -> int:
    """Put the loops of `union_of_boxes` into `work.loops`; returns how many there are."""
    output, count = problem.operands - 1, 0
    if moving >= 0:
        work.loops[count] = moving
        count += 1
    for at in range(first, last):
        kind = lines[at, KIND]
        if kind == KEEP or lines[at, COUNT] == 1 or (kinds != EITHER and kind != kinds):
            continue
        if problem.relevant[output, lines[at, SUBJECT]]:
            work.loops[count] = at
            count += 1
    return count


@kernel
def cover(strides: Ints, trips: Ints, count: int, extent: int, cells: Ints) -> int:
    """|{sum of strides * i} + [0, extent)|, each i from 0 to its trips - 1.

    Sorted by stride, each loop either continues an unbroken interval or repeats all that is there
    at a distance; what does neither is marked word by word. Returns -1 when that is too much.
    """
    _sort_by_stride(strides, trips, count)
    size, span, whole = extent, extent, True
    for index in range(count):
        reach = strides[index] * (trips[index] - 1)
        if whole and strides[index] <= span:
            size += reach
        elif strides[index] >= span:
            size, whole = size * trips[index], False
        else:
            return _cover_cells(strides, trips, count, extent, cells)
        span += reach
    return size


@kernel
def _sort_by_stride(strides: Ints, trips: Ints, count: int) -> None:
    for index in range(1, count):
        stride, trip, at = strides[index], trips[index], index
        while at > 0 and strides[at - 1] > stride:
            strides[at], trips[at] = strides[at - 1], trips[at - 1]
            at -= 1
        strides[at], trips[at] = stride, trip


@kernel
def _cover_cells(strides: Ints, trips: Ints, count: int, extent: int, cells: Ints) -> int:
    span = extent
    for index in range(count):
        span += strides[index] * (trips[index] - 1)
    if span > len(cells):
        return -1
    for cell in range(span):
        cells[cell] = 1 if cell < extent else 0
    for index in range(count):
        _repeat(cells, span, strides[index], trips[index])
    return _count_marked(cells, span)


@kernel
def _repeat(cells: Ints, span: int, stride: int, trips: int) -> None:
    """Mark every cell that lies 0 to trips - 1 strides behind a marked one."""
    for cell in range(span):
        left = cells[cell - stride] - 1 if cell >= stride else 0
        cells[cell] = trips if cells[cell] > 0 else max(0, left)
    for cell in range(span):
        cells[cell] = 1 if cells[cell] > 0 else 0


@kernel
def _count_marked(cells: Ints, span: int) -> int:
    marked = 0
    for cell in range(span):
        marked += cells[cell]
    return marked


@kernel
def _union_together(
    problem: Problem, lines: Ints, count: int, child: int, work: Work, cells: Ints
) -> int:
    """The union when a dim moves a tile on two axes at once: marked cell by cell.

    The cells are the words of the bounding box in row-major order, so a step of a loop is one
    distance in that order; a loop that goes backwards covers the same as its mirror image.
    """
    output, axes = problem.operands - 1, problem.tensor_axes
    size = 1
    for index in range(count):
        work.strides[index] = 0
    for axis in range(axes - 1, -1, -1):
        extent = 1 if child < 0 else work.box[child, axis]
        for index in range(count):
            at = work.loops[index]
            step = problem.coef[output, axis, lines[at, SUBJECT]] * work.tile[at]
            work.strides[index] += step * size
            extent += abs(step) * (lines[at, COUNT] - 1)
        work.rows[axis] = size
        size *= extent
        if size > len(cells):
            return -1
    for cell in range(size):
        cells[cell] = 0
    _mark_box(child, _first_corner(problem, lines, count, work), axes, work, cells)
    for index in range(count):
        trips = lines[work.loops[index], COUNT]
        _repeat(cells, size, abs(work.strides[index]), trips)
    return _count_marked(cells, size)


@kernel
def _first_corner(problem: Problem, lines: Ints, count: int, work: Work) -> int:
    """The cell from which every loop, mirrored to go forwards, stays inside the bounding box."""
    output, corner = problem.operands - 1, 0
    for axis in range(problem.tensor_axes):
        for index in range(count):
            at = work.loops[index]
            step = problem.coef[output, axis, lines[at, SUBJECT]] * work.tile[at]
            if work.strides[index] < 0:
                step = -step
            corner += max(0, -step) * (lines[at, COUNT] - 1) * work.rows[axis]
    return corner


@kernel
def _mark_box(child: int, corner: int, axes: int, work: Work, cells: Ints) -> None:
    volume = 1 if child < 0 else work.volume[child]
    for word in range(volume):
        cell, rest = corner, word
        for axis in range(axes - 1, -1, -1):
            extent = 1 if child < 0 else work.box[child, axis]
            cell += (rest % extent) * work.rows[axis]
            rest //= extent
        cells[cell] = 1
