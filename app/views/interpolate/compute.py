"""Interpolate: pictures added as vectors of the induced space, beside plain sums of their pixels. Values in, values out."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from app import engine, models, pictures
from app import words as common
from app.models.remembering import remembered
from app.panels import programs
from app.pictures import encoding
from app.pictures.difference import difference
from app.views.interpolate import SLUG, words
from app.views.interpolate.standing import Standing
from app.widgets.film_strip import Path, film
from app.widgets.proof_meter import Law, Settled
from app.widgets.tiles import tiles
from linearizer_core import diagnostics
from linearizer_core.spaces import decode, encode


# --- what is shown -----------------------------------------------------------------------------------------
def blends(standing: Standing) -> tuple[Tensor, Tensor, Tensor]:
    """The induced blend g⁻¹(Σ wᵢ g(xᵢ) + a g(older)), the pixel blend Σ wᵢ xᵢ, (1, C, S, S) each; and the latent, (n,)."""
    chosen, name = standing.pictures, standing.model
    pixels = pictures.tensor(chosen, name)
    weights = pixels.new_tensor(standing.weights)
    z = weights @ pictures.latents(chosen, name)
    if standing.years:
        z = z + standing.years * models.model(name).older
    return models.decode(z[None], name), torch.tensordot(weights, pixels, dims=1)[None], z


def stage(standing: Standing, broken: bool = False) -> dict:
    """The tick: both blends with their formulas, how old a face looks, what to say of the weights.

    Broken, the sum of pixels stands in the place of ⊕, and how it differs from that beside it.
    """
    *shown, z = blends(standing)
    said = words.sum_note(standing.weights)
    notes = [words.blend_formula(standing.weights, standing.years), words.pixel_formula(standing.weights)]
    induced, f = words.INDUCED, models.model(standing.model)
    if models.abilities(standing.model).ages:
        induced = words.read_age(induced, float(z @ f.age_weights + f.age_offset))
    titles, more = [induced, words.PIXEL], {}
    if broken:
        gap = difference(shown[0], shown[1])
        shown = [shown[1], shown[1], gap.shown]
        titles, notes = [words.AVERAGE, words.PIXEL, gap.caption], [notes[1], notes[1], gap.note]
        more = {"hues": ["bad", "pixel", "bad"], "columns": 3}
    return {"stage": tiles(torch.cat(shown), titles, notes=notes, **more), "said": said}


def ingredients(standing: Standing, broken: bool = False) -> dict:
    """What the browser needs to answer another weight or other years by itself: latents, pixels, a year, ages.

    Broken or not they are the same; what is broken the server draws.
    """
    chosen, name = standing.pictures, standing.model
    f, z = models.model(name), pictures.latents(chosen, name)
    vectors, more = {"latents": z, "pixels": pictures.tensor(chosen, name)}, {}
    if models.abilities(name).ages:
        vectors["older"] = f.older
        read, year = (z @ f.age_weights).tolist(), float(f.older @ f.age_weights)
        more["age"] = {"of": read, "year": year, "offset": float(f.age_offset)}
    return {
        **engine.given(name, **vectors),
        **more,
        "words": {"induced": words.INDUCED, "pixel": words.PIXEL},
    }


@remembered(64)
def film_between(first: str, second: str, name: str, broken: bool = False) -> dict:
    """The film from one picture to the other along both straight lines, with what is travelled on the way.

    Broken, that of pixels stands in the place of both.
    """
    ts = torch.linspace(0, 1, models.frames(name), dtype=torch.float32)
    x, y = pictures.points([first, second], name)
    with models.one_core():
        line = (1 - ts) * x + ts * y
        pixels = models.pixel_space(name).line(*pictures.tensor([first, second], name), ts)
        seen = encode(x.space.g, pixels)
    induced = models.decode(line.z, name)
    double = Path(pixels, diagnostics.travelled(seen), diagnostics.travelled(pixels))
    straight = Path(induced, diagnostics.travelled(line.z), diagnostics.travelled(induced))
    return film(double if broken else straight, double)


# --- laws and program --------------------------------------------------------------------------------------
def settled(standing: Standing, broken: bool) -> Settled:
    """The laws measured on the pictures chosen, the program for this view, the link to it."""
    chosen, name = standing.pictures, standing.model
    laws = [
        _round_trip(chosen, name),
        _axioms((*chosen, chosen[0])[:3], name, broken),
        _linearity(chosen[:2], standing.weights[:2], name, broken),
        *([_years(standing, broken)] if standing.years else []),
    ]
    return Settled(laws, program(standing), standing.link(SLUG))


@remembered(256)
def _round_trip(references: tuple[str, ...], name: str) -> Law:
    with models.one_core():
        error = diagnostics.round_trip_error(models.model(name).g_x, pictures.tensor(references, name))
    return Law(common.LAW_ROUND_TRIP, "g⁻¹(g(x)) = x", error)


@remembered(256)
def _axioms(references: tuple[str, ...], name: str, broken: bool) -> Law:
    """The worst of the eight axioms; remembered, because weights do not enter and sixteen blends take a while."""
    x, y, z = pictures.tensor(references, name).unsqueeze(1)
    with models.one_core():
        errors = diagnostics.axiom_errors(
            models.model(name).domain, x, y, z, add=_average(name) if broken else None
        )
    worst = max(errors, key=errors.get)
    return Law(common.LAW_SPACE, common.axiom_formula(worst), errors[worst])


@remembered(256)
def _linearity(references: tuple[str, ...], weights: tuple[float, ...], name: str, broken: bool) -> Law:
    """Remembered, because every visitor begins with the same pictures and weights."""
    x, y = pictures.tensor(references, name).unsqueeze(1)
    a, b = weights
    with models.one_core():
        add = _average(name) if broken else None
        error = diagnostics.linearity_error(models.model(name), x, y, a, b, add=add)
    return Law(common.LAW_LINEARITY, common.linearity_formula(a, b), error)


def _years(standing: Standing, broken: bool) -> Law:
    """Years are added to the blend as a picture, and its age is read before and after."""
    f, years = models.model(standing.model), standing.years
    blend, _, _ = blends(replace(standing, years=0.0))
    with models.one_core():
        later = f.aged(blend, years)
        if broken:
            later = _average(standing.model)(blend, decode(f.g_y, years * f.older)[None])
        error = diagnostics.relative_error(f.age(later), f.age(blend) + years)
    return Law(words.LAW_YEARS, words.years_formula(years), error)


def _average(name: str) -> Callable[[Tensor, Tensor], Tensor]:
    """What the "break it" switch puts in the place of ⊕: the double exposure."""
    return lambda x, y: models.pixel_space(name).interpolate(x, y, 0.5)


def program(standing: Standing) -> str:
    """Python for this view: both blends and the film, computed and drawn, from the pictures inside the program."""
    aged = f"\n    induced = model.aged(induced[None], {standing.years!r})[0]     # … ⊕ {standing.years:g} ⊙ older"
    body = f"""
weights = {programs.tensor_of(standing.weights)}
X = lc.InducedSpace(model.g_x)
with torch.no_grad():
    # The induced blend g⁻¹(Σ wᵢ g(xᵢ)) and the film (1 − t) ⊙ x₁ ⊕ t ⊙ x₂.
    induced = X.combine(weights, x){aged if standing.years else ""}
    film = X.line(x[0], x[1], torch.linspace(0, 1, {models.frames(standing.model)}))

# The double exposure Σ wᵢ xᵢ.
pixel = torch.tensordot(weights, x, dims=1)

figure = lc.plots.pictures({{"the pictures": x, "induced": induced, "pixels": pixel, "film": film[::4]}})
figure.savefig("interpolate.png")                # in a notebook, a line with `figure` alone shows it
"""
    return programs.program(body, standing.pictures, standing.model)


# --- the endpoint ------------------------------------------------------------------------------------------
def answer(standing: Standing) -> dict:
    """Blend two to four pictures in the space that g induces, g⁻¹(Σ wᵢ g(xᵢ)), beside the blend of their pixels.

    Returns:
        {"induced": 32×32 numbers (3×64×64 of faces), "pixel": the same, "distance": between the first two pictures in the
        induced space, "pixel_distance": between the same two in pixels}
    """
    induced, pixel, _ = blends(standing)
    pair, name = standing.pictures[:2], standing.model
    ends = pictures.latents(pair, name), pictures.tensor(pair, name)
    return {
        "induced": encoding.listed(induced[0]),
        "pixel": encoding.listed(pixel[0]),
        "distance": float(diagnostics.travelled(ends[0])[-1]),
        "pixel_distance": float(diagnostics.travelled(ends[1])[-1]),
    }
