"""`digits-projector`: any picture becomes a digit; a learned mixing puts the axes of g in order."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from ..data import damage
from ..data.sets import Dataset, load_dataset
from ..devices import laid_out
from ..measures.figure import Figure
from ..measures.projectors import evaluate_digits_projector
from ..models import fitting
from ..models.projector import Projector
from ..networks import InvertibleNetwork, image_flow, initialise
from .projectors import OrderedProjector, ProjectorRecipe, damaged, measure_spread

DISTANCE_IMAGES = 4000
"""Training digits, whole and twice spoilt, by which the distance to the range learns to count pixels."""


@dataclass(frozen=True, kw_only=True)
class DigitProjectorRecipe(ProjectorRecipe, abc.ABC):
    """A projector of 1×32×32 digits, on the axes of a learned mixing at the end of g, which has `mixing_rate` of the rate.

    >>> DigitsProjector(stage_steps=(1,), stage_hidden=(4,)).network().out_shape
    (1024,)
    """

    mixing_rate: float = 0.05

    def network(self) -> InvertibleNetwork:
        return image_flow((1, 32, 32), self.stage_steps, self.stage_hidden, bound=self.bound, carry_wide=True)

    def dataset(self, path: str | None) -> Dataset:
        return load_dataset("mnist", path, size=32)

    def evaluation_dataset(self, path: str | None) -> Dataset:
        """MNIST, and faces of Olivetti from the same folder or download for a projector to be surprised by."""
        faces = load_dataset("olivetti", path, size=32)
        return self.dataset(path)._replace(others=torch.cat([faces.train_images, faces.test_images]))

    def prepare(self, model: Projector, images: Tensor, labels: Tensor) -> None:
        laid_out(model, torch.channels_last)
        generator = torch.Generator().manual_seed(self.seed)
        some = images[torch.randperm(len(images), generator=generator)[:4096].to(images.device)]
        x = damage.gaussian_noise(some, self.pixel_noise, generator)
        initialise(model.g_x, x)
        fitting.start_from_principal_axes(model.g_x, x, x.new_zeros(len(x), 0))

    def finish(self, model: Projector, images: Tensor, labels: Tensor) -> None:
        """Latents in pixels, without changing f: a unit step along an axis that is kept moves the picture by one unit.

        The axes that are dropped are mixed until ‖x ⊖ f(x)‖ is about what f changes in pixels, of whole and spoilt digits:
        training leaves them open, and without it a spoilt digit is hardly farther from the range than a whole one.
        """
        laid_out(model, torch.contiguous_format).eval()
        effect = fitting.pixels_per_unit(model.g_x, images[:256])
        dropped = model.A(torch.ones_like(effect)) < 0.5
        fitting.remix(model.g_x, torch.diag(torch.where(dropped, 1.0, effect)), torch.zeros_like(effect))
        if dropped.any():
            generator, some = torch.Generator().manual_seed(self.seed), images[:DISTANCE_IMAGES]
            some = torch.cat([some, damaged(some, generator), damaged(some, generator)])
            with torch.no_grad():
                change = torch.cat([part - model(part) for part in some.split(250)])
            fitting.count_pixels_dropped(model.g_x, dropped, some, change)
        measure_spread(model, images)


@dataclass(frozen=True, kw_only=True)
class DigitsProjector(DigitProjectorRecipe, OrderedProjector):
    """`digits-projector`: 1×32×32 digits; a learned mixing ends g, so that P keeps the first `rank` of its axes.

    >>> DigitsProjector(stage_steps=(1,), stage_hidden=(4,)).build().rank
    128
    """

    name: ClassVar[str] = "digits-projector"
    drawn: ClassVar[tuple[str, ...]] = ("spectrum", "pca", "ranks", "morphs", "samples")
    steps: int = 8000
    learning_rate: float = 1.5e-3
    critic_weight: float = 0.02

    def learning_rates(self, model: Projector) -> list[tuple[float, list[nn.Parameter]]]:
        return mixing_apart(model, self.mixing_rate)

    def evaluate(self, model: Projector, path: str | None, seed: int = 0) -> list[Figure]:
        return evaluate_digits_projector(model, self.evaluation_dataset(path), seed)


def mixing_apart(
    model: Projector, mixing_rate: float, apart: Sequence[nn.Parameter] = ()
) -> list[tuple[float, list[nn.Parameter]]]:
    """Two groups of parameters: all but `apart` at the full rate, those of the mixing that ends g at `mixing_rate`.

    >>> model = DigitsProjector(stage_steps=(1,), stage_hidden=(4,)).build()
    >>> [share for share, _ in mixing_apart(model, 0.05)]
    [1.0, 0.05]
    """
    mixing = list(fitting.last_mixing(model.g_x).parameters())
    others = [p for p in model.parameters() if all(p is not q for q in (*mixing, *apart))]
    return [(1.0, others), (mixing_rate, mixing)]
