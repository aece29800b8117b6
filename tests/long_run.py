"""A long day: `python -m tests.long_run [--visitors 2000] [--events 20] [--pages 100]`.

So many pages stay open, as browsers keep them, while visitors come one after the other, each with a session of its own that
sends what the page sends: a view is opened, its controls are moved. Some upload a picture. Prints how memory and disk have
grown, and every error; with fewer visitors also what the whole number would need.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from app.serving import traffic
from tests.attack.lab import Lab, multipart
from tests.server import running

VISITORS, EVENTS, PAGES = 2000, 20, 100
AT_ONCE = 6  # visitors
QUICK = 0.5  # seconds: what takes longer with nobody else here is no move of a hand
MEGABYTES, DISK = 150.0, 100.0  # by which a day may grow
UPLOADS = 20  # every so many visitors one uploads
RENEWED = 500  # sessions that Gradio keeps (app.shell.SESSIONS): until then each new one costs


@dataclass
class Day:
    """What came of the events: how many, and what was wrong."""

    lab: Lab
    values: dict[int, list]
    arrival: int
    moves: list[int] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    count: int = 0

    def event(self, session: str, number: int) -> bool:
        """One listener asked, as the page would; whether it answered."""
        call = {"data": self.values[number], "fn_index": number, "session_hash": session}
        answer = self.lab.post("/gradio_api/run/predict", json.dumps(call).encode())
        self.count += 1
        if answer.status != 200:
            self.errors[f"listener {number}: {answer.status} {answer.said[-160:]!r}"] += 1
        return answer.status == 200

    def visit(self, number: int, events: int) -> None:
        """One visitor: the page, so many events, perhaps a picture."""
        chance = random.Random(number)
        self.event(f"day{number}", self.arrival)  # only then do views open
        for _ in range(events - 1):
            self.event(f"day{number}", chance.choice(self.moves))
        if number % UPLOADS == 0:
            content = chance.randbytes(20_000)
            if (answer := self.lab.post(traffic.UPLOAD, *multipart([("photo.png", content)]))).status != 200:
                self.errors[f"upload: {answer.status} {answer.said[-100:]!r}"] += 1


def asked_by(url: str) -> tuple[dict[int, list], int]:
    """Number of each listener that is asked directly, to the values that its controls have on a fresh page; and of the one
    that is asked when a page is there.
    """
    with urllib.request.urlopen(f"{url}config", timeout=60) as answer:
        config = json.load(answer)
    shown = {component["id"]: component["props"].get("value") for component in config["components"]}
    direct = [
        each
        for each in config["dependencies"]
        if each["backend_fn"] and not each["queue"] and each["api_visibility"] == "private"
    ]
    (arrival,) = (each["id"] for each in direct if each["targets"][0][1] == "load")
    return {each["id"]: [shown.get(one) for one in each["inputs"]] for each in direct}, arrival


def choose(day: Day) -> None:
    """Ask every listener twice: the second time says whether it is a move of a hand. What these ask for is now loaded."""
    day.event("first", day.arrival)
    for number in day.values:
        day.event("first", number)
        began = time.perf_counter()
        if day.event("first", number) and time.perf_counter() - began < QUICK:
            day.moves.append(number)
    day.errors.clear()  # a control that is empty on a fresh page says so
    day.count = 0


def keep_open(url: str, number: int, stop: threading.Event) -> None:
    """An open page: its heartbeat is read until the day ends."""
    with urllib.request.urlopen(url, timeout=60) as answer:
        answer.read()
    with urllib.request.urlopen(f"{url}gradio_api/heartbeat/open{number}", timeout=120) as answer:
        while not stop.is_set() and answer.readline():
            pass


def on_disk(folder: Path) -> float:
    """Megabytes in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20


def run(day: Day, visitors: int, events: int, folder: Path) -> tuple[float, float, list[float]]:
    """Growth of memory and disk in MB, and the memory after each tenth of the visitors."""
    before, lying, course = day.lab.megabytes(), on_disk(folder), []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for tenth in range(10):
            part = range(tenth * visitors // 10, (tenth + 1) * visitors // 10)
            list(pool.map(lambda number: day.visit(number, events), part))
            course.append(day.lab.megabytes() - before)
            print(
                f"{part.stop:6d} visitors  {course[-1]:+7.1f} MB  disk {on_disk(folder) - lying:6.1f} MB",
                flush=True,
            )
    return course[-1], on_disk(folder) - lying, course


def report(
    day: Day, options: argparse.Namespace, grown: float, disk: float, course: list[float], seconds: float
) -> bool:
    errors = sum(day.errors.values())
    print(
        f"{options.visitors} visitors of {options.events} events, {options.pages} open pages: {seconds:.0f} s, "
        f"{day.count / seconds:.0f} events a second; memory {grown:+.0f} MB (at most {MEGABYTES:.0f}), "
        f"disk {disk:+.0f} MB (at most {DISK:.0f}), errors {errors} (none)"
    )
    for said, count in day.errors.most_common(5):
        print(f"   {count} times: {said}")
    if options.visitors < VISITORS:
        each = grown / options.visitors
        sessions = min(RENEWED, VISITORS) / min(RENEWED, options.visitors)
        more = VISITORS / options.visitors
        print(
            f"   {VISITORS} visitors would take {seconds * more:.0f} s, about {grown * sessions:.0f} MB of memory "
            f"({1000 * each:.0f} kB each for the first {RENEWED}), {disk * more:.0f} MB of disk"
        )
    return errors == 0 and grown <= MEGABYTES and disk <= DISK


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.long_run", description=__doc__.split("\n")[0])
    for name, default in (("--visitors", VISITORS), ("--events", EVENTS), ("--pages", PAGES)):
        parser.add_argument(name, type=int, default=default, help="default %(default)s")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GRADIO_TEMP_DIR"] = folder
        with running() as lab:
            good = lived(Day(Lab(lab.url, lab.process, lab.log), *asked_by(lab.url)), options, Path(folder))
    print(f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    return 0 if good else 1


def lived(day: Day, options: argparse.Namespace, uploads: Path) -> bool:
    """A day, told as it goes; whether all is as it should be."""
    choose(day)
    print(
        f"{len(day.moves)} of {len(day.values)} listeners take part; memory {day.lab.megabytes():.0f} MB",
        flush=True,
    )
    stop = threading.Event()
    for number in range(options.pages):
        threading.Thread(target=keep_open, args=(day.lab.url, number, stop), daemon=True).start()
    try:
        list(map(lambda number: day.visit(-number, options.events), range(1, AT_ONCE + 1)))
        print(
            f"with {options.pages} open pages and {AT_ONCE} visitors {day.lab.megabytes():.0f} MB", flush=True
        )
        began, day.count = time.perf_counter(), 0
        grown, disk, course = run(day, options.visitors, options.events, uploads)
        return report(day, options, grown, disk, course, time.perf_counter() - began)
    finally:
        stop.set()


if __name__ == "__main__":
    sys.exit(main())
