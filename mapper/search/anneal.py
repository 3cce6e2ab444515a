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
from ..model.pack import pack_problem
from ..model.problem import (
    COLUMNS,
    COUNT,
    FOR,
    KIND,
    LINES,
    OK,
    PAR,
    PLACE,
    SUBJECT,
    Problem,
    Work,
    new_room,
    new_work,
)
from ..model.record import Ints, new_record
from ..model.spread import spread_lanes
from ..model.tiles import scan
from ..result import Objective
from ..space.codec import Candidate, decode, make_codec
from ..space.mapspace import Mapspace
from .moves import Space, State, change, copy_state, make_space, read_candidate, start, write_lines

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
        packed = pack_problem(space.op, arch, space.unit)
        memories = {memory.path: number for number, memory in enumerate(packed.names.memories)}
        axes = {axis: number for number, axis in enumerate(packed.names.axes)}
        self.codec = make_codec(space)
        self.evaluated = 0
        self._rng = rng
        self._objective = _CODES[objective]
        self._space = make_space(self.codec, memories, axes)
        self._problem, self._trees = packed.problem, packed.trees
        self._current, self._trial = new_record(State), new_record(State)
        self._best = new_record(State)
        self._work, self._room = new_work(), new_room()

    def round(self) -> Found | None:
        """Anneal once; the best legal candidate seen, or None."""
        seed = int(self._rng.integers(2**32))
        score = _anneal(
            self._problem,
            self._trees,
            self._space,
            self._current,
            self._trial,
            self._best,
            self._work,
            self._room,
            self._objective,
            STEPS,
            seed,
        )
        self.evaluated += STEPS + 1
        if score >= NEVER:
            return None
        return Found(score, read_candidate(self._space, self._best))

    def mapping(self, found: Found) -> Mapping:
        """The mapping that a found candidate stands for."""
        return decode(self.codec, found.candidate)


@kernel
def _anneal(
    problem: Problem,
    trees: Ints,
    space: Space,
    current: State,
    trial: State,
    best: State,
    work: Work,
    room: Ints,
    objective: int,
    steps: int,
    seed: int,
) -> float:
    """One round; leaves the best legal candidate in `best` and returns its score."""
    np.random.seed(seed)
    lines = np.zeros((LINES, COLUMNS), np.int64)
    known = np.full((LINES + 1, COLUMNS), -1, np.int64)
    if not start(space, current):
        return NEVER
    score, fits = _score(problem, trees, space, current, lines, known, work, room, objective)
    best_score = NEVER
    if fits:
        best_score = score
        copy_state(space, current, best)
    cooling = (COLD / HOT) ** (1.0 / steps)
    temperature = HOT
    for _ in range(steps):
        temperature *= cooling
        copy_state(space, current, trial)
        change(space, trial)
        trial_score, fits = _score(
            problem, trees, space, trial, lines, known, work, room, objective
        )
        if fits and trial_score < best_score:
            best_score = trial_score
            copy_state(space, trial, best)
        if trial_score - score <= -temperature * np.log(np.random.random()):
            score = trial_score
            copy_state(space, trial, current)
    return best_score


@kernel
def _score(
    problem: Problem,
    trees: Ints,
    space: Space,
    state: State,
    lines: Ints,
    known: Ints,
    work: Work,
    room: Ints,
    objective: int,
) -> tuple[float, bool]:
    """Logarithm of the objective and the price of what does not fit; whether all fits."""
    n = write_lines(space, state, lines)
    if n < 0:
        return NEVER, False
    scan(problem, lines, n, work)
    if _lanes_changed(lines, n, work, known):
        spread_lanes(problem, trees, lines, n, work, room)
    if count_words(problem, lines, n, work, room) != OK:
        return NEVER, False
    cycles = cycles_of(problem, work)
    energy = energy_of(problem, work, cycles)
    score = np.log(energy) if objective != LATENCY else TIE * np.log(energy)
    if objective != ENERGY:
        score += np.log(float(cycles))
    excess = excess_of(problem, work)
    return score + OVERFLOW_PRICE * np.log1p(excess), excess == 0.0


@kernel
def _lanes_changed(lines: Ints, n: int, work: Work, known: Ints) -> bool:
    """Whether `spread_lanes` would find another result than the last time; remembers this time.

    It depends on the `par` lines, on the tiles below them, and on who is kept where.
    """
    changed, at_known = False, 0
    for at in range(n):
        if lines[at, KIND] == FOR:
            continue
        tile = work.tile[at] if lines[at, KIND] == PAR else 0
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
