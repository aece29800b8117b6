"""How good the samples of a generator are, and whether one step is the N steps that it stands for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from .. import diagnostics
from ..data.sets import Dataset, as_float
from ..measuring import in_turn, threads
from ..methods.flow_matching import METHODS, flow, last_time, trajectory
from ..models.generator import Generator
from ..spaces import decode, encode
from .figure import Figure

DISTANCES = (
    ("Fréchet distance, labelled samples", "≤ 0.06"),
    ("Fréchet distance, samples without a label", "≤ 0.15"),
    ("Fréchet distance, training digits (floor)", ""),
)
WORST = (
    ("Fréchet distance, labelled samples, worst judge", "≤ 0.06"),
    ("Fréchet distance, samples without a label, worst judge", "≤ 0.08"),
    ("Fréchet distance, training digits (floor), worst judge", ""),
)
STEPS = (2, 10, 100, 1000)
BATCH = 250


@torch.no_grad()
def quality(
    model: Generator,
    judge: nn.Module,
    dataset: Dataset,
    generator: torch.Generator,
    count: int = 10_000,
    panel: Mapping[str, nn.Module] = {},
) -> list[Figure]:
    """Fréchet distances in the judge's features, agreement with the asked label, and distance to the training digits.

    With a `panel` of judges by name, also the worst of their distances: what one of them overlooks another may see.

    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Identity
    >>> from linearizer_core.models.classifier import DigitClassifier
    >>> model = Generator(Flatten((1, 32, 32)), Identity(1024), torch.zeros(10, 1024), torch.zeros(1024))
    >>> x, c = torch.randint(256, (40, 1, 32, 32), dtype=torch.uint8), torch.arange(40) % 10
    >>> len(quality(model, DigitClassifier(), Dataset(x[:20], c[:20], x[20:], c[20:]), torch.Generator(), 40))
    5
    """
    noise = torch.randn(count, *model.g_y.in_shape, generator=generator)
    labels = torch.arange(count) % len(model.means)
    labelled, free = sampled(model, noise, labels), sampled(model, noise, None)
    gaussian = pixel_gaussian(dataset.train_images, count, generator)
    pictures = [labelled, free, as_float(dataset.train_images[:count]), gaussian]
    *shares, unit = distance_shares(judge, pictures, as_float(dataset.test_images))
    device = next(judge.parameters()).device
    agreed = torch.cat([judge(part.to(device)).argmax(1).cpu() for part in labelled.split(500)]) == labels
    how = f"{count} samples against {len(dataset.test_images)} test digits, share of a PCA Gaussian's {unit:.0f}"
    train = as_float(dataset.train_images).flatten(1)
    near_train = nearest(free[:1000].flatten(1), train) / nearest(
        as_float(dataset.test_images[:1000]).flatten(1), train
    )
    return [
        *(Figure(name, share, mark, how) for (name, mark), share in zip(DISTANCES, shares)),
        Figure(
            "samples that are the asked digit",
            float(agreed.float().mean()),
            "≥ 0.95",
            f"{count} labelled samples",
        ),
        Figure(
            "distance to the nearest training digit, ratio",
            near_train,
            "≥ 0.8",
            f"median of 1000 samples without a label over median of 1000 test digits, {len(train)} training digits",
        ),
        *_worst_of(panel, pictures, as_float(dataset.test_images)),
    ]


def distance_shares(judge: nn.Module, pictures: Sequence[Tensor], wanted: Tensor) -> list[float]:
    """Fréchet distances of pictures to `wanted` in a judge's features, all but the last as shares of the last, then itself.

    >>> from linearizer_core.models.classifier import DigitClassifier
    >>> x = torch.rand(20, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    >>> with torch.no_grad():
    ...     len(distance_shares(DigitClassifier(), [x[:10], x[5:15], x[10:]], x))
    3
    """
    x = features_of(judge, wanted)
    *found, unit = (frechet_distance(features_of(judge, some), x) for some in pictures)
    return [distance / unit for distance in found] + [unit]


def _worst_of(panel: Mapping[str, nn.Module], pictures: Sequence[Tensor], wanted: Tensor) -> list[Figure]:
    """The largest share that a judge of the panel finds, with what each of them says."""
    found = {name: distance_shares(judge, pictures, wanted) for name, judge in panel.items()}
    figures = []
    for i, (name, mark) in enumerate(WORST if panel else ()):
        each = ", ".join(f"{judge} {shares[i]:.4f}" for judge, shares in found.items())
        figures.append(Figure(name, max(shares[i] for shares in found.values()), mark, each))
    return figures


@torch.no_grad()
def exactness(model: Generator, x: Tensor, generator: torch.Generator, count: int = 16) -> list[Figure]:
    """One step against N steps for every integrator, and the way from pictures x to noise and back.

    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Identity
    >>> model = Generator(Flatten((1, 2, 2)), Identity(4), torch.zeros(1, 4), torch.zeros(4))
    >>> len(exactness(model, torch.rand(3, 1, 2, 2), torch.Generator()))
    14
    """
    noise = torch.randn(count, *model.g_y.in_shape, generator=generator).to(x)
    figures = [
        Figure(
            f"one step against {steps} steps, {method}, dB",
            diagnostics.one_step_psnr(model, noise, steps, method),
            "≥ 100",
            f"PSNR of {count} samples, pictures in [0, 1]",
        )
        for steps in STEPS
        for method in METHODS
    ]
    f = model.collapse()
    back = f.pinv()
    again = torch.cat([f(back(part)) for part in x.split(BATCH)])
    decibels = -10 * (again - x).double().square().flatten(1).mean(1).log10()
    how = f"PSNR over {len(x)} test pictures, picture to noise by B⁺ and back by B"
    return [
        *figures,
        Figure("invert and regenerate, median dB", float(decibels.median()), "≥ 60", how),
        Figure("invert and regenerate, worst dB", float(decibels.min()), "≥ 50", how),
    ]


@torch.no_grad()
def speed(model: Generator, generator: torch.Generator, repeats: int = 5, mark: str = "≤ 25") -> list[Figure]:
    """One image by one step, on one thread, against the loops of 100 Euler steps that it replaces.

    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Identity
    >>> model = Generator(Flatten((1, 2, 2)), Identity(4), torch.zeros(1, 4), torch.zeros(4))
    >>> [figure.value > 0 for figure in speed(model, torch.Generator())]
    [True, True, True]
    """
    noise = torch.randn(1, *model.g_y.in_shape, generator=generator).to(model.means)
    f, device = model.collapse(100, "euler"), str(noise.device)
    quick = {"one": lambda: f(noise), "inside": lambda: model.sample(noise, 100, "euler")}
    slow = {"through": lambda: through_the_network(model, noise, 100)}
    with threads(1):
        measured = in_turn(quick, repeats, device) | in_turn(slow, 1, device)
    one, inside, through = (1000 * seconds for seconds, _ in measured.values())
    how = "batch 1, one thread, Euler"
    return [
        Figure("one image, one step, ms", one, mark, how),
        Figure(
            "100 steps through the network / one step",
            through / one,
            "≥ 50",
            f"{how}; each step encodes and decodes",
        ),
        Figure(
            "100 steps inside the latent space / one step", inside / one, "", f"{how}; one decode at the end"
        ),
    ]


def through_the_network(model: Generator, noise: Tensor, steps: int) -> Tensor:
    """The Euler loop on pictures, x ↦ x ⊕ h ⊙ v(x): what a sampler costs that does not know its network is linear.

    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Identity
    >>> f = Generator(Flatten((1, 1, 2)), Identity(2), torch.eye(2), torch.zeros(2))
    >>> x = torch.rand(1, 1, 1, 2)
    >>> torch.allclose(through_the_network(f, x, 5), f.sample(x, 5, "euler"), atol=1e-6)
    True
    """
    g, v = model.g_y, flow(model.A_t)
    x = decode(g, encode(model.g_noise, noise))
    times = [t for t, _ in trajectory(lambda t, z: z, noise, steps, "euler", last_time(model.A_t, steps))]
    for t, later in pairwise(times):
        z = encode(g, x)
        x = decode(g, z + (later - t) * v(t, z))
    return x


def frechet_distance(first: Tensor, second: Tensor) -> float:
    r"""‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½) of two sets of features (N, d), (M, d), as Gaussians.

    Source: Heusel et al., "GANs Trained by a Two Time-Scale Update Rule", arXiv:1706.08500.

    >>> x = torch.randn(1000, 2)
    >>> round(frechet_distance(x, x + torch.tensor([3.0, 4.0])), 3)
    25.0
    """
    first, second = first.double(), second.double()
    cross = torch.linalg.eigvals(torch.cov(first.mT) @ torch.cov(second.mT)).real.clamp(min=0).sqrt().sum()
    spread = first.var(0).sum() + second.var(0).sum() - 2 * cross
    return float((first.mean(0) - second.mean(0)).square().sum() + spread)


def pixel_gaussian(images: Tensor, count: int, generator: torch.Generator, fitted: int = 20_000) -> Tensor:
    """`count` samples of the Gaussian whose mean and covariance are those of uint8 images (N, C, H, W), as floats.

    >>> pixel_gaussian(torch.randint(256, (50, 1, 2, 2), dtype=torch.uint8), 3, torch.Generator()).shape
    torch.Size([3, 1, 2, 2])
    """
    x = as_float(images[:fitted], torch.float64).flatten(1)
    variances, axes = torch.linalg.eigh(torch.cov(x.mT))
    noise = torch.randn(count, x.shape[1], generator=generator, dtype=torch.float32).double()
    return (
        (x.mean(0) + (noise * variances.clamp(min=0).sqrt()) @ axes.mT).float().unflatten(1, images.shape[1:])
    )


def nearest(x: Tensor, among: Tensor) -> float:
    """The median over x (B, n) of the Euclidean distance to the nearest of `among` (N, n).

    >>> nearest(torch.zeros(1, 2), torch.tensor([[3.0, 4.0], [6.0, 8.0]]))
    5.0
    """
    return float(torch.cdist(x, among).amin(1).median())


def sampled(model: Generator, noise: Tensor, labels: Tensor | None) -> Tensor:
    """Samples clamped to [0, 1], on the CPU, by the collapsed flow, of noise (B, C, H, W) and labels (B,) or none.

    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Identity
    >>> model = Generator(Flatten((1, 2, 2)), Identity(4), torch.zeros(1, 4), torch.zeros(4))
    >>> sampled(model, torch.zeros(3, 1, 2, 2), None).shape
    torch.Size([3, 1, 2, 2])
    """
    device, B = model.means.device, model.collapse().A
    parts = []
    for i in range(0, len(noise), BATCH):
        start = model.start(
            noise[i : i + BATCH].to(device), None if labels is None else labels[i : i + BATCH].to(device)
        )
        parts.append(decode(model.g_y, B(start)).clamp(0, 1).cpu())
    return torch.cat(parts)


def features_of(judge: nn.Module, x: Tensor) -> Tensor:
    """What a judge makes of pictures x (B, C, H, W), clamped to [0, 1], before it answers: (B, features), on the CPU.

    >>> from linearizer_core.models.classifier import DigitClassifier
    >>> features_of(DigitClassifier(), torch.zeros(3, 1, 32, 32)).shape
    torch.Size([3, 128])
    """
    device = next(judge.parameters()).device
    features: Any = judge.features  # a layer, or a method
    return torch.cat([features(part.clamp(0, 1).to(device)).cpu() for part in x.split(500)])
