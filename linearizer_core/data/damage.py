"""Ways to spoil a picture, for a projector to repair: training, `evaluate` and the lab all use these."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def gaussian_noise(x: Tensor, std: float | Tensor, generator: torch.Generator | None = None) -> Tensor:
    """x + std · N(0, 1), pixel by pixel; x (B, C, H, W) to the same, std a number or one per picture (B,).

    >>> gaussian_noise(torch.ones(1, 1, 2, 2), 0.0).mean()
    tensor(1.)
    """
    return x + _per_picture(std, x) * torch.randn(x.shape, generator=generator).to(x)


def drowned(x: Tensor, level: float, generator: torch.Generator | None = None) -> Tensor:
    """(1 − level) x + level u with uniform noise u on [0, 1]: at level 1 nothing is left of x (B, C, H, W).

    >>> drowned(torch.ones(1, 1, 2, 2), 0.0).mean()
    tensor(1.)
    """
    return (1 - level) * x + level * torch.rand(x.shape, generator=generator).to(x)


def salt_and_pepper(x: Tensor, share: float | Tensor, generator: torch.Generator | None = None) -> Tensor:
    """A `share` in [0, 1] of the pixels becomes 0 or 1 by the toss of a coin; x (B, C, H, W) to the same.

    >>> x = torch.full((1, 1, 50, 50), 0.5)
    >>> salt_and_pepper(x, 0.3, torch.Generator().manual_seed(0)).ne(0.5).float().mean().round(decimals=1)
    tensor(0.3000)
    """
    hit = torch.rand(x[:, :1].shape, generator=generator).to(x) < _per_picture(share, x)
    coin = (torch.rand(x[:, :1].shape, generator=generator).to(x) < 0.5).to(x)
    return torch.where(hit, coin, x)


def square(
    x: Tensor, side: int | Tensor, value: float = 0.0, generator: torch.Generator | None = None
) -> Tensor:
    """A side × side square at a random place, another in each picture, is painted over with `value`; x (B, C, H, W).

    The square lies inside the middle two thirds as far as it fits there, where digits and faces have their ink.

    >>> int(square(torch.ones(1, 1, 32, 32), 10).eq(0).sum())
    100
    """
    height, width = x.shape[-2:]
    side = torch.as_tensor(side).expand(len(x))
    rows = _inside(height, side, generator, x)
    columns = _inside(width, side, generator, x)
    return torch.where((rows[:, :, None] & columns[:, None, :])[:, None], value, x)


def blur(x: Tensor, std: float) -> Tensor:
    """Gaussian blur with a standard deviation of `std` pixels, edges repeated; x (B, C, H, W) to the same.

    >>> blur(torch.ones(1, 1, 8, 8), 1.5).round(decimals=5).unique()
    tensor([1.])
    """
    if std <= 0:
        return x
    reach = max(1, round(3 * std))
    offsets = torch.arange(-reach, reach + 1, dtype=x.dtype, device=x.device)
    kernel = torch.exp(-0.5 * (offsets / std).square())
    kernel = (kernel / kernel.sum()).expand(x.shape[1], 1, 1, -1)
    padded = F.pad(x, [reach] * 4, mode="replicate")
    across = F.conv2d(padded, kernel, groups=x.shape[1])
    return F.conv2d(across, kernel.mT, groups=x.shape[1])


def _per_picture(amount: float | Tensor, x: Tensor) -> float | Tensor:
    return amount.to(x).reshape(-1, 1, 1, 1) if isinstance(amount, Tensor) and amount.dim() else amount


def _inside(size: int, side: Tensor, generator: torch.Generator | None, x: Tensor) -> Tensor:
    """For each picture which of `size` rows a run of `side` covers, (B, size)."""
    margin = torch.minimum(torch.full_like(side, size // 6), (size - side) // 2).clamp(min=0)
    room = (size - 2 * margin - side).clamp(min=0)
    start = margin + (torch.rand(len(side), generator=generator) * (room + 1)).long()
    place = torch.arange(size)
    return ((place >= start[:, None]) & (place < (start + side)[:, None])).to(x.device)
