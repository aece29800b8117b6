"""The page's style and the widgets in a browser: neither reaches into the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.views import VIEWS
from app.widgets import asset

if TYPE_CHECKING:
    from types import ModuleType

    from tests.browser.visits import Visit

REACHING = """css => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  const found = new Set();
  const look = (rules) => {
    for (const rule of rules) {
      if (rule.selectorText) {
        const plain = rule.selectorText.replace(/::[\\w-]+/g, "");
        for (const node of document.querySelectorAll(plain)) {
          if (node.closest(".lab-widget")) found.add(rule.selectorText);
        }
      }
      if (rule.cssRules) look(rule.cssRules);
    }
  };
  look(sheet.cssRules);
  return [...found];
}"""


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.SLUG)
def test_no_rule_of_the_page_matches_inside_a_widget(visit: Visit, view: ModuleType):
    page = visit.at()
    page.get_by_role("tab", name=view.TITLE, exact=True).click()
    visit.shows(page, f"#{view.SLUG}-meter .meter", "holds")
    assert page.locator(".lab-widget").count() >= 3
    assert page.evaluate(REACHING, ".lab-widget p { margin: 0 }") == [
        ".lab-widget p"
    ]  # the question can be answered yes
    assert page.evaluate(REACHING, asset("css/lab.css")) == []
    visit.quiet(page)


def test_the_page_names_all_scripts_of_gradio_that_it_asks_for(visit: Visit):
    page = visit.open()
    named, asked = page.evaluate("""() => {
      const assets = (list, key) => list.map((each) => each[key]).filter((name) => /\\/assets\\/[^/]+\\.js$/.test(name));
      return [
        assets([...document.querySelectorAll("link[rel=modulepreload]")], "href"),
        assets(performance.getEntriesByType("resource"), "name"),
      ];
    }""")
    assert len(set(asked)) == len(asked) > 30, "each is fetched once"
    assert set(asked) == set(named)
    assert page.evaluate("window.gradio_config.dependencies.constructor.name") == "Listeners"
