"""Operators that act on each latent axis by itself."""

from __future__ import annotations

import abc

import torch
from torch import Tensor

from .base import LinearOperator, keep, to_dense, transpose


class Axiswise(LinearOperator, abc.ABC):
    """A v = d · v for d = `values` (n,), stored or worked out: what rules ask for that hold for every diagonal operator.

    >>> isinstance(Identity(3), Axiswise), Identity(3).values
    (True, tensor([1., 1., 1.]))
    """

    values: Tensor


class Diagonal(Axiswise):
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


class RoundedDiagonal(Axiswise):
    """Λ = diag(round λ), 0s and 1s whatever the `weights` λ (n,) are, so Λ² = Λ = Λᵀ all through training.

    Gradients reach λ as if there were no rounding ("straight through"); λ beyond [0, 1] counts as 0 or 1, and may return.
    Source: arXiv:2510.08570, section 5 (idempotent networks); Bengio, Léonard, Courville, arXiv:1308.3432.

    >>> A = RoundedDiagonal(torch.nn.Parameter(torch.tensor([0.2, 0.8])))
    >>> A(torch.ones(2)).sum().backward()
    >>> A.values.detach(), A.weights.grad
    (tensor([0., 1.]), tensor([1., 1.]))
    """

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.weights = keep(self, "weights", weights, dims=1)
        self.shape = (len(weights), len(weights))

    @property
    def values(self) -> Tensor:
        """round λ, shape (n,)."""
        rounded = self.weights.detach().clamp(0, 1).round()
        return self.weights + (rounded - self.weights.detach())

    def matvec(self, v: Tensor) -> Tensor:
        return self.values * v


class Identity(Axiswise):
    """A v = v on vectors of size n; `.values` are its n ones, so it obeys every rule of a `Diagonal`.

    >>> Identity(2)(torch.tensor([3.0, 4.0]))
    tensor([3., 4.])
    """

    def __init__(self, n: int) -> None:
        super().__init__()
        self.register_buffer(
            "like", torch.empty(0), persistent=False
        )  # follows .to(dtype, device); never saved
        self.shape = (n, n)

    @property
    def values(self) -> Tensor:
        """(1, …, 1), shape (n,)."""
        return self.like.new_ones(self.shape[0])

    def matvec(self, v: Tensor) -> Tensor:
        return v


@transpose.register
def _(A: Axiswise) -> LinearOperator:
    return A


@to_dense.register
def _(A: Axiswise) -> Tensor:
    return torch.diag(A.values)
