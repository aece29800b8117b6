"""The engine in a browser: no request during a drag, the pictures of either route, its switch; and without it, as before."""

from __future__ import annotations

import re
import urllib.request
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.drags import DRAGS, HANDLES, calm, dragged, ready
from tests.engine import LEVELS

if TYPE_CHECKING:
    from tests.browser.visits import Visit

TRIED = [drag for drag in DRAGS if drag.model != "faces" or drag.view == "interpolate"]
NOTE = "#engine [role=status]"


@pytest.mark.parametrize("drag", TRIED, ids=lambda drag: f"{drag.view} {drag.model}")
def test_a_drag_asks_nobody_and_shows_what_the_server_would(visit: Visit, drag):
    page = visit.at(drag.query)
    ready(page, drag)
    found = dragged(page, drag)
    assert found.requests == [] and found.milliseconds
    assert found.apart() <= LEVELS


def test_the_last_position_wins_and_the_laws_follow_when_the_hand_rests(visit: Visit):
    page = visit.at("?view=interpolate&model=digits")
    ready(page, DRAGS[0])
    visit.drag(page, HANDLES["interpolate"], 0.4, 0.9)
    t = float(page.locator(HANDLES["interpolate"]).input_value())
    visit.shows(page, "#interpolate-stage .tiles", re.escape(f"{1 - t:.2f} x₁ + {t:.2f} x₂"))
    visit.shows(page, "#interpolate-meter .meter", "holds")
    expect(page.locator("#interpolate-link input")).to_have_value(re.compile(rf"w={round(1 - t, 2):g},{t:g}"))


def test_another_picture_is_the_servers_answer_and_the_next_drag_the_browsers(visit: Visit):
    page = visit.at("?view=interpolate&model=digits")
    ready(page, DRAGS[0])
    before = visit.ink(page, "#interpolate-stage canvas")
    page.locator("#interpolate-digits .tile").nth(4).click()
    visit.repaints(page, "#interpolate-stage canvas", before)
    calm(page, "interpolate")
    found = dragged(page, next(drag for drag in DRAGS if drag.view == "interpolate"))
    assert found.requests == [] and found.apart() <= LEVELS


@pytest.mark.parametrize("way", ["off by the address", "its worker blocked", "no WebAssembly"])
def test_without_the_engine_the_server_answers_as_before(visit: Visit, way):
    page = visit.context.new_page()
    if way == "its worker blocked":
        page.add_init_script("window.Worker = class { constructor() { throw new Error('blocked'); } };")
    if way == "no WebAssembly":
        page.add_init_script("delete window.WebAssembly;")
    page.goto(f"{visit.server.url}?view=interpolate" + ("&engine=off" if "address" in way else ""))
    visit.shows(page, "#interpolate-meter .meter", "holds")
    visit.drag(page, HANDLES["interpolate"], 0.62, 0.8)
    t = float(page.locator(HANDLES["interpolate"]).input_value())
    visit.shows(page, "#interpolate-stage .tiles", re.escape(f"{1 - t:.2f} x₁ + {t:.2f} x₂"))
    expect(page.locator(NOTE)).to_have_attribute("data-where", "server")


def test_the_page_goes_packed_and_is_small(visit: Visit):
    request = urllib.request.Request(visit.server.url, headers={"Accept-Encoding": "gzip, br"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.headers["Content-Encoding"] == "br" and len(answer.read()) <= 250_000
