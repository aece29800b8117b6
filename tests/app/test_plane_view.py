"""The plane without a browser: what is sent of a network, what is accepted, the laws, the program, the training hall."""

import base64
import json
import math
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
import torch

import linearizer_core as lc
from app import links
from app.panels import proof
from app.views.plane import compute as planes
from app.views.plane import page as plane
from app.views.plane import training as training_hall
from app.views.plane.compute import Standing
from app.widgets import proof_meter
from linearizer_core.data.point_sets import draw_points
from linearizer_core.networks import ActNorm
from tests.helpers import computed

TOKEN = "0123456789abcdef"


@pytest.fixture(autouse=True)
def _float32():
    """The lab computes in float32; what conftest.py sets is put back there."""
    torch.set_default_dtype(torch.float32)


# --- the network as numbers ------------------------------------------------------------------------------------
def by_hand(payload: dict, x: np.ndarray) -> np.ndarray:
    """g of points (N, 2) from nothing but what the browser gets, in float64."""
    numbers = np.frombuffer(base64.b64decode(payload["numbers"]), "<f4").astype(float)
    for layer in payload["layers"]:
        if "matrix" in layer:
            x = x @ np.array(layer["matrix"]).T + np.array(layer["shift"])
            continue
        n, at = layer["hidden"], layer["at"]
        shapes, parts = [(n, 1), (n,), (n, n), (n,), (2, n), (2,)], []
        for shape in shapes:
            parts.append(numbers[at : at + math.prod(shape)].reshape(shape))
            at += math.prod(shape)
        h = np.clip(x[:, :1], -layer["reach"], layer["reach"])
        for W, b in zip(parts[:4:2], parts[1:4:2]):
            h = h @ W.T + b
            h = h / (1 + np.exp(-h))
        raw, shift = (h @ parts[4].T + parts[5]).T
        log_scale = layer["bound"] * np.tanh(raw / layer["bound"])
        x = np.stack([x[:, 0], x[:, 1] * np.exp(log_scale) + shift], 1)
    return x


@pytest.mark.parametrize("name", planes.NAMES)
def test_what_the_browser_gets_is_the_network(name):
    x = torch.rand(500, 2) * 6 - 3
    payload = planes.network_payload(planes.shipped(name))
    np.testing.assert_allclose(by_hand(payload, x.double().numpy()), planes.shipped(name).g_x(x), atol=1e-5)
    for layer in payload["layers"]:
        if "matrix" in layer:
            np.testing.assert_allclose(
                np.array(layer["matrix"]) @ np.array(layer["inverse"]), np.eye(2), atol=1e-12
            )
    assert json.loads(json.dumps(payload)) == payload


def test_a_layer_that_the_script_does_not_know_is_refused():
    with pytest.raises(TypeError, match="ActNorm"):
        planes.layers(ActNorm((2,)))


def test_every_shipped_plane_is_sent_with_points_it_was_not_trained_on():
    found = planes.shipped_payload()
    assert tuple(found) == planes.NAMES == planes.available()
    assert len(json.dumps(found)) < 200_000
    for name, payload in found.items():
        points = np.frombuffer(base64.b64decode(payload["points"]), "<f4").reshape(-1, 2)
        training = draw_points(planes.set_of(name), 4000, seed=0)[0]
        assert len(points) == planes.POINTS == len(base64.b64decode(payload["labels"]))
        assert not {tuple(p) for p in points.tolist()} & {tuple(p) for p in training.tolist()}


# --- what is set -------------------------------------------------------------------------------------------------
def test_a_is_put_together_from_angles_and_singular_values():
    A = Standing(s=(2.0, -0.5), u=30.0, v=-70.0).matrix()
    np.testing.assert_allclose(np.linalg.svd(A)[1], [2.0, 0.5])
    angle = math.radians(-70)
    image = A @ torch.tensor([math.cos(angle), math.sin(angle)], dtype=torch.float64)
    expected = torch.tensor([math.cos(math.radians(30)), math.sin(math.radians(30))], dtype=torch.float64)
    torch.testing.assert_close(image, 2 * expected)  # A v₁ = σ₁ u₁


def test_a_link_restores_what_was_set():
    standing = Standing(
        "rings",
        "orbit",
        (0.5, -1.25),
        (2.0, 0.0),
        1.5,
        -0.25,
        (2.0, -0.5),
        12.0,
        -90.0,
        2.5,
        7,
        "rk4",
        ("data",),
    )
    query = links.decode(links.encode("plane", **planes.in_link(standing)))
    assert planes.of_link(query) == standing
    assert planes.of_link({}) == Standing()
    assert planes.checked(json.loads(json.dumps(standing.as_value()))) == standing


def test_a_broken_link_still_opens_the_view():
    query = {
        "m": "cube",
        "see": "x",
        "x": "1",
        "y": "nan,2",
        "w": "1,2,3",
        "s": "",
        "p": "z",
        "n": "1e9",
        "show": "grid,cats",
    }
    found = planes.of_link(query)
    assert (found.plane, found.mode, found.x, found.y, found.a) == (
        "moons",
        "add",
        Standing().x,
        Standing().y,
        0.5,
    )
    assert found.steps == planes.MOST_STEPS and found.show == ("grid",)


def test_a_plane_trained_here_is_linked_as_the_default():
    assert planes.in_link(Standing(plane="trained", token=TOKEN))["m"] == "moons"


BAD_STANDINGS = {
    "no object": (7, "as an object"),
    "unknown plane": ({"plane": "cube"}, "cube"),
    "unknown mode": ({"mode": "fly"}, "fly"),
    "one number": ({"x": [1]}, "x must be two numbers"),
    "nan": ({"y": [math.nan, 0]}, "y must be a number from -3 to 3"),
    "a word": ({"a": "much"}, "a must be a number from -2 to 2"),
    "true": ({"b": True}, "b must be a number"),
    "far outside": ({"x": [1e9, 0]}, "x must be a number"),
    "sigma": ({"s": [3.0, 1.0]}, "s must be a number from -2.5 to 2.5"),
    "steps": ({"steps": 0}, "steps must be a number from 1 to 100"),
}


@pytest.mark.parametrize(("value", "sentence"), BAD_STANDINGS.values(), ids=BAD_STANDINGS)
def test_settings_from_outside_are_checked(value, sentence):
    with pytest.raises(ValueError, match=sentence):
        planes.checked(value)
    with pytest.raises(gr.Error, match=sentence):
        plane.settled(False, value)


# --- laws, program -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", planes.NAMES)
@pytest.mark.parametrize("mode", planes.MODES)
def test_the_laws_hold_on_every_plane_and_break_where_plus_is_ordinary(name, mode):
    value = Standing(plane=name, mode=mode).as_value()
    whole, broken = (plane.settled(flag, value) for flag in (False, True))
    assert len(whole.laws) == (3 if mode == "add" else 4)
    assert [law.name for law in whole.laws if law.error > proof_meter.HOLDS] == []
    found = max(law.error for law in broken.laws)
    assert found > 0.05 if name != "identity" else found < proof_meter.HOLDS  # there, + is ⊕
    assert links.decode(whole.link)["m"] == name


def test_before_anything_is_set_nothing_is_measured():
    assert proof.shown(plane.settled(False, None))[0]["laws"] == []


RESULTS = {
    "add": "zero",
    "operator": "circle ellipse values",
    "orbit": "orbit",
    "project": "nearest distance",
    "flow": "by_steps one_step",
}


def run(program: str, mode: str, folder: Path) -> dict:
    """What the program computes in a clean process."""
    program += "\nvalues = svd.values" if mode == "operator" else ""
    return computed(program, f"induced ordinary image {RESULTS[mode]}", folder)


@pytest.mark.parametrize("mode", planes.MODES)
def test_python_for_this_view_computes_what_is_on_screen(mode, tmp_path):
    standing = Standing(
        "rings", mode, (0.5, -1.25), (2.0, 0.3), 1.5, -0.25, (1.3, -0.5), 12.0, -90.0, 2.0, 7, "rk4"
    )
    if mode == "orbit":
        assert standing.matrix().det() < 0  # whole powers exist all the same
    out = run(plane.program(standing), mode, tmp_path)
    g, A = planes.shipped("rings").g_x, standing.matrix().float()
    x, y = (torch.tensor(point) for point in (standing.x, standing.y))
    sum_ = standing.a * g(x[None]) + standing.b * g(y[None])
    np.testing.assert_allclose(out["induced"], g.inverse(sum_)[0], atol=1e-4)
    np.testing.assert_allclose(out["image"], g.inverse(sum_ @ A.mT)[0], atol=1e-4)
    np.testing.assert_allclose(out["ordinary"], standing.a * x + standing.b * y, atol=1e-6)
    if mode == "flow":
        np.testing.assert_allclose(out["by_steps"], out["one_step"], atol=1e-4)
    if mode == "project":
        assert (
            float(out["distance"])
            <= min(float((g(x[None]) - c * g(y[None])).norm()) for c in np.linspace(-3, 3, 601)) + 1e-4
        )
    if mode == "operator":
        np.testing.assert_allclose(out["values"], [1.3, 0.5], atol=1e-5)
        np.testing.assert_allclose(g(torch.tensor(out["circle"])).norm(dim=1), 1, atol=1e-4)


# --- the endpoint ------------------------------------------------------------------------------------------------
def test_the_endpoint_adds_and_maps_by_the_laws():
    found = plane.plane([1.0, 0.5], [-1.0, 0.5], 0.5, 0.5, [[0.0, -1.0], [1.0, 0.0]], "moons")
    g = planes.shipped("moons").g_x
    zx, zy = (g(torch.tensor([point])) for point in ([1.0, 0.5], [-1.0, 0.5]))
    np.testing.assert_allclose(found["induced"], g.inverse((zx + zy) / 2)[0], atol=1e-4)
    quarter = g.inverse((zx + zy) / 2 @ torch.tensor([[0.0, 1.0], [-1.0, 0.0]]))[0]
    np.testing.assert_allclose(found["f_induced"], quarter, atol=1e-4)
    assert found["ordinary"] == [0.0, 0.5] and found["singular_values"] == pytest.approx([1.0, 1.0])
    assert found["distance"] == pytest.approx(float((zx - zy).norm()), rel=1e-4)
    assert plane.plane([1.0, 1.0], [1.0, 0.0], 1.0, 1.0, model="identity")["induced"] == [2.0, 1.0]


BAD_CALLS = {
    "unknown model": ({"model": "cube"}, "cube"),
    "short point": ({"x": [1.0]}, "x must be two numbers"),
    "nan": ({"a": math.nan}, "a must be a number"),
    "no matrix": ({"matrix": [[1.0, 0.0]]}, "two rows of two"),
    "a word in it": ({"matrix": [[1.0, "a"], [0.0, 1.0]]}, "a row of matrix must be"),
    "too large": ({"matrix": [[2.4, 2.4], [2.4, 2.4]]}, "singular values up to 2.5"),
}


@pytest.mark.parametrize(("wrong", "sentence"), BAD_CALLS.values(), ids=BAD_CALLS)
def test_bad_calls_of_the_endpoint_get_one_sentence(wrong, sentence):
    with pytest.raises(gr.Error, match=sentence):
        plane.plane(**{"x": [1.0, 0.0], "y": [0.0, 1.0]} | wrong)


# --- the training hall -------------------------------------------------------------------------------------------
@pytest.fixture
def hall(monkeypatch):
    """A hall of its own for the test, with trainings of a moment."""
    monkeypatch.setattr(training_hall, "HALL", training_hall.Hall(at_once=1, line=2))
    monkeypatch.setattr(training_hall, "STEPS", 60)
    monkeypatch.setattr(training_hall, "EVERY", 0.02)
    return training_hall.HALL


def wish(**data: object) -> SimpleNamespace:
    return SimpleNamespace(**{"run": TOKEN, "set": "moons", "points": [], "labels": []} | data)


def test_a_training_streams_weights_and_ends_with_files_that_load(hall, tmp_path):
    shown = list(training_hall.stream(wish()))
    *running, last = shown
    assert running and {value["phase"] for value in running} == {"training"} and last["phase"] == "done"
    assert [value["step"] for value in running] == sorted({value["step"] for value in running})
    assert "points" in running[0]["plane"] and all("points" not in value["plane"] for value in running[1:])
    for name, content in last["files"].items():
        (tmp_path / name).write_bytes(base64.b64decode(content))
    loaded = lc.load(tmp_path)
    x = torch.rand(20, 2)
    torch.testing.assert_close(loaded.g_x(x), training_hall.kept(TOKEN).g_x(x))
    np.testing.assert_allclose(by_hand(last["plane"], x.double().numpy()), loaded.g_x(x), atol=1e-5)
    assert not hall.holds(TOKEN)


def test_a_trained_plane_has_laws_and_a_program(hall, tmp_path):
    last = list(training_hall.stream(wish(set="rings")))[-1]
    standing = Standing(plane="trained", token=TOKEN)
    found = plane.settled(False, standing.as_value())
    assert all(law.error <= proof_meter.HOLDS for law in found.laws) and "my-plane" in found.python
    (tmp_path / "my-plane").mkdir()
    for name, content in last["files"].items():
        (tmp_path / "my-plane" / name).write_bytes(base64.b64decode(content))
    out = run(found.python, "add", tmp_path)
    g = training_hall.kept(TOKEN).g_x
    z = sum(0.5 * g(torch.tensor([point])) for point in (standing.x, standing.y))
    np.testing.assert_allclose(out["induced"], g.inverse(z)[0], atol=1e-4)


def test_while_it_trains_its_laws_are_not_asked_and_when_forgotten_there_is_a_sentence(hall):
    standing = Standing(plane="trained", token="f" * 16)
    hall.enter("f" * 16)
    assert plane.settled(False, standing.as_value()).laws == ()
    hall.leave("f" * 16)
    with pytest.raises(gr.Error, match="no longer kept"):
        plane.settled(False, standing.as_value())


def test_stop_ends_it_early_with_what_was_learned(hall, monkeypatch):
    monkeypatch.setattr(training_hall, "STEPS", 100_000)
    shown = []
    for value in training_hall.stream(wish()):
        shown.append(value)
        if value["phase"] == "training":
            hall.stop(TOKEN)
    assert shown[-1]["phase"] == "stopped" and shown[-1]["files"] and training_hall.kept(TOKEN)
    hall.stop(7), hall.stop("nobody")  # whatever a stranger sends


def test_the_second_waits_and_sees_its_place(hall):
    first = hall.enter("a" * 16)
    shown, done = [], threading.Event()

    def wait() -> None:
        shown.extend(training_hall.stream(wish()))
        done.set()

    threading.Thread(target=wait, daemon=True).start()
    deadline = time.monotonic() + 20
    while not hall.holds(TOKEN) and time.monotonic() < deadline:
        time.sleep(0.01)
    for _ in range(20):
        assert hall.place(first) == 0
        time.sleep(0.02)
    assert not done.is_set()
    hall.leave("a" * 16)
    assert done.wait(60)
    assert (
        shown[0]["phase"] == "waiting"
        and shown[0]["place"] == 1
        and "number 1 in the queue" in shown[0]["text"]
    )
    assert shown[-1]["phase"] == "done"


def test_a_full_line_and_a_token_twice_are_refused(hall):
    for letter in "abc":
        hall.enter(letter * 16)
    assert next(training_hall.stream(wish()))["phase"] == "refused"
    hall.leave("a" * 16)
    with pytest.raises(ValueError, match="Too many"):
        hall.enter("b" * 16)


def test_who_has_left_loses_the_place(hall, monkeypatch):
    gone = hall.enter("a" * 16)
    here = hall.enter("b" * 16)
    monkeypatch.setattr(training_hall, "PATIENCE", 0.05)
    time.sleep(0.1)
    assert hall.place(here) == 0 and gone.stop.is_set() and not hall.holds("a" * 16)
    assert hall.place(gone) == 0  # it may come back late, and finds its training ended


def test_closing_the_page_frees_the_place(hall, monkeypatch):
    monkeypatch.setattr(training_hall, "STEPS", 100_000)
    stream = training_hall.stream(wish())
    assert next(stream)["phase"] == "training"
    stream.close()
    assert not hall.holds(TOKEN)


def test_drawn_points_are_learned_and_their_labels_closed_up(hall):
    x = torch.rand(80, 2) * 2
    labels = [0, 3] * 40  # inks 1 and 2 were not used
    shown = list(training_hall.stream(wish(set="own", points=x.flatten().tolist(), labels=labels)))
    assert shown[-1]["phase"] == "done"
    assert training_hall.kept(TOKEN).means.shape == (2, 2)


BAD_WISHES = {
    "no token": ({"run": None}, "no such data set"),
    "a short token": ({"run": "abc"}, "no such data set"),
    "unknown set": ({"set": "cats"}, "no such data set"),
    "no points": ({"set": "own"}, "Draw between"),
    "words": ({"set": "own", "points": ["a", "b"] * 10, "labels": [0] * 10}, "Draw between"),
    "nan": ({"set": "own", "points": [math.nan] * 20, "labels": [0] * 10}, "Draw between"),
    "labels of other kinds": ({"set": "own", "points": [0.0] * 20, "labels": [0.5] * 10}, "Draw between"),
    "labels out of range": ({"set": "own", "points": [0.0] * 20, "labels": [9] * 10}, "Draw between"),
    "a lonely class": ({"set": "own", "points": [0.0] * 22, "labels": [0] * 10 + [1]}, "Draw between"),
    "nested": ({"set": "own", "points": [[0.0]] * 20, "labels": [[0]] * 10}, "Draw between"),
    "more labels": ({"set": "own", "points": [0.0] * 20, "labels": [0] * 12}, "Draw between"),
    "far too many": ({"set": "own", "points": [0.0] * 9000, "labels": [0] * 4500}, "Draw between"),
}


@pytest.mark.parametrize(("wrong", "sentence"), BAD_WISHES.values(), ids=BAD_WISHES)
def test_a_wish_that_cannot_be_trained_gets_one_sentence(hall, wrong, sentence):
    (answer,) = training_hall.stream(wish(**wrong))
    assert answer["phase"] == "refused" and sentence in answer["text"]
