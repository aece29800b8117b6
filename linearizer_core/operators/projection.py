"""Orthogonal projection: P² = P = Pᵀ by construction."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..algebra.base import LinearOperator, keep, settle, transpose
from ..algebra.functions import exp, power
from ..algebra.inverse import pinv
from ..algebra.matrix_functions import principal_power
from ..algebra.simplify import multiple, product, product_after, total
from ..algebra.singular import SVD, count_kept, leading, svd, truncate, with_singular_values
from ..op_list import OpList, recombination
from .diagonal import Identity
from .identity_plus import IdentityPlusLowRank, sum_on_factors
from .low_rank import LowRank, Parts, parts, recombined, thin_after, thin_product


class Projection(LinearOperator):
    r"""The orthogonal projector P = Q Qᵀ onto the span of the columns of `basis` (n, k), dependent or not.

    Directions whose singular value in the basis is at most `rtol` times the largest are not part of the span;
    None means max(n, k) · eps. A plain tensor is orthonormalised once, and again when it moves to a finer
    dtype; an nn.Parameter stays as it is, trains, and is orthonormalised at each use. Where the first j
    columns are independent, the first j of Q span the same.

    >>> Projection(torch.tensor([[3.0], [4.0]])).dense()
    tensor([[0.3600, 0.4800],
            [0.4800, 0.6400]])
    """

    def __init__(self, basis: Tensor, rtol: float | None = None) -> None:
        super().__init__()
        trains = isinstance(basis, nn.Parameter) or not isinstance(basis, Tensor) or basis.dim() != 2
        self.basis = keep(self, "basis", basis if trains else orthonormal_columns(basis, rtol), dims=2)
        self.rtol = rtol
        self.shape = (len(basis), len(basis))

    @property
    def Q(self) -> Tensor:
        """The orthonormal basis in use, (n, k); zero columns stand for dependent ones."""
        return (
            orthonormal_columns(self.basis, self.rtol) if isinstance(self.basis, nn.Parameter) else self.basis
        )

    def matvec(self, v: Tensor) -> Tensor:
        Q = self.Q
        return (v @ Q) @ Q.mT


@settle.register
def _(A: Projection, before: torch.dtype) -> None:
    """Columns that are orthonormal to float32 rounding only would leave P² ≠ P in float64."""
    finer = torch.finfo(A.basis.dtype).eps < torch.finfo(before).eps
    if finer and not isinstance(A.basis, nn.Parameter):
        A.basis = orthonormal_columns(A.basis, A.rtol)


def orthonormal_columns(basis: Tensor, rtol: float | None = None) -> Tensor:
    """Q of the shape (n, k) of `basis`, whose non-zero columns are an orthonormal basis of the same span.

    The last k − rank columns are 0; the others come in the order of those of `basis`, as Gram and Schmidt would
    have them. Gradients reach `basis` as long as its rank stays the same: a constant preconditioner from the
    singular value decomposition, then a differentiable Cholesky factor close to I.

    >>> orthonormal_columns(torch.tensor([[2.0, 4.0], [0.0, 0.0]]))
    tensor([[1., 0.],
            [0., 0.]])
    """
    if not basis.numel():
        return basis
    if not torch.isfinite(basis).all():
        raise ValueError("basis must be finite to have a span, got NaN or infinity; leave those columns out.")
    with torch.no_grad():
        _, s, Vh = torch.linalg.svd(basis, full_matrices=False)
        kept = s > (max(basis.shape) * torch.finfo(s.dtype).eps if rtol is None else rtol) * s[:1]
        whiten = torch.zeros_like(basis[:1]).mT * torch.zeros_like(
            basis[:1]
        )  # (k, k): directions in the basis
        turn, R = torch.linalg.qr(torch.where(kept, s, 0)[:, None] * Vh)  # back to the order of the columns
        turn = torch.where(kept[:, None] & kept, turn, 0) * torch.where(R.diagonal() < 0, -1, 1)
        whiten[:, : len(s)] = (Vh.mT * torch.where(kept, 1 / torch.where(kept, s, 1), 0)) @ turn
        dropped = torch.diag((whiten == 0).all(0).to(s.dtype))
    frame = basis @ whiten
    L = torch.linalg.cholesky(frame.mT @ frame + dropped)
    return torch.linalg.solve_triangular(L, frame.mT, upper=False).mT


@transpose.register
def _(A: Projection) -> LinearOperator:
    return A


@pinv.register
def _(A: Projection, rtol: float | None = None) -> LinearOperator:
    return A


@power.register
def _(A: Projection, p: float, rtol: float | None = None) -> LinearOperator:
    if p == 0:
        return Identity(A.shape[0]).to(A.basis)
    if p < 0 and len(svd(A).values) < A.shape[0]:
        principal_power(A.basis.new_zeros(1), p)  # raises: a proper projection is singular
    return A


@exp.register
def _(A: Projection, t: float | Tensor = 1.0) -> IdentityPlusLowRank:
    Q = A.Q
    return IdentityPlusLowRank(1.0, torch.expm1(t * Q.new_ones(())) * Q, Q)


@svd.register
def _(A: Projection, k: int | None = None) -> SVD:
    Q = A.Q
    Q = Q[:, Q.detach().abs().amax(0) > 0] if Q.shape[1] else Q
    return leading(SVD(Q, Q.new_ones(Q.shape[1]), Q), k)


@with_singular_values.register
def _(A: Projection, values: Tensor | Sequence[float]) -> LinearOperator:
    return recombined(A, svd(A), values)


@truncate.register
def _(A: Projection, k: int) -> Projection:
    return Projection(A.Q[:, : count_kept(k, A.shape[0])])


@parts.register
def _(A: Projection) -> Parts:
    Q = A.Q
    return Parts(Q.new_zeros(()), Q, Q)


@multiple.register
def _(A: Projection, c: Tensor) -> LowRank:
    Q = A.Q
    return LowRank(c * Q, Q)


product.register(Projection, thin_product)
product_after.register(Projection, thin_after)
total.register(Projection, sum_on_factors)


@recombination.register
def _(A: Projection, ops: OpList, at: int) -> int:
    return ops.mixed(at, svd(A).U)
