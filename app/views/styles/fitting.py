"""Fit to this photo: the shipped g and styles, trained on for one visitor's photo by the one training loop."""

from __future__ import annotations

import dataclasses
import os
import queue
import secrets
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import torch
from PIL import Image

from app import models
from app.pictures import photos
from app.views.styles import compute as styling
from linearizer_core import checkpoints
from linearizer_core.models.styles import Styles
from linearizer_core.training import train

SECONDS = 180.0
STEPS = 300  # of the schedule; the clock ends it earlier on a slow machine
KEPT = 4  # fitted models in memory, 11 MB each

_fitted: OrderedDict[str, Styles] = OrderedDict()
_door = threading.Lock()


def folder() -> Path | None:
    """Where the teachers lie: `--teachers`; None where there is none."""
    place = os.environ.get("LINEARIZER_TEACHERS")
    return Path(place) if place else None


def possible() -> bool:
    """Whether every style of the shipped model has its teacher here."""
    place = folder()
    return place is not None and all((place / f"{name}.onnx").is_file() for name in styling.names())


def model(key: str) -> Styles:
    """The shipped model, or one that somebody fitted; the shipped one where that is gone."""
    with _door:
        found = _fitted.get(key)
    return found if found is not None else models.model(styling.MODEL)


class Step(NamedTuple):
    """How far a fit is: share of the time, seconds, and at its end the key of the model."""

    share: float
    seconds: float
    key: str = ""


def fit(photo: str, stop: threading.Event, seconds: float = SECONDS) -> Iterator[Step]:
    """Trains on one photo until the time is over or `stop` is set; the last `Step` has the key of what was learned.

    Raises what training raises. Somebody who goes away ends the training too.
    """
    steps: queue.Queue[Step | Exception] = queue.Queue()
    started = time.monotonic()

    def watch(step: int, trained: torch.nn.Module) -> bool:
        passed = time.monotonic() - started
        share = max(passed / seconds, step / STEPS)
        steps.put(Step(min(share, 1.0), passed))
        return not stop.is_set() and share < 1

    def work() -> None:
        try:
            found = _train(photo, watch)
            key = secrets.token_hex(8)
            with _door:
                _fitted[key] = found
                while len(_fitted) > KEPT:
                    _fitted.popitem(last=False)
            steps.put(Step(1.0, time.monotonic() - started, key))
        except Exception as error:  # raised again where the visitor waits
            steps.put(error)

    threading.Thread(target=work, daemon=True).start()
    try:
        while True:
            step = steps.get()
            while not steps.empty() and not isinstance(step, Exception) and not step.key:
                step = steps.get()
            if isinstance(step, Exception):
                raise step
            yield step
            if step.key:
                return
    finally:
        stop.set()


def _train(photo: str, watch) -> Styles:
    shipped = checkpoints.read_config(styling.MODEL).recipe
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "photo.png"
        Image.fromarray(photos.pixels(photo)).save(file)
        teacher = tuple(f"{name}={name}.onnx" for name in shipped.learned)
        recipe = dataclasses.replace(shipped.for_one_photo(), photo=str(file), teacher=teacher, steps=STEPS)
        dataset = recipe.dataset(str(folder()))
        with torch.inference_mode(False), torch.enable_grad():
            found = train(
                recipe, dataset, Path(place), start_from=checkpoints.ASSETS / styling.MODEL, watch=watch
            )
    return found.requires_grad_(False)
