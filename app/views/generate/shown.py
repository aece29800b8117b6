"""What Generate shows of a run: the seeds, the film, the comparison, the spectrum of B, the way back to noise."""

from collections.abc import Sequence

import torch
from torch import Tensor

from app import models
from app import words as common
from app.models.remembering import remembered
from app.pictures.difference import difference
from app.views.generate import runs, words
from app.views.generate.standing import ANY, MOST_STEPS, Run
from app.widgets.chart import curves
from app.widgets.film_strip import Path, film
from app.widgets.tiles import tiles
from linearizer_core import algebra, diagnostics

GRID = 15  # seeds on screen
LIMIT = (MOST_STEPS, "rk4")  # as good as infinitely many steps


def page_of(seed: int) -> tuple[int, ...]:
    """The seeds on screen, this one among them.

    >>> page_of(17)[:3]
    (15, 16, 17)
    """
    return tuple(range(seed - seed % GRID, seed - seed % GRID + GRID))


def compared(seed: int, run: Run, broken: bool, patient: bool = False) -> dict:
    """The film of N steps, the comparison of their end with one step, and one step for all seeds on screen."""
    path = runs.walked(seed, run).latents
    shown = models.decode(torch.cat([path, runs.made(page_of(seed), run, broken)]), run.model)
    film, made = shown[: len(path)], shown[len(path) :]
    taken = runs.walked(seed, run).seconds, runs.one_step_seconds(seed, run, broken)
    if patient:
        taken = runs.median_seconds(seed, run), runs.median_one_step_seconds(seed, run, broken)
    stage = _comparison(seed, run, broken, (film[-1:], made[seed % GRID, None]), taken)
    return {"path": _film(seed, run, film), "stage": stage, "grid": _grid(seed, made)}


def running(seed: int, run: Run, broken: bool) -> dict:
    """The comparison before the N steps of a long run are taken, and one step for all seeds on screen."""
    made = models.decode(runs.made(page_of(seed), run, broken), run.model)
    one = made[seed % GRID, None]
    blank = torch.zeros_like(one)
    shown = torch.cat([_visible(runs.noise([seed], run.model)), blank, one, blank])
    taken = common.seconds(runs.one_step_seconds(seed, run, broken))
    notes = [words.seed_note(seed), words.RUNNING, taken, ""]
    titles = _titles(run, broken, common.difference(1))
    stage = tiles(shown, titles, [str(seed), *run_words(run), "running"], notes=notes)
    return {"stage": stage, "grid": _grid(seed, made)}


def _grid(seed: int, made: Tensor) -> dict:
    seeds = page_of(seed)
    return tiles(made, [words.seed_note(s) for s in seeds], [str(s) for s in seeds], seeds.index(seed))


def _film(seed: int, run: Run, path: Tensor) -> dict:
    times = runs.walked(seed, run).times
    state = ",".join([str(seed), *run_words(run)])
    return tiles(path, notes=[words.at_time(t) for t in times], ids=[state])


def run_words(run: Run) -> list[str]:
    """The run as the words of `data-state`."""
    return [ANY if run.label is None else str(run.label), str(run.steps), run.method]


def _comparison(
    seed: int, run: Run, broken: bool, ends: tuple[Tensor, Tensor], taken: tuple[float, float]
) -> dict:
    """Noise, the end of N steps, one step, and their difference so amplified that it can be seen."""
    many, one = ends
    gap = difference(many, one)
    shown = torch.cat([_visible(runs.noise([seed], run.model)), many, one, gap.shown])
    notes = [words.seed_note(seed), *map(common.seconds, taken), gap.note]
    titles = _titles(run, broken, gap.caption)
    more = {"hues": ["", "", "bad", "bad"]} if broken else {}
    return tiles(shown, titles, [str(seed), *run_words(run)], notes=notes, **more)


def _titles(run: Run, broken: bool, gap: str) -> list[str]:
    one = words.BROKEN_STEP if broken else words.ONE_STEP
    return [words.NOISE, words.n_steps(run.steps, run.method), one, gap]


def _visible(noise: Tensor) -> Tensor:
    """White noise as shades: −3 to 3 standard deviations from paper to ink."""
    return 0.5 + noise / 6


@remembered(128)
def singular_values(steps: int, method: str, model: str, broken: bool = False) -> tuple[float, ...]:
    """The spectrum of B; the class does not enter."""
    return tuple(algebra.singular_values(runs.operator(steps, method, model, broken)).tolist())


def rank(values: Sequence[float]) -> int:
    """How many singular values are more than rounding of the largest."""
    return sum(value > runs.RTOL * values[0] for value in values)


def spectrum(run: Run, broken: bool) -> dict:
    """The spectrum of B as a curve beside the limit of many small steps, and what it says; by name."""
    return _spectrum(run.steps, run.method, run.model, broken)


@remembered(512)
def _spectrum(steps: int, method: str, model: str, broken: bool) -> dict:
    values = singular_values(steps, method, model, broken)
    lines = [
        (singular_values(*LIMIT, model), words.LIMIT, "quiet", True),
        (values, words.n_steps(steps, method), "induced", False),
    ]
    text = words.spectrum_words(values[0], values[-1], rank(values), len(values))
    return {"spectrum": curves(lines, words.B_SPECTRUM), "spectrum_words": common.sentence(text)}


def rows(pair: Sequence[str], run: Run, broken: bool) -> list[dict]:
    """For each of two pictures: itself, its noise, what B makes of that, and the amplified difference."""
    found = runs.inverted(pair, run, broken)
    values = []
    for name, reference, x, x0, back in zip(("x₁", "x₂"), pair, found.pictures, found.noise, found.back):
        gap = difference(back, x)
        titles = [name, words.X_NOISE, words.X_BACK, gap.caption]
        notes = ["", words.noise_note(float(x0.std())), "", gap.note]
        shown = torch.stack([x, _visible(x0), back, gap.shown])
        values.append(tiles(shown, titles, [reference, *run_words(run)], notes=notes))
    return values


@remembered(64)
def line(x1: str, x2: str, run: Run) -> dict:
    """The line between the noises of two pictures, to drag along in the browser.

    All frames come at once, as the strip shows the whole way with what is travelled on it; so a drag asks nobody.
    """
    found = runs.line(x1, x2, run, models.frames(run.model))
    return film(
        Path(found.pictures, diagnostics.travelled(found.latents), diagnostics.travelled(found.pictures)),
        Path(
            _visible(found.noise),
            diagnostics.travelled(found.noise_latents),
            diagnostics.travelled(found.noise),
        ),
    )
