"""Interpolate: two to four pictures, added as vectors of the induced space beside plain sums of pixels."""

import math
from collections.abc import Sequence
from functools import lru_cache, reduce
from operator import add

import gradio as gr
import torch
from torch import Tensor

from app import captions, images, links, models, pictures, proof, snippets
from app.mixer import LIMIT, PLACES, SECOND_PICTURE, equal, mixer
from app.picker import first_page, picker
from app.state import QUIET, TICK, Lab, Opening
from app.widgets.film_strip import FilmStrip, Path, film, travelled
from app.widgets.pictures import Pictures, tiles
from linearizer_core import diagnostics
from linearizer_core.networks import Flatten
from linearizer_core.spaces import InducedSpace, encode

TITLE = captions.INTERPOLATE
SLUG = "interpolate"
HUES = ("induced", "pixel")
FRAMES = 33
PIXELS = InducedSpace(Flatten((1, images.SIDE, images.SIDE)))  # g = identity: its ⊕ is + of pixels


# --- handlers ----------------------------------------------------------------------------------------------
def blends(references: Sequence[str], weights: Sequence[float]) -> tuple[Tensor, Tensor]:
    """The induced blend g⁻¹(Σ wᵢ g(xᵢ)) and the pixel blend Σ wᵢ xᵢ, each (1, 1, 32, 32)."""
    weighted = [w * point for w, point in zip(weights, pictures.points(references))]
    induced = models.decode(reduce(add, weighted).z[None])
    return induced, PIXELS.combine(list(weights), pictures.tensor(references))[None]


def stage_value(references: Sequence[str], *weights: float) -> dict:
    """The tick: both blends with their formulas. Weights of places that are empty do not count."""
    weights = list(weights[: len(references)])
    if not all(map(math.isfinite, weights)):  # NaN passes Gradio's own check of a slider
        raise gr.Error(captions.NO_NUMBER, print_exception=False)
    notes = [captions.blend_formula(weights), captions.pixel_formula(weights)]
    return tiles(torch.cat(blends(references, weights)), [captions.INDUCED, captions.PIXEL], notes=notes)


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
        Path(induced, travelled(line.z), travelled(induced)),
        Path(pixels, travelled(seen), travelled(pixels)),
    )


def film_value(references: Sequence[str]) -> dict:
    return film_between(*references[:2])


def settled(broken: bool, references: Sequence[str], *weights: float) -> proof.Settled:
    """The laws measured on the pictures chosen, the program for this view, the link to it."""
    weights = list(weights[: len(references)])
    third = references[2] if len(references) > 2 else references[0]
    laws = [
        _round_trip(tuple(references)),
        _axioms((*references[:2], third), broken),
        _linearity(references, weights[0], weights[1], broken),
    ]
    link = links.encode(SLUG, x=list(references), w=weights)
    return proof.Settled(laws, program(references, weights), link)


@lru_cache(maxsize=256)
def _round_trip(references: tuple[str, ...]) -> proof.Law:
    with models.one_core():
        error = diagnostics.round_trip_error(models.model().g_x, pictures.tensor(references))
    return proof.Law(captions.LAW_ROUND_TRIP, "g⁻¹(g(x)) = x", error)


@lru_cache(maxsize=256)
def _axioms(references: tuple[str, ...], broken: bool) -> proof.Law:
    """The worst of the eight axioms; remembered, because weights do not enter and sixteen blends take a
    while.
    """
    x, y, z = pictures.tensor(references).unsqueeze(1)
    with models.one_core():
        errors = diagnostics.axiom_errors(models.model().domain, x, y, z, add=_average if broken else None)
    worst = max(errors, key=errors.get)
    return proof.Law(captions.LAW_SPACE, captions.axiom_formula(worst), errors[worst])


def _linearity(references: Sequence[str], a: float, b: float, broken: bool) -> proof.Law:
    x, y = pictures.tensor(references[:2]).unsqueeze(1)
    with models.one_core():
        error = diagnostics.linearity_error(models.model(), x, y, a, b, add=_average if broken else None)
    return proof.Law(captions.LAW_LINEARITY, captions.linearity_formula(a, b), error)


def _average(x: Tensor, y: Tensor) -> Tensor:
    """What the "break it" switch puts in the place of ⊕: the double exposure."""
    return PIXELS.interpolate(x, y, 0.5)


def program(references: Sequence[str], weights: Sequence[float]) -> str:
    """Python for this view: both blends and the film, from the pictures inside the program."""
    body = f"""
weights = {snippets.tensor_of(weights)}
X = lc.InducedSpace(model.g_x)
with torch.no_grad():
    # The induced blend g⁻¹(Σ wᵢ g(xᵢ)) and the film (1 − t) ⊙ x₁ ⊕ t ⊙ x₂.
    induced = X.combine(weights, x)
    film = X.line(x[0], x[1], torch.linspace(0, 1, {FRAMES}))

# The double exposure Σ wᵢ xᵢ.
pixel = torch.tensordot(weights, x, dims=1)
"""
    return snippets.program(body, references)


def interpolate(pictures: list[str], weights: list[float]) -> dict:
    """Blend two to four pictures in the space that g induces, g⁻¹(Σ wᵢ g(xᵢ)), beside the blend of their
    pixels.

    Args:
        pictures: each "digits:0" to "digits:1796" (scikit-learn), "sample:7:42" (the model's own 7, seed 42),
            "mnist:0" and on where MNIST is installed, or "data:image/png;base64,…" showing one digit.
        weights: one number in [−2, 2] for each picture.

    Returns:
        {"induced": 32×32 numbers, "pixel": 32×32 numbers, "distance": between the first two pictures in the
        induced space, "pixel_distance": between the same two in pixels}
    """
    try:
        references = checked(pictures, weights)
    except ValueError as error:
        raise gr.Error(str(error), print_exception=False) from None
    return answer(references, weights)


def answer(references: Sequence[str], weights: Sequence[float]) -> dict:
    """What the endpoint returns for checked arguments, as plain lists."""
    induced, pixel = blends(references, weights)
    ends = pictures.latents(references[:2]), pictures.tensor(references[:2])
    return {
        "induced": induced[0, 0].tolist(),
        "pixel": pixel[0, 0].tolist(),
        "distance": float(travelled(ends[0])[-1]),
        "pixel_distance": float(travelled(ends[1])[-1]),
    }


def checked(chosen: object, weights: object) -> list[str]:
    """References of pictures from outside, with weights that fit; ValueError with a sentence."""
    if not isinstance(chosen, list | tuple) or not 2 <= len(chosen) <= PLACES:
        raise ValueError(captions.wrong_count(len(chosen) if isinstance(chosen, list | tuple) else 0))
    if not isinstance(weights, list | tuple) or len(weights) != len(chosen):
        raise ValueError(
            captions.unequal(len(chosen), len(weights) if isinstance(weights, list | tuple) else 0)
        )
    for weight in weights:
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not math.isfinite(weight):
            raise ValueError(captions.NO_NUMBER)
        if abs(weight) > LIMIT:
            raise ValueError(captions.out_of_range(weight, -LIMIT, LIMIT))
    return [pictures.accept(picture) for picture in chosen]


def from_link(query: dict[str, str], picture: str) -> tuple[list[str], list[float], str]:
    """References, weights and a notice for a link to this view; a broken link gives the view's own
    pictures.
    """
    wanted = links.words(query.get("x"))[:PLACES]
    weights = links.numbers(query.get("w"), -LIMIT, LIMIT)
    try:
        references, notice = [pictures.accept(reference) for reference in wanted], ""
    except images.BadPictureError:
        references, notice = [], captions.BAD_LINK
    if len(references) < 2:
        references = [*references, picture, SECOND_PICTURE][:2]
    if len(weights) != len(references):
        weights = equal(len(references))
    return references, (weights + [0.0] * PLACES)[:PLACES], notice


# --- the view ----------------------------------------------------------------------------------------------
def build(lab: Lab) -> Opening:
    gr.HTML(f'<p class="lab-lead">{captions.INTERPOLATE_LEAD}</p>', apply_default_css=False)
    notice = gr.Markdown(visible=False, elem_classes="lab-notice", elem_id=f"{SLUG}-notice")
    with gr.Row(elem_classes="lab-split", equal_height=False):
        with gr.Column(scale=5, min_width=320):
            with gr.Column(elem_classes="lab-card"):
                gr.HTML(f"<h3>{captions.MIXER}</h3>", apply_default_css=False)
                board = mixer(lab, SLUG)
                gr.HTML(f"<h3>{captions.PICKER}</h3>", apply_default_css=False)
                sources = picker(SLUG)
            program_half = proof.program(SLUG)
            sources.chosen(
                lambda picture, *state: [picture, *board.put(picture, *state)],
                [board.references, board.active],
                [lab.picture, *board.outputs],
            )
        with gr.Column(scale=6, min_width=320):
            with gr.Column(elem_classes="lab-card lab-first"):
                stage = Pictures(elem_id=f"{SLUG}-stage", label=captions.STAGE, columns=2, hues=HUES)
            section = proof.Section(SLUG, *proof.meter(SLUG), *program_half)
    with gr.Column(elem_classes="lab-card"):
        gr.HTML(f"<h3>{captions.FILM}</h3><p>{captions.FILM_LEAD}</p>", apply_default_css=False)
        strip = FilmStrip(elem_id=f"{SLUG}-film", use=captions.FILM_USE)
        strip.use(_take_weights, board.references, board.sliders, **QUIET)
    moves = [board.references.change, *(slider.change for slider in board.sliders)]
    inputs = [board.references, *board.sliders]
    gr.on(moves, stage_value, inputs, stage, **TICK)
    board.references.change(film_value, board.references, strip, **TICK)
    section.settles(moves, settled, inputs)
    gr.api(interpolate, api_name="interpolate", queue=False)
    outputs = [notice, *board.outputs, *board.sliders, stage, strip, sources.pages[0]]

    def opened(query: dict[str, str], picture: str) -> list:
        references, weights, text = from_link(query, picture)
        shown = [stage_value(references, *weights), film_value(references), first_page()]
        return [gr.Markdown(text, visible=bool(text)), *board.values(references, 0), *weights, *shown]

    return Opening(opened, outputs)


def _take_weights(references: list[str], event: gr.EventData) -> list[float]:
    t = min(max(float(event.t), 0.0), 1.0)
    return [round(1 - t, 2), round(t, 2)] + [0.0] * (PLACES - 2)
