"""Latent PCA in a browser: scatter, hover, click, keyboard, walk, 3-D, phone, link; the console stays clean throughout."""

from __future__ import annotations

import json
import re
import urllib.request
from typing import TYPE_CHECKING

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from tests.browser.visits import Server, Visit


VIEW = "?view=latent_pca"
PICKING = VIEW + "&n=300"
SCATTER = "#latent_pca-scatter [data-state]"
CANVAS = "#latent_pca-scatter figure canvas"
STAGE = "#latent_pca-stage .tiles"
STRIP = "#latent_pca-strip-induced canvas"
STEPS = "#latent_pca-steps input[type=range]"
COMPONENT = "#latent_pca-component input[type=range]"
METER = "#latent_pca-meter .meter"
LINK = "#latent_pca-link input"


def scatter(page: Page) -> dict:
    return json.loads(page.locator(SCATTER).first.get_attribute("data-state"))


def hover_until_found(page: Page, panel: int = 0) -> int:
    """Move over the panel until a point answers; its index."""
    page.locator(CANVAS).nth(panel).scroll_into_view_if_needed()
    box = page.locator(CANVAS).nth(panel).bounding_box()
    for step in range(1, 60):
        page.mouse.move(box["x"] + box["width"] * (0.3 + 0.4 * step / 60), box["y"] + box["height"] / 2)
        if page.locator("#latent_pca-scatter .tip").is_visible():
            page.wait_for_function(
                "s => JSON.parse(document.querySelector(s).dataset.state).hover >= 0", arg=SCATTER
            )
            return scatter(page)["hover"]
    raise AssertionError("no point under the pointer")


def test_the_view_opens_with_two_scatters_a_walk_and_laws_that_hold(visit: Visit):
    page = visit.at(VIEW)
    expect(page.locator(CANVAS)).to_have_count(2)
    assert scatter(page) == {"picked": -1, "hover": -1, "points": 300, "dims": 2}
    expect(page.locator("#latent_pca-status")).to_contain_text(re.compile(r"300 pictures.* s.*on cpu"))
    expect(page.locator("#latent_pca-scatter figcaption").first).to_contain_text(
        "5-nearest-neighbour accuracy"
    )
    expect(page.locator("#latent_pca-variance")).to_contain_text("in 10 components")
    expect(page.locator(STRIP)).to_have_count(7)
    visit.shows(page, STAGE, re.escape("g⁻¹(mean + 2.00 ·"))
    assert not visit.scrolls_sideways(page)


def test_hovering_one_scatter_shows_the_picture_in_both_without_asking_the_server(visit: Visit):
    page = visit.at(VIEW)
    plain = [visit.ink(page, CANVAS, i) for i in range(2)]
    before = visit.quiet(page)
    assert 0 <= hover_until_found(page) < 300
    expect(page.locator("#latent_pca-scatter .tip span")).to_have_text(re.compile(r"^\d$"))
    assert all(visit.ink(page, CANVAS, i) != plain[i] for i in range(2))
    assert visit.calls() == before
    page.mouse.move(0, 0)
    expect(page.locator("#latent_pca-scatter .tip")).to_be_hidden()


def test_points_can_be_reached_and_picked_by_keyboard(visit: Visit):
    page = visit.at(PICKING)
    page.locator(CANVAS).first.focus()
    for key in ("ArrowRight", "ArrowUp", "ArrowLeft", "Enter"):
        page.keyboard.press(key)
    page.wait_for_function(
        "s => JSON.parse(document.querySelector(s).dataset.state).picked >= 0", arg=SCATTER
    )
    visit.shows(page, STAGE, re.escape("g⁻¹(g(x)"))


def test_while_walking_the_last_position_wins(visit: Visit):
    page = visit.at(VIEW)
    walk = visit.ink(page, f"{STAGE} canvas")
    marked = visit.ink(page, CANVAS)
    visit.drag(page, STEPS, 0.75, 0.2)
    value = float(page.locator(STEPS).input_value())
    assert value < 0
    visit.shows(page, STAGE, re.escape(f"g⁻¹(mean − {-value:.2f} ·"))
    assert visit.ink(page, f"{STAGE} canvas") != walk
    assert visit.ink(page, CANVAS) != marked  # the cross moves along
    strip = visit.ink(page, STRIP)
    page.locator(COMPONENT).focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    visit.shows(page, STAGE, "c₃")
    assert visit.ink(page, STRIP) != strip
    expect(page.locator(LINK)).to_have_value(re.compile(f"c=3&t={value:g}"))


def test_labels_can_be_hidden(visit: Visit):
    page = visit.at(VIEW)
    full = visit.ink(page, CANVAS)
    page.locator("#latent_pca-scatter .legend button").nth(3).click()
    visit.repaints(page, CANVAS, full)
    expect(page.locator("#latent_pca-scatter .legend button").nth(3)).to_have_attribute(
        "aria-pressed", "false"
    )
    page.locator("#latent_pca-scatter .legend button").nth(3).click()


def test_a_click_makes_a_point_the_current_picture_of_every_view(visit: Visit):
    page = visit.at(PICKING)
    index = hover_until_found(page)
    page.mouse.down()
    page.mouse.up()
    visit.shows(page, STAGE, re.escape("g⁻¹(g(x) + 2.00 ·"))
    assert scatter(page)["picked"] == index
    expect(page.get_by_label("from the current picture x")).to_be_checked()
    expect(page.locator(LINK)).to_have_value(re.compile(f"start=picture&x=digits:{index}$"))
    page.get_by_role("tab", name="Spectrum").click()
    visit.shows(page, "#spectrum-stage .tiles", f"^digits:{index} ")
    page.get_by_role("tab", name="Latent PCA").click()
    page.wait_for_function(
        "s => JSON.parse(document.querySelector(s).dataset.state).points === 300", arg=SCATTER
    )


def test_another_model_shows_other_points_and_walks_to_other_pictures(visit: Visit):
    page = visit.open(VIEW)
    points, walk, strip = visit.ink(page, CANVAS), visit.ink(page, f"{STAGE} canvas"), visit.ink(page, STRIP)
    pixels = visit.ink(page, CANVAS, 1), visit.ink(page, f"{STAGE} canvas", 1)
    variance = page.locator("#latent_pca-variance").inner_html()
    page.locator("#latent_pca-model").get_by_label("digits-projector").check()
    expect(page.locator("#latent_pca-status")).to_contain_text("encoded once by digits-projector")
    expect(page.locator(LINK)).to_have_value(re.compile("model=digits-projector"))
    visit.repaints(page, f"{STAGE} canvas", walk)
    visit.shows(page, STAGE, re.escape("g⁻¹(mean + 2.00 ·"))
    assert visit.ink(page, CANVAS) != points and visit.ink(page, STRIP) != strip
    assert (visit.ink(page, CANVAS, 1), visit.ink(page, f"{STAGE} canvas", 1)) == pixels
    assert page.locator("#latent_pca-variance").inner_html() != variance
    expect(page.locator("#latent_pca-variance")).to_contain_text("in 10 components")
    again = visit.open("?" + page.locator(LINK).input_value().partition("?")[2])
    expect(again.locator("#latent_pca-model").get_by_label("digits-projector")).to_be_checked()
    assert visit.ink(again, f"{STAGE} canvas") == visit.ink(page, f"{STAGE} canvas")


def test_the_meter_reacts_when_pixels_take_over(visit: Visit):
    page = visit.at(VIEW)
    visit.breaks(page, METER, "Break it: project")


def test_three_dimensions_turn_under_the_hand(visit: Visit):
    page = visit.at(VIEW)
    page.get_by_label("3-D").check()
    page.wait_for_function("s => JSON.parse(document.querySelector(s).dataset.state).dims === 3", arg=SCATTER)
    picked = scatter(page)["picked"]
    still = visit.ink(page, CANVAS)
    other = visit.ink(page, CANVAS, 1)
    visit.drag(page, f"{CANVAS} >> nth=0", 0.4, 0.7, moves=15)
    visit.repaints(page, CANVAS, still)
    assert visit.ink(page, CANVAS, 1) == other
    assert scatter(page)["picked"] == picked  # a drag is no click
    page.get_by_role("button", name="fit", exact=True).click()
    page.get_by_role("button", name="pictures", exact=True).click()
    expect(page.get_by_role("button", name="pictures", exact=True)).to_have_attribute("aria-pressed", "true")


def test_the_models_own_samples_make_a_cloud(visit: Visit):
    page = visit.at(VIEW)
    status = page.locator("#latent_pca-status").inner_text()
    page.locator("#latent_pca-data").get_by_label("Samples").check()
    expect(page.locator("#latent_pca-status")).not_to_have_text(status)
    expect(page.locator(LINK)).to_have_value(re.compile("data=sample"))
    visit.shows(page, METER, "holds")


def test_the_link_restores_the_view(visit: Visit):
    query = f"{VIEW}&data=digits&n=300&d=3&c=2&t=-1.5&start=picture&x=digits:7"
    page = visit.open(query)
    visit.shows(page, STAGE, re.escape("g⁻¹(g(x) − 1.50 ·"))
    assert scatter(page) == {"picked": 7, "hover": -1, "points": 300, "dims": 3}
    visit.carries(page, LINK, query)


def test_a_phone_shows_all_of_it_and_a_tap_picks(phone: Visit):
    page = phone.open(VIEW)
    assert not phone.scrolls_sideways(page)
    page.locator(CANVAS).first.scroll_into_view_if_needed()
    box = page.locator(CANVAS).first.bounding_box()
    for x in (0.4, 0.5, 0.6):
        page.touchscreen.tap(box["x"] + x * box["width"], box["y"] + box["height"] / 2)
    page.wait_for_function(
        "s => JSON.parse(document.querySelector(s).dataset.state).picked >= 0", arg=SCATTER
    )
    phone.shows(page, STAGE, re.escape("g⁻¹(g(x)"))
    assert not phone.scrolls_sideways(page)


def test_the_endpoint_answers_clients_and_refuses_what_is_no_number(server: Server):
    client = Client(server.url, verbose=False)
    call = ("digits", 24, 2, 1, 1.0, "mean", "digits:3")
    found = client.predict(*call, api_name="/latent_pca")
    assert len(found["latent"]["coordinates"]) == 24 and found["device"] == "cpu"
    with pytest.raises(AppError, match="from 1 to 10"):
        client.predict(*call[:3], 0, *call[4:], api_name="/latent_pca")
    other = client.predict(*call, "digits-projector", api_name="/latent_pca")
    assert other["pixel"]["coordinates"] == found["pixel"]["coordinates"]
    assert other["latent"]["coordinates"] != found["latent"]["coordinates"]
    with pytest.raises(AppError, match="one of digits, digits-projector, faces"):
        client.predict(*call, "cats", api_name="/latent_pca")
    body = json.dumps({"data": [*call, "digits"]}).replace("1.0", "NaN")
    assert "to 4, got nan" in answer_to(server.url, "latent_pca", body)


def answer_to(url: str, name: str, body: str) -> str:
    """What the endpoint answers to a body that a JSON library would not write."""
    headers = {"Content-Type": "application/json"}
    address = f"{url}gradio_api/call/{name}"
    with urllib.request.urlopen(urllib.request.Request(address, body.encode(), headers)) as answer:
        event = json.load(answer)["event_id"]
    with urllib.request.urlopen(f"{address}/{event}") as answer:
        return answer.read().decode()
