"""Training a plane while the visitor watches: what may be asked for, the grid as it bends, the files at the end."""

from __future__ import annotations

import base64
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from app import hall
from app import words as common
from app.hall import Ended, Kept, Running, Waiting, Watch
from app.views.plane import words
from app.views.plane.network import POINTS, network_payload, points_payload
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

STEPS, LONGEST = 1500, 90.0  # steps of a training, and the seconds after which it ends in any case
MOST_DRAWN = 4000  # points that a visitor may send
KEPT: Kept[Generator] = Kept(64)  # trained planes that are remembered for the laws and the program
TOKEN = re.compile(r"[0-9a-f-]{16,40}")
RECIPES: dict[str, type[PlaneRecipe]] = {
    "moons": PlaneMoons,
    "rings": PlaneRings,
    "spiral": PlaneSpiral,
    "checkerboard": PlaneCheckerboard,
}


def kept(token: str) -> Generator:
    """The plane that was trained under this token; ValueError with a sentence where it is no longer kept."""
    found = KEPT.get(token)
    if found is None:
        raise ValueError(words.PLANE_GONE)
    return found


# --- what is asked for ---------------------------------------------------------------------------------------
def asked(data: object) -> tuple[str, PlaneRecipe, Dataset]:
    """Token, recipe and data set that a browser asks for; ValueError (or DataError) with a sentence."""
    token, name = getattr(data, "run", None), getattr(data, "set", None)
    if not isinstance(token, str) or not TOKEN.fullmatch(token) or not isinstance(name, str):
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
    try:
        x, found = _tensors(points, labels)
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


def _tensors(points: object, labels: object) -> tuple[Tensor, Tensor]:
    if not isinstance(points, list) or not isinstance(labels, list):
        raise TypeError("lists only")
    if not 10 <= len(labels) <= MOST_DRAWN or len(points) > 2 * MOST_DRAWN:
        raise ValueError("too few or too many")
    return torch.tensor(points, dtype=torch.float32).reshape(-1, 2), torch.tensor(labels)


# --- the job -------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Picture:
    """The plane as it is after so many steps."""

    step: int
    bending: float
    plane: dict


@dataclass(frozen=True)
class Trained:
    """The plane at the end, and the two files by name, in base64."""

    model: Generator
    files: dict[str, str]


def job_of(token: str, recipe: PlaneRecipe, dataset: Dataset) -> Callable[[Watch], Trained]:
    """Trains in a folder that is thrown away, and keeps the plane under the token."""

    def job(watch: Watch) -> Trained:
        with tempfile.TemporaryDirectory() as folder:
            found = _train(recipe, dataset, Path(folder), watch)
        KEPT.put(token, found.model)
        return found

    return job


def _train(recipe: PlaneRecipe, dataset: Dataset, folder: Path, watch: Watch) -> Trained:
    began, latest = time.monotonic(), {}

    def seen(step: int, model: Generator) -> bool:
        return watch(lambda: Picture(step, latest["bending"], network_payload(model)))

    model = train(
        recipe, dataset, folder, progress=lambda step, figures: latest.update(figures), watch=seen
    ).requires_grad_(False)
    figures = {name: round(value, 4) for name, value in recipe.report(model, dataset).items()}
    note = {"command": "trained in the lab", "seconds": round(time.monotonic() - began, 1)}
    checkpoints.save(folder, recipe, model, figures, note)
    names = (checkpoints.WEIGHTS, checkpoints.CONFIG)
    return Trained(model, {name: base64.b64encode((folder / name).read_bytes()).decode() for name in names})


# --- what the trainer shows ----------------------------------------------------------------------------------
def stream(data: object) -> Iterator[dict]:
    """What the trainer shows, picture by picture: the place in the line, the bending grid, at the end the files."""
    try:
        token, recipe, dataset = asked(data)
        for value in _values(token, recipe, dataset):
            yield {"run": token, **value}
    except ValueError as error:
        yield {"phase": "refused", "text": str(error)}


def _values(token: str, recipe: PlaneRecipe, dataset: Dataset) -> Iterator[dict]:
    """The points go with the first picture, and with the last, which whoever looked at another plane meanwhile needs."""
    cloud = points_payload(dataset.train_images[:POINTS], dataset.train_labels[:POINTS])
    first = cloud
    for news in hall.HALL.train(token, job_of(token, recipe, dataset), LONGEST):
        match news:
            case Waiting(before):
                yield {"phase": "waiting", "place": before, "text": common.hall_waiting(before)}
            case Running(None):
                yield {"phase": "training", "text": words.TRAIN_BEGINS}
            case Running(picture):
                yield _picture(picture, recipe.steps, first)
                first = {}
            case Ended(began=False):
                yield {"phase": "left", "text": words.TRAIN_LEFT}
            case Ended(trained, stopped):
                yield _end(trained, stopped, cloud)


def _picture(picture: Picture, steps: int, cloud: dict) -> dict:
    text = words.train_step(picture.step, steps, picture.bending)
    plane = picture.plane | cloud
    return {"phase": "training", "step": picture.step, "steps": steps, "text": text, "plane": plane}


def _end(trained: Trained, stopped: bool, cloud: dict) -> dict:
    return {
        "phase": "stopped" if stopped else "done",
        "text": words.TRAIN_STOPPED if stopped else words.TRAIN_DONE,
        "plane": network_payload(trained.model) | cloud,
        "files": trained.files,
    }
