"""c I + U Vᵀ from the small space that U and V span: there a q×q matrix, q ≤ 2r, elsewhere just c."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ..operators import IdentityPlusLowRank


class Block(NamedTuple):
    """A = Q S Qᵀ + c (I − Q Qᵀ) with orthonormal Q (n, q), S (q, q) and a 0-dimensional c.

    >>> Block(torch.tensor(1.0), torch.eye(3)[:, :2], torch.eye(2)).Q.shape
    torch.Size([3, 2])
    """

    c: Tensor
    Q: Tensor
    S: Tensor


def to_block(A: IdentityPlusLowRank) -> Block:
    """The block form of A = c I + U Vᵀ, where Q is an orthonormal basis of the columns of U and V: O(n r²).

    >>> u = torch.eye(3)[:, :1]
    >>> to_block(IdentityPlusLowRank(1.0, u, u)).S
    tensor([[2.]])
    """
    Q = torch.linalg.qr(A.U if A.U is A.V else torch.cat([A.U, A.V], 1))[0]
    return Block(A.scale, Q, restricted(A, Q))


def restricted(A: IdentityPlusLowRank, Q: Tensor) -> Tensor:
    """Qᵀ A Q for orthonormal columns Q (n, q): what A does inside their span, (q, q).

    >>> restricted(IdentityPlusLowRank(3.0, torch.ones(2, 1), torch.ones(2, 1)), torch.eye(2)[:, :1])
    tensor([[4.]])
    """
    eye = torch.eye(Q.shape[1], dtype=Q.dtype, device=Q.device)
    return A.scale * eye + (Q.mT @ A.U) @ (A.V.mT @ Q)


def from_block(c: Tensor, Q: Tensor, S: Tensor) -> IdentityPlusLowRank:
    """Q S Qᵀ + c (I − Q Qᵀ) as c I + U Vᵀ.

    >>> from_block(torch.tensor(1.0), torch.eye(2)[:, :1], torch.tensor([[5.0]])).dense()
    tensor([[5., 0.],
            [0., 1.]])
    """
    return IdentityPlusLowRank(c, Q @ (S - c * torch.eye(len(S), dtype=S.dtype, device=S.device)), Q)


def complement(Q: Tensor, count: int) -> Tensor:
    """`count` orthonormal columns (n, count), orthogonal to the orthonormal columns of Q (n, q).

    >>> complement(torch.eye(3)[:, :1], 2)
    tensor([[0., 0.],
            [1., 0.],
            [0., 1.]])
    """
    q = Q.shape[1]
    X, Z, _ = _reflector(Q)
    columns = torch.zeros(len(Q), count, dtype=Q.dtype, device=Q.device)
    columns[range(q, q + count), range(count)] = 1
    return columns - X @ Z[q : q + count].mT


def completed(Q: Tensor, M: Tensor, sign: float) -> IdentityPlusLowRank:
    """The orthogonal n×n operator [Q M, sign · complement(Q)] for an orthogonal M (q, q), never as a matrix.

    >>> completed(torch.eye(2)[:, :1], torch.eye(1), -1.0).dense()
    tensor([[ 1.,  0.],
            [ 0., -1.]])
    """
    q = Q.shape[1]
    X, Z, R = _reflector(Q)
    first_axes = torch.eye(len(Q), q, dtype=Q.dtype, device=Q.device)
    return IdentityPlusLowRank(
        sign, torch.cat([-sign * X, Q @ (M - sign * R.mT)], 1), torch.cat([Z, first_axes], 1)
    )


def _reflector(Q: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """X, Z, R of the block reflector H = I − X Zᵀ whose first q columns are Q Rᵀ: the others complete Q.

    With W S Yᵀ the SVD of the first q rows of Q and R = −W Yᵀ, H swaps Q with the first q axes turned by R.
    ZᵀZ = 2(I + Y S Yᵀ) is never singular. Source: Schreiber and Parlett, "Block Reflectors", SIAM J. Numer.
    Anal. 1988.
    """
    q = Q.shape[1]
    W, s, Yh = torch.linalg.svd(Q[:q])
    R = -W @ Yh
    Z = torch.cat([Q[:q] - R, Q[q:]])
    return Z @ (Yh.mT / (1 + s)) @ Yh, Z, R
