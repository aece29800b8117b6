"""What is asked of this process: how much is under way, ticks a second, and whether it still takes visitors.

A replica that is to end first says so at `/lab-health`, where HAProxy asks; it sends no new visitors, answers what is
under way, and ends.
"""

from __future__ import annotations

import logging
import os
import re
import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEALTH = "/lab-health"
REPLICA = "LINEARIZER_REPLICA"  # environment: "1/2" in the first of two processes
NOTICED = 3.0  # seconds after which HAProxy has surely seen that a replica takes no more visitors
PATIENCE = 20.0  # seconds that answers under way may take at the end
WINDOW = 60.0  # seconds over which ticks are counted
CALLS = ("/gradio_api/run/", "/gradio_api/api/", "/gradio_api/call/", "/gradio_api/queue/join")
LISTENER = "lab.listener"  # in the scope of a call: the number of who was asked, as /config has it
UPLOAD = "/gradio_api/upload"
NAME = re.compile(r"[a-z_]{1,32}")
OPEN_ALL_DAY = ("/gradio_api/heartbeat/", HEALTH)  # of every open page: nobody waits for their end


@dataclass
class Traffic:
    """Counts of one process.

    >>> traffic = Traffic()
    >>> traffic.began("/gradio_api/run/predict"), traffic.under_way
    (None, 1)
    >>> traffic.ended("/gradio_api/run/predict"), traffic.under_way, traffic.ticks_a_second() > 0
    (None, 0, True)
    """

    under_way: int = 0
    draining: bool = False
    calls: int = 0
    started: float = field(default_factory=time.monotonic)
    _times: deque[float] = field(default_factory=lambda: deque(maxlen=100_000))
    _door: threading.Lock = field(default_factory=threading.Lock)

    def began(self, path: str) -> None:
        if not path.startswith(OPEN_ALL_DAY):
            with self._door:
                self.under_way += 1

    def ended(self, path: str) -> None:
        if path.startswith(OPEN_ALL_DAY):
            return
        with self._door:
            self.under_way -= 1
            if path.startswith(CALLS):
                self.calls += 1
                self._times.append(time.monotonic())

    def ticks_a_second(self) -> float:
        """Calls answered a second, over the last minute or since the start."""
        now = time.monotonic()
        with self._door:
            while self._times and now - self._times[0] > WINDOW:
                self._times.popleft()
            return len(self._times) / max(min(WINDOW, now - self.started), 1.0)


TRAFFIC = Traffic()
EVENTS = logging.getLogger("app.events")


class Counting:
    """Middleware: every request is under way from its first byte to the last of its answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        path, began, status = scope["path"], time.perf_counter(), 0

        async def noted(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        TRAFFIC.began(path)
        try:
            await self.app(scope, receive, noted)
        finally:
            TRAFFIC.ended(path)
            if path.startswith(CALLS) or path == UPLOAD:
                EVENTS.info(
                    "%s%s %d %.0f ms",
                    event(path),
                    f" {scope[LISTENER]}" if LISTENER in scope else "",
                    status,
                    1000 * (time.perf_counter() - began),
                )


def event(path: str) -> str:
    """What a call is named in the log: nothing that a visitor has written, no session, no file.

    >>> event("/gradio_api/run/interpolate"), event("/gradio_api/run/{secret}"), event("/gradio_api/upload")
    ('run/interpolate', 'run/?', 'upload')
    """
    kind, _, name = path.removeprefix("/gradio_api/").partition("/")
    return f"{kind}/{name if NAME.fullmatch(name) else '?'}" if name else kind


def health(request: Request) -> Response:
    """200 while visitors are taken; then 404, which HAProxy reads as: those who have your cookie only."""
    from starlette.responses import PlainTextResponse

    leaving = TRAFFIC.draining
    return PlainTextResponse("leaving" if leaving else "well", status_code=404 if leaving else 200)


def routes() -> list[Route]:
    from starlette.routing import Route

    return [Route(HEALTH, health, methods=["GET", "HEAD"])]


def drained(traffic: Traffic, at_least: float, at_most: float, pause: float = 0.1) -> bool:
    """Wait until nothing is under way, at least and at most so many seconds; whether that came.

    >>> drained(Traffic(), 0.0, 1.0), drained(Traffic(under_way=1), 0.0, 0.1)
    (True, False)
    """
    traffic.draining, began = True, time.monotonic()
    while (passed := time.monotonic() - began) < at_most:
        if passed >= at_least and traffic.under_way == 0:
            return True
        time.sleep(pause)
    return False


def end_politely(end: Callable[[int], object] = os._exit) -> None:
    """SIGTERM lets this process answer what is under way and then ends it."""

    def handle(number: int, frame: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # said once is enough; SIGKILL is for those in a hurry
        drained(TRAFFIC, NOTICED if os.environ.get(REPLICA) else 0.0, PATIENCE)
        end(0)

    signal.signal(signal.SIGTERM, handle)
