"""Latent PCA: pictures as points of the space g induces, beside pixel space; laws and program. Values in, values out."""

from __future__ import annotations

import math

import torch

from app import models, pictures
from app import words as common
from app.pictures import encoding
from app.views.latent_pca import SLUG, clouds, walks, words
from app.views.latent_pca.bars import bars
from app.views.latent_pca.program import program
from app.views.latent_pca.scatter import cloud
from app.views.latent_pca.standing import OWN, Arguments
from app.widgets.proof_meter import Law, Settled
from linearizer_core import diagnostics
from linearizer_core.spaces import decode


# --- what is shown -----------------------------------------------------------------------------------------
def points(standing: Arguments) -> dict:
    """A new cloud: how long it took, both scatters, the explained variance."""
    seen = clouds.cloud(clouds.chosen(standing), standing.model)
    seconds = seen.encoding, seen.latent.seconds, seen.pixel.seconds
    return {
        "status": words.cloud_status(len(seen.references), seen.model, *seconds, seen.device),
        "scatter": scatter_value(seen, standing.dimensions, standing.picture),
        "variance": variance_value(seen),
    }


def walk(standing: Arguments) -> dict:
    """The tick: where the walk stands; nothing while the cloud is being computed, which ticks again when it is there."""
    seen = clouds.ready(clouds.chosen(standing), standing.model)
    return walks.shown(seen, standing) if seen is not None else {}


def scatter_value(seen: clouds.Cloud, dimensions: int, picture: str) -> dict:
    """Both scatters; the current picture is marked where it is one of the points."""
    sides = (words.LATENT_SIDE, seen.latent), (words.PIXEL_SIDE, seen.pixel)
    panels = [_panel(title, side, seen, dimensions) for title, side in sides]
    names = [str(i) for i in range(10)] if (seen.labels >= 0).any() else [words.NO_LABEL]
    picked = seen.references.index(picture) if picture in seen.references else -1
    return cloud(seen.pixels, seen.labels.clip(0), names, panels, picked)


def _panel(title: str, side: clouds.Side, seen: clouds.Cloud, dimensions: int) -> dict:
    shown, ratio = side.coordinates[:, :dimensions], side.pca.explained_variance_ratio
    accuracy = clouds.neighbour_accuracy(shown, seen.labels)
    return {
        "title": title,
        "note": words.panel_note(dimensions, float(ratio[:dimensions].sum()), accuracy),
        "axes": [words.axis(j + 1, float(ratio[j])) for j in range(dimensions)],
        "spread": side.spread[:dimensions].tolist(),
        "points": shown.numpy(),
    }


def variance_value(seen: clouds.Cloud) -> str:
    """Explained variance of the first components of both, as bars."""
    ratios = [side.pca.explained_variance_ratio.tolist() for side in (seen.latent, seen.pixel)]
    return bars(*ratios, words.variance_sums(*map(sum, ratios), len(ratios[0])))


# --- laws --------------------------------------------------------------------------------------------------
def settled(standing: Arguments, broken: bool) -> Settled | None:
    """Laws of the space that the components span, the program, the link; None before there is a cloud."""
    seen = clouds.ready(clouds.chosen(standing), standing.model)
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
        "explained_variance_ratio", the "neighbour_accuracy" of 5 nearest neighbours, the "walk" (32×32
        numbers, 3×64×64 of faces) and the "seconds" it took}
    """
    seen = clouds.cloud(clouds.chosen(standing), standing.model)
    found = {"labels": seen.labels.tolist(), "device": seen.device, "encoding_seconds": seen.encoding}
    reached = walks.walked(seen, standing, [standing.steps])
    for name, side, image in zip(("latent", "pixel"), (seen.latent, seen.pixel), reached):
        shown = side.coordinates[:, : standing.dimensions]
        accuracy = clouds.neighbour_accuracy(shown, seen.labels)
        found[name] = {
            "coordinates": shown.tolist(),
            "explained_variance_ratio": side.pca.explained_variance_ratio.tolist(),
            "neighbour_accuracy": accuracy if math.isfinite(accuracy) else None,
            "walk": encoding.listed(image[0]),
            "seconds": side.seconds,
        }
    return found
