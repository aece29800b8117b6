"""Whole networks g, ready to stand in a Linearizer: for images of one size, photos of any, vectors, the plane."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch

from .base import Chain, InvertibleNetwork, size
from .conditional import conditional
from .conditioners import adaptive_conditioner
from .coupling import BOUND, AffineCoupling, MakeConditioner
from .elementwise import ActNorm
from .mixing import InvertibleConv1x1, InvertibleLinear
from .shaping import Flatten, Permute, Squeeze


def _step(
    shape: tuple[int, ...],
    hidden: int,
    bound: float = BOUND,
    conditioner: MakeConditioner | None = None,
    context: int = 0,
) -> list[InvertibleNetwork]:
    conditioner = conditional(shape, context) if context else conditioner
    mixing = InvertibleConv1x1(shape) if len(shape) == 3 else InvertibleLinear(shape[0])
    return [ActNorm(shape), mixing, AffineCoupling(shape, hidden, bound, conditioner)]


def image_flow(
    in_shape: tuple[int, int, int],
    steps: Sequence[int],
    hidden: Sequence[int],
    mix_all: bool = True,
    bound: float = BOUND,
    carry_wide: bool = False,
    context: int = 0,
) -> Chain:
    """A multi-scale g for images: each stage squeezes 2×2 pixels into channels, then runs `steps[i]` Glow steps.

    Maps (B, C, H, W) to (B, C·H·W); with `mix_all` the last layer is a full learned mixing of all latent axes,
    z = W h + b, which costs (C·H·W)² numbers. `hidden[i]` is the width of stage i's couplings, `bound` the largest
    |log-scale| of each, `carry_wide` as in `Chain`; with a `context` it is g(x, c), c of so many numbers: see `given`.
    ValueError where the image cannot be halved len(steps) times.
    Source: Kingma and Dhariwal, "Glow", arXiv:1807.03039.

    >>> image_flow((1, 8, 8), steps=[2, 2], hidden=[8, 8]).out_shape
    (64,)
    """
    if len(steps) != len(hidden) or not steps:
        raise ValueError(f"steps and hidden need one number per stage, got {list(steps)} and {list(hidden)}.")
    shape: tuple[int, ...] = tuple(in_shape)
    layers: list[InvertibleNetwork] = []
    for depth, width in zip(steps, hidden):
        layers.append(Squeeze(shape))
        shape = layers[-1].out_shape
        for _ in range(depth):
            layers += _step(shape, width, bound, context=context)
    mixing = [InvertibleLinear(size(shape))] if mix_all else []
    return Chain(*layers, Flatten(shape), *mixing, carry_wide=carry_wide)


def photo_flow(
    in_shape: tuple[int, int, int], steps: int, hidden: int, blocks: int, bound: float = BOUND
) -> Chain:
    """A g for photos of any size, by `resized`: nothing in it knows how many positions there are.

    `steps` Glow steps on 4×4 pixels as channels, whose few couplings have deep conditioners of `blocks` residual blocks:
    inside them a picture may be wider than the bijection itself allows. Maps (B, C, H, W) to (B, C·H·W), fields of 64·C
    channels for 8×8 pixels each, flattened. ValueError where the sides are no multiples of 8.

    >>> photo_flow((3, 16, 16), steps=1, hidden=8, blocks=1).networks[-1].in_shape
    (192, 2, 2)
    """
    layers: list[InvertibleNetwork] = [Squeeze(tuple(in_shape))]
    layers.append(Squeeze(layers[-1].out_shape))
    for _ in range(steps):
        layers += _step(layers[-1].out_shape, hidden, bound, partial(adaptive_conditioner, blocks=blocks))
    layers.append(Squeeze(layers[-1].out_shape))
    return Chain(*layers, ActNorm(layers[-1].out_shape), Flatten(layers[-1].out_shape))


def vector_flow(n: int, steps: int, hidden: int, context: int = 0) -> Chain:
    """A g for vectors (B, n), n ≥ 2: `steps` times ActNorm, learned mixing and affine coupling.

    With a `context` it is a conditional network g(x, c), c of so many numbers: see `given`.

    >>> vector_flow(2, steps=4, hidden=16).out_shape
    (2,)
    """
    return Chain(*(layer for _ in range(steps) for layer in _step((n,), hidden, context=context)))


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
