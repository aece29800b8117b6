"""Project: f(x), f(f(x)) and what f takes away, of any input and at any rank. Values in, values out."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from app import engine, models, pictures
from app import words as common
from app.models.remembering import remembered
from app.panels import programs
from app.pictures import encoding
from app.pictures.difference import difference
from app.views.project import SLUG, words
from app.views.project.gauge import gauge
from app.views.project.spoiling import latents, source, tensor
from app.views.project.standing import Arguments, Input, Standing
from app.widgets.proof_meter import Law, Settled
from app.widgets.tiles import tiles
from linearizer_core import diagnostics
from linearizer_core.algebra.singular import coordinates
from linearizer_core.linearizer import Linearizer
from linearizer_core.models.projector import Projector
from linearizer_core.operators import Identity
from linearizer_core.spaces import decode, encode

BAND = (0.05, 0.95)  # quantiles of the gallery's digits that the gauge shows


@remembered(256)
def projector(model: str, rank: int, broken: bool = False) -> Linearizer:
    """f of this rank; broken, A keeps half of what a projection drops, and A² is not A any more."""
    whole = models.projecting(model)
    f = whole.truncated(rank) if isinstance(whole, Projector) else whole.projector(rank)
    if not broken:
        return f
    half = 0.5 * Identity(f.A.shape[0]) + 0.5 * f.A
    return Linearizer(f.g_x, half, f.g_y).requires_grad_(False)


@dataclass(frozen=True)
class Projected:
    """Inputs x, f(x), f(f(x)), x ⊖ f(x), (k, C, S, S) each, and the induced distance from x to the range of f, (k,)."""

    x: Tensor
    once: Tensor
    twice: Tensor
    removed: Tensor
    away: Tensor


def projected(inputs: Sequence[Input], model: str, rank: int, broken: bool = False) -> Projected:
    """One operator application and one g⁻¹ for f(x) and x ⊖ f(x); f(f(x)) goes all the way through f again."""
    f = projector(model, rank, broken)
    with torch.inference_mode():
        z = latents(inputs, model)
        kept = f.A(z)
        once, removed = models.decode(torch.cat([kept, z - kept]), model).split(len(z))
        with models.one_core():
            again = f.A(encode(f.g_x, once))
        twice = models.decode(again, model)
        return Projected(tensor(inputs, model), once, twice, removed, (z - kept).norm(dim=1))


@remembered(512)
def usual_distances(model: str, rank: int) -> tuple[float, float]:
    """How far the gallery's pictures of the model's kind are from the range of f: 5 of 100 are nearer, 5 of 100 farther."""
    z = latents([Input(picture) for picture in pictures.page_of(model)], model)
    with torch.inference_mode():
        away = (z - projector(model, rank).A(z)).norm(dim=1)
        low, high = away.quantile(torch.tensor(BAND)).tolist()
    return low, high


@remembered(64)
def usual_by_eye(model: str, rank: int) -> tuple[float, float]:
    """The same of `by_eye`. As all of them must be decoded, the page asks only for the ranks of `words.LADDER`."""
    inputs = [Input(picture) for picture in pictures.page_of(model)]
    f, x = projector(model, rank), tensor(inputs, model)
    with models.one_core():
        once = decode(f.g_y, f.A(latents(inputs, model)))
        low, high = by_eye(x, once).double().quantile(torch.tensor(BAND, dtype=torch.float64)).tolist()
    return low, high


def by_eye(x: Tensor, once: Tensor) -> Tensor:
    """The root mean square of the pixels that f changes, (k,)."""
    return (x - once).square().flatten(1).mean(1).sqrt()


# --- what is shown -----------------------------------------------------------------------------------------
def stage(standing: Standing, broken: bool) -> dict:
    """The tick: x on the painter; x, f(x), f(f(x)), broken also how these two differ; what f took away; the distance."""
    entry, model, rank = standing.input, standing.model, standing.rank
    found = projected([entry], model, rank, broken)
    again = difference(found.twice, found.once)
    shown, titles = [found.x, found.once, found.twice], [common.INPUT, words.ONCE, words.TWICE]
    notes, ids, more = ["", "", words.again_note(again.note)], [entry.text[:40], str(rank)], {}
    if broken:
        shown, titles, ids = [*shown, again.shown], [*titles, again.caption], [*ids, "broken"]
        notes, more = ["", "", "", again.note], {"hues": ["", "bad", "bad", "bad"], "columns": 4}
    removed = torch.cat([found.removed, (found.x - found.once).abs()])
    seen, step = float(by_eye(found.x, found.once)), words.step_of(rank)
    away, usual, kind = float(found.away), usual_distances(model, rank), models.abilities(model).pictures
    return {
        "painter": tiles(found.x, ids=ids[:1]),
        "stage": tiles(torch.cat(shown), titles, ids, notes=notes, **more),
        "removed": tiles(removed, [words.TAKEN, words.PIXELS_CHANGED]),
        "formula": words.formula(rank, broken),
        "gauge": gauge(away, usual, words.MANIFOLD),
        "distance": words.distance_words(kind, seen, *usual_by_eye(model, step), step, away, *usual),
    }


def ingredients(standing: Standing, broken: bool) -> dict:
    """What the browser needs to answer another rank by itself: x, and its latent along the axes in their order."""
    f, z = models.model(standing.model), latents([standing.input], standing.model)
    if models.projecting(standing.model) is not f:
        return {}  # what the page holds of the model has another operator
    vectors = {"x": tensor([standing.input], standing.model), "along": coordinates(f.A, z)}
    return {**engine.given(standing.model, **vectors), "id": standing.input.text[:40]}


def grid(standing: Standing, entries: Sequence[str], broken: bool) -> dict:
    """x, f(x), f(f(x)) of several inputs at once, at the rank on screen."""
    found = projected(list(map(Input.of_text, entries)), standing.model, standing.rank, broken)
    distances = [words.distance_note(float(away)) for away in found.away]
    ids = [text[:40] for text in entries] + [str(standing.rank)]
    rows = (found.x, ()), (found.once, distances), (found.twice, ())
    return {"rows": [tiles(row, ids=ids, notes=notes) for row, notes in rows]}


# --- laws and program --------------------------------------------------------------------------------------
def settled(standing: Standing, entries: Sequence[str], broken: bool) -> Settled:
    """The laws for x and the grid, the program for this view, the link to it."""
    inputs = [standing.input, *map(Input.of_text, entries)]
    names = words.LAW_IDEMPOTENT, words.LAW_SELF_ADJOINT, words.LAW_ORTHOGONAL
    formulas = (
        words.idempotent_formula(len(entries)),
        words.SELF_ADJOINT_FORMULA,
        words.ORTHOGONAL_FORMULA,
    )
    laws = list(map(Law, names, formulas, law_errors(inputs, standing.model, standing.rank, broken)))
    return Settled(laws, program(standing), standing.link(SLUG))


def law_errors(inputs: Sequence[Input], model: str, rank: int, broken: bool) -> tuple[float, float, float]:
    """Errors of f(f(x)) = f(x), of ⟨f(x), y⟩ = ⟨x, f(y)⟩, and of ⟨f(x), x ⊖ f(x)⟩ = 0, all through pictures."""
    f, found = projector(model, rank, broken), projected(inputs, model, rank, broken)
    with models.one_core():
        x, y = found.x[:1], found.x[1:2]
        adjoint = diagnostics.transpose_error(f, x, y, f)
        slant = diagnostics.orthogonality_error(f.domain, found.once, found.removed)
    return diagnostics.relative_error(found.twice, found.once), adjoint, slant


def program(standing: Standing) -> str:
    """Python for this view: f(x), f(f(x)), what was taken away, the distance."""
    model, rank = standing.model, standing.rank
    how = "truncated" if isinstance(models.projecting(model), Projector) else "projector"
    whole = models.projecting_source(model)
    body = f"""
from linearizer_core.data import damage

{source(standing.input, model)}
f = {whole}.{how}({rank})                          # the {rank} most important axes
with torch.no_grad():
    once = f(x)
    twice = f(once)                                  # the same again
    removed = f.residual(x)                          # x ⊖ f(x)
    distance = f.distance_to_range(x)                # ‖x ⊖ f(x)‖
print("f(f(x)) differs from f(x) by at most", (twice - once).abs().max().item())

stage = torch.cat([x, once, twice, removed])
figure = lc.plots.pictures(
    {{f"‖x ⊖ f(x)‖ = {{distance.item():.2f}}": stage}}, columns=["x", "f(x)", "f(f(x))", "x ⊖ f(x)"]
)
figure.savefig("project.png")                        # in a notebook, a line with `figure` alone shows it
"""
    return programs.program(body, [standing.picture], model)


# --- the endpoint ------------------------------------------------------------------------------------------
def answer(asked: Arguments) -> dict:
    """Project any picture onto the manifold of digits or of faces, f(x) = g⁻¹(P g(x)) with P² = P, and once more.

    Returns:
        {"x", "once": f(x), "twice": f(f(x)), "removed": x ⊖ f(x), each 32×32 numbers (3×64×64 of faces), "distance": from x
        to the range of f in the induced metric, "usual_distances": of which most pictures of its kind are,
        "largest_difference": of f(f(x)) and f(x)}
    """
    entry = Input(asked.picture, asked.kind, asked.amount, asked.seed)
    found = projected([entry], asked.model, asked.rank)
    shown = {name: encoding.listed(getattr(found, name)[0]) for name in ("x", "once", "twice", "removed")}
    return {
        **shown,
        "distance": float(found.away),
        "usual_distances": list(usual_distances(asked.model, asked.rank)),
        "largest_difference": float((found.twice - found.once).abs().max()),
    }
