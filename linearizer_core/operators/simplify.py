"""One operator out of many: products and sums of structured operators on as few factors as possible."""

from __future__ import annotations

from functools import singledispatch

import torch
from torch import Tensor

from .base import Composed, LinearOperator, Scaled, Sum, Transposed
from .dense import Dense
from .diagonal import Diagonal, Identity
from .exponential import Exponential
from .low_rank import IdentityPlusLowRank, LowRank
from .projection import Projection
from .spatial import CircularConvolution, PerPosition

BASIC = (
    Dense,
    Diagonal,
    Identity,
    LowRank,
    IdentityPlusLowRank,
    Projection,
    Exponential,
    PerPosition,
    CircularConvolution,
)


@singledispatch
def simplify(A: LinearOperator) -> LinearOperator:
    """The same operator in the cheapest form that its types allow, found on the factors.

    Products and sums of diagonal operators are one `Diagonal`; a product with a `LowRank` factor is one
    `LowRank`; products and sums of scaled identities plus low rank are one `IdentityPlusLowRank` while the
    ranks add up to less than n; what acts alike on the channels of every position, or convolves, stays that.
    Where no such rule holds the operator comes back as it is. Gradients flow to the operands.

    >>> u = torch.ones(1000, 1)
    >>> A = Identity(1000) + 0.5 * LowRank(u, u)
    >>> simplify(A @ A.T)
    IdentityPlusLowRank(shape=(1000, 1000))
    """
    return A


def structured(A: LinearOperator) -> LinearOperator:
    """`simplify(A)` where that is one of the basic types, else A's matrix as a `Dense`: always right.

    >>> structured(Identity(2) + Diagonal(torch.tensor([1.0, 2.0]))).values
    tensor([2., 3.])
    """
    B = simplify(A)
    return B if isinstance(B, BASIC) else Dense(B.dense())


@simplify.register
def _(A: Transposed) -> LinearOperator:
    match simplify(A.operator):
        case Dense() as B:
            return Dense(B.matrix.mT)
        case LowRank() as B:
            return LowRank(B.V, B.U)
        case PerPosition() as B:
            return PerPosition(simplify(Transposed(B.channels)), B.grid)
        case CircularConvolution() as B:
            return CircularConvolution.from_transfer(B.transfer.conj())
        case Exponential() as B:
            return Exponential(B.generator.mT)
        case IdentityPlusLowRank() as B:
            return IdentityPlusLowRank(B.scale, B.V, B.U)
        case B:
            return B.T


@simplify.register
def _(A: Scaled) -> LinearOperator:
    match simplify(A.operator):
        case Dense() as B:
            return Dense(A.c * B.matrix)
        case PerPosition() as B:
            return PerPosition(simplify(Scaled(A.c, B.channels)), B.grid)
        case CircularConvolution() as B:
            return CircularConvolution(A.c * B.kernels, B.grid)
        case Diagonal() as B:
            return Diagonal(A.c * B.values)
        case LowRank() | Projection() as B:
            _, U, V = _parts(B)
            return LowRank(A.c * U, V)
        case Identity() | IdentityPlusLowRank() as B:
            c, U, V = _parts(B)
            return IdentityPlusLowRank(A.c * c, A.c * U, V)
        case B:
            return Scaled(A.c, B)


@simplify.register
def _(A: Composed) -> LinearOperator:
    match _aligned(A.second, A.first):
        case Diagonal() as second, Diagonal() as first:
            return Diagonal(second.values * first.values)
        case PerPosition() as second, PerPosition() as first if second.grid == first.grid:
            return PerPosition(simplify(Composed(second.channels, first.channels)), second.grid)
        case CircularConvolution() as second, CircularConvolution() as first if second.grid == first.grid:
            return CircularConvolution.from_transfer(second.transfer * first.transfer)
        case (Identity() | IdentityPlusLowRank() as second, first) if _rank_bound(second) == 0:
            return simplify(Scaled(_parts(second)[0], first))
        case (second, Identity() | IdentityPlusLowRank() as first) if _rank_bound(first) == 0:
            return simplify(Scaled(_parts(first)[0], second))
        case LowRank() | Projection() as second, first:
            _, U, V = _parts(second)
            return LowRank(U, first.T(V.mT).mT)
        case second, LowRank() | Projection() as first:
            _, U, V = _parts(first)
            return LowRank(second(U.mT).mT, V)
        case IdentityPlusLowRank() as second, IdentityPlusLowRank() as first if _stays_low(second, first):
            U = torch.cat(
                [first.scale * second.U, second(first.U.mT).mT], 1
            )  # (c + UVᵀ)(d + STᵀ) on its factors
            return IdentityPlusLowRank(second.scale * first.scale, U, torch.cat([second.V, first.V], 1))
        case Dense() as second, Dense() as first if second.shape[1] < min(A.shape):
            return LowRank(second.matrix, first.matrix.mT)
        case second, first:
            return Composed(second, first)


@simplify.register
def _(A: Sum) -> LinearOperator:
    match _aligned(A.left, A.right):
        case Diagonal() as left, Diagonal() as right:
            return Diagonal(left.values + right.values)
        case PerPosition() as left, PerPosition() as right if left.grid == right.grid:
            return PerPosition(structured(Sum(left.channels, right.channels)), left.grid)
        case CircularConvolution() as left, CircularConvolution() as right if left.grid == right.grid:
            return CircularConvolution.from_transfer(left.transfer + right.transfer)
        case LowRank() | Projection() as left, LowRank() | Projection() as right if _stays_low(left, right):
            (_, U, V), (_, S, T) = _parts(left), _parts(right)
            return LowRank(torch.cat([U, S], 1), torch.cat([V, T], 1))
        case left, right if _is_scalar_plus(left) and _is_scalar_plus(right) and _stays_low(left, right):
            (c, U, V), (d, S, T) = _parts(left), _parts(right)
            return IdentityPlusLowRank(c + d, torch.cat([U, S], 1), torch.cat([V, T], 1))
        case left, right:
            return Sum(left, right)


def _is_scalar_plus(A: LinearOperator) -> bool:
    return isinstance(A, Identity | LowRank | Projection | IdentityPlusLowRank)


def _parts(A: LinearOperator) -> tuple[Tensor, Tensor, Tensor]:
    """c, U and V of A = c I + U Vᵀ for the types that are so written."""
    match A:
        case Identity():
            none = A.values.new_zeros(A.shape[0], 0)
            return A.values.new_ones(()), none, none
        case Projection():
            Q = A.Q
            return Q.new_zeros(()), Q, Q
        case LowRank():
            return A.U.new_zeros(()), A.U, A.V
    return A.scale, A.U, A.V


def _rank_bound(A: LinearOperator) -> int:
    return _parts(A)[1].shape[1]


def _stays_low(A: LinearOperator, B: LinearOperator) -> bool:
    return _rank_bound(A) + _rank_bound(B) < min(A.shape)


def _aligned(A: LinearOperator, B: LinearOperator) -> tuple[LinearOperator, LinearOperator]:
    """Both simplified; a multiple of the identity beside a Diagonal is written as a Diagonal too."""
    A, B = simplify(A), simplify(B)
    return (_as_diagonal(A), _as_diagonal(B)) if Diagonal in (type(A), type(B)) else (A, B)


def _as_diagonal(A: LinearOperator) -> LinearOperator:
    if isinstance(A, Identity | IdentityPlusLowRank) and _rank_bound(A) == 0:
        c, U, _ = _parts(A)
        return Diagonal(c * U.new_ones(len(U)))
    return A
