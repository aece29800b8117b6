"""`faces`: photographs of faces as a Linearizer, n = 12 288, without any n×n matrix."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..data.face_photos import face_photos
from ..data.images import evenly, mirrored, shifted
from ..data.sets import Dataset, as_float
from ..devices import laid_out
from ..diagnostics import psnr
from ..inputs import of_kind
from ..measures.faces import evaluate_faces
from ..measures.figure import Figure
from ..methods.leading import (
    BATCH,
    Moments,
    age_by_least_squares,
    leading_frequencies,
    moments,
)
from ..methods.likelihood import class_nll
from ..methods.nested import nested_reconstruction, random_ranks, truncate_axes
from ..models.aged import AgedGenerator
from ..networks import (
    ActNorm,
    Chain,
    InvertibleNetwork,
    Permute,
    Translate,
    forward_and_log_det,
    initialise,
)
from ..networks.frequencies import BlockReflector, CosineTransform, Rescale
from ..networks.lifting import Lift, OnLeading, PictureConditioner, Refiner, vector_lift
from ..operators import Diagonal, TimedGaussian
from ..randomness import seeded
from .ageing import AgeReaders
from .base import Batch, Recipe

Layer = TypeVar("Layer", bound=InvertibleNetwork)
SHAPE = (3, 64, 64)
REPORTED = (4, 16, 64, 256)
"""Ranks at which the quality of a reconstruction is reported."""
FEW = 4096
"""Training faces on which the first scales, and at the end the deviations of the finest axes, are measured."""
LEAST_STD = 5e-3
"""Of an axis and of what is drawn along it, in pixels: nobody sees less, and noise that small cannot be found again."""
LIMITS = (
    ("widths", 1, 4096),
    ("hidden", 1, 4096),
    ("blocks", 0, 100),
    ("bound", 0, 10),
    ("whole_share", 0, 1),
    ("wildest", 0, 100),
    ("year_weight", 0, 1e6),
    ("calm_weight", 0, 1e6),
    ("wiener_noise", 0, 1000),
    ("spread_power", 0, 1),
    ("age_axes", 1, 12288),
    ("age_ridge", 0, 1e12),
)
"""Settings that must lie between two numbers: a broken config stops here, before it allocates."""
REPORT_FACES, SHOWN = 200, 16
"""Test faces of a report during training, and pictures in a row of a sheet."""
SHIFT = 2
"""Pixels by which faces are moved where ages are learned and measured: faces in their place g would know by heart."""
AGED_SHARE, YEARS = 8, (-20.0, 40.0)
"""Of a batch the share, 1 of so many, that is made older in training, beside as many drawn faces; and by how many years."""
READER_SHARE = 0.1
"""Of training, before what reads ages from pictures has learned enough to be heard."""
WILD_SHARE, FARTHEST_PIXEL = 8, 2.0
"""One picture is made of wild latents for so many of a batch; no pixel of it is to be farther than this from grey."""


def faces_network(
    shape: tuple[int, int, int],
    frequencies: int,
    rank: int,
    levels: tuple[int, ...],
    widths: tuple[int, ...],
    blocks: int,
    patch: int,
    splits: tuple[int, ...],
    hidden: int,
    bound: float,
) -> Chain:
    """g of `faces`: (B, *shape) to (B, n), see `Faces`.

    >>> faces_network((3, 8, 8), 20, 6, (2, 6), (4, 4), 1, 4, (3, 1), 4, 0.7).out_shape
    (192,)
    """
    transform = CosineTransform(shape)
    n = transform.out_shape[0]
    reflector = BlockReflector(n, frequencies, rank)
    to_axes = Chain(transform, reflector)

    def by_picture(kept: int, width: int) -> Lift:
        moved = (n if kept == rank else rank) - kept
        refiner = Refiner(shape, width, blocks, patch)
        return Lift(
            n if kept == rank else rank, kept, moved, PictureConditioner(to_axes, kept, moved, refiner)
        )

    lifts = {kept: by_picture(kept, width) for kept, width in zip(levels, widths)}
    inner = [lifts[kept] for kept in sorted(lifts, reverse=True) if kept < rank]
    vectors = [vector_lift(rank, kept, hidden, bound) for kept in splits]
    lead = Chain(*inner, ActNorm((rank,)), *vectors)
    outer = [lifts[rank]] if rank in lifts else []
    last = [Permute(torch.arange(n)), Rescale(torch.ones(n))]
    return Chain(transform, Translate(torch.zeros(n)), reflector, *outer, OnLeading(lead, n), *last)


@dataclass(frozen=True, kw_only=True)
class Faces(Recipe):
    r"""`faces`: one g for photographs of faces, 3×64×64 → 12 288 axes by importance; A is a Wiener filter.

    g turns pixels to frequencies, then rotates the `frequencies` coarsest of them until the first `rank` axes are the
    principal axes of the training faces (a `BlockReflector`, learned on from there). All else are lifts, each of which
    takes from finer axes what coarser ones tell of them: from the first k axes, k in `levels`, as a picture that a
    convolutional network of `widths` features refines; from the first k in `splits` by an MLP of width `hidden`, with a
    scale too. Untrained g is pixel PCA, so training starts level with it. Nothing n×n is stored or computed.

    The objective: nested truncation to k axes, k log-uniform up to `rank` and `rank` itself for `whole_share` of the
    batch, errors weighted by k^`rank_power`; and `nll_weight` times −log p of the leading axes, which makes them
    independent and Gaussian, to sample from; and `calm_weight` times how far beyond what can be seen the pixels of latents
    lie that deviate up to `wildest` times as far as faces do: there no face tells a conditioner what to say, and a large
    answer would not come back in float32. Faces are mirrored at random.

    Of ages: `age_weight` times the squared error, in units of `DECADES` years, of a linear reading of age from the leading
    axes, which puts what tells an age where a line finds it; of faces moved by up to `SHIFT` pixels, as of those in their
    place g would learn the ages by heart. And `year_weight` times how far faces, and drawn ones, that are moved along that
    line by −20 to 40 years seem from as many years older, to a network that learns beside g to read ages from pictures
    (see `AgeReaders`): else a year would be what a line reads and nobody sees.

    What comes after training is closed form. An axis that moves pixels by s deviates by s^`spread_power`: the order
    stays, and B's range is not more than float32 can undo. A = Σ(Σ + τ²)⁻¹ with Σ in pixels and τ = `wiener_noise`.
    A(t) leads to N(μ, AΣA), the law of f(x): a sample shows of fine detail what A lets through, not grain. An age is read
    by least squares on the first `age_axes`, of moved faces again; with its weights w a year is Σw / wᵀΣw, the likeliest
    step that this reading calls a year.

        python -m linearizer_core train faces --data faces64.zip

    On a GPU (a state is saved each minute, and the same command with `--resume` goes on with it):

        python -m linearizer_core train faces --data faces64.zip --device cuda --batch 256 --steps 12000 \
            --widths 96 128 --evaluate-every 1000 --save-every 60

    ValueError for levels or splits outside 1..rank, or as many widths as there are not levels.

    >>> Faces(frequencies=8, rank=4, levels=(4,), widths=(2,), blocks=1, splits=(2,), hidden=2).build().g_x.out_shape
    (12288,)
    """

    name: ClassVar[str] = "faces"
    drawn: ClassVar[tuple[str, ...]] = ("spectrum", "pca", "ranks", "morphs", "samples")
    absent: ClassVar[Mapping[str, object]] = {"age_weight": 0.0, "year_weight": 0.0, "calm_weight": 0.0}
    frequencies: int = 1536
    rank: int = 256
    levels: tuple[int, ...] = (64, 256)
    widths: tuple[int, ...] = (64, 96)
    blocks: int = 2
    patch: int = 4
    splits: tuple[int, ...] = (128, 64, 32, 16, 8, 4, 2)
    hidden: int = 128
    bound: float = 0.7
    steps: int = 8000
    batch: int = 64
    learning_rate: float = 2e-3
    evaluate_every: int = 500
    mixed_precision: bool = True
    basis_rate: float = 0.02
    whole_share: float = 0.4
    rank_power: float = 0.6
    reconstruction_weight: float = 15.0
    nll_weight: float = 0.1
    age_weight: float = 0.1
    year_weight: float = 0.4
    wildest: float = 5.0
    calm_weight: float = 0.05
    wiener_noise: float = 0.2
    spread_power: float = 2 / 3
    age_axes: int = 1024
    age_ridge: float = 100.0

    def __post_init__(self) -> None:
        super().__post_init__()
        n = SHAPE[0] * SHAPE[1] * SHAPE[2]
        if not 1 <= self.rank <= self.frequencies <= n:
            raise ValueError(
                f"{self.name}: expected 1 ≤ rank ≤ frequencies ≤ {n}, got {self.rank} and {self.frequencies}."
            )
        if len(self.levels) != len(self.widths) or len(set(self.levels)) != len(self.levels):
            raise ValueError(
                f"{self.name}: levels must differ and widths hold one number for each, got {self.levels} and "
                f"{self.widths}."
            )
        for field, last in (("levels", self.rank), ("splits", self.rank - 1)):
            wrong = [k for k in getattr(self, field) if not 1 <= k <= last]
            if wrong:
                raise ValueError(f"{self.name}: {field} must lie in 1..{last}, got {wrong[0]}; correct it.")
        for field, least, most in LIMITS:
            value = getattr(self, field)
            wrong = [k for k in (value if isinstance(value, tuple) else (value,)) if not least <= k <= most]
            if wrong:
                raise ValueError(
                    f"{self.name}: {field} must lie in {least}..{most}, got {wrong[0]}; correct it."
                )
        if self.patch < 1 or SHAPE[1] % self.patch:
            raise ValueError(f"{self.name}: patch must divide {SHAPE[1]}, got {self.patch}.")

    def build(self) -> AgedGenerator:
        lifts = (self.levels, self.widths, self.blocks, self.patch, self.splits, self.hidden, self.bound)
        with seeded(self.seed):
            g = faces_network(SHAPE, self.frequencies, self.rank, *lifts)
        n = g.out_shape[0]
        return AgedGenerator(g, Diagonal(torch.ones(n)), torch.zeros(1, n), torch.zeros(n))

    def companion(self) -> AgeReaders:
        with seeded(self.seed):
            return AgeReaders(self.rank)

    def dataset(self, path: str | None) -> Dataset:
        return face_photos(path)

    def learning_rates(self, model: AgedGenerator) -> list[tuple[float, list[nn.Parameter]]]:
        basis = list(_layer(model, BlockReflector).parameters())
        others = [p for p in model.parameters() if all(p is not q for q in basis)]
        return [(1.0, others), (self.basis_rate, basis)]

    @torch.no_grad()
    def prepare(self, model: AgedGenerator, images: Tensor, labels: Tensor) -> None:
        """Pixel PCA of the faces and their mirror images, on the coarsest frequencies, becomes the first axes."""
        transform, shift, reflector = _layers(model)[:3]
        mean, directions = leading_frequencies(transform, images, self.frequencies, self.rank)
        shift.shift.copy_(-mean)
        reflector.set_(directions)
        front, lead = self._front_and_lead(model)
        few = images[self._some(images)]
        parts = torch.cat([few, few.flip(3)]).split(256)
        initialise(lead, torch.cat([front(part)[:, : self.rank] for part in parts]))
        laid_out(model, torch.channels_last)

    def loss(self, model: AgedGenerator, companion: AgeReaders, batch: Batch) -> dict[str, Tensor]:
        images, labels, generator, done = batch
        x = mirrored(images, generator)
        z, log_det = self._leading(model, x)
        nll = class_nll(
            z,
            log_det,
            model.means[:, : self.rank],
            model.log_std[: self.rank],
            torch.zeros_like(labels),
        )
        ranks = random_ranks(len(x), self.rank, generator)
        ranks[: round(self.whole_share * len(x))] = self.rank
        padded = F.pad(z, (0, model.means.shape[1] - self.rank))
        mse = nested_reconstruction(model.g_x, x, padded, ranks, power=self.rank_power)
        losses = {"loss": self.reconstruction_weight * mse + self.nll_weight * nll, "mse": mse, "nll": nll}
        if self.age_weight:
            moved = shifted(x, SHIFT, generator)
            z = self._leading(model, moved)[0]
            means, std = self._spread(model)
            losses["age"] = companion.line_loss((z - means) / std, labels)
            losses["loss"] = losses["loss"] + self.age_weight * losses["age"]
        if self.age_weight and self.year_weight:
            losses["reader"] = companion.picture_loss(moved, labels, generator)
            losses["loss"] = losses["loss"] + losses["reader"]
            if done >= READER_SHARE:
                losses["year"] = self._year_loss(model, companion, x[: 1 + len(x) // AGED_SHARE], generator)
                losses["loss"] = losses["loss"] + self.year_weight * losses["year"]
        if self.calm_weight:
            losses["beyond"] = self._beyond_sight(model, len(x), generator)
            losses["loss"] = losses["loss"] + self.calm_weight * losses["beyond"]
        return losses

    def _year_loss(
        self, model: AgedGenerator, readers: AgeReaders, x: Tensor, generator: torch.Generator
    ) -> Tensor:
        """How far faces x, and as many drawn ones, seem from as many years older as they are made; see `years_loss`."""
        means, std = self._spread(model)
        tail = (0, model.means.shape[1] - self.rank)
        drawn = torch.randn(len(x), self.rank, generator=generator, dtype=torch.float32).to(means)
        drawn = F.pad(means + std * drawn, tail)
        with torch.no_grad():
            faces = torch.cat([x, model.g_x.inverse(drawn).clamp(0, 1).to(x)])
        least, most = YEARS
        years = least + (most - least) * torch.rand(len(faces), generator=generator).to(x)
        z = torch.cat([model.g_x(x), drawn]) + F.pad(years[:, None] * std * readers.year(), tail)
        older = shifted(model.g_x.inverse(z), SHIFT, generator)
        return readers.years_loss(faces, older, years, generator)

    def _spread(self, model: AgedGenerator) -> tuple[Tensor, Tensor]:
        """Means (1, rank) and standard deviations (rank,) of the leading latents; no gradient flows to them."""
        return model.means[:, : self.rank].detach(), model.log_std[: self.rank].detach().exp()

    def _beyond_sight(self, model: AgedGenerator, batch: int, generator: torch.Generator) -> Tensor:
        """How far pixels of wild latents lie beyond `FARTHEST_PIXEL` of grey, in the mean; see `wildest`."""
        means, std = self._spread(model)
        count = 1 + batch // WILD_SHARE
        level = self.wildest * torch.rand(count, 1, generator=generator)
        signs = torch.randn(count, self.rank, generator=generator).sign()
        wild = means + std * (level * signs).to(means)
        pixels = model.g_x.inverse(F.pad(wild, (0, model.means.shape[1] - self.rank)))
        return F.relu((pixels - 0.5).abs() - FARTHEST_PIXEL).mean()

    @torch.no_grad()
    def finish(self, model: AgedGenerator, images: Tensor, labels: Tensor) -> None:
        """Axes in order and in units of pixels, A and A(t) from their variances, and what a year is, in closed form."""
        laid_out(model, torch.contiguous_format).eval()
        order, scale = _layers(model)[-2:]
        order.order.copy_(torch.arange(len(order.order)))
        scale.factors.fill_(1)
        few = self._some(images)
        in_pixels = moments(Chain(*_layers(model)[:3]), images[few], labels[few]).std[: self.rank]
        tail = moments(model.g_x, images[few], labels[few]).std[self.rank :]
        order.order[self.rank :] = self.rank + tail.argsort(descending=True)
        found = self._with_tail_centred(model, moments(model.g_x, images, labels, leading=1))
        scale.factors[: self.rank] = in_pixels.sort(descending=True).values / found.std[: self.rank]
        self._take(model, found.rescaled(scale.factors))
        generator = torch.Generator().manual_seed(self.seed)
        moved = torch.cat([shifted(part, SHIFT, generator) for part in images.split(BATCH)])
        self._take_ages(model, moments(model.g_x, moved, labels, self.age_axes))

    def _with_tail_centred(self, model: AgedGenerator, found: Moments) -> Moments:
        """Moves 0 of all but the leading axes to their mean; the leading ones, orthogonal to them, stay as they are."""
        _, shift, reflector = _layers(model)[:3]
        tail = found.mean.clone()
        tail[: self.rank] = 0
        shift.shift.sub_(reflector.inverse(_layers(model)[-2].inverse(tail)))
        return dataclasses.replace(found, mean=found.mean - tail)

    def _take(self, model: AgedGenerator, found: Moments) -> None:
        """All that follows from the moments, in pixels, of the latents of the training faces."""
        std = found.std.clamp(min=LEAST_STD)
        stretch = std ** (self.spread_power - 1)
        _layers(model)[-1].factors.mul_(stretch)
        kept, variances = of_kind(Diagonal, model.A).values, of_kind(TimedGaussian, model.A_t).variances
        kept.copy_(std.square() / (std.square() + self.wiener_noise**2))
        variances.copy_(((kept * std).clamp(min=LEAST_STD) * stretch).square())
        found = found.rescaled(stretch)
        model.means.copy_(found.mean[None])
        model.log_std.copy_((std * stretch).log())
        model.noise_means.copy_((found.mean / variances.sqrt())[None])

    def _take_ages(self, model: AgedGenerator, found: Moments) -> None:
        """A reading of age, and what a year is, from the moments of faces as g has not seen them."""
        weights, offset = age_by_least_squares(found, self.age_axes, self.age_ridge)
        model.age_weights.copy_(weights)
        model.age_offset.copy_(offset)
        year = weights * found.std.square()
        model.older.copy_(year / (year @ weights))

    @torch.no_grad()
    def report(self, model: AgedGenerator, dataset: Dataset) -> dict[str, float]:
        x = as_float(evenly(dataset.test_images, REPORT_FACES)).to(model.means.device)
        figures = {}
        for k in (k for k in REPORTED if k <= self.rank):
            figures[f"psnr_{k}"] = psnr(self._truncated(model, x, k), x)
        z, log_det = zip(*(self._leading(model, part) for part in x.split(100)))
        means, log_std = model.means[:, : self.rank], model.log_std[: self.rank]
        zeros = torch.zeros(len(x), dtype=torch.long, device=x.device)
        figures["test_nll"] = float(class_nll(torch.cat(z), torch.cat(log_det), means, log_std, zeros))
        return figures

    @torch.no_grad()
    def sheet(self, model: AgedGenerator, dataset: Dataset) -> Tensor:
        """Rows: test faces, ranks 4 to 256, midpoints of neighbours beside pixels', samples at 1 and at 0.7."""
        device = model.means.device
        x = as_float(evenly(dataset.test_images, SHOWN)).to(device)
        rows = [x, *(self._truncated(model, x, k) for k in REPORTED if k <= self.rank)]
        z = model.g_x(x)
        rows += [model.g_x.inverse((z + z.roll(1, 0)) / 2), (x + x.roll(1, 0)) / 2]
        noise = torch.randn(2 * len(x), self.rank, generator=torch.Generator().manual_seed(0)).to(device)
        drawn = model.means[:, : self.rank] + model.log_std[: self.rank].exp() * noise
        drawn[len(x) :] *= 0.7
        tail = model.means.shape[1] - self.rank
        rows += model.g_x.inverse(F.pad(drawn, (0, tail))).split(len(x))
        return torch.stack(rows)

    def evaluate(self, model: AgedGenerator, path: str | None, seed: int = 0) -> list[Figure]:
        return evaluate_faces(model, self.dataset(path), seed)

    def _some(self, images: Tensor) -> Tensor:
        """Which faces statistics of many axes are taken of: indices of at most `FEW`."""
        generator = torch.Generator().manual_seed(self.seed)
        return torch.randperm(len(images), generator=generator)[:FEW].to(images.device)

    def _front_and_lead(self, model: AgedGenerator) -> tuple[Chain, InvertibleNetwork]:
        """Pictures to principal axes, and what g makes of the first `rank` of these; no lift of the others is needed."""
        return Chain(*_layers(model)[:3]), _layer(model, OnLeading).network

    def _leading(self, model: AgedGenerator, x: Tensor) -> tuple[Tensor, Tensor]:
        """The first `rank` latents of x and log |det| of how they come from the principal axes."""
        front, lead = self._front_and_lead(model)
        z, log_det = forward_and_log_det(lead, front(x)[:, : self.rank])
        factors = _layers(model)[-1].factors[: self.rank]
        return z * factors, log_det + factors.log().sum()

    def _truncated(self, model: AgedGenerator, x: Tensor, k: int) -> Tensor:
        """x from its first k latents, the others 0."""
        made = []
        for part in x.split(100):
            z = truncate_axes(self._leading(model, part)[0], torch.full((len(part),), k))
            made.append(model.g_x.inverse(F.pad(z, (0, model.means.shape[1] - self.rank))))
        return torch.cat(made)


def _layers(model: AgedGenerator) -> Any:
    """The networks that g consists of, as torch keeps them."""
    return of_kind(Chain, model.g_x).networks


def _layer(model: AgedGenerator, kind: type[Layer]) -> Layer:
    return next(layer for layer in _layers(model) if isinstance(layer, kind))
