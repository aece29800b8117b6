"""Plane in a browser: parity with torch, drag, keyboard, phone, stillness, modes, links, training; a clean console."""

from __future__ import annotations

import json
import math
import re
import zlib
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import numpy as np
import pytest
import torch
from gradio_client import Client
from gradio_client.exceptions import AppError
from playwright.sync_api import Page, expect

import linearizer_core as lc
from app.hall import AT_ONCE
from app.views.plane.network import NAMES, POINTS
from app.views.plane.standing import Standing
from app.widgets import ASSETS
from linearizer_core.operators import Dense

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.visits import Server, Visit


VIEW = "?view=plane"
STILL = VIEW + "&x=-1.5,0.8&y=0.4,0.5"
TRAIN = STILL + "&show=grid"
ALL = STILL + "&show=grid,data,vectors,circles"
CANVAS = "#plane-canvas"
METER = "#plane-meter .meter"
LINK = "#plane-link input"
TRAINER = "#plane-trainer"
ROOT = "[...document.querySelectorAll('#plane-canvas, #plane-canvas *')].find((node) => node.plane)"


@pytest.fixture(autouse=True)
def _float32():
    """Models are compared in the precision in which they ship."""
    torch.set_default_dtype(torch.float32)


def state(page: Page) -> dict:
    return json.loads(page.evaluate(f"{ROOT}.dataset.state"))


def until(page: Page, condition: str, timeout: float = 60_000) -> dict:
    """Wait until the state `s` fulfils a condition in JavaScript; then the state."""
    page.wait_for_function(
        f"(() => {{ const s = JSON.parse({ROOT}.dataset.state || '{{}}'); return {condition}; }})()",
        timeout=timeout,
    )
    return state(page)


def key(page: Page, name: str) -> None:
    page.locator(CANVAS).get_by_role("button", name=name, exact=True).click()


def handle(page: Page, name: str):
    return page.locator(f"{CANVAS} [data-handle={name}]")


def centre(page: Page, name: str) -> tuple[float, float]:
    handle(page, name).scroll_into_view_if_needed()
    box = handle(page, name).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def pull(page: Page, name: str, dx: float, dy: float, moves: int = 20) -> None:
    x, y = centre(page, name)
    page.mouse.move(x, y)
    page.mouse.down()
    for i in range(1, moves + 1):
        page.mouse.move(x + dx * i / moves, y + dy * i / moves)
    page.mouse.up()


# --- the network ---------------------------------------------------------------------------------------------------
def computed(page: Page, what: str, points: np.ndarray) -> np.ndarray:
    found = page.evaluate(f"(points) => Array.from({ROOT}.plane.{what}(points))", points.ravel().tolist())
    return np.array(found).reshape(-1, 2)


def test_the_network_in_the_browser_is_that_of_torch(visit: Visit):
    """Ten thousand points, forward and back: to 1e-5 as torch computes it, and undone to 1e-4 over the whole view."""
    page = visit.at(STILL)
    random = np.random.default_rng(0)
    for name in NAMES:
        key(page, name)
        until(page, f"s.plane === '{name}'")
        g = lc.load(f"plane-{name}").g_x
        x = random.uniform(-3, 3, (10_000, 2)).astype(np.float32)
        z = computed(page, "encode", x)
        with torch.no_grad():
            assert np.abs(z - g(torch.tensor(x)).numpy()).max() <= 1e-5
            latents = z.astype(np.float32)
            assert (
                np.abs(
                    computed(page, "decode", latents)
                    - g.double().inverse(torch.tensor(latents).double()).numpy()
                ).max()
                <= 1e-5
            )
        assert np.abs(computed(page, "decode", z) - x).max() <= 1e-4


POWERS = {
    "rotation": [[0.8, -0.6], [0.6, 0.8]],
    "shear": [[1.0, 1.0], [0.0, 1.0]],
    "positive": [[2.0, 0.5], [0.5, 1.0]],
    "negative": [[-1.0, 0.3], [0.2, 2.0]],
    "half turn": [[-1.0, 0.0], [0.0, -1.0]],
    "projection": [[1.0, 0.0], [0.0, 0.0]],
    "nilpotent": [[0.0, 1.0], [0.0, 0.0]],
    "zero": [[0.0, 0.0], [0.0, 0.0]],
    "nearly equal": [[1.0, 1e-9], [1e-9, 1.0]],
}


def test_powers_exist_and_are_what_the_core_says(visit: Visit):
    page = visit.at(STILL)
    for name, matrix in POWERS.items():
        A = Dense(torch.tensor(matrix, dtype=torch.float64))
        for p in (-3, -1, -0.5, 0, 0.5, 1, 2, 2.5, 10):
            found = page.evaluate(f"([A, p]) => {ROOT}.plane.power(A, p)", [matrix, p])
            try:
                expected = lc.power(A, p).dense()
            except ValueError:
                assert found is None, f"{name}, {p}"
            else:
                assert found is not None, f"{name}, {p}"
                np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8, err_msg=f"{name}, {p}")


# --- first screen --------------------------------------------------------------------------------------------------
def test_it_opens_the_lab_and_moves_until_touched(visit: Visit):
    page = visit.open()
    expect(page.get_by_role("tab", name="Plane", exact=True)).to_have_attribute("aria-selected", "true")
    shown, began = (page.evaluate(f"{ROOT}.plane.{name}") for name in ("first", "began"))
    print(f"first drawing {shown - began:.0f} ms after its script began")
    assert shown >= began
    first = until(page, "s.idle")
    assert phase(page)["points"] == POINTS  # the pad shows what would be trained on
    until(page, f"s.x[0] !== {first['x'][0]}")
    asked = visit.quiet(page)
    page.wait_for_timeout(1000)
    assert visit.calls() == asked, "the loop asks for nothing"
    handle(page, "x").focus()
    still = until(page, "!s.idle")
    page.wait_for_timeout(500)
    assert state(page)["x"] == still["x"]
    expect(page.locator(METER)).to_have_attribute("data-state", "holds")
    assert not visit.scrolls_sideways(page)


def test_it_comes_to_rest_where_nobody_looks(visit: Visit):
    page = visit.context.new_page()
    page.clock.install()
    page.goto(visit.server.url)
    expect(page.locator(METER)).to_have_attribute("data-state", "holds")
    until(page, "s.idle")
    asked = visit.quiet(page)
    page.clock.fast_forward("01:01")
    until(page, "!s.idle")
    frames = page.evaluate(f"{ROOT}.plane.frames")
    page.wait_for_timeout(500)
    assert page.evaluate(f"{ROOT}.plane.frames") <= frames + 1, "a page that rests draws nothing"
    assert visit.quiet(page) == asked, "and asks for nothing"
    handle(page, "x").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(METER)).to_have_attribute("data-state", "holds")


def test_it_stands_still_for_those_who_asked_for_that(visit: Visit):
    page = visit.context.new_page()
    page.emulate_media(reduced_motion="reduce")
    page.goto(visit.server.url)
    expect(page.locator(f"{CANVAS} [data-part=words]")).to_contain_text("induced sum")
    before = state(page)
    frames = page.evaluate(f"{ROOT}.plane.frames")
    page.wait_for_timeout(700)
    assert not before["idle"] and state(page)["x"] == before["x"]
    key(page, "Flow")
    assert not until(page, "s.mode === 'flow'")["playing"]
    assert page.evaluate(f"{ROOT}.plane.frames") < frames + 20


def test_the_script_is_small():
    scripts = [
        path for name in ("plane", "plane_trainer") for path in (ASSETS / "widgets" / name).glob("*.js")
    ]
    assert (
        len(zlib.compress(b"".join(path.read_bytes() for path in scripts))) <= 17_500
    )  # the spaces are for people


# --- drag and keyboard ---------------------------------------------------------------------------------------------
def test_a_drag_of_sixty_moves_asks_for_nothing_and_redraws_every_time(visit: Visit):
    page = visit.at(ALL)
    visit.quiet(page)
    x, y = centre(page, "x")
    page.mouse.move(x, y)
    page.mouse.down()
    before, frames = len(visit.requests), page.evaluate(f"{ROOT}.plane.frames")
    for i in range(60):
        page.mouse.move(x + 1.5 * i, y + 20 * math.sin(i / 6))
        page.wait_for_timeout(10)
    drawn = page.evaluate(f"{ROOT}.plane.frames") - frames
    assert len(visit.requests) == before and drawn >= 30
    page.mouse.up()
    until(page, f"s.x[0] > -1 && document.querySelector('{LINK}').value.includes(`x=${{s.x.map(Number)}}&`)")
    expect(page.locator(METER)).to_have_attribute("data-state", "holds")


RATE = """async ([node, name]) => {
  const knob = node.querySelector('[data-handle=' + name + ']'), box = knob.getBoundingClientRect();
  knob.setPointerCapture = () => {}; knob.hasPointerCapture = () => true;
  const left = box.left + 22, top = box.top + 22;
  const at = (i) => ({ bubbles: true, clientX: left + 60 * Math.sin(i / 10), clientY: top + 40 * Math.sin(i / 7) });
  knob.dispatchEvent(new PointerEvent('pointerdown', at(0)));
  const frames = node.plane.frames, start = performance.now(), spans = [];
  for (let i = 0, last = start; i < 60; i++) {
    knob.dispatchEvent(new PointerEvent('pointermove', at(i)));
    await new Promise((done) => requestAnimationFrame(done));
    spans.push(performance.now() - last); last = performance.now();
  }
  const drawn = node.plane.frames - frames, rate = 1000 * drawn / (performance.now() - start);
  knob.dispatchEvent(new PointerEvent('lostpointercapture', at(60)));
  return [rate, 1000 / spans.sort((a, b) => a - b)[15], drawn];
}"""


def test_every_move_of_a_hand_is_drawn_in_its_own_frame(visit: Visit):
    """With grid, a thousand points, vectors and circles, on the deepest plane; `-s` prints redraws a second.

    Whatever else runs on the machine takes its share of the rate, so it is reported: of five tries the best, and the pace of
    the quickest quarter of its frames.
    """
    page = visit.at(ALL)
    key(page, "spiral")
    for mode, name in (("Add", "x"), ("Operator", "u1"), ("Orbit", "x"), ("Project", "gy")):
        key(page, mode)
        until(page, f"s.mode === '{mode.lower()}' && !s.playing")
        visit.quiet(page)
        node, tries = page.evaluate_handle(ROOT), []
        while len(tries) < 5 and max(tries, default=[0])[0] < 30:
            tries.append(page.evaluate(RATE, [node, name]))
        print(
            f"{mode}: {max(tries)[0]:.0f} redraws a second, the quickest quarter {max(t[1] for t in tries):.0f}"
        )
        assert all(drawn >= 60 for *_, drawn in tries)


def test_arrow_keys_move_every_handle_and_it_says_where_it_is(visit: Visit):
    page = visit.at(STILL)
    for mode, names in (("Add", ["x", "y", "gx", "gy"]), ("Operator", ["v1", "u1", "u2", "fu1", "fu2"])):
        key(page, mode)
        for name in names:
            knob = handle(page, name)
            expect(knob).to_be_visible()  # only then it takes the focus
            expect(knob).to_have_attribute("role", "slider")
            before = knob.get_attribute("aria-valuetext")
            knob.focus()
            for _ in range(4):
                page.keyboard.press("ArrowUp")
            page.keyboard.press("Shift+ArrowRight")
            expect(knob).not_to_have_attribute("aria-valuetext", before)
            assert re.search(r"at −?\d\.\d\d, −?\d\.\d\d$", knob.get_attribute("aria-valuetext"))
    expect(page.locator(METER)).to_have_attribute("data-state", "holds")


def test_every_handle_on_screen_is_reached_by_tab(visit: Visit):
    page = visit.at(STILL)
    key(page, "Operator")
    until(page, "s.mode === 'operator'")
    page.locator(CANVAS).get_by_role("button", name="identity").first.focus()
    seen = set()
    for _ in range(12):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.dataset.handle || ''"))
    assert seen >= {"v1", "u1", "u2", "fu1", "fu2"} and not seen & {"x", "y"}


# --- what is shown -------------------------------------------------------------------------------------------------
def test_the_induced_sum_on_screen_is_that_of_the_core(visit: Visit):
    page = visit.open(STILL + "&w=1.5,-0.5&s=2,-0.5&t=20,-60")
    found = until(page, "s.a === 1.5")
    f = lc.Linearizer(
        lc.load("plane-moons").g_x,
        Dense(Standing(s=(2.0, -0.5), u=20.0, v=-60.0).matrix().float()),
        lc.load("plane-moons").g_x,
    )
    with torch.no_grad():
        x, y = torch.tensor([-1.5, 0.8]), torch.tensor([0.4, 0.5])
        induced = f.domain.combine([1.5, -0.5], [x, y])
        shown = f.g_y.inverse(f.A(1.5 * f.g_x(x[None]) - 0.5 * f.g_x(y[None])))[0]
    assert found["said"]["induced"] == text(induced) and found["said"]["image"] == text(shown)
    assert found["said"]["ordinary"] == "(−2.45, 0.95)"


def text(point: torch.Tensor) -> str:
    return f"({point[0]:.2f}, {point[1]:.2f})".replace("-", "−")


def test_dragging_the_ends_of_the_ellipse_sets_singular_values_and_angles(visit: Visit):
    page = visit.at(STILL)
    key(page, "moons")
    key(page, "Operator")
    page.locator(f"{CANVAS} [data-part=presets]").get_by_role("button", name="identity").click()
    until(page, "s.mode === 'operator' && s.said.det === '1.00'")
    unit = page.locator(f"{CANVAS} [data-pane=latent]").bounding_box()["width"] / 8
    pull(page, "u1", 0.5 * unit, 1.5 * unit)  # from (1, 0) to (1.5, −1.5), as the screen's y points down
    until(page, f"Math.abs(s.s[0] - {math.hypot(1.5, 1.5)}) < 0.05 && Math.abs(s.u + 45) < 2")
    pull(page, "v1", 0, -60)
    until(page, "s.v !== 0")
    key(page, "reflection")
    assert until(page, "s.s[1] === -1")["said"]["det"] == "−1.00"
    key(page, "shear")
    assert until(page, "s.said.det === '1.00'")
    assert page.evaluate(f"{ROOT}.plane.operator()") == [
        pytest.approx([1, 1], abs=1e-3),
        pytest.approx([0, 1], abs=1e-3),
    ]
    key(page, "as trained")
    trained = lc.load("plane-moons").A.dense()
    until(page, "s.said.det !== '1.00'")
    np.testing.assert_allclose(page.evaluate(f"{ROOT}.plane.operator()"), trained, atol=1e-3)


def test_orbits_have_real_powers_or_a_sentence(visit: Visit):
    page = visit.at(STILL)
    key(page, "Orbit")
    for name, value in (("s1", "1"), ("s2", "1"), ("p", "2.5")):
        page.locator(f"{CANVAS} input[data-key={name}]").fill(value)
    words = page.locator(f"{CANVAS} [data-part=words]")
    expect(words).to_contain_text("f²·⁵ takes it to")
    page.locator(f"{CANVAS} input[data-key=s2]").fill("-1")
    expect(words).to_contain_text("only whole powers")
    page.locator(f"{CANVAS} input[data-key=p]").fill("3")
    expect(words).to_contain_text("f³ takes it to")
    page.locator(f"{CANVAS} input[data-key=s2]").fill("0")
    page.locator(f"{CANVAS} input[data-key=p]").fill("-2")
    expect(words).to_contain_text("nothing can undo it")


def test_the_nearest_point_is_where_the_core_projects(visit: Visit):
    page = visit.at(STILL)
    key(page, "rings")
    key(page, "Project")
    found = until(page, "s.mode === 'project' && s.plane === 'rings' && !s.playing")
    X = lc.InducedSpace(lc.load("plane-rings").g_x)
    with torch.no_grad():
        x, y = torch.tensor(found["x"]), torch.tensor(found["y"])
        nearest = X.project(x, onto=y[None])
        distance = X.distance(x, nearest)
    assert found["said"]["place"] == text(nearest) and found["said"]["distance"] == f"{distance:.2f}"


def test_noise_flows_to_the_data_and_one_step_lands_where_the_steps_do(visit: Visit):
    page = visit.at(STILL)
    key(page, "moons")
    key(page, "Flow")
    page.locator(f"{CANVAS} input[data-key=steps]").fill("20")
    until(page, "s.mode === 'flow'")
    key(page, "play again")
    playing = until(page, "s.playing && s.t < 0.9")
    assert playing["said"]["count"] == 2000
    found = until(page, "!s.playing && s.t === 1")
    assert re.fullmatch(r"\d·10⁻¹[³⁴⁵⁶⁷⁸⁹]|0", found["said"]["gap"])
    B = lc.load("plane-moons").collapse(20, "euler").A.dense().diagonal()
    assert [found["said"]["b1"], found["said"]["b2"]] == [f"{value:.2f}" for value in B]
    key(page, "RK4")
    assert until(page, "s.method === 'rk4'")["said"]["method"] == "RK4"


def test_names_of_close_handles_lean_away_from_each_other(visit: Visit):
    page = visit.open(VIEW + "&x=-0.2,0.5&y=0.1,0.5")
    lean = {key: page.locator(f"[data-handle={key}]") for key in ("x", "y")}
    expect(lean["x"]).to_have_attribute("data-lean", "left")
    expect(lean["y"]).to_have_attribute("data-lean", "right")
    lean["x"].focus()
    for _ in range(5):
        page.keyboard.press("Shift+ArrowLeft")
    expect(lean["x"]).to_have_attribute("data-lean", "")
    expect(lean["y"]).to_have_attribute("data-lean", "")
    visit.quiet(page)


def test_the_law_breaks_for_a_bent_plane_and_not_for_the_identity(visit: Visit):
    page = visit.at(STILL)
    key(page, "moons")
    key(page, "Add")
    formula = page.locator(f"{CANVAS} [data-part=formula]")
    expect(formula).to_contain_text("⊙f(x) ⊕")
    page.locator("#plane-break input").check()
    expect(page.locator(METER)).to_have_attribute("data-state", "broken")
    expect(formula).to_contain_text(re.compile(r"f\(.*x \+ .*y\) ≠ .*f\(x\) \+ .*f\(y\)"))
    key(page, "identity")
    expect(page.locator(METER)).to_have_attribute("data-state", "holds")
    expect(formula).to_contain_text("y) = ")
    page.locator("#plane-break input").uncheck()


def test_the_link_restores_the_view(visit: Visit):
    query = (
        VIEW
        + "&m=spiral&see=orbit&x=1,-1&y=0.5,0.25&w=1,2&s=1.5,-0.5&t=45,-30&p=2&n=7&by=rk4&show=grid,circles"
    )
    page = visit.open(query)
    found = until(page, "s.plane === 'spiral'")
    wanted = Standing.of_link({name: values[0] for name, values in parse_qs(query).items()})[0].values()
    wanted = json.loads(json.dumps(wanted))  # lists, as a page has them
    assert {name: found[name] for name in wanted if name != "token"} == {
        name: value for name, value in wanted.items() if name != "token"
    }
    visit.carries(page, LINK, query)


def test_dark_and_light_redraw(visit: Visit):
    page = visit.at(STILL)
    before = visit.ink(page, f"{CANVAS} canvas")
    page.locator("#flip-theme").click()
    visit.repaints(page, "#plane-canvas canvas", before)
    page.locator("#flip-theme").click()


def test_another_tab_and_back(visit: Visit):
    page = visit.at(STILL)
    key(page, "Add")
    before = state(page)["y"]
    page.get_by_role("tab", name="Interpolate").click()
    expect(page.locator("#interpolate-meter .meter")).to_have_attribute("data-state", "holds")
    page.get_by_role("tab", name="Plane").click()
    pull(page, "y", 30, 10)
    assert until(page, f"s.y[0] > {before[0]} + 0.05")["mode"] == "add"


# --- a phone -------------------------------------------------------------------------------------------------------
def test_on_a_phone_fingers_have_room_and_nothing_scrolls_sideways(phone: Visit):
    page = phone.at(STILL)
    assert not phone.scrolls_sideways(page)
    for target in (handle(page, "x"), handle(page, "gy"), *page.locator(f"{CANVAS} .keys button").all()):
        box = target.bounding_box()
        assert round(box["width"], 3) >= 44 and round(box["height"], 3) >= 44  # in single precision
    widths = [
        page.locator(f"{CANVAS} [data-pane={name}]").bounding_box()["width"]
        for name in ("input", "latent", "output")
    ]
    assert widths[0] > 200 and min(widths) > 100  # so high that they stay while the numbers scroll
    x, y = centre(page, "x")
    touch = phone.context.new_cdp_session(page)
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for i in range(1, 21):
        touch.send(
            "Input.dispatchTouchEvent",
            {"type": "touchMove", "touchPoints": [{"x": x + 3 * i, "y": y + 2 * i}]},
        )
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    until(page, "s.x[0] > -0.9 && s.x[1] < 0.8")
    expect(page.locator(METER)).to_have_attribute("data-state", "holds")


# --- train it now --------------------------------------------------------------------------------------------------
def phase(page: Page) -> dict:
    return json.loads(
        page.locator(TRAINER).evaluate(
            "(node) => [node, ...node.querySelectorAll('*')].find((n) => n.dataset.state).dataset.state"
        )
    )


def test_a_drawn_set_is_trained_watched_and_saved(visit: Visit, tmp_path: Path):
    page = visit.at(TRAIN)
    trainer = page.locator(TRAINER)
    trainer.get_by_role("button", name="draw your own").click()
    trainer.get_by_role("button", name="Train", exact=True).click()
    expect(trainer.get_by_role("status")).to_contain_text("Draw or load between 10 and")
    pad = trainer.locator("[data-part=pad]")
    pad.scroll_into_view_if_needed()
    visit.drag(page, f"{TRAINER} [data-part=pad]", 0.15, 0.85, moves=30)
    trainer.get_by_role("button", name="second class").click()
    box = pad.bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 90)
    page.mouse.down()
    page.mouse.move(box["x"] + 160, box["y"] + 190, steps=30)
    page.mouse.up()
    assert phase(page)["points"] > 100
    trainer.get_by_role("button", name="Train", exact=True).click()
    until(page, "s.plane === 'trained'")
    early = computed(page, "encode", np.array([[1.0, 1.0]]))
    expect(trainer.get_by_role("status")).to_contain_text("Trained.", timeout=120_000)
    assert np.abs(computed(page, "encode", np.array([[1.0, 1.0]])) - early).max() > 1e-3, (
        "the grid bent meanwhile"
    )
    for name in ("model.safetensors", "config.json"):
        with page.expect_download() as download:
            trainer.get_by_role("button", name=f"Save {name}").click()
        download.value.save_as(tmp_path / name)
    x = np.random.default_rng(0).uniform(-3, 3, (1000, 2)).astype(np.float32)
    with torch.no_grad():
        assert (
            np.abs(computed(page, "encode", x) - lc.load(tmp_path).g_x(torch.tensor(x)).numpy()).max() <= 1e-5
        )
    expect(page.locator(METER)).to_have_attribute("data-state", "holds")
    page.get_by_role("button", name="Python for this view").click()
    expect(page.locator("#plane-python")).to_contain_text("my-plane")
    comes_back(visit, page, tmp_path)


def comes_back(visit: Visit, page: Page, folder: Path) -> None:
    """On a new page what was saved is shown again, and the points of a CSV are those to train on."""
    bent = computed(page, "encode", np.array([[1.0, 1.0]]))
    visit.reload(page)
    trainer = page.locator(TRAINER)

    def choose(button: str, *files: Path) -> None:
        with page.expect_file_chooser() as chooser:
            trainer.get_by_role("button", name=button).click()
        chooser.value.set_files(list(files))

    choose("Load a saved plane", folder / "config.json")
    expect(trainer.get_by_role("status")).to_contain_text("config.json and model.safetensors, together")
    choose("Load a saved plane", folder / "config.json", folder / "model.safetensors")
    expect(trainer.get_by_role("status")).to_contain_text("Loaded.")
    until(page, "s.plane === 'trained'")
    assert np.abs(computed(page, "encode", np.array([[1.0, 1.0]])) - bent).max() < 1e-5
    expect(page.locator(METER)).to_have_attribute("data-state", "holds")
    trainer.get_by_role("button", name="draw your own").click()
    lines = [f"{i / 20};{i % 2};{i % 2}" for i in range(40)]
    (folder / "points.csv").write_text("\n".join([*lines, "7;0;1"]))
    choose("Load points (CSV)", folder / "points.csv")
    expect(trainer.get_by_role("status")).to_contain_text("row 41: (7, 0) is not within ±3")
    (folder / "points.csv").write_text("\n".join(lines))
    choose("Load points (CSV)", folder / "points.csv")
    expect(trainer.get_by_role("status")).to_contain_text("40 points of 2 classes")
    with page.expect_download() as download:
        trainer.get_by_role("button", name="Save these points (CSV)").click()
    assert download.value.path().read_text().splitlines()[:3] == [
        "x,y,label",
        "0.0000,0.0000,0",
        "0.0500,1.0000,1",
    ]


def test_a_training_can_be_stopped_and_its_plane_is_there(visit: Visit):
    page = visit.at(TRAIN)
    trainer = page.locator(TRAINER)
    trainer.get_by_role("button", name="rings").click()
    trainer.get_by_role("button", name="Train", exact=True).click()
    expect(trainer.get_by_role("status")).to_contain_text("step ")
    pull(page, "x", 20, 10, moves=3)  # a hand may move meanwhile, for less time than a training takes
    trainer.get_by_role("button", name="Stop").click()
    expect(trainer.get_by_role("status")).to_contain_text("Stopped.")
    assert phase(page)["phase"] == "stopped" and state(page)["plane"] == "trained"
    expect(page.locator(METER)).to_have_attribute("data-state", "holds")
    key(page, "moons")
    until(page, "s.plane === 'moons'")
    key(page, "yours")
    until(page, "s.plane === 'trained'")


def test_a_hand_that_rests_during_a_training_gets_its_laws_afterwards(visit: Visit):  # fault 43
    page = visit.at(TRAIN)
    trainer = page.locator(TRAINER)
    trainer.get_by_role("button", name="Train", exact=True).click()
    until(page, "s.plane === 'trained'")
    handle(page, "x").focus()
    page.keyboard.press("ArrowRight")
    visit.quiet(page)  # the laws were asked for, and on all but the quickest machines it still trains
    trainer.get_by_role("button", name="Stop").evaluate("stop => stop.click()")  # nothing, where it has ended
    expect(trainer.get_by_role("status")).to_contain_text(re.compile("Stopped|Trained"))
    expect(page.locator(METER)).to_have_attribute("data-state", "holds")
    page.get_by_role("button", name="Python for this view").click()
    expect(page.locator("#plane-python")).to_contain_text("my-plane")


def test_a_link_that_holds_no_setting_opens_the_view(visit: Visit):
    for query in ("?view=plane&nothing=7&", "?view=plane&x=" + "9" * 20_000):
        page = visit.open(query)
        expect(page.locator(f"{CANVAS} [data-part=words]")).to_contain_text("induced sum")
        page.close()


def test_the_second_visitor_sees_the_place_in_the_queue(visit: Visit, phone: Visit):
    one, two = visit.at(TRAIN), phone.at(STILL)
    for page in (one, two):
        page.locator(TRAINER).get_by_role("button", name="Train", exact=True).click()
        if page is one:
            expect(page.locator(TRAINER).get_by_role("status")).to_contain_text("step ")
    status = two.locator(TRAINER).get_by_role("status")
    expect(status).to_contain_text("You are number 1 in the queue" if AT_ONCE == 1 else "step ")
    one.locator(TRAINER).get_by_role("button", name="Stop").click()
    expect(status).to_contain_text("step ")
    two.locator(TRAINER).get_by_role("button", name="Stop").click()
    expect(status).to_contain_text("Stopped.")


# --- the endpoint --------------------------------------------------------------------------------------------------
def test_a_client_can_call_the_endpoint(server: Server):
    client = Client(server.url, verbose=False)
    found = client.predict([1.0, 0.5], [-1.0, 0.5], 0.5, 0.5, api_name="/plane")
    assert len(found["induced"]) == 2 and found["distance"] > 0
    with pytest.raises(AppError, match="x must be a list of 2 numbers"):
        client.predict([1.0], [-1.0, 0.5], api_name="/plane")
