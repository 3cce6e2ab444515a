"""Why a count is what it is: each taken apart into the loops and tiles that make it.

The factors are read off the lines of the mapping as docs/model.md defines them; what has no product
of loops (equal tiles of lanes, unions of tiles) is one number with its name. The products are the
evaluator's counts to the word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from ...hw_specs.model import Action, Arch, resolve
from ...ir.affine import extent
from ...ir.functions import COMBINES
from ...ir.mapping import Mapping
from ...ir.text import Diagnostic, Label, Place, label_at
from ...ir.text.grammar import near_name
from ...ir.text.source import Where
from ...ir.types import Reduce
from ...ir.workload import Op, Operand, operands
from ..space.nest import Hold, Nest, Step, memory_of, resolve_nest
from .evaluate import count_nest
from .latency import Counted
from .wires import shares, stages


@dataclass(frozen=True, slots=True)
class Factor:
    """One factor of a product.

    Attributes:
        name: a loop or a part as the mapping writes it, or what is counted.
        why: what it does to the count.
        at: the line of the mapping it comes from; None for what comes from several.
    """

    name: str
    value: int
    why: str
    at: Where | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """A summand of a count: `sign` (1 or -1) times the product of its factors, in words."""

    name: str
    factors: tuple[Factor, ...]
    sign: int = 1

    @property
    def words(self) -> int:
        return self.sign * prod(factor.value for factor in self.factors)


@dataclass(frozen=True, slots=True)
class Count:
    """Words of one action over all instances: the sum of its terms.

    Attributes:
        why: where the words go or come from, or why there are none.
        free: loops that cost nothing here; their values do not enter the product.
    """

    action: Action
    why: str
    terms: tuple[Term, ...] = ()
    free: tuple[Factor, ...] = ()

    @property
    def words(self) -> int:
        return sum(term.words for term in self.terms)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Reads, fills, updates and drains of one operand at one memory, in this order.

    Attributes:
        memory: full path.
        at: the `keep` line.
    """

    op: str
    memory: str
    operand: str
    at: Where | None
    counts: tuple[Count, ...]


def explain_traffic(mapping: Mapping, op: Op, arch: Arch, memory: str, operand: str) -> Explanation:
    """Take the words of one operand at one memory (full path) apart into their factors.

    Raises:
        Diagnostic: the operand is unknown or not kept in that memory, or the mapping is one that
            the evaluator refuses.
    """
    nest = resolve_nest(mapping, op, arch)
    found = {one.name: one for one in operands(op)}
    if operand not in found:
        raise Diagnostic(
            f"`{op.name}` has no operand `{operand}`",
            label_at(op.at),
            help=near_name(operand, found),
        )
    kept = _kept(nest, operand)
    if memory not in kept:
        raise Diagnostic(
            f"`{operand}` of `{op.name}` is not kept in `{memory}`",
            label_at(mapping.at),
            help="it is kept in " + ", ".join(f"`{path}`" for path in kept),
        )
    return _Reader(count_nest(nest, arch), found[operand]).explain(kept.index(memory))


def explain_mappings(
    pairs: Sequence[tuple[Mapping, Op]], arch: Arch, subject: str
) -> tuple[Explanation, ...]:
    """Explain `MEMORY.TENSOR` in every mapping that keeps the tensor in the memory.

    Args:
        subject: a memory's path or a unique suffix of one, a dot, an operand's name.

    Raises:
        Diagnostic: no such memory or operand, no mapping that keeps it there; see also
            `explain_traffic`.
    """
    names = {operand.name for _, op in pairs for operand in operands(op)}
    memory, operand = _split(subject, arch, names)
    having = [(m, op) for m, op in pairs if operand in {one.name for one in operands(op)}]
    keeping = [(m, op) for m, op in having if memory in _kept(resolve_nest(m, op, arch), operand)]
    # Where none keeps it, the first one's refusal says where it is kept.
    return tuple(
        explain_traffic(mapping, op, arch, memory, operand) for mapping, op in keeping or having[:1]
    )


def _split(subject: str, arch: Arch, names: set[str]) -> tuple[str, str]:
    """The memory and the operand; both may have dots in their names."""
    paths = [memory.path for memory in arch.memories]
    where = Label(Place(f"--why {subject}"))
    dots = [n for n, char in enumerate(subject) if char == "."]
    found = {
        (path, subject[dot + 1 :])
        for dot in dots
        for path in resolve(arch, subject[:dot])
        if path in paths
    }
    if not found:
        known = ", ".join(f"`{path}`" for path in paths)
        message = f"`{subject}` does not begin with a memory of `{arch.name}`"
        raise Diagnostic(message, where, help=f"write MEMORY.TENSOR with one of {known}")
    meant = sorted((path, name) for path, name in found if name in names)
    if not meant:
        name = min((name for _, name in found), key=len)
        raise Diagnostic(
            f"no op of these mappings has an operand `{name}`", where, help=near_name(name, names)
        )
    if len(meant) > 1:
        choices = ", ".join(f"`{name}` at `{path}`" for path, name in meant)
        raise Diagnostic(f"`{subject}` may be any of {choices}", where, help="write the full path")
    return meant[0]


def _kept(nest: Nest, operand: str) -> list[str]:
    """Paths of the memories that keep an operand, outer to inner."""
    holds = (line for line in nest.lines if isinstance(line, Hold))
    return [hold.memory for hold in holds if hold.operand == operand]


@dataclass(frozen=True, slots=True)
class _Reader:
    """One operand of a counted nest. A link's number is that of its parent's keep."""

    counted: Counted
    operand: Operand

    @property
    def nest(self) -> Nest:
        return self.counted.nest

    @property
    def number(self) -> int:
        return self.counted.names.operands.index(self.operand)

    @property
    def keeps(self) -> tuple[int, ...]:
        """Lines of the operand's keeps, outer to inner, then the end of the lines."""
        lines, name = self.nest.lines, self.operand.name
        found = [
            n for n, line in enumerate(lines) if isinstance(line, Hold) and line.operand == name
        ]
        return (*found, len(lines))

    def hold(self, link: int) -> Hold:
        line = self.nest.lines[self.keeps[link]]
        assert isinstance(line, Hold)
        return line

    def explain(self, link: int) -> Explanation:
        """All four counts of the memory that is the parent of a link."""
        hold = self.hold(link)
        counts = self._output(link) if self.operand.is_output else self._input(link)
        return Explanation(self.nest.op.name, hold.memory, self.operand.name, hold.at, counts)

    # ---- counts ---------------------------------------------------------------------------

    def _input(self, link: int) -> tuple[Count, ...]:
        child = self._part(link + 1)
        none = f"`{self.operand.name}` is only read"
        reads = Count(
            Action.READ,
            f"to {child}",
            (self._received(link, f"to {child}"),),
            self._free(link),
        )
        return (
            reads,
            self._entering(link, Action.FILL, "from"),
            *(Count(action, none) for action in (Action.UPDATE, Action.DRAIN)),
        )

    def _output(self, link: int) -> tuple[Count, ...]:
        child = self._part(link + 1)
        updates = Count(
            Action.UPDATE,
            f"from {child}",
            (self._received(link, f"from {child}"),),
            self._free(link),
        )
        return (
            self._old_values(link),
            self._refills(link),
            updates,
            self._entering(link, Action.DRAIN, "to"),
        )

    def _entering(self, link: int, action: Action, way: str) -> Count:
        """Fills of an input and drains of an output: the entries, in every lane."""
        if link == 0:
            return Count(action, f"this is the home of `{self.operand.name}`")
        parent = self._part(link - 1)
        factors = (self._instances(link), *self._entries(link - 1))
        term = Term(f"{way} {parent}", factors)
        return Count(action, f"{way} {parent}", (term,), self._idle(link - 1))

    def _received(self, link: int, name: str) -> Term:
        """Reads of an input and updates of an output: the entries, once for each group."""
        factors = (self._instances(link), *self._groups(link), *self._entries(link))
        return Term(name, factors)

    def _old_values(self, link: int) -> Count:
        """Reads of an output: updates - first touches + refills."""
        if self.nest.op.reduce is Reduce.ASSIGN:
            return Count(Action.READ, "`=` reads no old value")
        updates = self._received(link, "updates")
        row, column = self._row(link), self.number
        reads = int(self.counted.work.words[row, column, 0])
        if reads == updates.words:
            why = "every update reads its old value: no element is ever empty"
            return Count(Action.READ, why, (updates,))
        refills = Factor("refills", self._filled(link), "elements that came back")
        terms = [updates, Term("first touches", self._first_touches(link), -1)]
        if refills.value:
            terms.append(Term("refills", (refills,)))
        return Count(Action.READ, "an update of an element that is not empty", tuple(terms))

    def _refills(self, link: int) -> Count:
        if link == 0:
            return Count(Action.FILL, f"this is the home of `{self.operand.name}`")
        parent = self.hold(link - 1)
        words = self._filled(link)
        if not words:
            adds = memory_of(self.counted.arch, parent.memory).accumulate
            why = f"`{parent.memory}` adds" if adds else "no partial sum comes back"
            return Count(Action.FILL, why)
        why = f"`{parent.memory}` cannot add: what it reads comes back"
        factor = Factor(f"reads of {parent.memory}", words, why, parent.at)
        return Count(Action.FILL, why, (Term("partial sums", (factor,)),))

    def _first_touches(self, link: int) -> tuple[Factor, ...]:
        """Instances, trips outside the parent's own l*, union of the child's tiles."""
        at = self.keeps[link]
        inner = None if link == 0 else self._inner(at)
        outside = [] if inner is None else self._loops(0, inner, in_time=True)
        again = [
            Factor(_text(loop), loop.trips, "outside l*: empty again", loop.at) for loop in outside
        ]
        touched = int(self.counted.work.touched[link])
        union = touched // prod(loop.trips for loop in outside)
        covered = f"words that the tiles of {self._part(link + 1)} cover together"
        if inner is not None:
            covered += f" over the loops between and l*, {_text(self._step(inner))}"
        return self._instances(link), *again, Factor("union", union, covered, self._at(link + 1))

    # ---- factors --------------------------------------------------------------------------

    def _instances(self, link: int) -> Factor:
        hold = self.hold(link)
        lanes = self._loops(0, self.keeps[link], in_time=False)
        why = "instances" + "".join(f", {_text(lane)}" for lane in lanes)
        return Factor(hold.memory, prod(lane.trips for lane in lanes), why, hold.at)

    def _groups(self, link: int) -> tuple[Factor, ...]:
        """Lanes that are transfers of their own; the ones that may meet are one factor."""
        apart: list[Factor] = []
        sharing: list[Step] = []
        for lane in self._lanes(link):
            shared, wires = self._wires(lane)
            if not shared:
                apart.append(
                    Factor(_text(lane), lane.trips, f"{wires}: lanes share nothing", lane.at)
                )
            elif self._moves(lane):
                sharing.append(lane)
        groups = int(self.counted.work.groups[self.number, link])
        rest = groups // prod(factor.value for factor in apart)
        if rest == prod(lane.trips for lane in sharing):
            why = "each lane has another tile"
            return *apart, *(Factor(_text(lane), lane.trips, why, lane.at) for lane in sharing)
        names = ", ".join(map(_text, sharing))
        return *apart, Factor("groups", rest, f"different tiles among the lanes of {names}")

    def _entries(self, link: int) -> tuple[Factor, ...]:
        """Words that enter one child: trips of the loops outside l*, and the tile with l*."""
        child = self.keeps[link + 1]
        if self._is_unlatched(link):
            why = "a word at every point"
            loops = self._loops(0, child, in_time=True)
            return tuple(Factor(_text(loop), loop.trips, why, loop.at) for loop in loops)
        inner = self._inner(child)
        if inner is None:
            return (self._tile(link, None),)
        outside = self._loops(0, inner, in_time=True)
        moving = self.nest.lines[inner]
        assert isinstance(moving, Step)
        return *(
            Factor(
                _text(loop),
                loop.trips,
                "moves the tile"
                if self._moves(loop)
                else "does not move the tile, but stands outside l*: it comes again",
                loop.at,
            )
            for loop in outside
        ), *self._tile_and_inner(link, moving)

    def _tile_and_inner(self, link: int, moving: Step) -> tuple[Factor, ...]:
        """V and l*, as two factors where nothing overlaps: V + (T - 1) * (V - overlap)."""
        extents = self._extents(link)
        volume = prod(extents)
        overlap = prod(
            max(0, size - abs(axis.coefficient(moving.dim)) * moving.tile)
            for axis, size in zip(self.operand.axes, extents, strict=True)
        )
        tile = self._tile(link, moving)
        if not overlap:
            why = "l*, the innermost loop that moves the tile"
            return Factor(_text(moving), moving.trips, why, moving.at), tile
        words = volume + (moving.trips - 1) * (volume - overlap)
        why = (
            f"l*: {tile.why}, then {moving.trips - 1} x {volume - overlap} new words; "
            f"{overlap} overlap and stay"
        )
        return (Factor(_text(moving), words, why, moving.at),)

    def _tile(self, link: int, moving: Step | None) -> Factor:
        extents = self._extents(link)
        shape = " x ".join(map(str, extents)) or "1"
        axes = ", ".join(map(str, self.operand.axes))
        why = f"words of {self._part(link + 1)}, {shape} over [{axes}]"
        if moving is None:
            why += ", fetched once: no loop outside moves it"
        return Factor("tile", prod(extents), why, self._at(link + 1))

    def _extents(self, link: int) -> tuple[int, ...]:
        """Extents of the child's tile on the operand's axes; of a latch 1."""
        below = self._loops(self.keeps[link + 1], len(self.nest.lines), in_time=None)
        sizes: dict[str, int] = {}
        for loop in below:
            sizes[loop.dim] = sizes.get(loop.dim, 1) * loop.trips
        return tuple(extent(axis, sizes) for axis in self.operand.axes)

    # ---- what costs nothing ---------------------------------------------------------------

    def _free(self, link: int) -> tuple[Factor, ...]:
        """Lanes that share a transfer, and loops inside l*."""
        shared: list[Factor] = []
        for lane in self._lanes(link):
            joined, wires = self._wires(lane)
            if joined and not self._moves(lane):
                way = "reduced on" if self.operand.is_output else "one word for all by"
                shared.append(Factor(_text(lane), lane.trips, f"{way} {wires}", lane.at))
        return *shared, *self._idle(link)

    def _idle(self, link: int) -> tuple[Factor, ...]:
        """Loops between l* and the child: the tile stays."""
        child = self.keeps[link + 1]
        if self._is_unlatched(link):
            return ()
        inner = self._inner(child)
        loops = self._loops(0 if inner is None else inner + 1, child, in_time=True)
        why = "does not move the tile" + (", inside l*" if inner is not None else "")
        return tuple(Factor(_text(loop), loop.trips, why, loop.at) for loop in loops)

    # ---- lines ----------------------------------------------------------------------------

    def _loops(self, first: int, last: int, *, in_time: bool | None) -> list[Step]:
        """Loops of more than one trip from line `first` to `last` (exclusive)."""
        return [
            line
            for line in self.nest.lines[first:last]
            if isinstance(line, Step)
            and line.trips > 1
            and (in_time is None or in_time == (line.axis is None))
        ]

    def _lanes(self, link: int) -> list[Step]:
        return self._loops(self.keeps[link], self.keeps[link + 1], in_time=False)

    def _inner(self, above: int) -> int | None:
        """Line of l*: the innermost loop in time above a line that moves the tile."""
        for at in range(above - 1, -1, -1):
            if any(self._moves(loop) for loop in self._loops(at, at + 1, in_time=True)):
                return at
        return None

    def _step(self, at: int) -> Step:
        line = self.nest.lines[at]
        assert isinstance(line, Step)
        return line

    def _moves(self, loop: Step) -> bool:
        return any(axis.coefficient(loop.dim) for axis in self.operand.axes)

    def _is_unlatched(self, link: int) -> bool:
        at_unit = self.keeps[link + 1] == len(self.nest.lines)
        return at_unit and self.operand.role not in self.nest.unit.latch

    def _wires(self, lane: Step) -> tuple[bool, str]:
        """Whether the lanes of a loop may share a transfer, and what leads to them."""
        role, arch = self.operand.role, self.counted.arch
        assert lane.axis is not None
        axis = self.counted.names.axes.index(lane.axis)
        stage = next(s for s in stages(arch, self.nest.unit, role) if axis in s.axes)
        if stage.net is None:
            return False, "plain wires"
        net = arch.nets[stage.net]
        return shares(net, role, COMBINES.get(self.nest.op.reduce)), f"net {net.name}"

    def _part(self, keep: int) -> str:
        inside = self.keeps[keep] < len(self.nest.lines)
        return self.hold(keep).memory if inside else self.nest.unit.path

    def _at(self, keep: int) -> Where | None:
        return self.hold(keep).at if self.keeps[keep] < len(self.nest.lines) else None

    def _row(self, link: int) -> int:
        paths = [memory.path for memory in self.counted.names.memories]
        return paths.index(self.hold(link).memory)

    def _filled(self, link: int) -> int:
        return int(self.counted.work.words[self._row(link), self.number, 1])


def _text(loop: Step) -> str:
    over = "for" if loop.axis is None else "par"
    where = "" if loop.axis is None else f" over {loop.axis}"
    return f"{over} {loop.dim} {loop.trips}{where}"
