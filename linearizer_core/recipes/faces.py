"""`faces`: any picture becomes a face, around the principal axes of the pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..data.images import mirrored
from ..data.sets import Dataset, load_dataset
from ..measures.figure import Figure
from ..measures.projectors import evaluate_faces
from ..models import fitting
from ..models.projector import Projector
from ..networks import Chain, InvertibleNetwork, Translate, image_flow
from ..pca import LatentPCA
from .projectors import OrderedProjector, measure_spread


@dataclass(frozen=True, kw_only=True)
class Faces(OrderedProjector):
    """`faces`: 1×64×64 faces; P keeps the span of `rank` fixed principal directions, around which g learns to bend.

    Untrained, g is a rotation of the pixels, so training starts from pixel PCA itself. 320 pictures are few: they are
    mirrored, shifted by up to `shift` pixels, and changed in brightness and contrast by up to `light`.

    >>> Faces(stage_steps=(1,), stage_hidden=(4,)).build().rank
    64
    """

    name: ClassVar[str] = "faces"
    drawn: ClassVar[tuple[str, ...]] = ("spectrum", "pca", "ranks", "morphs", "samples")
    stage_steps: tuple[int, ...] = (3, 4, 4, 3)
    stage_hidden: tuple[int, ...] = (32, 48, 64, 64)
    steps: int = 2500
    batch: int = 16
    rank: int = 64
    largest_rank: int = 64
    damaged_share: float = 0.25
    other_batch: int = 5
    shift: int = 2
    light: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.critic_weight:
            raise ValueError(
                f"{self.name}: critic_weight must be 0, got {self.critic_weight}: the critic knows digits."
            )

    def network(self) -> InvertibleNetwork:
        flow = image_flow((1, 64, 64), self.stage_steps, self.stage_hidden, False, self.bound)
        return Chain(*flow.networks, Translate(torch.zeros(flow.out_shape)))

    def dataset(self, path: str | None) -> Dataset:
        return load_dataset("olivetti", path)

    def learning_rates(self, model: Projector) -> list[tuple[float, list[nn.Parameter]]]:
        return [(1.0, list(model.parameters()))]

    @torch.no_grad()
    def prepare(self, model: Projector, images: Tensor, labels: Tensor) -> None:
        model.to(memory_format=torch.channels_last)
        both = torch.cat([images, images.flip(3)])
        z = fitting.encode_in_batches(model.g_x, both)
        model.g_x.networks[-1].shift.copy_(-z.mean(0))
        pca = LatentPCA(self.rank).fit_latents(z)
        model.A.basis.copy_(pca.components.mT)

    def augmented(self, images: Tensor, generator: torch.Generator) -> Tensor:
        count, size = len(images), images.shape[-1]
        padded = F.pad(mirrored(images, generator), [self.shift] * 4, mode="replicate")
        tops, lefts = torch.randint(2 * self.shift + 1, (2, count), generator=generator).tolist()
        moved = torch.stack([x[:, i : i + size, j : j + size] for x, i, j in zip(padded, tops, lefts)])
        gain, offset = self.light * (2 * torch.rand(2, count, 1, 1, 1, generator=generator) - 1).to(images)
        return (moved * (1 + gain) + offset).clamp(0, 1)

    def kept(self, model: Projector) -> Tensor | None:
        return model.A.basis

    def finish(self, model: Projector, images: Tensor, labels: Tensor) -> None:
        model.to(memory_format=torch.contiguous_format).eval()
        measure_spread(model, images)

    def evaluate(self, model: Projector, path: str | None, seed: int = 0) -> list[Figure]:
        return evaluate_faces(model, self.dataset(path), seed)
