"""Functions of a square operator: powers and the exponential."""

from __future__ import annotations

from torch import Tensor

from ..inputs import finite_number
from .base import LinearOperator, Scaled, Transposed
from .iterated import IteratedExponential, IteratedPower, iterates
from .operation import operation
from .simplify import simplify, structured


def _read_power(p: float, rtol: float | None = None) -> tuple[float, float | None]:
    return finite_number("p", p), rtol


@operation(read=_read_power, degree=lambda p, rtol: p)
def power(A: LinearOperator, p: float, rtol: float | None = None) -> LinearOperator:
    """Aᵖ of a square A: integers p of any sign, and the principal power for real p (A^½ A^½ = A).

    ValueError where A is not square or Aᵖ does not exist or is not real: for real p no eigenvalue may be
    negative; 0 may be one for p > 0, if it has all its eigenvectors. Eigenvalues within `rtol` of 0, relative
    to the size and conditioning of A, are 0; None means n · eps. Second derivatives of real powers need an invertible A.
    An A that only multiplies and has a side above 1 024 iterates at each call (`algebra.iterated`), unless `rtol` is
    given: real powers then have no gradient.

    >>> import torch
    >>> from linearizer_core.operators import Diagonal
    >>> power(Diagonal(torch.tensor([4.0, 9.0])), 0.5).values
    tensor([2., 3.])
    """
    B = simplify(A)
    if rtol is None and iterates(B, power):
        return IteratedPower(B, p)
    return power(structured(B, power), p, rtol)


@power.register
def _(A: Scaled, p: float, rtol: float | None = None) -> LinearOperator:
    if A.c > 0 or (A.c < 0 and float(p).is_integer()):
        return Scaled(A.c**p, power(A.operator, p, rtol))
    return power(structured(A, power), p, rtol)


@power.register
def _(A: Transposed, p: float, rtol: float | None = None) -> LinearOperator:
    return power(A.operator, p, rtol).T


def _read_time(t: float | Tensor = 1.0) -> tuple[float | Tensor]:
    number = finite_number("t", t)
    return (t.reshape(()) if isinstance(t, Tensor) else number,)  # a tensor may have a gradient


@operation(read=_read_time)
def exp(A: LinearOperator, t: float | Tensor = 1.0) -> LinearOperator:
    """exp(tA) of a square A: what dz/dt = A z makes of z after time t. ValueError if A is not square.

    An A that only multiplies and has a side above 1 024 is never a matrix: each call is a power series of products.

    >>> import torch
    >>> from linearizer_core.operators import Diagonal
    >>> exp(Diagonal(torch.tensor([0.0, 1.0])), t=2.0).values
    tensor([1.0000, 7.3891])
    """
    B = simplify(A)
    return IteratedExponential(B, t) if iterates(B, exp) else exp(structured(B, exp), t)


@exp.register
def _(A: Scaled, t: float | Tensor = 1.0) -> LinearOperator:
    return exp(A.operator, t * A.c)


@exp.register
def _(A: Transposed, t: float | Tensor = 1.0) -> LinearOperator:
    return exp(A.operator, t).T


@power.register
def _(A: IteratedExponential, p: float, rtol: float | None = None) -> LinearOperator:
    return IteratedExponential(A.operator, p * A.t)
