"""What the symbols mean: by a key under the view, and by a click on the sign in a formula."""

from playwright.sync_api import expect

from app.widgets.symbols import SYMBOLS

CARD = "#symbols .card"


def test_every_key_opens_its_card_inside_the_window_and_escape_closes_it(visit):
    page = visit.at("?view=plane")
    keys = page.locator("#symbols .keys button")
    expect(keys).to_have_count(len(SYMBOLS))
    for symbol in SYMBOLS:
        keys.get_by_text(symbol.key, exact=True).click()
        expect(page.locator(f"{CARD} strong")).to_have_text(symbol.title)
        expect(page.locator(f"{CARD} .equation")).to_have_text(symbol.equation.replace("_", ""))
        expect(page.locator(f"{CARD} .equation sub")).to_have_count(symbol.equation.count("_"))
        assert page.locator(f"{CARD} svg path").count() == len(symbol.draws)
        box, size = page.locator(CARD).bounding_box(), page.viewport_size
        assert box["x"] >= 0 and box["x"] + box["width"] <= size["width"]
        assert box["y"] >= 0 and box["y"] + box["height"] <= size["height"]
        page.keyboard.press("Escape")
        expect(page.locator(CARD)).to_be_hidden()


def test_a_sign_in_a_formula_opens_the_card_of_that_sign(visit):
    page = visit.at("?view=plane")
    place = page.evaluate(
        """() => {
          const formula = [...document.querySelectorAll("#plane-meter .formula")].find((f) => f.textContent.includes("⊕"));
          formula.scrollIntoView({ block: "center" });
          const walker = document.createTreeWalker(formula, NodeFilter.SHOW_TEXT);
          while (walker.nextNode()) {
            const at = walker.currentNode.data.indexOf("⊕");
            if (at < 0) continue;
            const letter = document.createRange();
            letter.setStart(walker.currentNode, at);
            letter.setEnd(walker.currentNode, at + 1);
            const box = letter.getBoundingClientRect();
            return [box.left + box.width / 2, box.top + box.height / 2];
          }
        }"""
    )
    page.mouse.click(*place)
    expect(page.locator(f"{CARD} strong")).to_have_text("Induced addition")
    assert page.locator(f"{CARD} a").get_attribute("href") == "https://arxiv.org/abs/2510.08570"
