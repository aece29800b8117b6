"""Operators of very large or small entries, brought near 1 by a power of two: exact, and squares stay in range."""

from __future__ import annotations

from functools import singledispatch
from typing import NamedTuple

import torch
from torch import Tensor

from ..operators import CircularConvolution, Dense, IdentityPlusLowRank, LinearOperator, LowRank

ABSENT = -(2**20)
"""Stands for the exponent of 0: below that of any number."""


def has_extremes(A: LinearOperator) -> bool:
    """Whether A holds a number other than 0 that is too large or too small to be multiplied four times.

    >>> has_extremes(Dense(torch.eye(2))), has_extremes(Dense(1e30 * torch.eye(2)))
    (False, True)
    """
    return any(
        _extreme(t.detach()) for t in (*A.parameters(), *A.buffers()) if t.is_floating_point() and t.numel()
    )


def _extreme(x: Tensor) -> bool:
    range_, largest = torch.finfo(x.dtype), x.abs().amax().item()
    return largest > range_.max**0.25 or 0 < largest < range_.tiny**0.25


@singledispatch
def rescaled(A: LinearOperator) -> tuple[int, LinearOperator]:
    """e and B with A = 2ᵉ B, where the largest entries of B, or of its factors, are near 1; e = 0 for other types.

    >>> exponent, B = rescaled(LowRank(1e20 * torch.ones(2, 1), 1e-30 * torch.ones(2, 1)))
    >>> exponent, B.U.amax() < 2, B.V.amax() < 2
    (-32, tensor(True), tensor(True))
    """
    return 0, A


@rescaled.register
def _(A: Dense) -> tuple[int, LinearOperator]:
    e = int(_exponents(A.matrix))
    return e, Dense(_shifted(A.matrix, -e))


@rescaled.register
def _(A: CircularConvolution) -> tuple[int, LinearOperator]:
    e = int(_exponents(A.kernels))
    return e, CircularConvolution(_shifted(A.kernels, -e), A.grid)


@rescaled.register
def _(A: LowRank) -> tuple[int, LinearOperator]:
    pairs = _pairs(A)
    e = int(pairs.total.max())
    return e, LowRank(*_balanced(A, pairs, e))


@rescaled.register
def _(A: IdentityPlusLowRank) -> tuple[int, LinearOperator]:
    pairs = _pairs(A)
    e = int(torch.cat([pairs.total, _exponents(A.scale).reshape(1)]).max())
    return e, IdentityPlusLowRank(_shifted(A.scale, -e), *_balanced(A, pairs, e))


def power_of_two(exponent: float, like: LinearOperator, name: str) -> Tensor:
    """2^exponent as a number in the precision of an operator; ValueError where that precision has none.

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


class _Pairs(NamedTuple):
    """Powers of two of the largest entries of uⱼ and vⱼ, and of their product: ABSENT where one of them is 0."""

    left: Tensor
    right: Tensor
    total: Tensor


def _pairs(A: LowRank | IdentityPlusLowRank) -> _Pairs:
    left, right = _exponents(A.U, 0), _exponents(A.V, 0)
    return _Pairs(left, right, torch.where((left == ABSENT) | (right == ABSENT), ABSENT, left + right))


def _balanced(A: LowRank | IdentityPlusLowRank, pairs: _Pairs, e: int) -> tuple[Tensor, Tensor]:
    """The same columns uⱼ vⱼᵀ, shared evenly by both factors, and 2ᵉ times smaller; those that are 0 become 0."""
    there, size = pairs.total != ABSENT, pairs.total - e
    half = size.div(2, rounding_mode="floor")
    U = _shifted(torch.where(there, A.U, 0), torch.where(there, half - pairs.left, 0))
    return U, _shifted(torch.where(there, A.V, 0), torch.where(there, size - half - pairs.right, 0))


def _exponents(x: Tensor, dim: int | None = None) -> Tensor:
    """The power of two of the largest entry, or of that of each column; ABSENT for zeros."""
    x = x.detach().abs()
    largest = x.amax() if dim is None else x.amax(dim) if len(x) else x.new_zeros(x.shape[1])
    return torch.where(largest > 0, torch.frexp(largest).exponent.long(), ABSENT)


def _shifted(x: Tensor, exponent: int | Tensor) -> Tensor:
    """x · 2^exponent in two steps, so that the factor alone neither overflows nor vanishes."""
    first = torch.as_tensor(exponent, device=x.device).div(2, rounding_mode="floor")
    for part in (first, exponent - first):
        x = x * torch.tensor(2.0, dtype=x.dtype, device=x.device).pow(part)
    return x
