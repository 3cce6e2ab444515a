"""Lowered networks compute what ONNX's reference evaluator computes."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper
from onnx.reference import ReferenceEvaluator

from tilewright.frontends.onnx import lower_onnx
from tilewright.frontends.onnx.lower import Lowered

from .nets import check, data, floats, integers, network, node, run, weights


def test_conv_with_bias_and_activation() -> None:
    nodes = [node("Conv", ["x", "w", "b"], ["c"], pads=[1, 1, 1, 1]), node("Relu", ["c"], ["y"])]
    model = network(nodes, [floats("x", 1, 3, 6, 5)], ["y"], weights(w=(4, 3, 3, 3), b=(4,)))
    check(model, {"x": data(1, 3, 6, 5)})


@settings(max_examples=60, deadline=None)
@given(
    rank=st.integers(1, 3),
    kind=st.sampled_from(["Conv", "ConvTranspose"]),
    groups=st.sampled_from([(1, 2, 3), (2, 2, 1), (3, 1, 1), (3, 1, 2)]),
    draw=st.data(),
)
def test_convolutions(
    rank: int, kind: str, groups: tuple[int, int, int], draw: st.DataObject
) -> None:
    group, per_in, per_out = groups
    pick = lambda low, high: [draw.draw(st.integers(low, high)) for _ in range(rank)]  # noqa: E731
    kernel, strides, dilations = pick(1, 3), pick(1, 3), pick(1, 2)
    before, after = pick(0, 1), pick(0, 1)
    # Every window touches the input, and a transposed output stays positive.
    sizes = [d * (k - 1) + 3 for d, k in zip(dilations, kernel, strict=True)]
    c, k = group * per_in, group * per_out
    shape = (k, per_in) if kind == "Conv" else (c, per_out)
    attributes = {"strides": strides, "dilations": dilations, "pads": before + after}
    if kind == "ConvTranspose":
        attributes["output_padding"] = [draw.draw(st.integers(0, s - 1)) for s in strides]
    nodes = [node(kind, ["x", "w", "b"], ["y"], group=group, **attributes)]
    constants = weights(w=(*shape, *kernel), b=(k,))
    image = [floats("x", 2, c, *sizes)]
    model = network(nodes, image, ["y"], constants)
    by_group = network(_by_group(kind, group, attributes), image, ["y"], constants)
    check(model, {"x": data(2, c, *sizes, seed=3)}, by_group)


def _by_group(kind: str, groups: int, attributes: dict[str, list[int]]) -> list:
    """A convolution with groups from convolutions without."""
    parts = {name: [f"{name}{g}" for g in range(groups)] for name in "xwby"}
    return [
        *(node("Split", [n], parts[n], axis=int(n == "x"), num_outputs=groups) for n in "xwb"),
        *(node(kind, [*xwb], [y], **attributes) for *xwb, y in zip(*parts.values(), strict=True)),
        node("Concat", parts["y"], ["y"], axis=1),
    ]


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(["MaxPool", "AveragePool", "LpPool"]),
    kernel=st.integers(1, 3),
    stride=st.integers(1, 3),
    pad=st.integers(0, 1),
    ceil=st.booleans(),
    include=st.booleans(),
)
def test_pools(kind: str, kernel: int, stride: int, pad: int, ceil: bool, include: bool) -> None:
    """By hand: the reference evaluator errs on windows that `ceil_mode` cuts short."""
    pad = min(pad, kernel - 1)
    attributes = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": [pad] * 4}
    attributes["ceil_mode"] = int(ceil)  # type: ignore[assignment]
    if kind == "AveragePool":
        attributes["count_include_pad"] = int(include)  # type: ignore[assignment]
    model = network([node(kind, ["x"], ["y"], **attributes)], [floats("x", 1, 2, 7, 8)], ["y"])
    x = data(1, 2, 7, 8)
    got = run(lower_onnx(model), {"x": x})["y"]
    for p, q in np.ndindex(got.shape[2:]):
        rows, columns = (
            range(i * stride - pad, min(i * stride - pad + kernel, n + pad))
            for i, n in ((p, 7), (q, 8))
        )
        inside = x[0][:, [r for r in rows if 0 <= r < 7]][:, :, [c for c in columns if 0 <= c < 8]]
        if inside.size == 0:
            continue  # ONNX 1.23 infers windows that start behind the input; they mean nothing
        count = len(rows) * len(columns) if include else inside[0].size
        want = {
            "MaxPool": lambda v: v.max(axis=(1, 2)),
            "AveragePool": lambda v, count=count: v.sum(axis=(1, 2)) / count,
            "LpPool": lambda v: np.sqrt(np.square(v).sum(axis=(1, 2))),
        }[kind](inside)
        np.testing.assert_allclose(got[0, :, p, q], want, rtol=1e-4, atol=1e-5)


def test_attention_heads_without_a_copy() -> None:
    split = np.array([1, 5, 2, 4], np.int64)
    merged = np.array([1, 5, 8], np.int64)
    nodes = []
    for name in "qkv":
        nodes += [
            node("MatMul", ["x", f"w{name}"], [f"l{name}"]),
            node("Reshape", [f"l{name}", "split"], [f"r{name}"]),
            node(
                "Transpose",
                [f"r{name}"],
                [name],
                perm=[0, 2, 3, 1] if name == "k" else [0, 2, 1, 3],
            ),
        ]
    nodes += [
        node("MatMul", ["q", "k"], ["scores"]),
        node("Mul", ["scores", "half"], ["scaled"]),
        node("Softmax", ["scaled"], ["shares"], axis=-1),
        node("MatMul", ["shares", "v"], ["mixed"]),
        node("Transpose", ["mixed"], ["back"], perm=[0, 2, 1, 3]),
        node("Reshape", ["back", "merged"], ["flat"]),
        node("MatMul", ["flat", "wo"], ["y"]),
    ]
    constants = weights(wq=(8, 8), wk=(8, 8), wv=(8, 8), wo=(8, 8))
    constants |= {"split": split, "merged": merged, "half": np.float32(0.5)}
    lowered = check(network(nodes, [floats("x", 1, 5, 8)], ["y"], constants), {"x": data(1, 5, 8)})
    assert not [name for name in lowered.workload.ops if "copy" in name]


def test_batch_norm_is_folded_into_weights() -> None:
    statistics = {"g": data(4), "s": data(4, seed=1), "m": data(4, seed=2), "v": data(4) ** 2}
    for kind, shape, x in (
        ("Conv", (4, 3, 3, 3), (1, 3, 5, 5)),
        ("ConvTranspose", (3, 4, 3, 3), (1, 3, 5, 5)),
        ("Gemm", (3, 4), (2, 3)),
    ):
        nodes = [
            node(kind, ["x", "w", "b"], ["c"]),
            node("BatchNormalization", ["c", "g", "s", "m", "v"], ["y"]),
        ]
        model = network(nodes, [floats("x", *x)], ["y"], weights(w=shape, b=(4,)) | statistics)
        lowered = check(model, {"x": data(*x)})
        assert len(lowered.workload.ops) == 2
        assert lowered.workload.nodes[1].source.endswith("_0+BatchNormalization_0")


def test_batch_norm_of_a_value_with_two_readers_is_not_folded() -> None:
    statistics = {"g": data(4), "s": data(4, seed=1), "m": data(4, seed=2), "v": data(4) ** 2}
    nodes = [
        node("Conv", ["x", "w"], ["c"]),
        node("BatchNormalization", ["c", "g", "s", "m", "v"], ["n"]),
        node("Add", ["c", "n"], ["y"]),
    ]
    model = network(nodes, [floats("x", 1, 3, 5, 5)], ["y"], weights(w=(4, 3, 3, 3)) | statistics)
    check(model, {"x": data(1, 3, 5, 5)})


def test_concat_parts_are_written_in_place() -> None:
    nodes = [
        node("Relu", ["x"], ["a"]),
        node("Sigmoid", ["x"], ["b"]),
        node("Concat", ["a", "b"], ["ab"], axis=1),
        node("Tanh", ["x"], ["c"]),
        node("Concat", ["ab", "c", "x", "c"], ["all"], axis=1),
        node("Conv", ["all", "w"], ["conv"], pads=[1, 1, 1, 1]),
        node("Conv", ["a", "u"], ["side"], pads=[1, 1, 1, 1]),
        node("Add", ["conv", "side"], ["y"]),
    ]
    model = network(
        nodes, [floats("x", 1, 2, 4, 4)], ["y", "a"], weights(w=(3, 10, 3, 3), u=(3, 2, 3, 3))
    )
    lowered = check(model, {"x": data(1, 2, 4, 4)})
    # `x` belongs to the user, `a` is an output, `c` stands twice.
    assert sum("copy" in name for name in lowered.workload.ops) == 3


def test_a_padded_read_of_a_part_does_not_see_the_rest() -> None:
    nodes = [
        node("Slice", ["x", "from", "to", "axes"], ["part"]),
        node("Conv", ["part", "w"], ["y"], pads=[1, 1, 1, 1]),
    ]
    bounds = {"from": np.array([1]), "to": np.array([4]), "axes": np.array([3])}
    model = network(nodes, [floats("x", 1, 1, 5, 6)], ["y"], weights(w=(1, 1, 3, 3)) | bounds)
    check(model, {"x": data(1, 1, 5, 6)})


def test_a_concat_along_a_padded_axis_copies() -> None:
    nodes = [
        node("Relu", ["x"], ["a"]),
        node("Sigmoid", ["x"], ["b"]),
        node("Conv", ["a", "w"], ["y"], pads=[1, 1, 1, 1]),
        node("Concat", ["a", "b"], ["z"], axis=3),
    ]
    model = network(nodes, [floats("x", 1, 1, 4, 4)], ["y", "z"], weights(w=(1, 1, 3, 3)))
    check(model, {"x": data(1, 1, 4, 4)})


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "wrap"])
def test_pads(mode: str) -> None:
    nodes = [
        node("Pad", ["x", "pads", "fill"], ["p"], mode=mode),
        node("Conv", ["p", "w"], ["y"]),
        node("Exp", ["p"], ["z"]),
    ]
    constants = weights(w=(1, 2, 3, 3)) | {
        "pads": np.array([0, 0, 1, 2, 0, 0, 2, 1]),
        "fill": np.float32(0.25),
    }
    check(network(nodes, [floats("x", 1, 2, 4, 5)], ["y", "z"], constants), {"x": data(1, 2, 4, 5)})


@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize(("kind", "gates"), [("LSTM", 4), ("GRU", 3), ("RNN", 1)])
def test_recurrent_layers(kind: str, gates: int, direction: str) -> None:
    seq, batch, features, hidden = 4, 2, 3, 5
    d = 2 if direction == "bidirectional" else 1
    constants = weights(
        w=(d, gates * hidden, features),
        r=(d, gates * hidden, hidden),
        b=(d, 2 * gates * hidden),
        h0=(d, batch, hidden),
        c0=(d, batch, hidden),
        p=(d, 3 * hidden),
    )
    names = ["x", "w", "r", "b", "", "h0", *(["c0", "p"] if kind == "LSTM" else [])]
    outputs = ["y", "yh", *(["yc"] if kind == "LSTM" else [])]
    given = {k: v for k, v in constants.items() if k in names}
    nodes = [node(kind, names, outputs, hidden_size=hidden, direction=direction)]
    model = network(nodes, [floats("x", seq, batch, features)], outputs, given)
    x = data(seq, batch, features, seed=9)
    if direction == "forward":
        lowered = check(model, {"x": x})
    else:
        lowered = _check_reversed(model, x, given, kind, hidden)
    assert {op.times for op in lowered.workload.ops.values()} == {1, seq}


def _check_reversed(
    model: onnx.ModelProto,
    x: np.ndarray,
    given: dict[str, np.ndarray],
    kind: str,
    hidden: int,
) -> Lowered:
    """Compares the backward direction with a forward one on the reversed sequence."""
    lowered = lower_onnx(model)
    got = run(lowered, {"x": x})
    last = given["w"].shape[0] - 1
    one = {name: value[last:] for name, value in given.items()}
    outputs = list(model.graph.node[0].output)
    forward = node(kind, list(model.graph.node[0].input), outputs, hidden_size=hidden)
    single = network([forward], [floats("x", *x.shape)], outputs, one)
    want = dict(zip(outputs, ReferenceEvaluator(single).run(None, {"x": x[::-1]}), strict=True))
    np.testing.assert_allclose(got["y"][:, last], want["y"][::-1, 0], rtol=1e-4, atol=1e-5)
    for name in outputs[1:]:
        np.testing.assert_allclose(got[name][last], want[name][0], rtol=1e-4, atol=1e-5)
    return lowered


def test_gathers() -> None:
    nodes = [
        node("Gather", ["table", "ids"], ["rows"]),
        node("Gather", ["rows", "last"], ["end"], axis=0),
        node("Gather", ["rows", "some"], ["few"], axis=1),
        node("Gather", ["rows", "stride"], ["every"], axis=1),
    ]
    constants = weights(table=(7, 6)) | {
        "last": np.array(-1),
        "some": np.array([[3, -1], [0, 3]]),
        "stride": np.array([1, 3, 5]),
    }
    model = network(nodes, [integers("ids", 4)], ["end", "few", "every"], constants)
    lowered = check(model, {"ids": np.array([0, 6, 3, 3])})
    # A known position and positions in equal steps are views: only their outputs are written.
    assert "Gather_1" not in lowered.workload.ops and "Gather_3" not in lowered.workload.ops


def test_functions_of_the_model() -> None:
    body = [node("Sigmoid", ["a"], ["s"]), node("Mul", ["a", "s"], ["b"])]
    silu = helper.make_function("own", "Silu", ["a"], ["b"], body, [helper.make_opsetid("", 18)])
    nodes = [
        node("Silu", ["x"], ["u"], domain="own", name="first"),
        node("Silu", ["u"], ["y"], domain="own", name="second"),
    ]
    model = network(nodes, [floats("x", 3)], ["y"], functions=[silu])
    lowered = check(model, {"x": data(3)})
    assert "first.Mul_0" in lowered.workload.ops


@pytest.mark.parametrize("taken", [True, False])
def test_a_branch_with_a_known_condition_is_taken(taken: bool) -> None:
    empty = helper.make_empty_tensor_value_info
    branches = {
        "then_branch": helper.make_graph([node("Relu", ["x"], ["r"])], "yes", [], [empty("r")]),
        "else_branch": helper.make_graph([node("Neg", ["x"], ["r"])], "no", [], [empty("r")]),
    }
    nodes = [node("If", ["cond"], ["y"], **branches)]
    model = network(nodes, [floats("x", 3)], ["y"], {"cond": np.array(taken)})
    check(model, {"x": data(3)})


# ---- random chains of data movement ---------------------------------------------------------


@st.composite
def movements(draw: st.DrawFn) -> tuple[list, dict[str, np.ndarray], tuple[int, ...]]:
    """A chain of view-like operators on `x`, with pointwise ops between some of them."""
    shape: tuple[int, ...] = draw(st.sampled_from([(2, 6, 4), (4, 3, 2, 2), (12, 2), (1, 8, 3)]))
    first, nodes, constants = shape, [], {}
    value = "x"
    for i in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(["Transpose", "Slice", "Reshape", "Unsqueeze", "Tile", "Exp",
                                     "Concat", "Expand", "Split"]))  # fmt: skip
        after = f"v{i}"
        rank = len(shape)
        place = draw(st.integers(0, rank - 1))
        match kind:
            case "Transpose":
                order = draw(st.permutations(range(rank)))
                nodes.append(node(kind, [value], [after], perm=order))
                shape = tuple(shape[o] for o in order)
            case "Slice":
                start = draw(st.integers(0, shape[place] - 1))
                step = draw(st.sampled_from([1, 1, 2, -1]))
                end = shape[place] if step > 0 else -shape[place] - 1
                for name, number in zip("setp", (start, end, place, step), strict=True):
                    constants[f"{name}{i}"] = np.array([number])
                nodes.append(node(kind, [value, f"s{i}", f"e{i}", f"t{i}", f"p{i}"], [after]))
                taken = len(range(*slice(start, None, step).indices(shape[place])))
                shape = (*shape[:place], taken, *shape[place + 1 :])
            case "Reshape":
                shape = draw(reshaped(int(np.prod(shape))))
                constants[f"s{i}"] = np.array(shape, np.int64)
                nodes.append(node(kind, [value, f"s{i}"], [after]))
            case "Unsqueeze":
                constants[f"s{i}"] = np.array([place])
                nodes.append(node(kind, [value, f"s{i}"], [after]))
                shape = (*shape[:place], 1, *shape[place:])
            case "Tile" if np.prod(shape) <= 64:
                times = np.ones(rank, np.int64)
                times[place] = 2
                constants[f"s{i}"] = times
                nodes.append(node(kind, [value, f"s{i}"], [after]))
                shape = (*shape[:place], 2 * shape[place], *shape[place + 1 :])
            case "Concat" if np.prod(shape) <= 64:
                nodes.append(node("Neg", [value], [f"n{i}"]))
                nodes.append(node(kind, [f"n{i}", value], [after], axis=place))
                shape = (*shape[:place], 2 * shape[place], *shape[place + 1 :])
            case "Expand" if np.prod(shape) <= 64:
                constants[f"s{i}"] = np.array([2, *(1 for _ in shape)])
                nodes.append(node(kind, [value, f"s{i}"], [after]))
                shape = (2, *shape)
            case "Split" if shape[place] > 1:
                constants[f"s{i}"] = np.array([1, shape[place] - 1])
                nodes.append(node(kind, [value, f"s{i}"], [f"d{i}", after], axis=place))
                shape = (*shape[:place], shape[place] - 1, *shape[place + 1 :])
            case _:
                nodes.append(node("Sin", [value], [after]))
        value = after
    return nodes, constants, first


def reshaped(elements: int) -> st.SearchStrategy[tuple[int, ...]]:
    """Some shape of so many elements."""
    divisors = [n for n in range(1, elements + 1) if elements % n == 0]
    return st.lists(st.sampled_from(divisors), max_size=3).map(lambda ns: _completed(ns, elements))


def _completed(parts: list[int], elements: int) -> tuple[int, ...]:
    out: list[int] = []
    for part in parts:
        if elements % part == 0:
            out.append(part)
            elements //= part
    return (*out, elements)


@settings(max_examples=300, deadline=None)
@given(movements())
def test_chains_of_data_movement(
    chain: tuple[list, dict[str, np.ndarray], tuple[int, ...]],
) -> None:
    nodes, constants, shape = chain
    outputs = [nodes[-1].output[-1], nodes[len(nodes) // 2].output[-1]]
    model = network(nodes, [floats("x", *shape)], list(dict.fromkeys(outputs)), constants)
    check(model, {"x": data(*shape)})
    # The same chain on the result of an op, whose storage order is free, and on a constant.
    made = [node("Cos", ["given"], ["x"]), *nodes]
    model = network(made, [floats("given", *shape)], list(dict.fromkeys(outputs)), constants)
    check(model, {"given": data(*shape)})
