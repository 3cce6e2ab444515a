"""Real networks: all multiply-accumulates found, none lost, no operator dropped."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tilewright.frontends.onnx import load_onnx
from tilewright.frontends.onnx.reader import shipped_models
from tilewright.ir.functions import macs
from tilewright.ir.nest_text import parse_nest, show_workload
from tilewright.ir.text import Diagnostic
from tilewright.ir.verify import verify_workload
from tilewright.ir.workload import Workload

DIMS = {"silero_vad_16k_lstm.onnx": {"batch": 1, "sequence": 512}}
# Multiply-accumulates in millions, from the layers' shapes.
SHIPPED = {
    "bvlc_alexnet": 654.6,
    "densenet121": 2834.2,
    "inception_v1": 1431.6,
    "inception_v2": 2018.9,
    "resnet50": 4089.2,
    "shufflenet": 124.7,
    "squeezenet": 349.2,
    "vgg19": 19632.1,
    "zfnet512": 1481.7,
}


def total_macs(workload: Workload) -> int:
    return sum(macs(op) * op.times for op in workload.ops.values())


def facts(shared: Path) -> dict[str, float]:
    """Millions of multiply-accumulates by file, from the table beside the models."""
    rows = re.findall(
        r"^\|(\S+\.onnx)\|([0-9.]+)\|", (shared / "models/README.md").read_text(), re.M
    )
    return {name: float(number) for name, number in rows}


def test_every_model_of_the_shared_folder(shared: Path) -> None:
    known = facts(shared)
    assert len(known) >= 20
    for name, millions in known.items():
        workload = load_onnx(shared / "models" / name, DIMS.get(name, {}))
        if name not in DIMS:  # the table does not bind free dims
            assert total_macs(workload) / 1e6 == pytest.approx(millions, abs=0.051), name
        assert sum(opaque.macs for opaque in workload.opaques) <= total_macs(workload) / 100
        verify_workload(workload)
        assert parse_nest("nest 1\n" + show_workload(workload), name) == (workload,), name


@pytest.mark.parametrize("name", shipped_models())
def test_models_of_the_onnx_package(name: str) -> None:
    workload = load_onnx(f"onnx:{name}")
    assert not workload.opaques
    assert total_macs(workload) / 1e6 == pytest.approx(SHIPPED[name], abs=0.051)
    verify_workload(workload)


def test_free_dims_are_asked_for_at_once(shared: Path) -> None:
    with pytest.raises(Diagnostic) as caught:
        load_onnx(shared / "models/silero_vad_16k_lstm.onnx")
    assert "`batch`, `sequence`" in caught.value.message
    assert caught.value.help == "write --dim batch=1 --dim sequence=512"
    with pytest.raises(Diagnostic) as caught:
        load_onnx(shared / "models/silero_vad_16k_lstm.onnx", {"batch": 1, "sequenze": 5})
    assert "`sequenze`" in caught.value.message and "sequence=5" in caught.value.help


def test_attention_needs_no_copies(shared: Path) -> None:
    for name in ("hf_bert_base_s128.onnx", "tv_convnext_tiny.onnx"):
        workload = load_onnx(shared / "models" / name)
        assert not [op for op in workload.ops if "copy" in op], name


def test_recurrent_layers_count_every_step(shared: Path) -> None:
    workload = load_onnx(shared / "models/own_lstm_2x1024_s64.onnx")
    steps = [op for op in workload.ops.values() if op.repeat is not None]
    assert {op.times for op in steps} == {64} and len({op.repeat for op in steps}) == 2
