"""`patches`: 32×32 colour patches of photographs, n = 3 072: one step of sampling where matrices would be too large."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from ..data.dataset import DataError, Dataset
from ..data.images import cut_patches, mirrored, photo_folder
from ..devices import laid_out
from ..inputs import as_float
from ..measures.figure import Figure
from ..measures.patches import evaluate_patches
from ..methods.likelihood import class_nll
from ..models import fitting
from ..models.generator import Generator
from ..networks import forward_and_log_det, image_flow, initialise
from ..operators import Identity, TimedLowRankGaussian
from ..randomness import seeded
from .base import Batch, Recipe

SIDE, PHOTO = 32, 96
"""Pixels of a patch's side, and of the middle square of a photograph that patches are cut from."""


@dataclass(frozen=True, kw_only=True)
class Patches(Recipe):
    r"""`patches`: a flow for colour patches by maximum likelihood, A(t) in closed form on `rank` axes plus a multiple of I.

    The likelihood is that of one Gaussian in the latent space. Afterwards Σ = Q diag(v) Qᵀ + c (I − Q Qᵀ) is fitted to the
    latents of clean patches, so that no n×n matrix is ever stored. A is the identity.

    >>> Patches(stage_steps=(1,), stage_hidden=(4,), rank=2).build().A_t.shape
    (3072, 3072)
    """

    name: ClassVar[str] = "patches"
    drawn: ClassVar[tuple[str, ...]] = ("spectrum", "pca", "morphs", "samples")
    stage_steps: tuple[int, ...] = (6, 6, 4)
    stage_hidden: tuple[int, ...] = (64, 96, 96)
    steps: int = 4000
    batch: int = 48
    evaluate_every: int = 500
    mixed_precision: bool = True
    pixel_noise: float = 0.02
    patches_per_photo: int = 100
    rank: int = 64

    def build(self) -> Generator:
        with seeded(self.seed):
            g = image_flow((3, SIDE, SIDE), self.stage_steps, self.stage_hidden, mix_all=False)
        n = g.out_shape[0]
        basis = torch.eye(n, self.rank)
        A_t = TimedLowRankGaussian(basis, torch.ones(self.rank), torch.ones(()))
        return Generator(g, Identity(n), torch.zeros(1, n), torch.zeros(n), A_t)

    def dataset(self, path: str | None) -> Dataset:
        if path is None:
            raise DataError("patches are cut from photographs of yours: pass --data with a folder of them.")
        photos = photo_folder(path, PHOTO)
        train = cut_patches(photos.train_images, SIDE, self.patches_per_photo, self.seed)
        test = cut_patches(photos.test_images, SIDE, self.patches_per_photo, self.seed)
        labels = [torch.zeros(len(images), dtype=torch.long) for images in (train, test)]
        return Dataset(train, labels[0], test, labels[1], names=("patch",))

    def prepare(self, model: Generator, images: Tensor, labels: Tensor) -> None:
        laid_out(model, torch.channels_last)
        generator = torch.Generator().manual_seed(self.seed)
        batch = torch.randperm(len(images), generator=generator)[:512].to(images.device)
        initialise(model.g_x, self._noisy(images[batch], generator))

    def loss(self, model: Generator, companion: nn.Module, batch: Batch) -> dict[str, Tensor]:
        images, labels, generator, _ = batch
        z, log_det = forward_and_log_det(model.g_x, self._noisy(mirrored(images, generator), generator))
        return {"loss": class_nll(z, log_det, model.means, model.log_std, labels)}

    def finish(self, model: Generator, images: Tensor, labels: Tensor) -> None:
        laid_out(model, torch.contiguous_format).eval()
        fitting.fit_low_rank_flow(model, images[:: max(1, len(images) // 12_000)])

    @torch.no_grad()
    def report(self, model: Generator, dataset: Dataset) -> dict[str, float]:
        device = model.means.device
        x, labels = as_float(dataset.test_images[:500]).to(device), dataset.test_labels[:500].to(device)
        z, log_det = forward_and_log_det(model.g_x, self._noisy(x, torch.Generator().manual_seed(0)))
        trip = model.g_x.inverse(z[:100]) - self._noisy(x, torch.Generator().manual_seed(0))[:100]
        nll = class_nll(z, log_det, model.means, model.log_std, labels)
        return {"test_nll": float(nll), "round_trip": float(trip.abs().max())}

    @torch.no_grad()
    def sheet(self, model: Generator, dataset: Dataset) -> Tensor:
        """Rows: test patches, samples of the latents' Gaussian at 0.8 of its deviation, midpoints of the patches."""
        x = as_float(dataset.test_images[:: len(dataset.test_images) // 16][:16]).to(model.means.device)
        generator = torch.Generator().manual_seed(0)
        noise = torch.randn(32, model.means.shape[1], generator=generator).to(x.device)
        samples = model.g_y.inverse(model.means + 0.8 * model.log_std.exp() * noise)
        return torch.stack([x, *samples.split(16), model.domain.interpolate(x, x.roll(1, 0), 0.5)])

    def _noisy(self, images: Tensor, generator: torch.Generator) -> Tensor:
        return images + self.pixel_noise * torch.randn(images.shape, generator=generator).to(images.device)

    def evaluate(self, model: Generator, path: str | None, seed: int = 0) -> list[Figure]:
        return evaluate_patches(model, self.dataset(path), seed)
