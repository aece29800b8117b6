"""How much a network bends space: its Jacobian by differences, and the energy that keeps it near a rigid motion."""

from __future__ import annotations

import torch
from torch import Tensor

STEP = 0.05
"""Length of a difference: small against the view of 6, large against float32."""


def corners(x: Tensor, step: float = STEP) -> Tensor:
    """Each point x (B, n) followed by its neighbours x + step eᵢ, all in one batch ((n + 1) B, n).

    >>> corners(torch.zeros(1, 2), step=0.5)
    tensor([[0.0000, 0.0000],
            [0.5000, 0.0000],
            [0.0000, 0.5000]])
    """
    n = x.shape[1]
    shifts = torch.cat([x.new_zeros(1, n), step * torch.eye(n, dtype=x.dtype, device=x.device)])
    return (x + shifts[:, None]).flatten(0, 1)


def jacobians(z: Tensor, step: float = STEP) -> Tensor:
    """∂g/∂x (B, n, n) by forward differences, from z = g(corners(x)), ((n + 1) B, n).

    >>> jacobians(3 * corners(torch.zeros(1, 2), step=0.5), step=0.5)
    tensor([[[3., 0.],
             [0., 3.]]])
    """
    n = z.shape[1]
    base, *moved = z.chunk(n + 1)
    return torch.stack([(end - base) / step for end in moved], -1)


def bending(J: Tensor) -> Tensor:
    r"""‖J‖² + ‖J⁻¹‖² − 4 of 2×2 Jacobians (B, 2, 2), one number each (B,): 0 for a rigid motion, else above.

    With singular values s it is Σ s² + s⁻² − 2: stretching and squeezing cost alike, and a fold would cost infinity (a
    thousandth is added to det², so that a step of training cannot overflow). Source: Smith and Schaefer, "Bijective
    parameterization with free boundaries", SIGGRAPH 2015 (the symmetric Dirichlet energy).

    >>> bending(torch.tensor([[[0.0, 1.0], [-1.0, 0.0]], [[2.0, 0.0], [0.0, 1.0]]])).abs().round(decimals=2)
    tensor([0.0000, 2.2500])
    """
    size = J.square().sum((-2, -1))
    return size + size / (torch.linalg.det(J).square() + 1e-3) - 4
