"""Latent PCA in a browser: charts, hover, click, keyboard, lasso, files, walk, 3-D, phone, link; the console stays clean."""

from __future__ import annotations

import csv
import json
import re
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from PIL import Image
from playwright.sync_api import Download, Page, expect

from app.widgets import served

if TYPE_CHECKING:
    from tests.browser.visits import Server, Visit


VIEW = "?view=latent_pca"
PICKING = VIEW + "&data=digits&n=300"
SCATTER = "#latent_pca-scatter [data-state]"
FRAME = "#latent_pca-scatter .frame"
OVER = "#latent_pca-scatter .over"  # what is drawn over plotly's points
PLOTS = "[...document.querySelectorAll('#latent_pca-scatter .plot')]"
STAGE = "#latent_pca-stage .tiles"
STRIP = "#latent_pca-strip-induced canvas"
MEANS = "#latent_pca-means .tiles"
STEPS = "#latent_pca-steps input[type=range]"
COMPONENT = "#latent_pca-component input[type=range]"
METER = "#latent_pca-meter .meter"
LINK = "#latent_pca-link input"
INKED = """s => { const { width, height } = document.querySelector(s);
  const { data } = document.querySelector(s).getContext('2d').getImageData(0, 0, width, height);
  return data.filter((value, i) => i % 4 === 3 && value > 0).length; }"""
LEGEND = "#latent_pca-scatter .legend button"


def scatter(page: Page) -> dict:
    return json.loads(page.locator(SCATTER).first.get_attribute("data-state"))


def wait(page: Page, condition: str) -> dict:
    """Wait until this holds for the state of the scatter; the state."""
    page.wait_for_function(
        f"s => {{ const e = document.querySelector(s); if (!e) return false; "
        f"const state = JSON.parse(e.dataset.state); return {condition}; }}",
        arg=SCATTER,
    )
    return scatter(page)


def at(visit: Visit, query: str, points: int) -> Page:
    """The page with its charts drawn."""
    page = visit.at(query)
    page.locator(FRAME).first.scroll_into_view_if_needed()
    wait(page, f"state.points === {points}")
    return page


def over_point(page: Page, panel: int = 0) -> int:
    """Move over the panel until a point answers; its number."""
    page.locator(FRAME).nth(panel).scroll_into_view_if_needed()
    box = page.locator(FRAME).nth(panel).bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + box["height"] / 2)
    away(page)  # what a hand or the keys had reached before
    for step in range(1, 60):
        x, y = box["x"] + box["width"] * (0.3 + 0.4 * step / 60), box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.wait_for_timeout(100)  # plotly looks for a point a few times a second
        if scatter(page)["hover"] >= 0:
            return scatter(page)["hover"]
    raise AssertionError("no point under the pointer")


def away(page: Page) -> None:
    page.mouse.move(2, 2)
    wait(page, "state.hover === -1")


def ranges(page: Page) -> list:
    return page.evaluate(f"{PLOTS}.map(({{ _fullLayout: l }}) => l.xaxis.range)")


def drag(page: Page, panel: int = 0) -> None:
    """A hand's drag through the middle of a chart."""
    box = page.locator(FRAME).nth(panel).bounding_box()
    x, y = box["x"] + 0.4 * box["width"], box["y"] + 0.5 * box["height"]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 0.2 * box["width"], y + 20, steps=6)
    page.mouse.up()


def saved(page: Page, title: str, panel: int = 0) -> Download:
    """What a button of the chart's bar saves."""
    with page.expect_download() as download:
        page.locator(FRAME).nth(panel).locator(f'[data-title="{title}"]').click()
    return download.value


def test_a_page_that_shows_no_chart_fetches_no_script_for_them(visit: Visit):
    page = visit.open()
    assert not [url for url in visit.requests if "lab-files" in url]
    page.get_by_role("tab", name="Latent PCA").click()
    wait(page, "state.points === 4000")
    assert [url.rpartition(".")[2] for url in visit.requests if "lab-files" in url][:2] == ["js", "js"]


def test_the_view_opens_with_two_charts_of_a_shipped_cloud_a_walk_and_laws_that_hold(visit: Visit):
    page = at(visit, VIEW, 4000)
    expect(page.locator(FRAME)).to_have_count(2)
    assert {"picked": -1, "hover": -1, "chosen": 0, "dims": 2}.items() <= scatter(page).items()
    expect(page.locator("#latent_pca-status")).to_contain_text(
        re.compile(r"4000 digits that digits drew.* on cpu")
    )
    expect(page.locator("#latent_pca-verdict")).to_contain_text(
        re.compile(r"9\d% of the pictures.* 6\d% of them in pixels")
    )
    expect(page.locator("#latent_pca-scatter figcaption").first).to_contain_text("5-neighbour accuracy")
    expect(page.locator("#latent_pca-sums")).to_contain_text("50 components explain")
    expect(page.locator("#latent_pca-near-induced canvas")).to_have_count(9)
    expect(page.locator(STRIP)).to_have_count(7)
    visit.shows(page, STAGE, re.escape("g⁻¹(mean + 2.00 ·"))
    page.locator("#latent_pca-variance").scroll_into_view_if_needed()
    expect(page.locator("#latent_pca-variance .bars .point")).to_have_count(100)
    assert not visit.scrolls_sideways(page)


def test_the_cloud_is_seen_before_plotly_is_there_and_also_where_it_never_comes(visit: Visit):
    late = visit.context.new_page()
    late.route(
        "**/lab-files/*.js",
        lambda route: route.abort() if is_plotly(route.request.url) else route.continue_(),
    )
    late.goto(visit.server.url + VIEW)
    wait(late, "state.ahead === 4000 && state.points === 0")
    assert late.evaluate(INKED, OVER) > 5000
    for chart in ("scatter", "variance"):
        expect(late.locator(f"#latent_pca-{chart} .told")).to_contain_text("could not be drawn")
    visit.problems.clear()  # the console names the script that was held back


def is_plotly(address: str) -> bool:
    return served.plotly_script() in address


def test_density_lines_take_the_place_of_thumbnails(visit: Visit):
    page = at(visit, PICKING, 300)
    tools = page.locator("#latent_pca-scatter .tools")
    tools.get_by_role("button", name="density").click()
    expect(tools.get_by_role("button", name="pictures")).to_have_attribute("aria-pressed", "false")
    shown = f"{PLOTS}.map(p => p.data.filter(t => t.type === 'contour' && t.visible).length)"
    page.wait_for_function(f"{shown}.every(n => n === 10)")
    page.locator(LEGEND).first.click()
    page.wait_for_function(f"{shown}.every(n => n === 9)")
    page.locator(LEGEND).first.click()
    tools.get_by_role("button", name="pictures").click()
    page.wait_for_function(f"{shown}.every(n => n === 0)")
    expect(tools.get_by_role("button", name="density")).to_have_attribute("aria-pressed", "false")


def test_hovering_one_chart_shows_the_picture_in_both_without_asking_the_server(visit: Visit):
    page = at(visit, PICKING, 300)
    plain = [visit.ink(page, OVER, i) for i in range(2)]
    before = visit.quiet(page)
    assert 0 <= over_point(page) < 300
    expect(page.locator("#latent_pca-scatter .told")).to_have_text(re.compile(r"^\d · picture \d+$"))
    for i in range(2):
        visit.repaints(page, OVER, plain[i], i)
    assert visit.calls() == before
    away(page)


def test_while_walking_the_last_position_wins(visit: Visit):
    page = at(visit, PICKING, 300)
    walk = visit.ink(page, f"{STAGE} canvas")
    marked = visit.ink(page, OVER)
    visit.drag(page, STEPS, 0.75, 0.2)
    value = float(page.locator(STEPS).input_value())
    assert value < 0
    visit.shows(page, STAGE, re.escape(f"g⁻¹(mean − {-value:.2f} ·"))
    assert visit.ink(page, f"{STAGE} canvas") != walk
    visit.repaints(page, OVER, marked)  # the cross moves along
    strip = visit.ink(page, STRIP)
    page.locator(COMPONENT).focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    visit.shows(page, STAGE, "c₃")
    assert visit.ink(page, STRIP) != strip
    expect(page.locator(LINK)).to_have_value(re.compile(f"c=3&t={value:g}"))


def test_a_chart_is_saved_as_a_wide_png_as_svg_and_as_a_table(visit: Visit, tmp_path: Path):
    page = at(visit, PICKING, 300)
    with Image.open(saved(page, "Save as PNG").path()) as picture:
        assert picture.format == "PNG" and picture.width >= 1024
    svg = Path(saved(page, "Save as SVG", 1).path()).read_text("utf-8")
    assert svg.startswith("<svg") and "c₁" in svg
    with open(saved(page, "Save the points as CSV").path(), newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    assert head[:3] == ["number", "class", "PCA of latents g(x) c1"] and len(rows) == 300 and len(head) == 6
    shown = page.evaluate(f"{PLOTS}.map(({{ _fullData }}) => [..._fullData[0].x])")
    numbers = page.evaluate(f"[...{PLOTS}[0]._fullData[0].customdata]")
    for column, of_class in zip((2, 4), shown):
        assert [float(rows[i][column]) for i in numbers] == pytest.approx(of_class)


def test_a_lasso_takes_points_whose_mean_is_shown_and_which_become_a_class_or_are_left_out(visit: Visit):
    page = at(visit, PICKING, 300)
    frame = page.locator(FRAME).first
    frame.locator('[data-title="Lasso Select"]').click()
    box = frame.bounding_box()
    corners = [(0.35, 0.3), (0.65, 0.3), (0.65, 0.7), (0.35, 0.7), (0.35, 0.3)]
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=8)
    page.mouse.up()
    count = wait(page, "state.chosen > 0")["chosen"]
    visit.shows(page, MEANS, f"^{count} taken")
    expect(page.locator(f"{MEANS} canvas")).to_have_count(2)
    expect(page.locator("#latent_pca-chosen")).to_contain_text(f"{count} pictures taken")
    both = page.evaluate(
        f"{PLOTS}.map(p => p._fullData.reduce((n, t) => n + (t.selectedpoints?.length ?? 0), 0))"
    )
    assert both == [count, count]  # the other chart shows the same points
    page.get_by_role("button", name="Keep as a class").click()
    expect(page.locator(LEGEND).last).to_have_text(re.compile("class A"))
    wait(page, "state.chosen === 0")
    page.get_by_role("button", name="Bring all back").click()
    expect(page.locator(LEGEND)).to_have_count(10)
    page.get_by_role("button", name="Leave out").click()
    expect(page.get_by_text("draw around some points first")).to_be_visible()
    frame.locator('[data-title="Pan"]').click()


def test_what_was_moved_stays_when_the_theme_turns_until_the_axes_are_reset(visit: Visit):
    page = at(visit, PICKING, 300)
    start = ranges(page)
    drag(page)
    page.wait_for_function(f"old => {PLOTS}[0]._fullLayout.xaxis.range[0] !== old", arg=start[0][0])
    moved = ranges(page)
    assert moved[0][0] < start[0][0] and moved[1] == start[1]
    before = visit.ink(page, OVER)
    page.get_by_role("button", name="Light or dark").click()
    visit.repaints(page, OVER, before)
    assert ranges(page) == moved
    page.get_by_role("button", name="Light or dark").click()
    page.locator(FRAME).first.locator('[data-title="Reset axes"]').click()
    page.wait_for_function(
        f"old => Math.abs({PLOTS}[0]._fullLayout.xaxis.range[0] - old) < 1e-6", arg=start[0][0]
    )


def test_points_can_be_reached_and_picked_by_keyboard(visit: Visit):
    page = at(visit, PICKING, 300)
    page.locator(FRAME).first.focus()
    for key in ("ArrowRight", "ArrowUp", "ArrowLeft", "Enter"):
        page.keyboard.press(key)
    wait(page, "state.picked >= 0")
    visit.shows(page, STAGE, re.escape("g⁻¹(g(x)"))


def test_labels_can_be_hidden_in_both_charts(visit: Visit):
    page = at(visit, PICKING, 300)
    full = visit.ink(page, OVER)
    page.locator(LEGEND).nth(3).click()
    visit.repaints(page, OVER, full)
    expect(page.locator(LEGEND).nth(3)).to_have_attribute("aria-pressed", "false")
    page.wait_for_function(
        f"{PLOTS}.every((p) => p._fullData[3].visible === false && p._fullData[2].visible === true)"
    )
    page.locator(LEGEND).nth(3).click()
    page.wait_for_function(f"{PLOTS}.every((p) => p._fullData[3].visible === true)")


def test_a_click_makes_a_point_the_current_picture_of_every_view(visit: Visit):
    page = at(visit, PICKING, 300)
    index = over_point(page)
    page.mouse.down()
    page.mouse.up()
    visit.shows(page, STAGE, re.escape("g⁻¹(g(x) "))  # wherever the hand left the walk before
    assert scatter(page)["picked"] == index
    expect(page.get_by_label("the picture x")).to_be_checked()
    expect(page.locator(LINK)).to_have_value(re.compile(f"start=picture&x=digits:{index}$"))
    page.get_by_role("tab", name="Spectrum").click()
    visit.shows(page, "#spectrum-stage .tiles", f"^digits:{index} ")
    page.get_by_role("tab", name="Latent PCA").click()
    wait(page, "state.points === 300")


def test_another_model_shows_other_points_and_walks_to_other_pictures(visit: Visit):
    page = at(visit, VIEW + "&data=sample&n=300", 300)
    walk, strip = visit.ink(page, f"{STAGE} canvas"), visit.ink(page, STRIP)
    pixels = visit.ink(page, f"{STAGE} canvas", 1)
    points = page.evaluate(f"{PLOTS}.map((p) => [...p._fullData[0].x])")
    page.locator("#latent_pca-model").get_by_label("digits-projector").check()
    expect(page.locator("#latent_pca-status")).to_contain_text("encoded once by digits-projector")
    expect(page.locator(LINK)).to_have_value(re.compile("model=digits-projector"))
    visit.repaints(page, f"{STAGE} canvas", walk)
    visit.shows(page, STAGE, re.escape("g⁻¹(mean + 2.00 ·"))
    wait(page, "state.turns > 1")
    others = page.evaluate(f"{PLOTS}.map((p) => [...p._fullData[0].x])")
    assert others[0] != points[0] and others[1] == points[1]
    assert visit.ink(page, STRIP) != strip and visit.ink(page, f"{STAGE} canvas", 1) == pixels
    again = visit.open("?" + page.locator(LINK).input_value().partition("?")[2])
    expect(again.locator("#latent_pca-model").get_by_label("digits-projector")).to_be_checked()
    assert visit.ink(again, f"{STAGE} canvas") == visit.ink(page, f"{STAGE} canvas")


def test_the_meter_reacts_when_pixels_take_over(visit: Visit):
    page = visit.at(VIEW)
    visit.breaks(page, METER, "Break it: project")


def test_three_dimensions_turn_under_the_hand(visit: Visit):
    page = at(visit, PICKING, 300)
    page.get_by_label("3-D").check()
    picked = wait(page, "state.dims === 3")["picked"]
    eye = f"{PLOTS}.map((p) => p._fullLayout.scene._scene.getCamera().eye.x)"
    start = page.evaluate(eye)
    drag(page)
    page.wait_for_function(f"old => {eye}[0] !== old", arg=start[0])
    assert page.evaluate(eye)[1] == start[1]
    assert scatter(page)["picked"] == picked  # a drag is no click
    key = page.get_by_role("button", name="pictures", exact=True)
    expect(key).to_have_attribute("aria-pressed", "true")
    full = visit.ink(page, OVER)
    key.click()
    visit.repaints(page, OVER, full)
    page.get_by_label("2-D").check()
    wait(page, "state.dims === 2")


def test_a_large_cloud_shows_how_far_it_is_and_can_be_stopped(visit: Visit):
    page = at(visit, VIEW, 4000)
    page.locator("#latent_pca-count").get_by_label("20 000").check()
    expect(page.locator("#latent_pca-bar progress")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#latent_pca-status")).to_contain_text("Stopped")
    expect(page.locator("#latent_pca-stop")).to_be_hidden()
    assert scatter(page)["points"] == 4000
    page.locator("#latent_pca-count").get_by_label("300", exact=True).check()
    wait(page, "state.points === 300")
    visit.shows(page, METER, "holds")
    expect(page.locator(LINK)).to_have_value(re.compile("data=sample&n=300&"))


def test_the_link_restores_the_view(visit: Visit):
    query = f"{VIEW}&data=digits&n=300&d=3&c=2&t=-1.5&start=picture&x=digits:7"
    page = visit.open(query)
    visit.shows(page, STAGE, re.escape("g⁻¹(g(x) − 1.50 ·"))
    found = wait(page, "state.points === 300")
    assert (found["picked"], found["dims"]) == (7, 3)
    visit.carries(page, LINK, query)


def test_a_phone_shows_all_of_it_a_tap_picks_and_a_swipe_is_the_pages(phone: Visit):
    page = phone.open(VIEW)
    assert not phone.scrolls_sideways(page)
    frame = page.locator(FRAME).first
    frame.scroll_into_view_if_needed()
    wait(page, "state.points === 4000")
    touch = page.locator(".shield").first.evaluate("node => getComputedStyle(node).touchAction")
    assert touch in (
        "manipulation",
        "pan-x pan-y pinch-zoom",
    )  # a swipe is the page’s, or the row’s of charts
    box = frame.bounding_box()
    for x in (0.4, 0.5, 0.6):
        page.touchscreen.tap(box["x"] + x * box["width"], box["y"] + box["height"] / 2)
    wait(page, "state.picked >= 0")
    phone.shows(page, STAGE, re.escape("g⁻¹(g(x)"))
    page.get_by_role("button", name="move by hand").tap()
    expect(page.locator(".shield").first).to_be_hidden()
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
