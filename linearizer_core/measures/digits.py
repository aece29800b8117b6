"""What `evaluate digits` prints: morphs, latent PCA, prototypes, spectrum, the laws, and generation, on test digits."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .. import diagnostics
from ..data.sets import Dataset, as_float
from ..models.generator import Generator
from ..networks import Flatten
from ..pca import LatentPCA
from ..spaces import decode
from . import generation
from .figure import Figure
from .judge import SURE, accuracy, digit_judge, digit_judges, sureness
from .neighbours import neighbour_accuracy
from .paper import whiteness


@torch.no_grad()
def evaluate_digits(model: Generator, dataset: Dataset, seed: int = 0, samples: int = 10_000) -> list[Figure]:
    """All figures of a digits model; the judge is `assets/digits/classifier`, trained apart from it, as are two more.

    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Identity
    >>> model = Generator(Flatten((1, 32, 32)), Identity(1024), torch.zeros(10, 1024), torch.zeros(1024))
    >>> x = torch.randint(256, (900, 1, 32, 32), dtype=torch.uint8)
    >>> c = torch.arange(900) % 10
    >>> evaluate_digits(model, Dataset(x[300:], c[300:], x[:300], c[:300]), samples=300)[0].name
    'sure midpoints, induced'
    """
    device = model.means.device
    judge = digit_judge(device)
    x = as_float(dataset.test_images).to(device)
    generator = torch.Generator().manual_seed(seed)
    return [
        *morphs(model, judge, x, generator),
        *_neighbours(model, dataset, generator),
        *_prototypes(model, judge, generator),
        *_spectrum(model, x[:200]),
        *_laws(model, x, generator),
        *generation.quality(model, judge, dataset, generator, samples, digit_judges(device)),
        *generation.exactness(model, x[:1000], generator),
        *generation.speed(model, generator),
        *_paper(model, x, generator),
    ]


@torch.no_grad()
def evaluate_classifier(model: nn.Module, dataset: Dataset, seed: int = 0) -> list[Figure]:
    """Accuracy of the judge on the test digits.

    >>> from linearizer_core.models.classifier import DigitClassifier
    >>> x, c = torch.zeros(4, 1, 32, 32, dtype=torch.uint8), torch.arange(4)
    >>> evaluate_classifier(DigitClassifier(), Dataset(x, c, x, c))[0].value     # one of four blank pictures
    0.25
    """
    device = next(model.parameters()).device
    right = accuracy(lambda x: model(as_float(x).to(device)), dataset.test_images, dataset.test_labels)
    return [Figure("classifier accuracy", right, how=f"{len(dataset.test_images)} test digits")]


def morphs(
    model: Generator, judge: nn.Module, x: Tensor, generator: torch.Generator, pairs: int = 1000
) -> list[Figure]:
    """Is the midpoint of two digits a digit? Shares of which the judge is sure, for blends, pixels and real digits.

    >>> from linearizer_core.models.classifier import DigitClassifier
    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Identity
    >>> model = Generator(Flatten((1, 32, 32)), Identity(1024), torch.zeros(10, 1024), torch.zeros(1024))
    >>> figures = morphs(model, DigitClassifier(), torch.rand(9, 1, 32, 32), torch.Generator(), pairs=20)
    >>> figures[0].value == figures[1].value                    # without a network, blends are pixel blends
    True
    """
    first, second = torch.randint(len(x), (2, pairs), generator=generator)
    midpoints = torch.cat(
        [model.domain.interpolate(x[a], x[b], 0.5) for a, b in zip(first.split(250), second.split(250))]
    )
    how = f"judge > {SURE} sure, {pairs} random test pairs"
    return [
        Figure("sure midpoints, induced", sureness(judge, midpoints), "≥ 0.80", how),
        Figure("sure midpoints, pixels", sureness(judge, (x[first] + x[second]) / 2), "", how),
        Figure("sure test digits", sureness(judge, x[first]), "", how),
    ]


def _neighbours(
    model: Generator, dataset: Dataset, generator: torch.Generator, count: int = 10_000
) -> list[Figure]:
    """Does a latent component say more of the digit than a pixel component?"""
    chosen = torch.randperm(len(dataset.train_images), generator=generator)[:count]
    train, test = as_float(dataset.train_images[chosen]), as_float(dataset.test_images)
    device = model.means.device
    figures = []
    for name, g in (("latent", model.g_x), ("pixel", Flatten(model.g_x.in_shape))):
        pca = LatentPCA(50).fit(g, train.to(device))
        fitted, asked = pca.transform(train.to(device)).cpu(), pca.transform(test.to(device)).cpu()
        for k in (2, 10, 50):
            labels = dataset.train_labels[chosen]
            score = neighbour_accuracy(fitted[:, :k], labels, asked[:, :k], dataset.test_labels)
            mark = "> pixel" if name == "latent" else ""
            how = f"5-NN among {count} train digits, {len(test)} test digits"
            figures.append(Figure(f"5-NN accuracy, {name} PCA, {k}", score, mark, how))
    return sorted(figures, key=lambda figure: int(figure.name.split(", ")[-1]))


def _prototypes(
    model: Generator, judge: nn.Module, generator: torch.Generator, each: int = 100
) -> list[Figure]:
    """Does x₀ ⊕ prototype_c look like a c?"""
    labels = torch.arange(len(model.means)).repeat_interleave(each).to(model.means.device)
    noise = torch.randn(len(labels), *model.g_y.in_shape, generator=generator).to(model.means.device)
    guess = judge(model.sample(noise, label=labels).clamp(0, 1)).argmax(1)
    agreed = float((guess == labels).float().mean())
    worst = min(float((guess == labels)[labels == c].float().mean()) for c in range(len(model.means)))
    how = f"x₀ from noise, {each} per class, judged by the classifier"
    return [
        Figure("x₀ ⊕ prototype is the asked digit", agreed, "≥ 0.90", how),
        Figure("the same, worst digit", worst, "", how),
    ]


def _spectrum(model: Generator, x: Tensor, count: int = 16) -> list[Figure]:
    """What each of the largest singular values does to the picture when it is set to 0."""
    svd = model.svd()
    before, changes = model(x), []
    for i in range(count):
        values = svd.values.clone()
        values[i] = 0
        changes.append((model.with_singular_values(values)(x) - before).flatten(1))
    stacked = torch.stack(changes)  # (count, B, pixels)
    size = stacked.norm(dim=2).mean(1) / before.flatten(1).norm(dim=1).mean()
    unit = nn.functional.normalize(stacked, dim=2)
    alike = torch.einsum("ibp,jbp->bij", unit, unit).abs().mean(0) - torch.eye(count).to(x.device)
    how = f"σᵢ → 0 for each of the largest {count}, {len(x)} test digits"
    return [
        Figure("least visible change, share of the picture's norm", float(size.min()), "", how),
        Figure("median visible change", float(size.median()), "", how),
        Figure("most alike two changes, mean |cosine|", float(alike.max()), "", how),
        Figure(
            "largest over 64th singular value", float(svd.values[0] / svd.values[63]), "", "spectrum of A"
        ),
    ]


def _paper(model: Generator, x: Tensor, generator: torch.Generator, count: int = 500) -> list[Figure]:
    """Is the paper white of what the lab shows: samples, midpoints, f(x) and truncations, of `count` test digits each?"""
    some, f, coarse = x[:count], model.collapse(), model.truncated(32)
    noise = torch.randn(some.shape, generator=generator).to(x)
    labels = torch.arange(len(some)).to(x.device) % len(model.means)
    made = {
        "samples": lambda i: decode(model.g_y, f.A(model.start(noise[i], labels[i]))),
        "midpoints": lambda i: model.domain.interpolate(some[i], x.roll(1, 0)[:count][i], 0.5),
        "f(x)": lambda i: model(some[i]),
        "f₃₂(x)": lambda i: coarse(some[i]),
    }
    parts = torch.arange(len(some)).split(250)
    pictures = {name: torch.cat([make(i) for i in parts]) for name, make in made.items()}
    return whiteness({"test digits": some, **pictures})


def _laws(model: Generator, x: Tensor, generator: torch.Generator) -> list[Figure]:
    """Measured errors of the laws on test digits; f₃₂ keeps the 32 largest singular values."""
    a, b, c = x[:100], x[100:200], x[200:300]
    round_trip = max(float((model.g_x.inverse(model.g_x(part)) - part).abs().max()) for part in x.split(500))
    axioms = diagnostics.axiom_errors(model.domain, a, b, c, 0.7, -0.4)
    coarse = model.truncated(32)
    penrose = diagnostics.penrose_errors(coarse, a, b)
    far = 5 * model.total_std * torch.randn(100, len(model.total_std), generator=generator).to(x)
    far_trip = diagnostics.relative_error(model.g_x(model.g_x.inverse(far)), far)
    how = "relative, 100 test digits, float32"
    return [
        Figure(
            "round trip of latents at 5 σ", far_trip, "≤ 1e-3", "relative, every axis at 5 σ, 100 latents"
        ),
        Figure(
            "round trip", round_trip, "≤ 1e-4", f"largest error of a pixel, {len(x)} test digits, float32"
        ),
        Figure("vector space axioms, worst of eight", max(axioms.values()), "", how),
        Figure("linearity", diagnostics.linearity_error(model, a, b, 0.7, -0.4), "", how),
        Figure("f ∘ f = f²", diagnostics.iteration_error(model, a, 2), "", how),
        Figure("f^½ ∘ f^½ = f", diagnostics.root_error(model, a), "", how),
        Figure("transpose", diagnostics.transpose_error(model, a, b), "", how),
        Figure("SVD of f₃₂ as a sum of points", diagnostics.svd_error(coarse, a, coarse.svd(32)), "", how),
        Figure("Penrose equations of f₃₂, worst of four", max(penrose.values()), "", how),
    ]
