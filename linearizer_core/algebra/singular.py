"""Singular values: the decomposition, truncation, and other values on the same singular vectors."""

from collections.abc import Sequence
from functools import singledispatch
from typing import NamedTuple

import torch
from torch import Tensor

from ..inputs import as_numbers, whole_number
from .base import LinearOperator, Scaled, Transposed
from .iterated import iterates, leading_values
from .operation import operation
from .simplify import as_operator, simplify, structured


class SVD(NamedTuple):
    """A = U diag(values) Vᵀ: U (m, r) and V (n, r) with orthonormal columns, values (r,) descending and ≥ 0.

    >>> SVD(torch.eye(2), torch.ones(2), torch.eye(2))
    SVD(2 values [1, 1], U (2, 2), V (2, 2))
    """

    U: Tensor
    values: Tensor
    V: Tensor

    def __repr__(self) -> str:
        return f"SVD({listed(self.values)}, U {tuple(self.U.shape)}, V {tuple(self.V.shape)})"


def listed(values: Tensor) -> str:
    """How many singular values there are, and the first of them.

    >>> listed(torch.tensor([2.5, 1.0]))
    '2 values [2.5, 1]'
    """
    shown = ", ".join(f"{value:.4g}" for value in values[:6].tolist())
    return f"{len(values)} values [{shown}{', …' if len(values) > 6 else ''}]"


@operation(follows=False)
def svd(A: LinearOperator, k: int | None = None) -> SVD:
    """Singular value decomposition A = U diag(values) Vᵀ, the k largest values only where k is given.

    r is min(m, n) in general, at most the number of factors for a `LowRank`, the rank for a `Projection`:
    what is left out is 0. All n values of a large c I + U Vᵀ need n×n vectors; its k largest need O(n (k +
    rank)). Gradients: to the values where they are simple, to U and V where all are distinct. ValueError for
    k < 0. Of an A that only multiplies and has a side above 1 024, few values (k up to an eighth of the shorter side) come
    from ARPACK without a matrix: with gradients to the values, none to U and V.

    >>> from linearizer_core.operators import LowRank
    >>> U, values, V = svd(LowRank(torch.ones(3, 1), torch.ones(4, 1)))
    >>> values
    tensor([3.4641])
    """
    B = simplify(A)
    if k is not None and iterates(B, svd) and count_kept(k, min(B.shape)) <= min(B.shape) // 8:
        return SVD(*leading_values(B, count_kept(k, min(B.shape))))
    return svd(structured(B, svd), k)


@svd.register
def _(A: Scaled, k: int | None = None) -> SVD:
    U, values, V = svd(A.operator, k)
    return SVD(sign(A.c) * U, A.c.abs() * values, V)


@svd.register
def _(A: Transposed, k: int | None = None) -> SVD:
    U, values, V = svd(A.operator, k)
    return SVD(V, values, U)


@operation(follows=False)
def singular_values(A: LinearOperator) -> Tensor:
    """σ₁ ≥ σ₂ ≥ … ≥ 0, the values of `svd(A)` (r,) without its vectors, which n×n numbers may be needed for.

    >>> from linearizer_core.operators import Diagonal
    >>> singular_values(Diagonal(torch.tensor([1.0, -3.0])))
    tensor([3., 1.])
    """
    return svd(A).values


@singledispatch
def coordinates(A: LinearOperator, v: Tensor) -> Tensor:
    """⟨v, vᵢ⟩ along every right singular vector of A, Vᵀ v: (*, n) to (*, r), in the order of `svd(A).values`.

    >>> from linearizer_core.operators import Diagonal
    >>> coordinates(Diagonal(torch.tensor([1.0, -3.0])), torch.tensor([5.0, 7.0]))
    tensor([7., 5.])
    """
    return v @ svd(A).V


@operation
def with_singular_values(A: LinearOperator, values: Tensor | Sequence[float]) -> LinearOperator:
    """A's singular vectors with other `values` (r,), one for each of `svd(A).values`, in that order.

    They need be neither sorted nor positive. A `Diagonal` stays one, a `LowRank` too, c I + U Vᵀ becomes a
    product of three factors of its own size. Where A has equal singular values their vectors are one choice
    of many. ValueError unless there are exactly r values.

    >>> from linearizer_core.operators import Diagonal
    >>> with_singular_values(Diagonal(torch.tensor([1.0, -3.0])), [5.0, 2.0]).values
    tensor([ 2., -5.])
    """
    return with_singular_values(structured(A, with_singular_values), values)


@with_singular_values.register
def _(A: Scaled, values: Tensor | Sequence[float]) -> LinearOperator:
    return Scaled(sign(A.c), with_singular_values(A.operator, values))


@with_singular_values.register
def _(A: Transposed, values: Tensor | Sequence[float]) -> LinearOperator:
    return with_singular_values(A.operator, values).T


@operation(read=lambda k: (whole_number("k", k, 0),))
def truncate(A: LinearOperator, k: int) -> LinearOperator:
    """A with only its k largest singular values: the nearest operator of rank k.

    Of equal singular values at the cut the first in A's own order stay. ValueError unless k is an integer ≥
    0. Source: Eckart and Young, 1936.

    >>> from linearizer_core.operators import Diagonal
    >>> truncate(Diagonal(torch.tensor([1.0, -3.0, 2.0])), 2).values
    tensor([ 0., -3.,  2.])
    """
    B = simplify(A)
    if iterates(B, truncate) and k <= min(B.shape) // 8:
        U, values, V = svd(B, k)
        return simplify(as_operator(U * values) @ as_operator(V.mT))
    return truncate(structured(B, truncate), k)


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
    values = as_numbers("values", values, old)
    if values.shape != old.shape:
        raise ValueError(
            f"values must be the {len(old)} singular values of A, shape ({len(old)},), got shape "
            f"{tuple(values.shape)}; see svd(A).values."
        )
    return values


def powered(values: Tensor, p: float, rtol: float) -> Tensor:
    """σᵖ for each of the values ≥ 0 above `rtol` times the largest, 0 for the others, also for p ≤ 0: as a pseudo-inverse.

    >>> powered(torch.tensor([4.0, 1.0, 0.0]), -0.5, rtol=0.05)
    tensor([0.5000, 1.0000, 0.0000])
    """
    kept = values > rtol * values.amax() if len(values) else values > 0
    return torch.where(kept, torch.where(kept, values, 1) ** p, 0)


def count_kept(k: int | None, available: int) -> int:
    """How many of the `available` singular values are the k largest: all for None. ValueError unless k is an integer ≥ 0.

    >>> count_kept(2, 5), count_kept(9, 5), count_kept(None, 5)
    (2, 5, 5)
    """
    if k is None:
        return available
    return min(whole_number("k", k, 0), available)


def leading(factors: SVD, k: int | None) -> SVD:
    """The k leading vectors and values of a decomposition; all for None.

    >>> leading(SVD(torch.eye(2), torch.ones(2), torch.eye(2)), 1).values
    tensor([1.])
    """
    U, values, V = factors
    k = count_kept(k, len(values))
    return SVD(U[:, :k], values[:k], V[:, :k])


def descending(values: Tensor) -> Tensor:
    """The order in which the values (n,) descend; equal ones stay in theirs.

    >>> descending(torch.tensor([1.0, 3.0, 1.0]))
    tensor([1, 0, 2])
    """
    return values.detach().sort(descending=True, stable=True).indices


def sign(values: Tensor) -> Tensor:
    """±1, and 1 for 0: the sign that a singular vector takes so that its value is not negative.

    >>> sign(torch.tensor([-2.0, 0.0]))
    tensor([-1.,  1.])
    """
    return torch.where(values < 0, -1, 1).to(values.dtype)
