"""Spectrum: f with its singular values as the visitor has set them, and what each of them means. Values in, values out."""

import torch
from torch import Tensor

from app import engine, models, pictures
from app import words as common
from app.models.remembering import remembered
from app.panels import programs
from app.pictures import encoding
from app.pictures.difference import difference
from app.views.spectrum import SLUG, named, words
from app.views.spectrum.handles import rounded
from app.views.spectrum.moves import Moves, edited, source
from app.views.spectrum.standing import Arguments, Given, Standing, all_values, trained
from app.widgets.proof_meter import Law, Settled
from app.widgets.tiles import tiles
from linearizer_core import algebra, diagnostics
from linearizer_core.algebra.singular import coordinates
from linearizer_core.linearizer import Linearizer, LinearizerSVD
from linearizer_core.models.projector import Projector
from linearizer_core.operators import LinearOperator
from linearizer_core.spaces import decode

WALK = (-3.0, -1.5, 0.0, 1.5, 3.0)  # standard deviations at which a direction is shown
WEIGHTS = (0.6, 0.4)
TERMS = 8  # of the sum ⊕ᵢ σᵢ⟨x, vᵢ⟩ ⊙ uᵢ that the proof meter takes through points


# --- what is shown -----------------------------------------------------------------------------------------
def values(standing: Standing) -> Tensor:
    """All singular values (n,) as they are now; those without a handle follow moves of the whole curve."""
    return edited(all_values(standing.model), standing.moves)


def function(standing: Standing) -> Linearizer:
    """The model with these singular values; the model itself stays as it is."""
    return models.model(standing.model).with_singular_values(values(standing))


@remembered(1024)
def before(given: Given) -> Tensor:
    """f(x) as trained, (1, 1, S, S)."""
    return models.decode(models.model(given.model).A(latent(given)), given.model)


def after(standing: Standing, broken: bool = False) -> Tensor:
    """f(x) now, (1, 1, S, S): one operator application, one g_y⁻¹."""
    f = function(standing)
    f = clipped(f, models.total_std(standing.model)) if broken else f
    with torch.inference_mode():
        z = latent(standing.given)
        return models.decode(f.A(z), standing.model)


def stage(standing: Standing, broken: bool = False) -> dict:
    """The tick: x, f(x) as trained and f(x) now, and the formula with the selected term in numbers.

    Broken, f(x) now is that of clipped latents, and how it differs from what it should be stands beside it.
    """
    picture, given, now = standing.picture, standing.given, after(standing)
    shown = [seen(given), before(given), now]
    titles, more = [input_name(given), words.BEFORE, words.NOW], {}
    state = ",".join(filter(None, ["now", Moves().words(standing.moves)]))
    notes = ["", "", words.STILL]
    if broken:
        wrong = after(standing, broken)
        gap = difference(wrong, now)
        shown[2:], titles[2:], notes[2:] = [wrong, gap.shown], [words.CLIPPED, gap.caption], ["", gap.note]
        more, state = {"hues": ["", "", "bad", "bad"], "columns": 4}, f"{state} clipped"
    elif standing.moves:
        notes[2] = words.moved(float((now.clamp(0, 1) - shown[1].clamp(0, 1)).abs().max()))
    formula = words.formula(*term(standing))
    value = tiles(torch.cat(shown), titles, [picture[:24], "trained", state], notes=notes, **more)
    return {"stage": value, "formula": formula}


@remembered(256)
def seen(given: Given) -> Tensor:
    """x, (1, C, S, S): the picture, or what noise and a direction have made of it."""
    if not given.noise and not given.far:
        return pictures.tensor([given.picture], given.model)
    with models.one_core():
        return decode(models.model(given.model).g_x, latent(given))


@remembered(256)
def latent(given: Given) -> Tensor:
    """g(x), (1, n), encoded once whatever is done to the values; what ⊕ adds to the picture is added here.

    The noise is white in latents.
    """
    z = pictures.latents([given.picture], given.model)
    if given.far:
        z = z + given.far * named.direction(given.model, given.named)
    if not given.noise:
        return z
    generator = torch.Generator().manual_seed(0)
    return z + given.noise * torch.randn(z.shape, dtype=torch.float32, generator=generator)


def input_name(given: Given) -> str:
    return words.input_name(given.noise, given.named or "", given.far)


def ingredients(standing: Standing, broken: bool = False) -> dict:
    """What the browser needs to answer another spectrum by itself: ⟨x, vᵢ⟩, the values as trained, x, f(x) as trained.

    Broken or not they are the same; what is broken the server draws.
    """
    given, name = standing.given, standing.model
    z = latent(given)
    vectors = {"along": coordinates(models.model(name).A, z), "values": all_values(name)}
    shown = {"x": seen(given), "before": before(given)}
    said = {
        "titles": [input_name(given), words.BEFORE, words.NOW],
        "still": words.STILL,
        "moved": words.MOVED,
    }
    return {**engine.given(name, **vectors, **shown), "words": said, "picture": standing.picture[:24]}


def term(standing: Standing) -> tuple[int, float, float, int]:
    """What the formula names: i from 1, σᵢ now, ⟨x, vᵢ⟩, how many values are not zero."""
    name, i, now = standing.model, standing.selected, values(standing)
    along = float(latent(standing.given)[0] @ trained(name).factors.V[:, i])
    return i + 1, float(now[i]), along, int((now > 0).sum())


@remembered(256)
def directions(selected: int, name: str) -> tuple[Tensor, Tensor]:
    """c ⊙ vᵢ and c ⊙ uᵢ for c from −3 to 3 standard deviations of the data along vᵢ, each (5, 1, S, S)."""
    with models.one_core():
        svd, steps = trained(name), spread(selected, name) * torch.tensor(WALK, dtype=torch.float32)
        return svd.input_point(selected, steps), svd.output_point(selected, steps)


def spread(selected: int, name: str) -> float:
    """Standard deviation of the data along vᵢ, in the units of the latents."""
    f = models.model(name)
    if isinstance(f, Projector):
        return float(f.kept_std[selected])
    along = trained(name).factors.V[:, selected]
    return float(torch.linalg.vector_norm(along * models.total_std(name)))


def rows(standing: Standing) -> dict:
    """Both rows of pictures for the selected value; the second is empty where it would be the first again."""
    notes, selected = [common.deviations(c) for c in WALK], standing.selected
    found = dict(zip("vu", directions(selected, standing.model)))
    shown = {
        letter: tiles(row, notes=notes, ids=[f"{letter}{selected + 1}"] * len(WALK))
        for letter, row in found.items()
    }
    return shown | ({"u": None} if same_directions(standing.model) else {})


@remembered(8)
def same_directions(name: str) -> bool:
    """Whether uᵢ = vᵢ, as where A is symmetric: then one row says it all."""
    U, _, V = trained(name).factors
    return torch.allclose(U, V, atol=1e-4)


def named_row(standing: Standing) -> dict:
    """Pictures of the direction with a name, and what f does with it; nothing where none is chosen."""
    name, model = standing.named, standing.model
    if not name:
        return {"named_row": None, "named_words": ""}
    row = tiles(
        named.row(model, name), notes=[words.times(c) for c in named.ALONG], ids=[name] * len(named.ALONG)
    )
    said = words.passed_words(name, named.YEARS, named.STRONGEST, *named.passed(model, name))
    return {"named_row": row, "named_words": said}


def plot(standing: Standing) -> dict:
    """The value of the handles: all that stands but the picture, and the singular values as trained."""
    apart = ("picture", "noise", "named", "far")
    found = {name: value for name, value in standing.values().items() if name not in apart}
    return found | {"base": rounded(trained(standing.model).values.tolist())}


# --- laws and program --------------------------------------------------------------------------------------
def settled(standing: Standing, broken: bool) -> Settled:
    """The laws of f with these singular values, the program for this view, the link to it."""
    with models.one_core():
        laws = measured(standing, broken)
    return Settled(laws, program(standing), standing.link(SLUG))


def measured(standing: Standing, broken: bool) -> list[Law]:
    """SVD of the first terms, one singular pair, linearity, for what is on screen."""
    name, i, now, svd = standing.model, standing.selected, values(standing), trained(standing.model)
    U, _, V = svd.factors
    f, first = function(standing), models.model(name).with_singular_values(edited(now, [("keep", TERMS)]))
    few = LinearizerSVD(first, algebra.SVD(U[:, :TERMS], now[:TERMS], V[:, :TERMS]))
    if broken:
        f, first = (clipped(h, models.total_std(name)) for h in (f, first))
    x, y = seen(standing.given), pictures.tensor([pictures.examples(name)[1]], name)
    c, sigma = 2 * spread(i, name), float(now[i])
    pair = f(svd.input_point(i, c)), svd.output_point(i, c * sigma)
    errors = [
        diagnostics.svd_error(first, x, few),
        diagnostics.relative_error(*pair),
        diagnostics.linearity_error(f, x, y, *WEIGHTS),
    ]
    formulas = [
        words.svd_formula(TERMS),
        words.pair_formula(i + 1, c, sigma),
        common.linearity_formula(*WEIGHTS),
    ]
    return list(map(Law, [words.LAW_SVD, words.LAW_PAIR, common.LAW_LINEARITY], formulas, errors))


class Clipped(LinearOperator):
    """What the "break it" switch puts in the place of A: it clips the latents first, so it is not linear."""

    def __init__(self, A: LinearOperator, limit: Tensor) -> None:
        super().__init__()
        self.A, self.limit, self.shape = A, limit, A.shape

    def matvec(self, v: Tensor) -> Tensor:
        return self.A(v.clamp(-self.limit, self.limit))


def clipped(f: Linearizer, limit: Tensor) -> Linearizer:
    """f with its latents clipped before A, at `limit` (n,), one standard deviation of the data."""
    return Linearizer(f.g_x, Clipped(f.A, limit), f.g_y)


def added(given: Given) -> str:
    """What is added to x, in Python."""
    parts = []
    if given.far:
        parts.append(f"{given.far!r} * ({named.source(given.named)})")
    if given.noise:
        die = "torch.Generator().manual_seed(0)"
        parts.append(f"{given.noise!r} * torch.randn(z.shape, generator={die})")
    if not parts:
        return ""
    lines = "".join(f"    z = z + {part}\n" for part in parts)
    return f"""with torch.no_grad():
    z = model.g_x(x)
{lines}    x = model.g_x.inverse(z)                     # by ⊕: added in latents
"""


def program(standing: Standing) -> str:
    """Python for this view: f(x) before and now, and the directions of the selected value, computed and drawn."""
    i, name = standing.selected, standing.model
    steps = programs.tensor_of([spread(i, name) * c for c in WALK])
    count = "" if len(trained(name).values) == len(all_values(name)) else len(trained(name).values)
    noisy = added(standing.given)
    body = f"""
{noisy}svd = model.svd({count})                                # f(x) = ⊕ᵢ σᵢ⟨x, vᵢ⟩ ⊙ uᵢ
values = lc.singular_values(model.A).detach().clone()
{source(standing.moves) or "# values[0] = 1.5        drag a handle and its line stands here"}
f = model.with_singular_values(values)
with torch.no_grad():
    before, now = model(x), f(x)
    v = svd.input_point({i}, {steps})     # c ⊙ v{common.subscript(i + 1)}
    u = svd.output_point({i}, {steps})    # c ⊙ u{common.subscript(i + 1)}
print("f(x) has changed by at most", (now - before).abs().max().item())

figure, (above, below) = lc.plots.parts(5, 3)
stage = torch.cat([x, before, now])
lc.plots.pictures({{"x, f(x) as trained, f(x) now": stage, "along v": v, "along u": u}}, above)
lc.plots.spectrum({{"as trained": svd.values, "now": values}}, below)
figure.savefig("spectrum.png")                   # in a notebook, a line with `figure` alone shows it
"""
    return programs.program(body, [standing.picture], name)


# --- the endpoint ------------------------------------------------------------------------------------------
def answer(asked: Arguments) -> dict:
    """Change the singular values of A and see f(x): f(x) = ⊕ᵢ σᵢ⟨x, vᵢ⟩ ⊙ uᵢ with other σᵢ.

    Returns:
        {"values": all singular values, "before" and "now": 32×32 numbers (3×64×64 of faces), "input_direction" and
        "output_direction": five pictures each, from −3 to 3 standard deviations along vᵢ and uᵢ}
    """
    standing = Standing(**asked.values())
    along = [encoding.listed(row) for row in directions(standing.selected, standing.model)]
    return {
        "values": values(standing).tolist(),
        "before": encoding.listed(before(standing.given)[0]),
        "now": encoding.listed(after(standing)[0]),
        "input_direction": along[0],
        "output_direction": along[1],
    }
