"""`digits-classifier`: the judge of generated digits, trained apart from every generator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..data.sets import Dataset, as_float, load_dataset
from .base import Recipe


class DigitClassifier(nn.Module):
    """A small convolutional classifier: images (B, 1, 32, 32) in [0, 1] to 10 logits; `features` gives 128 numbers.

    >>> DigitClassifier()(torch.zeros(2, 1, 32, 32)).shape
    torch.Size([2, 10])
    """

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(64, 64, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(64 * 4 * 4, 128),
            nn.ReLU(),
        )
        self.head = nn.Linear(128, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x))


@dataclass(frozen=True, kw_only=True)
class DigitsClassifier(Recipe):
    """Cross-entropy on digits moved by up to two pixels; never sees a generated picture.

    >>> DigitsClassifier().build()(torch.zeros(1, 1, 32, 32)).shape
    torch.Size([1, 10])
    """

    name: ClassVar[str] = "digits-classifier"
    seed: int = 1
    steps: int = 1500
    largest_shift: int = 2

    def build(self) -> DigitClassifier:
        torch.manual_seed(self.seed)
        return DigitClassifier()

    def companion(self) -> nn.Module:
        return nn.Identity()

    def dataset(self, path: str | None) -> Dataset:
        return load_dataset("mnist", path, size=32)

    def learning_rates(self, model: nn.Module) -> list[tuple[float, list[nn.Parameter]]]:
        return [(1.0, list(model.parameters()))]

    def prepare(self, model: nn.Module, images: Tensor, labels: Tensor) -> None:
        """Nothing to prepare."""

    def loss(
        self,
        model: nn.Module,
        companion: nn.Module,
        images: Tensor,
        labels: Tensor,
        generator: torch.Generator,
        done: float,
    ) -> dict[str, Tensor]:
        shift = torch.randint(-self.largest_shift, self.largest_shift + 1, (2,), generator=generator)
        return {"loss": F.cross_entropy(model(images.roll(shift.tolist(), (2, 3))), labels)}

    def finish(self, model: nn.Module, images: Tensor, labels: Tensor) -> None:
        """Nothing to fit."""

    @torch.no_grad()
    def report(self, model: nn.Module, dataset: Dataset) -> dict[str, float]:
        device = next(model.parameters()).device
        guess = torch.cat(
            [model(as_float(x).to(device)).argmax(1).cpu() for x in dataset.test_images.split(500)]
        )
        return {"test_accuracy": float((guess == dataset.test_labels).float().mean())}

    def sheet(self, model: nn.Module, dataset: Dataset) -> None:
        return None
