"""Project in a browser: rank, damage, paint, upload, grid, broken law, phone, link; the console stays clean throughout."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from PIL import Image
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.visits import Server, Visit


VIEW = "?view=project"
WHOLE = VIEW + "&how=none&a=0"
STAGE = "#project-stage .tiles"
PAINTER = "#project-painter .easel"
CANVAS = f"{PAINTER} canvas"
RANK = "#project-rank input[type=range]"
METER = "#project-meter .meter"
LINK = "#project-link input"
START = r"^salt;0.3;0;digits:318 32$"


def choose(page: Page, kind: str) -> None:
    page.locator("#project-kind").get_by_label(kind, exact=True).check()


def test_the_view_opens_with_stage_distance_grid_and_laws_that_hold(visit: Visit):
    page = visit.at(VIEW)
    visit.shows(page, STAGE, START)
    expect(page.locator(f"{STAGE} canvas")).to_have_count(3)
    visit.shows(page, PAINTER, "^salt;0.3;0;digits:318$")
    for name in ("x", "once", "twice"):
        expect(page.locator(f"#project-grid-{name} canvas")).to_have_count(6)
    expect(page.locator("#project-distance")).to_contain_text("For the eye: f changes pixels by")
    expect(page.locator(f"{METER} .law")).to_have_count(3)
    assert not visit.scrolls_sideways(page)


def test_while_dragging_the_rank_the_last_position_wins(visit: Visit):
    page = visit.at(VIEW)
    before = visit.ink(page, f"{STAGE} canvas", 1)
    same = visit.ink(page, CANVAS)
    visit.drag(page, RANK, 0.3, 0.9)
    rank = int(page.locator(RANK).input_value())
    assert 100 < rank < 128
    visit.shows(page, STAGE, f"digits:318 {rank}$")
    assert visit.ink(page, f"{STAGE} canvas", 1) != before and visit.ink(page, CANVAS) == same
    visit.shows(page, "#project-grid-once .tiles", f" {rank}$")
    expect(page.locator(LINK)).to_have_value(re.compile(f"k={rank}"))
    assert visit.calls() < 130


def test_keys_and_buttons_set_the_rank(visit: Visit):
    page = visit.at(VIEW)
    lit = page.locator("#project-presets input:checked")
    page.locator("#project-presets").get_by_label("8", exact=True).check()
    visit.shows(page, STAGE, " 8$")
    expect(lit).to_have_value("8")
    page.locator(RANK).focus()
    page.keyboard.press("ArrowRight")
    visit.shows(page, STAGE, " 9$")
    expect(lit).to_have_count(0)


def test_damage_starts_with_its_usual_amount_and_other_dice_throw_it_again(visit: Visit):
    page = visit.at(VIEW)
    page.locator(RANK).fill("32")
    visit.shows(page, STAGE, " 32$")
    choose(page, "drown in noise")
    visit.shows(page, STAGE, "^noise;1;0;digits:318 32$")
    visit.shows(page, PAINTER, "^noise;1;0;digits:318$")
    first = visit.ink(page, CANVAS)
    page.get_by_role("button", name="Other dice").click()
    visit.shows(page, PAINTER, "^noise;1;1;digits:318$")
    assert visit.ink(page, CANVAS) != first
    page.locator("#project-amount input[type=range]").fill("0.4")
    visit.shows(page, STAGE, "^noise;0.4;1;digits:318 32$")
    choose(page, "whole")
    visit.shows(page, STAGE, "^none;0;1;digits:318 32$")


def test_what_is_painted_goes_in_as_it_is(visit: Visit):
    page = visit.at(WHOLE)
    before, made = visit.ink(page, CANVAS), visit.ink(page, f"{STAGE} canvas", 1)
    visit.drag(page, CANVAS, 0.05, 0.95, moves=20)  # erases along the upper edge
    page.locator(PAINTER).get_by_role("button", name="Ink").click()
    box = page.locator(CANVAS).bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 160)
    page.mouse.down()
    page.mouse.move(box["x"] + 180, box["y"] + 160, steps=10)
    page.mouse.up()
    visit.shows(page, STAGE, "^none;0;0;png:")
    visit.shows(page, PAINTER, "^none;0;0;png:")
    visit.repaints(page, f"{STAGE} canvas", made, 1)
    assert visit.ink(page, CANVAS) != before
    expect(page.locator(METER)).to_have_attribute("data-state", "holds")


def test_any_picture_can_be_uploaded_and_a_broken_file_gets_a_sentence(visit: Visit, tmp_path: Path):
    page = visit.open(VIEW)
    stripes = tmp_path / "stripes.png"
    Image.fromarray(np.tile(np.uint8([[0, 0, 255, 255]]), (64, 16))).save(stripes)
    page.locator("#project-intake input[type=file]").set_input_files(stripes)
    visit.shows(page, STAGE, "^none;0;0;png:")
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture at all")
    page.locator("#project-intake input[type=file]").set_input_files(broken)
    expect(page.locator("#project-intake .notice")).to_contain_text("not a picture")
    visit.shows(page, STAGE, "^none;0;0;png:")


def test_the_grid_gives_and_takes(visit: Visit):
    page = visit.at(WHOLE)
    page.locator("#project-grid-x button").nth(3).click()
    visit.shows(page, STAGE, "^none;0;0;other:0 32$")
    page.get_by_role("button", name="Put x in the grid").click()
    visit.shows(page, "#project-grid-x .tiles", "none;0;0;other:0 32$")
    expect(page.locator(METER)).to_have_attribute("data-state", "holds")


def test_the_law_breaks_where_everybody_sees_it(visit: Visit):
    page = visit.at(VIEW)
    page.locator(RANK).fill("32")
    visit.shows(page, STAGE, " 32$")
    page.locator("#project-break input").check()
    expect(page.locator(METER)).to_have_attribute("data-state", "broken")
    visit.shows(page, STAGE, " 32 broken$")
    expect(page.locator(f"{METER} .verdict")).to_contain_text("idempotent")
    page.locator("#project-break input").uncheck()
    expect(page.locator(METER)).to_have_attribute("data-state", "holds")


def test_it_works_on_a_phone_and_from_a_link(phone: Visit):
    page = phone.open(VIEW + "&x=other:2&how=hole&a=0.5&s=7&k=64")
    phone.shows(page, STAGE, "^hole;0.5;7;other:2 64$")
    expect(page.locator(LINK)).to_have_value(re.compile("x=other:2&how=hole&a=0.5&s=7&k=64$"))
    assert not phone.scrolls_sideways(page)


def test_a_client_can_call_the_endpoint(server: Server):
    client = Client(server.url, verbose=False)
    found = client.predict("digits:318", 16, "salt", 0.3, 0, api_name="/project")
    assert len(found["once"]) == 32 and found["largest_difference"] < 1e-3
    with pytest.raises(AppError, match="from 1 to"):
        client.predict("digits:318", 1000, api_name="/project")
