"""No serious finding of axe-core in any view and either theme, axe being a package's file; emptied number fields."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import axe_playwright_python
import pytest
from playwright.sync_api import expect

from app.views import VIEWS

if TYPE_CHECKING:
    from types import ModuleType

    from playwright.sync_api import Page

    from tests.browser.visits import Visit

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
GRAVE = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations
  .filter((found) => ["serious", "critical"].includes(found.impact))
  .flatMap((found) => found.nodes.map((node) => `${found.id}: ${node.target} ${node.html.slice(0, 120)}`))"""
UNFOLD = """slug => document.querySelectorAll(`#tab-${slug} .lab-fold > button, #tab-${slug} [data-do=draw]`)
  .forEach((button) => button.offsetParent && button.click())"""
EACH = pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.SLUG)


def opened(visit: Visit, view: ModuleType) -> Page:
    page = visit.at()
    page.get_by_role("tab", name=view.TITLE, exact=True).click()
    visit.shows(page, f"#{view.SLUG}-meter .meter", "holds")
    return page


@EACH
def test_axe_finds_nothing_serious_in_either_theme(visit: Visit, view: ModuleType):
    page = opened(visit, view)
    page.evaluate(UNFOLD, view.SLUG)
    visit.quiet(page)
    page.evaluate(AXE)
    assert page.evaluate("axe.version").startswith("4.")
    for _ in range(2):
        page.wait_for_function("document.getAnimations().every((each) => each.playState !== 'running')")
        assert page.evaluate(GRAVE) == [], page.evaluate("document.body.className")
        page.get_by_role("button", name="Light or dark").click()


def test_no_id_occurs_twice_once_every_view_is_there(visit: Visit):
    page = visit.at()
    for view in VIEWS:
        opened(visit, view)
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((node) => node.id).filter(Boolean)")
    assert len(ids) > 200
    assert sorted({name for name in ids if ids.count(name) > 1}) == []


@EACH
def test_a_program_is_shown_in_colours(visit: Visit, view: ModuleType):
    page = opened(visit, view)
    fold = page.locator(f"#{view.SLUG}-python-fold > button")
    if fold.get_attribute("aria-expanded") != "true":
        fold.click()
    program = page.locator(f"#{view.SLUG}-python code")
    expect(program).to_contain_text("import linearizer_core as lc")
    hues = """code => new Set([...code.querySelectorAll("span")].map((each) => getComputedStyle(each).color)).size"""
    assert program.evaluate(hues) >= 4


def test_axe_finds_what_is_wrong(visit: Visit):
    """The question can be answered otherwise."""
    page = visit.at()
    page.evaluate(AXE)
    page.evaluate("() => document.body.insertAdjacentHTML('beforeend', '<button id=\"bare\"></button>')")
    assert any("button-name" in found for found in page.evaluate(GRAVE))
    page.evaluate("() => document.getElementById('bare').remove()")


@EACH
def test_an_emptied_number_field_is_only_empty(visit: Visit, view: ModuleType):
    page = opened(visit, view)
    fields = page.locator(f"#tab-{view.SLUG} input[type=number]").filter(visible=True)
    for index in range(fields.count()):
        field = fields.nth(index)
        before = field.input_value()
        field.fill("")
        field.press("Tab")
        field.fill(before)
        field.press("Tab")
        expect(field).to_have_value(before)
    visit.quiet(page)
    expect(page.locator(".toast-body")).to_have_count(0)
    visit.shows(page, f"#{view.SLUG}-meter .meter", "holds")
