"""What a recipe is: everything that is needed to build a model, train it, and train it again."""

from __future__ import annotations

import abc
import dataclasses
import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

if TYPE_CHECKING:  # whoever loads a model needs no data
    from ..data.dataset import Dataset
    from ..measures.figure import Figure

MOST_SEED = 2**32


class Batch(NamedTuple):
    """What one step of training sees: pictures (B, …) and labels (B,), the generator of all that it draws, and `done`,
    the share of training in [0, 1) that lies behind.

    >>> images, labels, generator, done = Batch(torch.rand(4, 1, 8, 8), torch.zeros(4), torch.Generator(), done=0.5)
    """

    images: Tensor
    labels: Tensor
    generator: torch.Generator
    done: float


@dataclass(frozen=True, kw_only=True)
class Recipe(abc.ABC):
    """What the training loop and the checkpoints need to know of a model. Fields are JSON values, nothing else.

    `build` makes the untrained model, `loss` the objective of one batch as named terms with "loss" their sum; `prepare`
    runs once before training, `finish` once after it. `evaluate` gives the figures of a trained model on data that was
    not trained on, which `path` holds as for `dataset`. `afresh` begins the names of tensors that may be new where
    training starts from other weights. `absent` says what fields stand for that an older config does not name, where
    that is not their default. `drawn` names the figures of `linearizer_core.plots` that suit what the model can do, which
    `evaluate --plots` draws. `classes` is how many labels a model learns, each of which must occur in its data; 0 where
    labels do not matter. `build` and `companion` draw from a generator of their own by `seed`, `loss` from the batch's.
    ValueError for settings that are not above 0, not finite, or of another type than their default.

    >>> from linearizer_core.recipes import DigitsClassifier
    >>> DigitsClassifier(steps=0)
    Traceback (most recent call last):
    ValueError: digits-classifier: steps must be above 0, got 0.
    """

    name: ClassVar[str]
    classes: ClassVar[int] = 0
    afresh: ClassVar[tuple[str, ...]] = ()
    absent: ClassVar[Mapping[str, object]] = {}
    drawn: ClassVar[tuple[str, ...]] = ()
    seed: int = 0
    steps: int = 1000
    batch: int = 128
    learning_rate: float = 1e-3
    gradient_clip: float = 1.0
    evaluate_every: int = 500
    mixed_precision: bool = False

    def __post_init__(self) -> None:
        for field in ("steps", "batch", "learning_rate", "gradient_clip", "evaluate_every"):
            value = getattr(self, field)
            if isinstance(value, numbers.Real) and not value > 0:
                raise ValueError(f"{self.name}: {field} must be above 0, got {value}.")
        for field in dataclasses.fields(self):
            plain = _plain(f"{self.name}: {field.name}", getattr(self, field.name), field.default)
            object.__setattr__(self, field.name, plain)  # numpy's numbers are none of JSON's
        if not 0 <= self.seed < MOST_SEED:
            raise ValueError(f"{self.name}: seed must lie in 0..{MOST_SEED - 1}, got {self.seed}.")

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

    @abc.abstractmethod
    def learning_rates(self, model: nn.Module) -> list[tuple[float, list[nn.Parameter]]]:
        """Groups of parameters, each with its share of `learning_rate`."""

    @abc.abstractmethod
    def prepare(self, model: nn.Module, images: Tensor, labels: Tensor) -> None: ...

    @abc.abstractmethod
    def loss(self, model: nn.Module, companion: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """The terms by name; "loss" is the one that training lowers."""

    @abc.abstractmethod
    def finish(self, model: nn.Module, images: Tensor, labels: Tensor) -> None: ...

    @abc.abstractmethod
    def report(self, model: nn.Module, dataset: Dataset) -> dict[str, float]: ...

    @abc.abstractmethod
    def sheet(self, model: nn.Module, dataset: Dataset) -> Tensor | None: ...

    @abc.abstractmethod
    def evaluate(self, model: nn.Module, path: str | None, seed: int = 0) -> list[Figure]: ...


def _plain(name: str, value: object, default: object) -> object:
    """A setting as a plain Python value of its default's type. ValueError where it is of another type, or not finite."""
    match default:
        case bool():
            fits, plain = isinstance(value, bool), bool
        case int():
            fits, plain = isinstance(value, numbers.Integral) and not isinstance(value, bool), int
        case float():
            fits, plain = isinstance(value, numbers.Real) and not isinstance(value, bool), float
        case str():
            fits, plain = isinstance(value, str), str
        case tuple():
            fits, plain = isinstance(value, tuple | list), tuple
        case _:
            return value
    if not fits:
        raise ValueError(f"{name} must be of the kind of its default {default!r}, got {value!r}.")
    if plain is tuple:
        return tuple(_plain(name, item, default[0] if default else "") for item in value)
    if plain is float and not math.isfinite(value):
        raise ValueError(f"{name} must lie in the range of finite numbers, got {value}.")
    return plain(value)
