"""Steps of a search through a mapspace, compiled: start, change, write out as lines."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..model.jit import kernel
from ..model.problem import COUNT, FOR, KEEP, KIND, PAR, PLACE, SUBJECT, Ints
from ..space.codec import KEEP_SLOT, LANE_SLOT, Codec
from ..space.mapspace import KeepSlot

Flags = NDArray[np.bool_]


class Space(NamedTuple):
    """A codec's arrays, and what the cost model calls their memories and axes.

    Attributes:
        kind, limit, axis, axis_extent, extents, primes, allowed, must: see `codec.Codec`.
        memory: int64[S] - index of a keep slot's memory in the problem, else -1.
        lane: int64[A] - index of each axis of the codec in the problem.
        toggles: int64[F, 2] - (slot, operand) of every free keep.
        movable: int64[D'] - dims that have prime factors to move.
        orders: int64[S'] - slots in which the order of loops can matter.
    """

    kind: Ints
    limit: Ints
    axis: Ints
    axis_extent: Ints
    extents: Ints
    primes: Ints
    allowed: Flags
    must: Flags
    memory: Ints
    lane: Ints
    toggles: Ints
    movable: Ints
    orders: Ints


class State(NamedTuple):
    """A candidate: `codec.Candidate`'s arrays, and the lanes taken on each axis, int64[A]."""

    factors: Ints
    order: Ints
    keep: Flags
    lanes: Ints


def make_space(codec: Codec, memories: dict[str, int], axes: dict[str, int]) -> Space:
    """The arrays of a codec; `memories` and `axes` number them as the cost model does."""
    slots = codec.space.slots
    memory = [memories[s.memory.path] if isinstance(s, KeepSlot) else -1 for s in slots]
    places = codec.allowed.sum(axis=0)
    return Space(
        codec.kind,
        codec.limit,
        codec.axis,
        codec.axis_extent,
        codec.extents,
        codec.primes,
        codec.allowed,
        codec.must,
        np.array(memory, np.int64),
        np.array([axes[axis] for axis in codec.axes], np.int64),
        np.argwhere(codec.may).astype(np.int64),
        np.flatnonzero((codec.extents > 1) & (places > 1)).astype(np.int64),
        np.flatnonzero(codec.allowed.sum(axis=1) > 1).astype(np.int64),
    )


def new_state(space: Space) -> State:
    """Room for a candidate."""
    return State(
        np.ones(space.allowed.shape, np.int64),
        np.zeros(space.allowed.shape, np.int64),
        np.zeros(space.must.shape, np.bool_),
        np.ones(len(space.axis_extent), np.int64),
    )


@kernel
def copy_state(source: State, target: State) -> None:
    """Make `target` equal to `source`."""
    target.factors[:] = source.factors
    target.order[:] = source.order
    target.keep[:] = source.keep
    target.lanes[:] = source.lanes


@kernel
def start(space: Space, state: State) -> bool:
    """Begin with all loops in the outermost slot that takes them, then fill lanes at random.

    The tiles are single points then, which fit every memory. Returns False when a dim has no slot,
    or only slots that cannot hold all of it.
    """
    state.factors[:] = 1
    state.lanes[:] = 1
    state.keep[:] = space.must
    for slot in range(state.order.shape[0]):
        state.order[slot] = np.random.permutation(state.order.shape[1])
    for toggle in range(len(space.toggles)):
        state.keep[space.toggles[toggle, 0], space.toggles[toggle, 1]] = np.random.random() < 0.7
    for dim in range(len(space.extents)):
        if space.extents[dim] > 1 and not _place_outermost(space, state, dim):
            return False
    for _ in range(40 * len(space.movable)):
        _fill_lanes(space, state)
    return True


@kernel
def _place_outermost(space: Space, state: State, dim: int) -> bool:
    """Put each prime factor of a dim into the outermost slot that still takes it."""
    left = space.extents[dim]
    for prime in space.primes[dim]:
        while prime > 1 and left % prime == 0:
            slot = 0
            while slot < len(space.kind) and not _fits(space, state, dim, slot, prime):
                slot += 1
            if slot == len(space.kind):
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
    return axis < 0 or state.lanes[axis] * prime <= space.axis_extent[axis]


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
    slot = np.random.randint(len(space.kind))
    if space.kind[slot] != LANE_SLOT:
        return
    dim = space.movable[np.random.randint(len(space.movable))]
    for source in range(len(space.kind)):
        if space.kind[source] != LANE_SLOT and state.factors[source, dim] > 1:
            prime = _some_prime(space, dim, state.factors[source, dim])
            if _fits(space, state, dim, slot, prime):
                _divide(space, state, dim, source, prime)
                _multiply(space, state, dim, slot, prime)
            return


@kernel
def _some_prime(space: Space, dim: int, factor: int) -> int:
    """A random prime divisor of a factor of a dim's extent that is larger than 1."""
    primes = space.primes.shape[1]
    at = np.random.randint(primes)
    while space.primes[dim, at] == 0 or factor % space.primes[dim, at] != 0:
        at = (at + 1) % primes
    prime: int = space.primes[dim, at]
    return prime


@kernel
def change(space: Space, state: State) -> None:
    """One random step; a step that is not possible leaves the state as it is."""
    choice = np.random.random()
    if choice < 0.62 and len(space.movable) > 0:
        _move_factor(space, state)
        if np.random.random() < 0.4:
            _move_factor(space, state)
    elif choice < 0.88 and len(space.orders) > 0:
        _swap_loops(space, state)
    elif len(space.toggles) > 0:
        toggle = space.toggles[np.random.randint(len(space.toggles))]
        state.keep[toggle[0], toggle[1]] = not state.keep[toggle[0], toggle[1]]


@kernel
def _move_factor(space: Space, state: State) -> None:
    """Move a prime factor of a random dim from one random slot to another."""
    slots = len(space.kind)
    dim = space.movable[np.random.randint(len(space.movable))]
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
    slot = space.orders[np.random.randint(len(space.orders))]
    dims = state.order.shape[1]
    a, b = np.random.randint(dims), np.random.randint(dims)
    state.order[slot, a], state.order[slot, b] = state.order[slot, b], state.order[slot, a]


@kernel
def write_lines(space: Space, state: State, lines: Ints) -> int:
    """The candidate as the cost model's lines; returns how many there are."""
    n = 0
    for slot in range(len(space.kind)):
        if space.kind[slot] == KEEP_SLOT:
            for operand in range(state.keep.shape[1]):
                if state.keep[slot, operand]:
                    _write(lines, n, KEEP, operand, 1, space.memory[slot])
                    n += 1
            continue
        in_space = space.kind[slot] == LANE_SLOT
        place = space.lane[space.axis[slot]] if in_space else -1
        for dim in state.order[slot]:
            trips = state.factors[slot, dim]
            if trips > 1:
                _write(lines, n, PAR if in_space else FOR, dim, trips, place)
                n += 1
    return n


@kernel
def _write(lines: Ints, at: int, kind: int, subject: int, count: int, place: int) -> None:
    lines[at, KIND] = kind
    lines[at, SUBJECT] = subject
    lines[at, COUNT] = count
    lines[at, PLACE] = place


def most_lines(space: Space) -> int:
    """No candidate has more lines."""
    return int(space.allowed.sum() + space.must.sum() + len(space.toggles))
