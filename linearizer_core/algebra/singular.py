"""Singular values: the decomposition, truncation, and other values on the same singular vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ..inputs import whole_number
from ..operators import (
    CircularConvolution,
    Composed,
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
from ..operators.spatial import apply_transfer
from .blocks import complement, completed, restricted, to_block
from .operation import operation


class SVD(NamedTuple):
    """A = U diag(values) Vᵀ: U (m, r) and V (n, r) with orthonormal columns, values (r,) descending and ≥ 0.

    >>> SVD(torch.eye(2), torch.ones(2), torch.eye(2)).values
    tensor([1., 1.])
    """

    U: Tensor
    values: Tensor
    V: Tensor


@operation(follows=False)
def svd(A: LinearOperator, k: int | None = None) -> SVD:
    """Singular value decomposition A = U diag(values) Vᵀ, the k largest values only where k is given.

    r is min(m, n) in general, at most the number of factors for a `LowRank`, the rank for a `Projection`:
    what is left out is 0. All n values of a large c I + U Vᵀ need n×n vectors; its k largest need O(n (k +
    rank)). Gradients: to the values where they are simple, to U and V where all are distinct. ValueError for
    k < 0.

    >>> U, values, V = svd(LowRank(torch.ones(3, 1), torch.ones(4, 1)))
    >>> values
    tensor([3.4641])
    """
    return svd(structured(A), k)


@svd.register
def _(A: Dense, k: int | None = None) -> SVD:
    U, values, Vh = torch.linalg.svd(A.matrix, full_matrices=False)
    return _leading(SVD(U, values, Vh.mT), k)


@svd.register
def _(A: Diagonal | Identity, k: int | None = None) -> SVD:
    order = _descending(A.values.abs())[: _count(k, len(A.values))]
    V = torch.zeros(len(A.values), len(order), dtype=A.values.dtype, device=A.values.device)
    V[order, range(len(order))] = 1
    values = A.values[order]
    return SVD(V * _sign(values), values.abs(), V)


@svd.register
def _(A: LowRank, k: int | None = None) -> SVD:
    Q_U, Q_V, S = qr_middle(A)
    U, values, Vh = torch.linalg.svd(S, full_matrices=False)
    return _leading(SVD(Q_U @ U, values, Q_V @ Vh.mT), k)


@svd.register
def _(A: IdentityPlusLowRank, k: int | None = None) -> SVD:
    c, Q, S = to_block(A)
    W, _, Yh = torch.linalg.svd(S)
    values = _all_values(A, Q)
    order = _descending(values)[: _count(k, len(values))]
    rest = complement(Q, int((order >= len(S)).sum()))  # all its vectors are alike: take the first
    U, V = torch.cat([Q @ W, _sign(c) * rest], 1), torch.cat([Q @ Yh.mT, rest], 1)
    return SVD(U[:, order], values[order], V[:, order])


def _all_values(A: IdentityPlusLowRank, Q: Tensor) -> Tensor:
    """Those in the span of Q, then |c| for each axis outside; dσᵢ = uᵢᵀ dA vᵢ needs no derivative of Q."""
    return torch.cat(
        [torch.linalg.svdvals(restricted(A, Q.detach())), A.scale.abs().expand(len(Q) - Q.shape[1])]
    )


@svd.register
def _(A: Projection, k: int | None = None) -> SVD:
    Q = A.Q
    Q = Q[:, Q.detach().abs().amax(0) > 0] if Q.shape[1] else Q
    return _leading(SVD(Q, Q.new_ones(Q.shape[1]), Q), k)


@svd.register
def _(A: Exponential, k: int | None = None) -> SVD:
    return svd(Dense(A.dense()), k)


@svd.register
def _(A: PerPosition, k: int | None = None) -> SVD:
    """Each singular value of the channels stands once per position."""
    positions = A.grid[0] * A.grid[1]
    U, values, V = svd(A.channels)
    take = torch.arange(_count(k, len(values) * positions), device=values.device)
    axis, place = take // positions, take % positions

    def columns(W: Tensor) -> Tensor:
        whole = W.new_zeros(len(W), positions, len(take))
        whole[:, place, take] = W[:, axis]
        return whole.flatten(0, 1)

    return SVD(columns(U), values[axis], columns(V))


@svd.register
def _(A: CircularConvolution, k: int | None = None) -> SVD:
    """V are waves, U the same waves moved by the phase of the transfer."""
    H = A.transfer
    order = _descending(H.abs().flatten())[: _count(k, H.numel())]
    V = fourier_basis(A.grid, len(H), order, A.kernels.dtype).to(A.kernels.device)
    U = apply_transfer(torch.where(H.abs() > 0, torch.sgn(H), 1), V).mT
    return SVD(U, H.abs().flatten()[order], V.mT)


def fourier_basis(
    grid: tuple[int, int], channels: int, which: Tensor, dtype: torch.dtype | None = None
) -> Tensor:
    """Orthonormal real waves (len(which), channels · h · w), numbered like the entries of a transfer (channels, h, w).

    Of the frequencies f and −f, which have the same singular value, one stands for the cosine and one for the sine.

    >>> V = fourier_basis((3, 4), 2, torch.arange(24))
    >>> torch.allclose(V @ V.mT, torch.eye(24), atol=1e-6)
    True
    """
    (h, w), which = grid, which.cpu()
    channel, a, b = which // (h * w), which // w % h, which % w
    mirrored = (-a % h) * w + (-b % w)
    own, first = a * w + b == mirrored, a * w + b < mirrored
    y, x = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
    y, x = y.double() / h, x.double() / w  # exact waves, whatever torch's default dtype
    angle = 2 * torch.pi * (a[:, None, None] * y + b[:, None, None] * x)
    wave = torch.where((own | first)[:, None, None], angle.cos(), angle.sin())
    wave = wave * torch.where(own, 1.0, 2.0)[:, None, None].double().sqrt() / (h * w) ** 0.5
    waves = torch.zeros(len(which), channels, h, w, dtype=dtype)
    waves[torch.arange(len(which)), channel] = wave.to(waves.dtype)
    return waves.flatten(1).to(which.device)


@svd.register
def _(A: Scaled, k: int | None = None) -> SVD:
    U, values, V = svd(A.operator, k)
    return SVD(_sign(A.c) * U, A.c.abs() * values, V)


@svd.register
def _(A: Transposed, k: int | None = None) -> SVD:
    U, values, V = svd(A.operator, k)
    return SVD(V, values, U)


@operation
def with_singular_values(A: LinearOperator, values: Tensor | Sequence[float]) -> LinearOperator:
    """A's singular vectors with other `values` (r,), one for each of `svd(A).values`, in that order.

    They need be neither sorted nor positive. A `Diagonal` stays one, a `LowRank` too, c I + U Vᵀ becomes a
    product of three factors of its own size. Where A has equal singular values their vectors are one choice
    of many. ValueError unless there are exactly r values.

    >>> with_singular_values(Diagonal(torch.tensor([1.0, -3.0])), [5.0, 2.0]).values
    tensor([ 2., -5.])
    """
    return with_singular_values(structured(A), values)


@with_singular_values.register
def _(A: Dense | LowRank | Projection, values: Tensor | Sequence[float]) -> LowRank:
    U, old, V = svd(A)
    return LowRank(U * check_values(values, old), V)


@with_singular_values.register
def _(A: Diagonal | Identity, values: Tensor | Sequence[float]) -> Diagonal:
    values, order = check_values(values, A.values), _descending(A.values.abs())
    return Diagonal(_sign(A.values) * values[order.argsort()])


@with_singular_values.register
def _(A: IdentityPlusLowRank, values: Tensor | Sequence[float]) -> LinearOperator:
    c, Q, S = to_block(A)
    W, _, Yh = torch.linalg.svd(S)
    old = _all_values(A, Q)
    middle = Diagonal(check_values(values, old)[_descending(old).argsort()])
    return Composed(completed(Q, W, _sign(c)), Composed(middle, completed(Q, Yh.mT, torch.ones_like(c)).T))


@with_singular_values.register
def _(A: Exponential, values: Tensor | Sequence[float]) -> LinearOperator:
    return with_singular_values(Dense(A.dense()), values)


@with_singular_values.register
def _(A: PerPosition, values: Tensor | Sequence[float]) -> LinearOperator:
    U, old, V = svd(A.channels)
    values = check_values(values, old.repeat_interleave(A.grid[0] * A.grid[1]))
    left, right = PerPosition(Dense(U), A.grid), PerPosition(Dense(V.mT), A.grid)
    return Composed(left, Composed(Diagonal(values), right))


@with_singular_values.register
def _(A: CircularConvolution, values: Tensor | Sequence[float]) -> LinearOperator:
    U, old, V = svd(A)
    return LowRank(U * check_values(values, old), V)


@with_singular_values.register
def _(A: Scaled, values: Tensor | Sequence[float]) -> LinearOperator:
    return Scaled(_sign(A.c), with_singular_values(A.operator, values))


@with_singular_values.register
def _(A: Transposed, values: Tensor | Sequence[float]) -> LinearOperator:
    return with_singular_values(A.operator, values).T


@operation(read=lambda k: (whole_number("k", k, 0),))
def truncate(A: LinearOperator, k: int) -> LinearOperator:
    """A with only its k largest singular values: the nearest operator of rank k.

    Of equal singular values at the cut the first in A's own order stay. ValueError unless k is an integer ≥
    0. Source: Eckart and Young, 1936.

    >>> truncate(Diagonal(torch.tensor([1.0, -3.0, 2.0])), 2).values
    tensor([ 0., -3.,  2.])
    """
    return truncate(structured(A), k)


@truncate.register
def _(A: Dense | LowRank, k: int) -> LinearOperator:
    if _count(k, min(A.shape)) == min(A.shape):
        return A
    U, values, V = svd(A, k)
    return LowRank(U * values, V)


@truncate.register
def _(A: Diagonal | Identity, k: int) -> LinearOperator:
    rank = _descending(A.values.abs()).argsort()
    return Diagonal(torch.where(rank < _count(k, len(rank)), A.values, 0))


@truncate.register
def _(A: IdentityPlusLowRank, k: int) -> LinearOperator:
    n, r = A.U.shape
    if _count(k, n) == n:
        return A
    if k <= 2 * r:
        U, values, V = svd(A, k)
        return LowRank(U * values, V)
    values = _all_values(A, to_block(A).Q).sort(descending=True).values
    return with_singular_values(A, torch.cat([values[:k], torch.zeros_like(values[k:])]))


@truncate.register
def _(A: Projection, k: int) -> Projection:
    return Projection(A.Q[:, : _count(k, A.shape[0])])


@truncate.register
def _(A: Exponential, k: int) -> LinearOperator:
    return truncate(Dense(A.dense()), k)


@truncate.register
def _(A: PerPosition, k: int) -> LinearOperator:
    values = svd(A.channels).values.repeat_interleave(A.grid[0] * A.grid[1])
    kept = torch.arange(len(values), device=values.device) < _count(k, len(values))
    return A if kept.all() else with_singular_values(A, torch.where(kept, values, 0))


@truncate.register
def _(A: CircularConvolution, k: int) -> LinearOperator:
    if _count(k, A.shape[0]) == A.shape[0]:
        return A
    U, values, V = svd(A, k)
    return LowRank(U * values, V)


@truncate.register
def _(A: Scaled, k: int) -> Scaled:
    return Scaled(A.c, truncate(A.operator, k))


@truncate.register
def _(A: Transposed, k: int) -> LinearOperator:
    return truncate(A.operator, k).T


def check_values(values: Tensor | Sequence[float], old: Tensor) -> Tensor:
    """`values` as a tensor to replace the singular values `old` (r,); ValueError unless there are r.

    >>> check_values([1.0, 0.5], torch.zeros(2))
    tensor([1.0000, 0.5000])
    """
    values = torch.as_tensor(values, dtype=old.dtype, device=old.device)
    if values.shape != old.shape:
        raise ValueError(
            f"values must be the {len(old)} singular values of A, shape ({len(old)},), got shape "
            f"{tuple(values.shape)}; see svd(A).values."
        )
    return values


def qr_middle(A: LowRank) -> tuple[Tensor, Tensor, Tensor]:
    """Q_U, Q_V with orthonormal columns and a small S, such that U Vᵀ = Q_U S Q_Vᵀ: O((m + n) r²).

    >>> qr_middle(LowRank(torch.ones(4, 1), torch.ones(9, 1)))[2].abs()
    tensor([[6.0000]])
    """
    (Q_U, R_U), (Q_V, R_V) = torch.linalg.qr(A.U), torch.linalg.qr(A.V)
    return Q_U, Q_V, R_U @ R_V.mT


def _count(k: int | None, available: int) -> int:
    if k is None:  # all of them
        return available
    return min(whole_number("k", k, 0), available)


def _leading(factors: SVD, k: int | None) -> SVD:
    U, values, V = factors
    k = _count(k, len(values))
    return SVD(U[:, :k], values[:k], V[:, :k])


def _descending(values: Tensor) -> Tensor:
    return values.detach().sort(descending=True, stable=True).indices


def _sign(values: Tensor) -> Tensor:
    """±1, and 1 for 0: the sign that a singular vector takes so that its value is not negative."""
    return torch.where(values < 0, -1, 1).to(values.dtype)
