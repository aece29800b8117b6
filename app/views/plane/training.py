"""Training while the visitor watches: who may train now, who waits, what is sent, what is kept of it afterwards.

A training runs in a thread of its own and leaves its latest weights where the visitor's generator finds them; a slow
connection never slows it. Whoever closes the page stops asking, and after `PATIENCE` seconds loses the place.
"""

import base64
import os
import re
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from app.views.plane import compute as planes
from app.views.plane import words
from linearizer_core import checkpoints
from linearizer_core.data.point_sets import MOST_CLASSES, VIEW, generated, own_points
from linearizer_core.data.sets import Dataset
from linearizer_core.models.generator import Generator
from linearizer_core.recipes import (
    PlaneCheckerboard,
    PlaneMoons,
    PlanePoints,
    PlaneRecipe,
    PlaneRings,
    PlaneSpiral,
)
from linearizer_core.training import train

AT_ONCE = max(
    1, (os.cpu_count() or 1) // 2
)  # trainings that run side by side; half of the cores is for the others
LINE = 12  # people who may wait
PATIENCE = 6.0  # seconds without a sign of the visitor after which the place is free
EVERY = 0.15  # seconds between two pictures of the grid
STEPS, LONGEST = 1500, 90.0  # steps of a training, and the seconds after which it ends in any case
MOST_DRAWN = 4000  # points that a visitor may send
KEPT = 64  # trained planes that are remembered for the laws and the program
TOKEN = re.compile(r"[0-9a-f-]{16,40}")
RECIPES: dict[str, type[PlaneRecipe]] = {
    "moons": PlaneMoons,
    "rings": PlaneRings,
    "spiral": PlaneSpiral,
    "checkerboard": PlaneCheckerboard,
}


class Ticket:
    """A visitor in the hall: when it was last seen, and whether its training is to end."""

    def __init__(self) -> None:
        self.seen = time.monotonic()
        self.stop = threading.Event()

    @property
    def stale(self) -> bool:
        """Whether the visitor has gone."""
        return time.monotonic() - self.seen > PATIENCE


class Hall:
    """`at_once` tickets train, the others wait in the order in which they came.

    >>> hall = Hall(at_once=1, line=1)
    >>> first, second = hall.enter("a" * 16), hall.enter("b" * 16)
    >>> hall.place(first), hall.place(second)
    (0, 1)
    >>> hall.leave("a" * 16); hall.place(second)
    0
    """

    def __init__(self, at_once: int, line: int) -> None:
        self.at_once, self.line = at_once, line
        self._tickets: OrderedDict[str, Ticket] = OrderedDict()
        self._door = threading.Lock()

    def enter(self, token: str) -> Ticket:
        """A ticket at the end of the line; ValueError with a sentence where the line is full or the token taken."""
        with self._door:
            self._clear()
            if len(self._tickets) >= self.at_once + self.line or token in self._tickets:
                raise ValueError(words.TRAIN_FULL)
            self._tickets[token] = ticket = Ticket()
        return ticket

    def place(self, ticket: Ticket) -> int:
        """How many trainings must end before this one begins, 0 where it may run; also a sign that the visitor is there."""
        with self._door:
            ticket.seen = time.monotonic()
            self._clear()
            tickets = list(self._tickets.values())
            return max(0, tickets.index(ticket) + 1 - self.at_once) if ticket in tickets else 0

    def holds(self, token: str) -> bool:
        """Whether this training waits or runs."""
        with self._door:
            return token in self._tickets

    def leave(self, token: str) -> None:
        """Frees the place, if it is still taken."""
        with self._door:
            self._tickets.pop(token, None)

    def stop(self, token: object) -> None:
        """Ends the training with this token, if there is one."""
        with self._door:
            if isinstance(token, str) and token in self._tickets:
                self._tickets[token].stop.set()

    def _clear(self) -> None:
        for token in [token for token, ticket in self._tickets.items() if ticket.stale]:
            self._tickets.pop(token).stop.set()


HALL = Hall(AT_ONCE, LINE)
_kept: OrderedDict[str, Generator] = OrderedDict()
_keeping = threading.Lock()


def kept(token: str) -> Generator:
    """The plane that was trained under this token; ValueError with a sentence where it is no longer kept."""
    with _keeping:
        if token not in _kept:
            raise ValueError(words.PLANE_GONE)
        return _kept[token]


def _keep(token: str, model: Generator) -> None:
    with _keeping:
        _kept[token] = model
        while len(_kept) > KEPT:
            _kept.popitem(last=False)


@dataclass
class Training:
    """A training in its thread: its newest picture, and at the end its model and files."""

    recipe: PlaneRecipe
    dataset: Dataset
    ticket: Ticket
    newest: dict | None = None
    model: Generator | None = None
    files: dict[str, str] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)

    def run(self) -> None:
        """Trains in a folder that is thrown away; where it fails, `model` stays None and the log has the rest."""
        with tempfile.TemporaryDirectory() as folder:
            self._train(Path(folder))

    def _train(self, folder: Path) -> None:
        began = shown = time.monotonic()

        def progress(step: int, figures: dict[str, float]) -> None:
            self.figures = figures

        def watch(step: int, model: nn.Module) -> bool:
            nonlocal shown
            now = time.monotonic()
            if now - shown > EVERY:
                shown = now
                self.newest = {"step": step, "plane": planes.network_payload(model)}
            return not self.ticket.stop.is_set() and not self.ticket.stale and now - began < LONGEST

        model = train(self.recipe, self.dataset, folder, progress=progress, watch=watch)
        model.requires_grad_(False)
        figures = {name: round(value, 4) for name, value in self.recipe.report(model, self.dataset).items()}
        note = {"command": "trained in the lab", "seconds": round(time.monotonic() - began, 1)}
        checkpoints.save(folder, self.recipe, model, figures, note)
        names = (checkpoints.WEIGHTS, checkpoints.CONFIG)
        self.files = {name: base64.b64encode((folder / name).read_bytes()).decode() for name in names}
        self.model = model


def asked(data: object) -> tuple[str, PlaneRecipe, Dataset]:
    """Token, recipe and data set that a browser asks for; ValueError (or DataError) with a sentence."""
    token, name = getattr(data, "run", None), getattr(data, "set", None)
    if not isinstance(token, str) or not TOKEN.fullmatch(token):
        raise ValueError(words.TRAIN_UNKNOWN)
    if name in RECIPES:
        return token, RECIPES[name](steps=STEPS, evaluate_every=STEPS), generated(name)
    if name != "own":
        raise ValueError(words.TRAIN_UNKNOWN)
    points, labels = drawn(getattr(data, "points", None), getattr(data, "labels", None))
    classes = int(labels.max()) + 1
    recipe = PlanePoints(classes=classes, depth=12, steps=STEPS, evaluate_every=STEPS)
    return token, recipe, own_points(points, labels, classes)


def drawn(points: object, labels: object) -> tuple[Tensor, Tensor]:
    """Points (N, 2) and labels (N,) counted from 0 without gaps, in the order of the first; ValueError with a sentence."""
    if not isinstance(points, list) or not isinstance(labels, list) or not 10 <= len(labels) <= MOST_DRAWN:
        raise ValueError(words.train_points(MOST_DRAWN))
    try:
        x = torch.tensor(points, dtype=torch.float32).reshape(-1, 2)
        found = torch.tensor(labels)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise ValueError(words.train_points(MOST_DRAWN)) from error
    if found.shape != x.shape[:1] or found.dtype != torch.int64 or not torch.isfinite(x).all():
        raise ValueError(words.train_points(MOST_DRAWN))
    if found.min() < 0 or found.max() >= MOST_CLASSES or (found.unique(return_counts=True)[1] < 5).any():
        raise ValueError(words.train_points(MOST_DRAWN))
    order = torch.randperm(
        len(x), generator=torch.Generator().manual_seed(0)
    )  # every fifth is kept for testing
    return x[order].clamp(-VIEW, VIEW), found.unique(return_inverse=True)[1][order]


def stream(data: object) -> Iterator[dict]:
    """What the trainer shows, picture by picture: the place in the line, the bending grid, at the end the files."""
    try:
        token, recipe, dataset = asked(data)
        ticket = HALL.enter(token)
    except ValueError as error:
        yield {"phase": "refused", "text": str(error)}
        return
    training = Training(recipe, dataset, ticket)
    try:
        yield from _wait(token, ticket)
        cloud = planes.points_payload(*_cloud(dataset))
        for newest in _newest(training):
            yield _picture(token, training, newest, cloud)
            cloud = {}
    finally:
        stopped = ticket.stop.is_set()
        ticket.stop.set()
        HALL.leave(token)
    yield _end(token, training, stopped, cloud)


def _wait(token: str, ticket: Ticket) -> Iterator[dict]:
    told = 0
    while (before := HALL.place(ticket)) and not ticket.stop.is_set():
        if before != told:
            told = before
            yield {"run": token, "phase": "waiting", "place": before, "text": words.train_waiting(before)}
        time.sleep(EVERY)


def _newest(training: Training) -> Iterator[dict]:
    """Runs the training, and gives its newest picture whenever there is one."""
    thread, shown = threading.Thread(target=training.run, daemon=True), None
    thread.start()
    while thread.is_alive():
        thread.join(EVERY)
        HALL.place(training.ticket)  # a sign of life
        if training.newest is not shown:
            shown = training.newest
            yield shown


def _cloud(dataset: Dataset) -> tuple[Tensor, Tensor]:
    """At most as many points as the shipped planes show."""
    return dataset.train_images[: planes.POINTS], dataset.train_labels[: planes.POINTS]


def _picture(token: str, training: Training, newest: dict, cloud: dict) -> dict:
    step, steps = newest["step"], training.recipe.steps
    text = words.train_step(step, steps, training.figures.get("bending", 0.0))
    return {
        "run": token,
        "phase": "training",
        "step": step,
        "steps": steps,
        "text": text,
        "plane": newest["plane"] | cloud,
    }


def _end(token: str, training: Training, stopped: bool, cloud: dict) -> dict:
    if training.model is None:
        return {"run": token, "phase": "refused", "text": words.TRAIN_FAILED}
    _keep(token, training.model)
    return {
        "run": token,
        "phase": "stopped" if stopped else "done",
        "text": words.TRAIN_STOPPED if stopped else words.TRAIN_DONE,
        "plane": planes.network_payload(training.model) | cloud,
        "files": training.files,
    }
