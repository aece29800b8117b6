"""A class answers: `python -m tests.classes [--rooms 10] [--students 300]`.

Starts the lab in a process of its own on this machine, opens the rooms, lets all students join, ask every two seconds where
their teacher is, and guess at one stop within the same second, as a class does; each teacher counts the bars meanwhile.
Prints p50 and p95 of a confirmed guess, the slowest, and how many guesses the rooms hold: none may be lost.
"""

import argparse
import http.client
import json
import os
import platform
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tests.server import start

SPREAD = 1.0  # seconds within which all guess
EVERY = 2.0  # seconds between two questions of a student
IDLE = 3.0  # seconds after which a connection is no longer trusted; the server drops it after 5
ROUNDS = 3  # stops that are guessed at


@dataclass
class Page:
    """A browser's requests: one kept connection."""

    place: str
    times: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._connection, self._used = http.client.HTTPConnection(self.place, timeout=60), 0.0

    def ask(self, name: str, **content: object) -> dict:
        """The answer; RuntimeError where it is refused."""
        if time.monotonic() - self._used > IDLE:  # as a browser does: the next request opens it again
            self._connection.close()
        headers = {"Content-Type": "application/json"}
        self._connection.request("POST", f"/lab-class/{name}", json.dumps(content), headers)
        reply = self._connection.getresponse()
        found, self._used = json.loads(reply.read()), time.monotonic()
        if reply.status != 200:
            raise RuntimeError(f"{name}: {found}")
        return found


def student(page: Page, code: str, number: int, begin: threading.Barrier, share: float) -> None:
    """Joins, and in every round guesses once and asks where the teacher is."""
    seat = {"code": code, "member": page.ask("join", code=code)["member"]}
    for stop in range(ROUNDS):
        begin.wait()
        time.sleep(share * SPREAD)
        began = time.perf_counter()
        page.ask("guess", **seat, stop=f"s{stop}", guess=str(1 + number % 3))
        page.times.append(time.perf_counter() - began)
        page.ask("follow", **seat)
        time.sleep(EVERY - SPREAD)


def teacher(page: Page, room: dict, done: threading.Event) -> None:
    """Looks at the bars every second."""
    while not done.wait(1.0):
        page.ask("counts", **room, stop="s0")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.classes", description=__doc__.splitlines()[0])
    parser.add_argument("--rooms", type=int, default=10)
    parser.add_argument("--students", type=int, default=300)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LINEARIZER_ROOMS"] = folder
        process, url = start(Path(folder) / "lab.log")
        try:
            sys.exit(_measured(urlsplit(url).netloc, asked.rooms, asked.students))
        finally:
            process.kill()


def _measured(place: str, count: int, students: int) -> int:
    head, done, begin = Page(place), threading.Event(), threading.Barrier(students)
    rooms = [head.ask("open", lesson="tour") for _ in range(count)]
    pages = [Page(place) for _ in range(students)]
    work = [
        threading.Thread(target=student, args=(page, rooms[i % count]["code"], i, begin, i / students))
        for i, page in enumerate(pages)
    ]
    watching = [threading.Thread(target=teacher, args=(Page(place), room, done)) for room in rooms]
    for thread in (*watching, *work):
        thread.start()
    for thread in work:
        thread.join()
    done.set()
    times = sorted(t for page in pages for t in page.times)
    counted = [head.ask("counts", **room, stop=f"s{stop}") for room in rooms for stop in range(ROUNDS)]
    kept = sum(sum(found["bars"].values()) for found in counted)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{students} students in {count} rooms, {ROUNDS} stops, all guesses within {SPREAD:g} s")
    p95 = times[int(0.95 * len(times))] if times else float("nan")
    p50, slowest = statistics.median(times), times[-1]
    print(f"a guess is confirmed: p50 {1000 * p50:.0f} ms, p95 {1000 * p95:.0f} ms, slowest {slowest:.2f} s")
    print(f"guesses confirmed {len(times)} of {students * ROUNDS}, in the rooms {kept}")
    return 0 if kept == len(times) == students * ROUNDS and times[-1] < 1 else 1


if __name__ == "__main__":
    main()
