"""What the recipes of projectors share: f(f(x)) = f(x) for every x, its axes ordered by importance."""

from __future__ import annotations

import abc
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..algebra import svd
from ..data import damage
from ..data.sets import Dataset, as_float
from ..diagnostics import psnr
from ..methods.critic import Critic, critic_loss, frozen, some_class_loss
from ..methods.likelihood import class_nll
from ..methods.nested import nested_reconstruction, random_ranks
from ..models import fitting
from ..models.projector import Projector
from ..networks import InvertibleNetwork, forward_and_log_det
from ..operators import LinearOperator, Projection
from ..randomness import seeded
from .base import Batch, Recipe

MSE_WEIGHT = 10.0
"""Of squared errors against what a critic and the likelihood, both in nats, say."""
OUTSIDE_WEIGHT = 1.0
"""Of pixels outside [0, 1] that are made of noise."""
REPORTED = (4, 8, 16, 32, 64, 128)
"""Ranks at which the quality of a reconstruction is reported."""


class Beside(nn.Module):
    """What a projector is trained with and ships without: a critic, and the deviation of every latent axis.

    >>> Beside(n=3).log_std
    Parameter containing:
    tensor([0., 0., 0.], requires_grad=True)
    """

    def __init__(self, n: int, classes: int = 10) -> None:
        super().__init__()
        self.critic = Critic(classes)
        self.log_std = nn.Parameter(torch.zeros(n))


@dataclass(frozen=True, kw_only=True)
class ProjectorRecipe(Recipe, abc.ABC):
    r"""What all projectors share: their settings, how they are built, reported and shown; a subclass says what g and P are.

    `pixel_noise` is added to pictures before g is set up by them. The settings of the loss are explained where it is
    written, in `OrderedProjector` and `SparseProjector`.

    >>> from linearizer_core.recipes import DigitsProjector
    >>> DigitsProjector(stage_steps=(1,), stage_hidden=(4,), rank=5).build().rank
    5
    """

    stage_steps: tuple[int, ...] = (6, 8, 4)
    stage_hidden: tuple[int, ...] = (64, 64, 64)
    batch: int = 48
    evaluate_every: int = 500
    mixed_precision: bool = True
    pixel_noise: float = 0.05
    rank: int = 128
    largest_rank: int = 160
    ranks_per_image: int = 2
    rank_offset: int = 4
    rank_power: float = 0.7
    damaged_share: float = 0.3
    nll_weight: float = 0.0
    bound: float = 0.5
    other_batch: int = 15
    wildest: float = 3.0
    critic_weight: float = 0.0
    critic_from: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        most = 0.9 if self.nll_weight else 1.0  # the likelihood is that of whole pictures
        if not (self.other_batch >= 1 and 0 <= self.damaged_share <= most):
            raise ValueError(
                f"{self.name}: other_batch must be at least 1 and damaged_share in [0, {most:g}], "
                f"got {self.other_batch} and {self.damaged_share}."
            )

    @abc.abstractmethod
    def network(self) -> InvertibleNetwork: ...

    @abc.abstractmethod
    def operator(self, n: int) -> LinearOperator:
        """P on the n axes of the untrained g."""

    def build(self) -> Projector:
        with seeded(self.seed):
            g = self.network()
        return Projector(g, self.operator(g.out_shape[0]))

    def companion(self) -> nn.Module:
        with seeded(self.seed):
            return Beside(self.network().out_shape[0])

    @torch.no_grad()
    def report(self, model: Projector, dataset: Dataset) -> dict[str, float]:
        x = as_float(dataset.test_images[:1000]).to(next(model.parameters()).device)
        figures = {"rank": float(model.rank)}
        for k in REPORTED:
            if k <= model.rank:
                f = model.truncated(k)
                figures[f"psnr_{k}"] = psnr(torch.cat([f(part) for part in x.split(250)]), x)
        once = model(anything(x, 200, torch.Generator().manual_seed(0)))
        figures["largest"] = float(once.abs().max())
        figures["idempotence"] = float((model(once) - once).abs().max())
        return figures

    @torch.no_grad()
    def sheet(self, model: Projector, dataset: Dataset) -> Tensor:
        """Rows: test pictures, their ranks 4 to 128, spoilt ones and their projections, noise and its projections."""
        x = as_float(dataset.test_images[:: max(1, len(dataset.test_images) // 16)][:16])
        x = x.to(next(model.parameters()).device)
        generator = torch.Generator().manual_seed(0)
        rows = [x, *(model.truncated(k)(x) for k in REPORTED if k <= model.rank)]
        for inputs in (damaged(x, generator), anything(x, 16, generator)):
            rows += [inputs, model.truncated(16)(inputs), model(inputs)]
        return torch.stack(rows)


@dataclass(frozen=True, kw_only=True)
class OrderedProjector(ProjectorRecipe, abc.ABC):
    r"""The loss of a rank-ordered projector.

    Nested truncation reconstructs a picture from its first k axes, `ranks_per_image` times with k + `rank_offset`
    log-uniform up to `largest_rank`, each error weighted by k^`rank_power`. The first `damaged_share` of a batch is
    spoilt before it is encoded (noise, salt and pepper, a square), and the whole picture is asked for. `nll_weight`
    mixes in the likelihood of a Gaussian with one deviation per axis. `other_batch` pictures of anything else, noise of
    deviations up to `wildest` say, must be projected to pixels in [0, 1], for which `bound` keeps the couplings calm; and,
    once the share `critic_from` of the training is done, to what looks like some digit to a critic (`critic_weight`, 0 for
    none).

    >>> from linearizer_core.recipes import DigitsProjector
    >>> issubclass(DigitsProjector, OrderedProjector)
    True
    """

    def operator(self, n: int) -> LinearOperator:
        """The projection on the first `rank` of n axes."""
        return Projection(torch.eye(n, self.rank))

    def loss(self, model: Projector, companion: Beside, batch: Batch) -> dict[str, Tensor]:
        images, labels, generator, done = batch
        spoilt = round(self.damaged_share * len(images))
        x = torch.cat([damaged(images[:spoilt], generator), images[spoilt:]])
        terms = {}
        if self.nll_weight:
            whole = damage.gaussian_noise(images[spoilt:], self.pixel_noise, generator)
            z, log_det = forward_and_log_det(model.g_x, torch.cat([x[:spoilt], whole]))
            mean = torch.zeros_like(z[:1])
            one_class = torch.zeros_like(labels[spoilt:])
            terms["nll"] = class_nll(z[spoilt:], log_det[spoilt:], mean, companion.log_std, one_class)
        else:
            z = model.g_x(x)
        repeats = self.ranks_per_image
        ranks = random_ranks(repeats * len(x), self.largest_rank, generator, self.rank_offset)
        terms["mse"] = nested_reconstruction(
            model.g_x,
            images.repeat(repeats, 1, 1, 1),
            z.repeat(repeats, 1),
            ranks,
            power=self.rank_power,
        )
        loss = MSE_WEIGHT * terms["mse"] + self.nll_weight * terms.get("nll", 0.0)
        made_up = model(anything(images, self.other_batch, generator, self.wildest))
        beyond = ((made_up - 0.5).abs() - 0.5).relu()
        terms["outside"] = (
            beyond.square().log1p().mean()
        )  # a picture that explodes must not outweigh all others
        loss = loss + OUTSIDE_WEIGHT * terms["outside"]
        if self.critic_weight and done >= self.critic_from:
            terms["other"] = some_class_loss(frozen(companion.critic, made_up, generator))
            terms["critic"] = critic_loss(companion.critic, images, labels, made_up, generator)
            loss = (
                loss + self.critic_weight * terms["other"] + terms["critic"]
            )  # the last reaches the critic alone
        return {"loss": loss, **terms}


@torch.no_grad()
def measure_spread(model: Projector, images: Tensor, count: int = 5000) -> None:
    """Sets the buffers of `model` to mean and deviation of the latents of (at most `count` of) these pictures.

    >>> from linearizer_core.recipes import DigitsProjector
    >>> f = DigitsProjector(stage_steps=(1,), stage_hidden=(4,)).build()
    >>> measure_spread(f, torch.zeros(5, 1, 32, 32))                 # five times the same picture
    >>> float(f.total_std.max())
    0.0
    """
    z = fitting.encode_in_batches(model.g_x, images[:count])
    along = z @ svd(model.A).U
    model.total_std.copy_(z.std(0))
    model.kept_mean.copy_(along.mean(0))
    model.kept_std.copy_(along.std(0))


def damaged(x: Tensor, generator: torch.Generator) -> Tensor:
    """Each picture of x (B, C, H, W) spoilt in one of three ways, with a strength of its own.

    >>> damaged(torch.zeros(5, 1, 32, 32), torch.Generator().manual_seed(0)).shape
    torch.Size([5, 1, 32, 32])
    """
    strength = torch.rand(len(x), generator=generator)
    kinds = [
        damage.gaussian_noise(x, 0.1 + 0.6 * strength, generator),
        damage.salt_and_pepper(x, 0.05 + 0.4 * strength, generator),
        damage.square(x, ((0.2 + 0.25 * strength) * x.shape[-1]).long(), 0.0, generator),
    ]
    chosen = torch.randint(len(kinds), (len(x),), generator=generator)
    return torch.stack(kinds)[chosen, torch.arange(len(x))]


def anything(images: Tensor, count: int, generator: torch.Generator, wildest: float = 3.0) -> Tensor:
    """`count` pictures that are not what `images` (B, C, H, W) are, five kinds in turn: (count, C, H, W).

    Uniform noise on [0, 1], Gaussian noise of a deviation up to `wildest`, negatives 1 − x, grey planes, smooth blotches.

    >>> anything(torch.zeros(2, 1, 32, 32), 5, torch.Generator().manual_seed(0)).shape
    torch.Size([5, 1, 32, 32])
    """
    shape = (count, *images.shape[1:])
    level = torch.rand(count, 1, 1, 1, generator=generator)
    blotches = torch.rand(count, shape[1], 5, 5, generator=generator)
    kinds = [
        torch.rand(shape, generator=generator),
        wildest * level * torch.randn(shape, generator=generator),
        1 - images.cpu()[torch.randint(len(images), (count,), generator=generator)],
        level.expand(shape),
        F.interpolate(blotches, shape[2:], mode="bicubic"),
    ]
    which = torch.arange(count)
    return torch.stack(kinds)[which % len(kinds), which].to(images)
