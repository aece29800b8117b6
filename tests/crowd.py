"""Visitors by script: one visit is recorded in headless Chromium, and many repeat what it asked the server for.

with recorded(url) as visit: ...      # opening: page, scripts, view, engine; choosing: another picture, and a rest
"""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Request

from tests.browser.visits import PATIENCE
from tests.drags import ASKING, DRAGS, calm, ready, settles

DRAG = next(drag for drag in DRAGS if drag.view == "interpolate")
GALLERY = "#interpolate-digits .tiles"
HEARTBEAT, STREAM = "/heartbeat/", "/queue/data"
ENDED = b'"msg":"close_stream"'


@dataclass(frozen=True)
class Call:
    """A request of the page; `settles` where it measures the laws."""

    method: str
    address: str
    body: str = ""
    settles: bool = False

    @property
    def lasting(self) -> bool:
        """Whether a browser keeps the answer and asks no second time."""
        return any(part in self.address for part in ("/assets/", "/static/", "/lab-files/"))


@dataclass(frozen=True)
class Visit:
    """What a page asks for until it can be used, and what once another picture is chosen."""

    session: str
    opening: list[Call]
    choosing: list[Call]
    chosen: str
    gallery: list[str]


def recorded(browser: Browser, url: str) -> Visit:
    """One visitor who opens Interpolate, waits for the engine and chooses another picture."""
    calls: list[Request] = []
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(PATIENCE)
    page.add_init_script(ASKING)
    page.on("request", lambda request: calls.append(request) if request.url.startswith(url) else None)
    page.goto(url + DRAG.query)
    ready(page, DRAG)
    resting, until = settles(page), len(calls)
    gallery = page.locator(GALLERY).get_attribute("data-state").split()
    page.locator(f"{GALLERY} .tile").nth(4).click()
    page.wait_for_function("window.asking > 0")
    calm(page, DRAG.view)
    session = next(c.url.rsplit("/", 1)[1].partition("?")[0] for c in calls if HEARTBEAT in c.url)
    page.close()
    found = [_call(request, resting) for request in calls]
    return Visit(session, found[:until], found[until:], gallery[4], gallery)


def _call(request: Request, resting: set[int]) -> Call:
    parts, body = urlsplit(request.url), request.post_data or ""
    number = json.loads(body).get("fn_index") if body.startswith("{") else None
    address = parts.path + (f"?{parts.query}" if parts.query else "")
    return Call(request.method, address, body, number in resting)


@dataclass
class Visitor:
    """Repeats a visit under a session of its own: seconds of its settles and of all that a choice asks for, mistakes."""

    url: str
    visit: Visit
    number: int
    dice: random.Random
    settles: list[float] = field(default_factory=list)
    choices: list[float] = field(default_factory=list)
    openings: list[float] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.session = f"crowd{self.number}"
        self.host = urlsplit(self.url).netloc
        self.line = http.client.HTTPConnection(self.host, timeout=120)
        self.heart = http.client.HTTPConnection(self.host, timeout=3600)

    def open(self, cold: bool) -> None:
        """The page and what it fetches; `cold`: with the scripts and weights that a browser keeps."""
        self.heart.request("GET", f"/gradio_api{HEARTBEAT}{self.session}")
        began = time.perf_counter()
        self._play([call for call in self.visit.opening if cold or not call.lasting])
        self.openings.append(time.perf_counter() - began)

    def choose(self) -> None:
        """Another picture of the gallery, the ingredients for its drags, and the laws measured."""
        self.line.close()  # one that was idle the server has closed; the next request opens another, as browsers do
        began = time.perf_counter()
        self._play(self.visit.choosing, self.dice.choice(self.visit.gallery))
        self.choices.append(time.perf_counter() - began)

    def leave(self) -> None:
        self.line.close()
        self.heart.close()

    def _play(self, calls: list[Call], picture: str = "") -> None:
        for call in calls:
            if HEARTBEAT in call.address:
                continue
            body = call.body.replace(self.visit.session, self.session)
            if picture:
                body = body.replace(f'"{self.visit.chosen}"', f'"{picture}"')
            began = time.perf_counter()
            try:
                self._ask(call.method, call.address.replace(self.visit.session, self.session), body)
            except (OSError, http.client.HTTPException) as error:
                self.mistakes.append(f"{call.method} {call.address[:60]}: {error!r}")
                self.line.close()
            if call.settles:
                self.settles.append(time.perf_counter() - began)

    def _ask(self, method: str, address: str, body: str) -> None:
        headers = {"Accept-Encoding": "gzip", **({"Content-Type": "application/json"} if body else {})}
        self.line.request(method, address, body or None, headers)
        answer = self.line.getresponse()
        if STREAM in address:
            content = b""
            while ENDED not in content and (part := answer.readline()):
                content += part
            self.line.close()
        else:
            content = answer.read()
        failed = answer.status != 200 or b'"success":false' in content or content.startswith(b'{"error"')
        if failed:
            self.mistakes.append(f"{method} {address[:60]}: HTTP {answer.status} {content[:120]!r}")


def together(visitors: list[Visitor], spread: float, choices: int, pause: float) -> None:
    """All arrive within `spread` seconds, then each chooses so many pictures, `pause` seconds apart on the average."""

    def stay(visitor: Visitor) -> None:
        time.sleep(visitor.dice.uniform(0, spread))
        visitor.open(cold=True)
        for _ in range(choices):
            time.sleep(visitor.dice.uniform(0.5, 1.5) * pause)
            visitor.choose()
        visitor.leave()

    threads = [threading.Thread(target=stay, args=(visitor,)) for visitor in visitors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def one_by_one(visitors: list[Visitor]) -> None:
    """Each opens the page, chooses a picture, and keeps the page open."""
    for visitor in visitors:
        visitor.open(cold=False)
        visitor.choose()
