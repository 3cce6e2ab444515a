"""LSTM, GRU and RNN: two matrix products and pointwise ops per step, in a `repeat` block.

The state is a tensor with a time axis: a slot per position of the sequence holds what stands after
it, one more in front what a forward direction starts from, one more at the end what a backward one
starts from. The network's outputs are views of it. Gates are cut out of the products by index.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...ir.affine import Affine, add, affine, dim
from ...ir.types import Reduce
from ...ir.workload import Dim, Value
from . import formula as f
from . import values
from .activations import CELL_ACTIVATIONS, CELL_DEFAULTS
from .attributes import integer, real, reals, text, texts
from .build import Builder, accumulator
from .graph import Node
from .refusal import NotAffine
from .registry import lowers
from .values import View

_GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
_DIRECTIONS = {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}
_ACTIVATIONS = {
    "LSTM": ("Sigmoid", "Tanh", "Tanh"),
    "GRU": ("Sigmoid", "Tanh"),
    "RNN": ("Tanh",),
}


@dataclass(frozen=True, slots=True)
class Layer:
    """One recurrent node.

    Attributes:
        x: the sequence `[seq, batch, features]`.
        state, cell: `[slot, direction, batch, hidden]`; `cell` of an LSTM only.
    """

    node: Node
    x: View
    hidden: int
    backward: tuple[bool, ...]
    state: View
    cell: View | None

    @property
    def seq(self) -> int:
        return self.x.shape[0]

    @property
    def batch(self) -> int:
        return self.x.shape[1]

    @property
    def first(self) -> int:
        """The slot of the sequence's first position."""
        return int(not all(self.backward))


@dataclass(frozen=True, slots=True)
class Cell:
    """One direction of a layer within its `repeat` block.

    Attributes:
        direction: its number.
        step: of the block.
        before, after: slots of the state that a step reads and writes.
        gate: the pre-activation of gate `g`, without the part that needs the state.
        again: the part of gate `g` that the state contributes.
    """

    layer: Layer
    direction: int
    step: Dim
    before: Affine
    after: Affine
    gate: Callable[[int], Value]
    again: Callable[[int], Value]
    activations: tuple[Callable[[Value], Value], ...]

    def at(self, slot: Affine) -> list[Affine]:
        """The index of this direction's element of a state."""
        return [slot, Affine((), self.direction), dim("m"), dim("n")]

    @property
    def part(self) -> str:
        return "back_" if self.layer.backward[self.direction] else ""

    @property
    def dims(self) -> dict[str, int]:
        return {"m": self.layer.batch, "n": self.layer.hidden}


@lowers("LSTM", "GRU", "RNN")
def recurrent(node: Node, b: Builder) -> None:
    layer = _layer(node, b)
    for direction in range(len(layer.backward)):
        _start(b, layer, direction)
        cell = _cell(b, layer, direction)
        {"LSTM": _lstm, "GRU": _gru, "RNN": _rnn}[node.kind](b, cell)
    _outputs(b, layer)


# ---- what a layer consists of ---------------------------------------------------------------


def _operand(node: Node, position: int) -> str:
    return node.inputs[position] if len(node.inputs) > position else ""


def _layer(node: Node, b: Builder) -> Layer:
    x = b.view(node.inputs[0])
    if integer(node, "layout", 0):
        x = values.transpose(x, (1, 0, 2))
    directions = _DIRECTIONS.get(text(node, "direction", "forward"))
    if directions is None or len(x.shape) != 3:
        raise NotAffine(f"direction {text(node, 'direction', '')!r} of {list(x.shape)}")
    seq, batch, features = x.shape
    _refuse_ragged(node, b, seq)
    hidden = b.shape(node.inputs[2])[-1]
    _refuse_misfit(node, b, len(directions), features, hidden)
    dtype = b.dtype(node.inputs[0])
    slots = seq + (False in directions) + (True in directions)
    shape = (slots, len(directions), batch, hidden)
    state = b.temp(f"{node.name}.state", dtype, shape)
    cell = b.temp(f"{node.name}.cell", dtype, shape) if node.kind == "LSTM" else None
    return Layer(node, x, hidden, directions, state, cell)


def _refuse_misfit(node: Node, b: Builder, directions: int, features: int, hidden: int) -> None:
    """Weights and biases of another shape would be read in part."""
    rows = _GATES[node.kind] * hidden
    wanted = ((directions, rows, features), (directions, rows, hidden), (directions, 2 * rows))
    for name, shape in zip(node.inputs[1:4], wanted, strict=False):
        if name and b.shape(name) != shape:
            raise NotAffine(f"{name!r} is {list(b.shape(name))}, not {list(shape)}")


def _refuse_ragged(node: Node, b: Builder, seq: int) -> None:
    lengths = _operand(node, 4)
    if lengths and not (b.needed(lengths, "sequence lengths") == seq).all():
        raise NotAffine("sequences of different lengths in one batch")


def _start(b: Builder, layer: Layer, direction: int) -> None:
    """What a direction starts from: the given state, or zeros."""
    node = layer.node
    slot = Affine((), layer.seq + layer.first if layer.backward[direction] else 0)
    dims = {"m": layer.batch, "n": layer.hidden}
    for tensor, position, part in ((layer.state, 5, "state"), (layer.cell, 6, "cell")):
        if tensor is None:
            continue
        value: Value = f.number(0)
        if name := _operand(node, position):
            given = b.view(name)
            given = values.transpose(given, (1, 0, 2)) if integer(node, "layout", 0) else given
            value = b.read(given, [Affine((), direction), dim("m"), dim("n")])
        target = values.at(tensor, [slot, Affine((), direction), dim("m"), dim("n")])
        back = "back_" if layer.backward[direction] else ""
        b.op(node, dims, target, value, part=f"{back}{part}0")


def _cell(b: Builder, layer: Layer, direction: int) -> Cell:
    """The products of a step, and how the gates read them."""
    node, seq, hidden = layer.node, layer.seq, layer.hidden
    step = b.step(seq)
    backward = layer.backward[direction]
    here = affine({step.name: -1}, seq - 1) if backward else dim(step.name)
    after = add(here, Affine((), layer.first))
    before = add(after, Affine((), 1 if backward else -1))
    back = "back_" if backward else ""
    rows = _GATES[node.kind] * hidden
    dtype = b.dtype(node.inputs[0])
    from_x = b.temp(f"{node.name}.{back}x", dtype, (layer.batch, rows))
    from_h = b.temp(f"{node.name}.{back}h", dtype, (layer.batch, rows))
    d = Affine((), direction)
    x = b.read(layer.x, [here, dim("m"), dim("k")])
    h = b.read(layer.state, [before, d, dim("m"), dim("k")])
    for target, source, weight, depth, part in (
        (from_x, x, node.inputs[1], layer.x.shape[2], "x"),
        (from_h, h, node.inputs[2], hidden, "h"),
    ):
        w = b.read(b.view(weight), [d, dim("n"), dim("k")])
        dims = {"m": layer.batch, "n": rows, "k": depth}
        place = values.at(target, [dim("m"), dim("n")])
        product = f.mul(source, w)
        acc = accumulator(dtype)
        b.op(node, dims, place, product, Reduce.ADD, part=f"{back}{part}", acc=acc, repeat=step)

    def gate(g: int) -> Value:
        return _biased(b, node, d, b.read(from_x, [dim("m"), _row(g, hidden)]), g, 0)

    def again(g: int) -> Value:
        return _biased(b, node, d, b.read(from_h, [dim("m"), _row(g, hidden)]), g, 1)

    functions = _activations(node, direction)
    return Cell(layer, direction, step, before, after, gate, again, functions)


def _row(gate: int, hidden: int) -> Affine:
    return add(dim("n"), Affine((), gate * hidden))


def _biased(
    b: Builder, node: Node, direction: Affine, product: Value, gate: int, half: int
) -> Value:
    """A product's gate with its bias, when the node has one: `B[d, half of W or R, gate]`."""
    bias = _operand(node, 3)
    if not bias:
        return product
    place = _row(half * _GATES[node.kind] + gate, b.shape(node.inputs[2])[-1])
    return f.add(product, b.read(b.view(bias), [direction, place]))


def _activations(node: Node, direction: int) -> tuple[Callable[[Value], Value], ...]:
    defaults = _ACTIVATIONS[node.kind]
    count = len(defaults)
    names = texts(node, "activations") or defaults * 2
    alphas, betas = list(reals(node, "activation_alpha")), list(reals(node, "activation_beta"))
    clip = real(node, "clip", 0.0)
    out = []
    for position, name in enumerate(names):
        key = name.lower()
        if key not in CELL_ACTIVATIONS:
            raise NotAffine(f"unknown activation {name!r}")
        a, c = CELL_DEFAULTS.get(key, (0.0, 0.0))
        if key in CELL_DEFAULTS:
            a = alphas.pop(0) if alphas else a
        if key in ("affine", "scaledtanh", "hardsigmoid"):
            c = betas.pop(0) if betas else c
        if position // count == direction:
            out.append(_clipped(CELL_ACTIVATIONS[key], a, c, clip))
    if len(out) != count:
        raise NotAffine(f"it names {len(names)} activations for {count} per direction")
    return tuple(out)


def _clipped(
    function: Callable[[Value, float, float], Value], a: float, c: float, clip: float
) -> Callable[[Value], Value]:
    def apply(x: Value) -> Value:
        if clip:
            x = f.minimum(f.maximum(x, f.number(-clip)), f.number(clip))
        return function(x, a, c)

    return apply


# ---- the cells ------------------------------------------------------------------------------


def _emit(b: Builder, cell: Cell, tensor: View, value: Value, part: str) -> None:
    target = values.at(tensor, cell.at(cell.after))
    name = f"{cell.part}{part}"
    b.op(cell.layer.node, cell.dims, target, value, part=name, repeat=cell.step)


def _lstm(b: Builder, cell: Cell) -> None:
    """Gates in the order i, o, f, c; peepholes read the cell."""
    layer = cell.layer
    assert layer.cell is not None
    squash, bend, show = cell.activations
    old = b.read(layer.cell, cell.at(cell.before))
    new = b.read(layer.cell, cell.at(cell.after))

    def gate(g: int, peep: int | None, seen: Value) -> Value:
        total = f.add(cell.gate(g), cell.again(g))
        peepholes = _operand(layer.node, 7)
        if peepholes and peep is not None:
            row = _row(peep, layer.hidden)
            weight = b.read(b.view(peepholes), [Affine((), cell.direction), row])
            total = f.add(total, f.mul(weight, seen))
        return total

    admit = squash(gate(0, 0, old))
    if integer(layer.node, "input_forget", 0):
        keep = f.sub(f.number(1), admit)
    else:
        keep = squash(gate(2, 2, old))
    fresh = bend(gate(3, None, old))
    _emit(b, cell, layer.cell, f.add(f.mul(keep, old), f.mul(admit, fresh)), "cell")
    _emit(b, cell, layer.state, f.mul(squash(gate(1, 1, new)), show(new)), "state")


def _gru(b: Builder, cell: Cell) -> None:
    """Gates in the order z, r, h; `linear_before_reset` resets the product, not the state."""
    layer = cell.layer
    squash, bend = cell.activations
    old = b.read(layer.state, cell.at(cell.before))
    update = squash(f.add(cell.gate(0), cell.again(0)))
    reset = squash(f.add(cell.gate(1), cell.again(1)))
    if integer(layer.node, "linear_before_reset", 0):
        fresh = bend(f.add(cell.gate(2), f.mul(reset, cell.again(2))))
    else:
        fresh = bend(f.add(cell.gate(2), _reset_product(b, cell, reset, old)))
    value = f.add(f.mul(f.sub(f.number(1), update), fresh), f.mul(update, old))
    _emit(b, cell, layer.state, value, "state")


def _reset_product(b: Builder, cell: Cell, reset: Value, old: Value) -> Value:
    """`(r * h) R_h + b`: the state is reset before its product with the third gate's weights."""
    layer, node = cell.layer, cell.layer.node
    dtype = b.dtype(node.inputs[0])
    shape = (layer.batch, layer.hidden)
    kept = b.temp(f"{node.name}.{cell.part}reset", dtype, shape)
    place = values.at(kept, [dim("m"), dim("n")])
    b.op(node, cell.dims, place, f.mul(reset, old), part=f"{cell.part}reset", repeat=cell.step)
    out = b.temp(f"{node.name}.{cell.part}rh", dtype, shape)
    d, row = Affine((), cell.direction), _row(2, layer.hidden)
    weight = b.read(b.view(node.inputs[2]), [d, row, dim("k")])
    product = f.mul(b.read(kept, [dim("m"), dim("k")]), weight)
    dims = {**cell.dims, "k": layer.hidden}
    target = values.at(out, [dim("m"), dim("n")])
    part, acc = f"{cell.part}rh", accumulator(dtype)
    b.op(node, dims, target, product, Reduce.ADD, part=part, acc=acc, repeat=cell.step)
    return _biased(b, node, d, b.read(out, [dim("m"), dim("n")]), 2, 1)


def _rnn(b: Builder, cell: Cell) -> None:
    value = cell.activations[0](f.add(cell.gate(0), cell.again(0)))
    _emit(b, cell, cell.layer.state, value, "state")


# ---- outputs --------------------------------------------------------------------------------


def _outputs(b: Builder, layer: Layer) -> None:
    """Y, Y_h and (LSTM) Y_c as views of the states."""
    node, seq = layer.node, layer.seq
    every = values.cut(layer.state, 0, layer.first, seq)
    finals = [_last(layer, layer.state)]
    if layer.cell is not None:
        finals.append(_last(layer, layer.cell))
    if integer(node, "layout", 0):
        every = values.transpose(every, (2, 0, 1, 3))
        finals = [values.transpose(final, (1, 0, 2)) for final in finals]
    for name, view in zip(node.outputs, [every, *finals], strict=False):
        if name:
            b.define(name, view)


def _last(layer: Layer, tensor: View) -> View:
    """`[direction, batch, hidden]`: the slot that a direction wrote last."""
    shape = (len(layer.backward), layer.batch, layer.hidden)
    end = layer.first + layer.seq - 1
    slots = [layer.first if backward else end for backward in layer.backward]
    slope = slots[1] - slots[0] if len(slots) > 1 else 0
    slot = affine({"0": slope}, slots[0])
    index = [slot, values.axis(0), values.axis(1), values.axis(2)]
    return values.moved(tensor, index, shape)
