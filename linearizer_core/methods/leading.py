"""Closed forms for pictures of many pixels: principal axes, moments and ages, batch by batch, nothing n×n."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..networks import InvertibleNetwork
from ..precision import narrow, wide

BATCH = 250
"""Pictures that are encoded at a time."""


@torch.no_grad()
def leading_frequencies(
    transform: InvertibleNetwork, images: Tensor, frequencies: int, rank: int
) -> tuple[Tensor, Tensor]:
    """Mean (n,) and the `rank` principal axes (frequencies, rank) of the first axes of transform(images), mirrored too.

    >>> from linearizer_core.networks.frequencies import CosineTransform
    >>> mean, axes = leading_frequencies(CosineTransform((1, 4, 4)), torch.rand(9, 1, 4, 4), 8, 3)
    >>> mean.shape, axes.shape
    (torch.Size([16]), torch.Size([8, 3]))
    """
    total = squares = wide(images.new_zeros(()))
    for part in images.split(BATCH):
        z = transform(torch.cat([part, part.flip(3)]))
        total = total + wide(z).sum(0)
        head = z[:, :frequencies]
        squares = squares + wide(head.mT @ head)
    mean = total / (2 * len(images))
    covariance = squares / (2 * len(images)) - mean[:frequencies, None] * mean[:frequencies]
    axes = torch.linalg.eigh(covariance).eigenvectors.flip(1)[:, :rank]
    return narrow(mean, images), narrow(axes, images)


@dataclass(frozen=True)
class Moments:
    """What is known of latents z (N, n) and one number y for each, such as an age, after one pass over them.

    `mean`, `std` (n,); `with_label` = Cov(z, y)/Var(y), the change of z with y (n,); `leading` (r, r) the covariance of
    the first axes; `label_mean`, `label_variance`, and `count`. `moments` measures them.

    >>> one, two = torch.ones(2), torch.ones(1, 1)
    >>> Moments(one, one, one, two, one[0], one[0], 7).rescaled(2 * one).leading.float()
    tensor([[4.]])
    """

    mean: Tensor
    std: Tensor
    with_label: Tensor
    leading: Tensor
    label_mean: Tensor
    label_variance: Tensor
    count: int

    def rescaled(self, factors: Tensor) -> Moments:
        """Those of factors · z."""
        head = wide(factors[: len(self.leading)])
        vectors = (self.mean * factors, self.std * factors.abs(), self.with_label * factors)
        leading = head[:, None] * wide(self.leading) * head
        return Moments(*vectors, leading, self.label_mean, self.label_variance, self.count)


@torch.no_grad()
def moments(g: InvertibleNetwork, x: Tensor, labels: Tensor, leading: int = 256) -> Moments:
    """The `Moments` of g(x) and labels, of `leading` axes the covariance too; x (B, *g.in_shape), labels (B,).

    >>> from linearizer_core.networks import Flatten
    >>> x = torch.randn(500, 1, 1, 2)
    >>> found = moments(Flatten((1, 1, 2)), x, 3 * x[:, 0, 0, 1])
    >>> found.with_label[1].round(decimals=4)
    tensor(0.3333)
    """
    n, count, y = g.out_shape[0], len(x), wide(labels)
    y_mean, y_variance = y.mean(), y.var(correction=0).clamp(min=1e-12)
    leading = min(leading, n)
    total = squares = crossed = covariance = wide(x.new_zeros(()))
    for part, ages in zip(x.split(BATCH), y.split(BATCH)):
        z = wide(g(part))
        total = total + z.sum(0)
        squares = squares + z.square().sum(0)
        crossed = crossed + (ages - y_mean) @ z
        covariance = covariance + z[:, :leading].mT @ z[:, :leading]
    mean = total / count
    std = (squares / count - mean.square()).clamp(min=1e-12).sqrt()
    covariance = covariance / count - mean[:leading, None] * mean[:leading]
    with_label = narrow(crossed / count / y_variance, x)
    return Moments(narrow(mean, x), narrow(std, x), with_label, covariance, y_mean, y_variance, count)


@torch.no_grad()
def age_by_least_squares(found: Moments, r: int, ridge: float) -> tuple[Tensor, Tensor]:
    """Weights (n,), 0 beyond the first r, and offset () of the linear reading of y that errs least on the training set.

    `ridge` counts as that many more observations of every axis at its variance with y at its mean: it shrinks the weights.

    >>> from linearizer_core.networks import Flatten
    >>> x = torch.randn(500, 1, 1, 2)
    >>> weights, offset = age_by_least_squares(moments(Flatten((1, 1, 2)), x, 3 * x[:, 0, 0, 1] + 7), 2, 0.0)
    >>> weights.round(decimals=3).abs(), offset.round(decimals=3)
    (tensor([0., 3.]), tensor(7.))
    """
    covariance = found.leading[:r, :r]
    loaded = covariance + ridge / found.count * torch.diag(covariance.diagonal())
    head = torch.linalg.solve(loaded, wide(found.with_label[:r]) * found.label_variance)
    weights = torch.zeros_like(found.mean)
    weights[:r] = narrow(head, weights)
    return weights, narrow(found.label_mean - wide(found.mean) @ wide(weights), weights)
