"""What `evaluate` prints of projectors: idempotence far from data, reconstruction by rank, repair, and noise made digits."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from .. import diagnostics
from ..data import damage
from ..data.sets import Dataset, as_float
from ..measuring import in_turn, threads
from ..models.projector import Projector
from ..pca import LatentPCA
from ..spaces import decode, encode
from .figure import Figure
from .judge import SURE, accuracy, digit_judge, sureness
from .pixels import by_pixel_pca, pixel_pca, psnr_by_rank

RANKS = (4, 8, 16, 32, 64, 128, 256)
DIGIT_MARKS = {
    4: "> pixels",
    8: "> pixels",
    16: "≥ pixels + 4",
    32: "≥ pixels + 4",
    64: "> pixels",
    128: "> pixels",
}
BATCH = 250
WILD = (5, 10)
"""Deviations of noise that is far beyond any picture."""
REPAIRED = 2000
"""Test digits that are spoilt and repaired."""


@torch.no_grad()
def evaluate_digits_projector(model: Projector, dataset: Dataset, seed: int = 0) -> list[Figure]:
    """All figures of `digits-projector`; the judge is `assets/digits/classifier`, trained apart from it.

    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Projection
    >>> model = Projector(Flatten((1, 32, 32)), Projection(torch.eye(1024, 16)))
    >>> x, c = torch.randint(256, (60, 1, 32, 32), dtype=torch.uint8), torch.arange(60) % 10
    >>> evaluate_digits_projector(model, Dataset(x[20:], c[20:], x[:20], c[:20]))[0].name
    'idempotence, float32'
    """
    judge = digit_judge(model.total_std.device)
    generator = torch.Generator().manual_seed(seed)
    pca = pixel_pca(dataset, max(RANKS))
    return [
        *idempotence(model, dataset, generator),
        *reconstruction(model, dataset, pca, DIGIT_MARKS),
        *repair(model, judge, dataset, pca, generator),
        *noise_in(model, judge, generator),
        *laws(model, dataset, generator),
        *spoilt_distances(model, dataset, generator),
    ]


@torch.no_grad()
def evaluate_sparse(model: Projector, dataset: Dataset, seed: int = 0) -> list[Figure]:
    """The rank that the sparse recipe chose, and what it is worth beside the ordered model and pixel PCA of that rank.

    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Projection
    >>> model = Projector(Flatten((1, 32, 32)), Projection(torch.eye(1024, 16)))
    >>> x, c = torch.randint(256, (60, 1, 32, 32), dtype=torch.uint8), torch.arange(60) % 10
    >>> evaluate_sparse(model, Dataset(x[20:], c[20:], x[:20], c[:20]))[0].value
    16.0
    """
    from ..checkpoints import load, pretrained  # which know the recipes, and these measure by this package

    x, k = as_float(dataset.test_images).to(model.total_std.device), model.rank
    how = f"dB, {len(x)} test digits"
    pca = pixel_pca(dataset, k)
    pixels = mean_psnr(lambda part: by_pixel_pca(pca, part, k), x)
    figures = [
        Figure("rank that the sparse recipe chose", float(k), "", f"of {len(model.total_std)}"),
        Figure("reconstruction, sparse recipe", mean_psnr(model, x), "", how),
        Figure(f"reconstruction, pixel PCA of rank {k}", pixels, "", how),
    ]
    if "digits-projector" in pretrained():
        ordered = load("digits-projector").to(x.device).truncated(k)
        name = f"reconstruction, digits-projector of rank {ordered.rank}"
        figures.append(Figure(name, mean_psnr(ordered, x), "", how))
    return [*figures, *idempotence(model, dataset, torch.Generator().manual_seed(seed), count=600)]


def strange_inputs(
    x: Tensor, others: Tensor | None, count: int, generator: torch.Generator
) -> dict[str, Tensor]:
    """At least `count` inputs in all, of six kinds (five without `others`), by name: what a projector may be fed.

    Uniform noise, Gaussian noise of deviation 3, pictures x (B, C, H, W), their negatives, other pictures, grey planes.

    >>> kinds = strange_inputs(torch.rand(3, 1, 4, 4), None, 10, torch.Generator().manual_seed(0))
    >>> {name: len(inputs) for name, inputs in kinds.items()}
    {'uniform noise': 2, 'Gaussian noise × 3': 2, 'test pictures': 2, 'negatives': 2, 'grey planes': 2}
    """
    each = math.ceil(count / (5 if others is None else 6))
    shape = (each, *x.shape[1:])
    some = x[torch.arange(each) % len(x)]
    kinds = {
        "uniform noise": torch.rand(shape, generator=generator),
        "Gaussian noise × 3": 3 * torch.randn(shape, generator=generator),
        "test pictures": some,
        "negatives": 1 - some,
    }
    if others is not None:
        kinds["other pictures"] = others[torch.arange(each) % len(others)]
    kinds["grey planes"] = torch.linspace(0, 1, each)[:, None, None, None].expand(shape)
    return kinds


@torch.no_grad()
def idempotence(
    model: Projector, dataset: Dataset, generator: torch.Generator, count: int = 10_000
) -> list[Figure]:
    """max ‖f(f(x)) − f(x)‖∞ over many kinds of inputs, in float32 and in float64; NaN where an output is not finite.

    And, in float32, over noise so wild that pixels of digits are lost in it.

    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Projection
    >>> model, x = Projector(Flatten((1, 2, 2)), Projection(torch.eye(4, 2))), torch.zeros(3, 1, 2, 2, dtype=torch.uint8)
    >>> [f.value for f in idempotence(model, Dataset(x, x[:, 0, 0, 0], x, x[:, 0, 0, 0]), torch.Generator(), 10)]
    [0.0, 0.0, 0.0, 0.0]
    """
    others = None if dataset.others is None else as_float(dataset.others)
    kinds = strange_inputs(as_float(dataset.test_images), others, count, generator)
    figures = []
    for dtype, name, mark in ((torch.float32, "float32", "≤ 3e-4"), (torch.float64, "float64", "≤ 1e-9")):
        f = copy.deepcopy(model).to(dtype)
        worst = {kind: _idempotence(f, inputs, dtype) for kind, inputs in kinds.items()}
        kind = max(worst, key=lambda k: (worst[k] != worst[k], worst[k]))
        how = f"largest error of a pixel, {sum(map(len, kinds.values()))} inputs of {len(kinds)} kinds; worst: {kind}"
        figures.append(Figure(f"idempotence, {name}", worst[kind], mark, how))
    noise = torch.randn(math.ceil(count / 6), *dataset.test_images.shape[1:], generator=generator)
    f = copy.deepcopy(model).float()
    for deviation in WILD:
        error = _idempotence(f, deviation * noise, torch.float32)
        how = f"largest error of a pixel, {len(noise)} pictures of Gaussian noise, float32"
        figures.append(Figure(f"idempotence, noise of {deviation} σ", error, "≤ 1e-3", how))
    return figures


def _idempotence(f: Projector, inputs: Tensor, dtype: torch.dtype) -> float:
    largest = 0.0
    for part in inputs.split(BATCH):
        once = f(part.to(f.total_std.device, dtype))
        error = float((f(once) - once).abs().max())
        largest = error if error != error else max(largest, error)
    return largest


def mean_psnr(f: Callable[[Tensor], Tensor], x: Tensor) -> float:
    """PSNR of f(x) against x over all pictures x (B, C, H, W) together, in dB.

    >>> mean_psnr(lambda x: x + 0.1, torch.zeros(3, 1, 2, 2))
    20.0
    """
    return round(diagnostics.psnr(torch.cat([f(part) for part in x.split(BATCH)]), x), 4)


@torch.no_grad()
def reconstruction(
    model: Projector, dataset: Dataset, pca: LatentPCA, marks: Mapping[int, str] = {}
) -> list[Figure]:
    """PSNR of rank-k reconstructions of test pictures, of the projector and of pixel PCA.

    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Projection
    >>> x = torch.randint(256, (20, 1, 4, 4), dtype=torch.uint8)
    >>> data = Dataset(x, x[:, 0, 0, 0], x, x[:, 0, 0, 0])
    >>> model = Projector(Flatten((1, 4, 4)), Projection(torch.eye(16, 4)))
    >>> [figure.name for figure in reconstruction(model, data, pixel_pca(data, 4))]
    ['rank 4, projector', 'rank 4, pixel PCA']
    """
    x = as_float(dataset.test_images).to(model.total_std.device)
    how, figures = f"PSNR in dB, {len(x)} test pictures", []
    ranks = [k for k in RANKS if k <= min(model.rank, len(pca.components))]
    reached = psnr_by_rank(lambda part: by_rank(model, part, ranks), x, ranks).tolist()
    for k, ours in zip(ranks, reached):
        pixels = mean_psnr(partial(by_pixel_pca, pca, k=k), x)
        figures.append(
            Figure(f"rank {k}, projector", ours, marks.get(k, ""), f"{how}; {ours - pixels:+.1f} dB")
        )
        figures.append(Figure(f"rank {k}, pixel PCA", pixels, "", how))
    return figures


def by_rank(model: Projector, x: Tensor, ranks: Sequence[int]) -> Iterator[tuple[int, Tensor]]:
    """k and f_k(x) for each of the ranks; x (B, C, H, W) is encoded once.

    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Projection
    >>> model = Projector(Flatten((2,)), Projection(torch.eye(2)))
    >>> dict(by_rank(model, torch.ones(1, 2), [1, 2]))
    {1: tensor([[1., 0.]]), 2: tensor([[1., 1.]])}
    """
    z = encode(model.g_x, x)
    for k in ranks:
        yield k, decode(model.g_y, model.truncated(k).A(z))


@torch.no_grad()
def repair(
    model: Projector, judge: nn.Module, dataset: Dataset, pca: LatentPCA, generator: torch.Generator
) -> list[Figure]:
    """How many spoilt digits a classifier reads right: as they are, projected by f, and by pixel PCA of the best rank.

    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Projection
    >>> from linearizer_core.models.classifier import DigitClassifier
    >>> x, c = torch.randint(256, (20, 1, 32, 32), dtype=torch.uint8), torch.arange(20) % 10
    >>> data, model = Dataset(x, c, x, c), Projector(Flatten((1, 32, 32)), Projection(torch.eye(1024, 4)))
    >>> len(repair(model, DigitClassifier(), data, pixel_pca(data, 4), torch.Generator()))
    12
    """
    x = as_float(dataset.test_images[:REPAIRED]).to(model.total_std.device)
    labels = dataset.test_labels[:REPAIRED].to(x.device)
    spoilt = {
        "salt and pepper 30 %": damage.salt_and_pepper(x, 0.3, generator),
        "a 10×10 hole": damage.square(x, 10, 0.0, generator),
        "Gaussian noise 0.5": damage.gaussian_noise(x, 0.5, generator),
    }

    def by_pixels(part: Tensor, k: int) -> Tensor:
        return judge(by_pixel_pca(pca, part, k).clamp(0, 1))

    figures = []
    for name, inputs in spoilt.items():
        how = f"classifier's accuracy, {len(x)} test digits"
        ranks = [k for k in RANKS if k < model.rank] + [model.rank]
        right = dict.fromkeys(ranks, 0)
        for part, wanted in zip(inputs.split(BATCH), labels.split(BATCH)):
            for k, made in by_rank(model, part, ranks):
                right[k] += int((judge(made.clamp(0, 1)).argmax(1) == wanted).sum())
        pixels = {
            k: accuracy(partial(by_pixels, k=k), inputs, labels) for k in RANKS if k <= len(pca.components)
        }
        best, other = max(right, key=right.__getitem__), max(pixels, key=pixels.__getitem__)
        full = right[model.rank] / len(x)
        figures += [
            Figure(
                f"{name}, as it is", accuracy(lambda part: judge(part.clamp(0, 1)), inputs, labels), "", how
            ),
            Figure(f"{name}, f", full, "> both", f"{how}; rank {model.rank}"),
            Figure(f"{name}, f of the best rank", right[best] / len(x), "> both", f"{how}; rank {best}"),
            Figure(f"{name}, pixel PCA of the best rank", pixels[other], "", f"{how}; rank {other}"),
        ]
    return figures


@torch.no_grad()
def noise_in(
    model: Projector, judge: nn.Module, generator: torch.Generator, count: int = 1000
) -> list[Figure]:
    """Is f(noise) a digit? Share of which the classifier is sure, and how the digits are spread.

    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Projection
    >>> from linearizer_core.models.classifier import DigitClassifier
    >>> model = Projector(Flatten((1, 32, 32)), Projection(torch.eye(1024, 4)))
    >>> [figure.name for figure in noise_in(model, DigitClassifier(), torch.Generator(), 10)][:2]
    ['uniform noise becomes a sure digit', 'Gaussian noise becomes a sure digit']
    """
    shape, device = (count, *model.g_x.in_shape), model.total_std.device
    kinds = {
        "uniform noise": torch.rand(shape, generator=generator),
        "Gaussian noise": torch.randn(shape, generator=generator),
    }
    how = f"judge > {SURE} sure, {count} inputs, f of rank {model.rank}"
    figures, counts = [], torch.zeros(10)
    for name, inputs in kinds.items():
        made = torch.cat([model(part.to(device)) for part in inputs.split(BATCH)])
        figures.append(Figure(f"{name} becomes a sure digit", sureness(judge, made), "≥ 0.60", how))
        counts += torch.bincount(judge(made.clamp(0, 1)).argmax(1).cpu(), minlength=10)
    shares = counts[counts > 0] / counts.sum()
    entropy = float(-(shares * shares.log()).sum())
    spread = "exp of the entropy of the judge's guesses, of 10"
    return [
        *figures,
        Figure("digits that noise becomes, effective number", math.exp(entropy), "", spread),
    ]


@torch.no_grad()
def laws(model: Projector, dataset: Dataset, generator: torch.Generator) -> list[Figure]:
    """Measured errors of a projector's laws on test pictures, distances to its range, and the time it takes.

    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Projection
    >>> x = torch.randint(256, (200, 1, 4, 4), dtype=torch.uint8)
    >>> data = Dataset(x, x[:, 0, 0, 0], x, x[:, 0, 0, 0])
    >>> model = Projector(Flatten((1, 4, 4)), Projection(torch.eye(16, 4)))
    >>> laws(model, data, torch.Generator())[0].name
    'round trip'
    """
    x = as_float(dataset.test_images).to(model.total_std.device)
    a, b = x[:40], x.roll(1, 0)[:40]
    trip = max(
        float((model.g_x.inverse(model.g_x(part)) - part).abs().max()) for part in x[:2000].split(BATCH)
    )
    noise = torch.rand(a.shape, generator=generator).to(a)
    how = "relative, 40 test pictures, float32"
    away = "median induced distance to the range of f"
    with threads(1):
        (seconds, _) = in_turn({"f": lambda: model(x[:1])}, repeats=20)["f"]
    return [
        Figure(
            "round trip", trip, "≤ 1e-4", f"largest error of a pixel, {len(x[:2000])} test pictures, float32"
        ),
        Figure("linearity", diagnostics.linearity_error(model, a, b, 0.7, -0.4), "", how),
        Figure("transpose: f is its own", diagnostics.transpose_error(model, a, b, model), "", how),
        Figure("f_16 after f is f_16", _nested(model, a), "", how),
        Figure("test pictures' distance", float(model.distance_to_range(a).median()), "", away),
        Figure("uniform noise's distance", float(model.distance_to_range(noise).median()), "", away),
        Figure("milliseconds for one picture", 1000 * seconds, "", "median of 20, one thread"),
    ]


@torch.no_grad()
def spoilt_distances(
    model: Projector, dataset: Dataset, generator: torch.Generator, count: int = 200
) -> list[Figure]:
    """Does the distance to the range grow with damage? Medians for spoilt digits, and how many are farther than whole.

    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Projection
    >>> x = torch.randint(256, (20, 1, 4, 4), dtype=torch.uint8)
    >>> data = Dataset(x, x[:, 0, 0, 0], x, x[:, 0, 0, 0])
    >>> model = Projector(Flatten((1, 4, 4)), Projection(torch.eye(16, 4)))
    >>> len(spoilt_distances(model, data, torch.Generator()))
    6
    """
    x = as_float(dataset.test_images[:count]).to(model.total_std.device)
    spoilt = {
        f"salt and pepper {share:.0%}": damage.salt_and_pepper(x, share, generator) for share in (0.1, 0.3)
    }
    spoilt["Gaussian noise 0.5"] = damage.gaussian_noise(x, 0.5, generator)
    whole, figures = model.distance_to_range(x), []
    for name, inputs in spoilt.items():
        away = model.distance_to_range(inputs)
        farther = float((away > whole).float().mean())
        how = f"median induced distance of {len(x)} test pictures to the range of f"
        figures.append(Figure(f"{name}'s distance", float(away.median()), "", how))
        figures.append(Figure(f"{name}: farther than the whole one", farther, "≥ 0.95", "share of them"))
    return figures


def _nested(model: Projector, x: Tensor) -> float:
    coarse = model.truncated(16)
    return diagnostics.relative_error(coarse(model(x)), coarse(x))
