"""Do points lie among their own kind? Classification by nearest neighbours."""

from __future__ import annotations

from torch import Tensor


def neighbour_accuracy(
    x: Tensor, labels: Tensor, asked: Tensor, wanted: Tensor, neighbours: int = 5
) -> float:
    """Share of points `asked` (M, d) that most of their nearest `neighbours` among x (N, d) give their label `wanted` (M,).

    `labels` (N,) are those of x. ValueError where x holds fewer points than neighbours.

    >>> import torch
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
