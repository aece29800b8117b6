"""`digits-projector` and `faces`: f(f(x)) = f(x) for every x, its axes ordered by importance."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..algebra import svd
from ..data import damage
from ..data.sets import Dataset, as_float, load_dataset
from ..diagnostics import psnr
from ..methods.critic import Critic, critic_loss, frozen, some_class_loss
from ..methods.idempotent import isometry, sparsity
from ..methods.likelihood import class_nll
from ..methods.nested import nested_reconstruction, random_ranks
from ..models import fitting
from ..models.projector import Projector
from ..networks import Chain, InvertibleNetwork, Translate, forward_and_log_det, image_flow, initialise
from ..operators import LinearOperator, Projection, RoundedDiagonal
from ..pca import LatentPCA
from .base import Recipe

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
class OrderedProjector(Recipe, abc.ABC):
    r"""What the rank-ordered projectors share; a subclass says what g is and what the pictures are.

    Nested truncation reconstructs a picture from its first k axes, `ranks_per_image` times with k + `rank_offset`
    log-uniform up to `largest_rank`, each error weighted by k^`rank_power`. The first `damaged_share` of a batch is
    spoilt before it is encoded (noise, salt and pepper, a square), and the whole picture is asked for. `nll_weight`
    mixes in the likelihood of a Gaussian with one deviation per axis. `other_batch` pictures of anything else, noise say,
    must be projected to pixels in [0, 1], for which `bound` keeps the couplings calm; and, once the share `critic_from`
    of the training is done, to what looks like some digit to a critic (`critic_weight`, 0 for none).

    >>> sorted(name for name, kind in globals().items() if isinstance(kind, type) and OrderedProjector in kind.__mro__[1:])
    ['DigitsProjector', 'Faces', 'SparseProjector']
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

    def build(self) -> Projector:
        torch.manual_seed(self.seed)
        g = self.network()
        return Projector(g, self.operator(g.out_shape[0]))

    def operator(self, n: int) -> LinearOperator:
        """The projection on the first `rank` of n axes."""
        return Projection(torch.eye(n, self.rank))

    def companion(self) -> nn.Module:
        torch.manual_seed(self.seed)
        return Beside(self.network().out_shape[0])

    def loss(
        self,
        model: Projector,
        companion: Beside,
        images: Tensor,
        labels: Tensor,
        generator: torch.Generator,
        done: float,
    ) -> dict[str, Tensor]:
        images = self.augmented(images, generator)
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
            self.kept(model),
            self.rank_power,
        )
        loss = MSE_WEIGHT * terms["mse"] + self.nll_weight * terms.get("nll", 0.0)
        made_up = model(anything(images, self.other_batch, generator))
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

    def augmented(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Other pictures that could as well have been in the data set."""
        return images

    def kept(self, model: Projector) -> Tensor | None:
        """The basis whose coordinates are cut; None where they are the axes of g themselves."""
        return None

    @torch.no_grad()
    def report(self, model: Projector, dataset: Dataset) -> dict[str, float]:
        x = as_float(dataset.test_images[:1000]).to(next(model.parameters()).device)
        figures = {}
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
class DigitsProjector(OrderedProjector):
    """`digits-projector`: 1×32×32 digits; a learned mixing ends g, so that P keeps the first `rank` of its axes.

    >>> DigitsProjector(stage_steps=(1,), stage_hidden=(4,)).build().rank
    128
    """

    name: ClassVar[str] = "digits-projector"
    steps: int = 8000
    learning_rate: float = 1.5e-3
    mixing_rate: float = 0.05
    critic_weight: float = 0.02

    def network(self) -> InvertibleNetwork:
        return image_flow((1, 32, 32), self.stage_steps, self.stage_hidden, bound=self.bound)

    def dataset(self, path: str | None) -> Dataset:
        return load_dataset("mnist", path, size=32)

    def evaluation_dataset(self, path: str | None) -> Dataset:
        """MNIST, and faces of Olivetti from the same folder or download for a projector to be surprised by."""
        faces = load_dataset("olivetti", path, size=32)
        return self.dataset(path)._replace(others=torch.cat([faces.train_images, faces.test_images]))

    def learning_rates(self, model: Projector) -> list[tuple[float, list[nn.Parameter]]]:
        mixing = list(fitting.last_mixing(model.g_x).parameters())
        others = [p for p in model.parameters() if all(p is not q for q in mixing)]
        return [(1.0, others), (self.mixing_rate, mixing)]

    def prepare(self, model: Projector, images: Tensor, labels: Tensor) -> None:
        model.to(memory_format=torch.channels_last)
        generator = torch.Generator().manual_seed(self.seed)
        some = images[torch.randperm(len(images), generator=generator)[:4096].to(images.device)]
        x = damage.gaussian_noise(some, self.pixel_noise, generator)
        initialise(model.g_x, x)
        fitting.start_from_principal_axes(model.g_x, x, x.new_zeros(len(x), 0))

    def finish(self, model: Projector, images: Tensor, labels: Tensor) -> None:
        """Latents in pixels, without changing P: a unit step along an axis that is kept moves the picture by one unit.

        The axes that are dropped then get one common scale, so that ‖x ⊖ f(x)‖ is on average what f changes in pixels.
        """
        model.to(memory_format=torch.contiguous_format).eval()
        some = images[:256]
        effect = fitting.pixels_per_unit(model.g_x, some)
        fitting.remix(model.g_x, torch.diag(effect), torch.zeros_like(effect))
        with torch.no_grad():
            change = (some - model(some)).square().sum().sqrt() / model.distance_to_range(some).norm()
        dropped = model.A(torch.ones_like(effect)) < 0.5
        scale = torch.where(dropped, change, 1.0)
        fitting.remix(model.g_x, torch.diag(scale), torch.zeros_like(scale))
        measure_spread(model, images)


@dataclass(frozen=True, kw_only=True)
class Faces(OrderedProjector):
    """`faces`: 1×64×64 faces; P keeps the span of `rank` fixed principal directions, around which g learns to bend.

    Untrained, g is a rotation of the pixels, so training starts from pixel PCA itself. 320 pictures are few: they are
    mirrored, shifted by up to `shift` pixels, and changed in brightness and contrast by up to `light`.

    >>> Faces(stage_steps=(1,), stage_hidden=(4,)).build().rank
    64
    """

    name: ClassVar[str] = "faces"
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
        mirror = torch.rand(count, 1, 1, 1, generator=generator).to(images) < 0.5
        padded = F.pad(torch.where(mirror, images.flip(3), images), [self.shift] * 4, mode="replicate")
        tops, lefts = torch.randint(2 * self.shift + 1, (2, count), generator=generator).tolist()
        moved = torch.stack([x[:, i : i + size, j : j + size] for x, i, j in zip(padded, tops, lefts)])
        gain, offset = self.light * (2 * torch.rand(2, count, 1, 1, 1, generator=generator) - 1).to(images)
        return (moved * (1 + gain) + offset).clamp(0, 1)

    def kept(self, model: Projector) -> Tensor | None:
        return model.A.basis

    def finish(self, model: Projector, images: Tensor, labels: Tensor) -> None:
        model.to(memory_format=torch.contiguous_format).eval()
        measure_spread(model, images)


@dataclass(frozen=True, kw_only=True)
class SparseProjector(DigitsProjector):
    r"""`digits-projector-sparse`: the paper's recipe, which finds the rank itself and leaves the axes in no order.

    ‖f(x) − x‖² per pixel, `sparsity_weight` rank(Λ)/n and `isometry_weight` E | ‖g(x) − g(0)‖² − ‖x‖² | / n, with
    Λ = diag(round λ) and the gradient of λ straight through. `lambda_rate` is λ's share of the learning rate.
    Source: arXiv:2510.08570, section 5.

    >>> SparseProjector(stage_steps=(1,), stage_hidden=(4,)).build().rank
    1024
    """

    name: ClassVar[str] = "digits-projector-sparse"
    steps: int = 1500
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
        (share, others), mixing = super().learning_rates(model)
        others = [p for p in others if p is not model.A.weights]
        return [(share, others), mixing, (self.lambda_rate, [model.A.weights])]

    def loss(
        self,
        model: Projector,
        companion: Beside,
        images: Tensor,
        labels: Tensor,
        generator: torch.Generator,
        done: float,
    ) -> dict[str, Tensor]:
        z = model.g_x(images)
        terms = {
            "mse": (model.g_x.inverse(model.A(z)) - images).square().mean(),
            "sparsity": sparsity(model.A.values),
            "isometry": isometry(images, z, model.g_x(torch.zeros_like(images[:1]))[0]),
        }
        loss = terms["mse"] + self.sparsity_weight * terms["sparsity"]
        return {"loss": MSE_WEIGHT * (loss + self.isometry_weight * terms["isometry"]), **terms}

    def report(self, model: Projector, dataset: Dataset) -> dict[str, float]:
        return {"rank": float(model.rank), **super().report(model, dataset)}


@torch.no_grad()
def measure_spread(model: Projector, images: Tensor, count: int = 5000) -> None:
    """Sets the buffers of `model` to mean and deviation of the latents of (at most `count` of) these pictures.

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


def anything(images: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """`count` pictures that are not what `images` (B, C, H, W) are, five kinds in turn: (count, C, H, W).

    Uniform noise on [0, 1], Gaussian noise of a deviation up to 3, negatives 1 − x, grey planes, smooth blotches.

    >>> anything(torch.zeros(2, 1, 32, 32), 5, torch.Generator().manual_seed(0)).shape
    torch.Size([5, 1, 32, 32])
    """
    shape = (count, *images.shape[1:])
    level = torch.rand(count, 1, 1, 1, generator=generator)
    blotches = torch.rand(count, shape[1], 5, 5, generator=generator)
    kinds = [
        torch.rand(shape, generator=generator),
        3 * level * torch.randn(shape, generator=generator),
        1 - images.cpu()[torch.randint(len(images), (count,), generator=generator)],
        level.expand(shape),
        F.interpolate(blotches, shape[2:], mode="bicubic"),
    ]
    which = torch.arange(count)
    return torch.stack(kinds)[which % len(kinds), which].to(images)
