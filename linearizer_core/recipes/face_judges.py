"""`faces-judge`: the judges of faces, trained apart from every generator."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..data.damage import gaussian_noise
from ..data.face_photos import DECADES, face_photos
from ..data.images import mirrored
from ..data.sets import Dataset
from ..measures.face_judges import evaluate_judge, ghosts
from ..measures.figure import Figure
from ..models.face_judge import KINDS, FaceJudge
from ..randomness import seeded
from .base import Batch, Recipe

LEAST_CONTRAST, MOST_CONTRAST = 0.15, 0.3
"""Between these the deviation of a picture's values is drawn, whatever it was: nine in ten photographs lie there."""
NEAREST, FARTHEST = 0.6, 1.1
"""Between these a picture's deviation from the mean face is drawn, in units of a photograph's; an average's is 0.7."""


@dataclass(frozen=True, kw_only=True)
class FacesJudge(Recipe):
    """Judges faces by one small network; never sees a generated picture, nor does any generator see the judge.

    `kind` "ghosts" tells a photograph from the pixel average of two: half of each batch is averaged. Averages are nearer
    to the mean face, paler and softer than photographs, and so are faces that no feature of is there twice. So averages
    are first moved as far from the mean face as photographs are, by √2, and then all pictures get nearness to it,
    contrast, blur (up to two box filters, of 5 and 3 pixels) and noise (up to `most_noise`) by the same laws: what is
    left to go by are features that are there twice. `kind` "ages" learns ages, by the squared error in units of
    `DECADES` years. Faces are mirrored at random. ValueError for another kind.

        python -m linearizer_core train faces-judge --data faces64.zip --out runs/ghosts
        python -m linearizer_core train faces-judge --data faces64.zip --kind ages --seed 2 --out runs/ages

    >>> FacesJudge(kind="ages").build()(torch.zeros(1, 3, 64, 64)).shape
    torch.Size([1])
    """

    name: ClassVar[str] = "faces-judge"
    seed: int = 1
    steps: int = 1600
    batch: int = 64
    learning_rate: float = 2e-3
    evaluate_every: int = 500
    mixed_precision: bool = True
    most_noise: float = 0.03
    kind: str = "ghosts"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kind not in KINDS:
            raise ValueError(f"{self.name}: kind must be one of {', '.join(KINDS)}, got {self.kind!r}.")
        if not 0 <= self.most_noise <= 1:
            raise ValueError(f"{self.name}: most_noise must lie in 0..1, got {self.most_noise}; correct it.")

    def build(self) -> FaceJudge:
        with seeded(self.seed):
            return FaceJudge(self.kind)

    def dataset(self, path: str | None) -> Dataset:
        return face_photos(path)

    def loss(self, model: FaceJudge, companion: nn.Module, batch: Batch) -> dict[str, Tensor]:
        images, ages, generator, _ = batch
        x = mirrored(images, generator)
        if self.kind == "ages":
            return {"loss": F.mse_loss(model(x) / DECADES, ages / DECADES)}
        face = x.mean(0)
        half = len(x) // 2
        x = torch.cat([x[:half], face + math.sqrt(2) * (ghosts(x[half:]) - face)])
        real = (torch.arange(len(x), device=x.device) < half).to(x)
        return {"loss": F.binary_cross_entropy_with_logits(model(self._disguised(x, face, generator)), real)}

    def _disguised(self, x: Tensor, face: Tensor, generator: torch.Generator) -> Tensor:
        """Pictures x (B, C, H, W) nearer to the mean `face`, paler, softer and noisier, by the same laws for all of them."""
        near, contrast, softness, noise = torch.rand(4, len(x), 1, 1, 1, generator=generator).to(x)
        x = face + (NEAREST + (FARTHEST - NEAREST) * near) * (x - face)
        wanted = LEAST_CONTRAST + (MOST_CONTRAST - LEAST_CONTRAST) * contrast
        std, mean = torch.std_mean(x, (1, 2, 3), keepdim=True)
        x = mean + (x - mean) * wanted / std.clamp(min=1e-3)
        grain = self.most_noise * noise.flatten()
        return gaussian_noise(x.lerp(_box(_box(x, 5), 3), softness), grain, generator).clamp(0, 1)

    @torch.no_grad()
    def report(self, model: FaceJudge, dataset: Dataset) -> dict[str, float]:
        name = "test_error_years" if self.kind == "ages" else "test_accuracy"
        return {name: evaluate_judge(model, dataset)[0].value}

    def evaluate(self, model: FaceJudge, path: str | None, seed: int = 0) -> list[Figure]:
        return evaluate_judge(model, self.dataset(path), seed)


def _box(x: Tensor, side: int) -> Tensor:
    """The mean over side × side pixels around each, as far as they lie in the picture."""
    return F.avg_pool2d(x, side, stride=1, padding=side // 2, count_include_pad=False)
