"""Whole networks g, ready to stand in a Linearizer: a multi-scale flow for images, flows for vectors and for the plane."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from .base import Chain, InvertibleNetwork, size
from .coupling import BOUND, AffineCoupling
from .elementwise import ActNorm
from .mixing import InvertibleConv1x1, InvertibleLinear
from .shaping import Flatten, Permute, Squeeze


def _step(shape: tuple[int, ...], hidden: int, bound: float = BOUND) -> list[InvertibleNetwork]:
    mixing = InvertibleConv1x1(shape) if len(shape) == 3 else InvertibleLinear(shape[0])
    return [ActNorm(shape), mixing, AffineCoupling(shape, hidden, bound)]


def image_flow(
    in_shape: tuple[int, int, int],
    steps: Sequence[int],
    hidden: Sequence[int],
    mix_all: bool = True,
    bound: float = BOUND,
) -> Chain:
    """A multi-scale g for images: each stage squeezes 2×2 pixels into channels, then runs `steps[i]` Glow steps.

    Maps (B, C, H, W) to (B, C·H·W); with `mix_all` the last layer is a full learned mixing of all latent axes,
    z = W h + b, which costs (C·H·W)² numbers. `hidden[i]` is the width of stage i's couplings, `bound` the largest
    |log-scale| of each. ValueError where the image cannot be halved len(steps) times.
    Source: Kingma and Dhariwal, "Glow", arXiv:1807.03039.

    >>> image_flow((1, 8, 8), steps=[2, 2], hidden=[8, 8]).out_shape
    (64,)
    """
    if len(steps) != len(hidden) or not steps:
        raise ValueError(f"steps and hidden need one number per stage, got {list(steps)} and {list(hidden)}.")
    shape, layers = tuple(in_shape), []
    for depth, width in zip(steps, hidden):
        layers.append(Squeeze(shape))
        shape = layers[-1].out_shape
        for _ in range(depth):
            layers += _step(shape, width, bound)
    mixing = [InvertibleLinear(size(shape))] if mix_all else []
    return Chain(*layers, Flatten(shape), *mixing)


def vector_flow(n: int, steps: int, hidden: int) -> Chain:
    """A g for vectors (B, n), n ≥ 2: `steps` times ActNorm, learned mixing and affine coupling.

    >>> vector_flow(2, steps=4, hidden=16).out_shape
    (2,)
    """
    return Chain(*(layer for _ in range(steps) for layer in _step((n,), hidden)))


def plane_flow(depth: int, hidden: int, bound: float = BOUND) -> Chain:
    """A g for points of the plane (B, 2): `depth` affine couplings that take turns, then a linear map z = W h + b.

    No statistics of the data are needed, and a fresh one is the identity (for even `depth`; it swaps the axes for odd), so
    training starts from the straight grid.

    >>> plane_flow(depth=2, hidden=8)(torch.tensor([[1.0, 2.0]])).detach()
    tensor([[1., 2.]])
    """
    layers: list[InvertibleNetwork] = []
    for _ in range(depth):
        layers += [AffineCoupling((2,), hidden, bound), Permute.flip(2)]
    last = InvertibleLinear(2)
    last.weight.set_(torch.eye(2))
    return Chain(*layers, last)
