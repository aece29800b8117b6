"""The same network for pictures of another size: convolutions do not mind how many positions there are."""

from __future__ import annotations

import copy
from functools import singledispatch

from .base import Chain, InvertibleNetwork
from .coupling import AdditiveCoupling, AffineCoupling
from .elementwise import ActNorm
from .folding import Folded
from .mixing import InvertibleConv1x1
from .shaping import Flatten, Squeeze


@singledispatch
def resized(g: InvertibleNetwork, in_shape: tuple[int, ...]) -> InvertibleNetwork:
    """g for points of `in_shape` (C, H, W), with the very same parameters: training one trains the other.

    ValueError for a network whose weights fit one size only, and where the channels differ.

    >>> g = Squeeze((3, 8, 8))
    >>> resized(g, (3, 4, 6)).out_shape
    (12, 2, 3)
    """
    raise ValueError(
        f"{type(g).__name__} has weights for one size only, {g.in_shape}; build g from convolutions, as photo_flow does."
    )


@resized.register
def _(g: Chain, in_shape: tuple[int, ...]) -> InvertibleNetwork:
    networks = []
    for network in g.networks:
        networks.append(resized(network, in_shape))
        in_shape = networks[-1].out_shape
    return Chain(*networks).train(g.training)


@resized.register
def _(g: Squeeze | Flatten, in_shape: tuple[int, ...]) -> InvertibleNetwork:
    return type(g)(in_shape).train(g.training)


@resized.register
def _(
    g: ActNorm | InvertibleConv1x1 | AffineCoupling | AdditiveCoupling | Folded, in_shape: tuple[int, ...]
) -> InvertibleNetwork:
    if len(g.in_shape) != 3 or len(in_shape) != 3 or in_shape[0] != g.in_shape[0]:
        raise ValueError(
            f"{type(g).__name__} takes pictures of {g.in_shape[0]} channels, (C, H, W), got in_shape={tuple(in_shape)}."
        )
    other = copy.copy(g)  # a shallow copy holds the same parameters and submodules
    other.in_shape = other.out_shape = tuple(in_shape)
    return other
