"""Each view at one glance: stage, main control and switch on screen together; a law that breaks is seen; nothing jumps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.visits import Visit

SIZES = [(1440, 900), (1280, 720), (1024, 768), (960, 600)]  # the last is 1440×900 at 150 %
POCKET = (390, 844)
HEAD = 110  # pixels down to the end of the lead
JUMP = 0.05  # of layout shift
BOX = """selector => {
  const { left, top, right, bottom } = document.querySelector(selector).getBoundingClientRect();
  return [left, top, right, bottom];
}"""
INK = """selector => [...document.querySelectorAll(`${selector} :is(canvas, img)`)]
  .map((node) => node.src || node.toDataURL()).join()"""
# Text in a box that hides what does not fit; what a finger or wheel can push aside is no such thing.
CUT = """slug => [...document.querySelectorAll(`#tab-${slug} *`)]
  .filter((node) => node.offsetParent && node.textContent.trim() && !node.closest("svg, .sr-only, .visually-hidden"))
  .filter((node) => ["hidden", "clip"].includes(getComputedStyle(node).overflowX))
  .filter((node) => node.scrollWidth > node.clientWidth + 1)
  .map((node) => `${node.id || node.className}: ${node.textContent.trim().slice(0, 80)}`)"""
WATCH = """
window.jumped = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.jumped += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


@dataclass(frozen=True)
class View:
    """Where a view's stage is, what moves it, and where the pictures are that a broken law changes."""

    stage: str
    control: str
    pictures: str = ""


VIEWS = {
    "plane": View("#plane-canvas .stage", "#plane-canvas [data-part=controls]"),
    "interpolate": View("#interpolate-stage .tiles", "#interpolate-t"),
    "spectrum": View("#spectrum-stage .tiles", "#spectrum-handles [data-part=plot]"),
    "styles": View("#styles-stage .pair", "#styles-blend .lab-pairs"),
    "generate": View("#generate-stage .tiles", "#generate-power"),
    "project": View("#project-stage .tiles", "#project-rank"),
    "latent_pca": View("#latent_pca-scatter .stage", "#latent_pca-steps", "#latent_pca-stage"),
}
EACH = pytest.mark.parametrize("name", VIEWS)


def opened(visit: Visit, name: str) -> Page:
    """The page with this view in front, measured."""
    page = visit.at()
    page.evaluate("slug => document.getElementById(`tab-${slug}-button`).click()", name)
    expect(page.locator(f"#{name}-meter .meter")).to_have_attribute("data-state", "holds")
    page.wait_for_function(
        "s => document.querySelector(s)?.getBoundingClientRect().height > 40", arg=VIEWS[name].stage
    )
    return page


def resized(page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.evaluate("() => { scrollTo(0, 0); return new Promise((done) => setTimeout(done, 250)); }")


def inside(box: list[float], size: tuple[int, int]) -> bool:
    left, top, right, bottom = box
    return left >= -1 and top >= -1 and right <= size[0] + 1 and bottom <= size[1] + 1


@EACH
def test_stage_control_and_switch_are_seen_together_without_scrolling(visit: Visit, name: str):
    page, view = opened(visit, name), VIEWS[name]
    for size in SIZES:
        resized(page, size)
        lead = page.evaluate(BOX, f"#tab-{name} .lab-lead")
        assert lead[3] <= HEAD + 1, (size, "the lead ends at", lead[3])
        for selector in (view.stage, view.control, f"#{name}-break"):
            box = page.evaluate(BOX, selector)
            assert inside(box, size), (size, selector, box)
        assert not visit.scrolls_sideways(page), size
        assert page.locator("#views > .tab-wrapper [role=tab]").count() == len(VIEWS)


@EACH
def test_on_a_phone_the_stage_stays_while_the_controls_scroll(visit: Visit, name: str):
    page, view = opened(visit, name), VIEWS[name]
    resized(page, POCKET)
    assert page.locator("#views > .tab-wrapper [role=tab]").count() == len(VIEWS)
    assert not visit.scrolls_sideways(page)
    for selector in (view.control, f"#{name}-break"):
        page.evaluate(
            "s => document.querySelector(s).scrollIntoView({ block: 'end', behavior: 'instant' })", selector
        )
        page.wait_for_timeout(250)
        stage, control = (page.evaluate(BOX, s) for s in (view.stage, selector))
        assert -1 <= stage[1] < stage[3] <= POCKET[1], (selector, stage)
        assert stage[3] <= control[1] + 1 and control[3] <= POCKET[1] + 1, (selector, stage, control)
    resized(page, SIZES[0])


@EACH
def test_no_word_is_cut_off(visit: Visit, name: str):
    page = opened(visit, name)
    for size in (*SIZES, POCKET):
        resized(page, size)
        assert page.evaluate(CUT, name) == [], size
    resized(page, SIZES[0])


def test_a_word_that_is_cut_off_is_found(visit: Visit):
    page = opened(visit, "interpolate")
    lead = page.locator("#tab-interpolate .lab-lead")
    lead.evaluate(
        "node => Object.assign(node.style, { overflow: 'hidden', width: '60px', whiteSpace: 'nowrap' })"
    )
    assert len(page.evaluate(CUT, "interpolate")) == 1
    lead.evaluate("node => node.removeAttribute('style')")


@EACH
def test_a_law_that_breaks_changes_the_picture_and_the_meter(visit: Visit, name: str):
    page = opened(visit, name)
    resized(page, SIZES[1])
    pictures, meter = VIEWS[name].pictures or VIEWS[name].stage, f"#{name}-meter .meter"
    if name == "plane":
        page.locator("[data-handle=x]").focus()  # ends the loop, which changes the picture by itself
        page.wait_for_function(
            "!JSON.parse(document.querySelector('#plane-canvas [data-state]').dataset.state).idle"
        )
    whole = page.evaluate(INK, pictures)
    page.locator(f"#{name}-break input").check()
    expect(page.locator(meter)).to_have_attribute("data-state", "broken")
    page.wait_for_function(f"([s, old]) => ({INK})(s) !== old", arg=[pictures, whole])
    broken = page.evaluate(INK, pictures)
    page.locator(f"#{name}-break input").uncheck()
    expect(page.locator(meter)).to_have_attribute("data-state", "holds")
    page.wait_for_function(f"([s, old]) => ({INK})(s) !== old", arg=[pictures, broken])


def test_on_a_phone_that_is_turned_the_open_view_stays_in_sight_in_the_bar(visit: Visit):
    page = visit.at("?view=generate")
    tab = page.locator("#tab-generate-button")
    for width, height in ((844, 390), POCKET):
        page.set_viewport_size({"width": width, "height": height})
        expect(tab).to_be_in_viewport(ratio=1)
    page.set_viewport_size({"width": 1440, "height": 900})


def test_nothing_jumps_while_a_view_opens(visit: Visit):
    page = visit.context.new_page()
    page.set_viewport_size({"width": SIZES[1][0], "height": SIZES[1][1]})
    page.add_init_script(WATCH)
    jumps = {}
    for name in VIEWS:
        page.goto(f"{visit.server.url}?view={name}")
        expect(page.locator(f"#{name}-meter .meter")).to_have_attribute("data-state", "holds")
        visit.quiet(page)  # leaving breaks off what is asked, and Gradio says so
        jumps[name] = page.evaluate("window.jumped")
    assert max(jumps.values()) <= JUMP, jumps
