"""Operators that are a small matrix."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

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
