"""What the evaluator does not count yet: refused here, never approximated."""

from __future__ import annotations

from collections.abc import Iterator

from ...hw_specs.model import Arch, Array, Compute, Memory, Net, Overlap, Reuse, chain
from ...ir.affine import interval
from ...ir.text import Diagnostic, label_at
from ...ir.workload import Op, Operand, operands
from ..space.nest import Nest, Step


def require_supported(op: Op, arch: Arch, unit: Compute) -> None:
    """Refuse an op or a chip that the kernels would count wrongly.

    Raises:
        Diagnostic: the first feature that is not supported, and what to write instead.
    """
    parts = chain(arch, unit)
    for part in parts:
        if isinstance(part, Memory):
            _raise_first(_memory_faults(part))
    arrays = [part for part in parts if isinstance(part, Array)]
    axes = {f"{array.path}.{axis}" for array in arrays for axis, _ in array.axes}
    for net in arch.nets:
        _raise_first(_net_faults(net, axes))
    for link in arch.links:
        raise Diagnostic(
            f"the evaluator does not route over single links yet (`{link.source[0]}`)",
            label_at(link.at, "an edge beside the nets"),
            help="describe the wires with a `net`",
        )
    _raise_first(_in_place_faults(op))


def require_even(nest: Nest) -> None:
    """Refuse a nest with a tail.

    Raises:
        Diagnostic: the first loop whose last tile is a shorter one.
    """
    for line in nest.lines:
        if isinstance(line, Step) and line.tail:
            full = (line.trips - 1) * line.tile
            points = full + line.tail
            raise Diagnostic(
                f"`{line.dim} {line.trips - 1}x{line.tile}+{line.tail}` has a tail, "
                "which the evaluator does not count yet",
                label_at(line.at, f"{line.trips - 1}*{line.tile} + {line.tail} = {points}"),
                help=f"choose tiles of `{line.dim}` that divide {points}",
            )


def _raise_first(faults: Iterator[Diagnostic]) -> None:
    for fault in faults:
        raise fault


def _memory_faults(memory: Memory) -> Iterator[Diagnostic]:
    at = label_at(memory.at, "this memory")
    if memory.reuse is not Reuse.INNERMOST:
        message = f"the evaluator does not count `reuse = {memory.reuse}` yet (`{memory.path}`)"
        yield Diagnostic(message, at, help="write `reuse = innermost`")
    if memory.overlap is not Overlap.STREAMED:
        message = f"the evaluator does not count `overlap = {memory.overlap}` yet (`{memory.path}`)"
        yield Diagnostic(message, at, help="write `overlap = streamed`")
    if memory.banks:
        message = f"the evaluator does not count banked memories yet (`{memory.path}`)"
        yield Diagnostic(message, at, help="write one memory with the banks' size and bandwidth")


def _net_faults(net: Net, axes: set[str]) -> Iterator[Diagnostic]:
    at = label_at(net.at, "this net")
    on_way = [axis in axes for axis in net.axes]
    if net.shift:
        message = f"the evaluator does not count `forward(shift)` yet (`{net.name}`)"
        yield Diagnostic(message, at, help="write `forward` instead")
    if any(on_way) and len({axis.rpartition(".")[0] for axis in net.axes}) > 1:
        message = f"the net `{net.name}` runs along axes of more than one array"
        yield Diagnostic(message, at, help="write one net for each array")


def _in_place_faults(op: Op) -> Iterator[Diagnostic]:
    *reads, output = operands(op)
    for read in reads:
        if _bytes_of(read) != _bytes_of(output) or updates_in_place(read, output):
            continue
        if not _are_apart(op, read, output):
            yield Diagnostic(
                f"`{op.name}` reads `{read.tensor.name}` and writes it through another access",
                label_at(op.at, "in place, but not element by element"),
                help="write the result to a tensor of its own",
            )


def updates_in_place(read: Operand, output: Operand) -> bool:
    """Whether a read takes the very elements that the op writes."""
    return read.tensor.name == output.tensor.name and read.axes == output.axes


def _are_apart(op: Op, read: Operand, output: Operand) -> bool:
    """Whether two accesses of a tensor never meet: on some axis their intervals are disjoint.

    The step of a repeat is the same for both and has dropped out of the axes.
    """
    if read.tensor.name != output.tensor.name:
        return False
    for a, b in zip(read.axes, output.axes, strict=True):
        (low, high), (first, last) = interval(a, op.extents), interval(b, op.extents)
        if high < first or last < low:
            return True
    return False


def _bytes_of(operand: Operand) -> str:
    return (operand.tensor.of or operand.tensor).name
