"""What a recipe is: everything that is needed to build a model, train it, and train it again."""

import abc
import dataclasses
import math
import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

if TYPE_CHECKING:  # whoever loads a model needs no data
    from ..data.dataset import Dataset
    from ..measures.figure import Figure

MOST_SEED = 2**32
MOST_TESTED = 1000


class Batch(NamedTuple):
    """What one step of training sees: pictures (B, …) and labels (B,), the generator of all that it draws, and `done`,
    the share of training in [0, 1) that lies behind.

    >>> images, labels, generator, done = Batch(torch.rand(4, 1, 8, 8), torch.zeros(4), torch.Generator(), done=0.5)
    """

    images: Tensor
    labels: Tensor
    generator: torch.Generator
    done: float


Method = TypeVar("Method", bound=Callable[..., object])


def hook(method: Method) -> Method:
    """Marks a method whose default a recipe may replace by its own; every other concrete method is final.

    >>> hook(lambda recipe: None).is_hook
    True
    """
    vars(method)["is_hook"] = True
    return method


@dataclass(frozen=True, kw_only=True)
class Recipe(abc.ABC):
    """What the training loop and the checkpoints need to know of a model. Fields are JSON values, nothing else.

    A recipe writes two methods and a `name`: `build` makes the untrained model, `loss` the objective of one batch as
    named terms with "loss" their sum. All else are hooks with defaults, to be replaced where a model needs more:
    `prepare` runs once before training, `finish` once after it. `evaluate` gives the figures of a trained model on data
    that was not trained on, which `path` holds as for `dataset`. `afresh` begins the names of tensors that may be new
    where training starts from other weights. `absent` says what fields stand for that an older config does not name,
    where that is not their default. `drawn` names the figures of `linearizer_core.plots` that suit what the model can
    do, which `evaluate --plots` draws. `classes` is how many labels a model learns, each of which must occur in its
    data; 0 where labels do not matter. `build` and `companion` draw from a generator of their own by `seed`, `loss`
    from the batch's. `average` in [0, 1), 0.999 say, keeps w̄ ← average w̄ + (1 − average) w of the weights w of each step,
    and w̄ is what is measured and kept (Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging",
    1992); with 0 it is w.
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
    average: float = 0.0

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "learning_rate", "gradient_clip", "evaluate_every"):
            value = getattr(self, name)
            is_number = isinstance(value, numbers.Real)  # else its kind is what is wrong, which is said below
            if is_number and not value > 0:
                raise ValueError(f"{self.name}: {name} must be above 0, got {value}.")
        for field in dataclasses.fields(self):
            plain = _plain(f"{self.name}: {field.name}", getattr(self, field.name), field.default)
            object.__setattr__(self, field.name, plain)  # numpy's numbers are none of JSON's
        if not 0 <= self.average < 1:
            raise ValueError(f"{self.name}: average must lie in 0 ≤ average < 1, got {self.average}.")
        if not 0 <= self.seed < MOST_SEED:
            raise ValueError(f"{self.name}: seed must lie in 0..{MOST_SEED - 1}, got {self.seed}.")

    def arguments(self) -> dict[str, object]:
        """The fields as a dictionary of JSON values."""
        return dataclasses.asdict(self)

    @abc.abstractmethod
    def build(self) -> nn.Module: ...

    @abc.abstractmethod
    def loss(self, model: nn.Module, companion: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """The terms by name; "loss" is the one that training lowers."""

    @hook
    def dataset(self, path: str | None) -> "Dataset":
        """What the commands `train` and `evaluate` learn and test on; whoever calls `train` brings data along."""
        raise ValueError(
            f"{self.name} brings no data of its own; give a Dataset to train, or write dataset(path)."
        )

    @hook
    def augmented(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """A batch of training pictures as the loss shall see them, moved or mirrored; as they are, by default."""
        return images

    @hook
    def companion(self) -> nn.Module:
        """What training needs and shipping does not, such as a critic; trained by the same loop. Nothing, by default."""
        return nn.Identity()

    @hook
    def learning_rates(self, model: nn.Module) -> list[tuple[float, list[nn.Parameter]]]:
        """Groups of parameters, each with its share of `learning_rate`: all with all of it, by default."""
        return [(1.0, list(model.parameters()))]

    @hook
    def optimizer(self, groups: list[dict[str, object]]) -> torch.optim.Optimizer:
        """What lowers the loss: Adam, by default; the loop sets the rates of the groups."""
        return torch.optim.Adam(groups, lr=self.learning_rate, betas=(0.9, 0.99))

    @hook
    def prepare(self, model: nn.Module, images: Tensor, labels: Tensor) -> None:
        """Runs once before training: nothing, by default."""
        return None

    @hook
    def finish(self, model: nn.Module, images: Tensor, labels: Tensor) -> None:
        """Runs once after training: nothing, by default."""
        return None

    @hook
    def report(self, model: nn.Module, dataset: "Dataset") -> dict[str, float]:
        """Figures for the log: the loss on what was not trained on, by default, where no companion has a say in it."""
        if type(self).companion is not Recipe.companion or not len(dataset.test_images):
            return {}
        return {f"test_{name}": value for name, value in tested(self, model, dataset).items()}

    @hook
    def sheet(self, model: nn.Module, dataset: "Dataset") -> Tensor | None:
        """Pictures (R, C, channels, H, W) for the run's folder: none, by default."""
        return None

    @hook
    def evaluate(self, model: nn.Module, path: str | None, seed: int = 0) -> "list[Figure]":
        """What the command `evaluate` prints: the figures of `report`, by default."""
        from ..measures.figure import Figure

        return [Figure(name, value) for name, value in self.report(model, self.dataset(path)).items()]


@torch.no_grad()
def tested(recipe: Recipe, model: nn.Module, dataset: "Dataset") -> dict[str, float]:
    """The terms of the loss on the first `MOST_TESTED` items that were not trained on.

    >>> from linearizer_core.data import Dataset
    >>> from linearizer_core.recipes import DigitsClassifier
    >>> x, c = torch.zeros(10, 1, 32, 32, dtype=torch.uint8), torch.arange(10)
    >>> list(tested(DigitsClassifier(), DigitsClassifier().build(), Dataset(x, c, x, c)))
    ['loss']
    """
    from ..data.dataset import as_input  # whoever loads a model needs no data

    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    images, labels = (part[:MOST_TESTED].to(device) for part in (dataset.test_images, dataset.test_labels))
    generator = torch.Generator().manual_seed(recipe.seed)
    batch = Batch(as_input(images), labels, generator, done=1.0)
    terms = recipe.loss(model, recipe.companion().to(device), batch)
    return {name: float(value) for name, value in terms.items()}


def _plain(name: str, value: Any, default: object) -> object:
    """A setting as a plain Python value of its default's type. ValueError where it is of another type, or not finite."""
    plain: type
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
    if isinstance(default, tuple):
        return tuple(_plain(name, item, default[0] if default else "") for item in value)
    if plain is float and not math.isfinite(value):
        raise ValueError(f"{name} must lie in the range of finite numbers, got {value}.")
    return plain(value)
