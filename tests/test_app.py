"""The lab without a browser: it builds, its handlers compute what they say, its endpoint answers."""

import base64
import doctest
import importlib
import inspect
import json
import math
import os
import pkgutil
import subprocess
import sys
import threading
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
import torch
from gradio_client import Client
from gradio_client.exceptions import AppError

import app
import linearizer_core as lc
from app import images, links, mixer, models, pictures, proof, shell
from app.views import VIEWS, interpolate
from app.widgets import proof_meter
from tests import load
from tests.server import start

ROOT = Path(__file__).resolve().parent.parent
PAIR = ["digits:318", "digits:913"]
MODULES = sorted(m.name for m in pkgutil.walk_packages(app.__path__, "app.") if m.name != "app.__main__")


@pytest.fixture(autouse=True)
def _float32():
    """The lab computes in float32; what conftest.py sets is put back there."""
    torch.set_default_dtype(torch.float32)


def unpacked(value: dict) -> np.ndarray:
    """The pictures of a widget's value, (B, H, W) bytes."""
    packed = value.get("pictures", value)
    content = np.frombuffer(base64.b64decode(packed["bytes"]), np.uint8)
    return content.reshape(packed["count"], packed["height"], packed["width"])


# --- the page ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_run(name):
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    assert doctest.testmod(importlib.import_module(name), optionflags=flags).failed == 0


def test_importing_and_building_write_no_file_and_load_no_model():
    script = (
        "import app.shell, app.models as m; app.shell.build_app(); assert m._load.cache_info().currsize == 0"
    )
    before = {path for path in (ROOT / "app").rglob("*") if "__pycache__" not in path.parts}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert {path for path in (ROOT / "app").rglob("*") if "__pycache__" not in path.parts} == before


def test_every_view_follows_the_pattern():
    slugs = [view.SLUG for view in VIEWS]
    assert len(set(slugs)) == len(slugs) and slugs[0] == "plane"
    assert all(view.TITLE and callable(view.build) for view in VIEWS)


def test_every_setting_exists_in_the_installed_gradio():
    assert set(shell.launch_settings()) <= set(inspect.signature(gr.Blocks.launch).parameters)


@pytest.fixture(scope="module")
def config() -> dict:
    return shell.build_app().config


def test_listeners_keep_the_rules_of_latency(config):
    """What follows a drag is one unqueued listener that keeps the last position and shows no spinner."""
    kinds = {component["id"]: component["type"] for component in config["components"]}
    followers = [
        listener
        for listener in config["dependencies"]
        if listener["backend_fn"]
        and any(kinds.get(i) == "slider" and event in ("change", "input") for i, event in listener["targets"])
    ]
    assert followers
    for listener in followers:
        sliders = {i for i, _ in listener["targets"] if kinds.get(i) == "slider"}
        assert not listener["queue"] and listener["trigger_mode"] == "always_last"
        assert listener["show_progress"] == "hidden"
        assert not sliders & set(listener["outputs"])
    watched = [i for listener in followers for i, _ in listener["targets"] if kinds.get(i) == "slider"]
    assert len(watched) == len(set(watched)), "one listener for each slider"


def test_only_named_endpoints_are_public(config):
    public = {
        d["api_name"] for d in config["dependencies"] if d["api_visibility"] == "public" and d["backend_fn"]
    }
    assert "interpolate" in public
    assert public <= {
        "plane",
        "interpolate",
        "spectrum",
        "compose_styles",
        "generate",
        "latent_pca",
        "project",
    }


@pytest.mark.parametrize("command", [["-m", "app"], ["app/__main__.py"]])
def test_both_ways_to_start_find_their_modules(command):
    script = [sys.executable, *command, "--help"]
    done = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "--share" in done.stdout


def test_a_space_listens_on_all_interfaces(monkeypatch):
    from app.__main__ import parse_arguments

    assert parse_arguments([]).host == "127.0.0.1"
    monkeypatch.setenv("SPACE_ID", "someone/lab")
    assert parse_arguments([]).host == "0.0.0.0"


# --- opening and links -------------------------------------------------------------------------------------
def test_a_view_is_filled_once_and_only_when_asked_for():
    calls = []
    opening = shell.Opening(lambda query, picture: calls.append((query, picture)) or ["value"], [None])
    at_load = shell.opener("interpolate", opening, at_load=True)
    assert at_load("?view=interpolate&w=1,0", False, "digits:1") == [True, "value"]
    assert calls == [({"view": "interpolate", "w": "1,0"}, "digits:1")]
    skipped = at_load("?view=interpolate", True, "digits:1")
    assert len(skipped) == 2 and len(calls) == 1
    other = shell.opener("another", opening, at_load=True)
    assert len(other("?view=interpolate", False, "digits:1")) == 2 and len(calls) == 1
    chosen = shell.opener("another", opening, at_load=False)
    assert chosen("?view=interpolate&w=1,0", False, "digits:1") == [True, "value"]
    assert calls[-1] == ({}, "digits:1")  # the settings of another view's link are not ours


def test_links_survive_a_round_trip():
    drawn = pictures.reference_of(pictures.pixels("digits:0"))
    query = links.encode("interpolate", x=["digits:3", drawn], w=[0.25, -1.5])
    found = links.decode(query)
    assert links.words(found["x"]) == ["digits:3", drawn]
    assert links.numbers(found["w"], -2, 2) == [0.25, -1.5]
    assert links.decode("?" + "a=1&" * 400) == {} and links.decode("?x=" + "y" * 99_999) == {}


def test_a_link_to_interpolate_gives_pictures_and_weights():
    references, weights, notice = interpolate.from_link(
        {"x": "digits:3,digits:4,digits:5", "w": "1,0.5,-2"}, "digits:1"
    )
    assert (references, weights, notice) == (["digits:3", "digits:4", "digits:5"], [1, 0.5, -2, 0], "")
    references, weights, notice = interpolate.from_link({}, "digits:1")
    assert references == ["digits:1", mixer.SECOND_PICTURE] and sum(weights) == 1 and not notice
    references, weights, notice = interpolate.from_link({"x": "digits:3,nothing:4", "w": "nan"}, "digits:1")
    assert references[0] == "digits:1" and sum(weights) == 1 and "does not exist" in notice


# --- interpolate -------------------------------------------------------------------------------------------
def test_the_stage_shows_the_blend_of_the_space_and_of_the_pixels():
    x, f = pictures.tensor(PAIR), models.model()
    value = interpolate.stage_value(PAIR, 0.3, 0.7, 9.0, 9.0)
    shown = unpacked(value)
    with torch.no_grad():
        induced = f.domain.combine([0.3, 0.7], x)[0]
    np.testing.assert_allclose(shown[0], induced.clamp(0, 1) * 255, atol=1)
    np.testing.assert_allclose(shown[1], (0.3 * x[0] + 0.7 * x[1])[0] * 255, atol=1)
    assert value["notes"] == ["g⁻¹( 0.30 g(x₁) + 0.70 g(x₂) )", "0.30 x₁ + 0.70 x₂"]


def test_a_tick_encodes_nothing(monkeypatch):
    interpolate.stage_value(PAIR, 0.5, 0.5)
    monkeypatch.setattr(models.model().g_x, "forward", None)  # would fail if it were called
    assert unpacked(interpolate.stage_value(PAIR, 0.1, 0.9)).shape == (2, 32, 32)


def test_a_weight_that_is_no_number_is_refused():
    with pytest.raises(gr.Error, match="finite number"):
        interpolate.stage_value(PAIR, math.nan, 0.5)


def test_the_film_runs_from_one_picture_to_the_other_on_straight_lines():
    value = interpolate.film_value(PAIR)
    frames = unpacked(value["frames"]).reshape(2, interpolate.FRAMES, 32, 32).astype(float)
    for row in frames:
        np.testing.assert_allclose(row[0], pictures.pixels(PAIR[0]), atol=2)
        np.testing.assert_allclose(row[-1], pictures.pixels(PAIR[1]), atol=2)
    travelled, distance = value["travelled"], models.model().domain.distance(*pictures.tensor(PAIR)[:, None])
    assert travelled["induced"]["induced"][-1] == pytest.approx(distance.item(), rel=1e-3)
    assert (
        travelled["pixel"]["induced"][-1] > travelled["induced"]["induced"][-1]
    )  # a detour in the other space
    assert travelled["induced"]["pixel"][-1] > travelled["pixel"]["pixel"][-1]


def test_laws_hold_and_break_when_the_sum_is_replaced():
    whole, broken = (interpolate.settled(flag, PAIR, 0.4, 0.6, 0.0, 0.0) for flag in (False, True))
    assert [law.error <= proof_meter.HOLDS for law in whole.laws] == [True, True, True]
    assert max(law.error for law in broken.laws) > 0.1
    assert proof.shown(broken)[0]["verdict"].startswith("broken")
    assert links.decode(whole.link)["w"] == "0.4,0.6"


def test_python_for_this_view_reproduces_the_picture_in_a_clean_process(tmp_path):
    drawn = pictures.reference_of(pictures.pixels("digits:5"))
    chosen, weights = [*PAIR, drawn], [0.5, -0.25, 0.75]
    program = interpolate.settled(False, chosen, *weights, 0.0).python
    program += f"np.savez({str(tmp_path / 'out.npz')!r}, induced=induced, pixel=pixel, film=film)\n"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    out = np.load(tmp_path / "out.npz")
    induced, pixel = interpolate.blends(chosen, weights)
    np.testing.assert_allclose(out["induced"], induced[0], atol=1e-4)
    np.testing.assert_allclose(out["pixel"], pixel[0], atol=1e-6)
    film = unpacked(interpolate.film_value(chosen)["frames"])[: interpolate.FRAMES]
    np.testing.assert_allclose(np.clip(out["film"][:, 0], 0, 1) * 255, film, atol=1)


BAD_CALLS = {
    "one picture": (["digits:3"], [1.0], "two, three or four"),
    "five pictures": (["digits:3"] * 5, [0.2] * 5, "two, three or four"),
    "no list": ("digits:3", [1.0], "two, three or four"),
    "too few weights": (PAIR, [1.0], "one weight"),
    "nan": (PAIR, [math.nan, 1.0], "finite number"),
    "a word": (PAIR, ["much", 1.0], "finite number"),
    "out of range": (PAIR, [3.0, 1.0], "from -2 to 2"),
    "unknown picture": (["digits:3", "cat:1"], [0.5, 0.5], "No such picture"),
    "no picture": (["digits:3", "data:image/png;base64,AAAA"], [0.5, 0.5], "not a picture"),
}


@pytest.mark.parametrize(("chosen", "weights", "sentence"), BAD_CALLS.values(), ids=BAD_CALLS)
def test_bad_calls_of_the_endpoint_get_one_sentence(chosen, weights, sentence):
    with pytest.raises(gr.Error, match=sentence):
        interpolate.interpolate(chosen, weights)


def test_places_are_replaced_added_and_removed():
    assert mixer.replaced(PAIR, 1, "digits:0") == [PAIR[0], "digits:0"]
    four = mixer.added(mixer.added(PAIR))
    assert len(set(four)) == 4 and mixer.added(four) == four
    assert mixer.removed(four, 0) == four[1:] and mixer.removed(PAIR, 0) == PAIR
    assert [sum(mixer.equal(count)) for count in (2, 3, 4)] == pytest.approx([1, 1, 1])
    assert [place is None for place in mixer.places_value(PAIR, 0)] == [False, False, True, True]


# --- many visitors at once ---------------------------------------------------------------------------------
def test_batched_calls_give_each_thread_its_own_answer():
    sizes = []

    def slow_double(rows: torch.Tensor) -> torch.Tensor:
        sizes.append(len(rows))
        return 2 * rows

    shared, found = models.Batched(slow_double, largest=8), {}
    barrier = threading.Barrier(20)

    def ask(i: int) -> None:
        barrier.wait()
        found[i] = shared(torch.full((1 + i % 3, 2), float(i)))

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(20)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert all(torch.equal(found[i], torch.full((1 + i % 3, 2), 2.0 * i)) for i in range(20))
    assert sum(sizes) == sum(1 + i % 3 for i in range(20)) and max(sizes) <= 8


def test_an_error_in_a_batch_reaches_whoever_asked():
    def refuse(rows: torch.Tensor) -> torch.Tensor:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        models.Batched(refuse)(torch.zeros(1, 2))


# --- over HTTP ---------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def url(tmp_path_factory):
    process, address = start(tmp_path_factory.mktemp("lab") / "server.log")
    yield address
    process.terminate()
    process.wait(timeout=30)


@pytest.fixture(scope="module")
def client(url):
    return Client(url, verbose=False)


def test_the_endpoint_answers_gradio_client(client):
    answer = client.predict(pictures=PAIR, weights=[0.5, 0.5], api_name="/interpolate")
    induced, pixel = interpolate.blends(PAIR, [0.5, 0.5])
    np.testing.assert_allclose(answer["induced"], induced[0, 0], atol=1e-4)
    np.testing.assert_allclose(answer["pixel"], pixel[0, 0], atol=1e-6)
    distance = lc.InducedSpace(models.model().g_x).distance(*pictures.tensor(PAIR)[:, None])
    assert answer["distance"] == pytest.approx(distance.item(), rel=1e-3)


def test_the_endpoint_is_documented(client):
    described = client.view_api(return_format="dict")["named_endpoints"]["/interpolate"]
    assert [p["parameter_name"] for p in described["parameters"]] == ["pictures", "weights"]
    assert "g⁻¹" in json.dumps(described, ensure_ascii=False)


def test_a_bad_call_over_http_gets_its_sentence_and_the_next_one_works(client):
    with pytest.raises(AppError, match="No such picture"):
        client.predict(pictures=["digits:3", "cat:1"], weights=[0.5, 0.5], api_name="/interpolate")
    assert client.predict(pictures=PAIR, weights=[1.0, 0.0], api_name="/interpolate")["distance"] > 0


def test_visitors_who_drag_at_once_each_get_their_own_answer(url):
    visitors = load.measure(url, 6, 2.0, load.Expected(6))
    assert all(len(visitor.times) > 0 for visitor in visitors)
    assert [mistake for visitor in visitors for mistake in visitor.mistakes] == []


def test_a_latent_is_remembered_by_its_picture():
    z = pictures.latents(["digits:77"])
    assert z.dtype == torch.float32 and torch.equal(z, pictures.latents(["digits:77"]))
    assert images.SIDE == 32
