"""Interpolate in a browser: drag, keyboard, phone, drawing, link, theme; the console stays clean."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from tests.browser.visits import Visit


VIEW = "?view=interpolate"
DRAWING = VIEW + "&w=0.5,0.5"  # the same, on a page of its own
STAGE = "#interpolate-stage .tiles"
METER = "#interpolate-meter .meter"
FILM = "#interpolate-film .film"
STRIP = "#interpolate-film .strip"
LINK = "#interpolate-link input"
SLIDER = "#interpolate-t input[type=range]"
WEIGHT = "#interpolate-w1 input[type=range]"


def place(index: int) -> str:
    return f"#interpolate-x{index} .tiles"


def test_the_view_opens_with_two_blends_a_film_and_laws_that_hold(visit: Visit):
    page = visit.at(VIEW)
    visit.shows(page, STAGE, re.escape("0.50 x₁ + 0.50 x₂"))
    expect(page.locator(f"{STAGE} canvas")).to_have_count(2)
    assert visit.ink(page, f"{STAGE} canvas") != visit.ink(page, f"{STAGE} canvas", 1)
    visit.shows(page, FILM, "16")
    expect(page.locator(f"{METER} .law")).to_have_count(3)
    assert not visit.scrolls_sideways(page)


def test_another_model_brings_its_pictures_and_years_change_a_face(visit: Visit):
    page = visit.at(VIEW + "&model=faces")
    visit.shows(page, STAGE, re.escape("0.50 g(x₁) + 0.50 g(x₂) )"))
    expect(page.locator("#interpolate-face")).to_be_visible()  # the page of faces is in front
    before = visit.ink(page, f"{STAGE} canvas")
    page.locator("#interpolate-years input[type=number]").fill("30")
    page.keyboard.press("Enter")
    visit.shows(page, STAGE, re.escape("+ 30 g(older)"))
    assert visit.ink(page, f"{STAGE} canvas") != before
    expect(page.locator(f"{METER} .law")).to_have_count(4)
    expect(page.locator(LINK)).to_have_value(re.compile("model=faces&y=30$"))
    page.locator("#interpolate-model").get_by_label("digits").check()
    visit.shows(page, STAGE, re.escape("0.50 x₁ + 0.50 x₂"))
    expect(page.locator("#interpolate-years")).to_be_hidden()
    expect(page.locator(f"{METER} .law")).to_have_count(3)
    expect(page.locator("#interpolate-digits")).to_be_visible()


def unfold(page: Page) -> None:
    """The weights, wherever an earlier test left them."""
    if not page.locator(WEIGHT).is_visible():
        page.get_by_role("button", name="More than two pictures").click()
        expect(page.locator(WEIGHT)).to_be_visible()


def test_while_dragging_t_the_last_position_wins(visit: Visit):
    page = visit.at(VIEW)
    visit.drag(page, SLIDER, 0.5, 0.9)
    t = float(page.locator(SLIDER).input_value())
    assert t > 0.8
    visit.shows(page, STAGE, re.escape(f"{1 - t:.2f} x₁ + {t:.2f} x₂"))
    expect(page.locator(LINK)).to_have_value(re.compile(rf"w={round(1 - t, 2):g},{t:g}$"))
    page.locator(SLIDER).focus()
    page.keyboard.press("Home")
    visit.shows(page, STAGE, re.escape("1.00 x₁ + 0.00 x₂"))


def test_arrow_keys_move_a_weight_and_a_sum_that_is_not_one_gets_a_sentence(visit: Visit):
    page = visit.at(VIEW)
    unfold(page)
    page.get_by_role("button", name="Equal weights").click()
    visit.shows(page, STAGE, re.escape("0.50 x₁ + 0.50 x₂"))
    expect(page.locator("#interpolate-sum")).to_have_text("")
    page.locator(WEIGHT).focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    visit.shows(page, STAGE, re.escape("0.55 x₁ + 0.50 x₂"))
    expect(page.locator("#interpolate-sum")).to_contain_text("1.05, not 1")


def test_the_film_is_scrubbed_without_asking_the_server(visit: Visit):
    page = visit.at(VIEW)
    before = visit.quiet(page)
    middle = visit.ink(page, f"{FILM} figure.induced canvas")
    visit.drag(page, STRIP, 0.5, 1.0)
    visit.shows(page, FILM, "32")
    assert visit.ink(page, f"{FILM} figure.induced canvas") != middle
    page.locator(STRIP).focus()
    page.keyboard.press("ArrowLeft")
    visit.shows(page, FILM, "31")
    page.keyboard.press("Home")
    expect(page.locator(STRIP)).to_have_attribute("aria-valuetext", "t = 0.00")
    assert visit.calls() == before


def test_a_frame_of_the_film_becomes_the_weights(visit: Visit):
    page = visit.at(VIEW)
    page.locator(STRIP).focus()
    page.keyboard.press("Home")
    page.keyboard.press("PageUp")
    page.get_by_role("button", name="Take this t").click()
    visit.shows(page, STAGE, re.escape("0.88 x₁ + 0.12 x₂"))


def test_a_picture_of_the_gallery_goes_to_the_marked_place(visit: Visit):
    page = visit.at(VIEW)
    page.locator("#interpolate-x2 button.tile").click()
    expect(page.locator("#interpolate-x2 button.tile")).to_have_attribute("aria-pressed", "true")
    film = visit.ink(page, f"{FILM} .rows")
    page.locator("#interpolate-digits button.tile").nth(4).click()
    visit.shows(page, place(2), "digits:770")
    expect(page.locator(LINK)).to_have_value(re.compile("digits:318,digits:770"))
    visit.repaints(page, f"{FILM} .rows", film)


def test_pictures_are_added_and_removed(visit: Visit):
    page = visit.at(VIEW)
    unfold(page)
    page.get_by_role("button", name="Add a picture").click()
    visit.shows(page, STAGE, re.escape("0.34 x₁ + 0.33 x₂ + 0.33 x₃"))
    page.get_by_role("button", name="Add a picture").click()
    visit.shows(page, STAGE, re.escape("0.25 x₁ + 0.25 x₂ + 0.25 x₃ + 0.25 x₄"))
    page.get_by_role("button", name="Remove it").click()
    visit.shows(page, STAGE, re.escape("0.33 x₃"))
    page.get_by_role("button", name="Remove it").click()
    visit.shows(page, STAGE, re.escape("0.50 x₁ + 0.50 x₂"))


def test_a_drawing_becomes_a_picture(visit: Visit):
    page = visit.at(DRAWING)
    page.locator("#interpolate-intake [data-do=draw]").click()
    visit.drag(page, "#interpolate-intake .drawing canvas", 0.3, 0.7)
    visit.shows(page, place(1), "^png:")
    page.get_by_role("button", name="Clear").click()
    visit.shows(page, "#interpolate-intake .intake", "0")


def test_a_bad_upload_gets_one_sentence_and_the_session_goes_on(visit: Visit):
    page = visit.at(DRAWING)
    for content, sentence in [(b"no picture", "not a picture"), (b"", "empty")]:
        bad = {"name": "digit.png", "mimeType": "image/png", "buffer": content}
        page.set_input_files("#interpolate-intake input[type=file]", bad)
        expect(page.locator("#interpolate-intake .notice")).to_contain_text(sentence)
    visit.drag(page, SLIDER, 0.62, 0.4)
    visit.shows(page, STAGE, re.escape(f"{float(page.locator(SLIDER).input_value()):.2f}".replace("-", "−")))


def test_the_meter_reacts_when_the_law_is_broken(visit: Visit):
    page = visit.at(VIEW)
    switch = page.locator("#interpolate-break input")
    switch.check()
    visit.shows(page, METER, "broken")
    switch.uncheck()
    visit.shows(page, METER, "holds")


def test_the_link_restores_the_view(visit: Visit):
    query = "?view=interpolate&x=digits:393,digits:913,digits:361&w=0.2,-0.5,1.3"
    page = visit.open(query)
    visit.shows(page, STAGE, re.escape("0.20 x₁ − 0.50 x₂ + 1.30 x₃"))
    for number, picture in enumerate(("digits:393", "digits:913", "digits:361"), 1):
        visit.shows(page, place(number), picture)
    visit.carries(page, LINK, query)


def test_a_broken_link_gets_one_sentence(visit: Visit):
    page = visit.open("?view=interpolate&x=digits:99999,nothing")
    expect(page.locator("#interpolate-notice")).to_contain_text("does not exist")
    visit.shows(page, place(1), "digits:318")


def test_visitors_do_not_see_each_other(visit: Visit, phone: Visit):
    mine, theirs = visit.at(VIEW), phone.at(VIEW)
    mine.locator("#interpolate-x1 button.tile").click()
    expect(mine.locator("#interpolate-x1 button.tile")).to_have_attribute("aria-pressed", "true")
    mine.locator("#interpolate-digits button.tile").nth(7).click()
    visit.shows(mine, place(1), "digits:393")
    unfold(theirs)
    theirs.get_by_role("button", name="Equal weights").click()
    phone.shows(theirs, place(1), "digits:318")


def test_on_a_phone_the_blend_stands_above_the_weights_and_nothing_scrolls_sideways(phone: Visit):
    page = phone.at(VIEW)
    assert not phone.scrolls_sideways(page)
    page.evaluate("scrollTo(0, 0)")
    top = [page.locator(selector).bounding_box()["y"] for selector in (STAGE, SLIDER, FILM)]
    assert top == sorted(top)
    page.locator("#interpolate-digits button.tile").nth(2).tap()
    phone.shows(page, place(1), "digits:1232")
    assert not phone.scrolls_sideways(page)


def test_dark_and_light_redraw_the_pictures(visit: Visit):
    page = visit.at(VIEW)
    light = visit.ink(page, f"{STAGE} canvas")
    page.get_by_role("button", name="Light or dark").click()
    visit.repaints(page, f"{STAGE} canvas", light)
    assert page.evaluate("document.body.classList.contains('dark')")
    page.get_by_role("button", name="Light or dark").click()


def test_a_picture_chosen_in_another_view_arrives_in_the_marked_place(visit: Visit):
    page = visit.at(VIEW)
    first = page.locator(place(1)).get_attribute("data-state")
    page.locator("#interpolate-x2 button.tile").click()
    expect(page.locator("#interpolate-x2 button.tile")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("tab", name="Spectrum").click()
    page.locator("#spectrum-digits button.tile").nth(9).click()
    page.get_by_role("tab", name="Interpolate").click()
    visit.shows(page, place(2), "digits:361")
    expect(page.locator(LINK)).to_have_value(re.compile(f"{first},digits:361"))
