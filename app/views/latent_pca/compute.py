"""Latent PCA: pictures as points of the space g induces, beside pixel space; laws and program. Values in, values out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

import torch

from app import models, pictures
from app import words as common
from app.hall import Running
from app.models.remembering import remembered
from app.pictures import encoding
from app.views.latent_pca import SLUG, clouds, walks, words
from app.views.latent_pca.marks import Marks
from app.views.latent_pca.program import program
from app.views.latent_pca.scatter import TILE, Panel, Sheets, scatters, sheets, variance
from app.views.latent_pca.standing import COMPONENTS, OWN, Arguments
from app.views.latent_pca.wanted import chosen
from app.widgets import served
from app.widgets.proof_meter import Law, Settled
from app.widgets.tiles import tiles
from linearizer_core import diagnostics
from linearizer_core.spaces import decode, encode

MEAN_OF = 400  # of the points in a lasso, as many as are encoded in a second
NEIGHBOURS = 8


# --- what is shown -----------------------------------------------------------------------------------------
def points(standing: Arguments, marks: Marks | None = None) -> dict:
    """A cloud that is there or soon will be: how it came about, both scatters, the explained variance."""
    return shown(clouds.cloud(chosen(standing), standing.model), standing, marks)


def arriving(standing: Arguments, token: str, marks: Marks | None = None) -> Iterator[dict]:
    """`points`, and before it how far a large cloud is; at the end "bar" is empty. Stopped, only that is said."""
    wanted, found = chosen(standing), None
    if clouds.ready(wanted, standing.model) is None:
        yield {"status": words.on_its_way(len(wanted)), "bar": words.working(0)}
    for news in clouds.steps(wanted, standing.model, token):
        if isinstance(news, clouds.Cloud):
            found = news
        elif isinstance(news, Running):
            yield {"bar": words.working(news.newest or 0)}
        else:
            yield {"bar": common.hall_waiting(news.before)}
    if found is None:
        yield {"status": words.stopped(len(wanted)), "bar": ""}
    else:
        yield {**shown(found, standing, marks), "bar": ""}


def shown(seen: clouds.Cloud, standing: Arguments, marks: Marks | None) -> dict:
    return dict(_shown(seen, standing.dimensions, Marks.on(seen, marks), _place(seen, standing.picture)))


@remembered(8)  # what most visitors see at first is made once
def _shown(seen: clouds.Cloud, dimensions: int, kept: Marks, picked: int) -> dict:
    ratios = [list(side.ratios) for side in (seen.latent, seen.pixel)]
    return {
        "status": status(seen),
        "verdict": words.apart(dimensions, *_accuracies(seen, dimensions, kept)),
        "scatter": _scatter(seen, dimensions, kept, picked),
        "variance": variance(*ratios, f"{id(seen)}"),
        "sums": words.variance_sums(*map(sum, ratios), len(ratios[0])),
    }


def status(seen: clouds.Cloud) -> str:
    """How the cloud came about, on which device and in which time; and of a visitor's few, among whom they lie."""
    what = len(seen.references) - seen.placed, seen.model
    if seen.pixels is None:
        said = words.shipped_status(*what, seen.seconds, seen.device)
    else:
        times = seen.encoding, seen.latent.seconds, seen.pixel.seconds, seen.seconds
        said = words.cloud_status(*what, *times, seen.device, seen.note)
    return words.among_status(seen.placed, said) if seen.placed else said


def walk(standing: Arguments, broken: bool = False) -> dict:
    """The tick: where the walk stands; nothing while the cloud is being computed, which ticks again when it is there."""
    seen = clouds.ready(chosen(standing), standing.model)
    return walks.shown(seen, standing, broken) if seen is not None else {}


def ingredients(standing: Arguments, broken: bool = False) -> dict:
    """What the browser needs for a walk, broken or not; nothing while there is no cloud."""
    seen = clouds.ready(chosen(standing), standing.model)
    return walks.ingredients(seen, standing) if seen is not None else {}


def scatter_value(seen: clouds.Cloud, dimensions: int, picture: str, marks: Marks | None = None) -> dict:
    """Both scatters; the current picture is marked where it is one of the points."""
    return _scatter(seen, dimensions, Marks.on(seen, marks), _place(seen, picture))


def _scatter(seen: clouds.Cloud, dimensions: int, kept: Marks, picked: int) -> dict:
    sides = (words.LATENT_SIDE, seen.latent), (words.PIXEL_SIDE, seen.pixel)
    accuracies = _accuracies(seen, dimensions, kept)
    panels = [_panel(title, side, dimensions, found) for (title, side), found in zip(sides, accuracies)]
    return scatters(panels, kept.groups(seen), _sheets(seen), f"{id(seen)} {dimensions}", picked)


def _place(seen: clouds.Cloud, picture: str) -> int:
    """The number of the picture's point, −1 where it has none."""
    return seen.references.index(picture) if picture in seen.references else -1


def _panel(title: str, side: clouds.Side, dimensions: int, accuracy: float) -> Panel:
    ratios = side.ratios[:dimensions]
    return Panel(
        title,
        words.panel_note(dimensions, sum(ratios), accuracy),
        [words.axis(j + 1, ratio) for j, ratio in enumerate(ratios)],
        side.spread[:dimensions].tolist(),
        side.coordinates[:, :dimensions].numpy(),
    )


@remembered(32)
def _accuracies(seen: clouds.Cloud, dimensions: int, marks: Marks) -> tuple[float, float]:
    """How many pictures have most of their neighbours from their own class: latents, pixels."""
    labels = marks.labels(seen)
    labels[len(labels) - seen.placed :] = -1  # a visitor's few say nothing of the space
    return tuple(
        clouds.neighbour_accuracy(side.coordinates[:, :dimensions], labels)
        for side in (seen.latent, seen.pixel)
    )


@remembered(8)
def _sheets(seen: clouds.Cloud) -> Sheets:
    """The thumbnails, which the page fetches by their address."""
    if seen.sheet is None:
        return sheets(seen.pixels)
    return Sheets((served.PICTURES.put(seen.sheet, "png"),), TILE, False)


# --- the current picture among them, and what a lasso takes ------------------------------------------------
def neighbours(standing: Arguments) -> dict:
    """The pictures nearest to the current one on each of the two charts; x itself first."""
    seen = clouds.ready(chosen(standing), standing.model)
    if seen is None:
        return {}
    rows = []
    for side, at in zip((seen.latent, seen.pixel), clouds.positions(seen, [standing.picture])):
        d = standing.dimensions
        away = (side.coordinates[:, :d] - at[:, :d]).norm(dim=1)
        if standing.picture in seen.references:
            away[seen.references.index(standing.picture)] = torch.inf
        found = away.argsort()[:NEIGHBOURS].tolist()
        shown = torch.cat([pictures.tensor([standing.picture], seen.model), seen.pictures(found)])
        names = [words.class_name(int(seen.labels[i]), seen.classes) for i in found]
        rows.append(tiles(shown, ids=["x", *map(str, found)], notes=["x", *names]))
    return {"neighbours": rows}


def taken(standing: Arguments, numbers: Sequence[int], marks: Marks | None = None) -> dict:
    """The mean of the pictures by ⊕ beside that of their pixels, and what they are; nothing where there are none."""
    seen = clouds.ready(chosen(standing), standing.model)
    if seen is None or not numbers:
        return {"means": None, "chosen_words": ""}
    used = list(numbers[:: max(1, math.ceil(len(numbers) / MEAN_OF))])
    x, g = seen.pictures(used), models.model(seen.model).g_x
    parts = []
    for part in x.split(clouds.BATCH):
        with models.one_core():
            parts.append(encode(g, part))
    mean = models.decode(torch.cat(parts).mean(0, keepdim=True), seen.model)
    shown = torch.cat([mean, x.mean(0, keepdim=True)])
    labels = Marks.on(seen, marks).labels(seen)[list(numbers)]
    found = sorted(Counter(labels.tolist()).items())
    classes = [f"{words.class_name(label, seen.classes)}: {count}" for label, count in found]
    value = tiles(shown, [words.MEAN_INDUCED, words.MEAN_PIXELS], ids=[f"{len(numbers)} taken"])
    return {"means": value, "chosen_words": words.chosen(len(numbers), len(used), classes)}


# --- laws --------------------------------------------------------------------------------------------------
def settled(standing: Arguments, broken: bool) -> Settled | None:
    """Laws of the space that the components span, the program, the link; None before there is a cloud."""
    seen = clouds.ready(chosen(standing), standing.model)
    if seen is None:
        return None  # "measuring …"; the meter is asked again when the cloud is there
    with models.one_core():
        laws = measured(seen, standing, broken)
    link = "" if standing.data == OWN else standing.link(SLUG)
    return Settled(laws, program(seen, standing), link)


def measured(seen: clouds.Cloud, standing: Arguments, broken: bool) -> list[Law]:
    """Projection onto two components, that these are orthonormal, that a walk changes one coordinate only."""
    space, pca = models.model(seen.model).domain, seen.latent.pca
    onto = decode(space.g, pca.components[:2])
    x, y = pictures.tensor([standing.picture, seen.references[0]], seen.model).unsqueeze(1)
    project = (lambda point: models.pixel_space(seen.model).project(point, onto)) if broken else None
    errors = diagnostics.projection_errors(space, x, y, onto, project)
    worst = max(errors, key=errors.get)
    gram = space.inner(onto[:, None], onto[None])
    orthonormal = diagnostics.relative_error(gram, torch.eye(2, dtype=gram.dtype))
    straight = walks.straightness_error(seen, standing, broken)
    formula = words.straight_formula(standing.component, standing.steps or 1.0)
    return [
        Law(common.LAW_PROJECTION, words.projection_formula(worst), errors[worst]),
        Law(words.LAW_ORTHONORMAL, words.ORTHONORMAL_FORMULA, orthonormal),
        Law(words.LAW_WALK, formula, straight),
    ]


# --- the endpoint ------------------------------------------------------------------------------------------
def answer(standing: Arguments) -> dict:
    """Principal components of pictures in the space that g induces and in pixels.

    Returns:
        {"labels", "device", "encoding_seconds", "latent" and "pixel": for each the "coordinates", the
        "explained_variance_ratio" of 10 components, the "neighbour_accuracy" of 5 nearest neighbours, the "walk" (32×32
        numbers, 3×64×64 of faces) and the "seconds" it took}
    """
    seen = clouds.cloud(chosen(standing), standing.model)
    found = {"labels": seen.labels.tolist(), "device": seen.device, "encoding_seconds": seen.encoding}
    reached = walks.walked(seen, standing, [standing.steps])
    for name, side, image in zip(("latent", "pixel"), (seen.latent, seen.pixel), reached):
        shown = side.coordinates[:, : standing.dimensions]
        accuracy = clouds.neighbour_accuracy(shown, seen.labels)
        found[name] = {
            "coordinates": shown.tolist(),
            "explained_variance_ratio": list(side.ratios[:COMPONENTS]),
            "neighbour_accuracy": accuracy if math.isfinite(accuracy) else None,
            "walk": encoding.listed(image[0]),
            "seconds": side.seconds,
        }
    return found
