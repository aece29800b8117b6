"""Latency of a tick, for one visitor and for a class: `python -m tests.load [--users 30] [--seconds 10]`.

Starts the lab in a process of its own on this machine, lets every visitor drag a weight of Interpolate (a
tick, its answer, a pause of 100 ms, the next tick), and prints p50 and p95. Every answer must belong to its
question: each visitor asks for other weights, and what comes back is compared with what the core computes.
"""

import argparse
import base64
import http.client
import json
import platform
import statistics
import sys
import tempfile
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from tests.server import start

PAUSE = 0.1  # seconds between an answer and the next tick
TOLERANCE = 2  # levels of 255 by which a picture may differ from the one computed here, one by one


@dataclass
class Visitor:
    """One visitor: a kept connection, a session, and the listener that follows the weights' sliders."""

    url: str
    listener: int
    number: int
    times: list[float] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)

    def drag(self, until: float, expected: "Expected") -> None:
        """Ticks until the clock says `until`."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)
        session = f"load{self.number}"
        step = 0
        while time.monotonic() < until:
            step += 1
            weights = expected.weights(self.number, step)
            began = time.perf_counter()
            value = self._ask(connection, session, weights)
            self.times.append(time.perf_counter() - began)
            self.mistakes += expected.mistakes(weights, value)
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


def page(url: str, accepts: str = "gzip") -> bytes:
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


def report(name: str, visitors: list[Visitor], limit: float) -> bool:
    """One line of the table; True if the limit holds and every answer belonged to its question."""
    times = sorted(t for visitor in visitors for t in visitor.times[1:])
    mistakes = [mistake for visitor in visitors for mistake in visitor.mistakes]
    p95 = times[int(0.95 * (len(times) - 1))]
    good = p95 <= limit and not mistakes
    print(
        f"{name:>9}  {len(times):5d} ticks   p50 {1000 * statistics.median(times):6.1f} ms   "
        f"p95 {1000 * p95:6.1f} ms (at most {1000 * limit:.0f})   wrong answers {len(mistakes)}"
    )
    for mistake in mistakes[:3]:
        print("  ", mistake)
    return good


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__.split("\n")[0])
    parser.add_argument("--users", type=int, default=30, help="visitors at once (default 30)")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each of the two runs (default 10)")
    options = parser.parse_args(argv)
    expected = Expected(options.users)
    with tempfile.TemporaryDirectory() as folder:
        process, url = start(Path(folder) / "server.log")
        try:
            print(
                f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, loopback"
            )
            print(f"first page over the wire {len(page(url)) / 1000:.0f} kB (at most 250)")
            measure(url, 1, 1.0, expected)  # the model is loaded by the first visitor
            alone = report("1 visitor", measure(url, 1, options.seconds, expected), 0.150)
            together = report(
                f"{options.users} visitors", measure(url, options.users, options.seconds, expected), 0.500
            )
        finally:
            process.terminate()
            process.wait(timeout=30)
    return 0 if alone and together else 1


if __name__ == "__main__":
    sys.exit(main())
