"""Walks: along a principal component from the mean or from a picture, in latents and, beside it, in pixels."""

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor

from app import engine, models, pictures
from app import words as common
from app.views.latent_pca import words
from app.views.latent_pca.clouds import Cloud
from app.views.latent_pca.standing import PICTURE, Arguments
from app.widgets.tiles import tiles
from linearizer_core import diagnostics
from linearizer_core.spaces import decode

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


def stage_value(seen: Cloud, standing: Arguments) -> dict:
    """The tick: where the walk stands, in both spaces; one g⁻¹."""
    spreads = [float(side.spread[standing.component - 1]) for side in (seen.latent, seen.pixel)]
    origin = "x" if standing.origin is not None else "mean"
    notes = [
        words.walk_formula(standing.component, standing.steps, spreads[0], origin),
        words.pixel_walk_formula(standing.component, standing.steps, spreads[1], origin),
    ]
    shown = torch.cat(walked(seen, standing, [standing.steps]))
    return tiles(shown, [words.LATENT_SIDE, words.PIXEL_SIDE], notes=notes)


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


@lru_cache(maxsize=32)
def _strips(seen: Cloud, component: int, origin: str | None) -> list[dict]:
    start = {"start": PICTURE, "picture": origin} if origin is not None else {}
    latent, pixel = walked(seen, Arguments(component=component, model=seen.model, **start), STRIP)
    return [tiles(latent), tiles(pixel, notes=[common.deviations(c) for c in STRIP])]


def shown(seen: Cloud, standing: Arguments) -> dict:
    """All that a walk shows: where it stands, and the strips of its component from −3 to 3 standard deviations."""
    strips = _strips(seen, standing.component, standing.origin)
    return {"stage": stage_value(seen, standing), "strips": strips}


def straightness_error(seen: Cloud, standing: Arguments, broken: bool = False) -> float:
    """g(start ⊕ t ⊙ cⱼ) − g(start) = t g(cⱼ), relative; broken, the picture of the step is added to the pixels."""
    (start, _), (step, _) = legs(seen, standing)
    g, steps = models.model(seen.model).g_x, standing.steps or 1.0
    reached = None
    if broken:
        origin, change = decode(g, torch.stack([start, step]))
        reached = origin + steps * change
    return diagnostics.straightness_error(g, start, step, steps, reached)
