"""Operators that are the exponential of a matrix: every real power exists, and none needs a decomposition."""

from __future__ import annotations

import torch
from torch import Tensor

from .base import LinearOperator, keep, to_dense, transposed_matvec


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
        self.shape = tuple(generator.shape)

    def matvec(self, v: Tensor) -> Tensor:
        return v @ self.dense().mT


@to_dense.register
def _(A: Exponential) -> Tensor:
    return torch.linalg.matrix_exp(A.generator)


@transposed_matvec.register
def _(A: Exponential, v: Tensor) -> Tensor:
    return v @ A.dense()
