"""What PCA of the pixels makes of pictures: the linear method beside which the ranks of a model are measured."""

from __future__ import annotations

import torch
from torch import Tensor

from ..data.sets import Dataset, as_float
from ..networks import Flatten
from ..pca import LatentPCA


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
    centred = x.flatten(1) - pca.mean
    return (pca.mean + (centred @ pca.components[:k].mT) @ pca.components[:k]).reshape(x.shape)
