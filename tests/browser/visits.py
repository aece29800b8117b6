"""Fixtures for tests that drive the lab in headless Chromium.

The fixtures `visit` and `phone` come from `conftest.py`. The server is the
command that people type, in a process of its own: the test process computes in float64, the lab in float32.
When a test ends, the browser's console and the server's log must be clean.
"""

import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

from tests.server import Server

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
PATIENCE = 60_000  # milliseconds; a busy machine is slow, a broken page never gets there
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def playwright_api() -> Iterator[Playwright]:
    with sync_playwright() as api:
        yield api


@pytest.fixture(scope="session")
def browser(playwright_api: Playwright) -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    browser = playwright_api.chromium.launch(executable_path=path, args=FLAGS)  # None: Playwright's own
    yield browser
    browser.close()


@dataclass
class Visit:
    """One visitor's browser: opens pages, counts requests, and notes what the console says."""

    context: BrowserContext
    server: Server
    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, query: str = "") -> Page:
        """The lab with this query string, its open view measured once."""
        page = self.context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(self.server.url + query)
        expect(page.locator(".meter:visible")).to_have_attribute("data-state", "holds")
        return page

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"{message.type}: {message.text}")

    def calls(self) -> int:
        """How many times the server was asked to compute something."""
        return sum("/gradio_api/run/" in url or "/gradio_api/queue/join" in url for url in self.requests)

    def quiet(self, page: Page, spell: int = 1000) -> int:
        """Wait until nothing was asked for `spell` ms, as what follows a resting hand comes late; then `calls()`."""
        found, deadline = -1, time.monotonic() + PATIENCE / 1000
        while found != self.calls():
            assert time.monotonic() < deadline, "the page never stops asking"
            found = self.calls()
            page.wait_for_timeout(spell)
        return found

    @staticmethod
    def drag(page: Page, selector: str, start: float, end: float, moves: int = 60) -> None:
        """Press at the fraction `start` of the element's width, move to `end` in many steps, let go."""
        element = page.locator(selector)
        element.scroll_into_view_if_needed()
        box = element.bounding_box()
        height = box["y"] + min(box["height"] / 2, 20)
        page.mouse.move(box["x"] + start * box["width"], height)
        page.mouse.down()
        for i in range(1, moves + 1):
            page.mouse.move(box["x"] + (start + (end - start) * i / moves) * box["width"], height)
        page.mouse.up()

    @staticmethod
    def scrolls_sideways(page: Page) -> bool:
        return page.evaluate("document.documentElement.scrollWidth > window.innerWidth")

    @staticmethod
    def ink(page: Page, selector: str, index: int = 0) -> str:
        """The pixels of a canvas as text, to see whether two pictures are the same."""
        return page.locator(selector).nth(index).evaluate("canvas => canvas.toDataURL()")

    @staticmethod
    def shows(page: Page, selector: str, pattern: str) -> None:
        """Wait until the element's data-state matches the pattern."""
        expect(page.locator(selector)).to_have_attribute("data-state", re.compile(pattern))

    def strangers(self) -> list[str]:
        """Addresses of other hosts that were asked for something."""
        own = (self.server.url, "data:", "blob:")
        return [url for url in self.requests if not url.startswith(own)]


def _visit(browser: Browser, server: Server, **options: object) -> Iterator[Visit]:
    context = browser.new_context(**options)
    visit = Visit(context, server)
    before = len(server.complaints())
    yield visit
    context.close()
    assert not visit.problems
    assert not visit.strangers()
    assert server.complaints()[before:] == []


@pytest.fixture
def visit(browser: Browser, server: Server) -> Iterator[Visit]:
    """A visitor with a wide screen."""
    yield from _visit(browser, server, viewport={"width": 1440, "height": 900})


@pytest.fixture
def phone(browser: Browser, server: Server, playwright_api: Playwright) -> Iterator[Visit]:
    """A visitor with a phone, dark."""
    yield from _visit(browser, server, **playwright_api.devices["Pixel 7"], color_scheme="dark")
