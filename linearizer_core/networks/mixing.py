"""Learned invertible linear maps, as P L U so that inverse and log-determinant are cheap and never singular."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..precision import narrow, wide
from .base import InvertibleNetwork
from .folding import Linear, linear
from .log_det import log_det_rule


class PLU(nn.Module):
    r"""An invertible n×n matrix W = P L U: P a fixed permutation, L unit lower, U upper with diagonal ± exp(s).

    One parameter holds all of it, as LAPACK packs it: L below the diagonal of `packed`, s on it, U above it.
    Source: Kingma and Dhariwal, "Glow", arXiv:1807.03039, section 3.2.

    >>> PLU(torch.eye(2)).matrix().detach()
    tensor([[1., 0.],
            [0., 1.]])
    """

    rows: Tensor
    sign: Tensor

    def __init__(self, matrix: Tensor) -> None:
        super().__init__()
        n = len(matrix)
        self.register_buffer("rows", torch.arange(n))
        self.register_buffer("sign", torch.ones(n, dtype=matrix.dtype))
        self.packed = nn.Parameter(torch.zeros_like(matrix))
        self.set_(matrix)

    @torch.no_grad()
    def set_(self, matrix: Tensor) -> None:
        """Makes this P L U equal to the given invertible matrix (n, n); ValueError if it is singular or not finite.

        >>> plu = PLU(torch.eye(2)); plu.set_(torch.tensor([[0.0, 2.0], [1.0, 0.0]])); plu.matrix().detach()
        tensor([[0., 2.],
                [1., 0.]])
        """
        if not torch.isfinite(matrix).all():
            raise ValueError("matrix: expected finite entries, got NaN or infinity.")
        permutation, lower, upper = torch.linalg.lu(matrix)
        diagonal = upper.diagonal()
        if (diagonal == 0).any():
            raise ValueError("matrix: expected an invertible matrix, got a singular one.")
        self.rows.copy_(permutation.argmax(1))  # row i of P L is row rows[i] of L
        self.sign.copy_(diagonal.sign())
        self.packed.copy_(lower.tril(-1) + upper.triu(1) + torch.diag(diagonal.abs().log()))

    def extra_repr(self) -> str:
        return f"n={len(self.packed)}"

    @property
    def log_det(self) -> Tensor:
        """log |det W|, a scalar."""
        return self.packed.diagonal().sum()

    def factors(self) -> tuple[Tensor, Tensor]:
        """L and U, each (n, n), in float64: they are worse conditioned than W, by a hundred at n = 1024.

        >>> [factor.shape for factor in PLU(torch.eye(3)).factors()]
        [torch.Size([3, 3]), torch.Size([3, 3])]
        """
        packed = wide(self.packed)
        upper_diagonal = torch.diag(wide(self.sign) * packed.diagonal().exp())
        return packed.tril(-1) + torch.eye(len(packed)).to(packed), packed.triu(1) + upper_diagonal

    def matrix(self) -> Tensor:
        """W = P L U, (n, n).

        >>> PLU(2 * torch.eye(1)).matrix().item()
        2.0
        """
        return narrow(self._product(), self.packed)

    def matrix_for(self, x: Tensor) -> Tensor:
        """W in the precision of x, which may be wider than that of its own factors, (n, n).

        >>> PLU(2 * torch.eye(1)).matrix_for(torch.zeros(1, dtype=torch.float64)).dtype
        torch.float64
        """
        return narrow(self._product(), x)

    def _product(self) -> Tensor:
        lower, upper = self.factors()
        return (lower @ upper)[self.rows.to(lower.device)]

    def forward(self, x: Tensor) -> Tensor:
        """W x for vectors x (*, n), factor by factor: W itself is never formed.

        >>> PLU(2 * torch.eye(1))(torch.tensor([3.0])).item()
        6.0
        """
        v, packed = (
            wide(x),
            wide(self.packed),
        )  # the factors' own conditioning would cost three digits in float32
        v = v @ packed.triu(1).mT + wide(self.sign) * packed.diagonal().exp() * v
        v = v @ packed.tril(-1).mT + v
        return narrow(v[..., self.rows.to(v.device)], x)

    def solve(self, y: Tensor) -> Tensor:
        """W⁻¹ y for columns y (n, k), by two triangular solves.

        >>> PLU(2 * torch.eye(1)).solve(torch.tensor([[4.0]])).item()
        2.0
        """
        # the solver reads one triangle only, so L and U need not be cut out of `packed`: half the time of a decode
        packed, x = wide(self.packed), wide(y[self.rows.argsort()])
        x = torch.linalg.solve_triangular(packed, x, upper=False, unitriangular=True)
        upper = packed.diagonal_scatter(wide(self.sign) * packed.diagonal().exp())
        return narrow(torch.linalg.solve_triangular(upper, x, upper=True), y)


class InvertibleLinear(InvertibleNetwork):
    """z = W x + b on vectors, (*, n) to (*, n), with W = P L U. Fresh: W a random rotation drawn from torch's generator.

    >>> g = InvertibleLinear(3)
    >>> torch.allclose(g.inverse(g(torch.ones(3))), torch.ones(3), atol=1e-5)
    True
    """

    def __init__(self, n: int) -> None:
        super().__init__()
        self.in_shape = self.out_shape = (n,)
        self.weight = PLU(nn.init.orthogonal_(torch.empty(n, n)))
        self.bias = nn.Parameter(torch.zeros(n))

    def forward(self, x: Tensor) -> Tensor:
        return self.weight(x) + self.bias

    def inverse(self, z: Tensor) -> Tensor:
        columns = (z - self.bias).reshape(-1, z.shape[-1]).mT
        return self.weight.solve(columns).mT.reshape(z.shape)


class InvertibleConv1x1(InvertibleNetwork):
    """z = W x at every pixel, (B, C, H, W) to the same, with a C×C matrix W = P L U. Fresh: W a random rotation.

    >>> g = InvertibleConv1x1((4, 2, 2))
    >>> torch.allclose(g.inverse(g(torch.ones(1, 4, 2, 2))), torch.ones(1, 4, 2, 2), atol=1e-5)
    True
    """

    def __init__(self, in_shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.in_shape = self.out_shape = tuple(in_shape)
        self.weight = PLU(nn.init.orthogonal_(torch.empty(in_shape[0], in_shape[0])))

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight.matrix_for(x)[..., None, None])

    def inverse(self, z: Tensor) -> Tensor:
        identity = torch.eye(z.shape[-3], dtype=z.dtype, device=z.device)
        return F.conv2d(z, self.weight.solve(identity)[..., None, None])


@log_det_rule.register
def _(g: InvertibleLinear, x: Tensor) -> tuple[Tensor, Tensor]:
    return g(x), g.weight.log_det.expand(len(x))


@log_det_rule.register
def _(g: InvertibleConv1x1, x: Tensor) -> tuple[Tensor, Tensor]:
    pixels = x.shape[-2] * x.shape[-1]
    return g(x), (pixels * g.weight.log_det).expand(len(x))


@linear.register
def _(g: InvertibleLinear) -> Linear:
    return Linear(g.weight.matrix_for(wide(g.bias)), wide(g.bias))


@linear.register
def _(g: InvertibleConv1x1) -> Linear:
    W = g.weight.matrix_for(wide(g.weight.sign))
    return Linear(W, torch.zeros_like(W[0]))
