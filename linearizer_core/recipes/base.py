"""What a recipe is: everything that is needed to build a model, train it, and train it again."""

from __future__ import annotations

import abc
import dataclasses
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from ..data.sets import Dataset


@dataclass(frozen=True, kw_only=True)
class Recipe(abc.ABC):
    """What the training loop and the checkpoints need to know of a model. Fields are JSON values, nothing else.

    `build` makes the untrained model, `loss` the objective of one batch as named terms with "loss" their sum, where
    `done` in [0, 1) is the share of training that lies behind; `prepare` runs once before training, `finish` once
    after it. ValueError for settings that are not above 0.

    >>> from linearizer_core.recipes import DigitsClassifier
    >>> DigitsClassifier(steps=0)
    Traceback (most recent call last):
    ValueError: digits-classifier: steps must be above 0, got 0.
    """

    name: ClassVar[str]
    seed: int = 0
    steps: int = 1000
    batch: int = 128
    learning_rate: float = 1e-3
    gradient_clip: float = 1.0
    evaluate_every: int = 500
    mixed_precision: bool = False

    def __post_init__(self) -> None:
        for field in ("steps", "batch", "learning_rate", "gradient_clip", "evaluate_every"):
            if not getattr(self, field) > 0:
                raise ValueError(f"{self.name}: {field} must be above 0, got {getattr(self, field)}.")

    def arguments(self) -> dict[str, object]:
        """The fields as a dictionary of JSON values."""
        return dataclasses.asdict(self)

    @abc.abstractmethod
    def build(self) -> nn.Module: ...

    @abc.abstractmethod
    def companion(self) -> nn.Module:
        """What training needs and shipping does not, such as a critic; trained by the same loop."""

    @abc.abstractmethod
    def dataset(self, path: str | None) -> Dataset: ...

    def evaluation_dataset(self, path: str | None) -> Dataset:
        """What `evaluate` measures on: the data set, perhaps with images of something else beside it."""
        return self.dataset(path)

    def begins_afresh(self, name: str) -> bool:
        """Whether the tensor `name` of the model may be new where training starts from other weights."""
        return False

    @abc.abstractmethod
    def learning_rates(self, model: nn.Module) -> list[tuple[float, list[nn.Parameter]]]:
        """Groups of parameters, each with its share of `learning_rate`."""

    @abc.abstractmethod
    def prepare(self, model: nn.Module, images: Tensor, labels: Tensor) -> None: ...

    @abc.abstractmethod
    def loss(
        self,
        model: nn.Module,
        companion: nn.Module,
        images: Tensor,
        labels: Tensor,
        generator: torch.Generator,
        done: float,
    ) -> dict[str, Tensor]: ...

    @abc.abstractmethod
    def finish(self, model: nn.Module, images: Tensor, labels: Tensor) -> None: ...

    @abc.abstractmethod
    def report(self, model: nn.Module, dataset: Dataset) -> dict[str, float]: ...

    @abc.abstractmethod
    def sheet(self, model: nn.Module, dataset: Dataset) -> Tensor | None: ...
