"""Texture as statistics: what oriented filters of several scales say together, wherever in the picture they say it."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SIDE = 7
OPPONENT = ((1 / 3, 1 / 3, 1 / 3), (0.5, 0.0, -0.5), (-0.25, 0.5, -0.25))
"""Lightness, red against blue, green against magenta."""


class FilterBank(nn.Module):
    r"""Gram matrices of rectified Gabor filters: `orientations` × even and odd × 3 opponent colours × `scales`.

    At each scale (the picture averaged over 1, 2, 4, … pixels) the responses r and −r are cut at 0, which makes the
    statistics sensitive to more than the power spectrum, and G = R Rᵀ / positions is taken. No weights are learned.
    (B, 3, H, W) in [0, 1] to `scales` matrices (B, k, k), k = 12 · `orientations`. With `tiles` each picture is cut into
    tiles × tiles parts that have statistics of their own, (B · tiles², k, k): so a sky is not drowned by the town below.
    ValueError for pictures too small.
    Source: Gatys, Ecker, Bethge, "Texture Synthesis Using Convolutional Neural Networks", arXiv:1505.07376; the filters
    are those of Gabor, "Theory of communication", 1946.

    >>> [tuple(G.shape) for G in FilterBank(orientations=2, scales=2)(torch.rand(1, 3, 32, 32))]
    [(1, 24, 24), (1, 24, 24)]
    """

    filters: Tensor
    colours: Tensor

    def __init__(self, orientations: int = 4, scales: int = 4) -> None:
        super().__init__()
        self.scales = scales
        self.register_buffer("filters", gabor_filters(orientations)[:, None], persistent=False)
        self.register_buffer("colours", torch.tensor(OPPONENT)[..., None, None], persistent=False)

    def forward(self, x: Tensor, tiles: int = 1) -> list[Tensor]:
        least = (SIDE - 1 + tiles) * 2 ** (self.scales - 1)
        if min(x.shape[-2:]) < least:
            raise ValueError(
                f"FilterBank of {self.scales} scales needs pictures of at least {least}×{least}, got {tuple(x.shape)}."
            )
        x = F.conv2d(x, self.colours)
        grams = []
        for _ in range(self.scales):
            responses = F.conv2d(x.flatten(0, 1)[:, None], self.filters)
            parts = cut(responses.unflatten(0, x.shape[:2]).flatten(1, 2), tiles).flatten(2)
            rectified = torch.cat([parts.relu(), (-parts).relu()], 1)
            grams.append((rectified @ rectified.mT).float() / rectified.shape[-1])
            x = F.avg_pool2d(x, 2)
        return grams


def cut(x: Tensor, tiles: int) -> Tensor:
    """Tiles × tiles equal parts of each field (B, C, H, W), (B · tiles², C, ⌊H/tiles⌋, ⌊W/tiles⌋); a rest is left out.

    >>> cut(torch.arange(16.0).reshape(1, 1, 4, 4), 2)[1, 0]
    tensor([[2., 3.],
            [6., 7.]])
    """
    if tiles == 1:
        return x
    height, width = (side // tiles for side in x.shape[-2:])
    x = x[..., : height * tiles, : width * tiles]
    return (
        x.unflatten(-2, (tiles, height)).unflatten(-1, (tiles, width)).permute(0, 2, 4, 1, 3, 5).flatten(0, 2)
    )


def gabor_filters(orientations: int) -> Tensor:
    """Even and odd waves of 1.5 periods under a Gaussian, of mean 0 and norm 1, (2 · orientations, 7, 7).

    >>> gabor_filters(4).sum((1, 2)).abs().max() < 1e-6
    tensor(True)
    """
    axis = torch.arange(SIDE) - SIDE // 2
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    envelope = torch.exp(-(x.square() + y.square()) / (2 * (SIDE / 4) ** 2))
    filters = []
    for turn in range(orientations):
        angle = math.pi * turn / orientations
        along = x * math.cos(angle) + y * math.sin(angle)
        for phase in (0.0, math.pi / 2):
            wave = envelope * torch.cos(3 * math.pi * along / SIDE + phase)
            wave = wave - envelope * wave.sum() / envelope.sum()
            filters.append(wave / wave.norm())
    return torch.stack(filters)


def texture_distance(grams: list[Tensor], others: list[Tensor]) -> Tensor:
    """Mean over the scales of ‖G − G'‖ / ‖G'‖ in Frobenius norm, for every picture of a batch, (B,).

    A flat picture G' has no statistics to be compared with: ‖G'‖ counts as 1e-6 at least, less than noise of one grey level.

    >>> texture_distance([2 * torch.eye(3)[None]], [torch.eye(3)[None]])
    tensor([1.])
    """
    pairs = zip(grams, others, strict=True)
    shares = [(a - b).flatten(1).norm(dim=1) / b.flatten(1).norm(dim=1).clamp_min(1e-6) for a, b in pairs]
    return torch.stack(shares).mean(0)


def lattice(error: Tensor, period: int, window: int = 4) -> Tensor:
    """Mean square of the part of an error (B, C, H, W) that repeats with `period` pixels within windows of some periods.

    A network that works on period × period blocks likes to fill a surface with a pattern bound to the blocks: this is
    that pattern's energy. H and W must be multiples of period · window.

    >>> stripes = (torch.arange(64) % 8 < 4).float().expand(1, 1, 64, 64)
    >>> lattice(stripes, period=8), lattice(torch.ones(1, 1, 64, 64), period=8)
    (tensor(0.2500), tensor(0.))
    """
    blocks = error.unflatten(-2, (-1, window, period)).unflatten(-1, (-1, window, period))
    pattern = blocks.mean((-5, -2))  # (B, C, windows, period, windows, period)
    return (pattern - pattern.mean((-3, -1), keepdim=True)).square().mean()
