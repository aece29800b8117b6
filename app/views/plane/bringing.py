"""What a visitor brings: a plane that was saved, or points in a text file. It comes from the page as names and base64."""

from __future__ import annotations

import base64
import binascii
import tempfile
from pathlib import Path, PurePosixPath

import torch
from torch import Tensor

from app import models
from app.models import saved
from app.views.plane import words
from app.views.plane.network import POINTS, network_payload, points_payload
from app.views.plane.training import KEPT, MOST_DRAWN, TOKEN, drawn
from linearizer_core.data.dataset import DataError
from linearizer_core.data.point_sets import MOST_CLASSES, VIEW, draw_points
from linearizer_core.data.tables import read_rows
from linearizer_core.models.generator import Generator
from linearizer_core.recipes import PlaneRecipe
from linearizer_core.recipes.plane import GeneratedPlane

TABLES = (".csv", ".tsv", ".txt")
MOST = 2_000_000  # bytes of all files; a trained plane has 20 kB, and 4000 points have 100


def brought(data: object) -> dict:
    """What the trainer shows of files that came: the plane that was saved, or points to train on; else a sentence."""
    try:
        token, files = _asked(data)
        tables = [(name, content) for name, content in files if _kind(name) in TABLES]
        found = _points(*tables[0]) if tables else _plane(token, files)
        return {"run": token, **found}
    except ValueError as error:
        return {"phase": "refused", "text": str(error)}


def _kind(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _asked(data: object) -> tuple[str, list[tuple[str, bytes]]]:
    token, files = getattr(data, "run", None), getattr(data, "files", None)
    if not isinstance(token, str) or not TOKEN.fullmatch(token) or not isinstance(files, dict) or not files:
        raise ValueError(words.BRING_NOTHING)
    if sum(len(content) for content in files.values() if isinstance(content, str)) > 4 * MOST / 3:
        raise ValueError(words.bring_too_large(MOST))
    try:
        return token, [(name, base64.b64decode(content, validate=True)) for name, content in files.items()]
    except (TypeError, binascii.Error, ValueError) as error:
        raise ValueError(words.BRING_NOTHING) from error


# --- a plane -------------------------------------------------------------------------------------------------
def _plane(token: str, files: list[tuple[str, bytes]]) -> dict:
    """A saved plane is looked at again, as after its training, by its own kind of points."""
    recipe, model = saved.read(files, MOST)
    if not isinstance(recipe, PlaneRecipe):
        raise ValueError(words.BRING_OTHER)
    KEPT.put(token, model)
    cloud = points_payload(*_cloud(recipe, model))
    return {"phase": "loaded", "text": words.BROUGHT_PLANE, "plane": network_payload(model) | cloud}


def _cloud(recipe: PlaneRecipe, model: Generator) -> tuple[Tensor, Tensor]:
    """Points of the set that it learned; of points that somebody drew, which no file holds, those that it draws itself."""
    if isinstance(recipe, GeneratedPlane):
        return draw_points(recipe.points, POINTS, seed=2)
    labels = torch.arange(POINTS) % recipe.classes
    noise = torch.randn(POINTS, 2, generator=torch.Generator().manual_seed(2), dtype=torch.float32)
    with models.one_core():
        return model.sample(noise, label=labels), labels


# --- points --------------------------------------------------------------------------------------------------
def _points(name: str, content: bytes) -> dict:
    """The points of a text file, one a line, x, y and perhaps a label; ValueError with a sentence that names the row."""
    rows = _rows(name, content)
    if len(rows) > MOST_DRAWN:
        raise ValueError(words.too_many_points(name, len(rows), MOST_DRAWN))
    for number, (x, y, *label) in rows:
        if not (abs(x) <= VIEW and abs(y) <= VIEW):  # NaN lies nowhere
            raise ValueError(words.point_outside(name, number, x, y, VIEW))
        if label and not float(label[0]).is_integer():
            raise ValueError(words.label_broken(name, number, label[0]))
    xy = [value for _, cells in rows for value in cells[:2]]
    classes = sorted({cells[2] if len(cells) > 2 else 0.0 for _, cells in rows})
    if len(classes) > MOST_CLASSES:
        raise ValueError(words.too_many_classes(name, len(classes), MOST_CLASSES))
    labels = [classes.index(cells[2] if len(cells) > 2 else 0.0) for _, cells in rows]
    drawn(xy, labels)  # enough of each to be learned?
    return {
        "phase": "points",
        "text": words.brought_points(len(labels), len(classes)),
        "xy": xy,
        "labelled": labels,
    }


def _rows(name: str, content: bytes) -> list[tuple[int, list[float]]]:
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "points.csv"
        file.write_bytes(content)
        try:
            return read_rows(file)
        except DataError as error:
            raise ValueError(str(error).replace(str(file), words.quoted(name))) from error
