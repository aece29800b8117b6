"""Fit to this photo: the shipped g and styles, trained on for one visitor's photo by the one training loop."""

from __future__ import annotations

import dataclasses
import html
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import torch
from PIL import Image

from app import hall
from app import words as common
from app.hall import Ended, Running, Waiting, Watch
from app.pictures import photos
from app.views.styles import words
from app.views.styles.standing import MODEL, names
from app.views.styles.studio import FITTED, Studio
from linearizer_core import checkpoints
from linearizer_core.models.styles import Styles
from linearizer_core.training import train

SECONDS = 180.0
STEPS = 300  # of the schedule; the clock ends it earlier on a slow machine


def folder() -> Path | None:
    """Where the teachers lie: `--teachers`; None where there is none."""
    place = os.environ.get("LINEARIZER_TEACHERS")
    return Path(place) if place else None


def possible() -> bool:
    """Whether every style of the shipped model has its teacher here."""
    place = folder()
    return place is not None and all((place / f"{name}.onnx").is_file() for name in names())


class Step(NamedTuple):
    """How far a fit is: share of the time or of the steps, and seconds."""

    share: float
    seconds: float


def job_of(photo: str, seconds: float) -> Callable[[Watch], str]:
    """A job for the hall: trains on one photo, keeps what was learned, and returns its key."""

    def job(watch: Watch) -> str:
        began = time.monotonic()

        def seen(step: int, model: torch.nn.Module) -> bool:
            passed = time.monotonic() - began
            return watch(lambda: Step(min(1.0, max(passed / seconds, step / STEPS)), passed))

        key = secrets.token_hex(8)
        FITTED.put(key, Studio(_train(photo, seen), fitted=True, remembered=4))
        return key

    return job


def _train(photo: str, watch: Callable[[int, torch.nn.Module], bool]) -> Styles:
    shipped = checkpoints.read_config(checkpoints.ASSETS / MODEL).recipe
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "photo.png"
        Image.fromarray(photos.pixels(photo)).save(file)
        teacher = tuple(f"{name}={name}.onnx" for name in shipped.learned)
        recipe = dataclasses.replace(shipped.for_one_photo(), photo=str(file), teacher=teacher, steps=STEPS)
        dataset = recipe.dataset(str(folder()))
        recipe = dataclasses.replace(recipe, photo=file.name)  # no path of this server stays in it
        start = checkpoints.ASSETS / MODEL
        found = train(recipe, dataset, Path(place), start_from=start, watch=watch)
    return found.requires_grad_(False)


def stream(photo: str, visitor: str, seconds: float) -> Iterator[dict]:
    """What the view shows of a fit, by name: "fit", a sentence each time, and at the end "key", the model to use."""
    try:
        if not possible():
            raise ValueError(words.FIT_MISSING)
        photos.pixels(photo)  # is it still here?
        for news in hall.HALL.train(visitor, job_of(photo, seconds), seconds):
            yield _shown(news)
    except ValueError as error:
        yield {"fit": html.escape(str(error))}


def _shown(news: Waiting | Running | Ended) -> dict:
    match news:
        case Waiting(before):
            return {"fit": common.hall_waiting(before)}
        case Running(None):
            return {"fit": words.FIT_BEGINS}  # the teachers paint first, for some seconds
        case Running(step):
            return {"fit": words.fitting(step.share, step.seconds)}
        case Ended(began=False):
            return {"fit": words.FIT_LEFT}
    return {"fit": words.FIT_STOPPED if news.stopped else words.FIT_DONE, "key": news.result}
