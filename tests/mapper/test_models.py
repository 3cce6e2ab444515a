"""Every shared network on three chips: all multiply-accumulates mapped, or said why not."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tilewright.hw_specs.load import load_arch
from tilewright.ir.map_text import parse_map
from tilewright.mapper.constraints import check
from tilewright.mapper.load import load_workload
from tilewright.mapper.model.evaluate import evaluate
from tilewright.mapper.network import map_network
from tilewright.mapper.report.json_text import cost_json, to_json

CHIPS = ("eyeriss", "simba", "tpu_v1")
DIMS = {"silero_vad_16k_lstm": {"batch": 1, "sequence": 512}}
MODELS = (
    "hf_bert_base_s128",
    "hf_tinyllama_2layer_prefill_s128",
    "ort_mnist",
    "own_lstm_2x1024_s64",
    "own_unet_256",
    "silero_vad_16k_lstm",
    "stream_swiglu_2048_4096_14336",
    "tv_convnext_tiny",
    "tv_efficientnet_b0",
    "tv_lraspp_mobilenet_v3_seg",
    "tv_mobilenet_v2",
    "tv_mobilenet_v3_large",
    "tv_resnet50",
    "tv_squeezenet1_1",
    "tv_vgg16",
    "tv_vit_b_16",
    "ultraface_rfb320_detector",
    "zigzag_alexnet_stripped",
    "zigzag_mobilenetv2_stripped",
    "zigzag_resnet18_stripped",
)


def published_macs_m(shared: Path, model: str) -> float:
    """The figure of the models' own table, in millions."""
    table = (shared / "models" / "README.md").read_text()
    found = re.search(rf"^\|{re.escape(model)}\.onnx\|([0-9.]+)\|", table, re.MULTILINE)
    assert found is not None
    return float(found[1])


@pytest.mark.slow
@pytest.mark.parametrize("chip", CHIPS)
@pytest.mark.parametrize("model", MODELS)
def test_a_network_is_mapped(model: str, chip: str, shared: Path) -> None:
    workload = load_workload(shared / "models" / f"{model}.onnx", DIMS.get(model))
    arch = load_arch(chip)
    report = map_network(workload, arch, budget_s=0.0)  # one round a shape
    assert report.macs >= 0.99 * (report.macs + report.macs_not_mapped)
    if model not in DIMS:  # the table counts that one with its dims free
        total_m = (report.macs + report.macs_not_mapped) / 1e6
        assert total_m == pytest.approx(published_macs_m(shared, model), abs=0.051)
    assert all(item.why for item in report.not_mapped)
    mapped = sum(len(entry.names) for entry in report.entries)
    assert mapped + sum(item.count for item in report.not_mapped) == len(workload.nodes)
    for written in json.loads(to_json(report))["ops"]:
        (mapping,) = parse_map(written["mapping"])
        op = workload.ops[written["name"]]
        assert check(mapping, op, arch) == ()
        assert cost_json(evaluate(mapping, op, arch)) == written["cost"]
