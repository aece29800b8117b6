"""Operators on latents that are fields: C channels at each position of an h×w grid, flattened to n = C·h·w numbers."""

from __future__ import annotations

from functools import singledispatch

import torch
from torch import Tensor
from torch.nn import functional as F

from .base import (
    Composed,
    LinearOperator,
    Scaled,
    Sum,
    Transposed,
    keep,
    to_dense,
    transposed_matvec,
)

Grid = tuple[int, int]


class PerPosition(LinearOperator):
    """A ⊗ I: `channels`, an operator A (m, n), mixes the n channels of every position; a position sees no other.

    (*, n·h·w) to (*, m·h·w). Its algebra is that of A: one small matrix, whatever the size of the grid (h, w).

    >>> from linearizer_core.operators import Dense
    >>> swap = Dense(torch.tensor([[0.0, 1.0], [1.0, 0.0]]))
    >>> PerPosition(swap, (1, 3))(torch.tensor([1.0, 2.0, 3.0, 7.0, 8.0, 9.0]))
    tensor([7., 8., 9., 1., 2., 3.])
    """

    def __init__(self, channels: LinearOperator, grid: Grid) -> None:
        super().__init__()
        self.channels, self.grid = channels, _checked(grid)
        positions = grid[0] * grid[1]
        self.shape = (channels.shape[0] * positions, channels.shape[1] * positions)

    def matvec(self, v: Tensor) -> Tensor:
        fields = v.unflatten(-1, (self.channels.shape[1], -1)).mT
        return self.channels(fields).mT.flatten(-2)


class FieldSpectrum(LinearOperator):
    r"""Σᵢ uᵢ diag(sᵢ) vᵢᵀ: what the channels hold of direction vᵢ becomes uᵢ, times a number of its own at every position.

    `U` (m, r) and `V` (n, r) have orthonormal columns, `values` s (r, h, w) are the singular values but for sign and order:
    a `PerPosition` whose singular values were changed one by one. (*, n·h·w) to (*, m·h·w). On a grid of another size each
    number covers its share of the positions, so that the spectrum keeps its shape.

    >>> A = FieldSpectrum(torch.eye(1), torch.tensor([[[2.0, 3.0]]]), torch.eye(1))
    >>> A(torch.ones(2)), on_grid(A, (1, 4))(torch.ones(4))
    (tensor([2., 3.]), tensor([2., 2., 3., 3.]))
    """

    def __init__(self, U: Tensor, values: Tensor, V: Tensor) -> None:
        super().__init__()
        self.U, self.V = keep(self, "U", U, dims=2), keep(self, "V", V, dims=2)
        self.values = keep(self, "values", values, dims=3)
        if not U.shape[1] == V.shape[1] == len(values):
            raise ValueError(
                f"FieldSpectrum: U (m, r), values (r, h, w) and V (n, r) need the same r, got {tuple(U.shape)}, "
                f"{tuple(values.shape)} and {tuple(V.shape)}."
            )
        self.grid = tuple(values.shape[1:])
        positions = self.grid[0] * self.grid[1]
        self.shape = (len(U) * positions, len(V) * positions)

    def matvec(self, v: Tensor) -> Tensor:
        return _through(self.V, self.values, self.U, v)


def _through(V: Tensor, values: Tensor, U: Tensor, v: Tensor) -> Tensor:
    along = V.mT @ v.unflatten(-1, (len(V), -1))
    return (U @ (values.flatten(1) * along)).flatten(-2)


class CircularConvolution(LinearOperator):
    r"""Every channel by itself is convolved with a kernel of its own; the field goes on beyond its edge from the other side.

    `kernels` (C, k, k'), k ≤ h and k' ≤ w, its middle being the position itself. (*, C·h·w) to the same.
    On a circle a convolution is diagonal in the Fourier domain: the `transfer` (C, h, w) holds its eigenvalues, their
    absolute values are the singular values, so pseudo-inverse, powers and SVD cost one fast Fourier transform.

    >>> shift = CircularConvolution(torch.tensor([[[0.0, 0.0, 1.0]]]), (1, 4))
    >>> shift(torch.tensor([1.0, 2.0, 3.0, 4.0])).round()
    tensor([4., 1., 2., 3.])
    """

    def __init__(self, kernels: Tensor, grid: Grid) -> None:
        super().__init__()
        self.kernels, self.grid = keep(self, "kernels", kernels, dims=3), _checked(grid)
        if any(k > side for k, side in zip(kernels.shape[1:], grid)):
            raise ValueError(
                f"CircularConvolution: kernels of {kernels.shape[1]}×{kernels.shape[2]} do not fit a grid of "
                f"{grid[0]}×{grid[1]}; use smaller kernels or a larger picture."
            )
        self.shape = (len(kernels) * grid[0] * grid[1],) * 2

    @property
    def transfer(self) -> Tensor:
        """The eigenvalues, complex (C, h, w): the Fourier transform of the kernels."""
        (height, width), (k, l) = self.grid, self.kernels.shape[1:]
        whole = F.pad(self.kernels, (0, width - l, 0, height - k))
        return torch.fft.fft2(whole.roll((-(k // 2), -(l // 2)), (1, 2)))

    def matvec(self, v: Tensor) -> Tensor:
        return apply_transfer(self.transfer, v)

    @classmethod
    def from_transfer(cls, transfer: Tensor) -> CircularConvolution:
        """The convolution with these eigenvalues (C, h, w), which must be those of a real one.

        >>> A = CircularConvolution(torch.rand(2, 3, 3), (4, 4))
        >>> torch.allclose(CircularConvolution.from_transfer(A.transfer).dense(), A.dense(), atol=1e-6)
        True
        """
        grid = tuple(transfer.shape[1:])
        kernels = torch.fft.ifft2(transfer).real.roll((grid[0] // 2, grid[1] // 2), (1, 2))
        return cls(kernels, grid)


def apply_transfer(transfer: Tensor, v: Tensor) -> Tensor:
    """The convolution with eigenvalues `transfer` (C, h, w) of fields v (*, C·h·w).

    >>> apply_transfer(torch.full((1, 1, 2), 3.0 + 0.0j), torch.tensor([1.0, 2.0]))
    tensor([3., 6.])
    """
    if v.numel() == 0:  # the transform refuses an empty batch
        return v
    field = v.unflatten(-1, tuple(transfer.shape))
    half = transfer[..., : transfer.shape[-1] // 2 + 1]
    return torch.fft.irfft2(torch.fft.rfft2(field) * half, s=tuple(transfer.shape[1:])).flatten(-3)


def _checked(grid: Grid) -> Grid:
    if len(grid) != 2 or min(grid) < 1:
        raise ValueError(f"grid must be (height, width), each at least 1, got {grid}.")
    return tuple(grid)


@transposed_matvec.register
def _(A: PerPosition, v: Tensor) -> Tensor:
    return PerPosition(A.channels.T, A.grid).matvec(v)


@to_dense.register
def _(A: PerPosition) -> Tensor:
    M = A.channels.dense().contiguous()  # kron refuses a transposed view
    return torch.kron(M, torch.eye(A.grid[0] * A.grid[1], dtype=M.dtype, device=M.device))


@transposed_matvec.register
def _(A: CircularConvolution, v: Tensor) -> Tensor:
    return apply_transfer(A.transfer.conj(), v)


@transposed_matvec.register
def _(A: FieldSpectrum, v: Tensor) -> Tensor:
    return _through(A.U, A.values, A.V, v)


@singledispatch
def on_grid(A: LinearOperator, grid: Grid) -> LinearOperator:
    """The same operator on fields of another size, with the same tensors. ValueError for one that knows no grid.

    >>> from linearizer_core.operators import Identity
    >>> A = PerPosition(Identity(3), (2, 2))
    >>> on_grid(A @ A, (4, 5)).shape
    (60, 60)
    """
    raise ValueError(
        f"{type(A).__name__} is made for latents of one size only; build it from PerPosition or "
        "CircularConvolution, which fit any grid."
    )


@on_grid.register
def _(A: PerPosition, grid: Grid) -> LinearOperator:
    return PerPosition(A.channels, grid)


@on_grid.register
def _(A: FieldSpectrum, grid: Grid) -> LinearOperator:
    positions, old = grid[0] * grid[1], A.values.flatten(1)
    covered = torch.arange(positions, device=old.device) * old.shape[1] // positions
    return FieldSpectrum(A.U, old[:, covered].unflatten(1, tuple(grid)), A.V)


@on_grid.register
def _(A: CircularConvolution, grid: Grid) -> LinearOperator:
    if A.kernels.shape[1:] == A.grid and A.grid != tuple(grid):
        raise ValueError(
            f"a convolution whose kernels fill its whole grid of {A.grid[0]}×{A.grid[1]} has no meaning on "
            f"{grid[0]}×{grid[1]}; choose the size first, then take the power or the inverse."
        )
    return CircularConvolution(A.kernels, grid)


@on_grid.register
def _(A: Composed, grid: Grid) -> LinearOperator:
    return Composed(on_grid(A.second, grid), on_grid(A.first, grid))


@on_grid.register
def _(A: Sum, grid: Grid) -> LinearOperator:
    return Sum(on_grid(A.left, grid), on_grid(A.right, grid))


@on_grid.register
def _(A: Scaled, grid: Grid) -> LinearOperator:
    return Scaled(A.c, on_grid(A.operator, grid))


@on_grid.register
def _(A: Transposed, grid: Grid) -> LinearOperator:
    return Transposed(on_grid(A.operator, grid))
