"""What PCA of the pixels makes of pictures: the linear method beside which the ranks of a model are measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor

from ..data.sets import Dataset, as_float
from ..networks import Flatten
from ..pca import LatentPCA
from ..precision import wide

BATCH = 250


def pixel_pca(dataset: Dataset, components: int, device: torch.device | str = "cpu") -> LatentPCA:
    """PCA of the training pictures' pixels, of no more components than there are pixels or differences of pictures.

    >>> x = torch.randint(256, (20, 1, 4, 4), dtype=torch.uint8)
    >>> len(pixel_pca(Dataset(x, x[:, 0, 0, 0], x, x[:, 0, 0, 0]), components=3).components)
    3
    """
    x = as_float(dataset.train_images).to(device)
    return LatentPCA(min(components, len(x) - 1, x[0].numel())).fit(Flatten(tuple(x.shape[1:])), x)


def by_pixel_pca(pca: LatentPCA, x: Tensor, k: int) -> Tensor:
    """The projection of pictures x (B, C, H, W) on the first k components of their pixels.

    >>> x = torch.rand(8, 1, 2, 2)
    >>> pca = LatentPCA(4).fit(Flatten((1, 2, 2)), x)
    >>> torch.allclose(by_pixel_pca(pca, x, 4), x, atol=1e-5)
    True
    """
    centred = x.flatten(1).to(pca.mean) - pca.mean
    return (pca.mean + (centred @ pca.components[:k].mT) @ pca.components[:k]).reshape(x.shape)


def psnr_by_rank(
    made: Callable[[Tensor], Iterable[tuple[int, Tensor]]], x: Tensor, ranks: Sequence[int]
) -> Tensor:
    """PSNR in dB of pictures x (N, C, H, W) all together for each of the ranks, (len(ranks),), in float64.

    `made` gives k and what rank k makes of a batch, for every k of the ranks.

    >>> psnr_by_rank(lambda part: [(1, part + 0.1), (2, part + 0.01)], torch.zeros(3, 1, 2, 2), [1, 2]).round()
    tensor([20., 40.], dtype=torch.float64)
    """
    errors = dict.fromkeys(ranks, 0.0)
    for part in x.split(BATCH):
        for k, pictures in made(part):
            errors[k] += float(wide(pictures - part).square().mean()) * len(part) / len(x)
    return wide(torch.tensor([-10 * math.log10(max(errors[k], 1e-20)) for k in ranks]))
