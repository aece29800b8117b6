"""The lab without a browser: it builds, its handlers compute what they say, its endpoint answers."""

import doctest
import gzip
import importlib
import inspect
import json
import pkgutil
import socket
import subprocess
import sys
import threading
from collections import Counter

import brotli
import gradio as gr
import numpy as np
import pytest
import torch
from gradio_client import Client
from gradio_client.exceptions import AppError

import app
import linearizer_core as lc
from app import models, pictures, shell
from app.listening import Opening
from app.pictures import files
from app.views import VIEWS
from app.views.interpolate import compute
from app.views.interpolate.standing import Standing
from tests import load
from tests.helpers import ROOT

pytestmark = pytest.mark.usefixtures("float32")

PAIR = ["digits:318", "digits:913"]
MODULES = sorted(m.name for m in pkgutil.walk_packages(app.__path__, "app.") if m.name != "app.__main__")


# --- the page ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_run(name):
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    assert doctest.testmod(importlib.import_module(name), optionflags=flags).failed == 0


def test_importing_and_building_write_no_file_and_load_no_model():
    script = "import app.shell, app.models.shelf as m; app.shell.build_app(); assert m._load.cache_info().currsize == 0"
    before = {path for path in (ROOT / "app").rglob("*") if "__pycache__" not in path.parts}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert {path for path in (ROOT / "app").rglob("*") if "__pycache__" not in path.parts} == before


def test_every_view_follows_the_pattern():
    slugs = [view.SLUG for view in VIEWS]
    assert len(set(slugs)) == len(slugs) and slugs[0] == "plane"
    assert all(view.TITLE for view in VIEWS)


def test_every_setting_exists_in_the_installed_gradio():
    assert set(shell.launch_settings()) <= set(inspect.signature(gr.Blocks.launch).parameters)


@pytest.fixture(scope="module")
def config() -> dict:
    return shell.build_app().config


def test_no_id_is_given_twice(config):
    ids = [found["props"].get("elem_id") for found in config["components"]]
    given = [name for name in ids if name]
    assert len(given) > 100
    assert sorted({name for name in given if given.count(name) > 1}) == []


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


def test_an_event_has_one_listener_that_keeps_the_last_position(config):
    """Two would tell each other for ever, see `listening.apart`. A gr.State tells its listeners one by one."""
    kinds = {component["id"]: component["type"] for component in config["components"]}
    heard = Counter(
        (kinds.get(part), part, event)
        for listener in config["dependencies"]
        if listener["backend_fn"] and listener["trigger_mode"] == "always_last"
        for part, event in listener["targets"]
    )
    assert len(heard) > 50
    assert [
        event for event, count in heard.items() if count > 1 and event[0] != "state" and event[2] != "then"
    ] == []


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


BAD_STARTS = {
    "a port that is taken": ["--port", "{taken}"],
    "no such host": ["--host", "nosuchhost.invalid"],
    "no such port": ["--port", "99999"],
    "no number": ["--port", "many"],
    "no folder": ["--teachers", "/nowhere/at/all"],
}


@pytest.mark.parametrize("flags", BAD_STARTS.values(), ids=BAD_STARTS)
def test_what_speaks_against_starting_is_said_in_one_sentence(flags):  # fault 15
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "app", *(flag.format(taken=port) for flag in flags)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert len([line for line in done.stderr.splitlines() if "usage" not in line and line[:1] != " "]) == 1


def test_a_space_listens_on_all_interfaces(monkeypatch):
    from app.__main__ import parse_arguments

    assert parse_arguments([]).host == "127.0.0.1"
    monkeypatch.setenv("SPACE_ID", "someone/lab")
    assert parse_arguments([]).host == "0.0.0.0"


# --- opening and links -------------------------------------------------------------------------------------
def test_a_view_is_filled_once_and_only_when_asked_for():
    calls = []
    opening = Opening(lambda *asked: calls.append(asked) or {"stage": "value"}, {"stage": None})
    filled, skipped = {"opened": True, "stage": "value"}, {}
    asked, other = shell.opener("interpolate", opening), shell.opener("another", opening)
    link, visit = "?view=interpolate&w=1,0", {"arrived": False, "picture": "digits:1"}
    assert (
        other(link, opened=False, **visit) == skipped and not calls
    )  # the first tab, before the one asked for
    assert asked(link, opened=False, **visit) == filled
    assert calls == [({"view": "interpolate", "w": "1,0"}, "digits:1")]
    assert asked(link, opened=True, **visit) == skipped and len(calls) == 1
    assert other(link, opened=False, **visit | {"arrived": True}) == filled
    assert calls[-1] == ({}, "digits:1")  # the settings of another view's link are not ours


def test_an_opening_sets_the_current_picture_only_where_the_link_asks_for_another():
    opening = Opening(lambda query, picture: {"picture": query.get("x", picture)}, {"picture": None})
    fill, visit = shell.opener("spectrum", opening), {"arrived": True, "picture": "digits:1", "opened": False}
    assert fill("?view=plane", **visit) == {"opened": True}  # a picture chosen meanwhile stays
    assert fill("?view=spectrum&x=digits:2", **visit) == {"opened": True, "picture": "digits:2"}


def test_a_view_whose_opening_fails_opens_on_its_own_pictures_and_says_so(caplog):  # fault 9
    def fragile(query: dict, picture: str) -> dict:
        if "x" in query:
            raise RuntimeError("broken")
        return {"stage": picture}

    opening = Opening(fragile, {"notice": None, "stage": None})
    found = shell.opener("interpolate", opening)("?view=interpolate&x=1", False, "digits:1", False)
    assert found["opened"] and found["stage"] == pictures.FIRST_PICTURE
    assert "does not exist" in found["notice"].value and "broken" in caplog.text


BROKEN_PICTURES = {
    "cut off": "png:iVBORw0KGgoAAAANSUhEUgAAACAAAAAg",
    "no header": "png:iVBORw0KGgo",
    "not base64": "png:****",
    "empty": "png:",
    "unknown": "cat:3",
}


@pytest.mark.parametrize("picture", BROKEN_PICTURES.values(), ids=BROKEN_PICTURES)
def test_a_link_with_a_broken_picture_is_no_error(picture):  # fault 9
    with pytest.raises(files.BadPictureError, match="No such picture"):
        pictures.accept(picture)


def test_one_wrong_character_in_a_drawing_is_no_error():  # fault 9
    drawn = pictures.reference_of(pictures.pixels("digits:0"))
    for at in range(4, len(drawn), 7):
        changed = drawn[:at] + ("A" if drawn[at] != "A" else "B") + drawn[at + 1 :]
        try:
            assert pictures.pixels(changed).shape == (32, 32)  # a character that does not matter
        except files.BadPictureError as error:
            assert "No such picture" in str(error)


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
def client(server):
    return Client(server.url, verbose=False)


def test_the_endpoint_answers_gradio_client(client):
    answer = client.predict(pictures=PAIR, weights=[0.5, 0.5], api_name="/interpolate")
    induced, pixel, _ = compute.blends(Standing(tuple(PAIR), (0.5, 0.5)))
    np.testing.assert_allclose(answer["induced"], induced[0, 0], atol=1e-4)
    np.testing.assert_allclose(answer["pixel"], pixel[0, 0], atol=1e-6)
    distance = lc.InducedSpace(models.model().g_x).distance(*pictures.tensor(PAIR)[:, None])
    assert answer["distance"] == pytest.approx(distance.item(), rel=1e-3)


def test_the_endpoint_is_documented(client):
    described = client.view_api(return_format="dict")["named_endpoints"]["/interpolate"]
    assert [p["parameter_name"] for p in described["parameters"]] == ["pictures", "weights", "model", "years"]
    assert "g⁻¹" in json.dumps(described, ensure_ascii=False)


def test_a_bad_call_over_http_gets_its_sentence_and_the_next_one_works(client):
    with pytest.raises(AppError, match="No such picture"):
        client.predict(pictures=["digits:3", "cat:1"], weights=[0.5, 0.5], api_name="/interpolate")
    assert client.predict(pictures=PAIR, weights=[1.0, 0.0], api_name="/interpolate")["distance"] > 0


def test_the_page_goes_packed_where_the_browser_takes_that(server):
    ways = {"br": brotli.decompress, "gzip": gzip.decompress, "identity": bytes}
    pages = {way: load.page(server.url, accepts=way) for way in ways}
    assert len(pages["br"]) <= 250_000 and len(pages["br"]) < len(pages["gzip"]) < len(pages["identity"]) / 3
    assert all(b"gradio_config" in unpacked(pages[way]) for way, unpacked in ways.items())


def test_visitors_who_drag_at_once_each_get_their_own_answer(server):
    expected = load.Expected(6)
    visitors = load.measure(server.url, 6, 2.0, expected)
    assert all(visitor.answers for visitor in visitors)
    assert [found for v in visitors for answer in v.answers for found in expected.mistakes(*answer)] == []


def test_a_latent_is_remembered_by_its_picture():
    z = pictures.latents(["digits:77"])
    assert z.dtype == torch.float32 and torch.equal(z, pictures.latents(["digits:77"]))
    assert files.SIDE == 32
