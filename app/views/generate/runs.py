"""Noise to picture and back: the N steps of the integrator beside the one operator B that they collapse to."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from app import models, pictures
from app.models.remembering import remembered
from app.pictures.noise import white
from app.views.generate.standing import Run
from linearizer_core.linearizer import Linearizer
from linearizer_core.methods.flow_matching import (
    collapse,
    flow,
    integrate,
    last_time,
    spread,
    trajectory,
)
from linearizer_core.operators import Diagonal, LinearOperator, TimedOperator
from linearizer_core.spaces import decode, encode

RTOL = 1e-6
"""Of the largest singular value of B: smaller ones count as 0. B is diagonal, so none is made up by rounding."""
PATIENCE = 0.3  # seconds for measuring a time
FRAMES = 12  # of the path, t = 0 and t = 1 among them


def noise(seeds: Sequence[int], model: str) -> Tensor:
    """White noise x₀ of these seeds in the shape of the model's pictures, (k, C, S, S)."""
    return white(seeds, *models.shape(model))


# --- N steps and one step ----------------------------------------------------------------------------------
@remembered(512)
def operator(steps: int, method: str, model: str, broken: bool = False) -> LinearOperator:
    """B, collapsed once; the class does not enter. Broken, it is the product of `simpsons` steps."""
    A_t = models.model(model).A_t
    with models.one_core():
        return simpsons(A_t, steps) if broken else collapse(A_t, steps, method)


@remembered(512)
def one_step(run: Run, broken: bool = False) -> Linearizer:
    """x = g_data⁻¹(B g_noise(x₀)), on networks that are shared."""
    B, gen = operator(run.steps, run.method, run.model, broken), models.model(run.model)
    return Linearizer(gen.noise_network(run.label), B, gen.g_y).requires_grad_(False)


def simpsons(A_t: TimedOperator, steps: int) -> LinearOperator:
    """What the "break it" switch puts in the place of B, ∏ₖ(I + h/6 (V(t) + 4V(t + h/2) + V(t + h))).

    It is how a published program collapses RK4: each stage takes V at its time and drops the products with the stages
    before it, so what is left is Simpson's rule.
    """
    v, h, values = flow(A_t), 1 / steps, torch.ones(A_t.shape[0], dtype=torch.float32)
    for k in range(steps):
        a, b, c = (v(min(k * h + part * h, 1.0), values) for part in (0, 0.5, 1))
        values = values + (h / 6) * (a + 4 * b + c)
    return Diagonal(values)


@remembered(128)  # fifteen faces take 740 kB
def encoded(seeds: tuple[int, ...], label: int | None, model: str) -> Tensor:
    """z₀ = g_noise(x₀), (k, n)."""
    with models.one_core():
        return encode(models.model(model).noise_network(label), noise(seeds, model))


def made(seeds: tuple[int, ...], run: Run, broken: bool = False) -> Tensor:
    """One step: z₁ = B z₀, (k, n)."""
    B = one_step(run, broken).A
    with torch.inference_mode():
        return B(encoded(seeds, run.label, run.model))


@dataclass(frozen=True)
class Walked:
    """The N steps of one noise: latents (frames, n) at a few `times`, and the seconds that all steps took."""

    times: tuple[float, ...]
    latents: Tensor
    seconds: float


@remembered(128)
def walked(seed: int, run: Run) -> Walked:
    """N steps of the integrator in latents, at most `FRAMES` of its states kept, t = 0 and t = 1 among them."""
    A_t, z = models.model(run.model).A_t, encoded((seed,), run.label, run.model)
    shown, times, kept = set(spread(run.steps, FRAMES)), [], []
    with models.one_core():
        integrate(
            flow(A_t), z, 1, run.method, last_time(A_t, 1)
        )  # the first step ever taken pays for torch's own start
        started = time.perf_counter()
        states = trajectory(flow(A_t), z, run.steps, run.method, last_time(A_t, run.steps))
        for k, (t, state) in enumerate(states):
            if k in shown:
                times.append(t)
                kept.append(state)
        return Walked(tuple(times), torch.cat(kept), time.perf_counter() - started)


def one_step_seconds(seed: int, run: Run, broken: bool = False) -> float:
    """How long B z₀ takes, once B is there."""
    B, z = one_step(run, broken).A, encoded((seed,), run.label, run.model)
    with torch.inference_mode():
        started = time.perf_counter()
        B(z)
        return time.perf_counter() - started


def median_one_step_seconds(seed: int, run: Run, broken: bool = False) -> float:
    """The median of several, the first of which nobody counts."""
    return statistics.median([one_step_seconds(seed, run, broken) for _ in range(10)][1:])


@remembered(128)
def median_seconds(seed: int, run: Run) -> float:
    """The median time of the N steps alone; of long runs, which are alike, fewer are taken."""
    A_t, z = models.model(run.model).A_t, encoded((seed,), run.label, run.model)
    found = []
    with models.one_core():
        while len(found) < 6 and sum(found) < PATIENCE:
            started = time.perf_counter()
            integrate(flow(A_t), z, run.steps, run.method, last_time(A_t, run.steps))
            found.append(time.perf_counter() - started)
    return statistics.median(found[1:] or found)


# --- and back ----------------------------------------------------------------------------------------------
@remembered(256)
def _pinv(run: Run, broken: bool) -> LinearOperator:
    return one_step(run, broken).pinv(RTOL).A


def noise_latents(references: Sequence[str], run: Run, broken: bool = False) -> Tensor:
    """B⁺ g_data(x) of pictures, (k, n): a picture is encoded once, whatever the run."""
    with torch.inference_mode():
        return _pinv(run, broken)(pictures.latents(references, run.model))


@dataclass(frozen=True)
class Inverted:
    """Pictures x, the noise f⁺(x) they come from, and f(f⁺(x)), (k, C, S, S) each."""

    pictures: Tensor
    noise: Tensor
    back: Tensor


def inverted(references: Sequence[str], run: Run, broken: bool = False) -> Inverted:
    """The way back by B⁺ and forth again by B; broken, the way back is that of the wrong B."""
    f = one_step(run)
    with models.one_core():
        x0 = decode(f.g_x, noise_latents(references, run, broken))
        z1 = f.A(encode(f.g_x, x0))
    return Inverted(pictures.tensor(references, run.model), x0, models.decode(z1, run.model))


@dataclass(frozen=True)
class Line:
    """The straight line between two inverted pictures: the noises, the pictures they make, and the latents of both."""

    noise: Tensor
    pictures: Tensor
    noise_latents: Tensor
    latents: Tensor


def line(first: str, second: str, run: Run, count: int) -> Line:
    """(1 − t) ⊙ f⁺(x₁) ⊕ t ⊙ f⁺(x₂) in the space of noise, and what f makes of it: two encodings, one B, one decode."""
    f, ts = one_step(run), torch.linspace(0, 1, count, dtype=torch.float32)[:, None]
    a, b = noise_latents([first, second], run)
    with models.one_core():
        z0 = (1 - ts) * a + ts * b
        z1 = f.A(z0)
        return Line(decode(f.g_x, z0), decode(f.g_y, z1), z0, z1)
