"""Fixtures for tests that drive the lab in headless Chromium.

`visit` and `phone` come from `conftest.py`. A page costs more than most of what is tested on it, so the tests of a file
may go on with one page (`at`); a test that fails leaves none behind. When a test ends, console and log must be clean.
"""

import re
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Playwright,
    Request,
    WebError,
    expect,
    sync_playwright,
)

from tests.drags import ASKING
from tests.server import Server

# The shell, a Chromium without a window's parts, takes a fifth less of the processor for a page.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")
PATIENCE = 120_000  # milliseconds; a busy machine is slow, a broken page never gets there
# What Chromium advises where it draws plotly's WebGL without a graphics card; none of it is a fault.
ADVICE = ("GPU stall due to ReadPixels", "willReadFrequently")
KEPT = 4  # pages that a visitor leaves open: each holds one of the browser's six connections to the lab
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def playwright_api() -> Iterator[Playwright]:
    with sync_playwright() as api:
        yield api


@pytest.fixture(scope="session")
def browser(playwright_api: Playwright) -> Iterator[Browser]:
    browser = launched(playwright_api)
    yield browser
    browser.close()


def launched(api: Playwright, flags: Sequence[str] = FLAGS) -> Browser:
    """Headless Chromium, this machine's or (None) Playwright's own."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    return api.chromium.launch(executable_path=path, args=list(flags))


def meter(page: Page, query: str) -> Locator:
    """The proof meter of the view that the query asks for: while a page opens, the first view may stand there."""
    (view,) = parse_qs(query.lstrip("?")).get("view", ["plane"])
    return page.locator(f"#{view}-meter .meter").filter(visible=True)


class Window:
    """The context of a file's tests, the pages that they go on with, and what each page waits for."""

    def __init__(self, context: BrowserContext):
        self.context = context
        self.kept: dict[str, Page] = {}  # by their query string
        self.waiting: dict[Page, set[Request]] = {}
        context.on("page", self._watch)

    def _watch(self, page: Page) -> None:
        waiting = self.waiting[page] = set()

        def asked(request: Request) -> None:
            if "/heartbeat/" not in request.url:  # which lasts as long as the page
                waiting.add(request)

        def answered(request: Request) -> None:
            waiting.discard(request)

        page.on("request", asked)
        page.on("requestfinished", answered)
        page.on("requestfailed", answered)


@dataclass
class Visit:
    """One visitor's browser: opens pages, counts requests, and notes what the console says."""

    window: Window
    server: Server
    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    @property
    def context(self) -> BrowserContext:
        return self.window.context

    @property
    def kept(self) -> dict[str, Page]:
        return self.window.kept

    def open(self, query: str = "") -> Page:
        """The lab with this query string, its open view measured once."""
        page = self.context.new_page()
        page.goto(self.server.url + query)
        expect(meter(page, query)).to_have_attribute("data-state", "holds")
        return page

    def at(self, query: str = "") -> Page:
        """The page that an earlier test of this file opened here, as it was left; else a new one, the oldest goes."""
        if query not in self.kept:
            if len(self.kept) == KEPT:
                self.kept.pop(next(iter(self.kept))).close()
            self.kept[query] = self.open(query)
        page = self.kept[query]
        seen = page.locator(".meter").filter(visible=True)  # that of the view which the test before left open
        expect(seen).not_to_have_class(re.compile("stale"))  # what was asked last is measured
        return page

    def listen(self) -> None:
        """Note from now on what any page of the visitor says and asks for."""
        self.context.on("console", self._note)
        self.context.on("weberror", self._blame)
        self.context.on("request", self._count)

    def leave(self, well: bool) -> None:
        """Close what no other test goes on with: after a failure, every page."""
        if not well:
            self.kept.clear()
        for page in set(self.context.pages) - set(self.kept.values()):
            page.close()
        for event, heard in (("console", self._note), ("weberror", self._blame), ("request", self._count)):
            self.context.remove_listener(event, heard)

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not any(text in message.text for text in ADVICE):
            self.problems.append(f"{message.type}: {message.text} ({message.location['url']})")

    def _blame(self, error: WebError) -> None:
        self.problems.append(f"page error: {error.error}")

    def _count(self, request: Request) -> None:
        self.requests.append(request.url)

    def calls(self) -> int:
        """How many times the server was asked to compute something."""
        return sum("/gradio_api/run/" in url or "/gradio_api/queue/join" in url for url in self.requests)

    def quiet(self, page: Page, spell: int = 400) -> int:
        """Wait until all is measured and answered, and nothing was asked for `spell` ms of the page's own time.

        What follows a resting hand comes 250 ms late; a page that is busy comes to its timers late, this one too.
        """
        deadline = time.monotonic() + PATIENCE / 1000
        while True:
            rests, found = self._rests(page), self.calls()
            page.evaluate("(spell) => new Promise((done) => setTimeout(done, spell))", spell)
            # at both ends: what follows an answer comes as late as what follows a hand
            if rests and self._rests(page) and found == self.calls():
                return found
            assert time.monotonic() < deadline, f"the page still waits for {self._unanswered(page)}"

    def _rests(self, page: Page) -> bool:
        return not self.window.waiting[page] and not self._measures(page)

    @staticmethod
    def _measures(page: Page) -> bool:
        return page.locator(".meter.stale").filter(visible=True).count() > 0

    def _unanswered(self, page: Page) -> list[str]:
        return [f"{request.url} {request.post_data or ''}" for request in self.window.waiting[page]]

    def reload(self, page: Page) -> None:
        """As by F5, once the page waits for nothing: Gradio says on the console what leaving breaks off."""
        self.quiet(page)
        page.reload()

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
    def repaints(page: Page, selector: str, before: str, index: int = 0) -> None:
        """Wait until the canvas shows another picture than `before`, see `ink`."""
        page.wait_for_function(
            "([s, i, old]) => document.querySelectorAll(s)[i].toDataURL() !== old",
            arg=[selector, index, before],
        )

    @staticmethod
    def shows(page: Page, selector: str, pattern: str) -> None:
        """Wait until the element's data-state matches the pattern."""
        expect(page.locator(selector)).to_have_attribute("data-state", re.compile(pattern))

    @staticmethod
    def breaks(page: Page, meter: str, label: str) -> None:
        """The law breaks by the switch with this label, and holds again without it."""
        page.get_by_label(label).check()
        Visit.shows(page, meter, "broken")
        page.get_by_label(label).uncheck()
        Visit.shows(page, meter, "holds")

    @staticmethod
    def carries(page: Page, link: str, query: str) -> None:
        """Wait until the view's link says just what this query does, in any order."""
        asked = parse_qs(query.lstrip("?"))
        page.wait_for_function(
            """([link, asked]) => {
              const said = new URL(document.querySelector(link).value).searchParams;
              const names = Object.keys(asked);
              return [...said.keys()].length === names.length && names.every((name) => said.get(name) === asked[name][0]);
            }""",
            arg=[link, asked],
        )

    def strangers(self) -> list[str]:
        """Addresses of other hosts that were asked for something."""
        own = (self.server.url, "data:", "blob:")
        return [url for url in self.requests if not url.startswith(own)]


def _window(browser: Browser, **options: object) -> Iterator[Window]:
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE)
    context.add_init_script(ASKING)
    yield Window(context)
    context.close()


def _visit(window: Window, server: Server, tests: pytest.Session) -> Iterator[Visit]:
    visit = Visit(window, server)
    visit.listen()
    before, failed = len(server.complaints()), tests.testsfailed
    yield visit
    visit.leave(well=tests.testsfailed == failed)
    assert not visit.problems, visit.problems
    assert not visit.strangers()
    assert server.complaints()[before:] == []


@pytest.fixture(scope="module")
def _screen(browser: Browser) -> Iterator[Window]:
    yield from _window(browser, viewport={"width": 1440, "height": 900})


@pytest.fixture(scope="module")
def _pocket(browser: Browser, playwright_api: Playwright) -> Iterator[Window]:
    yield from _window(browser, **playwright_api.devices["Pixel 7"], color_scheme="dark")


@pytest.fixture
def visit(_screen: Window, server: Server, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """A visitor with a wide screen."""
    yield from _visit(_screen, server, request.session)


@pytest.fixture
def phone(_pocket: Window, server: Server, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """A visitor with a phone, dark."""
    yield from _visit(_pocket, server, request.session)
