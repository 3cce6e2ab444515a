"""What the kernels work on: one op on one unit of one chip, and a nest's counts.

Arrays have a fixed shape, the largest that is counted; the first fields of `Problem` say how much
of them is in use.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from .record import Floats, Ints, new_record

# ---- the largest problem --------------------------------------------------------------------
DIMS, OPERANDS, TENSOR_AXES = 16, 16, 8
MEMORIES, AXES, PORTS, NETS, STAGES = 8, 8, 32, 16, 16
LINES = 128
ENTRIES = 8  # edges that leave a net's source
ROOM = 1 << 20  # words or nodes that are enumerated where no closed form holds
MOST_LANES = ROOM // 2

# ---- the columns of a line, and its kinds -----------------------------------------------------
KIND, SUBJECT, COUNT, PLACE = 0, 1, 2, 3
COLUMNS = 4
FOR, PAR, KEEP = 0, 1, 2
EITHER = -1  # loops in time and in space

# ---- the actions of a memory, in the order of every array that has an action axis -----------
READ, FILL, UPDATE, DRAIN = 0, 1, 2, 3

# ---- how a net routes; the rows of its tree's table -------------------------------------------
BUS, CROSSBAR, GRID, WALK = 0, 1, 2, 3
PARENT, HOPS, DEPTH, ENTRY, LANE = 0, 1, 2, 3, 4

# ---- the rows of the room for enumerations --------------------------------------------------
CELLS = KEYS = 0  # words that are covered; what tells a lane's group
NODES = 1  # the node of a lane
STAMPS = 2  # the last group that passed a node
HEADS, NEXT = 3, 4  # lists of the lanes of each group
ROWS = 5

# ---- what a kernel may find wrong with a nest -----------------------------------------------
OK = 0
NO_PORT = 1  # traffic that no port of the memory serves
HELD_TWICE = 2  # two lanes hold one partial sum of a memory that cannot add
UNEVEN_REFILL = 3  # partial sums that come back unevenly: not counted by this model
TOO_LARGE = 4  # an enumeration that exceeds the room for it


class Problem:
    """One op on one compute unit of one chip.

    Attributes:
        dims, operands, tensor_axes, memories, axes, ports, nets: how many there are. The output
            is the last operand; memories and axes come from the outermost to the unit.
        coef: coefficient of a dim on an axis of an operand.
        relevant: 1 where some coefficient of the dim is not 0.
        role: 0 input, 1 weight, 2 output.
        lone: 1 when no dim stands on two axes of the output.
        reduces: 0 for an op that assigns (`=`), else 1.
        reduction: 1 for a dim that the result does not name, of an op that reduces.
        preloaded: 1 when the output is never empty at its home (a `state`).
        partner: the read operand whose tile the output overwrites in place, else -1.
        latch: 1 where the unit holds the operand's last value.
        final_bits, acc_bits: width of a finished word of the output, and of a partial sum.
        point_cycles: cycles a point, numerator and denominator.
        compute_pj: energy of the whole op's operations.
        size_bits: capacity, -1 unbounded.
        share_bits: capacity for a role, -1 no limit.
        word_bits: stored width; 0 for an output whose width the nest decides.
        width_bits: bits of one access.
        energy_pj: energy of one access, by action.
        accumulates: 1 when the memory can add an update to what it holds.
        always_reads: 1 when a first update reads, too (`first_touch = read`).
        memory_place: position in the chip's chain of memories and arrays.
        unit_place: the same of the compute unit.
        axis_place: the same of the array that an axis belongs to.
        axis_extent: lanes that the chip has on the axis.
        port_of: the port that serves a role's action, else -1.
        port_rate: bits per cycle, numerator and denominator.
        shares: 1 where the operand's net on the axis multicasts, forwards, or (for the output)
            reduces: equal lanes are one transfer.
        stages: how many stages transfers of a role may cross.
        stage_net: net of a stage, -1 for plain wires.
        stage_place: position of a stage in the chain.
        stage_width: how many axes a stage has.
        stage_axes: these axes in the order of the net.
        net_kind: BUS, CROSSBAR, GRID or WALK.
        net_driver: 1 when a hop leads from the source to lane 0 of a GRID.
        net_width_bits: bits per cycle of each edge.
        net_pj: energy per bit and hop.
        first_lane: column of a net's lane 0 in row LANE of `trees`.
        leak_pj: energy per cycle of everything that is never gated.
        gated_pj: energy per cycle of a used instance, where idle ones are gated; after the
            memories the unit.
    """

    dims: int
    operands: int
    tensor_axes: int
    memories: int
    axes: int
    ports: int
    nets: int
    coef: Annotated[Ints, (OPERANDS, TENSOR_AXES, DIMS)]
    relevant: Annotated[Ints, (OPERANDS, DIMS)]
    role: Annotated[Ints, (OPERANDS,)]
    lone: int
    reduces: int
    reduction: Annotated[Ints, (DIMS,)]
    preloaded: int
    partner: int
    latch: Annotated[Ints, (OPERANDS,)]
    final_bits: int
    acc_bits: int
    point_cycles: Annotated[Ints, (2,)]
    compute_pj: float
    size_bits: Annotated[Ints, (MEMORIES,)]
    share_bits: Annotated[Ints, (MEMORIES, 3)]
    word_bits: Annotated[Ints, (MEMORIES, OPERANDS)]
    width_bits: Annotated[Ints, (MEMORIES,)]
    energy_pj: Annotated[Floats, (MEMORIES, 4)]
    accumulates: Annotated[Ints, (MEMORIES,)]
    always_reads: Annotated[Ints, (MEMORIES,)]
    memory_place: Annotated[Ints, (MEMORIES,)]
    unit_place: int
    axis_place: Annotated[Ints, (AXES,)]
    axis_extent: Annotated[Ints, (AXES,)]
    port_of: Annotated[Ints, (MEMORIES, 3, 4)]
    port_rate: Annotated[Ints, (PORTS, 2)]
    shares: Annotated[Ints, (OPERANDS, AXES)]
    stages: Annotated[Ints, (3,)]
    stage_net: Annotated[Ints, (3, STAGES)]
    stage_place: Annotated[Ints, (3, STAGES)]
    stage_width: Annotated[Ints, (3, STAGES)]
    stage_axes: Annotated[Ints, (3, STAGES, AXES)]
    net_kind: Annotated[Ints, (NETS,)]
    net_driver: Annotated[Ints, (NETS,)]
    net_width_bits: Annotated[Ints, (NETS,)]
    net_pj: Annotated[Floats, (NETS,)]
    first_lane: Annotated[Ints, (NETS,)]
    leak_pj: float
    gated_pj: Annotated[Floats, (MEMORIES + 1,)]


class Work:
    """What one evaluation reads off the lines, computes on the way, and finds.

    Of the lines, by `scan`:
        extent: extents of the dims while the lines are read.
        tile: for a loop, extent of its dim below it.
        time_above, lanes_above: product of the `for` and of the `par` trips above a line.
        box, volume: for a keep, the extents of its tile and their product.
        hold: lines of an operand's keeps, outer to inner, then the end of the lines.
        holds: how many keeps an operand has; its link number `i` leads from keep `i` inward.
        lanes: lanes used on an axis.
        pars, par_count: the lines of loops in space with more than one trip.

    Of space, by `spread_lanes`:
        groups: groups of child lanes of one parent, by operand and link.
        regular: 1 when the lanes of a group differ only in irrelevant loops.
        outer_lanes: lanes of the link's stages further out, by operand and stage.
        outer_groups: the same, counting equal lanes once.
        stage_words: words that one net instance carries for each entry of the child.
        stage_hops: hops of those words.
        stage_entry: how many of them use each edge that leaves the source.
        refill_hops, refill_entry: the same for words that go to lane 0 of each group only.
        spread_fault: OK or TOO_LARGE.

    The counts, by `count_words`:
        words: words over all instances, by memory, operand and action.
        accesses: vector accesses over all instances.
        port_bits: bits through a port of the busiest instance.
        word_hops, bit_hops: words and bits x hops over all instances of a net, by operand.
        net_bits: bits on the busiest edge of the busiest instance of a net.
        used_bits, role_bits: capacity taken in one instance, in all and by role.
        instances: instances in use; after the memories the unit.
        compute_cycles: cycles of the unit.
        fault, fault_memory, fault_operand: what is wrong, and where.

    On the way:
        strides, trips, steps, loops: one set of loops at a time.
        chosen, here: two sets of axes, as 0 and 1.
        rows: distance between neighbours on an axis of a box of cells.
        entered, touched, width, partial, several: of each link of the output (`output.py`).
        classes: sets of instances: how many, and words filled into each.
        load: bits on the edges that leave a net's source.
        kept_bits: bits of an operand's tile in a memory.
    """

    extent: Annotated[Ints, (DIMS,)]
    tile: Annotated[Ints, (LINES,)]
    time_above: Annotated[Ints, (LINES + 1,)]
    lanes_above: Annotated[Ints, (LINES + 1,)]
    box: Annotated[Ints, (LINES, TENSOR_AXES)]
    volume: Annotated[Ints, (LINES,)]
    hold: Annotated[Ints, (OPERANDS, MEMORIES + 1)]
    holds: Annotated[Ints, (OPERANDS,)]
    lanes: Annotated[Ints, (AXES,)]
    pars: Annotated[Ints, (LINES,)]
    par_count: int

    groups: Annotated[Ints, (OPERANDS, MEMORIES)]
    regular: Annotated[Ints, (OPERANDS, MEMORIES)]
    outer_lanes: Annotated[Ints, (OPERANDS, STAGES)]
    outer_groups: Annotated[Ints, (OPERANDS, STAGES)]
    stage_words: Annotated[Ints, (OPERANDS, STAGES)]
    stage_hops: Annotated[Ints, (OPERANDS, STAGES)]
    stage_entry: Annotated[Ints, (OPERANDS, STAGES, ENTRIES)]
    refill_hops: Annotated[Ints, (OPERANDS, STAGES)]
    refill_entry: Annotated[Ints, (OPERANDS, STAGES, ENTRIES)]
    spread_fault: int

    words: Annotated[Ints, (MEMORIES, OPERANDS, 4)]
    accesses: Annotated[Ints, (MEMORIES, OPERANDS, 4)]
    port_bits: Annotated[Ints, (PORTS,)]
    word_hops: Annotated[Ints, (NETS, OPERANDS)]
    bit_hops: Annotated[Ints, (NETS, OPERANDS)]
    net_bits: Annotated[Ints, (NETS,)]
    used_bits: Annotated[Ints, (MEMORIES,)]
    role_bits: Annotated[Ints, (MEMORIES, 3)]
    instances: Annotated[Ints, (MEMORIES + 1,)]
    compute_cycles: int
    fault: int
    fault_memory: int
    fault_operand: int

    strides: Annotated[Ints, (LINES,)]
    trips: Annotated[Ints, (LINES,)]
    steps: Annotated[Ints, (LINES,)]
    loops: Annotated[Ints, (LINES,)]
    chosen: Annotated[Ints, (AXES,)]
    here: Annotated[Ints, (AXES,)]
    rows: Annotated[Ints, (TENSOR_AXES,)]
    entered: Annotated[Ints, (MEMORIES,)]
    touched: Annotated[Ints, (MEMORIES,)]
    width: Annotated[Ints, (MEMORIES,)]
    partial: Annotated[Ints, (MEMORIES,)]
    several: Annotated[Ints, (MEMORIES,)]
    classes: Annotated[Ints, (MEMORIES + 2, 2)]
    load: Annotated[Ints, (NETS, ENTRIES)]
    kept_bits: Annotated[Ints, (MEMORIES, OPERANDS)]


def new_work() -> Work:
    """A record for one evaluation at a time."""
    return new_record(Work)


def new_room() -> Ints:
    """int64[ROWS, ROOM]: room for enumerations; untouched, so free, where closed forms hold."""
    return np.zeros((ROWS, ROOM), np.int64)
