"""Operators that act on each latent axis by itself."""

from __future__ import annotations

import torch
from torch import Tensor

from ..inputs import whole_number
from .base import LinearOperator, keep, reference, to_dense, transpose


class Diagonal(LinearOperator):
    """A v = d · v, axis by axis, for `values` d of shape (n,).

    >>> Diagonal(torch.tensor([2.0, 0.5]))(torch.ones(2))
    tensor([2.0000, 0.5000])
    """

    def __init__(self, values: Tensor) -> None:
        super().__init__()
        self.values = keep(self, "values", values, dims=1)
        self.shape = (len(values), len(values))

    def matvec(self, v: Tensor) -> Tensor:
        return self.values * v


class RoundedDiagonal(Diagonal):
    """Λ = diag(round λ), 0s and 1s whatever the `weights` λ (n,) are, so Λ² = Λ = Λᵀ all through training.

    Gradients reach λ as if there were no rounding ("straight through"); λ beyond [0, 1] counts as 0 or 1, and may return.
    Source: arXiv:2510.08570, section 5 (idempotent networks); Bengio, Léonard, Courville, arXiv:1308.3432.

    >>> A = RoundedDiagonal(torch.nn.Parameter(torch.tensor([0.2, 0.8])))
    >>> A(torch.ones(2)).sum().backward()
    >>> A.values.detach(), A.weights.grad
    (tensor([0., 1.]), tensor([1., 1.]))
    """

    def __init__(self, weights: Tensor) -> None:
        LinearOperator.__init__(self)  # `values` are not stored but follow from the weights
        self.weights = keep(self, "weights", weights, dims=1)
        self.shape = (len(weights), len(weights))

    @property
    def values(self) -> Tensor:
        """round λ, shape (n,)."""
        rounded = self.weights.detach().clamp(0, 1).round()
        return self.weights + (rounded - self.weights.detach())


class Identity(LinearOperator):
    """A v = v on vectors of size n; `.values` are its n ones, so it obeys every rule of a `Diagonal`.

    >>> Identity(2)(torch.tensor([3.0, 4.0]))
    tensor([3., 4.])
    """

    def __init__(self, n: int) -> None:
        super().__init__()
        n = whole_number("n", n, 0)
        self.shape = (n, n)

    @property
    def values(self) -> Tensor:
        """(1, …, 1), shape (n,)."""
        return reference(self).new_ones(self.shape[0])

    def matvec(self, v: Tensor) -> Tensor:
        return v


@transpose.register
def _(A: Diagonal | Identity) -> LinearOperator:
    return A


@to_dense.register
def _(A: Diagonal | Identity) -> Tensor:
    return torch.diag(A.values)
