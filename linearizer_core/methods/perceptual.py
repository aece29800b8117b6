"""A perceptual loss that needs no downloaded weights."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def laplacian_pyramid_loss(x: Tensor, wanted: Tensor, levels: int = 3) -> Tensor:
    r"""Σⱼ 2ʲ E |Lⱼ(x) − Lⱼ(wanted)| over the bands Lⱼ of a Laplacian pyramid: edges count at every scale.

    Shapes: (B, C, H, W) both; H and W divisible by 2^levels. Returns a scalar. Unlike a squared error it does not favour
    the blurred mean of all possible edges. Source: Bojanowski et al., "Optimizing the Latent Space of Generative
    Networks", arXiv:1707.05776, section 3.

    >>> import torch
    >>> laplacian_pyramid_loss(torch.ones(1, 1, 8, 8), torch.zeros(1, 1, 8, 8))      # only the coarsest band differs
    tensor(8.)
    """
    difference, total = x - wanted, x.new_zeros(())  # the pyramid is linear
    for level in range(levels):
        coarse = F.avg_pool2d(difference, 2)
        band = difference - F.interpolate(coarse, scale_factor=2.0, mode="nearest")
        total, difference = total + 2**level * band.abs().mean(), coarse
    return total + 2**levels * difference.abs().mean()
