"""Operators of very large or small entries, brought near 1 by a power of two: exact, and squares stay in range."""

from __future__ import annotations

from functools import singledispatch

import torch
from torch import Tensor

from .base import LinearOperator

ABSENT = -(2**20)
"""Stands for the exponent of 0: below that of any number."""


def has_extremes(A: LinearOperator) -> bool:
    """Whether A holds a number other than 0 that is too large or too small to be multiplied four times.

    >>> from linearizer_core.operators import Dense
    >>> has_extremes(Dense(torch.eye(2))), has_extremes(Dense(1e30 * torch.eye(2)))
    (False, True)
    """
    return any(
        _extreme(t.detach()) for t in (*A.parameters(), *A.buffers()) if t.is_floating_point() and t.numel()
    )


def _extreme(x: Tensor) -> bool:
    least, most = torch.aminmax(x)  # one pass, and no copy of x
    range_, largest = torch.finfo(x.dtype), max(-least.item(), most.item())
    return largest > range_.max**0.25 or 0 < largest < range_.tiny**0.25


@singledispatch
def rescaled(A: LinearOperator) -> tuple[int, LinearOperator]:
    """e and B with A = 2ᵉ B, where the largest entries of B, or of its factors, are near 1; e = 0 for other types.

    >>> from linearizer_core.operators import LowRank
    >>> exponent, B = rescaled(LowRank(1e20 * torch.ones(2, 1), 1e-30 * torch.ones(2, 1)))
    >>> exponent, B.U.amax() < 2, B.V.amax() < 2
    (-32, tensor(True), tensor(True))
    """
    return 0, A


def power_of_two(exponent: float, like: LinearOperator, name: str) -> Tensor:
    """2^exponent as a number in the precision of an operator; ValueError where that precision has none.

    >>> from linearizer_core.operators import Dense
    >>> power_of_two(-1.0, Dense(torch.eye(1)), "pinv")
    tensor(0.5000)
    """
    dtype = next(t.dtype for t in (*like.parameters(), *like.buffers()) if t.is_floating_point())
    factor = torch.tensor(2.0, dtype=torch.float64).pow(exponent).to(dtype)
    if factor == 0 or not torch.isfinite(factor):
        raise ValueError(
            f"{name} of this {type(like).__name__} leaves the range of {dtype}, as it would be near 2^{exponent:g}; "
            "scale it, or use .double()."
        )
    return factor


def exponents(x: Tensor, dim: int | None = None) -> Tensor:
    """The power of two of the largest entry, or of that of each column; ABSENT for zeros.

    >>> exponents(torch.tensor([3.0, 0.5])), exponents(torch.zeros(2)) == ABSENT
    (tensor(2), tensor(True))
    """
    x = x.detach().abs()
    largest = x.amax() if dim is None else x.amax(dim) if len(x) else x.new_zeros(x.shape[1])
    return torch.where(largest > 0, torch.frexp(largest).exponent.long(), ABSENT)


def shifted(x: Tensor, exponent: int | Tensor) -> Tensor:
    """x · 2^exponent in two steps, so that the factor alone neither overflows nor vanishes.

    >>> shifted(torch.tensor([3.0]), 2)
    tensor([12.])
    """
    first = torch.as_tensor(exponent, device=x.device).div(2, rounding_mode="floor")
    for part in (first, exponent - first):
        x = x * torch.tensor(2.0, dtype=x.dtype, device=x.device).pow(part)
    return x
