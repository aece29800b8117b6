"""The pseudo-inverse."""

from __future__ import annotations

from functools import singledispatch

import torch
from torch import Tensor

from .base import LinearOperator, Scaled, Transposed
from .simplify import structured


@singledispatch
def pinv(A: LinearOperator, rtol: float | None = None) -> LinearOperator:
    """The Moore–Penrose pseudo-inverse A⁺, (m, n) to (n, m), of the same type where the type allows.

    Singular values up to `rtol` times the largest count as 0; None means max(m, n) · eps, as in torch.
    Gradients flow where the rank is constant (for c I + U Vᵀ: where it is invertible). Source: Penrose, 1955.

    >>> from linearizer_core.operators import Diagonal
    >>> pinv(Diagonal(torch.tensor([4.0, 0.0]))).values
    tensor([0.2500, 0.0000])
    """
    return pinv(structured(A, pinv), rtol)


@pinv.register
def _(A: Scaled, rtol: float | None = None) -> Scaled:
    inverse_c = torch.where(A.c == 0, 0, 1 / torch.where(A.c == 0, 1, A.c))
    return Scaled(inverse_c, pinv(A.operator, rtol))


@pinv.register
def _(A: Transposed, rtol: float | None = None) -> LinearOperator:
    return pinv(A.operator, rtol).T


def default_rtol(A: LinearOperator, like: Tensor, rtol: float | None) -> float:
    """rtol itself, or max(m, n) · eps of the dtype of `like` where it is None.

    >>> from linearizer_core.operators import Identity
    >>> default_rtol(Identity(2), torch.zeros(1), None) == 2 * torch.finfo(torch.float32).eps
    True
    """
    return max(A.shape) * torch.finfo(like.dtype).eps if rtol is None else rtol
