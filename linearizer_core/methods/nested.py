"""Nested truncation: the first k latent axes alone must do as well as k axes can, for every k at once."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..networks import InvertibleNetwork


def random_ranks(
    count: int, largest: int, generator: torch.Generator | None = None, offset: int = 0
) -> Tensor:
    """`count` ranks k in 1..largest, log-uniform: as many draws between 1 and 2 as between 128 and 256.

    With `offset` it is k + offset that is log-uniform, so that the few smallest ranks come up less often.

    >>> random_ranks(3, 1)
    tensor([1, 1, 1])
    """
    uniform, first = torch.rand(count, generator=generator), offset + 1
    ranks = first * (uniform * math.log((largest + first) / first)).exp() - offset
    return ranks.long().clamp(1, largest)


def truncate_axes(z: Tensor, ranks: Tensor) -> Tensor:
    """Keeps the first `ranks[b]` of the n latent axes of item b and puts 0 in the others; z (B, n), ranks (B,).

    >>> truncate_axes(torch.ones(2, 3), torch.tensor([1, 3]))
    tensor([[1., 0., 0.],
            [1., 1., 1.]])
    """
    axes = torch.arange(z.shape[-1], device=z.device)
    return torch.where(axes < ranks[:, None].to(z.device), z, 0)


def nested_reconstruction(
    g: InvertibleNetwork,
    x: Tensor,
    z: Tensor,
    ranks: Tensor,
    power: float = 0.0,
) -> Tensor:
    r"""E k^power ‖g⁻¹(z₁, …, z_k, 0, …, 0) − x‖² per entry of x: it orders the axes by what they explain, as PCA's are.

    Shapes: x (B, *g.in_shape), z = g(x) (B, n), ranks k (B,); returns a scalar, the mean squared error for power 0. As
    that error falls about as k^−0.7, a power of 0.7 lets all ranks count alike.
    Source: Rippel et al., "Learning Ordered Representations with Nested Dropout", arXiv:1402.0915.

    >>> from linearizer_core.networks import Log
    >>> x = torch.tensor([[2.0, 3.0]])
    >>> nested_reconstruction(Log(2), x, x.log(), torch.tensor([1]))     # 3 becomes exp 0 = 1: (3 − 1)² / 2
    tensor(2.)
    """
    errors = (g.inverse(truncate_axes(z, ranks)) - x).square().flatten(1).mean(1)
    return (ranks.to(errors) ** power * errors).mean()
