"""Exported models: an op list and an ONNX graph are the network that they were made of, in both directions."""

import json

import pytest
import torch
from torch import nn

import linearizer_core as lc
from linearizer_core import algebra
from linearizer_core.__main__ import main
from linearizer_core.exporting import Replay, onnx, read, web
from linearizer_core.exporting.replay import probes, smallest
from linearizer_core.linearizer import Linearizer
from linearizer_core.networks import Chain, Flatten, Log, folded
from linearizer_core.networks.base import size
from linearizer_core.op_list import KERNELS, OpList, recombination
from linearizer_core.operators import Dense, Diagonal, Identity, Projection
from tests.catalogue import NETWORKS, points, stirred

WITHOUT_RULE = {"log", "chain of one", "transport to a mixture", "transport of one axis"} | {
    name for name in NETWORKS if "photo" in name or "adaptive" in name
}
OTHERS = [name for name in NETWORKS if name not in WITHOUT_RULE]


def whole(g):
    """g as a Linearizer takes it."""
    return g if len(g.out_shape) == 1 else Chain(g, Flatten(g.out_shape))


def alone(g):
    g = whole(g)
    return Linearizer(g, Identity(g.out_shape[0]), g)


@pytest.mark.parametrize("name", OTHERS)
def test_an_op_list_is_its_network_in_both_directions(name):
    f = alone(NETWORKS[name]())
    run, x = Replay(web(f)), points(f.g_x).detach()
    with torch.no_grad():
        z = f.g_x(x)
        back = f.g_x.inverse(z).reshape(len(x), size(f.g_x.in_shape))
    torch.set_default_dtype(torch.float32)
    torch.testing.assert_close(run("encode", x.reshape(len(x), -1).float()), z.float(), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(run("decode", z.float()), back.float(), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", sorted(WITHOUT_RULE))
def test_a_network_without_a_rule_is_refused_by_name(name):
    with pytest.raises(ValueError, match="has no rule for an op list yet"):
        web(alone(NETWORKS[name]()))


def test_a_layer_without_a_rule_is_refused_by_name():
    from linearizer_core.networks import AffineCoupling

    g = AffineCoupling((4,), 3, conditioner=nn.Sequential(nn.Linear(2, 4), nn.Tanh()))
    with pytest.raises(ValueError, match="Tanh has no rule"):
        web(alone(g))


@pytest.mark.parametrize(
    "A",
    [Diagonal(torch.tensor([0.5, -3.0, 2.0, 0.0])), Identity(3), Projection(torch.eye(5)[:, [3, 1]])],
    ids=repr,
)
def test_the_recombination_is_that_of_the_left_singular_vectors(A):
    g = Flatten(A.shape[:1])
    run, U = Replay(web(Linearizer(g, A, g), programs=["recombine"])), algebra.svd(A).U
    c = torch.randn(3, U.shape[1], dtype=torch.float32)
    torch.testing.assert_close(run("recombine", c), c @ U.float().mT)


def test_an_operator_without_a_rule_is_left_out():
    g = Flatten((2,))
    assert list(web(Linearizer(g, Dense(torch.eye(2)), g)).manifest["programs"]) == ["decode", "encode"]
    with pytest.raises(ValueError, match="Dense has no rule"):
        recombination(Dense(torch.eye(2)), OpList(), 0)


def test_the_calls_are_those_of_the_table_and_stay_within_their_memory():
    manifest = web(lc.load("faces")).manifest
    limits = {"w": 0, "c": manifest["weights"], "i": manifest["indices"]}
    for program in manifest["programs"].values():
        limits["w"] = program["size"]
        for kernel, *numbers in program["calls"]:
            assert len(numbers) == len(KERNELS[kernel])
            for kind, number in zip(KERNELS[kernel], numbers):
                assert kind == "n" or 0 <= number < limits[kind], (kernel, kind, number)


@pytest.mark.parametrize("name", ["digits", "digits-projector", "faces", "plane-moons"])
def test_a_shipped_model_exported_decodes_and_encodes_as_it_does(name):
    torch.set_default_dtype(torch.float32)
    _, errors = smallest(lc.load(name))
    largest = float(probes(lc.load(name)).abs().max())
    assert errors["float32"]["decode"] <= 1e-3 * largest and errors["float32"]["encode"] <= 1e-5


@pytest.mark.parametrize("name", ["plane-moons", "faces"])
def test_both_directions_are_onnx_graphs_for_batches_of_any_size(name):
    pytest.importorskip("onnxruntime"), pytest.importorskip("onnx")
    torch.set_default_dtype(torch.float32)
    g = lc.load(name).g_x
    x = torch.rand(3, *g.in_shape)
    with torch.no_grad():
        z = g(x)
    for task, given, expected in (("encode", x, z), ("decode", z, x)):
        run = onnx.runner(onnx.graph(folded(g), task, given[:1]))
        torch.testing.assert_close(run(given), expected, rtol=1e-4, atol=1e-3 * float(z.abs().max()) / 10)


def test_what_onnx_cannot_write_is_refused_in_a_sentence():
    class Odd(Log):
        def forward(self, x):
            return torch.special.bessel_j0(x)

    pytest.importorskip("onnx")
    with pytest.raises(ValueError, match=r"^torch cannot write encode of this network as ONNX: .*"):
        onnx.graph(Odd(2), "encode", torch.ones(1, 2))


def test_export_writes_what_read_reads_and_prints_its_error(tmp_path, capsys):
    torch.set_default_dtype(torch.float32)
    assert main(["export", "plane-moons", "--to", "web", "--out", str(tmp_path / "w")]) == 0
    told = capsys.readouterr().out
    assert "float32 against torch, 64 points" in told and "weights are float16" in told
    found, f = read(tmp_path / "w"), lc.load("plane-moons")
    x = torch.rand(4, 2)
    with torch.no_grad():
        torch.testing.assert_close(Replay(found)("encode", x), f.g_x(x), rtol=5e-3, atol=5e-3)
    (tmp_path / "w" / "weights.bin").write_bytes(b"other")
    with pytest.raises(ValueError, match=r"is not the file that model\.json was written with"):
        read(tmp_path / "w")


def test_export_to_onnx_writes_both_directions(tmp_path, capsys):
    pytest.importorskip("onnxruntime"), pytest.importorskip("onnx")
    torch.set_default_dtype(torch.float32)
    assert main(["export", "plane-spiral", "--to", "onnx", "--out", str(tmp_path)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["decode.onnx", "encode.onnx"]
    assert "onnxruntime against torch" in capsys.readouterr().out


def test_what_cannot_be_exported_is_one_sentence(tmp_path, capsys):
    assert main(["export", "styles", "--to", "web", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("error: styles is a Styles; a Linearizer can be exported")


def test_the_same_numbers_are_kept_once_and_the_manifest_is_json():
    g = stirred(Chain(*(Flatten((3,)) for _ in range(2))))
    model = web(Linearizer(g, Identity(3), g))
    assert json.loads(model.files()["model.json"]) == json.loads(json.dumps(model.manifest))
    ops = OpList()
    assert ops.weight(torch.ones(3)) == ops.weight(torch.ones(3)) and ops.weights.count == 3
