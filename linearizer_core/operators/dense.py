"""Operators that are a small matrix."""

from __future__ import annotations

from torch import Tensor

from .base import LinearOperator, keep, to_dense, transposed_matvec


class Dense(LinearOperator):
    """A v = M v for a matrix M of shape (m, n). ValueError unless M is a real floating-point matrix.

    >>> import torch
    >>> Dense(torch.tensor([[1.0, 2.0], [0.0, 1.0]]))(torch.tensor([1.0, 1.0]))
    tensor([3., 1.])
    """

    def __init__(self, matrix: Tensor) -> None:
        super().__init__()
        self.matrix = keep(self, "matrix", matrix, dims=2)
        self.shape = tuple(matrix.shape)

    def matvec(self, v: Tensor) -> Tensor:
        return v @ self.matrix.mT


@transposed_matvec.register
def _(A: Dense, v: Tensor) -> Tensor:
    return v @ A.matrix


@to_dense.register
def _(A: Dense) -> Tensor:
    return A.matrix
