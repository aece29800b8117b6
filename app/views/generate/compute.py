"""Generate: what a tick shows, what is measured when the hand rests, what the endpoint answers. Values in, values out."""

from collections.abc import Sequence

import torch

from app import engine, models, pictures
from app import words as common
from app.panels import programs
from app.pictures import encoding
from app.views.generate import SLUG, runs, shown, words
from app.views.generate.runs import noise
from app.views.generate.shown import page_of, rank, run_words, singular_values
from app.views.generate.standing import Arguments, Run, Standing
from app.widgets.proof_meter import Law, Settled
from linearizer_core import diagnostics
from linearizer_core.operators import TimedGaussian

QUICK = (
    1200  # evaluations of V(t) that a tick may wait for, some 30 ms; longer runs follow when the hand rests
)
WEIGHTS = (0.6, 0.4)


# --- what is shown -----------------------------------------------------------------------------------------
def stage(standing: Standing, broken: bool, patient: bool = False) -> dict:
    """Grid, film, comparison, formula, spectrum of B, both inversions. Long runs are left to `rested`."""
    run = standing.run
    quick = patient or run.evaluations <= QUICK
    return {
        **(shown.compared if quick else shown.running)(standing.seed, run, broken),
        "formula": words.formula(run.steps, run.method, run.label, broken),
        **shown.spectrum(run, broken),
        "inverted": shown.rows(standing.pictures, run, broken),
    }


def rested(standing: Standing, broken: bool) -> dict:
    """What waits for the hand to rest: all of a tick, also of a short run, as an answer for another run may be late."""
    return {**stage(standing, broken, patient=True), **line(standing)}


def ingredients(standing: Standing, broken: bool) -> dict:
    """What the browser needs to take other numbers of steps by itself: z₀, and the variances that V(t) leads to.

    Nothing where V(t) has another form. Broken or not they are the same; what is broken the server draws.
    """
    seed, run = standing.seed, standing.run
    A_t = models.model(run.model).A_t
    if not isinstance(A_t, TimedGaussian):
        return {}
    z0 = runs.encoded((seed,), run.label, run.model)
    label = run_words(run)[0]
    return {
        **engine.given(run.model, start=z0, variances=A_t.variances),
        "of": {"seed": seed, "label": label, "method": run.method},
        "words": {
            "titles": [words.NOISE, words.ONE_STEP, common.difference(1)],
            "note": words.seed_note(seed),
            "integrator": common.INTEGRATORS[run.method],
            "formula": words.formula_parts(run.method, run.label),
        },
    }


def line(standing: Standing) -> dict:
    """The line between the noises of the two pictures."""
    return {"film": shown.line(*standing.pictures, standing.run)}


# --- laws and program --------------------------------------------------------------------------------------
def settled(standing: Standing, broken: bool) -> Settled:
    """The laws for what is on screen, the program for this view, the link to it."""
    laws = measured(standing.seed, standing.run, standing.pictures, broken)
    return Settled(laws, program(standing), standing.link(SLUG))


def measured(seed: int, run: Run, pair: Sequence[str], broken: bool) -> list[Law]:
    """N steps against one step: from this noise, from the noise of x₁ and x₂, from a blend of two noises."""
    f, gen = runs.one_step(run, broken), models.model(run.model)
    values = singular_values(run.steps, run.method, run.model)
    found, full = rank(values), rank(values) == len(values)
    x0, other = noise([seed], run.model), noise([seed + 1], run.model)
    with models.one_core():
        blend = f.domain.combine(WEIGHTS, torch.stack([x0, other]))
        wanted = pictures.tensor(pair, run.model) if full else f(torch.cat([x0, other]))
        ends = gen.sample(torch.cat([x0, blend, f.pinv(runs.RTOL)(wanted)]), run.steps, run.method, run.label)
        many, blended, back = ends.split([1, 1, 2])
        one, sums = f(x0), f.codomain.combine(WEIGHTS, torch.stack([f(x0), f(other)]))
    names = [common.LAW_ONE_STEP, words.LAW_INVERSION, common.LAW_LINEARITY]
    formulas = [
        words.one_step_formula(run.steps, run.method, diagnostics.psnr(one, many)),
        words.inversion_formula(full, found, len(values)),
        words.superposition_formula(*WEIGHTS),
    ]
    errors = map(diagnostics.relative_error, (one, back, blended), (many, wanted, sums))
    return list(map(Law, names, formulas, errors))


def program(standing: Standing) -> str:
    """Python for this view: one step for all seeds, the path of the chosen one, spectrum, inversion, line."""
    seed, run = standing.seed, standing.run
    seeds, how = page_of(seed), f"steps={run.steps}, method={run.method!r}, label={run.label}"
    shape = ", ".join(map(str, models.shape(run.model)))
    at, frames = seeds.index(seed), models.frames(run.model)
    body = f"""
seeds = range({seeds[0]}, {seeds[-1] + 1})
dice = [torch.Generator().manual_seed(seed) for seed in seeds]
noise = torch.stack([torch.randn({shape}, generator=die) for die in dice])
chosen = noise[{at}:{at + 1}]          # seed {seed}
f = model.collapse({how})     # x = g_data⁻¹(B g_noise(x₀))
with torch.no_grad():
    one = f(noise)                                       # one step
    path = model.path(chosen, {how}, frames={runs.FRAMES})[:, 0]
    difference = path[-1:] - f(chosen)                   # N steps − one step
    values = lc.singular_values(f.A)                     # the spectrum of B

    # And back: the noises of x₁ and x₂, what they make, and the straight line between them.
    x0 = f.pinv({runs.RTOL})(x)
    back = f(x0)
    line = lc.InducedSpace(f.g_x).line(x0[0], x0[1], torch.linspace(0, 1, {frames}))
    between = f(line)
print("{run.steps} steps and one step differ by at most", difference.abs().max().item())

figure, (above, below) = lc.plots.parts(4, 3)
there = torch.cat([x, x0, back])
rows = {{"one step": one, "{run.steps} steps": path, "x, its noise, and back": there, "from x₁ to x₂": between[::4]}}
lc.plots.pictures(rows, above)
lc.plots.spectrum({{"B": values}}, below)
figure.savefig("generate.png")         # in a notebook, a line with `figure` alone shows it
"""
    return programs.program(body, standing.pictures, run.model)


# --- the endpoint ------------------------------------------------------------------------------------------
def answer(asked: Arguments) -> dict:
    """Turn noise into pictures twice: by N steps of the integrator, and by the one operator B that they collapse to.

    Returns:
        {"one_step": a picture for each seed, 32×32 numbers (3×64×64 of faces), by x = g_data⁻¹(B g_noise(x₀)),
        "n_steps": the same by N steps,
        "path": up to 12 pictures on the way of the first seed, "times": their t, "largest_difference": between one
        step and N steps, "spectrum": singular values of B, "seconds": {"n_steps", "one_step"} for the first seed}
    """
    seeds, run = asked.seeds, asked.run
    walked, one = runs.walked(seeds[0], run), models.decode(runs.made(seeds, run), run.model)
    with models.one_core():
        ends = models.model(run.model).sample(noise(seeds, run.model), run.steps, run.method, run.label)
    return {
        "one_step": encoding.listed(one),
        "n_steps": encoding.listed(ends),
        "path": encoding.listed(models.decode(walked.latents, run.model)),
        "times": list(walked.times),
        "largest_difference": float((ends - one).abs().max()),
        "spectrum": list(singular_values(run.steps, run.method, run.model)),
        "seconds": {"n_steps": walked.seconds, "one_step": runs.one_step_seconds(seeds[0], run)},
    }
