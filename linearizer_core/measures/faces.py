"""What `evaluate faces` prints: ranks beside pixel PCA, age, what judges say, the laws, one step, costs at n = 12 288."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor

from .. import diagnostics
from ..data.images import evenly
from ..data.sets import Dataset, as_float
from ..measuring import in_turn, peak_megabytes, threads
from ..methods.leading import age_by_least_squares, moments
from ..methods.nested import truncate_axes
from ..models.aged import AgedGenerator
from ..networks import Flatten
from ..pca import LatentPCA
from ..precision import wide
from ..spaces import decode, encode
from .face_judges import YEARS, ageing, by_judges
from .figure import Figure
from .generation import exactness
from .judge import face_judges
from .pixels import by_pixel_pca, pixel_pca

RANKS = (4, 16, 64, 256)
RANK_MARKS = {4: "> pixels", 16: "> pixels", 64: "≥ pixels + 1", 256: "≥ pixels + 1"}
BATCH = 100
AVERAGED = 2000
"""Training faces whose latents' mean change per year is measured."""
INVERTED = 500
"""Faces that are turned to noise and back."""


@torch.no_grad()
def evaluate_faces(model: AgedGenerator, dataset: Dataset, seed: int = 0) -> list[Figure]:
    """All figures of `faces`, on faces that were not trained on; the judges are those of `assets/faces/judge-*`.

    >>> from linearizer_core.operators import Identity
    >>> model = AgedGenerator(Flatten((3, 2, 2)), Identity(12), torch.zeros(1, 12), torch.zeros(12))
    >>> x, age = torch.randint(256, (40, 3, 2, 2), dtype=torch.uint8), torch.arange(40)
    >>> evaluate_faces(model, Dataset(x[10:], age[10:], x[:10], age[:10]))[0].name
    'rank 4, latent axes'
    """
    generator, drawn = (torch.Generator().manual_seed(seed) for _ in range(2))
    judges = face_judges(model.means.device)
    x = as_float(dataset.test_images).to(model.means.device)
    pca = pixel_pca(dataset, max(RANKS), device=model.means.device)
    return [
        *by_rank(model, pca, x),
        *ages(model, dataset, pca, x),
        *laws(model, x, generator),
        *exactness(model, evenly(x, INVERTED), generator, count=8),
        *by_judges(model, judges, dataset, pca, drawn),
        *costs(model, generator),
    ]


def picture_psnr(f: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """PSNR of f(x) against x in dB for each picture of x (B, C, H, W), (B,).

    >>> picture_psnr(lambda x: x + 0.1, torch.zeros(3, 1, 2, 2)).round()
    tensor([20., 20., 20.])
    """
    errors = [wide((f(part) - part).flatten(1)).square().mean(1) for part in x.split(BATCH)]
    return (-10 * torch.cat(errors).clamp(min=1e-20).log10()).float()


@torch.no_grad()
def by_rank(model: AgedGenerator, pca: LatentPCA, x: Tensor) -> list[Figure]:
    """PSNR of faces x (B, C, H, W) from their first k latents, and from the first k pixel components, mean over pictures.

    >>> from linearizer_core.operators import Identity
    >>> model = AgedGenerator(Flatten((3, 2, 2)), Identity(12), torch.zeros(1, 12), torch.zeros(12))
    >>> x = torch.rand(20, 3, 2, 2)
    >>> [figure.name for figure in by_rank(model, LatentPCA(4).fit(Flatten((3, 2, 2)), x), x)]
    ['rank 4, latent axes', 'rank 4, pixel PCA']
    """
    z = torch.cat([encode(model.g_x, part) for part in x.split(BATCH)])

    def next_decoded(parts: Iterator[Tensor], part: Tensor) -> Tensor:
        return decode(model.g_y, next(parts))

    figures = []
    for k in (k for k in RANKS if k <= len(pca.components)):
        kept = truncate_axes(z, torch.full((len(z),), k)).split(BATCH)
        ours = picture_psnr(partial(next_decoded, iter(kept)), x)
        pixels = picture_psnr(partial(by_pixel_pca, pca, k=k), x)
        how = f"mean PSNR in dB, {len(x)} test faces"
        gain, ahead = float(ours.mean() - pixels.mean()), float((ours > pixels).float().mean())
        told = f"{how}; {gain:+.2f} dB, ahead on {ahead:.0%}"
        figures.append(Figure(f"rank {k}, latent axes", float(ours.mean()), RANK_MARKS[k], told))
        figures.append(Figure(f"rank {k}, pixel PCA", float(pixels.mean()), "", how))
    return figures


@torch.no_grad()
def ages(model: AgedGenerator, dataset: Dataset, pca: LatentPCA, x: Tensor, count: int = 200) -> list[Figure]:
    """How well ages are read, and what two directions of a year do to the age that a reading of pixels gives.

    The reading of pixels is least squares on principal components of the training faces. The directions are that of the
    latents' own reading, `model.older`, and the mean change per year of some training faces' latents, as long as that
    reading calls a year.

    >>> from linearizer_core.operators import Identity
    >>> model = AgedGenerator(Flatten((3, 2, 2)), Identity(12), torch.zeros(1, 12), torch.zeros(12))
    >>> x, age = torch.randint(256, (40, 3, 2, 2), dtype=torch.uint8), torch.arange(40)
    >>> data = Dataset(x, age, x[:9], age[:9])
    >>> len(ages(model, data, LatentPCA(4).fit(Flatten((3, 2, 2)), as_float(x)), as_float(x[:9]), 5))
    8
    """
    wanted = wide(dataset.test_labels.to(x.device))
    train = pca.transform(as_float(dataset.train_images).to(x.device))
    found = moments(Flatten((train.shape[1],)), train, dataset.train_labels.to(x.device))
    weights, offset = age_by_least_squares(found, train.shape[1], ridge=30.0)

    def read(pictures: Tensor) -> Tensor:
        return pca.transform(pictures) @ weights + offset

    own = torch.cat([model.age(part) for part in x.split(BATCH)])
    figures = []
    for name, guess, mark in (("latents", own, "≥ 0.78"), ("256 pixel components", read(x), "")):
        how = f"{len(x)} test faces, least squares on the training faces"
        figures.append(Figure(f"age, correlation, {name}", _correlation(guess, wanted), mark, how))
        error = float((wide(guess) - wanted).abs().mean())
        figures.append(Figure(f"age, mean error in years, {name}", error, "", how))
    z = encode(model.g_x, evenly(x, count))
    some, their_ages = (
        evenly(part, AVERAGED).to(x.device) for part in (dataset.train_images, dataset.train_labels)
    )
    change = moments(model.g_x, as_float(some), their_ages, leading=1).with_label
    means = change / (float(change @ model.age_weights) or 1.0)
    for name, year in (("least squares", model.older), ("means by age", means)):
        read_at = torch.stack([read(decode(model.g_y, z + years * year)) for years in YEARS])
        after, rises = ageing(read_at)
        how = f"a linear reading of pixels, {len(z)} test faces, direction: {name}"
        figures.append(Figure(f"+30 years, {name}: median change in years", after, "≥ 12", how))
        figures.append(Figure(f"−20 … +40 years, {name}: rises all the way", rises, "≥ 0.85", how))
    return figures


def _correlation(a: Tensor, b: Tensor) -> float:
    a, b = (v - v.mean() for v in (wide(a), wide(b)))
    return float((a * b).sum() / (a.norm() * b.norm()).clamp(min=1e-12))


@torch.no_grad()
def laws(model: AgedGenerator, x: Tensor, generator: torch.Generator, count: int = 40) -> list[Figure]:
    """Measured errors of the laws on test faces x; f₃₂ keeps the 32 largest singular values.

    >>> from linearizer_core.operators import Diagonal
    >>> model = AgedGenerator(Flatten((3, 4, 4)), Diagonal(torch.rand(48)), torch.zeros(1, 48), torch.zeros(48))
    >>> laws(model, torch.rand(200, 3, 4, 4), torch.Generator())[0].name
    'round trip'
    """
    a = evenly(x, count)
    b, c = a.roll(1, 0), a.roll(2, 0)
    trip = max(float((decode(model.g_x, encode(model.g_x, p)) - p).abs().max()) for p in x.split(BATCH))
    spread = 5 * model.total_std
    signs = torch.randn(count, len(spread), generator=generator).to(x).sign()
    far = model.means + spread * signs
    beyond = diagnostics.relative_error(encode(model.g_x, decode(model.g_x, far)), far)
    axioms = diagnostics.axiom_errors(model.domain, a, b, c, 0.7, -0.4)
    coarse = model.truncated(32)
    penrose = diagnostics.penrose_errors(coarse, a, b)
    how = f"relative, {count} test faces, float32"
    return [
        Figure("round trip", trip, "≤ 1e-4", f"largest error of a pixel, {len(x)} test faces, float32"),
        Figure("round trip of latents at 5 σ of every axis", beyond, "≤ 1e-3", f"relative, {count} latents"),
        Figure("vector space axioms, worst of eight", max(axioms.values()), "", how),
        Figure("linearity", diagnostics.linearity_error(model, a, b, 0.7, -0.4), "", how),
        Figure("f ∘ f = f²", diagnostics.iteration_error(model, a, 2), "", how),
        Figure("f^½ ∘ f^½ = f", diagnostics.root_error(model, a), "", how),
        Figure("transpose", diagnostics.transpose_error(model, a, b), "", how),
        Figure("Penrose equations of f₃₂, worst of four", max(penrose.values()), "", how),
    ]


@torch.no_grad()
def costs(model: AgedGenerator, generator: torch.Generator, repeats: int = 20) -> list[Figure]:
    """Milliseconds for one face on one thread, seconds and memory of a collapse of 100 steps, and numbers stored.

    >>> from linearizer_core.operators import Identity
    >>> model = AgedGenerator(Flatten((3, 2, 2)), Identity(12), torch.zeros(1, 12), torch.zeros(12))
    >>> [figure.value > 0 for figure in costs(model, torch.Generator(), 2)][0]
    True
    """
    noise = torch.randn(1, *model.g_y.in_shape, generator=generator).to(model.means)
    f, device = model.collapse(100), str(noise.device)
    z = encode(model.g_noise, noise)
    with threads(1):
        measured = in_turn({"decode": lambda: decode(model.g_y, z), "one": lambda: f(noise)}, repeats, device)
        seconds = []
        for _ in range(3):
            start = time.perf_counter()
            model.collapse(100)
            seconds.append(time.perf_counter() - start)
    peak = peak_megabytes(lambda: model.collapse(100))
    decoded, whole = (1000 * taken for taken, _ in measured.values())
    numbers = sum({id(t): t.numel() for t in model.state_dict(keep_vars=True).values()}.values())
    return [
        Figure("one face decoded, ms", decoded, "≤ 60", f"one thread, median of {repeats}"),
        Figure("one face from noise in one step, ms", whole, "", f"one thread, median of {repeats}"),
        Figure("collapse of 100 steps, seconds", statistics.median(seconds), "≤ 1", "RK4, median of 3"),
        Figure("collapse of 100 steps, MB", math.nan if peak is None else peak, "≤ 1000", "beyond the model"),
        Figure("numbers stored, millions", numbers / 1e6, "≤ 2.5", "10 MB of float32"),
    ]
