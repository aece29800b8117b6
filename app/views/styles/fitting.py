"""Fit to this photo: the shipped g and styles, trained on for one visitor's photo by the one training loop."""

from __future__ import annotations

import dataclasses
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from PIL import Image
from torch import Tensor

from app import hall
from app import words as common
from app.hall import Ended, Running, Waiting, Watch
from app.pictures import photos
from app.views.styles import archive, words
from app.views.styles.compute import paint
from app.views.styles.standing import MODEL, Mix, Standing, names
from app.views.styles.studio import Studio, keep, shipped
from app.widgets.tiles import tiles
from linearizer_core import checkpoints
from linearizer_core.models.styles import Styles
from linearizer_core.recipes.styles import PhotoStyles
from linearizer_core.training import train

SECONDS = 180.0
STEPS = 300  # of the schedule; the clock ends it earlier on a slow machine
EVERY = 10.0  # seconds between two pictures of a fit
MOST_SHOWN = 6  # of them at a time


def folder() -> Path | None:
    """Where the teachers lie: `--teachers`; None where there is none."""
    place = os.environ.get("LINEARIZER_TEACHERS")
    return Path(place) if place else None


def possible() -> bool:
    """Whether every style of the shipped model has its teacher here."""
    place = folder()
    return place is not None and all((place / f"{name}.onnx").is_file() for name in names())


class Step(NamedTuple):
    """How far a fit is: share of the time or of the steps, seconds, and the pictures so far with the seconds of each."""

    share: float
    seconds: float
    film: tuple[tuple[float, Tensor], ...] = ()


class Film:
    """What is made of the photo's preview: by the shipped model, where a fit starts, and by its own every ten seconds; the
    first picture and the newest are kept.
    """

    def __init__(self, photo: str, mix: Mix) -> None:
        self.photo, self.mix = photo, mix
        self.began: float | None = None
        self.pictures = ((0.0, self._painted(shipped())),)

    def look(self, seconds: float, model: Styles) -> None:
        """Paints if it is time; its seconds count from the first step, before which the teachers paint."""
        if self.began is None:
            self.began = seconds
        seconds -= self.began
        if seconds >= EVERY * (1 + self.pictures[-1][0] // EVERY):
            newest = (seconds, self._painted(Studio(model, remembered=1)))
            self.pictures = (*self.pictures[:1], *self.pictures[1:][2 - MOST_SHOWN :], newest)

    def _painted(self, studio: Studio) -> Tensor:
        return torch.nn.functional.avg_pool2d(paint(studio, self.photo, [self.mix]), 2)


def job_of(photo: str, mix: Mix, visitor: str, seconds: float) -> Callable[[Watch], str]:
    """A job for the hall: trains on one photo, keeps what was learned for the visitor's page, and returns its key."""

    def job(watch: Watch) -> str:
        began, film = time.monotonic(), Film(photo, mix)
        watch(lambda: Step(0.0, 0.0, film.pictures))  # seen while the teachers paint, which can take a minute

        def seen(step: int, model: torch.nn.Module) -> bool:
            passed = time.monotonic() - began
            film.look(passed, model)
            share = min(1.0, max(passed / seconds, step / STEPS))
            return watch(lambda: Step(share, passed, film.pictures))

        recipe, model = _train(photo, seen)
        note = {"command": "fitted in the lab", "seconds": round(time.monotonic() - began, 1)}
        made = Studio(model, fitted=True, remembered=4, archive=archive.packed(recipe, model, note))
        return keep(visitor, words.fitted_chip(photo), made)

    return job


def _train(photo: str, watch: Callable[[int, torch.nn.Module], bool]) -> tuple[PhotoStyles, Styles]:
    first = checkpoints.read_config(checkpoints.ASSETS / MODEL).recipe
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "photo.png"
        Image.fromarray(photos.pixels(photo)).save(file)
        teacher = tuple(f"{name}={name}.onnx" for name in first.learned)
        recipe = dataclasses.replace(first.for_one_photo(), photo=str(file), teacher=teacher, steps=STEPS)
        dataset = recipe.dataset(str(folder()))
        recipe = dataclasses.replace(recipe, photo=file.name)  # no path of this server stays in it
        start = checkpoints.ASSETS / MODEL
        found = train(recipe, dataset, Path(place), start_from=start, watch=watch)
    return recipe, found.requires_grad_(False)


def stream(photo: str, visitor: str, seconds: float, mix: Mix | None = None) -> Iterator[dict]:
    """What the view shows of a fit, by name: "fit", a sentence and how far it is; "film" when it has a new picture; at the
    end "key", the model to use. `mix` is what the pictures of the film are painted by.
    """
    shown = None
    try:
        if not possible():
            raise ValueError(words.FIT_MISSING)
        photos.pixels(photo)  # is it still here?
        job = job_of(photo, mix or Standing().mix, visitor, seconds)
        for news in hall.HALL.train(visitor, job, seconds):
            found = _shown(news)
            if isinstance(news, Running) and news.newest and news.newest.film[-1][0] != shown:
                found["film"], shown = _film(news.newest.film), news.newest.film[-1][0]
            yield found
    except ValueError as error:
        yield {"fit": {"text": str(error)}}


def _film(pictures: tuple[tuple[float, Tensor], ...]) -> dict:
    shown = torch.cat([picture for _, picture in pictures])
    return tiles(shown, notes=[words.film_note(seconds) for seconds, _ in pictures])


def _shown(news: Waiting | Running | Ended) -> dict:
    match news:
        case Waiting(before):
            return {"fit": {"text": common.hall_waiting(before), "waiting": before}}
        case Running(None | Step(seconds=0.0)):
            return {"fit": {"text": words.FIT_BEGINS}}
        case Running(step):
            return {"fit": {"text": words.fitting(step.share, step.seconds), "share": round(step.share, 3)}}
        case Ended(began=False):
            return {"fit": {"text": words.FIT_LEFT}}
    return {"fit": {"text": words.FIT_STOPPED if news.stopped else words.FIT_DONE}, "key": news.result}


def loaded(chosen: Sequence[str], visitor: str) -> dict:
    """A saved model that came back: "fit", a sentence, and "key", the model to use. ValueError with a sentence."""
    return {
        "fit": {"text": words.LOADED},
        "key": keep(visitor, words.LOADED_CHIP, Studio(archive.read(chosen), fitted=True, remembered=4)),
    }
