"""What a class costs the server: `python -m tests.load [drag | memory | engine …]`, each with a lab of its own.

`drag`: every visitor drags a weight of Interpolate without the engine (a tick, its answer, a pause of 100 ms, the next
tick); p50 and p95. Every answer must belong to its question: each visitor asks for other weights, and what comes back is
compared with what the core computes.
`memory`: by how much the server grows from 500 visitors who open a view, choose a picture and keep the page open.
`engine`: 300 visitors with the engine: each opens the page with an empty cache, chooses pictures and rests.
"""

import argparse
import base64
import http.client
import json
import os
import platform
import random
import statistics
import sys
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from tests.commands import asked
from tests.server import running

WARM = 5  # visitors by script who are not counted: models are loaded, and pages are made once
PAUSE = 0.1  # seconds between an answer and the next tick
TOLERANCE = 2  # levels of 255 by which a picture may differ from the one computed here, one by one


@dataclass
class Visitor:
    """One visitor: a kept connection, a session, and the listener that follows the weights' sliders."""

    url: str
    listener: int
    number: int
    times: list[float] = field(default_factory=list)
    answers: list[tuple[list[float], dict]] = field(default_factory=list)

    def drag(self, until: float, expected: "Expected") -> None:
        """Ticks until the clock says `until`; what came is looked at later, as this machine serves, too."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)
        session = f"load{self.number}"
        step = 0
        while time.monotonic() < until:
            step += 1
            weights = expected.weights(self.number, step)
            began = time.perf_counter()
            value = self._ask(connection, session, weights)
            self.times.append(time.perf_counter() - began)
            self.answers.append((weights, value))
            time.sleep(PAUSE)
        connection.close()

    def _ask(self, connection: http.client.HTTPConnection, session: str, weights: list[float]) -> dict:
        body = {
            "data": [None, *weights, "digits", 0, False],
            "fn_index": self.listener,
            "session_hash": session,
        }
        headers = {"Content-Type": "application/json"}
        connection.request("POST", "/gradio_api/run/predict", json.dumps(body), headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"HTTP {answer.status}: {content[:200]!r}")
        return json.loads(content)["data"][0]


class Expected:
    """What the answers must be, computed here with the core before the clock starts."""

    def __init__(self, users: int, steps: int = 8) -> None:
        from app import models, pictures
        from app.pictures import encoding
        from app.views.interpolate.compute import blends
        from app.views.interpolate.standing import Standing

        self.steps = steps
        self.known = {}
        for user in range(users):
            for step in range(steps):
                weights = self.weights(user, step)
                with models.one_core():
                    *pair, _ = blends(Standing(pictures.examples("digits"), tuple(weights[:2])))
                self.known[tuple(weights)] = [
                    encoding.to_pixels(picture)[0, ..., 0].astype(int) for picture in pair
                ]

    def weights(self, user: int, step: int) -> list[float]:
        """Weights that no other visitor asks for."""
        return [round(0.2 + 0.013 * user, 3), round(0.5 + 0.05 * (step % self.steps), 2), 0.0, 0.0]

    def mistakes(self, weights: list[float], value: dict) -> list[str]:
        """What is wrong with an answer, in words; nothing if it belongs to the question."""
        packed = value["pictures"]
        pixels = np.frombuffer(base64.b64decode(packed["bytes"]), np.uint8).astype(int).reshape(2, 32, 32)
        worst = max(np.abs(a - b).max() for a, b in zip(pixels, self.known[tuple(weights)]))
        asked = f"{weights[0]:.2f} x₁ + {weights[1]:.2f} x₂"
        if worst > TOLERANCE or value["notes"][1] != asked:
            return [f"asked for {asked}, got {value['notes'][1]}, off by {worst} levels"]
        return []


def page(url: str, accepts: str = "gzip, br") -> bytes:
    """The first page as it goes over the wire."""
    request = urllib.request.Request(url, headers={"Accept-Encoding": accepts})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


def listener_of(url: str) -> int:
    """Number of the listener that answers a weight's slider where the browser does not, from the page's configuration."""
    with urllib.request.urlopen(url + "config", timeout=30) as answer:
        config = json.load(answer)
    (relay,) = (c["id"] for c in config["components"] if c["props"].get("elem_id") == "interpolate-relay")
    for listener in config["dependencies"]:
        if listener["backend_fn"] and [relay, "input"] in listener["targets"]:
            return listener["id"]
    raise RuntimeError("no listener answers the sliders of Interpolate")


def measure(url: str, users: int, seconds: float, expected: Expected) -> list[Visitor]:
    """All visitors at once for so many seconds, after one tick each that is not counted."""
    listener = listener_of(url)
    visitors = [Visitor(url, listener, number) for number in range(users)]
    until = time.monotonic() + seconds
    threads = [threading.Thread(target=visitor.drag, args=(until, expected)) for visitor in visitors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return visitors


def report(
    name: str, visitors: list[Visitor], limit: float, expected: Expected, spent: tuple[float, float]
) -> bool:
    """One line of the table; True if the limit holds and every answer belonged to its question.

    `spent`: seconds of a processor, of the server and of these visitors.
    """
    times = sorted(t for visitor in visitors for t in visitor.times[1:])
    mistakes = [found for v in visitors for answer in v.answers for found in expected.mistakes(*answer)]
    p95 = times[int(0.95 * (len(times) - 1))]
    ticks = sum(len(visitor.answers) for visitor in visitors)
    print(
        f"{name:>11}  {len(times):5d} ticks   p50 {1000 * statistics.median(times):6.1f} ms   "
        f"p95 {1000 * p95:6.1f} ms (at most {1000 * limit:.0f})   wrong answers {len(mistakes)}   "
        f"a tick costs the server {1000 * spent[0] / ticks:.1f} ms of a processor, its visitor {1000 * spent[1] / ticks:.1f}"
    )
    for mistake in mistakes[:3]:
        print("  ", mistake)
    return p95 <= limit and not mistakes


def processor(pid: int) -> float:
    """Seconds of a processor that a process has used (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> float:
    """Megabytes of memory that a process holds (Linux)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


# --- by script ----------------------------------------------------------------------------------------------
def crowd(url: str, count: int, first: int = 0) -> list[Any]:
    """Visitors who repeat what one page in a browser asked for."""
    from playwright.sync_api import sync_playwright

    from tests.browser.visits import launched
    from tests.crowd import Visitor, recorded

    with sync_playwright() as api:
        browser = launched(api)
        visit = recorded(browser, url)
        browser.close()
    return [Visitor(url, visit, first + k, random.Random(first + k)) for k in range(count)]


def print_drag(url: str, pid: int, options: argparse.Namespace) -> bool:
    expected = Expected(options.users)
    print(f"first page over the wire {len(page(url)) / 1000:.0f} kB (at most 250)")
    measure(url, 1, 1.0, expected)  # the model is loaded by the first visitor
    good = True
    for users, limit in ((1, 0.150), (options.users, 0.070)):
        before, mine = processor(pid), time.process_time()
        visitors = measure(url, users, options.seconds, expected)
        spent = processor(pid) - before, time.process_time() - mine
        good = report(f"{users} visitors", visitors, limit, expected, spent) and good
    return good


def print_memory(url: str, pid: int, options: argparse.Namespace) -> bool:
    from tests.crowd import one_by_one

    visitors = crowd(url, WARM + options.visitors)
    one_by_one(visitors[:WARM])
    held, middle = [resident(pid)], WARM + options.visitors // 2
    for some in (visitors[WARM:middle], visitors[middle:]):
        one_by_one(some)
        held.append(resident(pid))
    grown = held[-1] - held[0]
    for visitor in visitors:
        visitor.leave()
    mistakes = [mistake for visitor in visitors for mistake in visitor.mistakes]
    print(
        f"{options.visitors} visitors: the server grew from {held[0]:.0f} by {grown:.0f} MB (at most 80), "
        f"{held[1] - held[0]:.0f} of it in the first half, "
        f"{1000 * grown / options.visitors:.0f} kB each (at most 150); errors {len(mistakes)}"
    )
    return grown <= 80 and not mistakes


def print_engine(url: str, pid: int, options: argparse.Namespace) -> bool:
    from tests.crowd import one_by_one, together

    visitors = crowd(url, WARM + options.crowd)
    one_by_one(visitors[:WARM])
    before, began = processor(pid), time.perf_counter()
    together(visitors[WARM:], options.spread, options.choices, options.pause)
    took, spent = time.perf_counter() - began, processor(pid) - before
    good = True
    for name, limit in (("settles", 1.0), ("choices", None), ("openings", None)):
        times = sorted(t for visitor in visitors[WARM:] for t in getattr(visitor, name))
        p50, p95 = (times[int(part * (len(times) - 1))] for part in (0.5, 0.95))
        print(
            f"{len(times):5d} {name:8}  p50 {1000 * p50:6.0f} ms   p95 {1000 * p95:6.0f} ms"
            + (f" (at most {1000 * limit:.0f})" if limit else "")
        )
        good = good and (limit is None or p95 <= limit)
    mistakes = [mistake for visitor in visitors for mistake in visitor.mistakes]
    print(f"{took:.0f} s, {spent / took:.2f} of a core for the server; errors {len(mistakes)}")
    for mistake in mistakes[:3]:
        print("  ", mistake)
    return good and not mistakes


PRINTED = {"drag": print_drag, "memory": print_memory, "engine": print_engine}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__.split("\n")[0])
    asked(parser, "what", PRINTED, ["drag"])
    for name, default, said in (
        ("users", 30, "of drag: visitors at once"),
        ("seconds", 10.0, "of drag: of each of the two runs"),
        ("visitors", 500, "of memory: how many come"),
        ("crowd", 300, "of engine: how many come"),
        ("spread", 120.0, "of engine: seconds within which they come"),
        ("choices", 3, "of engine: pictures that each chooses"),
        ("pause", 60.0, "of engine: seconds between two of them"),
    ):
        said = f"{said} (default {default})"
        parser.add_argument(f"--{name}", type=type(default), default=default, help=said)
    options = parser.parse_args(argv)
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, loopback")
    good = True
    for what in options.what:
        with running() as lab:
            good = PRINTED[what](lab.url, lab.process, options) and good
        print(f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
