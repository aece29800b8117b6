"""The pseudo-inverse."""

from __future__ import annotations

import torch
from torch import Tensor

from ..operators import (
    CircularConvolution,
    Dense,
    Diagonal,
    Exponential,
    Identity,
    IdentityPlusLowRank,
    LinearOperator,
    LowRank,
    PerPosition,
    Projection,
    Scaled,
    Transposed,
)
from ..operators.simplify import structured
from .blocks import from_block, to_block
from .matrix_functions import rounding
from .operation import operation
from .singular import qr_middle


@operation(degree=lambda rtol=None: -1)
def pinv(A: LinearOperator, rtol: float | None = None) -> LinearOperator:
    """The Moore–Penrose pseudo-inverse A⁺, (m, n) to (n, m), of the same type where the type allows.

    Singular values up to `rtol` times the largest count as 0; None means max(m, n) · eps, as in torch.
    Gradients flow where the rank is constant (for c I + U Vᵀ: where it is invertible). Source: Penrose, 1955.

    >>> pinv(Diagonal(torch.tensor([4.0, 0.0]))).values
    tensor([0.2500, 0.0000])
    """
    return pinv(structured(A), rtol)


@pinv.register
def _(A: Dense, rtol: float | None = None) -> Dense:
    return Dense(torch.linalg.pinv(A.matrix, rtol=default_rtol(A, A.matrix, rtol)))


@pinv.register
def _(A: Diagonal, rtol: float | None = None) -> Diagonal:
    s = A.values
    keep = s.abs() > default_rtol(A, s, rtol) * largest_of(s)  # strict, so the zero operator maps to zero
    return Diagonal(torch.where(keep, 1 / torch.where(keep, s, 1), 0))


@pinv.register
def _(A: Identity | Projection, rtol: float | None = None) -> LinearOperator:
    return A


@pinv.register
def _(A: LowRank, rtol: float | None = None) -> LowRank:
    Q_U, Q_V, S = qr_middle(A)
    return LowRank(
        Q_V @ torch.linalg.pinv(S, atol=rounding(A.U, A.V).item(), rtol=default_rtol(A, S, rtol)), Q_U
    )


@pinv.register
def _(A: IdentityPlusLowRank, rtol: float | None = None) -> LinearOperator:
    smallest, cutoff = smallest_and_cutoff(A, rtol)
    c, U, V = A.scale, A.U, A.V
    if smallest > cutoff and c.abs() > cutoff:  # invertible: Woodbury, whose gradients need no QR
        middle = c * torch.eye(U.shape[1], dtype=U.dtype, device=U.device) + V.mT @ U
        return IdentityPlusLowRank(1 / c, torch.linalg.solve(middle, -U / c, left=False), V)
    _, Q, S = to_block(A)
    inverse_c = torch.where(c.abs() > cutoff, 1 / torch.where(c.abs() > cutoff, c, 1), 0)
    return from_block(inverse_c, Q, torch.linalg.pinv(S, atol=cutoff.item(), rtol=0.0))


@pinv.register
def _(A: Exponential, rtol: float | None = None) -> LinearOperator:
    if rtol is not None:  # only then may a direction of an invertible operator count as lost
        return pinv(Dense(A.dense()), rtol)
    return Exponential(-A.generator)


@pinv.register
def _(A: PerPosition, rtol: float | None = None) -> PerPosition:
    return PerPosition(pinv(A.channels, rtol), A.grid)


@pinv.register
def _(A: CircularConvolution, rtol: float | None = None) -> CircularConvolution:
    H = A.transfer
    keep = H.abs() > default_rtol(A, A.kernels, rtol) * largest_of(H)
    return CircularConvolution.from_transfer(torch.where(keep, 1 / torch.where(keep, H, 1), 0))


@pinv.register
def _(A: Scaled, rtol: float | None = None) -> Scaled:
    inverse_c = torch.where(A.c == 0, 0, 1 / torch.where(A.c == 0, 1, A.c))
    return Scaled(inverse_c, pinv(A.operator, rtol))


@pinv.register
def _(A: Transposed, rtol: float | None = None) -> LinearOperator:
    return pinv(A.operator, rtol).T


def largest_of(values: Tensor) -> Tensor:
    """max |values|, without a gradient; 0 where there are none.

    >>> largest_of(torch.tensor([1.0, -3.0])), largest_of(torch.zeros(0))
    (tensor(3.), tensor(0.))
    """
    size = values.detach().abs()
    return size.amax() if size.numel() else size.new_zeros(())


def default_rtol(A: LinearOperator, like: Tensor, rtol: float | None) -> float:
    """rtol itself, or max(m, n) · eps of the dtype of `like` where it is None.

    >>> default_rtol(Identity(2), torch.zeros(1), None) == 2 * torch.finfo(torch.float32).eps
    True
    """
    return max(A.shape) * torch.finfo(like.dtype).eps if rtol is None else rtol


@torch.no_grad()
def smallest_and_cutoff(A: IdentityPlusLowRank, rtol: float | None = None) -> tuple[Tensor, Tensor]:
    """The smallest singular value of A, and the value up to which one counts as 0: `rtol` times the largest.

    >>> smallest_and_cutoff(IdentityPlusLowRank(2.0, torch.eye(2)[:, :1], torch.eye(2)[:, :1]), rtol=0.1)
    (tensor(2.), tensor(0.3000))
    """
    c, Q, S = to_block(A)
    values = torch.linalg.svdvals(S)
    if len(Q) > len(S):
        values = torch.cat([values, c.abs().reshape(1)])
    noise = rounding(A.U, A.V)
    return values.min(), torch.maximum(default_rtol(A, S, rtol) * values.max(), noise)
