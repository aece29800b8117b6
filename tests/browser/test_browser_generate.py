"""Generate in a browser: seeds, class, steps by drag and keyboard, way back, film, phone, link; the console stays clean."""

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


VIEW = "?view=generate"
GRID = "#generate-grid .tiles"
PATH = "#generate-path .tiles"
STAGE = "#generate-stage .tiles"
FORMULA = "#generate-formula"
STEPS = "#generate-steps input"
POWER = "#generate-power input[type=range]"
STRIP = "#generate-film .strip"
METER = "#generate-meter .meter"
LINK = "#generate-link input"


def steps_of(page: Page) -> int:
    return int(page.locator(STEPS).input_value())


def shows_run(visit: Visit, page: Page, seed: int, label: str, steps: int, method: str) -> None:
    """Film and comparison are those of this run, with the N steps taken."""
    visit.shows(page, STAGE, f"^{seed} {label} {steps} {method}$")
    visit.shows(page, PATH, f"^{seed},{label},{steps},{method}$")


def choose(page: Page, name: str, choice: str) -> None:
    page.locator(f"#generate-{name}").get_by_label(choice, exact=True).check()


def begin(visit: Visit, page: Page, steps: int = 100) -> None:
    """The page as the view opens, whatever an earlier test chose."""
    page.locator("#generate-seed input").fill("0")
    choose(page, "class", "any")
    choose(page, "method", "RK4")
    page.locator(STEPS).fill(str(steps))
    shows_run(visit, page, 0, "any", steps, "rk4")


def test_the_view_opens_with_seeds_film_comparison_and_laws_that_hold(visit: Visit):
    page = visit.at(VIEW)
    expect(page.locator(f"{GRID} button")).to_have_count(15)
    expect(page.locator(f"{PATH} canvas")).to_have_count(12)
    shows_run(visit, page, 0, "any", 100, "rk4")
    expect(page.locator(f"{STAGE} strong").nth(3)).to_have_text(re.compile("difference × 10"))
    expect(page.locator(f"{STAGE} small").nth(1)).to_have_text(re.compile(r"^[\d.]+ m?s$"))
    expect(page.locator(f"{METER} .law")).to_have_count(3)
    page.locator("#generate-spectrum").scroll_into_view_if_needed()
    expect(page.locator("#generate-spectrum .scatterlayer .trace")).to_have_count(2)
    expect(page.locator("#generate-x1 canvas")).to_have_count(4)
    assert not visit.scrolls_sideways(page)


def test_while_dragging_the_steps_the_last_position_wins(visit: Visit):
    page = visit.at(VIEW)
    begin(visit, page)
    choose(page, "method", "Euler")
    before = visit.ink(page, f"{PATH} canvas", 6)
    visit.drag(page, POWER, 0.1, 0.93)
    steps = steps_of(page)
    assert 450 < steps < 800
    shows_run(visit, page, 0, "any", steps, "euler")
    expect(page.locator(FORMULA)).to_contain_text(f"{steps - 1}")
    assert visit.ink(page, f"{PATH} canvas", 6) != before
    expect(page.locator(LINK)).to_have_value(re.compile(f"n={steps}&m=euler"))
    assert visit.calls() < 130


def test_keys_move_the_steps_and_a_long_run_is_finished_when_the_hand_rests(visit: Visit):
    page = visit.at(VIEW)
    begin(visit, page, 40)
    page.locator(POWER).focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    expect(page.locator(STEPS)).to_have_value("45")  # 40 · 10^0.05
    shows_run(visit, page, 0, "any", 45, "rk4")
    page.keyboard.press("End")
    shows_run(visit, page, 0, "any", 1000, "rk4")
    expect(page.locator(f"{STAGE} strong").nth(1)).to_have_text("1000 RK4 steps")
    page.keyboard.press("Home")
    shows_run(visit, page, 0, "any", 1, "rk4")
    expect(page.locator(f"{PATH} canvas")).to_have_count(2)


def test_a_preset_sets_the_steps(visit: Visit):
    page = visit.at(VIEW)
    begin(visit, page)
    lit = page.locator("#generate-presets input:checked")
    expect(lit).to_have_value("100")
    page.locator("#generate-presets").get_by_label("10", exact=True).check()
    shows_run(visit, page, 0, "any", 10, "rk4")
    assert steps_of(page) == 10
    page.locator("#generate-steps input").fill("7")
    expect(lit).to_have_count(0)
    page.locator("#generate-steps input").fill("5")
    expect(lit).to_have_value("5")


def test_seeds_are_picked_typed_and_turned_over(visit: Visit):
    page = visit.at(VIEW)
    begin(visit, page)
    first = visit.ink(page, f"{GRID} canvas", 3)
    page.locator(f"{GRID} button").nth(3).click()
    shows_run(visit, page, 3, "any", 100, "rk4")
    expect(page.locator(f"{GRID} button").nth(3)).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Other seeds").click()
    shows_run(visit, page, 15, "any", 100, "rk4")
    assert visit.ink(page, f"{GRID} canvas", 3) != first
    page.locator("#generate-seed input").fill("3")
    shows_run(visit, page, 3, "any", 100, "rk4")
    assert visit.ink(page, f"{GRID} canvas", 3) == first


def test_class_and_integrator_change_what_comes(visit: Visit):
    page = visit.at(VIEW)
    begin(visit, page)
    before = visit.ink(page, f"{STAGE} canvas", 2)
    choose(page, "class", "7")
    shows_run(visit, page, 0, "7", 100, "rk4")
    assert visit.ink(page, f"{STAGE} canvas", 2) != before
    expect(page.locator(FORMULA)).to_contain_text("ν₇")
    choose(page, "method", "midpoint")
    shows_run(visit, page, 0, "7", 100, "midpoint")
    visit.shows(page, METER, "holds")


def test_the_meter_reacts_when_the_cross_terms_are_dropped(visit: Visit):
    page = visit.at(VIEW)
    begin(visit, page, 10)
    page.get_by_label("Break it: collapse").check()
    visit.shows(page, METER, "broken")
    expect(page.locator(f"{STAGE} strong").nth(2)).to_have_text("one step, wrong B")
    page.get_by_label("Break it: collapse").uncheck()
    visit.shows(page, METER, "holds")
    expect(page.locator(f"{STAGE} strong").nth(2)).to_have_text("one step, B")


def test_pictures_go_back_to_noise_and_the_line_between_is_dragged_without_the_server(visit: Visit):
    page = visit.at(VIEW)
    page.locator("#generate-digits button.tile").nth(4).click()
    visit.shows(page, "#generate-x1 .tiles", "^digits:770 ")
    choose(page, "fills", "x₂")
    page.locator("#generate-digits button.tile").nth(5).click()
    visit.shows(page, "#generate-x2 .tiles", "^digits:1319 ")
    visit.shows(page, "#generate-x1 .tiles", "^digits:770 ")
    expect(page.locator("#generate-x2 small").last).to_have_text(re.compile("^at most "))
    expect(page.locator(LINK)).to_have_value(re.compile("x=digits:770,digits:1319$"))
    before, picture = visit.quiet(page), visit.ink(page, "#generate-film .now canvas")
    visit.drag(page, STRIP, 0.3, 0.95)
    state = int(page.locator("#generate-film .film").get_attribute("data-state"))
    assert state >= 28 and visit.ink(page, "#generate-film .now canvas") != picture
    page.locator(STRIP).press("Home")
    expect(page.locator("#generate-film .film")).to_have_attribute("data-state", "0")
    assert visit.calls() == before


def test_the_picture_is_shared_with_the_other_views(visit: Visit):
    page = visit.at(VIEW)
    choose(page, "fills", "x₁")
    page.locator("#generate-digits button.tile").nth(9).click()
    visit.shows(page, "#generate-x1 .tiles", "^digits:361 ")
    page.get_by_role("tab", name="Interpolate").click()
    visit.shows(page, "#interpolate-x1 .tiles", "digits:361")
    page.get_by_role("tab", name="Generate").click()


def test_the_link_restores_the_view(visit: Visit):
    query = f"{VIEW}&s=22&c=8&n=17&m=midpoint&x=digits:393,digits:318"
    page = visit.open(query)
    shows_run(visit, page, 22, "8", 17, "midpoint")
    visit.shows(page, "#generate-x1 .tiles", "^digits:393 8 17 midpoint")
    visit.carries(page, LINK, query)


def test_a_broken_link_gets_one_sentence(visit: Visit):
    page = visit.open(f"{VIEW}&x=digits:99999&n=nan&m=zz&s=-4")
    expect(page.locator("#generate-notice")).to_contain_text("does not exist")
    shows_run(visit, page, 0, "any", 100, "rk4")


def test_a_phone_shows_everything_without_scrolling_sideways(phone: Visit, tmp_path):
    page = phone.open(VIEW)
    assert not phone.scrolls_sideways(page)
    top = [page.locator(selector).bounding_box()["y"] for selector in (STAGE, METER, GRID)]
    assert top == sorted(top)
    choose(page, "class", "3")
    shows_run(phone, page, 0, "3", 100, "rk4")
    size = page.locator("#generate-class label").first.bounding_box()
    assert size["height"] >= 40 and size["width"] >= 40
    assert page.screenshot(path=tmp_path / "phone.png", full_page=True)


def test_the_endpoint_answers_clients_and_refuses_bad_runs_in_one_sentence(server: Server):
    client = Client(server.url, verbose=False)
    found = client.predict([1, 2], 7, 10, "rk4", api_name="/generate")
    assert len(found["one_step"]) == 2 and found["largest_difference"] < 1e-3
    assert client.predict([1], None, 10, "euler", api_name="/generate")["path"]
    assert (
        client.predict(seeds=[1], api_name="/generate")["times"][1] == 0.09
    )  # the other arguments have defaults
    for bad, sentence in [
        (([1], None, 0, "rk4"), "steps must be a whole number from 1 to 1000, got 0"),
        (([1], None, 1e9, "rk4"), "1 to 1000"),
        (([1], 10, 5, "rk4"), "digits knows the classes 0 to 9"),
        ((["x"], None, 5, "rk4"), "seeds must be a list of 1 to 16 seeds"),
    ]:
        with pytest.raises(AppError, match=sentence):
            client.predict(*bad, api_name="/generate")
    assert client.predict([1], 0, 1, "midpoint", api_name="/generate")["times"] == [0, 1]
    described = client.view_api(return_format="dict")["named_endpoints"]["/generate"]
    assert [p["parameter_name"] for p in described["parameters"]] == [
        "seeds",
        "label",
        "steps",
        "method",
        "model",
    ]
    assert "one operator B" in json.dumps(described, ensure_ascii=False)


@pytest.mark.parametrize("data", ['[[1], null, NaN, "rk4"', '[[NaN], null, 5, "rk4"', '[[1], NaN, 5, "rk4"'])
def test_nan_over_http_gets_one_sentence(server: Server, data):
    address, headers = f"{server.url}gradio_api/call/generate", {"Content-Type": "application/json"}
    body = f'{{"data": {data}, "digits"]}}'.encode()
    with urllib.request.urlopen(urllib.request.Request(address, body, headers)) as answer:
        event = json.load(answer)["event_id"]
    with urllib.request.urlopen(f"{address}/{event}") as answer:
        assert " must be " in answer.read().decode()


def test_a_number_that_cannot_be_is_answered_where_it_is_typed_and_goes_nowhere(visit: Visit):
    page = visit.at("?view=generate&s=3")
    wrong = {
        "#generate-seed": ("-5", "A whole number from 0 to 2147483647"),
        "#generate-steps": ("1.5", "A whole number from 1 to 1000"),
    }
    for place, (typed, said) in wrong.items():
        field = page.locator(f"{place} input[type=number]")
        before = field.input_value()
        field.click()
        field.fill(typed)
        expect(page.locator(f"{place} [role=alert]")).to_contain_text(said)
        field.press("Tab")
        expect(field).to_have_value(before)
        field.fill("")
        expect(page.locator(f"{place} [role=alert]")).to_be_hidden()
        field.press("Tab")
        expect(field).to_have_value(before)
    visit.quiet(page)
    expect(page).to_have_url(re.compile("s=3&"))
    expect(page.locator(".toast-body")).to_have_count(0)
