"""Walks: along a principal component from the mean or from a picture, in latents and, beside it, in pixels."""

from collections.abc import Sequence

import torch
from torch import Tensor

from app import engine, models, pictures
from app import words as common
from app.models.remembering import remembered
from app.pictures.difference import difference
from app.views.latent_pca import words
from app.views.latent_pca.clouds import Cloud
from app.views.latent_pca.standing import FARTHEST, PICTURE, Arguments
from app.widgets.tiles import tiles
from linearizer_core import diagnostics
from linearizer_core.spaces import decode, encode

STRIP = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)


def legs(seen: Cloud, standing: Arguments) -> tuple[Tensor, Tensor]:
    """Where the walk starts and one standard deviation along its component, each (2, n): latents, pixels."""
    sides = (seen.latent, seen.pixel)
    start = [side.pca.mean for side in sides]
    if standing.origin is not None:
        start = [
            pictures.latents([standing.origin], seen.model)[0],
            pictures.tensor([standing.origin], seen.model).flatten(),
        ]
    step = [
        side.spread[standing.component - 1] * side.pca.components[standing.component - 1] for side in sides
    ]
    return torch.stack(start), torch.stack(step)


def walked(seen: Cloud, standing: Arguments, at: Sequence[float]) -> tuple[Tensor, Tensor]:
    """Pictures at these numbers of standard deviations, (len(at), 1, S, S) each: of latents, of pixels."""
    start, step = legs(seen, standing)
    z, flat = start[:, None] + torch.tensor(at, dtype=torch.float32)[:, None] * step[:, None]
    return models.decode(z, seen.model), decode(models.pixel_space(seen.model).g, flat)


def stage_value(seen: Cloud, standing: Arguments, broken: bool = False) -> dict:
    """The tick: where the walk stands, in both spaces; one g⁻¹. Broken, the pixels of the step are added in place of ⊕."""
    spreads = [float(side.spread[standing.component - 1]) for side in (seen.latent, seen.pixel)]
    origin = "x" if standing.origin is not None else "mean"
    notes = [
        words.walk_formula(standing.component, standing.steps, spreads[0], origin),
        words.pixel_walk_formula(standing.component, standing.steps, spreads[1], origin),
    ]
    induced, pixels = walked(seen, standing, [standing.steps])
    if not broken:
        return tiles(torch.cat([induced, pixels]), [words.LATENT_SIDE, words.PIXEL_SIDE], notes=notes)
    left = strayed(seen, standing, [standing.steps])
    gap = difference(left, induced)
    titles = [words.STRAYED, words.PIXEL_SIDE, gap.caption]
    path = {
        "path": _strayed_path(seen, standing.component, standing.origin),
        "cross": places_of(seen, left)[0],
    }
    notes = [words.strayed_formula(standing.steps, FARTHEST), notes[1], gap.note]
    shown = torch.cat([left, pixels, gap.shown])
    return tiles(shown, titles, notes=notes, hues=["bad", "pixel", "bad"], columns=3, at=[path, None])


def strayed(seen: Cloud, standing: Arguments, at: Sequence[float]) -> Tensor:
    """How "break it" walks, (len(at), C, S, S): from the start to either end of the straight walk by averages of pixels."""
    (start, _), (step, _) = legs(seen, standing)
    far = FARTHEST * step
    with models.one_core():
        origin, *ends = decode(models.model(seen.model).g_x, torch.stack([start, start - far, start + far]))
    return torch.stack([origin + abs(t) / FARTHEST * (ends[t > 0] - origin) for t in at])


def places_of(seen: Cloud, x: Tensor) -> list[list[float]]:
    """Where pictures (k, C, S, S) lie on the chart of latents, three coordinates each."""
    with models.one_core():
        found = (encode(models.model(seen.model).g_x, x) - seen.latent.pca.mean) @ seen.latent.pca.components[
            :3
        ].mT
    return [[round(float(v), 3) for v in place] for place in found]


@remembered(32)
def _strayed_path(seen: Cloud, component: int, origin: str | None) -> list[list[float]]:
    start = {"start": PICTURE, "picture": origin} if origin is not None else {}
    standing = Arguments(component=component, model=seen.model, **start)
    return places_of(seen, strayed(seen, standing, torch.linspace(-FARTHEST, FARTHEST, 17).tolist()))


def ingredients(seen: Cloud, standing: Arguments) -> dict:
    """What the browser needs to walk on along the same component: where both walks start, and their steps."""
    start, step = legs(seen, standing)
    sides = (seen.latent, seen.pixel)
    return {
        **engine.given(seen.model, starts=start[:1], latent=step[:1], pixel=torch.stack([start[1], step[1]])),
        "spreads": [float(side.spread[standing.component - 1]) for side in sides],
        "component": standing.component,
        "origin": "x" if standing.origin is not None else "mean",
        "words": {"titles": [words.LATENT_SIDE, words.PIXEL_SIDE]},
    }


@remembered(32)
def _strips(seen: Cloud, component: int, origin: str | None) -> list[dict]:
    start = {"start": PICTURE, "picture": origin} if origin is not None else {}
    latent, pixel = walked(seen, Arguments(component=component, model=seen.model, **start), STRIP)
    return [tiles(latent), tiles(pixel, notes=[common.deviations(c) for c in STRIP])]


def shown(seen: Cloud, standing: Arguments, broken: bool = False) -> dict:
    """All that a walk shows: where it stands, and the strips of its component from −3 to 3 standard deviations."""
    strips = _strips(seen, standing.component, standing.origin)
    return {"stage": stage_value(seen, standing, broken), "strips": strips}


def straightness_error(seen: Cloud, standing: Arguments, broken: bool = False) -> float:
    """g(start ⊕ t ⊙ cⱼ) − g(start) = t g(cⱼ), relative; broken, the picture of the step is added to the pixels."""
    (start, _), (step, _) = legs(seen, standing)
    g, steps = models.model(seen.model).g_x, standing.steps or 1.0
    reached = None
    if broken:
        reached = strayed(seen, standing, [steps])[0]
    return diagnostics.straightness_error(g, start, step, steps, reached)
