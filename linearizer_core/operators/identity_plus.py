"""A multiple of the identity plus low rank: O(n r) to store and to apply, and an algebra on the factors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ..algebra.base import Composed, LinearOperator, Scaled, check_square, keep, reference, transposed_matvec
from ..algebra.functions import exp, power
from ..algebra.inverse import default_rtol, pinv
from ..algebra.matrix_functions import divided_difference, principal_power, rounding, shifted_power
from ..algebra.scaling import exponents, rescaled, shifted
from ..algebra.simplify import as_matrix, multiple, own_transpose, product, product_after, simplify, total
from ..algebra.singular import (
    SVD,
    check_values,
    count_kept,
    descending,
    sign,
    singular_values,
    svd,
    truncate,
    with_singular_values,
)
from .diagonal import Axiswise, Diagonal, Identity
from .low_rank import LowRank, Parts, balanced, keep_factors, known_parts, pairs_of, parts, thin_after


class IdentityPlusLowRank(LinearOperator):
    """A = c I + U Vᵀ with a number (or 0-dimensional tensor) c and factors U, V of shape (n, r).

    >>> import torch
    >>> IdentityPlusLowRank(2.0, torch.ones(2, 1), torch.ones(2, 1)).dense()
    tensor([[3., 1.],
            [1., 3.]])
    """

    def __init__(self, scale: float | Tensor, U: Tensor, V: Tensor) -> None:
        super().__init__()
        self.U, self.V = keep_factors(self, U, V)
        if len(U) != len(V):
            raise ValueError(
                f"IdentityPlusLowRank: U and V need equal shapes, got {tuple(U.shape)} and {tuple(V.shape)}."
            )
        scale = scale if isinstance(scale, Tensor) else reference(self).new_tensor(float(scale))
        self.scale = keep(self, "scale", scale, dims=0)
        self.shape = (len(U), len(U))

    def matvec(self, v: Tensor) -> Tensor:
        return self.scale * v + (v @ self.V) @ self.U.mT


@transposed_matvec.register
def _(A: IdentityPlusLowRank, v: Tensor) -> Tensor:
    return A.scale * v + (v @ A.U) @ A.V.mT


class Block(NamedTuple):
    """A = Q S Qᵀ + c (I − Q Qᵀ) with orthonormal Q (n, q), S (q, q) and a 0-dimensional c.

    >>> Block(torch.tensor(1.0), torch.eye(3)[:, :2], torch.eye(2)).Q.shape
    torch.Size([3, 2])
    """

    c: Tensor
    Q: Tensor
    S: Tensor


def to_block(A: IdentityPlusLowRank) -> Block:
    """The block form of A = c I + U Vᵀ, where Q is an orthonormal basis of the columns of U and V: O(n r²).

    >>> u = torch.eye(3)[:, :1]
    >>> to_block(IdentityPlusLowRank(1.0, u, u)).S
    tensor([[2.]])
    """
    Q = torch.linalg.qr(A.U if A.U is A.V else torch.cat([A.U, A.V], 1))[0]
    return Block(A.scale, Q, restricted(A, Q))


def restricted(A: IdentityPlusLowRank, Q: Tensor) -> Tensor:
    """Qᵀ A Q for orthonormal columns Q (n, q): what A does inside their span, (q, q).

    >>> restricted(IdentityPlusLowRank(3.0, torch.ones(2, 1), torch.ones(2, 1)), torch.eye(2)[:, :1])
    tensor([[4.]])
    """
    eye = torch.eye(Q.shape[1], dtype=Q.dtype, device=Q.device)
    return A.scale * eye + (Q.mT @ A.U) @ (A.V.mT @ Q)


def from_block(c: Tensor, Q: Tensor, S: Tensor) -> IdentityPlusLowRank:
    """Q S Qᵀ + c (I − Q Qᵀ) as c I + U Vᵀ.

    >>> from_block(torch.tensor(1.0), torch.eye(2)[:, :1], torch.tensor([[5.0]])).dense()
    tensor([[5., 0.],
            [0., 1.]])
    """
    return IdentityPlusLowRank(c, Q @ (S - c * torch.eye(len(S), dtype=S.dtype, device=S.device)), Q)


def complement(Q: Tensor, count: int) -> Tensor:
    """`count` orthonormal columns (n, count), orthogonal to the orthonormal columns of Q (n, q).

    >>> complement(torch.eye(3)[:, :1], 2)
    tensor([[0., 0.],
            [1., 0.],
            [0., 1.]])
    """
    q = Q.shape[1]
    X, Z, _ = _reflector(Q)
    columns = torch.zeros(len(Q), count, dtype=Q.dtype, device=Q.device)
    columns[range(q, q + count), range(count)] = 1
    return columns - X @ Z[q : q + count].mT


def completed(Q: Tensor, M: Tensor, sign: float | Tensor) -> IdentityPlusLowRank:
    """The orthogonal n×n operator [Q M, sign · complement(Q)] for an orthogonal M (q, q), never as a matrix.

    >>> completed(torch.eye(2)[:, :1], torch.eye(1), -1.0).dense()
    tensor([[ 1.,  0.],
            [ 0., -1.]])
    """
    q = Q.shape[1]
    X, Z, R = _reflector(Q)
    first_axes = torch.eye(len(Q), q, dtype=Q.dtype, device=Q.device)
    return IdentityPlusLowRank(
        sign, torch.cat([-sign * X, Q @ (M - sign * R.mT)], 1), torch.cat([Z, first_axes], 1)
    )


def _reflector(Q: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """X, Z, R of the block reflector H = I − X Zᵀ whose first q columns are Q Rᵀ: the others complete Q.

    With W S Yᵀ the SVD of the first q rows of Q and R = −W Yᵀ, H swaps Q with the first q axes turned by R.
    ZᵀZ = 2(I + Y S Yᵀ) is never singular. Source: Schreiber and Parlett, "Block Reflectors", SIAM J. Numer.
    Anal. 1988.
    """
    q = Q.shape[1]
    W, s, Yh = torch.linalg.svd(Q[:q])
    R = -W @ Yh
    Z = torch.cat([Q[:q] - R, Q[q:]])
    return Z @ (Yh.mT / (1 + s)) @ Yh, Z, R


@pinv.register
def _(A: IdentityPlusLowRank, rtol: float | None = None) -> LinearOperator:
    c, U, V = A.scale, A.U, A.V
    across = V.mT @ U
    middle = c * torch.eye(U.shape[1], dtype=U.dtype, device=U.device) + across
    smallest, cutoff = least_and_cutoff(A, across, middle, rtol)
    if smallest <= cutoff:
        smallest, cutoff = smallest_and_cutoff(A, rtol)
    if smallest > cutoff and c.abs() > cutoff:  # invertible: Woodbury, whose gradients need no QR
        share = torch.linalg.solve(middle, -torch.eye(len(middle), dtype=U.dtype, device=U.device) / c)
        return IdentityPlusLowRank(1 / c, U @ share, V)
    _, Q, S = to_block(A)
    inverse_c = torch.where(c.abs() > cutoff, 1 / torch.where(c.abs() > cutoff, c, 1), 0)
    return from_block(inverse_c, Q, torch.linalg.pinv(S, atol=cutoff.item(), rtol=0.0))


@torch.no_grad()
def least_and_cutoff(
    A: IdentityPlusLowRank, across: Tensor, middle: Tensor, rtol: float | None = None
) -> tuple[Tensor, Tensor]:
    """Bounds of what `smallest_and_cutoff` gives, from below and from above, by products O(n r²) alone.

    ‖A⁻¹‖ ≤ (1 + ‖U middle⁻¹ Vᵀ‖) / |c| and ‖A‖ ≤ |c| + ‖U Vᵀ‖, in Frobenius' norm, which UᵀU and VᵀV know; `across` is
    VᵀU, and `middle` c I + VᵀU.

    >>> A = IdentityPlusLowRank(2.0, torch.eye(2)[:, :1], torch.eye(2)[:, :1])
    >>> least_and_cutoff(A, torch.tensor([[1.0]]), torch.tensor([[3.0]]), rtol=0.1)
    (tensor(1.5000), tensor(0.3000))
    """
    size = A.scale.abs()
    left, right = (across, across) if A.U is A.V else (A.U.mT @ A.U, A.V.mT @ A.V)
    inverse = torch.linalg.inv_ex(middle).inverse
    inner = (left * (inverse @ right @ inverse.mT)).sum().clamp(min=0).sqrt()
    outer = (left * right).sum().clamp(min=0).sqrt()
    noise = (
        (left.diagonal() * right.diagonal()).clamp(min=0).sqrt().sum()
        * len(A.U)
        * torch.finfo(left.dtype).eps
    )
    cutoff = torch.maximum(default_rtol(A, middle, rtol) * (size + outer), noise)
    return torch.minimum((size / (1 + inner)).nan_to_num(0), size), cutoff


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


@power.register
def _(A: IdentityPlusLowRank, p: float, rtol: float | None = None) -> LinearOperator:
    n, r = A.U.shape
    if 2 * r >= n:
        return power(as_matrix(A), p, rtol)
    if A.scale == 0:
        return power(LowRank(A.U, A.V), p, rtol)
    if not float(p).is_integer():
        return _real_power_of_scalar_plus(A, p, default_rtol(A, A.U, rtol))
    if p < 0:
        smallest, cutoff = smallest_and_cutoff(A, rtol)
        principal_power(smallest.reshape(1), p, cutoff.item())  # raises where A is singular
    return _by_divided_difference(A, lambda K: torch.linalg.matrix_power(K, int(p)), A.scale**p)


def _real_power_of_scalar_plus(A: IdentityPlusLowRank, p: float, rtol: float) -> IdentityPlusLowRank:
    """cᵖ (I + (U/c) Vᵀ)ᵖ, by a function of the r×r matrix VᵀU/c."""
    principal_power(A.scale.detach().reshape(1), p)  # c is an eigenvalue: raises if it is negative
    U = A.U / A.scale
    return IdentityPlusLowRank(A.scale**p, A.scale**p * U @ shifted_power(A.V.mT @ U, 1.0, p, rtol), A.V)


@exp.register
def _(A: IdentityPlusLowRank, t: float | Tensor = 1.0) -> IdentityPlusLowRank:
    return _by_divided_difference(A, lambda K: torch.linalg.matrix_exp(t * K), (t * A.scale).exp())


def _by_divided_difference(
    A: IdentityPlusLowRank, function: Callable[[Tensor], Tensor], value_at_c: Tensor
) -> IdentityPlusLowRank:
    c = A.scale * torch.eye(A.U.shape[1], dtype=A.U.dtype, device=A.U.device)
    return IdentityPlusLowRank(value_at_c, A.U @ divided_difference(function, c, A.V.mT @ A.U), A.V)


@svd.register
def _(A: IdentityPlusLowRank, k: int | None = None) -> SVD:
    c, Q, S = to_block(A)
    W, _, Yh = torch.linalg.svd(S)
    values = _all_values(A, Q)
    order = descending(values)[: count_kept(k, len(values))]
    rest = complement(Q, int((order >= len(S)).sum()))  # all its vectors are alike: take the first
    U, V = torch.cat([Q @ W, sign(c) * rest], 1), torch.cat([Q @ Yh.mT, rest], 1)
    return SVD(U[:, order], values[order], V[:, order])


@singular_values.register
def _(A: IdentityPlusLowRank) -> Tensor:
    values = _all_values(A, to_block(A)[1])
    return values[descending(values)]


def _all_values(A: IdentityPlusLowRank, Q: Tensor) -> Tensor:
    """Those in the span of Q, then |c| for each axis outside; dσᵢ = uᵢᵀ dA vᵢ needs no derivative of Q."""
    return torch.cat(
        [torch.linalg.svdvals(restricted(A, Q.detach())), A.scale.abs().expand(len(Q) - Q.shape[1])]
    )


@with_singular_values.register
def _(A: IdentityPlusLowRank, values: Tensor | Sequence[float]) -> LinearOperator:
    c, Q, S = to_block(A)
    W, _, Yh = torch.linalg.svd(S)
    old = _all_values(A, Q)
    middle = Diagonal(check_values(values, old)[descending(old).argsort()])
    return Composed(completed(Q, W, sign(c)), Composed(middle, completed(Q, Yh.mT, torch.ones_like(c)).T))


@truncate.register
def _(A: IdentityPlusLowRank, k: int) -> LinearOperator:
    n, r = A.U.shape
    if count_kept(k, n) == n:
        return A
    if k <= 2 * r:
        U, values, V = svd(A, k)
        return LowRank(U * values, V)
    values = _all_values(A, to_block(A).Q).sort(descending=True).values
    return with_singular_values(A, torch.cat([values[:k], torch.zeros_like(values[k:])]))


@rescaled.register
def _(A: IdentityPlusLowRank) -> tuple[int, LinearOperator]:
    pairs = pairs_of(A.U, A.V)
    e = int(torch.cat([pairs.total, exponents(A.scale).reshape(1)]).max())
    return e, IdentityPlusLowRank(shifted(A.scale, -e), *balanced(A.U, A.V, pairs, e))


@exp.register
def _(A: LowRank, t: float | Tensor = 1.0) -> LinearOperator:
    check_square(A, "exp")
    return exp(IdentityPlusLowRank(0.0, A.U, A.V), t)


@parts.register
def _(A: IdentityPlusLowRank) -> Parts:
    return Parts(A.scale, A.U, A.V)


@multiple.register
def _(A: Identity | IdentityPlusLowRank, c: Tensor) -> IdentityPlusLowRank:
    scale, U, V = known_parts(A)
    return IdentityPlusLowRank(c * scale, c * U, V)


@own_transpose.register
def _(A: IdentityPlusLowRank) -> IdentityPlusLowRank:
    return IdentityPlusLowRank(A.scale, A.V, A.U)


def product_on_factors(second: LinearOperator, first: LinearOperator) -> LinearOperator:
    """(c I + U Vᵀ)(d I + S Tᵀ) on the factors, while the ranks add up to less than n; NotImplemented for others.

    So also where `first` is of low rank alone: its own rule keeps that rank.

    >>> A = IdentityPlusLowRank(2.0, torch.ones(5, 1), torch.ones(5, 1))
    >>> product_on_factors(A, A).U.shape
    torch.Size([5, 2])
    """
    thin, found = product_after.dispatch(type(first)) is thin_after, parts(first)
    if thin or found is None or not found.U.shape[1] or not stays_low(second, first):
        return NotImplemented
    (c, U, V), (d, S, T) = known_parts(second), found
    return IdentityPlusLowRank(c * d, torch.cat([d * U, second(S.mT).mT], 1), torch.cat([V, T], 1))


@product.register
def _(second: IdentityPlusLowRank, first: LinearOperator) -> LinearOperator:
    if not second.U.shape[1]:
        return simplify(Scaled(second.scale, first))
    return product_on_factors(second, first)


@product_after.register
def _(first: IdentityPlusLowRank, second: LinearOperator) -> LinearOperator:
    return NotImplemented if first.U.shape[1] else simplify(Scaled(first.scale, second))


def sum_on_factors(A: LinearOperator, B: LinearOperator) -> LinearOperator:
    """A + B of two operators c I + U Vᵀ, while the ranks add up to less than n; NotImplemented for others.

    >>> u = torch.ones(5, 1)
    >>> sum_on_factors(Identity(5), LowRank(u, u))
    IdentityPlusLowRank(shape=(5, 5), scale=1, U (5, 1), V (5, 1))
    """
    found = parts(B)
    if found is None or not stays_low(A, B):
        return NotImplemented
    (c, U, V), (d, S, T) = known_parts(A), found
    U, V = torch.cat([U, S], 1), torch.cat([V, T], 1)
    both_low = not isinstance(A, Identity | IdentityPlusLowRank) and not isinstance(
        B, Identity | IdentityPlusLowRank
    )
    return LowRank(U, V) if both_low else IdentityPlusLowRank(c + d, U, V)


def stays_low(A: LinearOperator, B: LinearOperator) -> bool:
    """Whether the factors of A and B together have fewer columns than the space has axes.

    >>> stays_low(Identity(1), Identity(1))
    True
    """
    return known_parts(A).U.shape[1] + known_parts(B).U.shape[1] < min(A.shape)


@total.register
def _(A: IdentityPlusLowRank, B: LinearOperator) -> LinearOperator:
    if not A.U.shape[1] and isinstance(B, Axiswise) and not isinstance(B, Identity):
        return Diagonal(A.scale + B.values)
    return sum_on_factors(A, B)


total.register(Identity, sum_on_factors)
total.register(LowRank, sum_on_factors)
