"""Spectrum in a browser: drag, keyboard, phone, whole-curve moves, undo, link; the console stays clean throughout."""

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


VIEW = "?view=spectrum"
STAGE = "#spectrum-stage .tiles"
METER = "#spectrum-meter .meter"
LINK = "#spectrum-link input"
KEPT = '[data-part="keep-text"]'
PROJECTOR = "digits-projector"
WIDGET = "#spectrum-handles [data-state]"
WATCH = """selector => {
  window.replaced = 0;
  const count = (changes) => { for (const change of changes) window.replaced += change.removedNodes.length; };
  new MutationObserver(count).observe(document.querySelector(selector), { childList: true, subtree: true });
}"""


def handle(page: Page, i: int):
    return page.get_by_role("slider", name=f"Singular value {i}", exact=True)


def moves(page: Page) -> list:
    return json.loads(page.locator(WIDGET).first.get_attribute("data-state"))["moves"]


def as_trained(page: Page) -> None:
    """Whatever the test before has moved, if there was one."""
    reset = page.get_by_role("button", name="reset", exact=True)
    if reset.is_enabled():
        reset.click()


def drag(page: Page, i: int, by: float, steps: int = 60) -> None:
    handle(page, i).scroll_into_view_if_needed()
    box = handle(page, i).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, steps + 1):
        page.mouse.move(x, y + by * step / steps)
    page.mouse.up()


def shows_moves(visit: Visit, page: Page) -> None:
    """The picture is that of the handles as they stand now."""
    words = [f"{m[0][0]}{':'.join(f'{n:.12g}' for n in m[1:])}" for m in moves(page)]
    visit.shows(page, STAGE, re.escape(",".join(["now", *words])) + "$")


def test_the_view_opens_with_three_pictures_handles_and_laws_that_hold(visit: Visit):
    page = visit.at(VIEW)
    visit.shows(page, STAGE, "digits:318 trained now$")
    expect(page.locator(f"{STAGE} canvas")).to_have_count(3)
    expect(page.locator("#spectrum-handles [role=slider]")).to_have_count(16)
    expect(page.locator("#spectrum-inputs canvas")).to_have_count(5)
    expect(page.locator(f"{METER} .law")).to_have_count(3)
    assert not visit.scrolls_sideways(page)


def test_while_dragging_a_handle_the_last_position_wins(visit: Visit):
    page = visit.at(VIEW)
    before = visit.ink(page, f"{STAGE} canvas", 2)
    first = visit.ink(page, "#spectrum-inputs canvas")
    drag(page, 4, 110)
    (move,) = moves(page)
    assert move[:2] == ["set", 3] and move[2] < 0.6
    shows_moves(visit, page)
    assert visit.ink(page, f"{STAGE} canvas", 2) != before
    expect(page.locator("#spectrum-formula")).to_contain_text(f"{move[2]:.3g}")
    expect(page.locator("#spectrum-formula")).to_contain_text("u₄")
    visit.shows(page, "#spectrum-inputs .tiles", "v4")
    assert visit.ink(page, "#spectrum-inputs canvas") != first
    expect(page.locator(LINK)).to_have_value(re.compile(rf"m=s3:{move[2]:g}"))
    assert visit.calls() < 130  # moves are thrown together, one request at a time


def test_a_drag_repaints_the_picture_but_never_the_page(visit: Visit):
    page = visit.at(VIEW)
    page.evaluate(WATCH, STAGE)
    drag(page, 2, 60)
    shows_moves(visit, page)
    assert page.evaluate("window.replaced") == 0


def test_keys_move_a_value_and_escape_takes_a_drag_back(visit: Visit):
    page = visit.at(VIEW)
    as_trained(page)
    handle(page, 2).focus()
    was = float(handle(page, 2).get_attribute("aria-valuenow"))
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert float(handle(page, 2).get_attribute("aria-valuenow")) > was
    shows_moves(visit, page)
    page.keyboard.press("Home")
    assert moves(page) == [["set", 1, 0]]
    shows_moves(visit, page)
    expect(handle(page, 2)).to_have_attribute("aria-valuetext", re.compile("^0.00, trained"))
    box = handle(page, 5).bounding_box()
    page.mouse.move(box["x"] + 22, box["y"] + 22)
    page.mouse.down()
    page.mouse.move(box["x"] + 22, box["y"] + 80)
    page.keyboard.press("Escape")
    page.mouse.up()
    assert moves(page) == [["set", 1, 0]]


def test_whole_curve_moves_agree_with_the_core_and_can_be_undone(visit: Visit):
    page = visit.at(VIEW)
    as_trained(page)
    for name in ("equalise", "invert"):
        page.get_by_role("button", name=name).click()
    assert moves(page) == [["power", 0], ["power", -1]]
    page.locator('[data-part="power"]').fill("0.5")
    page.locator('[data-part="keep"]').fill("400")
    kinds = [move[0] for move in moves(page)]
    assert kinds == ["power", "power", "power", "keep"]
    shows_moves(visit, page)
    kept = moves(page)[3][1]
    expect(page.locator("#spectrum-formula")).to_contain_text(f"{kept} terms")
    expect(page.locator('[data-part="keep-text"]')).to_contain_text(f"{kept} of 1024")
    shown = handle(page, 1).get_attribute("aria-valuenow")
    expect(page.locator("#spectrum-formula")).to_contain_text(f"{float(shown):.3g}")
    for left in (3, 2, 1, 0):
        page.get_by_role("button", name="undo").click()
        assert len(moves(page)) == left
    visit.shows(page, STAGE, "now$")
    page.get_by_role("button", name="invert").click()
    page.get_by_role("button", name="reset", exact=True).click()
    assert moves(page) == []
    page.get_by_role("button", name="undo").click()
    assert moves(page) == [["power", -1]]


def test_the_brush_draws_a_curve(visit: Visit):
    page = visit.at(VIEW)
    as_trained(page)
    assert moves(page) == []
    page.get_by_role("button", name="brush").click()
    a, b = handle(page, 3).bounding_box(), handle(page, 9).bounding_box()
    page.mouse.move(a["x"] + 22, a["y"] + 60)
    page.mouse.down()
    page.mouse.move(b["x"] + 22, b["y"] + 90, steps=4)
    page.mouse.up()
    assert sorted(move[1] for move in moves(page)) == [2, 3, 4, 5, 6, 7, 8]
    shows_moves(visit, page)


def test_a_number_can_be_typed_and_all_values_shown(visit: Visit):
    page = visit.at("?view=spectrum&n=8")
    page.get_by_role("button", name="Select the next value").click()
    field = page.get_by_role("spinbutton", name="Selected value")
    field.fill("1.75")
    field.press("Enter")
    assert moves(page) == [["set", 1, 1.75]]
    shows_moves(visit, page)
    page.get_by_role("button", name="all", exact=True).click()
    page.get_by_role("button", name="log", exact=True).click()
    expect(page.locator("#spectrum-handles [role=slider]")).to_have_count(1)
    expect(page.locator(LINK)).to_have_value(re.compile("log=1&n=0"))


def test_the_meter_reacts_when_a_is_made_non_linear(visit: Visit):
    page = visit.at(VIEW)
    visit.breaks(page, METER, "Break it: clip")


def test_a_picture_chosen_here_is_the_current_one_of_the_other_views(visit: Visit):
    page = visit.at(VIEW)
    page.locator("#spectrum-digits button.tile").nth(4).click()
    visit.shows(page, STAGE, "^digits:770 ")
    page.get_by_role("tab", name="Interpolate").click()
    visit.shows(page, "#interpolate-x1 .tiles", "digits:770")
    page.get_by_role("tab", name="Spectrum").click()
    expect(handle(page, 1)).to_be_visible()


def choose(page: Page, name: str) -> None:
    page.locator("#spectrum-model").get_by_label(name, exact=True).check()


def test_another_model_shows_another_picture_its_own_values_and_no_moves(visit: Visit):
    page = visit.open(VIEW)
    trained, rows = visit.ink(page, f"{STAGE} canvas", 1), visit.ink(page, "#spectrum-inputs canvas")
    page.get_by_role("button", name="32", exact=True).click()
    drag(page, 4, 110)
    shows_moves(visit, page)
    choose(page, PROJECTOR)
    expect(page.locator(KEPT)).to_contain_text("128 of 128")
    visit.shows(page, STAGE, "now$")
    expect(page.locator("#spectrum-formula")).to_contain_text("128 terms; the selected one is 1 ·")
    visit.shows(page, "#spectrum-inputs .tiles", "v1")
    assert moves(page) == [] and handle(page, 1).get_attribute("aria-valuenow") == "1"
    expect(page.locator("#spectrum-handles [role=slider]")).to_have_count(32)
    assert visit.ink(page, f"{STAGE} canvas", 1) != trained
    assert visit.ink(page, "#spectrum-inputs canvas") != rows
    choose(page, "digits")
    expect(page.locator(KEPT)).to_contain_text("1024 of 1024")
    expect(page.locator("#spectrum-formula")).to_contain_text("1024 terms")
    assert visit.ink(page, f"{STAGE} canvas", 1) == trained
    expect(page.locator(LINK)).not_to_have_value(re.compile("model="))


def test_of_a_projector_keep_is_the_rank_and_the_link_restores_it(visit: Visit):
    page = visit.open(VIEW)
    choose(page, PROJECTOR)
    expect(page.locator(KEPT)).to_contain_text("128 of 128")
    page.get_by_role("button", name="Select the next value").click()
    visit.shows(page, "#spectrum-inputs .tiles", "v2")
    rows = visit.ink(page, "#spectrum-inputs canvas")
    page.locator('[data-part="keep"]').fill("500")
    shows_moves(visit, page)
    (move,) = moves(page)
    expect(page.locator("#spectrum-formula")).to_contain_text(f"{move[1]} terms")
    expect(page.locator(LINK)).to_have_value(re.compile(rf"model={PROJECTOR}&.*m=k{move[1]}&i=2"))
    again = visit.open("?" + page.locator(LINK).input_value().partition("?")[2])
    expect(again.locator(KEPT)).to_contain_text(f"{move[1]} of 128")
    expect(again.locator("#spectrum-model").get_by_label(PROJECTOR)).to_be_checked()
    visit.shows(again, "#spectrum-inputs .tiles", "v2")
    assert visit.ink(again, f"{STAGE} canvas", 2) == visit.ink(page, f"{STAGE} canvas", 2)
    assert visit.ink(again, "#spectrum-inputs canvas") == rows
    assert visit.ink(page, f"{STAGE} canvas", 2) != visit.ink(page, f"{STAGE} canvas", 1)


def test_the_link_restores_the_view(visit: Visit):
    query = f"{VIEW}&x=digits:393&m=s2:0.3,p0.5,k20&i=3&log=1&n=32"
    page = visit.open(query)
    visit.shows(page, STAGE, re.escape("digits:393 trained now,s2:0.3,p0.5,k20"))
    expect(page.locator("#spectrum-handles [role=slider]")).to_have_count(32)
    assert moves(page) == [["set", 2, 0.3], ["power", 0.5], ["keep", 20]]
    visit.carries(page, LINK, query)
    page.get_by_role("button", name="undo").click()
    assert len(moves(page)) == 2


def test_a_broken_link_gets_one_sentence(visit: Visit):
    page = visit.open(f"{VIEW}&x=digits:99999&m=zz,k3&i=nan")
    expect(page.locator("#spectrum-notice")).to_contain_text("does not exist")
    visit.shows(page, STAGE, "now,k3$")


def test_a_finger_drags_a_handle_on_a_phone(phone: Visit):
    page = phone.open(VIEW)
    assert not phone.scrolls_sideways(page)
    expect(page.locator("#spectrum-handles [role=slider]")).to_have_count(8)
    handle(page, 3).scroll_into_view_if_needed()
    box = handle(page, 3).bounding_box()
    assert box["width"] >= 44 and box["height"] >= 44
    x, y = box["x"] + 22, box["y"] + 22
    session = page.context.new_cdp_session(page)
    touch = [{"x": x, "y": y}]
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": touch})
    for step in range(1, 11):
        session.send(
            "Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": y + 6 * step}]}
        )
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(page.locator(WIDGET).first).to_have_attribute("data-state", re.compile('"set",2'))
    shows_moves(phone, page)
    top = [page.locator(selector).bounding_box()["y"] for selector in (STAGE, "#spectrum-handles")]
    assert top == sorted(top)


def test_the_endpoint_answers_clients_and_refuses_bad_moves_in_one_sentence(server: Server):
    client = Client(server.url, verbose=False)
    found = client.predict("digits:3", [["keep", 4]], 0, api_name="/spectrum")
    assert not any(found["values"][4:]) and len(found["now"]) == 32
    with pytest.raises(AppError, match="from 0 to 1024"):
        client.predict("digits:3", [["keep", -1]], 0, api_name="/spectrum")
    found = client.predict("digits:3", [["keep", 4]], 0, "digits-projector", api_name="/spectrum")
    assert found["values"] == [1.0] * 4 + [0.0] * 124
    with pytest.raises(AppError, match="model must be one of digits, digits-projector, faces"):
        client.predict("digits:3", [], 0, "cats", api_name="/spectrum")
    described = client.view_api(return_format="dict")["named_endpoints"]["/spectrum"]
    assert [p["parameter_name"] for p in described["parameters"]] == ["picture", "moves", "selected", "model"]


def test_nan_over_http_gets_one_sentence(server: Server):
    body = '{"data": ["digits:3", [["set", 0, NaN]], 0, "digits"]}'
    answer = call(server.url, "spectrum", body)
    assert "finite numbers" in answer


def call(url: str, name: str, body: str) -> str:
    """What the endpoint answers to a body that a JSON library would not write."""
    headers = {"Content-Type": "application/json"}
    address = f"{url}gradio_api/call/{name}"
    with urllib.request.urlopen(urllib.request.Request(address, body.encode(), headers)) as answer:
        event = json.load(answer)["event_id"]
    with urllib.request.urlopen(f"{address}/{event}") as answer:
        return answer.read().decode()


def test_a_direction_with_a_name_changes_x_and_travels_in_the_address(visit: Visit):
    page = visit.at(VIEW)
    expect(page.locator("#spectrum-named")).to_be_visible()
    page.locator("#spectrum-named input[value='7']").check()
    expect(page.locator(f"{STAGE} strong").first).to_contain_text("1 ⊙ “7”")
    expect(page.locator("#spectrum-named-words")).to_contain_text("lies in the 8 strongest")
    expect(page).to_have_url(re.compile("d=7,1"))
    page.locator("#spectrum-model input[value='digits-projector']").check()
    expect(page.locator("#spectrum-named")).to_be_hidden()
    visit.shows(page, METER, "holds")
