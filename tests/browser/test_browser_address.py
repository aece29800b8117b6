"""The address of the page is what is seen: F5 and Back keep it, the theme and the broken law included."""

import json
import re
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Page, expect


def settings(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlparse(page.url).query).items()}


def waits_for(page: Page, **wanted: str) -> None:
    """Until the address says this among other things; None: does not name it."""
    page.wait_for_function(
        """(wanted) => {
          const said = new URLSearchParams(location.search);
          return Object.entries(wanted).every(([name, value]) => said.get(name) === value);
        }""",
        arg=wanted,
    )


def slide(page: Page, selector: str, value: str) -> None:
    field = page.locator(selector)
    field.fill(value)
    field.press("Enter")


SLID = """(slider, places) => {
  for (const place of places) {
    slider.value = place;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  }
  slider.dispatchEvent(new Event("change", { bubbles: true }));
}"""
RANK = "#project-rank input[type=number]"


def test_the_address_follows_f5_keeps_it_and_each_gesture_is_a_step_back(visit):
    page = visit.open("?view=project&k=64")
    visit.shows(page, "#project-meter .meter", "holds")
    before = page.evaluate("history.length")
    page.wait_for_timeout(1600)
    slide(page, RANK, "40")
    waits_for(page, view="project", k="40")
    assert page.evaluate("history.length") == before + 1
    page.wait_for_timeout(1600)
    page.locator("#project-rank input[type=range]").evaluate(SLID, [39, 38, 37])  # one gesture, one entry
    waits_for(page, k="37")
    assert page.evaluate("history.length") == before + 2
    visit.reload(page)
    expect(page.locator(RANK)).to_have_value("37")
    page.wait_for_timeout(1600)
    slide(page, RANK, "20")
    waits_for(page, k="20")
    page.go_back()
    expect(page.locator(RANK)).to_have_value("37")
    waits_for(page, k="37")
    page.go_forward()
    expect(page.locator(RANK)).to_have_value("20")
    page.locator("#project-link .reset").click()
    expect(page.locator(RANK)).not_to_have_value("20")
    assert settings(page)["view"] == "project"
    page.go_back()
    expect(page.locator(RANK)).to_have_value("20")


NUMBER = "input[type=number]"
HANDS = {  # of each view a field that is moved, and to what
    "plane": ("#plane-canvas [data-part=controls] input >> nth=0", "0.8"),
    "interpolate": (f"#interpolate-t {NUMBER}", "0.25"),
    "spectrum": (f"#spectrum-noise {NUMBER}", "0.5"),
    "styles": (f"#styles-strength {NUMBER}", "0.5"),
    "generate": (f"#generate-steps {NUMBER}", "20"),
    "project": (RANK, "16"),
    "latent_pca": (f"#latent_pca-steps {NUMBER}", "-1"),
}


@pytest.mark.parametrize("view", HANDS)
def test_every_view_comes_back_by_f5_and_by_back(visit, view):
    page, (selector, wanted) = visit.open(f"?view={view}"), HANDS[view]
    meter = f"#{view}-meter .meter"
    visit.quiet(page, 1600)  # what follows is a step of its own
    field, before, start = page.locator(selector), page.url, page.locator(selector).input_value()
    assert float(start) != float(wanted)
    slide(page, selector, wanted)
    page.wait_for_function("before => location.href !== before", arg=before)
    visit.shows(page, meter, "holds")
    visit.quiet(page)
    after = page.url
    assert settings(page)["view"] == view
    visit.reload(page)
    visit.shows(page, meter, "holds")
    expect(field).to_have_value(wanted)
    visit.quiet(page, 1600)
    assert page.url == after
    page.go_back()
    expect(field).to_have_value(start)
    assert settings(page)["view"] == view
    visit.quiet(page)


def test_another_view_is_a_step_and_back_returns_to_the_one_before(visit):
    page = visit.at("?view=project&k=64")
    page.get_by_role("tab", name="Spectrum").click()
    waits_for(page, view="spectrum")
    page.go_back()
    expect(page.get_by_role("tab", name="Project")).to_have_attribute("aria-selected", "true")
    waits_for(page, view="project", k="64")


def test_the_broken_law_and_the_theme_are_part_of_it(visit):
    page = visit.at("?view=project&k=64")
    dark = page.evaluate("document.body.classList.contains('dark')")
    page.locator("#project-break input").check()
    waits_for(page, broken="1")
    page.locator("#flip-theme").click()
    waits_for(page, __theme="light" if dark else "dark")
    visit.reload(page)
    visit.shows(page, "#project-meter .meter", "broken")
    expect(page.locator("#project-break input")).to_be_checked()
    assert page.evaluate("document.body.classList.contains('dark')") is not dark
    page.locator("#project-break input").uncheck()
    visit.shows(page, "#project-meter .meter", "holds")
    page.wait_for_function("!location.search.includes('broken')")
    assert re.search(r"__theme=", page.url)


def test_a_link_is_not_lost_to_the_view_that_stands_in_front_meanwhile(visit):
    """A slow machine: Plane, which the page begins with, is measured before the view that the link asks for is chosen."""
    page, held = visit.context.new_page(), []

    def hold(route):
        arrives = json.loads(route.request.post_data)["data"] == ["?view=project&k=64"]
        held.append(route) if arrives else route.continue_()

    page.route("**/gradio_api/run/predict*", hold)
    page.goto(f"{visit.server.url}?view=project&k=64")
    page.wait_for_function("window.lab?.address?.linkOf('plane')")
    assert len(held) == 1
    held.pop().continue_()
    expect(page.locator(RANK)).to_have_value("64")
    waits_for(page, view="project", k="64")
    visit.quiet(page)


LATE = """() => {
  const own = window.fetch;
  window.fetch = async (...asked) => {
    const found = await own(...asked);
    if (String(asked[0].url ?? asked[0]).includes("/run/")) await new Promise((done) => setTimeout(done, 1500));
    return found;
  };
}"""


def test_a_view_takes_no_hand_before_it_is_filled_so_that_a_choice_stays(visit):
    page = visit.open("?view=plane")
    page.evaluate(LATE)  # as over a slow line
    page.get_by_role("tab", name="Spectrum").click()
    panel = page.locator("#tab-spectrum")
    expect(panel).to_have_js_property("inert", True)
    other = page.locator("#spectrum-model input").nth(1)
    name = other.get_attribute("value")
    other.check()
    expect(panel).to_have_js_property("inert", False)
    waits_for(page, view="spectrum", model=name)
    visit.quiet(page)
    expect(other).to_be_checked()
    page.get_by_role("tab", name="Plane").click()
    page.get_by_role("tab", name="Spectrum").click()
    page.wait_for_timeout(100)
    expect(panel).to_have_js_property("inert", False)  # it is filled, and stays usable
    visit.shows(page, "#spectrum-meter .meter", "holds")
    visit.quiet(page)


def test_a_link_measured_before_a_step_in_the_history_is_not_written_into_the_entry_after_it(visit):
    page = visit.open("?view=project&k=64")
    for rank in ("40", "20"):
        visit.quiet(page, 1600)
        slide(page, RANK, rank)
        waits_for(page, k=rank)
    visit.quiet(page)
    page.evaluate(LATE)
    page.go_back()
    expect(page.locator(RANK)).to_have_value("40")
    page.wait_for_timeout(600)  # its measurement is on its way
    page.go_forward()
    expect(page.locator(RANK)).to_have_value("20")  # and arrives now
    page.wait_for_timeout(600)
    assert settings(page)["k"] == "20"
    page.locator("#project-link .reset").click()  # the measurement of 20 is on its way
    expect(page.locator(RANK)).to_have_value("32")
    assert "k" not in settings(page)
    visit.quiet(page)
    page.go_back()
    expect(page.locator(RANK)).to_have_value("20")
    page.go_back()
    expect(page.locator(RANK)).to_have_value("40")
    visit.quiet(page)
    assert settings(page)["k"] == "40"
