"""A class answers: `python -m tests.classes [--rooms 10] [--students 300] [--crash]`.

Starts the lab in a process of its own on this machine, opens the rooms, lets all students join, ask every two seconds where
their teacher is, and guess at one stop within the same second, as a class does; each teacher counts the bars meanwhile.
With `--crash` the lab is killed (SIGKILL) while they guess and started again; pages ask again until they are answered.
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
class Lab:
    """The lab, which may be killed and started again elsewhere."""

    folder: Path
    place: str = ""

    def start(self) -> None:
        self.process, url = start(self.folder / "lab.log", more=("--rooms", str(self.folder)))
        self.place = urlsplit(url).netloc

    def crash(self) -> None:
        """As by `kill -9`, in the middle of what is asked; then it is there again."""
        self.process.kill()
        self.process.wait()
        self.start()


@dataclass
class Page:
    """A browser's requests: one kept connection."""

    lab: Lab
    times: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._connection, self._used = None, 0.0

    def ask(self, name: str, **content: object) -> dict:
        """The answer, however often it must be asked for; RuntimeError where it is refused."""
        while True:
            try:
                return self._answer(name, content)
            except (OSError, http.client.HTTPException):  # nobody there: as the page does, ask again
                self._connection = None
                time.sleep(0.2)

    def _answer(self, name: str, content: dict) -> dict:
        if self._connection is None or time.monotonic() - self._used > IDLE:  # as a browser does
            self._connection = http.client.HTTPConnection(self.lab.place, timeout=60)
        headers = {"Content-Type": "application/json"}
        self._connection.request("POST", f"/lab-class/{name}", json.dumps(content), headers)
        reply = self._connection.getresponse()
        found, self._used = json.loads(reply.read()), time.monotonic()
        if reply.status != 200:
            busy = reply.status == 503  # as the page does, ask again
            raise ConnectionError(found) if busy else RuntimeError(f"{name}: {found}")
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
    parser.add_argument(
        "--crash", action="store_true", help="kill the lab while they guess, and start it again"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(Path(folder))
        lab.start()
        try:
            sys.exit(_measured(lab, asked.rooms, asked.students, asked.crash))
        finally:
            lab.process.kill()


def _measured(lab: Lab, count: int, students: int, crash: bool) -> int:
    head, done, begin = Page(lab), threading.Event(), threading.Barrier(students)
    rooms = [head.ask("open", lesson="tour") for _ in range(count)]
    pages = [Page(lab) for _ in range(students)]
    work = [
        threading.Thread(target=student, args=(page, rooms[i % count]["code"], i, begin, i / students))
        for i, page in enumerate(pages)
    ]
    watching = [threading.Thread(target=teacher, args=(Page(lab), room, done)) for room in rooms]
    for thread in (*watching, *work):
        thread.start()
    if crash:
        while sum(len(page.times) for page in pages) < students // 2:
            time.sleep(0.01)
        lab.crash()
    for thread in work:
        thread.join()
    done.set()
    times = sorted(t for page in pages for t in page.times)
    counted = [head.ask("counts", **room, stop=f"s{stop}") for room in rooms for stop in range(ROUNDS)]
    kept = sum(sum(found["bars"].values()) for found in counted)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{students} students in {count} rooms, {ROUNDS} stops, all guesses within {SPREAD:g} s")
    if crash:
        print("the lab was killed while they guessed, and started again")
    p50, p95, slowest = statistics.median(times), times[int(0.95 * len(times))], times[-1]
    print(f"a guess is confirmed: p50 {1000 * p50:.0f} ms, p95 {1000 * p95:.0f} ms, slowest {slowest:.2f} s")
    print(f"guesses confirmed {len(times)} of {students * ROUNDS}, in the rooms {kept}")
    return 0 if kept == len(times) == students * ROUNDS and (crash or slowest < 1) else 1


if __name__ == "__main__":
    main()
