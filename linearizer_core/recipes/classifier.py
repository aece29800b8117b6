"""`digits-classifier`: the judges of generated digits, trained apart from every generator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..data.sets import Dataset, load_dataset
from ..measures.digits import evaluate_classifier
from ..measures.figure import Figure
from ..models.classifier import KINDS, DigitClassifier
from ..randomness import seeded
from .base import Batch, Recipe


@dataclass(frozen=True, kw_only=True)
class DigitsClassifier(Recipe):
    """Cross-entropy on digits moved by up to `largest_shift` pixels; never sees a generated picture.

    `kind` is the architecture, one of "convolutions", "residual" and "mixer". ValueError for another.

    >>> DigitsClassifier().build()(torch.zeros(1, 1, 32, 32)).shape
    torch.Size([1, 10])
    """

    name: ClassVar[str] = "digits-classifier"
    classes: ClassVar[int] = 10
    seed: int = 1
    steps: int = 1500
    largest_shift: int = 2
    kind: str = "convolutions"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kind not in KINDS:
            raise ValueError(f"{self.name}: kind must be one of {', '.join(KINDS)}, got {self.kind!r}.")

    def build(self) -> DigitClassifier:
        with seeded(self.seed):
            return DigitClassifier(self.kind)

    def dataset(self, path: str | None) -> Dataset:
        return load_dataset("mnist", path, size=32)

    def loss(self, model: nn.Module, companion: nn.Module, batch: Batch) -> dict[str, Tensor]:
        images, labels, generator, _ = batch
        shift = torch.randint(-self.largest_shift, self.largest_shift + 1, (2,), generator=generator)
        return {"loss": F.cross_entropy(model(images.roll(shift.tolist(), (2, 3))), labels)}

    @torch.no_grad()
    def report(self, model: nn.Module, dataset: Dataset) -> dict[str, float]:
        return {"test_accuracy": evaluate_classifier(model, dataset)[0].value}

    def evaluate(self, model: DigitClassifier, path: str | None, seed: int = 0) -> list[Figure]:
        return evaluate_classifier(model, self.dataset(path), seed)
