"""Where the marks of the charts stand, and the numbers behind them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from browser.synthetic import chip, report
from hypothesis import given
from hypothesis import strategies as st

from tilewright.mapper.model.cost import Bottleneck
from tilewright.mapper.report.axis import Linear, log_axis
from tilewright.mapper.report.breakdown import (
    energy_by_part,
    total_cycles_by_bound,
    total_energy_by_part,
)
from tilewright.mapper.report.charts import layer_panels, layer_slots, roofline_charts
from tilewright.mapper.report.roofline import peak_macs_per_cycle, rooflines

POSITIVE = st.floats(1e-15, 1e15)


@given(POSITIVE)
def test_linear_ticks_are_few_round_and_inside(top):
    ticks = Linear(top).ticks
    assert 3 <= len(ticks) <= 6
    assert ticks[0].value == 0 and ticks[-1].value <= top * 1.002
    assert all(0 <= tick.percent <= 100.2 for tick in ticks)


@given(st.lists(POSITIVE, min_size=1, max_size=9))
def test_log_axis_holds_its_values(values):
    axis = log_axis(values)
    assert all(0 < axis.percent(value) < 100 for value in values)
    assert len(axis.ticks) >= 2
    assert all(-1e-9 <= tick.percent <= 100 + 1e-9 for tick in axis.ticks)


def test_energy_parts_add_up():
    of = report(9)
    for entry in of.entries:
        parts = energy_by_part(entry.result.cost, of.hardware)
        assert sum(parts.values()) == pytest.approx(entry.result.cost.energy_pj, rel=1e-12)
    assert sum(total_energy_by_part(of).values()) == pytest.approx(of.energy_pj, rel=1e-12)
    assert sum(total_cycles_by_bound(of).values()) == of.cycles


def test_columns_stack_from_the_bottom_to_their_sum():
    of = report(9)
    energy, cycles, used = layer_panels(of)
    for panel in (energy, cycles, used):
        for column in panel.columns:
            bottom = 100.0
            for mark in column.marks:
                assert mark.top + mark.height == pytest.approx(bottom, abs=0.2)
                bottom = mark.top
            assert bottom >= 0
    heights = [100 - column.marks[-1].top for column in energy.columns]
    weights = [entry.count * entry.result.cost.energy_pj for entry in of.entries]
    for height, weight in zip(heights, weights, strict=True):
        assert height / max(heights) == pytest.approx(weight / max(weights), abs=1e-3)


@pytest.mark.parametrize("layers", [1, 7, 60, 61, 500])
def test_slots_fill_the_axis_and_labels_stay_readable(layers):
    slots = layer_slots(report(layers))
    assert slots[-1].left + slots[-1].width == pytest.approx(100)
    assert 0 < sum(bool(slot.label) for slot in slots) <= 60
    assert all(slot.left <= slot.bar_left for slot in slots)


def test_peak_is_that_of_all_lanes():
    assert peak_macs_per_cycle(chip()) == 12 * 14


def test_points_stand_under_both_roofs():
    for roofline in rooflines(report(30)):
        for point in roofline.points:
            slope = point.intensity * roofline.bandwidth_bytes_per_cycle
            assert point.macs_per_cycle <= slope * (1 + 1e-9)
            assert point.macs_per_cycle <= roofline.peak_macs_per_cycle
        assert sum(point.time_share for point in roofline.points) == pytest.approx(1)


def test_a_layer_bound_by_a_memory_stands_on_its_slope():
    of = report(1)
    entry = of.entries[0]
    cost = entry.result.cost
    dram = replace(cost, terms=(Bottleneck("port dram.rw", cost.cycles),))
    of = replace(of, entries=(replace(entry, result=replace(entry.result, cost=dram)),))
    (roofline,) = rooflines(of)  # the shared buffer moved nothing
    assert roofline.memory == "dram"
    assert roofline.bandwidth_bytes_per_cycle == float(Fraction(64, 8))
    (point,) = roofline.points
    assert point.macs_per_cycle == pytest.approx(point.intensity * 8)


def test_ridge_of_the_chart_is_where_the_roofs_meet():
    for chart in roofline_charts(report(12)):
        foot, ridge, end = chart.roof
        assert foot[0] < ridge[0] < end[0]
        assert foot[1] > ridge[1] == end[1]
        for dot in chart.dots:
            assert 0 < dot.x < 100 and ridge[1] - 1e-6 <= dot.y < 100
