"""What judges trained apart say of `faces`: midpoints without a ghost, samples, and ages; and how good the judges are."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ..data.images import evenly
from ..data.sets import Dataset, as_float
from ..models.aged import AgedGenerator
from ..models.face_judge import FaceJudge
from ..pca import LatentPCA
from ..precision import wide
from ..spaces import decode, encode
from .figure import Figure
from .generation import distance_shares, sampled

YEARS = (-20, -10, 0, 10, 20, 30, 40)
BATCH = 100


def ghosts(x: Tensor) -> Tensor:
    """The pixel average of each picture of x (B, C, H, W) with the one before it, whose features are there twice.

    >>> ghosts(torch.tensor([0.0, 1.0]).reshape(2, 1, 1, 1)).flatten()
    tensor([0.5000, 0.5000])
    """
    return (x + x.roll(1, 0)) / 2


@torch.no_grad()
def asked(judge: nn.Module, x: Tensor) -> Tensor:
    """What a judge answers to pictures x (B, C, H, W), clamped to [0, 1] as a screen would, (B,).

    >>> asked(nn.Flatten(0), torch.tensor([2.0]).reshape(1, 1, 1, 1))
    tensor([1.])
    """
    return torch.cat([judge(part.clamp(0, 1)) for part in x.split(BATCH)])


def real_share(judge: nn.Module, x: Tensor) -> float:
    """Share of pictures x (B, C, H, W) that the judge of ghosts takes for one photograph: log-odds above 0.

    >>> real_share(nn.Flatten(0), torch.tensor([0.0, 0.5]).reshape(2, 1, 1, 1))
    0.5
    """
    return float((asked(judge, x) > 0).float().mean())


@torch.no_grad()
def evaluate_judge(judge: FaceJudge, dataset: Dataset, seed: int = 0) -> list[Figure]:
    """How often a judge of ghosts is right, or by how many years one of ages is wrong, on faces not trained on.

    >>> x, ages = torch.randint(256, (6, 3, 64, 64), dtype=torch.uint8), torch.arange(6)
    >>> [evaluate_judge(FaceJudge(kind), Dataset(x, ages, x, ages))[0].name for kind in ("ghosts", "ages")]
    ['right about photographs and averages', 'mean error in years']
    """
    device = next(judge.parameters()).device
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(dataset.test_images), generator=generator)
    x, wanted = as_float(dataset.test_images[order]).to(device), dataset.test_labels[order].to(device)
    how = f"{len(x)} test faces"
    if judge.kind == "ages":
        told = wide(asked(judge, x))
        around = torch.corrcoef(torch.stack([told, wide(wanted)]))[0, 1]
        return [
            Figure("mean error in years", float((told - wanted).abs().mean()), how=how),
            Figure("correlation with the age", float(around), how=how),
        ]
    real, averages = real_share(judge, x), 1 - real_share(judge, ghosts(x))
    return [
        Figure("right about photographs and averages", (real + averages) / 2, how=f"{how}, as many averages"),
        Figure("right about photographs", real, how=how),
        Figure("right about averages", averages, how=f"{how}, each with another"),
    ]


@torch.no_grad()
def by_judges(
    model: AgedGenerator,
    judges: Mapping[str, nn.Module],
    dataset: Dataset,
    pca: LatentPCA,
    generator: torch.Generator,
    count: int = 5000,
) -> list[Figure]:
    """All that the judges of "ghosts" and of "ages" say of a model, of which `count` samples are drawn; no gradient flows.

    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Identity
    >>> model = AgedGenerator(Flatten((3, 2, 2)), Identity(12), torch.zeros(1, 12), torch.zeros(12))
    >>> x, age = torch.randint(256, (40, 3, 2, 2), dtype=torch.uint8), torch.arange(40)
    >>> pca = LatentPCA(4).fit(Flatten((3, 2, 2)), as_float(x))
    >>> judges = {kind: FaceJudge(kind) for kind in ("ghosts", "ages")}
    >>> len(by_judges(model, judges, Dataset(x, age, x, age), pca, torch.Generator(), 50))
    9
    """
    x = as_float(dataset.test_images).to(model.means.device)
    return [
        *midpoints(model, judges["ghosts"], x, generator),
        *samples(model, judges["ages"], dataset, pca, generator, count),
        *judged_ages(model, judges["ages"], x, dataset.test_labels),
    ]


@torch.no_grad()
def midpoints(
    model: AgedGenerator, judge: nn.Module, x: Tensor, generator: torch.Generator, pairs: int = 1000
) -> list[Figure]:
    """How many latent midpoints of random pairs of faces x (B, C, H, W) the judge of ghosts takes for one photograph.

    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Identity
    >>> model = AgedGenerator(Flatten((3, 2, 2)), Identity(12), torch.zeros(1, 12), torch.zeros(12))
    >>> rows = midpoints(model, FaceJudge(), torch.rand(9, 3, 2, 2), torch.Generator())
    >>> rows[0].value == rows[2].value     # g is the identity, so its midpoints are those of pixels
    True
    """
    a = x[torch.randperm(len(x), generator=generator)[:pairs].to(x.device)]
    z = torch.cat([encode(model.g_x, part) for part in a.split(BATCH)])
    between = torch.cat([decode(model.g_y, part) for part in ghosts(z).split(BATCH)])
    how = f"share that a judge trained apart takes for one photograph, {len(a)} pairs of test faces"
    return [
        Figure("midpoints without a ghost, latents", real_share(judge, between), "≥ 0.70", how),
        Figure("midpoints without a ghost, test faces themselves", real_share(judge, a), "", how),
        Figure("midpoints without a ghost, pixels", real_share(judge, ghosts(a)), "", how),
    ]


@torch.no_grad()
def samples(
    model: AgedGenerator,
    judge: nn.Module,
    dataset: Dataset,
    pca: LatentPCA,
    generator: torch.Generator,
    count: int = 5000,
) -> list[Figure]:
    """Fréchet distance of one-step samples to the test faces, in features of the judge of ages, over a PCA Gaussian's.

    The law that samples follow is that of f(x), so beside them stands f of the test faces: no sample can be expected to
    show more detail than A lets through.

    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Identity
    >>> model = AgedGenerator(Flatten((3, 2, 2)), Identity(12), torch.zeros(1, 12), torch.zeros(12))
    >>> x = torch.randint(256, (40, 3, 2, 2), dtype=torch.uint8)
    >>> pca = LatentPCA(4).fit(Flatten((3, 2, 2)), as_float(x))
    >>> data = Dataset(x, torch.zeros(40), x, torch.zeros(40))
    >>> [figure.mark for figure in samples(model, FaceJudge("ages"), data, pca, torch.Generator(), 50)]
    ['≤ 0.35', '', '']
    """
    noise = torch.randn(count, *model.g_y.in_shape, generator=generator, dtype=torch.float32)
    gaussian = torch.randn(count, len(pca.spread), generator=generator, dtype=torch.float32)
    some = torch.randperm(len(dataset.train_images), generator=generator)[:count]
    x = as_float(dataset.test_images)
    filtered = torch.cat([model(part.to(model.means)).cpu() for part in x.split(BATCH)])
    pictures = (
        sampled(model, noise, None),
        filtered,
        as_float(dataset.train_images[some]),
        pca.inverse_transform(gaussian.to(pca.spread) * pca.spread),
    )
    *shares, unit = distance_shares(judge, pictures, x)
    how = (
        f"in features of a judge of ages, {len(x)} test faces, share of a Gaussian's in {len(pca.spread)} "
        f"pixel components, {unit:.3g}"
    )
    return [
        Figure("Fréchet distance, one-step samples", shares[0], "≤ 0.35", f"{count} samples, {how}"),
        Figure("Fréchet distance, f of the test faces", shares[1], "", f"{len(x)} faces, {how}"),
        Figure("Fréchet distance, training faces (floor)", shares[2], "", f"{len(some)} faces, {how}"),
    ]


@torch.no_grad()
def judged_ages(
    model: AgedGenerator, judge: nn.Module, x: Tensor, ages: Tensor, count: int = 200
) -> list[Figure]:
    """What `model.aged` does to the age that a judge sees, for `count` of the faces x (B, C, H, W), from all ages.

    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Identity
    >>> model = AgedGenerator(Flatten((3, 2, 2)), Identity(12), torch.zeros(1, 12), torch.zeros(12))
    >>> judge = FaceJudge("ages")
    >>> [figure.value for figure in judged_ages(model, judge, torch.rand(9, 3, 2, 2), torch.arange(9))][1:]
    [0.0, 0.0]
    """
    error = float((wide(asked(judge, x)) - ages.to(x.device)).abs().mean())
    some = evenly(x, count)  # the data are sorted by age
    told = torch.stack([asked(judge, _aged(model, some, years)) for years in YEARS])
    change, rises = ageing(told)
    how = f"a judge trained apart, {len(some)} test faces, direction: least squares"
    return [
        Figure("age judge, mean error in years", error, "", f"{len(x)} test faces as they are"),
        Figure("+30 years, age judge: median change in years", change, "≥ 12", how),
        Figure("−20 … +40 years, age judge: rises all the way", rises, "≥ 0.85", how),
    ]


def ageing(told: Tensor) -> tuple[float, float]:
    """Of the ages told after each of `YEARS`, (len(YEARS), B): the median change after 30, the share that rises all the way.

    >>> ageing(torch.tensor(YEARS)[:, None] * torch.tensor([1.0, 0.5, -1.0]))
    (15.0, 0.66...)
    """
    change = told[YEARS.index(30)] - told[YEARS.index(0)]
    return float(change.median()), float((told.diff(dim=0) > 0).all(0).float().mean())


def _aged(model: AgedGenerator, x: Tensor, years: float) -> Tensor:
    return torch.cat([model.aged(part, years) for part in x.split(BATCH)])
