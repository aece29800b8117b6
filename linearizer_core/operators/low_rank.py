"""Operators of low rank, alone or added to a multiple of the identity: O(n r) to store and to apply."""

from __future__ import annotations

from torch import Tensor

from .base import LinearOperator, keep, reference, transposed_matvec


class LowRank(LinearOperator):
    """A = U Vᵀ with factors U (m, r) and V (n, r); r is a bound on the rank. ValueError where r differs.

    >>> import torch
    >>> LowRank(torch.tensor([[1.0], [2.0]]), torch.tensor([[1.0], [1.0], [1.0]]))(torch.ones(3))
    tensor([3., 6.])
    """

    def __init__(self, U: Tensor, V: Tensor) -> None:
        super().__init__()
        self.U, self.V = _keep_factors(self, U, V)
        self.shape = (len(U), len(V))

    def matvec(self, v: Tensor) -> Tensor:
        return (v @ self.V) @ self.U.mT


class IdentityPlusLowRank(LinearOperator):
    """A = c I + U Vᵀ with a number (or 0-dimensional tensor) c and factors U, V of shape (n, r).

    >>> import torch
    >>> IdentityPlusLowRank(2.0, torch.ones(2, 1), torch.ones(2, 1)).dense()
    tensor([[3., 1.],
            [1., 3.]])
    """

    def __init__(self, scale: float | Tensor, U: Tensor, V: Tensor) -> None:
        super().__init__()
        self.U, self.V = _keep_factors(self, U, V)
        if len(U) != len(V):
            raise ValueError(
                f"IdentityPlusLowRank: U and V need equal shapes, got {tuple(U.shape)} and {tuple(V.shape)}."
            )
        scale = scale if isinstance(scale, Tensor) else reference(self).new_tensor(float(scale))
        self.scale = keep(self, "scale", scale, dims=0)
        self.shape = (len(U), len(U))

    def matvec(self, v: Tensor) -> Tensor:
        return self.scale * v + (v @ self.V) @ self.U.mT


def _keep_factors(A: LinearOperator, U: Tensor, V: Tensor) -> tuple[Tensor, Tensor]:
    U, V = keep(A, "U", U, dims=2), keep(A, "V", V, dims=2)
    if U.shape[1] != V.shape[1]:
        raise ValueError(
            f"{type(A).__name__}: U (m, r) and V (n, r) need the same r, got {tuple(U.shape)} "
            f"and {tuple(V.shape)}."
        )
    return U, V


@transposed_matvec.register
def _(A: LowRank, v: Tensor) -> Tensor:
    return (v @ A.U) @ A.V.mT


@transposed_matvec.register
def _(A: IdentityPlusLowRank, v: Tensor) -> Tensor:
    return A.scale * v + (v @ A.U) @ A.V.mT
