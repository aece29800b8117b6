"""What `evaluate plane-moons` prints: straightened data, a readable grid, the laws, one step against N, samples."""

from __future__ import annotations

import torch
from torch import Tensor

from .. import diagnostics
from ..data.point_sets import grid_of_view
from ..data.sets import Dataset, as_input
from ..methods.flow_matching import METHODS
from ..methods.smoothness import corners, jacobians
from ..models.generator import Generator
from ..networks import InvertibleNetwork
from .figure import Figure

NEAR = 0.2
"""How far from data a sample may lie to count as one of it, in a view of 6."""


@torch.no_grad()
def evaluate_plane(model: Generator, dataset: Dataset, seed: int = 0) -> list[Figure]:
    """All figures of a plane on test points and over the whole view.

    >>> from linearizer_core.recipes import PlaneIdentity
    >>> recipe = PlaneIdentity(count=100)
    >>> evaluate_plane(recipe.build(), recipe.dataset(None))[0].name
    'best line, input'
    """
    generator = torch.Generator().manual_seed(seed)
    train, test = (as_input(x).to(model.means) for x in (dataset.train_images, dataset.test_images))
    return [
        *_lines(model, (train, dataset.train_labels), (test, dataset.test_labels)),
        *_grid(model),
        *_laws(model, test, generator),
        *_one_step(model, test[:500], generator),
        *_samples(model, test, generator),
    ]


def line_accuracy(x: Tensor, labels: Tensor, test_x: Tensor, test_labels: Tensor) -> float:
    """Share of test points on their side of the best line, fitted to x (N, 2) by logistic regression; 1 for one class.

    >>> x, labels = torch.tensor([[0.0, 0.0], [0.0, 1.0]]), torch.tensor([0, 1])
    >>> line_accuracy(x, labels, x, labels)
    1.0
    """
    from sklearn.linear_model import LogisticRegression  # slow to import, and planes load without it

    if len(labels.unique()) < 2:
        return 1.0
    line = LogisticRegression(C=100.0).fit(x.cpu().numpy(), labels.numpy())
    return float(line.score(test_x.cpu().numpy(), test_labels.numpy()))


def slimness(x: Tensor, labels: Tensor) -> float:
    """How thin the classes are: root mean of their least variances over that of their largest; 0 is a line, 1 is round.

    >>> slimness(torch.tensor([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]), torch.zeros(3)) < 1e-6
    True
    """
    variances = torch.stack(
        [torch.linalg.eigvalsh(torch.cov(x[labels == c].mT).double()) for c in labels.unique()]
    )
    least, most = variances.mean(0).clamp(min=0)
    return float((least / most).sqrt())


def stretches(g: InvertibleNetwork, x: Tensor) -> Tensor:
    """By how much g lengthens the plane around points x (N, 2), at most and at least: J's singular values, (N, 2).

    >>> from linearizer_core.networks import Flatten
    >>> stretches(Flatten((2,)), torch.zeros(1, 2)).round(decimals=3)
    tensor([[1., 1.]])
    """
    return torch.linalg.svdvals(jacobians(g(corners(x))))


def _lines(model: Generator, train: tuple[Tensor, Tensor], test: tuple[Tensor, Tensor]) -> list[Figure]:
    (x, labels), (test_x, test_labels) = train, test
    count = f"share of {len(test_x)} test points on their side"
    return [
        Figure("best line, input", line_accuracy(x, labels, test_x, test_labels), how=count),
        Figure(
            "best line, latent",
            line_accuracy(model.g_x(x), labels, model.g_x(test_x), test_labels),
            how=count,
        ),
        Figure(
            "slimness, input", slimness(test_x, test_labels), how="least over largest deviation in a class"
        ),
        Figure("slimness, latent", slimness(model.g_x(test_x), test_labels), how="0 is a line, 1 is round"),
    ]


def _grid(model: Generator) -> list[Figure]:
    view = grid_of_view(101).to(model.means)
    trip = float((model.g_x.inverse(model.g_x(view)) - view).abs().max())
    s = stretches(model.g_x, view)
    turns = _turns(model, view)
    return [
        Figure("round trip", trip, "≤ 1e-4", f"largest error over the view, {len(view)} points, float32"),
        Figure(
            "stretch, median", float((s[:, 0] / s[:, 1]).median()), how="largest over least, of g's Jacobian"
        ),
        Figure(
            "stretch, 99 %",
            float((s[:, 0] / s[:, 1]).quantile(0.99)),
            how="over the view; 1 keeps circles round",
        ),
        Figure(
            "least singular value", float(s.min()), how="of g's Jacobian over the view; 0 would be a fold"
        ),
        Figure(
            "turn of a grid line, 99 %",
            float(turns.quantile(0.99)),
            how="degrees per 0.1 along it, over the view",
        ),
    ]


def _turns(model: Generator, view: Tensor) -> Tensor:
    """By how many degrees the lines of the bent grid turn within 0.1 of length, where they cross the view."""
    z, turns = model.g_x(view), []
    for axis in torch.eye(2).to(z):
        back, here, on = (model.g_x.inverse(z + t * axis) for t in (-0.05, 0.0, 0.05))
        before, after = here - back, on - here
        lengths = 0.5 * (before.norm(dim=1) + after.norm(dim=1))
        cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
        angles = torch.atan2(cross.abs(), (before * after).sum(1))
        turns.append(torch.rad2deg(angles) * 0.1 / lengths)
    return torch.cat(turns)


def _laws(model: Generator, x: Tensor, generator: torch.Generator) -> list[Figure]:
    order = torch.randperm(len(x), generator=generator)[: 3 * (min(len(x), 300) // 3)]
    a, b, c = x[order.to(x.device)].chunk(3)
    how = f"relative, {len(a)} pairs of test points, float32"
    worst = max(diagnostics.axiom_errors(model.domain, a, b, c).values())
    return [
        Figure("vector space", worst, how="worst of the eight axioms, " + how),
        Figure("linearity", diagnostics.linearity_error(model, a, b, 0.7, -0.4), how=how),
        Figure("f^½ after f^½ is f", diagnostics.root_error(model, a), how=how),
    ]


def _one_step(model: Generator, x: Tensor, generator: torch.Generator, steps: int = 100) -> list[Figure]:
    noise = torch.randn(2000, 2, generator=generator).to(x)
    gaps = [(model.collapse(steps, m)(noise) - model.sample(noise, steps, m)).abs().max() for m in METHODS]
    again = model.sample(model.invert(x))
    how = f"largest difference of 2000 samples, {steps} steps, {', '.join(METHODS)}, float32"
    return [
        Figure("one step against N steps", float(max(gaps)), "≤ 1e-3", how),
        Figure(
            "invert and regenerate",
            float((again - x).abs().max()),
            how=f"largest error of {len(x)} test points",
        ),
    ]


def _samples(model: Generator, x: Tensor, generator: torch.Generator) -> list[Figure]:
    """How samples lie to one half of the test points; beside them a Gaussian's, and the other half of the test points."""
    data, others = x[torch.randperm(len(x), generator=generator).to(x.device)].chunk(2)
    noise = torch.randn(len(data), 2, generator=generator).to(x)
    parts = enumerate(noise.chunk(len(model.means)))
    drawn = torch.cat([model.collapse(label=c)(part) for c, part in parts])
    plain = x.mean(0) + noise @ torch.linalg.cholesky(torch.cov(x.mT)).mT
    rows = {"one-step samples": drawn, "one Gaussian": plain, "other test points": others}
    near, law = (
        f"share within {NEAR} of one of {len(data)} test points",
        "0 is the same law as the test points'",
    )
    return [
        *(Figure(f"on the data, {name}", share_near(y, data), how=near) for name, y in rows.items()),
        *(Figure(f"energy distance, {name}", energy_distance(data, y), how=law) for name, y in rows.items()),
    ]


def share_near(x: Tensor, data: Tensor, reach: float = NEAR) -> float:
    """Share of points x (N, 2) that lie within `reach` of some point of data (M, 2).

    >>> share_near(torch.tensor([[0.0, 0.1], [1.0, 1.0]]), torch.zeros(1, 2))
    0.5
    """
    return float((torch.cdist(x, data).amin(1) <= reach).float().mean())


def energy_distance(x: Tensor, y: Tensor) -> float:
    """2 E‖x − y‖ − E‖x − x'‖ − E‖y − y'‖ of two sets of points (N, n), (M, n), without pairs of a point with itself.

    Source: Székely and Rizzo, "Energy statistics", Journal of Statistical Planning and Inference 2013.

    >>> energy_distance(torch.zeros(3, 1), torch.ones(3, 1))
    2.0
    """
    within = [torch.cdist(p, p).sum() / (len(p) * (len(p) - 1)) for p in (x, y)]
    return float(2 * torch.cdist(x, y).mean() - sum(within))
