"""Steps of a search through a mapspace, compiled: start, change, write out as lines."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from ...ir.text import Diagnostic, label_at
from ..model.jit import kernel
from ..model.problem import AXES, COUNT, DIMS, FOR, KEEP, KIND, LINES, OPERANDS, PAR, PLACE, SUBJECT
from ..model.record import Ints, new_record
from ..space.codec import KEEP_SLOT, LANE_SLOT, Candidate, Codec
from ..space.mapspace import KeepSlot

SLOTS = 64
PRIMES = 16  # distinct prime factors: 2 * 3 * ... * 53 is more than 2^60
FREE_KEEPS = 64


class Space:
    """A codec's arrays, and what the cost model calls their memories and axes.

    Attributes:
        slots, dims, operands: how many there are.
        kind, limit, axis, axis_extent, extents, primes, allowed, must: see `codec.Codec`.
        memory: index of a keep slot's memory in the problem, else -1.
        lane: index of each axis of the codec in the problem.
        toggles, toggle_count: (slot, operand) of every free keep.
        movable, movable_count: dims that have prime factors to move.
        orders, order_count: slots in which the order of loops can matter.
    """

    slots: int
    dims: int
    operands: int
    kind: Annotated[Ints, (SLOTS,)]
    limit: Annotated[Ints, (SLOTS,)]
    axis: Annotated[Ints, (SLOTS,)]
    axis_extent: Annotated[Ints, (AXES,)]
    extents: Annotated[Ints, (DIMS,)]
    primes: Annotated[Ints, (DIMS, PRIMES)]
    prime_count: int
    allowed: Annotated[Ints, (SLOTS, DIMS)]
    must: Annotated[Ints, (SLOTS, OPERANDS)]
    memory: Annotated[Ints, (SLOTS,)]
    lane: Annotated[Ints, (AXES,)]
    toggles: Annotated[Ints, (FREE_KEEPS, 2)]
    toggle_count: int
    movable: Annotated[Ints, (DIMS,)]
    movable_count: int
    orders: Annotated[Ints, (SLOTS,)]
    order_count: int


class State:
    """A candidate: `codec.Candidate`'s arrays, and the lanes taken on each axis."""

    factors: Annotated[Ints, (SLOTS, DIMS)]
    order: Annotated[Ints, (SLOTS, DIMS)]
    keep: Annotated[Ints, (SLOTS, OPERANDS)]
    lanes: Annotated[Ints, (AXES,)]


def make_space(codec: Codec, memories: dict[str, int], axes: dict[str, int]) -> Space:
    """The arrays of a codec; `memories` and `axes` number them as the cost model does.

    Raises:
        Diagnostic: the chip or its dataflow has more places for loops than the search holds.
    """
    slots = codec.space.slots
    toggles = np.argwhere(codec.may)
    if len(slots) > SLOTS or len(toggles) > FREE_KEEPS:
        raise Diagnostic(
            f"the mapspace of `{codec.space.op.name}` has {len(slots)} slots and "
            f"{len(toggles)} free keeps; the search holds {SLOTS} and {FREE_KEEPS}",
            label_at(codec.space.op.at),
            help="name fewer levels in the dataflow, or fix who is kept with `keep` and `bypass`",
        )
    space = new_record(Space)
    space.slots, space.dims, space.operands = len(slots), len(codec.dims), len(codec.operands)
    space.prime_count = codec.primes.shape[1]
    memory = [memories[s.memory.path] if isinstance(s, KeepSlot) else -1 for s in slots]
    places = codec.allowed.sum(axis=0)
    movable = np.flatnonzero((codec.extents > 1) & (places > 1))
    orders = np.flatnonzero(codec.allowed.sum(axis=1) > 1)
    space.toggle_count, space.movable_count = len(toggles), len(movable)
    space.order_count = len(orders)
    for room, values in (
        (space.kind, codec.kind),
        (space.limit, codec.limit),
        (space.axis, codec.axis),
        (space.axis_extent, codec.axis_extent),
        (space.extents, codec.extents),
        (space.memory, np.array(memory)),
        (space.lane, np.array([axes[axis] for axis in codec.axes], np.int64)),
        (space.movable, movable),
        (space.orders, orders),
    ):
        room[: len(values)] = values
    for table, rows in (
        (space.primes, codec.primes),
        (space.allowed, codec.allowed),
        (space.must, codec.must),
        (space.toggles, toggles),
    ):
        table[: rows.shape[0], : rows.shape[1]] = rows
    return space


def read_candidate(space: Space, state: State) -> Candidate:
    """The candidate in a state."""
    slots, dims = slice(space.slots), slice(space.dims)
    return Candidate(
        state.factors[slots, dims].copy(),
        state.order[slots, dims].copy(),
        state.keep[slots, : space.operands].astype(np.bool_),
    )


@kernel
def copy_state(space: Space, source: State, target: State) -> None:
    """Make `target` equal to `source`."""
    for slot in range(space.slots):
        for dim in range(space.dims):
            target.factors[slot, dim] = source.factors[slot, dim]
            target.order[slot, dim] = source.order[slot, dim]
        for operand in range(space.operands):
            target.keep[slot, operand] = source.keep[slot, operand]
    for axis in range(AXES):
        target.lanes[axis] = source.lanes[axis]


@kernel
def start(space: Space, state: State) -> bool:
    """Begin with all loops in the outermost slot that takes them, then fill lanes at random.

    The tiles are single points then, which fit every memory. Returns False when a dim has no slot,
    or only slots that cannot hold all of it.
    """
    state.factors[:] = 1
    state.lanes[:] = 1
    for slot in range(space.slots):
        for dim in range(space.dims):
            state.order[slot, dim] = dim
        for dim in range(space.dims - 1, 0, -1):
            _swap(state, slot, dim, np.random.randint(dim + 1))
        for operand in range(space.operands):
            state.keep[slot, operand] = space.must[slot, operand]
    for toggle in range(space.toggle_count):
        kept = 1 if np.random.random() < 0.7 else 0
        state.keep[space.toggles[toggle, 0], space.toggles[toggle, 1]] = kept
    for dim in range(space.dims):
        if space.extents[dim] > 1 and not _place_outermost(space, state, dim):
            return False
    for _ in range(40 * space.movable_count):
        _fill_lanes(space, state)
    return True


@kernel
def _place_outermost(space: Space, state: State, dim: int) -> bool:
    """Put each prime factor of a dim into the outermost slot that still takes it."""
    left = space.extents[dim]
    for number in range(space.prime_count):
        prime = space.primes[dim, number]
        while prime > 1 and left % prime == 0:
            slot = 0
            while slot < space.slots and not _fits(space, state, dim, slot, prime):
                slot += 1
            if slot == space.slots:
                return False
            _multiply(space, state, dim, slot, prime)
            left //= prime
    return True


@kernel
def _fits(space: Space, state: State, dim: int, slot: int, prime: int) -> bool:
    """Whether a slot takes one more prime factor of a dim."""
    if not space.allowed[slot, dim]:
        return False
    if state.factors[slot, dim] * prime > space.limit[slot]:
        return False
    axis = space.axis[slot]
    free: bool = axis < 0 or state.lanes[axis] * prime <= space.axis_extent[axis]
    return free


@kernel
def _multiply(space: Space, state: State, dim: int, slot: int, prime: int) -> None:
    state.factors[slot, dim] *= prime
    if space.axis[slot] >= 0:
        state.lanes[space.axis[slot]] *= prime


@kernel
def _divide(space: Space, state: State, dim: int, slot: int, prime: int) -> None:
    state.factors[slot, dim] //= prime
    if space.axis[slot] >= 0:
        state.lanes[space.axis[slot]] //= prime


@kernel
def _fill_lanes(space: Space, state: State) -> None:
    """Move one prime factor of a random dim from a loop in time to a random lane slot."""
    slot = np.random.randint(space.slots)
    if space.kind[slot] != LANE_SLOT:
        return
    dim = space.movable[np.random.randint(space.movable_count)]
    for source in range(space.slots):
        if space.kind[source] != LANE_SLOT and state.factors[source, dim] > 1:
            prime = _some_prime(space, dim, state.factors[source, dim])
            if _fits(space, state, dim, slot, prime):
                _divide(space, state, dim, source, prime)
                _multiply(space, state, dim, slot, prime)
            return


@kernel
def _some_prime(space: Space, dim: int, factor: int) -> int:
    """A random prime divisor of a factor of a dim's extent that is larger than 1."""
    at = np.random.randint(space.prime_count)
    while space.primes[dim, at] == 0 or factor % space.primes[dim, at] != 0:
        at = (at + 1) % space.prime_count
    prime: int = space.primes[dim, at]
    return prime


@kernel
def change(space: Space, state: State) -> None:
    """One random step; a step that is not possible leaves the state as it is."""
    choice = np.random.random()
    if choice < 0.62 and space.movable_count > 0:
        _move_factor(space, state)
        if np.random.random() < 0.4:
            _move_factor(space, state)
    elif choice < 0.88 and space.order_count > 0:
        _swap_loops(space, state)
    elif space.toggle_count > 0:
        toggle = np.random.randint(space.toggle_count)
        slot, operand = space.toggles[toggle, 0], space.toggles[toggle, 1]
        state.keep[slot, operand] = 1 - state.keep[slot, operand]


@kernel
def _move_factor(space: Space, state: State) -> None:
    """Move a prime factor of a random dim from one random slot to another."""
    slots = space.slots
    dim = space.movable[np.random.randint(space.movable_count)]
    source = np.random.randint(slots)
    while state.factors[source, dim] == 1:
        source = (source + 1) % slots
    target = np.random.randint(slots)
    while target == source or not space.allowed[target, dim]:
        target = (target + 1) % slots
    prime = _some_prime(space, dim, state.factors[source, dim])
    _divide(space, state, dim, source, prime)
    if _fits(space, state, dim, target, prime):
        _multiply(space, state, dim, target, prime)
    else:
        _multiply(space, state, dim, source, prime)


@kernel
def _swap_loops(space: Space, state: State) -> None:
    slot = space.orders[np.random.randint(space.order_count)]
    _swap(state, slot, np.random.randint(space.dims), np.random.randint(space.dims))


@kernel
def _swap(state: State, slot: int, a: int, b: int) -> None:
    first = state.order[slot, a]
    state.order[slot, a] = state.order[slot, b]
    state.order[slot, b] = first


@kernel
def write_lines(space: Space, state: State, lines: Ints) -> int:
    """The candidate as the cost model's lines; how many there are, or -1 if it has too many."""
    n = 0
    for slot in range(space.slots):
        if n + space.operands + space.dims > LINES:
            return -1
        if space.kind[slot] == KEEP_SLOT:
            for operand in range(space.operands):
                if state.keep[slot, operand]:
                    _write(lines, n, KEEP, operand, 1, space.memory[slot])
                    n += 1
            continue
        in_space = space.kind[slot] == LANE_SLOT
        kind, place = FOR, -1
        if in_space:
            kind, place = PAR, space.lane[space.axis[slot]]
        for number in range(space.dims):
            dim = state.order[slot, number]
            if state.factors[slot, dim] > 1:
                _write(lines, n, kind, dim, state.factors[slot, dim], place)
                n += 1
    return n


@kernel
def _write(lines: Ints, at: int, kind: int, subject: int, count: int, place: int) -> None:
    lines[at, KIND] = kind
    lines[at, SUBJECT] = subject
    lines[at, COUNT] = count
    lines[at, PLACE] = place
