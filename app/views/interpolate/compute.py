"""Interpolate: pictures added as vectors of the induced space, beside plain sums of their pixels. Values in, values out."""

from collections.abc import Sequence
from functools import lru_cache, reduce
from operator import add

import torch
from torch import Tensor

from app import models, pictures
from app import words as common
from app.panels import programs
from app.pictures import encoding
from app.views.interpolate import SLUG, words
from app.views.interpolate.standing import Standing
from app.widgets.film_strip import Path, film
from app.widgets.proof_meter import Law, Settled
from app.widgets.tiles import tiles
from linearizer_core import diagnostics
from linearizer_core.networks import Flatten
from linearizer_core.spaces import InducedSpace, encode

FRAMES = 33
PIXELS = InducedSpace(Flatten((1, encoding.SIDE, encoding.SIDE)))  # g = identity: its ⊕ is + of pixels


# --- what is shown -----------------------------------------------------------------------------------------
def blends(references: Sequence[str], weights: Sequence[float]) -> tuple[Tensor, Tensor]:
    """The induced blend g⁻¹(Σ wᵢ g(xᵢ)) and the pixel blend Σ wᵢ xᵢ, each (1, 1, 32, 32)."""
    weighted = [w * point for w, point in zip(weights, pictures.points(references))]
    induced = models.decode(reduce(add, weighted).z[None])
    return induced, PIXELS.combine(list(weights), pictures.tensor(references))[None]


def stage(standing: Standing) -> dict:
    """The tick: both blends with their formulas."""
    notes = [words.blend_formula(standing.weights), words.pixel_formula(standing.weights)]
    shown = torch.cat(blends(standing.pictures, standing.weights))
    return {"stage": tiles(shown, [words.INDUCED, words.PIXEL], notes=notes)}


@lru_cache(maxsize=64)
def film_between(first: str, second: str) -> dict:
    """The film from one picture to the other along both straight lines, with what is travelled on the way."""
    ts = torch.linspace(0, 1, FRAMES, dtype=torch.float32)
    x, y = pictures.points([first, second])
    with models.one_core():
        line = (1 - ts) * x + ts * y
        pixels = PIXELS.line(*pictures.tensor([first, second]), ts)
        induced, seen = line.x, encode(x.space.g, pixels)
    return film(
        Path(induced, diagnostics.travelled(line.z), diagnostics.travelled(induced)),
        Path(pixels, diagnostics.travelled(seen), diagnostics.travelled(pixels)),
    )


# --- laws and program --------------------------------------------------------------------------------------
def settled(standing: Standing, broken: bool) -> Settled:
    """The laws measured on the pictures chosen, the program for this view, the link to it."""
    references, weights = standing.pictures, standing.weights
    laws = [
        _round_trip(references),
        _axioms((*references, references[0])[:3], broken),
        _linearity(references, *weights[:2], broken),
    ]
    return Settled(laws, program(references, weights), standing.link(SLUG))


@lru_cache(maxsize=256)
def _round_trip(references: tuple[str, ...]) -> Law:
    with models.one_core():
        error = diagnostics.round_trip_error(models.model().g_x, pictures.tensor(references))
    return Law(common.LAW_ROUND_TRIP, "g⁻¹(g(x)) = x", error)


@lru_cache(maxsize=256)
def _axioms(references: tuple[str, ...], broken: bool) -> Law:
    """The worst of the eight axioms; remembered, because weights do not enter and sixteen blends take a while."""
    x, y, z = pictures.tensor(references).unsqueeze(1)
    with models.one_core():
        errors = diagnostics.axiom_errors(models.model().domain, x, y, z, add=_average if broken else None)
    worst = max(errors, key=errors.get)
    return Law(common.LAW_SPACE, common.axiom_formula(worst), errors[worst])


def _linearity(references: Sequence[str], a: float, b: float, broken: bool) -> Law:
    x, y = pictures.tensor(references[:2]).unsqueeze(1)
    with models.one_core():
        error = diagnostics.linearity_error(models.model(), x, y, a, b, add=_average if broken else None)
    return Law(common.LAW_LINEARITY, common.linearity_formula(a, b), error)


def _average(x: Tensor, y: Tensor) -> Tensor:
    """What the "break it" switch puts in the place of ⊕: the double exposure."""
    return PIXELS.interpolate(x, y, 0.5)


def program(references: Sequence[str], weights: Sequence[float]) -> str:
    """Python for this view: both blends and the film, computed and drawn, from the pictures inside the program."""
    body = f"""
weights = {programs.tensor_of(weights)}
X = lc.InducedSpace(model.g_x)
with torch.no_grad():
    # The induced blend g⁻¹(Σ wᵢ g(xᵢ)) and the film (1 − t) ⊙ x₁ ⊕ t ⊙ x₂.
    induced = X.combine(weights, x)
    film = X.line(x[0], x[1], torch.linspace(0, 1, {FRAMES}))

# The double exposure Σ wᵢ xᵢ.
pixel = torch.tensordot(weights, x, dims=1)

figure = lc.plots.pictures({{"the pictures": x, "induced": induced, "pixels": pixel, "film": film[::4]}})
figure.savefig("interpolate.png")                # in a notebook, a line with `figure` alone shows it
"""
    return programs.program(body, references)


# --- the endpoint ------------------------------------------------------------------------------------------
def answer(standing: Standing) -> dict:
    """Blend two to four pictures in the space that g induces, g⁻¹(Σ wᵢ g(xᵢ)), beside the blend of their pixels.

    Returns:
        {"induced": 32×32 numbers, "pixel": 32×32 numbers, "distance": between the first two pictures in the
        induced space, "pixel_distance": between the same two in pixels}
    """
    induced, pixel = blends(standing.pictures, standing.weights)
    ends = pictures.latents(standing.pictures[:2]), pictures.tensor(standing.pictures[:2])
    return {
        "induced": induced[0, 0].tolist(),
        "pixel": pixel[0, 0].tolist(),
        "distance": float(diagnostics.travelled(ends[0])[-1]),
        "pixel_distance": float(diagnostics.travelled(ends[1])[-1]),
    }
