"""Operators that act on each latent axis by itself."""

from __future__ import annotations

import abc
from collections.abc import Sequence

import torch
from torch import Tensor

from ..algebra.base import LinearOperator, keep, reference, to_dense, transpose
from ..algebra.functions import exp, power
from ..algebra.inverse import default_rtol, largest_of, pinv
from ..algebra.matrix_functions import principal_power
from ..algebra.simplify import multiple, product, product_after, total
from ..algebra.singular import (
    SVD,
    check_values,
    coordinates,
    count_kept,
    descending,
    sign,
    singular_values,
    svd,
    truncate,
    with_singular_values,
)
from ..inputs import whole_number
from ..op_list import OpList, recombination


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
    Source: arXiv:2510.08570 (idempotent networks); Bengio, Léonard, Courville, arXiv:1308.3432.

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
        n = whole_number("n", n, 0)
        self.shape = (n, n)

    @property
    def values(self) -> Tensor:
        """(1, …, 1), shape (n,)."""
        return reference(self).new_ones(self.shape[0])

    def matvec(self, v: Tensor) -> Tensor:
        return v


@transpose.register
def _(A: Axiswise) -> LinearOperator:
    return A


@to_dense.register
def _(A: Axiswise) -> Tensor:
    return torch.diag(A.values)


@pinv.register
def _(A: Axiswise, rtol: float | None = None) -> Diagonal:
    s = A.values
    keep = s.abs() > default_rtol(A, s, rtol) * largest_of(s)  # strict, so the zero operator maps to zero
    return Diagonal(torch.where(keep, 1 / torch.where(keep, s, 1), 0))


@pinv.register
def _(A: Identity, rtol: float | None = None) -> LinearOperator:
    return A


@power.register
def _(A: Axiswise, p: float, rtol: float | None = None) -> Diagonal:
    if float(p).is_integer() and p >= 0:
        return Diagonal(A.values ** int(p))
    size = largest_of(A.values).item()
    return Diagonal(principal_power(A.values, p, default_rtol(A, A.values, rtol) * size))


@power.register
def _(A: Identity, p: float, rtol: float | None = None) -> Identity:
    return A


@exp.register
def _(A: Axiswise, t: float | Tensor = 1.0) -> Diagonal:
    return Diagonal((t * A.values).exp())


@svd.register
def _(A: Axiswise, k: int | None = None) -> SVD:
    order = descending(A.values.abs())[: count_kept(k, len(A.values))]
    V = torch.zeros(len(A.values), len(order), dtype=A.values.dtype, device=A.values.device)
    V[order, range(len(order))] = 1
    values = A.values[order]
    return SVD(V * sign(values), values.abs(), V)


@coordinates.register
def _(A: Axiswise, v: Tensor) -> Tensor:
    return v[..., descending(A.values.abs())]


@singular_values.register
def _(A: Axiswise) -> Tensor:
    return A.values.abs().sort(descending=True, stable=True).values


@with_singular_values.register
def _(A: Axiswise, values: Tensor | Sequence[float]) -> Diagonal:
    values, order = check_values(values, A.values), descending(A.values.abs())
    return Diagonal(sign(A.values) * values[order.argsort()])


@truncate.register
def _(A: Axiswise, k: int) -> LinearOperator:
    rank = descending(A.values.abs()).argsort()
    return Diagonal(torch.where(rank < count_kept(k, len(rank)), A.values, 0))


@multiple.register
def _(A: Axiswise, c: Tensor) -> Diagonal:
    return Diagonal(c * A.values)


@product.register
def _(second: Axiswise, first: LinearOperator) -> LinearOperator:
    return Diagonal(second.values * first.values) if isinstance(first, Axiswise) else NotImplemented


@product.register
def _(second: Identity, first: LinearOperator) -> LinearOperator:
    return first


@product_after.register
def _(first: Identity, second: LinearOperator) -> LinearOperator:
    return second


@total.register
def _(A: Axiswise, B: LinearOperator) -> LinearOperator:
    return Diagonal(A.values + B.values) if isinstance(B, Axiswise) else NotImplemented


@recombination.register
def _(A: Axiswise, ops: OpList, at: int) -> int:
    values = A.values.detach()
    to = ops.gathered(at, descending(values.abs()).argsort())
    if (values < 0).any():
        ops.call("affine", to, ops.weight(sign(values)), ops.weight(torch.zeros_like(values)), len(values), 1)
    return to
