"""Fingers on a phone: the first draws or drags, others are ignored; a vertical swipe is the page's, a tap stays a tap."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import CDPSession, Locator, Page, expect

if TYPE_CHECKING:
    from tests.browser.visits import Visit

INK = """(canvas, [top, bottom]) => {
  const copy = document.createElement("canvas"), { width, height } = canvas;
  copy.width = width; copy.height = height;
  const pen = copy.getContext("2d", { willReadFrequently: true });
  pen.drawImage(canvas, 0, 0);
  const data = pen.getImageData(0, Math.round(top * height), width, Math.round((bottom - top) * height)).data;
  const paper = data.slice(0, 3).join();
  let count = 0;
  for (let i = 0; i < data.length; i += 4) count += data.slice(i, i + 3).join() !== paper;
  return count;
}"""
PROJECT = "?view=project&x=digits:0"
PLANE = "?view=plane&x=0,1&y=1,0"
HEARD = """node => {
  window.heard = 0;
  for (const name of ["input", "change"]) node.addEventListener(name, () => (window.heard += 1));
}"""


@dataclass
class Hand:
    """Fingers on one element; places are fractions of its width and height."""

    page: Page
    touch: CDPSession
    target: Locator

    def __post_init__(self) -> None:
        self.target.evaluate("node => node.scrollIntoView({ block: 'center' })")
        self.box = self.target.bounding_box()
        self.down: dict[int, tuple[float, float]] = {}

    def _send(self, kind: str) -> None:
        points = [{"id": finger, "x": x, "y": y} for finger, (x, y) in self.down.items()]
        self.touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def _point(self, x: float, y: float) -> tuple[float, float]:
        return self.box["x"] + x * self.box["width"], self.box["y"] + y * self.box["height"]

    def press(self, finger: int, x: float, y: float) -> None:
        self.down[finger] = self._point(x, y)
        self._send("touchStart")

    def move(self, finger: int, x: float, y: float, steps: int = 12) -> None:
        (u, v), (x, y) = self.down[finger], self._point(x, y)
        for i in range(1, steps + 1):
            self.down[finger] = (u + (x - u) * i / steps, v + (y - v) * i / steps)
            self._send("touchMove")
        self.page.wait_for_timeout(50)  # the browser tells of moves once a frame

    def lift(self, finger: int) -> None:
        del self.down[finger]
        self._send("touchEnd")

    def tap(self, x: float, y: float) -> None:
        self.press(0, x, y)
        self.lift(0)

    def swipe(self, dx: float, dy: float, start: tuple[float, float] = (0.5, 0.5)) -> None:
        """From `start`, dx and dy in pixels, in small steps as a finger makes them."""
        self.press(0, *start)
        x, y = start[0] + dx / self.box["width"], start[1] + dy / self.box["height"]
        self.move(0, x, y, steps=20)
        self.lift(0)
        self.page.wait_for_timeout(300)  # a scroll comes to rest

    def scrolls(self) -> bool:
        """Whether a vertical swipe, towards where there is page left, scrolls it."""
        before = self.page.evaluate("window.scrollY")
        self.swipe(3, 120 if before > 150 else -120, (0.8, 0.5))
        return abs(self.page.evaluate("window.scrollY") - before) > 40


def hand(page: Page, selector: str) -> Hand:
    return Hand(page, page.context.new_cdp_session(page), page.locator(selector).first)


def two_rows(page: Page, selector: str) -> tuple[int, int]:
    """A finger draws in the upper half while another comes down and moves in the lower half: the ink of each half."""
    fingers = hand(page, selector)
    before = [fingers.target.evaluate(INK, half) for half in ((0, 0.45), (0.55, 1))]
    fingers.press(0, 0.2, 0.25)
    fingers.move(0, 0.5, 0.25)
    fingers.press(1, 0.2, 0.75)
    fingers.move(1, 0.8, 0.75)
    fingers.move(0, 0.8, 0.25)
    fingers.lift(1)
    fingers.lift(0)
    after = [fingers.target.evaluate(INK, half) for half in ((0, 0.45), (0.55, 1))]
    return after[0] - before[0], after[1] - before[1]


# --- fault 34: one finger draws, others are ignored ---------------------------------------------------------------
def test_a_second_finger_does_not_scrub_the_film(phone: Visit):
    page = phone.at("?view=interpolate")
    film = page.locator("#interpolate-film .film")
    fingers = hand(page, "#interpolate-film .strip")
    fingers.press(0, 0.3, 0.3)
    fingers.move(0, 0.6, 0.3)
    held = film.get_attribute("data-state")
    fingers.press(1, 0.9, 0.5)
    fingers.move(1, 0.1, 0.5)
    assert film.get_attribute("data-state") == held
    fingers.lift(1)
    fingers.lift(0)


def test_a_second_finger_draws_nothing_on_the_drawing_pad(phone: Visit):
    page = phone.at("?view=interpolate")
    page.locator("#interpolate-intake [data-do=draw]").click()
    expect(page.locator("#interpolate-intake .drawing canvas")).to_be_visible()
    upper, lower = two_rows(page, "#interpolate-intake .drawing canvas")
    assert upper > 1000 and lower == 0
    phone.shows(page, "#interpolate-intake .intake", "^1$")
    phone.quiet(page)


def test_a_second_finger_sprays_no_points(phone: Visit):
    page = phone.at(PLANE)
    trainer = "#plane-trainer [data-state]"
    page.locator("#plane-trainer [data-part=sets] button").last.click()
    fingers = hand(page, "#plane-trainer [data-part=pad]")

    def points() -> int:
        return json.loads(page.locator(trainer).get_attribute("data-state"))["points"]

    fingers.press(0, 0.2, 0.2)
    alone = points()
    fingers.press(1, 0.8, 0.8)
    fingers.move(1, 0.5, 0.8)
    assert points() == alone > 0
    fingers.move(0, 0.5, 0.2)
    assert points() > alone
    fingers.lift(1)
    fingers.lift(0)


def test_a_second_finger_does_not_pull_a_handle_of_the_plane(phone: Visit):
    page = phone.at(PLANE)
    canvas = "#plane-canvas [data-state]"
    fingers = hand(page, "[data-handle=x]")

    def x() -> list[float]:
        return json.loads(page.locator(canvas).first.get_attribute("data-state"))["x"]

    fingers.press(0, 0.5, 0.5)
    fingers.press(1, 0.6, 0.6)
    fingers.move(1, 2.5, 2.5)
    page.wait_for_timeout(300)
    assert x() == [0, 1]
    fingers.move(0, 1.5, 0.5)
    page.wait_for_function(f"JSON.parse(document.querySelector('{canvas}').dataset.state).x[0] > 0.1")
    fingers.lift(1)
    fingers.lift(0)
    phone.quiet(page)


def test_a_second_finger_moves_no_second_value(phone: Visit):
    page = phone.at("?view=spectrum")
    fingers = hand(page, "#spectrum-handles [data-part=plot]")
    fingers.press(0, 0.2, 0.6)
    fingers.move(0, 0.2, 0.7)
    fingers.press(1, 0.9, 0.6)
    fingers.move(1, 0.9, 0.9)
    fingers.lift(1)
    fingers.lift(0)
    state = json.loads(page.locator("#spectrum-handles [data-state]").first.get_attribute("data-state"))
    assert len(state["moves"]) == 1
    phone.quiet(page)


def test_a_second_finger_paints_nothing(phone: Visit):
    page = phone.at(PROJECT)
    page.locator("[data-tool=ink]").click()
    upper, lower = two_rows(page, ".easel canvas")
    assert upper > 5 and lower == 0
    phone.quiet(page)


# --- fault 35: a vertical swipe scrolls the page -------------------------------------------------------------------
def test_a_vertical_swipe_over_the_film_scrolls_the_page(phone: Visit):
    page = phone.at("?view=interpolate")
    film = page.locator("#interpolate-film .film")
    before = film.get_attribute("data-state")
    assert hand(page, "#interpolate-film .strip").scrolls()
    assert film.get_attribute("data-state") == before
    hand(page, "#interpolate-film .strip").tap(0.9, 0.5)
    assert film.get_attribute("data-state") != before


SLIDERS = {
    "Gradio's own": ("?view=interpolate", "#interpolate-t input[type=range]"),
    "the plane's": (PLANE, "#plane-canvas input[type=range]"),
    "the spectrum's": ("?view=spectrum", "[data-part=power]"),
    "the painter's": (PROJECT, ".easel input[type=range]"),
    "the divider": ("?view=styles", "#styles-stage input[type=range]"),
}


@pytest.mark.parametrize(("view", "selector"), SLIDERS.values(), ids=SLIDERS)
def test_a_vertical_swipe_over_a_slider_scrolls_and_a_tap_and_a_drag_move_it(
    phone: Visit, view: str, selector: str
):
    page = phone.at(view)
    slider = page.locator(selector).first
    expect(slider).to_be_attached()
    phone.quiet(page)
    assert slider.evaluate("node => getComputedStyle(node).touchAction") == "pan-y"
    slider.evaluate(HEARD)
    before = slider.input_value()
    assert hand(page, selector).scrolls()
    assert slider.input_value() == before and page.evaluate("window.heard") == 0
    fingers = hand(page, selector)

    def share() -> float:
        low, high = (float(slider.get_attribute(name)) for name in ("min", "max"))
        return (float(slider.input_value()) - low) / (high - low)

    fingers.tap(0.8, 0.5)
    page.wait_for_timeout(100)
    assert share() == pytest.approx(0.8, abs=0.15)
    fingers.swipe(-0.4 * fingers.box["width"], 2, (0.8, 0.5))
    assert share() == pytest.approx(0.4, abs=0.15)
    phone.quiet(page)


# --- fault 39: the number field of Spectrum and its arrows ---------------------------------------------------------
@pytest.mark.parametrize("who", ["visit", "phone"])
def test_the_field_of_the_selected_value_is_seen_and_covers_no_arrow(
    who: str, request: pytest.FixtureRequest
):
    page = request.getfixturevalue(who).at("?view=spectrum")
    field = page.get_by_label("Selected value")
    assert field.evaluate("node => getComputedStyle(node).opacity") == "1"
    parts = [
        field,
        *(page.get_by_role("button", name=f"Select the {way} value") for way in ("previous", "next")),
    ]
    spans = sorted((box["x"], box["x"] + box["width"]) for box in (part.bounding_box() for part in parts))
    assert all(left[1] <= right[0] for left, right in itertools.pairwise(spans))
    card = page.locator("#spectrum-handles").bounding_box()
    assert spans[-1][1] <= card["x"] + card["width"] + 1
    state = page.locator("#spectrum-handles [data-state]").first
    for part, step in ((parts[2], 1), (parts[1], -1)):
        before = json.loads(state.get_attribute("data-state"))["selected"]
        part.click()
        expect(state).to_have_attribute("data-state", re.compile(f'"selected":{before + step}}}'))


# --- a scatter --------------------------------------------------------------------------------------------------
def test_two_fingers_zoom_the_scatter_and_pick_nothing(phone: Visit):
    page = phone.at("?view=latent_pca")
    state = "#latent_pca-scatter [data-state]"
    expect(page.locator(f"{state}")).to_have_count(1)
    fingers = hand(page, "#latent_pca-scatter figure canvas")
    fingers.press(0, 0.45, 0.5)
    fingers.press(1, 0.55, 0.5)
    fingers.lift(1)
    fingers.lift(0)
    page.wait_for_timeout(300)
    assert json.loads(page.locator(state).get_attribute("data-state"))["picked"] == -1
