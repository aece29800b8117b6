"""Walks: along a principal component from the mean or from a picture, in latents and, beside it, in pixels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from app import models, pictures
from app import words as common
from app.views.latent_pca import words
from app.views.latent_pca.clouds import Cloud
from app.widgets.tiles import tiles
from linearizer_core import diagnostics
from linearizer_core.networks import Flatten
from linearizer_core.spaces import InducedSpace, decode, encode

FARTHEST = 4.0  # standard deviations
STRIP = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
MEAN, PICTURE = "mean", "picture"
HUES = ("induced", "pixel")


@lru_cache(maxsize=8)
def pixel_space(model: str) -> InducedSpace:
    """The pixels of a model's pictures as a space with g = identity: its ⊕ is + of pixels."""
    return InducedSpace(Flatten(models.model(model).g_x.in_shape))


@dataclass(frozen=True)
class Walk:
    """Along component `component` (from 0), `steps` standard deviations from the mean or from a picture."""

    component: int
    steps: float
    picture: str | None


def checked(seen: Cloud, start: str, component: float, steps: float, picture: str) -> Walk:
    """The walk that somebody asks for, components counted from 1; ValueError with a sentence."""
    most = len(seen.latent.pca.components)
    if start not in (MEAN, PICTURE):
        raise ValueError(common.no_such_choice(start, [MEAN, PICTURE]))
    if not is_number(component) or not 1 <= component <= most or component != int(component):
        raise ValueError(words.component_out_of_range(component, most))
    if not is_number(steps) or abs(steps) > FARTHEST:
        raise ValueError(words.steps_out_of_range(steps, FARTHEST))
    return Walk(int(component) - 1, float(steps), picture if start == PICTURE else None)


def is_number(value: object) -> bool:
    """Whether a value from outside is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def legs(seen: Cloud, walk: Walk) -> tuple[Tensor, Tensor]:
    """Where the walk starts and one standard deviation along its component, each (2, n): latents, pixels."""
    sides = (seen.latent, seen.pixel)
    start = [side.pca.mean for side in sides]
    if walk.picture is not None:
        start = [
            pictures.latents([walk.picture], seen.model)[0],
            pictures.tensor([walk.picture], seen.model).flatten(),
        ]
    step = [side.spread[walk.component] * side.pca.components[walk.component] for side in sides]
    return torch.stack(start), torch.stack(step)


def walked(seen: Cloud, walk: Walk, at: Sequence[float]) -> tuple[Tensor, Tensor]:
    """Pictures at these numbers of standard deviations, (len(at), 1, S, S) each: of latents, of pixels."""
    start, step = legs(seen, walk)
    z, flat = start[:, None] + torch.tensor(at, dtype=torch.float32)[:, None] * step[:, None]
    return models.decode(z, seen.model), decode(pixel_space(seen.model).g, flat)


def stage_value(seen: Cloud, walk: Walk) -> dict:
    """The tick: where the walk stands, in both spaces; one g⁻¹."""
    spreads = [float(side.spread[walk.component]) for side in (seen.latent, seen.pixel)]
    origin = "x" if walk.picture is not None else "mean"
    notes = [
        words.walk_formula(walk.component + 1, walk.steps, spreads[0], origin),
        words.pixel_walk_formula(walk.component + 1, walk.steps, spreads[1], origin),
    ]
    shown = torch.cat(walked(seen, walk, [walk.steps]))
    return tiles(shown, [words.LATENT_SIDE, words.PIXEL_SIDE], notes=notes)


@lru_cache(maxsize=32)
def strips(seen: Cloud, component: int, picture: str | None) -> list[dict]:
    """What the component means, in both spaces: pictures from −3 to 3 standard deviations."""
    latent, pixel = walked(seen, Walk(component, 0.0, picture), STRIP)
    return [tiles(latent), tiles(pixel, notes=[common.deviations(c) for c in STRIP])]


def shown(seen: Cloud, walk: Walk) -> list[dict]:
    """All that a walk shows: where it stands, and the strips of its component."""
    return [stage_value(seen, walk), *strips(seen, walk.component, walk.picture)]


def straightness_error(seen: Cloud, walk: Walk, broken: bool = False) -> float:
    """g(start ⊕ t ⊙ cⱼ) − g(start) = t g(cⱼ), relative; broken, the picture of the step is added to the pixels."""
    (start, _), (step, _) = legs(seen, walk)
    g, steps = models.model(seen.model).g_x, walk.steps or 1.0
    if broken:
        origin, change = decode(g, torch.stack([start, step]))
        reached = origin + steps * change
    else:
        reached = decode(g, start + steps * step)
    return diagnostics.relative_error(encode(g, reached) - start, steps * step)
