"""Workload text: what is printed reads back, for every workload that verifies."""

from hypothesis import given, settings
from hypothesis import strategies as st
from properties.strategies_ir import workloads

from tilewright.ir.format import format_text
from tilewright.ir.nest_text import NEST, parse_nest, show_nest_file
from tilewright.ir.verify import verify_workload
from tilewright.ir.workload import Workload

files = st.lists(workloads(), max_size=2, unique_by=lambda workload: workload.name).map(tuple)


@settings(max_examples=300, deadline=None)
@given(files)
def test_what_is_printed_reads_back(written: tuple[Workload, ...]) -> None:
    for workload in written:
        verify_workload(workload)
    text = show_nest_file(written)
    read = parse_nest(text)
    assert read == written
    assert show_nest_file(read) == text
    assert [list(workload.tensors) for workload in read] == [list(w.tensors) for w in written]


@settings(max_examples=60, deadline=None)
@given(files)
def test_the_formatter_leaves_canonical_text_alone(written: tuple[Workload, ...]) -> None:
    text = show_nest_file(written)
    assert format_text(text, "n", [NEST]) == text
