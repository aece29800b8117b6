"""Styles in a browser: photo, weights, order, strength, undo, divider, full size, upload, laws, phone, link, client."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from gradio_client import Client
from gradio_client.exceptions import AppError
from PIL import Image
from playwright.sync_api import Page, expect

import linearizer_core as lc
from app.models import saved

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.visits import Server, Visit


VIEW = "?view=styles"
STAGE = "#styles-stage .pair"
OTHER = "#styles-other .pair"
FULL = "#styles-full .full"
METER = "#styles-meter .meter"
LINK = "#styles-link input"


def weight(index: int) -> str:
    return f"#styles-w{index} input[type=range]"


def painting(page: Page, selector: str = STAGE) -> str:
    return page.locator(f"{selector} .after").get_attribute("src")


def test_the_view_opens_with_a_painting_its_full_size_and_laws_that_hold(visit: Visit):
    page = visit.at(VIEW)
    visit.shows(page, STAGE, "^china 0,1,0,0 1$")
    expect(page.locator(OTHER)).to_be_hidden()
    visit.shows(page, FULL, "^china 0,1,0,0 1$")
    expect(page.locator(FULL)).to_contain_text("640×427 pixels")
    expect(page.locator(STAGE)).to_have_attribute("data-full", "china 0,1,0,0 1")  # and it is on the stage
    assert page.locator(f"{STAGE} .after").evaluate("image => image.naturalWidth") == 640
    expect(page.locator("#styles-model")).to_contain_text("the model that ships")
    expect(page.locator(f"{METER} .law")).to_have_count(4)
    page.locator("#styles-spectrum").scroll_into_view_if_needed()
    expect(page.locator("#styles-spectrum .scatterlayer .trace")).to_have_count(5)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    with Image.open(download.value.path()) as picture:
        assert picture.size == (640, 427)
    assert not visit.scrolls_sideways(page)


def test_while_dragging_a_weight_the_last_position_wins(visit: Visit):
    page = visit.at(VIEW)
    before = painting(page)
    visit.drag(page, weight(0), 0.02, 0.5)
    value = float(page.locator(weight(0)).input_value())
    assert 0.4 < value < 0.6
    visit.shows(page, STAGE, rf"^china {value / (1 + value):.4g}\d*,")
    visit.shows(page, FULL, rf"^china {value / (1 + value):.4g}\d*,")
    assert painting(page) != before
    expect(page.locator(LINK)).to_have_value(re.compile(f"w={value:g},1,0,0"))


def test_one_button_is_one_style_and_keys_set_the_strength(visit: Visit):
    page = visit.at(VIEW)
    lit = page.locator("#styles-presets input:checked")
    page.locator("#styles-presets").get_by_label("Udnie", exact=True).check()
    visit.shows(page, STAGE, "^china 0,0,0,1 1$")
    expect(lit).to_have_value("Udnie")
    page.locator("#styles-strength input[type=range]").focus()
    page.keyboard.press("ArrowLeft")
    visit.shows(page, STAGE, r"^china 0,0,0,1 0\.99$")


def test_two_orders_stand_side_by_side_and_a_style_comes_off(visit: Visit):
    page = visit.open(VIEW)
    page.locator("#styles-mode").get_by_label("One after the other").check()
    visit.shows(page, STAGE, "^china mosaic>candy 1$")
    visit.shows(page, OTHER, "^china candy>mosaic 1$")
    assert painting(page) != painting(page, OTHER)
    expect(page.locator("#styles-formula")).to_contain_text("Acandy Amosaic")
    page.locator("#styles-undo").get_by_label("Candy").check()
    visit.shows(page, STAGE, "^china mosaic>candy 1 -candy$")
    page.locator("#styles-mode").get_by_label("Blend them").check()
    visit.shows(page, STAGE, "^china 0,1,0,0 1 -candy$")
    expect(page.locator(OTHER)).to_be_hidden()


def test_the_divider_moves_by_hand_and_by_keys_without_asking_the_server(visit: Visit):
    page = visit.at(VIEW)
    painted = page.locator(STAGE).get_attribute("data-state")
    expect(page.locator(FULL)).to_have_attribute("data-state", painted)  # the last thing that follows a hand
    before = visit.quiet(page, spell=3000)
    visit.drag(page, f"{STAGE} input", 0.5, 0.9)
    divider = page.locator(f"{STAGE} input")
    assert float(divider.input_value()) > 80
    divider.press("Home")
    expect(divider).to_have_attribute("aria-valuetext", "0 % photo")
    assert visit.calls() == before


def test_any_photo_can_be_uploaded_and_a_broken_file_gets_a_sentence(visit: Visit, tmp_path: Path):
    page = visit.open(VIEW)
    y, x = np.mgrid[:90, :150]
    Image.fromarray(np.uint8(np.stack([x + 50, 2 * y, 200 - x], -1))).save(tmp_path / "mine.png")
    choose = page.locator("#styles-intake input[type=file]")
    choose.set_input_files(tmp_path / "mine.png")
    visit.shows(page, STAGE, "^upload:[0-9a-f]{16} 0,1,0,0 1$")
    expect(page.locator(FULL)).to_contain_text("150×90 pixels")
    (tmp_path / "broken.png").write_bytes(b"no picture at all")
    choose.set_input_files(tmp_path / "broken.png")
    expect(page.locator("#styles-intake .notice")).to_contain_text("not a picture")
    visit.shows(page, STAGE, "^upload:")
    page.locator("#styles-samples button").nth(1).click()
    visit.shows(page, STAGE, "^flower ")


def test_the_laws_break_where_everybody_sees_it(visit: Visit):
    page = visit.at(VIEW)
    page.locator("#styles-break input").check()
    visit.shows(page, METER, "broken")
    page.locator("#styles-break input").uncheck()
    visit.shows(page, METER, "holds")


def choose(page: Page, file: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.locator("#styles-fit-load").click()
    chooser.value.set_files(file)


def test_without_teachers_the_host_reads_how_to_get_them_and_a_saved_model_is_loaded(
    visit: Visit, tmp_path: Path
):
    page = visit.open(VIEW)
    expect(page.locator("#styles-fit")).to_be_hidden()
    expect(page.locator("#styles-fit-words .host")).to_contain_text("--teachers FOLDER")
    expect(page.locator("#styles-painter")).to_be_hidden()
    model = lc.load("styles")
    with torch.no_grad():
        model.operator("candy").generator.zero_()
    recipe = lc.checkpoints.read_config("styles").recipe
    (tmp_path / "mine.zip").write_bytes(saved.zipped(recipe, model, {}))
    (tmp_path / "half.json").write_text("{}")
    visit.shows(page, STAGE, "^china 0,1,0,0 1$")
    before, shipped = painting(page), page.locator("#styles-painter label").first
    choose(page, tmp_path / "half.json")
    expect(page.locator("#styles-fit-words")).to_contain_text("config.json and model.safetensors, together")
    choose(page, tmp_path / "mine.zip")
    visit.shows(page, STAGE, "^china 0,1,0,0 1 fitted$")
    expect(page.locator("#styles-fit-words")).to_contain_text("Loaded; it paints now.")
    assert painting(page) != before
    shipped.locator("input").check()
    visit.shows(page, STAGE, "^china 0,1,0,0 1$")


def test_it_works_on_a_phone_and_from_a_link(phone: Visit):
    page = phone.open(VIEW + "&x=flower&how=order&w=0,0,1,0&o=udnie,mosaic&s=0.5&u=udnie")
    phone.shows(page, STAGE, r"^flower udnie>mosaic 0\.5 -udnie$")
    assert not phone.scrolls_sideways(page)
    assert page.locator(STAGE).bounding_box()["y"] < page.locator("#styles-mode").bounding_box()["y"]


def test_a_client_can_call_the_endpoint(server: Server):
    client = Client(server.url, verbose=False)
    found = client.predict("flower", {"rain-princess": 0.5}, api_name="/compose_styles")
    assert (found["width"], found["height"]) == (312, 208) and found["picture"].startswith("data:image/png")
    with pytest.raises(AppError, match="No such photo"):
        client.predict("nowhere", {"candy": 1}, api_name="/compose_styles")
