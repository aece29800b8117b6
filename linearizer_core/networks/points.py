"""Points and latents in any batch shape: what calls a network for all who do not know how many points there are."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from torch import Tensor

from ..precision import in_precision_of, narrow
from .base import InvertibleNetwork


def encode(g: InvertibleNetwork, x: Tensor) -> Tensor:
    """z = g(x) for points of shape (*, *g.in_shape) with any batch shape *, also none: latents (*, n).

    x is taken in the precision of g. ValueError where the last dimensions are not those of a point, and for integers.

    >>> import torch
    >>> from linearizer_core.networks import Flatten
    >>> encode(Flatten((1, 2, 2)), torch.zeros(3, 5, 1, 2, 2)).shape
    torch.Size([3, 5, 4])
    """
    return _apply(g, in_precision_of(g, x, "x"), g.in_shape, g.out_shape, "x", "points")


def decode(g: InvertibleNetwork, z: Tensor) -> Tensor:
    """x = g⁻¹(z) for latents (*, n) with any batch shape *, also none: points (*, *g.in_shape).

    >>> import torch
    >>> from linearizer_core.networks import Flatten
    >>> decode(Flatten((1, 2, 2)), torch.zeros(4)).shape
    torch.Size([1, 2, 2])
    """
    return _apply(g.inverse, in_precision_of(g, z, "z"), g.out_shape, g.in_shape, "z", "latents")


def conjugate(
    g_x: InvertibleNetwork, A: Callable[[Tensor], Tensor], g_y: InvertibleNetwork, x: Tensor
) -> Tensor:
    """g_y⁻¹(A g_x(x)) for points x (*, *g_x.in_shape); latents are not rounded between networks that carry float64.

    >>> import torch
    >>> from linearizer_core.networks import Log
    >>> conjugate(Log(1), lambda z: 2 * z, Log(1), torch.tensor([3.0]))
    tensor([9.])
    """
    x = in_precision_of(g_x, x, "x")
    v = A(_apply(g_x, g_x.carried(x), g_x.in_shape, g_x.out_shape, "x", "points"))
    v = v if g_y.carry_wide else in_precision_of(g_y, v, "z")
    return narrow(_apply(g_y.inverse, g_y.carried(v), g_y.out_shape, g_y.in_shape, "z", "latents"), x)


def _apply(
    map_: Callable[[Tensor], Tensor],
    x: Tensor,
    shape_in: Sequence[int],
    shape_out: Sequence[int],
    name: str,
    kind: str,
) -> Tensor:
    batch = x.shape[: max(0, x.dim() - len(shape_in))]
    if tuple(x.shape[len(batch) :]) != tuple(shape_in):
        listed = ", ".join(map(str, shape_in))
        raise ValueError(
            f"{name} must be {kind} of shape (*, {listed}), got shape {tuple(x.shape)}; resize or reshape it first."
        )
    if 0 in batch:  # convolutions refuse an empty batch
        return x.new_zeros(*batch, *shape_out)
    if len(batch) == 1:
        return map_(x)
    return map_(x.reshape(math.prod(batch), *shape_in)).reshape(*batch, *shape_out)
