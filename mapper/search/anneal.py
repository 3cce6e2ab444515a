"""Simulated annealing over the candidates of a mapspace, compiled together with the cost model.

What does not fit an axis is never proposed; what does not fit a memory may be walked through, at a
price, and is never returned. Kirkpatrick, Gelatt, Vecchi: Optimization by Simulated Annealing,
Science 220 (1983).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...hw_specs.model import Arch
from ...ir.mapping import Mapping
from ..model.jit import kernel
from ..model.kernels import count_words, cycles_of, energy_of, excess_of
from ..model.pack import names_of, pack_problem
from ..model.problem import (
    COLUMNS,
    COUNT,
    FOR,
    KIND,
    OK,
    PAR,
    PLACE,
    SUBJECT,
    Counts,
    Ints,
    Problem,
    Scratch,
    Spread,
    new_counts,
    new_scratch,
    new_spread,
)
from ..model.spread import spread_lanes
from ..model.tiles import scan
from ..result import Objective
from ..space.codec import Candidate, decode, make_codec
from ..space.mapspace import Mapspace
from .moves import (
    Space,
    State,
    change,
    copy_state,
    make_space,
    most_lines,
    new_state,
    start,
    write_lines,
)

STEPS = 12_000
"""Steps of one round."""

HOT, COLD = 0.6, 0.003
"""Temperatures at the start and at the end of a round, for the logarithm of the objective."""

OVERFLOW_PRICE = 2.0
"""How much worse the objective's logarithm gets for each memory that is overfilled by its size."""

TIE = 1e-6
"""Weight of the energy among mappings that take equally long."""

NEVER = 1e300
"""Score of what has no meaning."""

EDP, ENERGY, LATENCY = 0, 1, 2
_CODES = {Objective.EDP: EDP, Objective.ENERGY: ENERGY, Objective.LATENCY: LATENCY}


@dataclass(frozen=True, slots=True)
class Found:
    """The best legal candidate of a round; `score` is the logarithm of its objective."""

    score: float
    candidate: Candidate


class Annealer:
    """Anneals one mapspace, a round at a time; every round starts anew.

    Attributes:
        evaluated: candidates evaluated so far.
    """

    def __init__(
        self, space: Mapspace, arch: Arch, objective: Objective, rng: np.random.Generator
    ) -> None:
        names = names_of(space.op, arch, space.unit)
        memories = {memory.path: number for number, memory in enumerate(names.memories)}
        axes = {axis: number for number, axis in enumerate(names.axes)}
        self.codec = make_codec(space)
        self.evaluated = 0
        self._rng = rng
        self._objective = _CODES[objective]
        self._space = make_space(self.codec, memories, axes)
        self._problem = pack_problem(space.op, arch, space.unit)
        self._lines = np.zeros((most_lines(self._space), COLUMNS), np.int64)
        self._room = (
            new_scratch(self._problem, len(self._lines)),
            new_spread(self._problem),
            new_counts(self._problem),
        )
        self._states = tuple(new_state(self._space) for _ in range(3))

    def round(self) -> Found | None:
        """Anneal once; the best legal candidate seen, or None."""
        seed = int(self._rng.integers(2**32))
        score = _anneal(
            self._problem,
            self._space,
            self._states,
            self._lines,
            self._room,
            np.full((len(self._lines) + 1, 4), -1, np.int64),
            self._objective,
            STEPS,
            seed,
        )
        self.evaluated += STEPS + 1
        if score >= NEVER:
            return None
        best = self._states[2]
        copies = (best.factors.copy(), best.order.copy(), best.keep.copy())
        return Found(score, Candidate(*copies))

    def mapping(self, found: Found) -> Mapping:
        """The mapping that a found candidate stands for."""
        return decode(self.codec, found.candidate)


@kernel
def _anneal(
    problem: Problem,
    space: Space,
    states: tuple[State, State, State],
    lines: Ints,
    room: tuple[Scratch, Spread, Counts],
    known: Ints,
    objective: int,
    steps: int,
    seed: int,
) -> float:
    """One round; leaves the best legal candidate in `states[2]` and returns its score."""
    current, trial, best = states
    np.random.seed(seed)
    if not start(space, current):
        return NEVER
    score, fits = _score(problem, space, current, lines, room, known, objective)
    best_score = NEVER
    if fits:
        best_score = score
        copy_state(current, best)
    cooling = (COLD / HOT) ** (1.0 / steps)
    temperature = HOT
    for _ in range(steps):
        temperature *= cooling
        copy_state(current, trial)
        change(space, trial)
        trial_score, fits = _score(problem, space, trial, lines, room, known, objective)
        if fits and trial_score < best_score:
            best_score = trial_score
            copy_state(trial, best)
        if trial_score - score <= -temperature * np.log(np.random.random()):
            score = trial_score
            copy_state(trial, current)
    return best_score


@kernel
def _score(
    problem: Problem,
    space: Space,
    state: State,
    lines: Ints,
    room: tuple[Scratch, Spread, Counts],
    known: Ints,
    objective: int,
) -> tuple[float, bool]:
    """Logarithm of the objective and the price of what does not fit; whether all fits."""
    scratch, spread, counts = room
    n = write_lines(space, state, lines)
    scan(problem, lines, n, scratch)
    if _lanes_changed(lines, n, scratch, known):
        spread_lanes(problem, lines, n, scratch, spread)
    if count_words(problem, lines, n, scratch, spread, counts) != OK:
        return NEVER, False
    cycles = cycles_of(problem, counts)
    energy = energy_of(problem, counts, cycles)
    score = np.log(energy) if objective != LATENCY else TIE * np.log(energy)
    if objective != ENERGY:
        score += np.log(float(cycles))
    excess = excess_of(problem, counts)
    return score + OVERFLOW_PRICE * np.log1p(excess), excess == 0.0


@kernel
def _lanes_changed(lines: Ints, n: int, scratch: Scratch, known: Ints) -> bool:
    """Whether `spread_lanes` would find another result than the last time; remembers this time.

    It depends on the `par` lines, on the tiles below them, and on who is kept where.
    """
    changed, at_known = False, 0
    for at in range(n):
        if lines[at, KIND] == FOR:
            continue
        tile = scratch.tile[at] if lines[at, KIND] == PAR else 0
        row = known[at_known]
        subject = lines[at, SUBJECT]
        if (
            row[0] != subject
            or row[1] != lines[at, COUNT]
            or row[2] != lines[at, PLACE]
            or row[3] != tile
        ):
            changed = True
            row[0], row[1], row[2], row[3] = subject, lines[at, COUNT], lines[at, PLACE], tile
        at_known += 1
    if known[at_known, 0] != -1:
        changed = True
        known[at_known, 0] = -1
    return changed
