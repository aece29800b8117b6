"""`digits-projector-sparse`: the paper's own way to an idempotent network, to compare with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from ..inputs import of_kind
from ..measures.figure import Figure
from ..measures.projectors import evaluate_sparse
from ..methods.idempotent import isometry, sparsity
from ..models.projector import Projector
from ..operators import LinearOperator, RoundedDiagonal
from .base import Batch
from .digits_projector import DigitProjectorRecipe, mixing_apart
from .projectors import MSE_WEIGHT, Beside


@dataclass(frozen=True, kw_only=True)
class SparseProjector(DigitProjectorRecipe):
    r"""`digits-projector-sparse`: the paper's recipe, which finds the rank itself and leaves the axes in no order.

    ‖f(x) − x‖² per pixel, `sparsity_weight` rank(Λ)/n and `isometry_weight` E | ‖g(x) − g(0)‖² − ‖x‖² | / n, with
    Λ = diag(round λ) and the gradient of λ straight through. `lambda_rate` is λ's share of the learning rate.
    Source: arXiv:2510.08570 (idempotent networks).

    >>> SparseProjector(stage_steps=(1,), stage_hidden=(4,)).build().rank
    1024
    """

    name: ClassVar[str] = "digits-projector-sparse"
    drawn: ClassVar[tuple[str, ...]] = ("spectrum", "pca", "morphs", "samples")
    steps: int = 1500
    learning_rate: float = 1.5e-3
    batch: int = 64
    damaged_share: float = 0.0
    critic_weight: float = 0.0
    sparsity_weight: float = 0.1
    isometry_weight: float = 0.1
    lambda_rate: float = 1.0

    def operator(self, n: int) -> LinearOperator:
        """Λ, which keeps every axis to begin with."""
        return RoundedDiagonal(nn.Parameter(torch.full((n,), 0.75)))

    def learning_rates(self, model: Projector) -> list[tuple[float, list[nn.Parameter]]]:
        weights = [of_kind(nn.Parameter, model.A.weights)]
        return [*mixing_apart(model, self.mixing_rate, apart=weights), (self.lambda_rate, weights)]

    def loss(self, model: Projector, companion: Beside, batch: Batch) -> dict[str, Tensor]:
        images = batch.images
        z = model.g_x(images)
        terms = {
            "mse": (model.g_x.inverse(model.A(z)) - images).square().mean(),
            "sparsity": sparsity(of_kind(RoundedDiagonal, model.A).values),
            "isometry": isometry(images, z, model.g_x(torch.zeros_like(images[:1]))[0]),
        }
        loss = terms["mse"] + self.sparsity_weight * terms["sparsity"]
        return {"loss": MSE_WEIGHT * (loss + self.isometry_weight * terms["isometry"]), **terms}

    def evaluate(self, model: Projector, path: str | None, seed: int = 0) -> list[Figure]:
        return evaluate_sparse(model, self.evaluation_dataset(path), seed)
