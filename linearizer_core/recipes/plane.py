"""`plane-*`: bent planes small enough for a browser, straight for g; and `plane`, the same for points of your own."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from ..data.dataset import DataError, Dataset, as_input
from ..data.point_sets import MOST_CLASSES, VIEW, generated, grid_of_view, read_points
from ..inputs import of_kind
from ..measures.figure import Figure
from ..measures.plane import evaluate_plane, stretches
from ..methods.likelihood import class_nll
from ..methods.smoothness import bending, corners, jacobians
from ..models import fitting
from ..models.generator import Generator
from ..networks import Flatten, InvertibleNetwork, forward_and_log_det, plane_flow
from ..operators import Dense
from ..randomness import seeded
from .base import Batch, Recipe

MOST_DEPTH, MOST_HIDDEN, MOST_COUNT = 40, 256, 1_000_000
LADDER = 1.4
"""Distance of the class means before training: every class starts as a bar, and the bars lie above each other."""
BAR = (1.2, 0.3)
"""Deviations along and across a bar before training."""

SHOUT = 50.0
"""Bending of one place from which on the loss counts it by its logarithm."""


@dataclass(frozen=True, kw_only=True)
class PlaneRecipe(Recipe, abc.ABC):
    r"""What the planes share: likelihood straightens the data, a bending energy keeps the grid readable everywhere.

    −log p(x | c) / 2 with a latent mean per class and one deviation per axis makes every class a straight bar. Beside it
    stands `smooth_weight` E[‖J‖² + ‖J⁻¹‖² − 4], J = ∂g/∂x at points spread evenly over the whole view, not at data alone:
    it is 0 where g moves the plane rigidly, so g bends only as much as the bars need, and circles and grid lines stay
    circles and lines to the eye. `bound` limits the log-scale of each of the `depth` couplings besides.

    Afterwards 0 is moved to the mean of the class means, A(t) gets the latents' variances, and A = Σ (Σ + τ²)⁻¹ with
    τ = `wiener_noise`, the best linear guess of a latent of covariance Σ from one with noise.
    ValueError for a depth outside 0..40, a width outside 1..256, more classes than 6, a weight or noise below 0.

    >>> PlaneMoons(depth=2, hidden=4).build().g_x.out_shape
    (2,)
    """

    drawn: ClassVar[tuple[str, ...]] = ("spectrum", "plane")
    steps: int = 2000
    batch: int = 256
    learning_rate: float = 5e-3
    classes: int = 2  # type: ignore[misc]  # fixed for other recipes, here a choice
    count: int = 4000
    depth: int = 8
    hidden: int = 16
    bound: float = 1.0
    smooth_weight: float = 0.02
    smooth_batch: int = 128
    wiener_noise: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        limits: dict[str, tuple[float, float]] = {
            "depth": (0, MOST_DEPTH),
            "hidden": (1, MOST_HIDDEN),
            "classes": (1, MOST_CLASSES),
        }
        limits |= {"count": (10, MOST_COUNT), "smooth_batch": (1, 100_000), "bound": (0.01, 5)}
        limits |= {"smooth_weight": (0, 1e6), "wiener_noise": (0, 1e6)}
        for field, (low, high) in limits.items():
            if not low <= getattr(self, field) <= high:
                raise ValueError(
                    f"{self.name}: {field} must lie in {low}..{high}, got {getattr(self, field)}; correct it."
                )

    @abc.abstractmethod
    def network(self) -> InvertibleNetwork:
        """The untrained g."""

    def build(self) -> Generator:
        means = torch.zeros(self.classes, 2)
        means[:, 1] = LADDER * ((self.classes - 1) / 2 - torch.arange(self.classes))
        with seeded(self.seed):
            return Generator(self.network(), Dense(torch.eye(2)), means, torch.tensor(BAR).log())

    @torch.no_grad()
    def prepare(self, model: Generator, images: Tensor, labels: Tensor) -> None:
        """The class that lies highest gets the highest bar."""
        heights = torch.stack([images[labels == c, 1].mean() for c in range(self.classes)])
        ranks = heights.argsort(descending=True, stable=True).argsort()
        model.means.copy_(model.means[ranks])

    def loss(self, model: Generator, companion: nn.Module, batch: Batch) -> dict[str, Tensor]:
        images, labels, generator, _ = batch
        seen = VIEW * (2 * torch.rand(self.smooth_batch, 2, generator=generator).to(images) - 1)
        z, log_det = forward_and_log_det(model.g_x, torch.cat([images, corners(seen)]))
        n = len(images)
        nll = class_nll(z[:n], log_det[:n], model.means, model.log_std, labels)
        bent = bending(jacobians(z[n:]))
        calm = (
            SHOUT * torch.log1p(bent / SHOUT)
        ).mean()  # one torn place must not outshout the rest, nor go unheard
        return {"loss": nll + self.smooth_weight * calm, "nll": nll, "bending": bent.mean()}

    @torch.no_grad()
    def finish(self, model: Generator, images: Tensor, labels: Tensor) -> None:
        model.eval()
        if len(list(model.g_x.parameters())):
            centre = model.means.mean(0)
            fitting.remix(model.g_x, torch.eye(2).to(centre), -centre)
            model.means.sub_(centre)
        fitting.fit_flow(model, images, labels)
        z = model.g_x(images)
        covariance = torch.cov(z.mT, correction=0)
        noise = self.wiener_noise**2 * torch.eye(2).to(z)
        of_kind(Dense, model.A).matrix.copy_(torch.linalg.solve(covariance + noise, covariance).mT)

    @torch.no_grad()
    def report(self, model: Generator, dataset: Dataset) -> dict[str, float]:
        x, labels = as_input(dataset.test_images).to(model.means), dataset.test_labels.to(model.means.device)
        z, log_det = forward_and_log_det(model.g_x, x)
        s = stretches(model.g_x, grid_of_view(41).to(x))
        return {
            "test_nll": float(class_nll(z, log_det, model.means, model.log_std, labels)),
            "median_stretch": float((s[:, 0] / s[:, 1]).median()),
            "largest_stretch": float(s.max()),
            "smallest_stretch": float(s.min()),
        }

    def evaluate(self, model: Generator, path: str | None, seed: int = 0) -> list[Figure]:
        return evaluate_plane(model, self.dataset(path), seed)


@dataclass(frozen=True, kw_only=True)
class PlanePoints(PlaneRecipe):
    """`plane`: points of your own from --data, a text file with one "x, y, label" a line; `classes` different labels.

    >>> PlanePoints(classes=3).build().means.tolist()
    [[0.0, 1.399999976158142], [0.0, 0.0], [0.0, -1.399999976158142]]
    """

    name: ClassVar[str] = "plane"

    def network(self) -> InvertibleNetwork:
        return plane_flow(self.depth, self.hidden, self.bound)

    def dataset(self, path: str | None) -> Dataset:
        if path is None:
            raise DataError('plane learns points of yours: pass --data with a file of lines "x, y, label".')
        return read_points(path, self.classes, self.seed)


@dataclass(frozen=True, kw_only=True)
class GeneratedPlane(PlaneRecipe, abc.ABC):
    """A plane whose points are generated: a subclass names the set. --data takes points of your own instead.

    >>> PlaneMoons(count=100).dataset(None).test_images.shape
    torch.Size([25, 2])
    """

    points: ClassVar[str]

    def dataset(self, path: str | None) -> Dataset:
        if path is None:
            return generated(self.points, self.count, self.seed)
        return read_points(path, self.classes, self.seed)


@dataclass(frozen=True, kw_only=True)
class PlaneMoons(GeneratedPlane):
    """`plane-moons`: two half circles that reach into each other become two bars.

    >>> PlaneMoons().points
    'moons'
    """

    name: ClassVar[str] = "plane-moons"
    points: ClassVar[str] = "moons"

    def network(self) -> InvertibleNetwork:
        return plane_flow(self.depth, self.hidden, self.bound)


@dataclass(frozen=True, kw_only=True)
class PlaneRings(GeneratedPlane):
    """`plane-rings`: two open rings about one centre unbend into two bars, radius by angle.

    >>> PlaneRings().points
    'rings'
    """

    name: ClassVar[str] = "plane-rings"
    points: ClassVar[str] = "rings"
    depth: int = 10

    def network(self) -> InvertibleNetwork:
        return plane_flow(self.depth, self.hidden, self.bound)


@dataclass(frozen=True, kw_only=True)
class PlaneSpiral(GeneratedPlane):
    """`plane-spiral`: two arms, each three quarters round, unroll into two bars.

    >>> PlaneSpiral().points
    'spiral'
    """

    name: ClassVar[str] = "plane-spiral"
    points: ClassVar[str] = "spiral"
    steps: int = 3000
    depth: int = 12
    smooth_weight: float = 0.04

    def network(self) -> InvertibleNetwork:
        return plane_flow(self.depth, self.hidden, self.bound)


@dataclass(frozen=True, kw_only=True)
class PlaneCheckerboard(GeneratedPlane):
    """`plane-checkerboard`: the black squares close their ranks into two bars.

    >>> PlaneCheckerboard().points
    'checkerboard'
    """

    name: ClassVar[str] = "plane-checkerboard"
    points: ClassVar[str] = "checkerboard"

    def network(self) -> InvertibleNetwork:
        return plane_flow(self.depth, self.hidden, self.bound)


@dataclass(frozen=True, kw_only=True)
class PlaneIdentity(GeneratedPlane):
    """`plane-identity`: g(x) = x, so ⊕ is +: the honest start, on the moons. Only means and deviations are learned.

    >>> PlaneIdentity().build().g_x(torch.ones(1, 2))
    tensor([[1., 1.]])
    """

    name: ClassVar[str] = "plane-identity"
    points: ClassVar[str] = "moons"
    steps: int = 500
    depth: int = 0

    def network(self) -> InvertibleNetwork:
        return Flatten((2,))
