"""Functions of a square operator: powers and the exponential."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..inputs import finite_number
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
from ..operators.base import check_square
from ..operators.simplify import structured
from .inverse import default_rtol, largest_of, smallest_and_cutoff
from .matrix_functions import compressing, divided_difference, principal_power, real_power, shifted_power
from .operation import operation
from .singular import svd


def _read_power(p: float, rtol: float | None = None) -> tuple[float, float | None]:
    return finite_number("p", p), rtol


@operation(read=_read_power, degree=lambda p, rtol: p)
def power(A: LinearOperator, p: float, rtol: float | None = None) -> LinearOperator:
    """Aᵖ of a square A: integers p of any sign, and the principal power for real p (A^½ A^½ = A).

    ValueError where A is not square or Aᵖ does not exist or is not real: for real p no eigenvalue may be
    negative; 0 may be one for p > 0, if it has all its eigenvectors. Eigenvalues within `rtol` of 0, relative
    to the size and conditioning of A, are 0; None means n · eps. Second derivatives of real powers need an invertible A.

    >>> power(Diagonal(torch.tensor([4.0, 9.0])), 0.5).values
    tensor([2., 3.])
    """
    return power(structured(A), p, rtol)


@power.register
def _(A: Dense, p: float, rtol: float | None = None) -> Dense:
    check_square(A, "power")
    if not float(p).is_integer():
        return Dense(real_power(A.matrix, p, rtol))
    if p < 0:
        values = torch.linalg.svdvals(A.matrix.detach())
        cutoff = default_rtol(A, A.matrix, rtol) * largest_of(values).item()
        principal_power(values, p, cutoff)  # raises where A is singular
    return Dense(torch.linalg.matrix_power(A.matrix, int(p)))


@power.register
def _(A: Diagonal, p: float, rtol: float | None = None) -> Diagonal:
    if float(p).is_integer() and p >= 0:
        return Diagonal(A.values ** int(p))
    size = largest_of(A.values).item()
    return Diagonal(principal_power(A.values, p, default_rtol(A, A.values, rtol) * size))


@power.register
def _(A: Identity, p: float, rtol: float | None = None) -> Identity:
    return A


@power.register
def _(A: LowRank, p: float, rtol: float | None = None) -> LinearOperator:
    check_square(A, "power")
    n, r = A.U.shape
    if p == 0:
        return Identity(n).to(A.U)
    if r >= n:
        return power(Dense(A.dense()), p, rtol)
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


@power.register
def _(A: IdentityPlusLowRank, p: float, rtol: float | None = None) -> LinearOperator:
    n, r = A.U.shape
    if 2 * r >= n:
        return power(Dense(A.dense()), p, rtol)
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


@power.register
def _(A: Projection, p: float, rtol: float | None = None) -> LinearOperator:
    if p == 0:
        return Identity(A.shape[0]).to(A.basis)
    if p < 0 and len(svd(A).values) < A.shape[0]:
        principal_power(A.basis.new_zeros(1), p)  # raises: a proper projection is singular
    return A


@power.register
def _(A: Exponential, p: float, rtol: float | None = None) -> Exponential:
    return Exponential(p * A.generator)


@power.register
def _(A: PerPosition, p: float, rtol: float | None = None) -> PerPosition:
    return PerPosition(power(A.channels, p, rtol), A.grid)


@power.register
def _(A: CircularConvolution, p: float, rtol: float | None = None) -> CircularConvolution:
    H = A.transfer
    if float(p).is_integer() and p >= 0:
        return CircularConvolution.from_transfer(H ** int(p))
    cutoff = default_rtol(A, A.kernels, rtol) * largest_of(H).item()
    return CircularConvolution.from_transfer(principal_power(H, p, cutoff))


@power.register
def _(A: Scaled, p: float, rtol: float | None = None) -> LinearOperator:
    if A.c > 0 or (A.c < 0 and float(p).is_integer()):
        return Scaled(A.c**p, power(A.operator, p, rtol))
    return power(structured(A), p, rtol)


@power.register
def _(A: Transposed, p: float, rtol: float | None = None) -> LinearOperator:
    return power(A.operator, p, rtol).T


def _read_time(t: float | Tensor = 1.0) -> tuple[float | Tensor]:
    number = finite_number("t", t)
    return (t.reshape(()) if isinstance(t, Tensor) else number,)  # a tensor may have a gradient


@operation(read=_read_time)
def exp(A: LinearOperator, t: float | Tensor = 1.0) -> LinearOperator:
    """exp(tA) of a square A: what dz/dt = A z makes of z after time t. ValueError if A is not square.

    >>> exp(Diagonal(torch.tensor([0.0, 1.0])), t=2.0).values
    tensor([1.0000, 7.3891])
    """
    return exp(structured(A), t)


@exp.register
def _(A: Dense, t: float | Tensor = 1.0) -> Dense:
    check_square(A, "exp")
    return Dense(torch.linalg.matrix_exp(t * A.matrix))


@exp.register
def _(A: Diagonal | Identity, t: float | Tensor = 1.0) -> Diagonal:
    return Diagonal((t * A.values).exp())


@exp.register
def _(A: LowRank, t: float | Tensor = 1.0) -> IdentityPlusLowRank:
    check_square(A, "exp")
    return exp(IdentityPlusLowRank(0.0, A.U, A.V), t)


@exp.register
def _(A: IdentityPlusLowRank, t: float | Tensor = 1.0) -> IdentityPlusLowRank:
    return _by_divided_difference(A, lambda K: torch.linalg.matrix_exp(t * K), (t * A.scale).exp())


@exp.register
def _(A: Projection, t: float | Tensor = 1.0) -> IdentityPlusLowRank:
    Q = A.Q
    return IdentityPlusLowRank(1.0, torch.expm1(t * Q.new_ones(())) * Q, Q)


@exp.register
def _(A: PerPosition, t: float | Tensor = 1.0) -> PerPosition:
    return PerPosition(exp(A.channels, t), A.grid)


@exp.register
def _(A: Exponential, t: float | Tensor = 1.0) -> Exponential:
    return Exponential(t * A.dense())


@exp.register
def _(A: CircularConvolution, t: float | Tensor = 1.0) -> CircularConvolution:
    return CircularConvolution.from_transfer((t * A.transfer).exp())


@exp.register
def _(A: Scaled, t: float | Tensor = 1.0) -> LinearOperator:
    return exp(A.operator, t * A.c)


@exp.register
def _(A: Transposed, t: float | Tensor = 1.0) -> LinearOperator:
    return exp(A.operator, t).T


def _by_divided_difference(
    A: IdentityPlusLowRank, function: Callable[[Tensor], Tensor], value_at_c: Tensor
) -> IdentityPlusLowRank:
    c = A.scale * torch.eye(A.U.shape[1], dtype=A.U.dtype, device=A.U.device)
    return IdentityPlusLowRank(value_at_c, A.U @ divided_difference(function, c, A.V.mT @ A.U), A.V)
