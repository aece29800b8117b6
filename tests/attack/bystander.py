"""A visitor who drags while the lab is attacked, and whose pictures must stay right."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

import numpy as np

from tests.attack.lab import Lab

FIRST = 5  # ticks until the model is there
LEVEL = 2 / 255  # by which a picture may differ: it is decoded in company
DRAWN = [["digits:318", "digits:913"], [0.5, 0.5], "digits", 0.0]  # what is dragged: a blend of two digits


@dataclass
class Bystander:
    """A visitor who drags: blends of digits, each answer compared with the one that quiet gave."""

    lab: Lab
    times: list[float] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)
    known: dict[int, np.ndarray] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)

    def tick(self, step: int) -> None:
        weight = (step % 8) / 8
        call = {"data": [DRAWN[0], [weight, 1 - weight], *DRAWN[2:]]}
        began = time.perf_counter()
        answer = self.lab.post("/gradio_api/run/interpolate", json.dumps(call).encode())
        self.times.append(time.perf_counter() - began)
        try:
            came = np.array(json.loads(answer.said.partition(b"\r\n\r\n")[2])["data"][0]["induced"])
            wrong = np.abs(came - self.known.setdefault(step % 8, came)).max() > LEVEL
        except (ValueError, KeyError, TypeError):
            wrong = True
        if wrong:
            self.mistakes.append(f"tick {step}: {answer.status} {answer.said[:80]!r}")

    def drag(self) -> None:
        step = 0
        while not self.stop.is_set():
            self.tick(step := step + 1)
            time.sleep(0.1)


def meanwhile(visitor: Bystander, work: Callable[[], None]) -> Bystander:
    """The visitor, who dragged while the work was done."""
    visitor.stop.clear()
    thread = threading.Thread(target=visitor.drag)
    thread.start()
    try:
        work()
    finally:
        visitor.stop.set()
        thread.join()
    return visitor


def watch(lab: Lab, line: Connection) -> None:
    """In a process of its own, which waits for nobody here: drags until somebody speaks, then tells of every tick."""
    visitor, told, step = Bystander(lab), [], 0
    while not line.poll():
        visitor.tick(step := step + 1)
        if step == FIRST:
            line.send("here")
        told.append((time.monotonic(), visitor.times[-1]))
        time.sleep(0.1)
    line.send((told, visitor.mistakes))
