"""Operators of low rank: O((m + n) r) to store and to apply, and an algebra on the factors."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from typing import NamedTuple

import torch
from torch import Tensor

from ..algebra.base import LinearOperator, check_square, keep, transposed_matvec
from ..algebra.functions import power
from ..algebra.inverse import default_rtol, pinv
from ..algebra.matrix_functions import compressing, principal_power, real_power, rounding
from ..algebra.scaling import ABSENT, exponents, rescaled, shifted
from ..algebra.simplify import as_matrix, multiple, own_transpose, product, product_after
from ..algebra.singular import SVD, check_values, count_kept, leading, svd, truncate, with_singular_values
from .diagonal import Identity


class LowRank(LinearOperator):
    """A = U Vᵀ with factors U (m, r) and V (n, r); r is a bound on the rank. ValueError where r differs.

    >>> LowRank(torch.tensor([[1.0], [2.0]]), torch.tensor([[1.0], [1.0], [1.0]]))(torch.ones(3))
    tensor([3., 6.])
    """

    def __init__(self, U: Tensor, V: Tensor) -> None:
        super().__init__()
        self.U, self.V = keep_factors(self, U, V)
        self.shape = (len(U), len(V))

    def matvec(self, v: Tensor) -> Tensor:
        return (v @ self.V) @ self.U.mT


def keep_factors(A: LinearOperator, U: Tensor, V: Tensor) -> tuple[Tensor, Tensor]:
    """Gives A the factors U (m, r) and V (n, r), as `keep` does. ValueError where r differs.

    >>> sorted(LowRank(torch.ones(2, 1), torch.ones(3, 1)).state_dict())
    ['U', 'V']
    """
    U, V = keep(A, "U", U, dims=2), keep(A, "V", V, dims=2)
    if U.shape[1] != V.shape[1]:
        raise ValueError(
            f"{type(A).__name__}: U (m, r) and V (n, r) need the same r, got {tuple(U.shape)} "
            f"and {tuple(V.shape)}."
        )
    return U, V


@transposed_matvec.register
def _(A: LowRank, v: Tensor) -> Tensor:
    return (v @ A.U) @ A.V.mT


@pinv.register
def _(A: LowRank, rtol: float | None = None) -> LowRank:
    Q_U, Q_V, S = qr_middle(A)
    return LowRank(
        Q_V @ torch.linalg.pinv(S, atol=rounding(A.U, A.V).item(), rtol=default_rtol(A, S, rtol)), Q_U
    )


@power.register
def _(A: LowRank, p: float, rtol: float | None = None) -> LinearOperator:
    check_square(A, "power")
    n, r = A.U.shape
    if p == 0:
        return Identity(n).to(A.U)
    if r >= n:
        return power(as_matrix(A), p, rtol)
    if p < 0:
        principal_power(A.U.new_zeros(1), p)  # rank below n: raises, the operator is singular
    if float(p).is_integer():
        return LowRank(A.U @ torch.linalg.matrix_power(A.V.mT @ A.U, int(p) - 1), A.V)
    return _real_power_of_low_rank(A, p, default_rtol(A, A.U, rtol))


def _real_power_of_low_rank(A: LowRank, p: float, rtol: float) -> LowRank:
    """U (VᵀU)ᵖ⁻¹ Vᵀ on factors of exactly the rank of A, for which VᵀU is invertible or Aᵖ does not exist."""
    S, T = compressing(A.U, A.V, rtol)
    U, V = A.U @ S, A.V @ T
    middle = V.mT @ U
    smallest = torch.linalg.svdvals(middle.detach())[-1:]
    if (smallest <= rtol * torch.linalg.matrix_norm(U.detach(), 2)).any():
        raise ValueError(
            f"power {p:g} does not exist: A lacks eigenvectors at its eigenvalue 0; use an integer power."
        )
    return LowRank(U @ real_power(middle, p - 1, rtol), V)


@svd.register
def _(A: LowRank, k: int | None = None) -> SVD:
    Q_U, Q_V, S = qr_middle(A)
    U, values, Vh = torch.linalg.svd(S, full_matrices=False)
    return leading(SVD(Q_U @ U, values, Q_V @ Vh.mT), k)


@with_singular_values.register
def _(A: LowRank, values: Tensor | Sequence[float]) -> LinearOperator:
    return recombined(A, svd(A), values)


def qr_middle(A: LowRank) -> tuple[Tensor, Tensor, Tensor]:
    """Q_U, Q_V with orthonormal columns and a small S, such that U Vᵀ = Q_U S Q_Vᵀ: O((m + n) r²).

    >>> qr_middle(LowRank(torch.ones(4, 1), torch.ones(9, 1)))[2].abs()
    tensor([[6.0000]])
    """
    (Q_U, R_U), (Q_V, R_V) = torch.linalg.qr(A.U), torch.linalg.qr(A.V)
    return Q_U, Q_V, R_U @ R_V.mT


@rescaled.register
def _(A: LowRank) -> tuple[int, LinearOperator]:
    pairs = pairs_of(A.U, A.V)
    e = int(pairs.total.max())
    return e, LowRank(*balanced(A.U, A.V, pairs, e))


class Pairs(NamedTuple):
    """Powers of two of the largest entries of uⱼ and vⱼ, and of their product: ABSENT where one of them is 0.

    >>> pairs_of(torch.tensor([[4.0]]), torch.tensor([[1.0]])).total
    tensor([4])
    """

    left: Tensor
    right: Tensor
    total: Tensor


def pairs_of(U: Tensor, V: Tensor) -> Pairs:
    """The sizes of the columns of the factors U (m, r) and V (n, r) of an operator.

    >>> pairs_of(torch.tensor([[4.0]]), torch.tensor([[0.0]])).total == ABSENT
    tensor([True])
    """
    left, right = exponents(U, 0), exponents(V, 0)
    return Pairs(left, right, torch.where((left == ABSENT) | (right == ABSENT), ABSENT, left + right))


def balanced(U: Tensor, V: Tensor, pairs: Pairs, e: int) -> tuple[Tensor, Tensor]:
    """The same columns uⱼ vⱼᵀ, shared evenly by both factors, and 2ᵉ times smaller; those that are 0 become 0.

    >>> U, V = torch.tensor([[16.0]]), torch.tensor([[1.0]])
    >>> balanced(U, V, pairs_of(U, V), e=0)
    (tensor([[4.]]), tensor([[4.]]))
    """
    there, size = pairs.total != ABSENT, pairs.total - e
    half = size.div(2, rounding_mode="floor")
    left = shifted(torch.where(there, U, 0), torch.where(there, half - pairs.left, 0))
    return left, shifted(torch.where(there, V, 0), torch.where(there, size - half - pairs.right, 0))


@singledispatch
def recombined(A: LinearOperator, factors: SVD, values: Tensor | Sequence[float]) -> LinearOperator:
    """U diag(values) Vᵀ from the `factors` of A, all of them or the leading ones, without decomposing A again.

    ValueError unless there are as many values as in `factors`.

    >>> from linearizer_core.operators import Diagonal
    >>> A = Diagonal(torch.tensor([2.0, 1.0]))
    >>> recombined(A, svd(A, 1), [3.0]).dense()
    tensor([[3., 0.],
            [0., 0.]])
    """
    U, old, V = factors
    return LowRank(U * check_values(values, old), V)


def leading_part(A: LinearOperator, k: int) -> LinearOperator:
    """The k largest singular values of A on their vectors as a `LowRank`; A itself where these are all.

    >>> leading_part(LowRank(2 * torch.eye(2), torch.eye(2)), 1).dense()
    tensor([[2., 0.],
            [0., 0.]])
    """
    if count_kept(k, min(A.shape)) == min(A.shape):
        return A
    U, values, V = svd(A, k)
    return LowRank(U * values, V)


truncate.register(LowRank, leading_part)


class Parts(NamedTuple):
    """c, U (n, r) and V (n, r) of an operator that is c I + U Vᵀ.

    >>> parts(LowRank(torch.ones(2, 1), torch.ones(2, 1))).c
    tensor(0.)
    """

    c: Tensor
    U: Tensor
    V: Tensor


@singledispatch
def parts(A: LinearOperator) -> Parts | None:
    """How A is written as c I + U Vᵀ with few columns; None for a type that is not. A rule here, and products and sums
    with all others of the family stay on the factors.

    >>> parts(Identity(3)) is None, parts(LowRank(torch.ones(3, 1), torch.ones(3, 1))).U.shape
    (False, torch.Size([3, 1]))
    """
    return None


@parts.register
def _(A: LowRank) -> Parts:
    return Parts(A.U.new_zeros(()), A.U, A.V)


@parts.register
def _(A: Identity) -> Parts:
    none = A.values.new_zeros(A.shape[0], 0)
    return Parts(A.values.new_ones(()), none, none)


def known_parts(A: LinearOperator) -> Parts:
    """`parts(A)` of a type of the family. ValueError for another.

    >>> known_parts(Identity(3)).c
    tensor(1.)
    """
    found = parts(A)
    if found is None:
        raise ValueError(f"{type(A).__name__} is not known as c I + U Vᵀ; give its type a rule of `parts`.")
    return found


@multiple.register
def _(A: LowRank, c: Tensor) -> LowRank:
    return LowRank(c * A.U, A.V)


@own_transpose.register
def _(A: LowRank) -> LowRank:
    return LowRank(A.V, A.U)


def thin_product(second: LinearOperator, first: LinearOperator) -> LowRank:
    """U Vᵀ B = U (Bᵀ V)ᵀ for a `second` U Vᵀ by `parts`, whatever `first` B is.

    >>> u = torch.ones(2, 1)
    >>> thin_product(LowRank(u, u), 2 * Identity(2)).V
    tensor([[2.],
            [2.]])
    """
    _, U, V = known_parts(second)
    return LowRank(U, first.T(V.mT).mT)


def thin_after(first: LinearOperator, second: LinearOperator) -> LowRank:
    """B U Vᵀ = (B U) Vᵀ for a `first` U Vᵀ by `parts`, whatever `second` B is.

    >>> u = torch.ones(2, 1)
    >>> thin_after(LowRank(u, u), 2 * Identity(2)).U
    tensor([[2.],
            [2.]])
    """
    _, U, V = known_parts(first)
    return LowRank(second(U.mT).mT, V)


product.register(LowRank, thin_product)
product_after.register(LowRank, thin_after)
