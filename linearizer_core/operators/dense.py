"""Operators that are a small matrix."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from ..algebra.base import LinearOperator, check_square, keep, to_dense, transposed_matvec
from ..algebra.functions import exp, power
from ..algebra.inverse import default_rtol, largest_of, pinv
from ..algebra.matrix_functions import principal_power, real_power
from ..algebra.scaling import exponents, rescaled, shifted
from ..algebra.simplify import multiple, own_transpose, product
from ..algebra.singular import SVD, leading, svd, truncate, with_singular_values
from .low_rank import LowRank, leading_part, recombined


class Dense(LinearOperator):
    """A v = M v for a matrix M of shape (m, n). ValueError unless M is a real floating-point matrix.

    >>> Dense(torch.tensor([[1.0, 2.0], [0.0, 1.0]]))(torch.tensor([1.0, 1.0]))
    tensor([3., 1.])
    """

    def __init__(self, matrix: Tensor) -> None:
        super().__init__()
        self.matrix = keep(self, "matrix", matrix, dims=2)
        self.shape = (matrix.shape[0], matrix.shape[1])

    def matvec(self, v: Tensor) -> Tensor:
        return v @ self.matrix.mT


@transposed_matvec.register
def _(A: Dense, v: Tensor) -> Tensor:
    return v @ A.matrix


@to_dense.register
def _(A: Dense) -> Tensor:
    return A.matrix


def as_operator(A: object, name: str = "A") -> LinearOperator:
    """A itself, or a matrix (m, n) or an `nn.Linear` without bias as a `Dense` that shares its numbers; else ValueError.

    >>> as_operator(nn.Linear(2, 3, bias=False))
    Dense(shape=(3, 2))
    >>> as_operator(nn.Linear(2, 3))
    Traceback (most recent call last):
    ValueError: A must be linear, got Linear with a bias, which is not; build it with bias=False.
    """
    if isinstance(A, LinearOperator):
        return A
    if isinstance(A, nn.Linear) and A.bias is not None:
        raise ValueError(
            f"{name} must be linear, got Linear with a bias, which is not; build it with bias=False."
        )
    matrix = A.weight if isinstance(A, nn.Linear) else torch.as_tensor(A) if isinstance(A, np.ndarray) else A
    if not isinstance(matrix, Tensor) or matrix.dim() != 2:
        got = f"shape {tuple(matrix.shape)}" if isinstance(matrix, Tensor) else type(A).__name__
        raise ValueError(
            f"{name} must be a LinearOperator or a matrix (m, n), got {got}; see linearizer_core.operators."
        )
    return Dense(matrix)


@pinv.register
def _(A: Dense, rtol: float | None = None) -> Dense:
    return Dense(torch.linalg.pinv(A.matrix, rtol=default_rtol(A, A.matrix, rtol)))


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


@exp.register
def _(A: Dense, t: float | Tensor = 1.0) -> Dense:
    check_square(A, "exp")
    return Dense(torch.linalg.matrix_exp(t * A.matrix))


@svd.register
def _(A: Dense, k: int | None = None) -> SVD:
    U, values, Vh = torch.linalg.svd(A.matrix, full_matrices=False)
    return leading(SVD(U, values, Vh.mT), k)


@with_singular_values.register
def _(A: Dense, values: Tensor | Sequence[float]) -> LinearOperator:
    return recombined(A, svd(A), values)


truncate.register(Dense, leading_part)


@rescaled.register
def _(A: Dense) -> tuple[int, LinearOperator]:
    e = int(exponents(A.matrix))
    return e, Dense(shifted(A.matrix, -e))


@multiple.register
def _(A: Dense, c: Tensor) -> Dense:
    return Dense(c * A.matrix)


@own_transpose.register
def _(A: Dense) -> Dense:
    return Dense(A.matrix.mT)


@product.register
def _(second: Dense, first: LinearOperator) -> LinearOperator:
    if isinstance(first, Dense) and second.shape[1] < min(second.shape[0], first.shape[1]):
        return LowRank(second.matrix, first.matrix.mT)
    return NotImplemented
