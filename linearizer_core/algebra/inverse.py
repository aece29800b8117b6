"""The pseudo-inverse."""

from __future__ import annotations

import torch
from torch import Tensor

from .base import LinearOperator, Scaled, Transposed
from .iterated import IteratedExponential, IteratedInverse, iterates
from .operation import operation
from .simplify import simplify, structured


@operation(degree=lambda rtol=None: -1)
def pinv(A: LinearOperator, rtol: float | None = None) -> LinearOperator:
    """The Moore–Penrose pseudo-inverse A⁺, (m, n) to (n, m), of the same type where the type allows.

    Singular values up to `rtol` times the largest count as 0; None means max(m, n) · eps, as in torch.
    Gradients flow where the rank is constant (for c I + U Vᵀ: where it is invertible). An A that only multiplies and has
    a side above 1 024 is solved by least squares at each call (`algebra.iterated`), unless `rtol` is given. Source:
    Penrose, 1955.

    >>> from linearizer_core.operators import Diagonal
    >>> pinv(Diagonal(torch.tensor([4.0, 0.0]))).values
    tensor([0.2500, 0.0000])
    """
    B = simplify(A)
    if rtol is None and iterates(B, pinv):
        return IteratedInverse(B)
    return pinv(structured(B, pinv), rtol)


@pinv.register
def _(A: Scaled, rtol: float | None = None) -> Scaled:
    inverse_c = torch.where(A.c == 0, 0, 1 / torch.where(A.c == 0, 1, A.c))
    return Scaled(inverse_c, pinv(A.operator, rtol))


@pinv.register
def _(A: Transposed, rtol: float | None = None) -> LinearOperator:
    return pinv(A.operator, rtol).T


@pinv.register
def _(A: IteratedInverse, rtol: float | None = None) -> LinearOperator:
    return A.operator


@pinv.register
def _(A: IteratedExponential, rtol: float | None = None) -> LinearOperator:
    return IteratedExponential(A.operator, -A.t)


def largest_of(values: Tensor) -> Tensor:
    """max |values|, without a gradient; 0 where there are none.

    >>> largest_of(torch.tensor([1.0, -3.0])), largest_of(torch.zeros(0))
    (tensor(3.), tensor(0.))
    """
    size = values.detach().abs()
    return size.amax() if size.numel() else size.new_zeros(())


def default_rtol(A: LinearOperator, like: Tensor, rtol: float | None) -> float:
    """rtol itself, or max(m, n) · eps of the dtype of `like` where it is None.

    >>> from linearizer_core.operators import Identity
    >>> default_rtol(Identity(2), torch.zeros(1), None) == 2 * torch.finfo(torch.float32).eps
    True
    """
    return max(A.shape) * torch.finfo(like.dtype).eps if rtol is None else rtol
