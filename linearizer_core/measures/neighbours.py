"""Do points lie among their own kind? Classification by nearest neighbours."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from ..precision import wide


def neighbour_accuracy(
    x: Tensor, labels: Tensor, asked: Tensor, wanted: Tensor, neighbours: int = 5
) -> float:
    """Share of points `asked` (M, d) that most of their nearest `neighbours` among x (N, d) give their label `wanted` (M,).

    `labels` (N,) are those of x. ValueError where x holds fewer points than neighbours.

    >>> x, labels = torch.tensor([[0.0], [0.1], [5.0], [5.1]]), torch.tensor([0, 0, 1, 1])
    >>> neighbour_accuracy(x, labels, torch.tensor([[0.2], [4.0]]), torch.tensor([0, 0]), neighbours=1)
    0.5
    """
    from sklearn.neighbors import KNeighborsClassifier  # slow to import, and models load without it

    if not 1 <= neighbours <= len(x):
        raise ValueError(
            f"neighbours must lie in 1..{len(x)}, the number of points to look among, got {neighbours}."
        )
    found = KNeighborsClassifier(neighbours).fit(x.cpu().numpy(), labels.cpu().numpy())
    return float(found.score(asked.cpu().numpy(), wanted.cpu().numpy()))


def neighbour_agreement(x: Tensor, labels: Tensor, neighbours: int = 5) -> float:
    """Share of points x (N, d) whose label (N,) is the commonest among their nearest `neighbours` others.

    Points with label −1 have none and are left out. NaN where no more points are left than neighbours.

    >>> x, labels = torch.tensor([[0.0], [0.1], [5.0], [5.1]]), torch.tensor([0, 0, 1, 0])
    >>> neighbour_agreement(x, labels, neighbours=1)
    0.5
    """
    from sklearn.neighbors import NearestNeighbors

    x, labels = x[labels >= 0], labels[labels >= 0]
    if len(x) <= neighbours:
        return math.nan
    nearest = NearestNeighbors(n_neighbors=neighbours).fit(x.cpu().numpy()).kneighbors(return_distance=False)
    votes = one_hot(labels[torch.from_numpy(nearest)]).sum(1)
    return float(wide(votes.argmax(1) == labels).mean())
