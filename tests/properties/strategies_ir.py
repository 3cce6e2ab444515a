"""Random mappings and workloads: whatever their texts can say, odd names included."""

from __future__ import annotations

from hypothesis import strategies as st

from tilewright.ir.affine import Affine, affine, interval
from tilewright.ir.map_text import MAP
from tilewright.ir.mapping import (
    Bound,
    For,
    Fuse,
    Hole,
    Keep,
    Loop,
    Mapping,
    Order,
    Par,
    Require,
    Run,
    Stage,
    TileOnly,
    has_hole,
)
from tilewright.ir.nest_text import NEST
from tilewright.ir.text.expr import Binary, Call, Expr, Num, Path, Quantity, Str, Unary
from tilewright.ir.types import DType, Reduce, TensorKind
from tilewright.ir.workload import (
    Access,
    Apply,
    Dim,
    IndexValue,
    Number,
    Op,
    Opaque,
    Read,
    Tensor,
    Value,
    Workload,
    named_tensors,
)

_plain = st.sampled_from(["x", "y", "w", "conv1", "_a", "p", "q"])
_words = st.sampled_from(sorted(MAP.words | NEST.words))
_odd = st.sampled_from(["/layer1/Conv_0", "x#2", "a`b", "``", "a.b", "1x", "ü μ", 'say "hi"', "?"])
names = st.one_of(_plain, _words, _odd, st.text("ab`/. #", min_size=1, max_size=4))
counts = st.integers(1, 2**40)
strings = st.text('ab"# {}`é', max_size=6)

# ---- expressions ----------------------------------------------------------------------------

_number_texts = st.sampled_from(["0", "7", "12", "0.5", "1_000", "2e3", "1.5E-7"])
_units = st.sampled_from(["B", "KiB", "bit", "pJ/bit/hop", "%", "cycle", "B/cycle", "op", "mm2"])
_paths = st.lists(names, min_size=1, max_size=3).map(lambda parts: Path(tuple(parts)))
_binaries = [
    "+",
    "-",
    "*",
    "/",
    "mod",
    "floordiv",
    "^",
    "==",
    "!=",
    "<=",
    ">=",
    "<",
    ">",
    "and",
    "or",
]


def _compound(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    args = st.lists(inner, max_size=2).map(tuple)
    kwargs = st.lists(st.tuples(_plain, inner), max_size=2).map(tuple)
    return st.one_of(
        st.builds(Unary, st.sampled_from(["-", "not"]), inner),
        st.builds(Binary, st.sampled_from(_binaries), inner, inner),
        st.builds(Call, _paths, args, kwargs),
    )


expressions = st.recursive(
    st.one_of(
        st.builds(Num, _number_texts),
        st.builds(Quantity, _number_texts, _units),
        st.builds(Str, strings),
        _paths,
    ),
    _compound,
    max_leaves=8,
)

# ---- mappings -------------------------------------------------------------------------------

_hardware = st.lists(st.one_of(_plain, _words), min_size=1, max_size=3).map(".".join)


@st.composite
def bounds(draw: st.DrawFn) -> Bound:
    """A bound in the form that the parser builds."""
    tile = draw(st.integers(1, 1000))
    return Bound(draw(counts), tile, draw(st.integers(0, tile - 1)))


_holes = st.builds(Hole, st.one_of(st.none(), counts))
_loops = st.one_of(
    st.builds(
        Loop,
        names.map(lambda name: (name,)),
        st.one_of(bounds(), _holes, st.builds(TileOnly, counts)),
    ),
    st.builds(Loop, st.lists(names, min_size=1, max_size=3).map(tuple), _holes),
)
_loop_lists = st.lists(_loops, min_size=1, max_size=3).map(tuple)
_simple_nodes = st.one_of(
    st.builds(
        Keep,
        st.lists(names, min_size=1, max_size=3).map(tuple),
        _hardware,
        st.integers(1, 4),
        st.booleans(),
    ),
    st.builds(For, _loop_lists),
    st.builds(Par, _loop_lists, _hardware, st.integers(0, 3)),
    st.builds(Run, names, _hardware),
    st.builds(Require, expressions),
)


def _fused(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    stages = st.builds(Stage, names, st.lists(inner, max_size=3).map(tuple))
    return st.builds(
        Fuse, st.sampled_from(Order), st.lists(stages, min_size=1, max_size=2).map(tuple)
    )


nests = st.lists(st.recursive(_simple_nodes, _fused, max_leaves=6), max_size=5).map(tuple)


@st.composite
def mappings(draw: st.DrawFn) -> Mapping:
    """A mapping, or a mapspace where a line has a hole."""
    nest = draw(nests)
    of = (draw(st.one_of(st.just(""), names)), draw(names))
    return Mapping(draw(names), of, draw(_hardware), nest, has_hole(nest))


# ---- workloads ------------------------------------------------------------------------------

_literals = st.sampled_from(["0", "0.125", "1e-5", "12321", "inf", "nan", "1_000"])
_pads = st.sampled_from(["0", "-128", "-inf", "inf", "1.5", "-3.4e+38"])
_dtypes = st.sampled_from(["i8", "u4", "f16", "bf16", "i32", "bool", "fp8e4m3"]).map(DType)
_function_names = st.sampled_from(["exp", "max", "and", "of", "where", "square"])


class _Drawing:
    """One workload in the making: every access gets a tensor that it fits in."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.tensors: dict[str, Tensor] = {}

    def tensor(self, kind: TensorKind, dtype: DType, shape: tuple[int, ...]) -> Tensor:
        name = self.draw(names.filter(lambda name: name not in self.tensors))
        self.tensors[name] = Tensor(kind, name, dtype, shape)
        return self.tensors[name]

    def fresh(self, used: set[str]) -> str:
        name = self.draw(names.filter(lambda name: name not in used))
        used.add(name)
        return name

    def index(self, extents: dict[str, int]) -> Affine:
        dims = st.sampled_from(sorted(extents)) if extents else st.nothing()
        chosen = self.draw(st.lists(dims, unique=True, max_size=2)) if extents else []
        return affine(
            {name: self.draw(st.integers(-3, 3)) for name in chosen}, self.draw(st.integers(-5, 9))
        )

    def read(self, extents: dict[str, int]) -> Read:
        pad = self.draw(st.one_of(st.none(), _pads))
        kind = self.draw(st.sampled_from([TensorKind.INPUT, TensorKind.CONST, TensorKind.STATE]))
        count = self.draw(st.integers(0, 3))
        index: list[Affine | Access] = [self.index(extents) for _ in range(count)]
        if pad is None:
            index = [self.shifted(axis, extents) for axis in index if isinstance(axis, Affine)]
        shape = [1 + max(interval(axis, extents)[1], 0) for axis in index]
        if self.draw(st.integers(0, 4)) == 0:
            inner = self.shifted(self.index(extents), extents)
            ids = self.tensor(kind, DType("i32"), (1 + interval(inner, extents)[1],))
            index, shape = [*index, Access(ids.name, (inner,))], [*shape, 7]
        tensor = self.tensor(kind, self.draw(_dtypes), tuple(shape))
        return Read(Access(tensor.name, tuple(index)), pad)

    @staticmethod
    def shifted(index: Affine, extents: dict[str, int]) -> Affine:
        low = interval(index, extents)[0]
        return Affine(index.terms, index.const - min(low, 0))

    def value(self, extents: dict[str, int], depth: int = 0) -> Value:
        choice = self.draw(st.integers(0, 6 if depth < 3 else 2))
        if choice == 0:
            return Number(self.draw(_literals))
        if choice == 1:
            return IndexValue(self.index(extents))
        if choice == 2:
            return self.read(extents)
        if choice == 3:
            return Apply("neg", (self.value(extents, depth + 1),))
        if choice == 4:
            function, count = self.draw(_function_names), self.draw(st.integers(1, 3))
        else:
            function, count = self.draw(st.sampled_from(["add", "sub", "mul", "div"])), 2
        return Apply(function, tuple(self.value(extents, depth + 1) for _ in range(count)))

    def result(self, dims: list[Dim], reduce: Reduce) -> Access:
        """All dims on an axis of their own under `=`; one fewer under a reduction."""
        order = self.draw(st.permutations(dims))
        if reduce is not Reduce.ASSIGN:
            order = order[1:]
        axes = [Affine(((dim.name, self.draw(st.integers(1, 2))),)) for dim in order]
        extents = {dim.name: dim.extent for dim in dims}
        shape = tuple(1 + interval(axis, extents)[1] for axis in axes)
        kind = self.draw(st.sampled_from([TensorKind.TEMP, TensorKind.OUTPUT]))
        return Access(self.tensor(kind, self.draw(_dtypes), shape).name, tuple(axes))

    def op(self, name: str, workload: str, step: Dim | None) -> Op:
        taken = {step.name} if step else set()
        dims = [Dim(self.fresh(taken), self.draw(st.integers(1, 9))) for _ in range(3)]
        reduce = self.draw(st.sampled_from(Reduce))
        extents = {dim.name: dim.extent for dim in (*dims, *([step] if step else []))}
        value, result = self.value(extents), self.result(dims, reduce)
        return Op(
            name,
            tuple(dims),
            result,
            reduce,
            value,
            tuple(self.tensors[tensor] for tensor in named_tensors(result, value)),
            self.draw(st.one_of(st.none(), _dtypes)),
            step,
            self.draw(st.one_of(st.none(), strings)),
            workload,
        )

    def opaque(self, name: str) -> Opaque:
        known = sorted(self.tensors)
        chosen = st.lists(st.sampled_from(known), max_size=2) if known else st.just([])
        readable = [n for n in self.draw(chosen) if self.tensors[n].kind is not TensorKind.TEMP]
        writable = {TensorKind.TEMP, TensorKind.OUTPUT, TensorKind.STATE}
        return Opaque(
            name,
            self.draw(strings),
            self.draw(strings),
            tuple(Dim(dim, 3) for dim in self.draw(st.lists(names, max_size=2, unique=True))),
            tuple(n for n in readable if self.tensors[n].kind is not TensorKind.OUTPUT),
            tuple(n for n in self.draw(chosen) if self.tensors[n].kind in writable),
            self.draw(st.integers(0, 10**9)),
            self.draw(st.one_of(st.none(), strings)),
        )

    def views(self) -> None:
        for base in list(self.tensors.values()):
            if self.draw(st.integers(0, 5)) == 0:
                view = self.tensor(TensorKind.VIEW, base.dtype, (1, base.elements))
                self.tensors[view.name] = Tensor(
                    TensorKind.VIEW, view.name, view.dtype, view.shape, base
                )


@st.composite
def workloads(draw: st.DrawFn) -> Workload:
    """A workload that verifies."""
    drawing, name, taken = _Drawing(draw), draw(names), set()
    steps: set[str] = set()
    nodes: list[Op | Opaque] = []
    for _ in range(draw(st.integers(0, 3))):
        if draw(st.integers(0, 3)) == 0:
            nodes.append(drawing.opaque(drawing.fresh(taken)))
            continue
        repeated = draw(st.integers(0, 2)) == 0
        step = Dim(drawing.fresh(steps), draw(st.integers(1, 9))) if repeated else None
        count = draw(st.integers(1, 2)) if repeated else 1
        nodes += [drawing.op(drawing.fresh(taken), name, step) for _ in range(count)]
    drawing.views()
    return Workload(name, drawing.tensors, tuple(nodes))
