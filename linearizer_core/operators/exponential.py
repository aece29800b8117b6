"""Operators that are the exponential of a matrix: every real power exists, and none needs a decomposition."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..algebra.base import LinearOperator, keep, to_dense, transposed_matvec
from ..algebra.functions import exp, power
from ..algebra.inverse import pinv
from ..algebra.simplify import own_transpose
from ..algebra.singular import SVD, svd, truncate, with_singular_values
from .dense import Dense


class Exponential(LinearOperator):
    """A = exp(L) for a `generator` L (n, n): invertible whatever L is, Aᵖ = exp(p L) for every real p, A = I for L = 0.

    ValueError unless L is a square real floating-point matrix.

    >>> A = Exponential(torch.zeros(2, 2))
    >>> A(torch.tensor([3.0, 4.0]))
    tensor([3., 4.])
    """

    def __init__(self, generator: Tensor) -> None:
        super().__init__()
        self.generator = keep(self, "generator", generator, dims=2)
        if generator.shape[0] != generator.shape[1]:
            raise ValueError(f"Exponential: generator must be square, got shape {tuple(generator.shape)}.")
        self.shape = (generator.shape[0], generator.shape[1])

    def matvec(self, v: Tensor) -> Tensor:
        return v @ self.dense().mT


@to_dense.register
def _(A: Exponential) -> Tensor:
    return torch.linalg.matrix_exp(A.generator)


@transposed_matvec.register
def _(A: Exponential, v: Tensor) -> Tensor:
    return v @ A.dense()


@pinv.register
def _(A: Exponential, rtol: float | None = None) -> LinearOperator:
    if rtol is not None:  # only then may a direction of an invertible operator count as lost
        return pinv(Dense(A.dense()), rtol)
    return Exponential(-A.generator)


@power.register
def _(A: Exponential, p: float, rtol: float | None = None) -> Exponential:
    return Exponential(p * A.generator)


@exp.register
def _(A: Exponential, t: float | Tensor = 1.0) -> Exponential:
    return Exponential(t * A.dense())


@svd.register
def _(A: Exponential, k: int | None = None) -> SVD:
    return svd(Dense(A.dense()), k)


@with_singular_values.register
def _(A: Exponential, values: Tensor | Sequence[float]) -> LinearOperator:
    return with_singular_values(Dense(A.dense()), values)


@truncate.register
def _(A: Exponential, k: int) -> LinearOperator:
    return truncate(Dense(A.dense()), k)


@own_transpose.register
def _(A: Exponential) -> Exponential:
    return Exponential(A.generator.mT)
