"""`digits-flow-matching`: the objective of the paper, to compare with: a learned A(t) and reconstruction, no likelihood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..data.sets import Dataset, as_float, load_dataset
from ..devices import laid_out
from ..measures.figure import Figure
from ..measures.flow_matching import evaluate_flow_matching
from ..methods.flow_matching import flow_matching_loss, guesses, path
from ..methods.perceptual import laplacian_pyramid_loss
from ..models.generator import Generator
from ..networks import image_flow, initialise
from ..operators import Identity, Stopped, TimedLowRank, TimedOperator
from ..randomness import seeded
from .base import Batch, Recipe


@dataclass(frozen=True, kw_only=True)
class DigitsFlowMatching(Recipe):
    r"""`digits-flow-matching`: E ‖A(t) z_t − z₁‖² with A(t) = U(t) V(t)ᵀ of rank 8, and noise-robust reconstruction.

    Latents of data get noise of deviation `latent_noise` before they are decoded, so that g cannot shrink all latents to a
    point; both that reconstruction and the decoded guess g⁻¹(A(t) z_t) are held against x₁, by squared error and a
    Laplacian pyramid. Noise images are their own latents here (the paper learns a network for them too).
    With `stop` < 1 sampling ends there (0.99 is the authors' 1 − 1/N for 100 steps) instead of jumping to the last guess:
    the one-step operator B then has an inverse, where the jump leaves it of rank `rank`, so that a picture cannot come
    back; samples keep (1 − stop) of their noise. Training is the same. The default is the latest stop of those tried at
    which each of 200 test digits came back at 100 dB or more: in float32 the worst had 11 dB for 1 and 0.999, 35 for
    0.995, 98 for 0.99, 101 for 0.98, 105 for 0.95 and 110 for 0.9 (median 15, 44, 107, 111, 119, 123; after 500 steps).
    Source: arXiv:2510.08570 (one-step generation).

    >>> DigitsFlowMatching(stage_steps=(1,), stage_hidden=(4,), stop=1.0).build().A_t.U.shape
    torch.Size([4, 1024, 8])
    """

    name: ClassVar[str] = "digits-flow-matching"
    drawn: ClassVar[tuple[str, ...]] = ("spectrum", "pca", "morphs", "samples")
    absent: ClassVar[Mapping[str, object]] = {"stop": 1.0}
    stage_steps: tuple[int, ...] = (6, 8, 4)
    stage_hidden: tuple[int, ...] = (64, 64, 64)
    steps: int = 1400
    batch: int = 64
    mixed_precision: bool = True
    rank: int = 8
    degree: int = 3
    latent_noise: float = 0.3
    reconstruction_weight: float = 10.0
    perceptual_weight: float = 1.0
    guess_batch: int = 32
    stop: float = 0.98

    def build(self) -> Generator:
        with seeded(self.seed):
            g = image_flow((1, 32, 32), self.stage_steps, self.stage_hidden, mix_all=False)
            n = g.out_shape[0]
            shape = (self.degree + 1, n, self.rank)
            U, V = (nn.Parameter(torch.randn(shape) * n**-0.5) for _ in range(2))
        A_t = TimedLowRank(U, V) if self.stop == 1 else Stopped(TimedLowRank(U, V), self.stop)
        return Generator(g, Identity(n), torch.zeros(10, n), torch.zeros(n), A_t)

    def dataset(self, path: str | None) -> Dataset:
        return load_dataset("mnist", path, size=32)

    def learning_rates(self, model: Generator) -> list[tuple[float, list[nn.Parameter]]]:
        return [(1.0, [*model.g_x.parameters(), *model.A_t.parameters()])]

    def prepare(self, model: Generator, images: Tensor, labels: Tensor) -> None:
        laid_out(model, torch.channels_last)
        generator = torch.Generator().manual_seed(self.seed)
        batch = torch.randperm(len(images), generator=generator)[:1024].to(images.device)
        x = images[batch]
        initialise(model.g_x, x + 0.05 * torch.randn(x.shape, generator=generator).to(x))

    def loss(self, model: Generator, companion: nn.Module, batch: Batch) -> dict[str, Tensor]:
        images, _, generator, _ = batch
        some = images[: self.guess_batch]
        A_t = learned(model)
        z1, t = model.g_x(images), torch.rand(len(images), generator=generator).to(images)
        z0 = torch.randn(z1.shape, generator=generator).to(z1)
        guess = guesses(A_t, path(z0, z1, t), t)
        match = F.mse_loss(guess, z1)
        noisy = z1[: len(some)] + self.latent_noise * torch.randn(
            some.flatten(1).shape, generator=generator
        ).to(z1)
        rebuilt, guessed = model.g_y.inverse(torch.cat([noisy, guess[: len(some)]])).split(len(some))
        mse = F.mse_loss(rebuilt, some)
        perceptual = laplacian_pyramid_loss(rebuilt, some) + laplacian_pyramid_loss(guessed, some)
        loss = match + self.reconstruction_weight * mse + self.perceptual_weight * perceptual
        return {"loss": loss, "match": match, "mse": mse, "perceptual": perceptual}

    def finish(self, model: Generator, images: Tensor, labels: Tensor) -> None:
        laid_out(model, torch.contiguous_format)

    @torch.no_grad()
    def report(self, model: Generator, dataset: Dataset) -> dict[str, float]:
        x = as_float(dataset.test_images[:500]).to(model.means.device)
        z1 = model.g_x(x)
        z0 = torch.randn(z1.shape, generator=torch.Generator().manual_seed(0)).to(z1)
        matches = [float(flow_matching_loss(learned(model), z0, z1, t)) for t in (0.25, 0.5, 0.75)]
        return {"test_match": sum(matches) / 3, "latent_std": float(z1.std(0).mean())}

    @torch.no_grad()
    def sheet(self, model: Generator, dataset: Dataset) -> Tensor:
        """Rows: test digits, midpoints of neighbours, two rows of samples in one step."""
        x = as_float(dataset.test_images[:20]).to(model.means.device)
        noise = torch.randn(40, *x.shape[1:], generator=torch.Generator().manual_seed(0)).to(x)
        midpoints, samples = (
            model.domain.interpolate(x, x.roll(1, 0), 0.5),
            model.collapse(100, "euler")(noise),
        )
        return torch.stack([x, midpoints, *samples.split(20)])

    def evaluate(self, model: Generator, path: str | None, seed: int = 0) -> list[Figure]:
        return evaluate_flow_matching(model, self.dataset(path), seed)


def learned(model: Generator) -> TimedOperator:
    """What guesses z₁ in a model: its A(t), also where its flow stops early.

    >>> learned(DigitsFlowMatching(stage_steps=(1,), stage_hidden=(4,), stop=0.99).build())
    TimedLowRank()
    """
    return model.A_t.family if isinstance(model.A_t, Stopped) else model.A_t
