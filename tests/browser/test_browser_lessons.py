"""Lessons in a browser: the tour by keys, on a phone, resumed; a class and its teacher; a link that hides and locks."""

from __future__ import annotations

import json
import re
import urllib.request
from typing import TYPE_CHECKING

import numpy as np
from playwright.sync_api import Page, expect

from app.lessons import files
from app.pictures import encoding, references

if TYPE_CHECKING:
    from tests.browser.visits import Visit

CARD = "#lesson .card"
TOUR = files.shipped("tour")
NUMBER = re.compile(r"\d")
EVERY = 2000  # milliseconds between two questions of a student's page
STUDENTS = 29  # by requests, beside one with a page
DRAWERS = 13  # by requests
DRAW = 1 + next(i for i, stop in enumerate(files.shipped("lecture").stops) if stop.question == "draw")


def stands(page: Page, number: int, state: str = "asked") -> None:
    expect(page.locator(CARD)).to_have_attribute("data-state", f"tour {number} {state}")


def arrives(visit: Visit, query: str, anew: bool = False) -> Page:
    """The lab with this query string, which may hide what `visit.open` waits for; `anew`: nothing has been guessed here."""
    page = visit.context.new_page()
    if anew:
        page.add_init_script("localStorage.clear()")
    page.goto(visit.server.url + query)
    expect(page.locator("html")).to_have_class(re.compile("lab-open"))
    return page


def test_the_tour_is_walked_by_one_key_and_goes_on_after_f5(visit: Visit):
    page = visit.open("?view=plane")
    page.locator("#start-tour").click()
    for number, stop in enumerate(TOUR.stops, 1):
        asks = stop.question != "none"
        stands(page, number, "asked" if asks else "shown")
        if not asks:
            break
        expect(page.locator("#lesson .answer")).to_be_hidden()
        for _ in range(2 if stop.question == "choice" else 1):  # marks the first choice, then takes it
            page.keyboard.press("ArrowRight")
        stands(page, number, "shown")
        answer = page.locator("#lesson .answer")
        expect(answer).to_have_text(NUMBER)  # measured, as the lesson's text has none of its own
        expect(answer).not_to_have_text(re.compile(r"\{|measuring"))
        if stop.id == "break":
            expect(page.locator("#plane-meter .meter")).to_have_attribute("data-state", "broken")
            visit.reload(page)
            stands(page, number, "shown")  # with what was guessed
            expect(page.locator("#lesson .choices .mine")).to_have_count(1)
        page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator(CARD)).to_be_hidden()
    visit.quiet(page)


def test_in_german_what_breaks_and_a_card_are_said_and_views_keep_their_names(visit: Visit):
    page = visit.open("?view=plane&lang=de")
    page.locator("#plane-break input").check()
    expect(page.locator("#plane-meter .verdict")).to_have_text("kaputt: Vektorraum gilt nicht mehr")
    page.locator("#symbols .keys button").get_by_text("⊕", exact=True).click()
    expect(page.locator("#symbols .card strong")).to_have_text("Induzierte Addition")
    expect(page.locator("#symbols .card .paper")).to_contain_text("zu den Rechenarten des induzierten Raums")
    expect(page.get_by_role("tab", name="Project", exact=True)).to_have_count(1)
    visit.quiet(page)


def test_on_a_phone_the_ring_is_dragged_and_nothing_scrolls_sideways(phone: Visit):
    page = arrives(phone, "?view=plane&lesson=tour&stop=2&lang=de")
    stands(page, 2)
    expect(page.locator("#lesson h2")).to_have_text("⊕ in der Ebene")
    expect(page.locator("#plane-canvas figcaption").first).to_have_text("Eingang: gerade für g")
    board = page.locator('#plane-canvas [data-pane="input"]').bounding_box()
    ring = page.locator(".lab-ring")
    x, y = ((0.5 + v / 6) for v in (-0.75, -1.15))  # where the sum lies
    page.mouse.move(*[ring.bounding_box()[k] + ring.bounding_box()["width"] / 2 for k in ("x", "y")])
    page.mouse.down()
    for share in (0.5, 1.0):
        page.mouse.move(board["x"] + x * board["width"], board["y"] + y * board["height"] * share)
    page.mouse.move(board["x"] + x * board["width"], board["y"] + y * board["height"])
    page.mouse.up()
    page.locator("#lesson [data-do=next]").tap()
    stands(page, 2, "shown")
    text = page.locator("#lesson .answer").inner_text()
    assert float(re.search(r"Tipp lag (\d\.\d+)", text).group(1)) < 0.15, text
    expect(page.locator("#lesson .answer")).to_be_in_viewport()
    assert not phone.scrolls_sideways(page)
    phone.quiet(page)


def test_on_a_phone_every_answer_is_in_sight_and_nothing_of_the_stage_is_squeezed(phone: Visit):
    page = arrives(phone, "?view=plane&lesson=tour&stop=1", anew=True)
    page.set_viewport_size({"width": 390, "height": 664})  # what a browser's own bars leave
    for number, stop in enumerate(TOUR.stops[:-1], 1):
        stands(page, number)
        assert page.locator("#lesson .told").evaluate("told => told.scrollTop") == 0
        if stop.question == "choice":
            last = page.locator("#lesson .choices button").nth(len(TOUR.word(f"{stop.id}.choices", "en")) - 1)
            expect(last).to_be_in_viewport(ratio=0.9)
            last.tap()
        else:
            page.locator("#lesson [data-do=next]").tap()
        stands(page, number, "shown")
        expect(page.locator("#lesson .answer")).to_be_in_viewport(ratio=0.9)
        if stop.id == "morph":
            slider = page.locator("#interpolate-t input[type=range]")
            assert slider.evaluate(SHOWN) >= 7, "the slider's own box cuts it off"
        page.locator("#lesson [data-do=next]").tap()
    assert not phone.scrolls_sideways(page)
    phone.quiet(page)


SHOWN = """node => {
  let { top, bottom } = node.getBoundingClientRect();
  for (let box = node.parentElement; box.id !== "views"; box = box.parentElement) {
    if (getComputedStyle(box).overflowY === "visible") continue;
    const edge = box.getBoundingClientRect();
    [top, bottom] = [Math.max(top, edge.top), Math.min(bottom, edge.bottom)];
  }
  return bottom - top;
}"""


def test_a_link_into_the_midst_of_a_lesson_opens_its_stop(visit: Visit):
    (number,) = (i for i, stop in enumerate(TOUR.stops, 1) if stop.id == "map")
    page = arrives(visit, f"?view=plane&lesson=tour&stop={number}", anew=True)  # another view than the stop's
    stands(page, number)
    page.keyboard.press("3")
    stands(page, number, "shown")
    latent, pixels = re.findall(r"(\d+)%", page.locator("#lesson .answer").inner_text())
    assert int(latent) > int(pixels) > 50
    assert page.url.find("view=latent_pca") > 0
    page.go_back()
    page.go_forward()
    stands(page, number, "shown")
    visit.quiet(page)


def test_the_ring_is_moved_by_keys_alone(visit: Visit):
    page = arrives(visit, "?view=plane&lesson=tour&stop=2", anew=True)
    stands(page, 2)
    expect(page.locator(".lab-ring")).to_be_visible()
    for key, times in (("ArrowUp", 28), ("ArrowLeft", 1)):  # from (−0.7, −1.6)
        for _ in range(times):
            page.keyboard.press(key)
    page.keyboard.press("Enter")
    stands(page, 2, "shown")
    far = re.search(r"guess was (\d\.\d+)", page.locator("#lesson .answer").inner_text()).group(1)
    assert float(far) < 0.15, far
    page.keyboard.press("ArrowRight")
    stands(page, 3)
    visit.quiet(page)


def ask(url: str, name: str, **content: object) -> dict:
    request = urllib.request.Request(
        f"{url}lab-class/{name}", json.dumps(content).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as reply:
        return json.load(reply)


def test_a_class_guesses_and_follows_its_teacher(visit: Visit, phone: Visit):
    teacher = visit.open("?view=plane")
    teacher.locator("#teach-class").click()
    teacher.locator("#teach [data-do=open]").click()
    expect(teacher.locator("#teach .code")).to_have_text(re.compile(r"^[A-Z2-9]{6}$"))
    code = teacher.locator("#teach .code").inner_text()
    expect(teacher.locator("#teach .qr")).to_have_attribute("src", re.compile("^data:image/svg"))
    expect(teacher.locator("#teach .address input")).to_have_value(re.compile(r"/lab-go/[A-Z2-9]{8}$"))
    expect(teacher.locator("#teach .address input")).to_have_attribute("title", re.compile(f"room={code}"))
    teacher.locator("#teach .follow input").check()
    link = teacher.locator("#teach .address input").input_value()
    teacher.locator("#teach [data-do=close]").click()
    for number in range(STUDENTS):
        seat = {"code": code, "member": ask(visit.server.url, "join", code=code)["member"]}
        ask(visit.server.url, "guess", **seat, stop="why", guess=str(1 + number % 2))
    student = phone.context.new_page()
    student.goto(link)
    stands(student, 1)
    student.locator("#lesson .choices button").nth(2).tap()
    votes = [teacher.locator("#lesson .choices button").nth(i) for i in range(3)]
    for button, count in zip(votes, (15, 14, 1)):
        expect(button).to_have_attribute("data-votes", str(count))
    teacher.keyboard.press("3")
    stands(teacher, 1, "shown")
    teacher.keyboard.press("ArrowRight")
    stands(teacher, 2)
    stands(student, 2)  # follows
    phone.quiet(student)
    teacher.locator("#teach-class").click()
    teacher.locator("#teach [data-do=end]").click()
    expect(teacher.locator("#teach .code")).to_have_text("")
    expect(student.locator("#lesson .lost")).to_have_text(re.compile("no room"))
    refused = [said for said in phone.problems if "400" in said and "/lab-class/follow" in said]
    assert len(refused) == 1  # asked once for a room that had ended, and says so from then on
    student.wait_for_timeout(2 * EVERY + 500)
    assert phone.problems == refused
    phone.problems.clear()
    visit.quiet(teacher)


def test_a_code_is_typed_on_a_phone(phone: Visit):
    room = ask(phone.server.url, "open", lesson="tour")
    page = arrives(phone, "?view=plane", anew=True)
    page.locator("#teach-class").tap()
    field, enter = (page.locator(f"#teach .enter {name}") for name in ("input", "button"))
    for part in (field, enter):
        expect(part).to_be_in_viewport()  # not below all that teachers tick
    field.fill(room["code"].lower())
    enter.tap()
    stands(page, 1)
    assert ask(phone.server.url, "counts", **room, stop="why")["members"] == 1
    assert not phone.scrolls_sideways(page)
    phone.quiet(page)


def test_the_drawings_of_a_class_hang_on_a_wall_are_added_and_become_a_cloud(visit: Visit, phone: Visit):
    teacher = visit.open("?view=plane")
    teacher.locator("#teach-class").click()
    teach = teacher.locator("#teach")
    teach.locator("select[name=lesson]").select_option("lecture")
    teach.locator("[data-do=open]").click()
    expect(teach.locator(".code")).to_have_text(re.compile(r"^[A-Z2-9]{6}$"))
    code = teach.locator(".code").inner_text()
    eights = [f"digits:{row[8]}" for row in references.CLEAREST]
    for number in range(DRAWERS):
        seat = {"code": code, "member": ask(visit.server.url, "join", code=code)["member"]}
        ask(visit.server.url, "draw", **seat, picture=on_paper(eights[number % 3], number))
    student = arrives(phone, f"?view=plane&lesson=lecture&stop={DRAW}&room={code}")
    expect(student.locator(CARD)).to_have_attribute("data-state", f"lecture {DRAW} asked")
    student.locator("#lesson .pad canvas").scroll_into_view_if_needed()
    box = student.locator("#lesson .pad canvas").bounding_box()
    for x, y in (
        (0.5, 0.2),
        (0.3, 0.35),
        (0.5, 0.5),
        (0.7, 0.7),
        (0.5, 0.85),
        (0.3, 0.7),
        (0.5, 0.5),
        (0.7, 0.3),
        (0.5, 0.2),
    ):
        student.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=4)
        student.mouse.down()
    student.mouse.up()
    teach.locator("[data-do=wall]").click()
    drawings = teach.locator(".pictures button")
    expect(drawings).to_have_count(DRAWERS)
    student.locator("#lesson [data-do=next]").tap()
    expect(student.locator(CARD)).to_have_attribute("data-state", f"lecture {DRAW} shown")
    expect(drawings).to_have_count(DRAWERS + 1)  # of itself, while the wall is shown
    expect(teach.locator(".drawn")).to_have_text(f"{DRAWERS + 1} drawings, {DRAWERS + 1} students")
    drawings.first.click()
    expect(drawings).to_have_count(DRAWERS)
    teach.locator("[data-do=mean]").click()
    expect(teach.locator(".means img")).to_have_count(2)
    shown = [image.get_attribute("src") for image in teach.locator(".means img").all()]
    assert shown[0] != shown[1] and all(address.startswith("data:image/png") for address in shown)
    phone.quiet(student)
    student.close()
    teach.locator("[data-do=cloud]").click()
    expect(teach.locator("dialog")).to_be_hidden()
    visit.shows(teacher, "#latent_pca-meter .meter", "holds")
    expect(teacher.get_by_text(f"{DRAWERS} of your pictures are in.")).to_be_visible()
    expect(teacher.locator("#latent_pca-data label:has(input:checked)")).to_have_text("Yours")
    views = teacher.locator("#views")
    expect(views).not_to_have_attribute("inert", "")  # though the question of the stop is open
    teacher.locator("#teach-class").click()
    teach.locator("[data-do=end]").click()
    expect(teach.locator(".pictures button")).to_have_count(0)
    visit.quiet(teacher)


def on_paper(reference: str, moved: int) -> str:
    """A digit dark on white, as the pad gives it, a few pixels further each time."""
    digit = np.pad(255 - references.pixels(reference), 12, constant_values=255)
    return encoding.png_address(np.roll(digit, moved, axis=(0, 1)[moved % 2]))


def test_a_link_hides_locks_and_presents(visit: Visit):
    page = arrives(visit, "?view=plane&hide=tabs,train,meter&lock=break&theme=dark")
    for selector in ("#views > .tab-wrapper", "#plane-trainer", "#plane-meter .verdict"):
        expect(page.locator(selector)).to_be_hidden()
    expect(page.locator("#plane-break")).to_have_attribute("inert", "")
    expect(page.locator("body")).to_have_class(re.compile("dark"))
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.goto(f"{visit.server.url}?view=plane&present=1")
    expect(page.locator("#plane-canvas .words")).to_have_text(NUMBER)
    expect(page.locator(".lab-header")).to_be_hidden()
    smallest = page.evaluate(SMALLEST)
    assert smallest >= 24, smallest
    lecture = [stop.id for stop in files.shipped("lecture").stops]
    page.goto(f"{visit.server.url}?view=spectrum&lesson=lecture&stop={1 + lecture.index('values')}&present=1")
    expect(page.locator("#spectrum-stage canvas").nth(2)).to_be_in_viewport(
        ratio=0.9
    )  # what the question is about
    expect(page.get_by_role("button", name="1 eight")).to_be_visible()  # no key is heard before it is asked
    page.keyboard.press("1")
    expect(page.locator("#lesson .answer")).to_be_in_viewport(ratio=0.9)
    smallest = page.evaluate(SMALLEST)
    assert smallest >= 24, smallest
    assert not visit.scrolls_sideways(page)
    visit.quiet(page)


SMALLEST = """() => {
  const zoom = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--lab-zoom"));
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), sizes = [];
  while (texts.nextNode()) {
    const node = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || node.closest("style, script, button.handle")) continue;
    if (node.checkVisibility({ visibilityProperty: true })) sizes.push(parseFloat(getComputedStyle(node).fontSize) * zoom);
  }
  return Math.min(...sizes);
}"""
