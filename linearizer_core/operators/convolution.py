"""Convolutions on a circle, which are diagonal in the Fourier domain."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from ..algebra.base import LinearOperator, keep, transposed_matvec
from ..algebra.functions import exp, power
from ..algebra.inverse import default_rtol, largest_of, pinv
from ..algebra.matrix_functions import principal_power
from ..algebra.scaling import exponents, rescaled, shifted
from ..algebra.simplify import multiple, own_transpose, product, total
from ..algebra.singular import SVD, count_kept, descending, svd, truncate, with_singular_values
from .grids import Grid, checked_grid, on_grid
from .low_rank import leading_part, recombined


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
        self.kernels, self.grid = keep(self, "kernels", kernels, dims=3), checked_grid(grid)
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
        height, width = transfer.shape[1:]
        kernels = torch.fft.ifft2(transfer).real.roll((height // 2, width // 2), (1, 2))
        return cls(kernels, (height, width))


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


@transposed_matvec.register
def _(A: CircularConvolution, v: Tensor) -> Tensor:
    return apply_transfer(A.transfer.conj(), v)


@on_grid.register
def _(A: CircularConvolution, grid: Grid) -> LinearOperator:
    if A.kernels.shape[1:] == A.grid and A.grid != tuple(grid):
        raise ValueError(
            f"a convolution whose kernels fill its whole grid of {A.grid[0]}×{A.grid[1]} has no meaning on "
            f"{grid[0]}×{grid[1]}; choose the size first, then take the power or the inverse."
        )
    return CircularConvolution(A.kernels, grid)


@pinv.register
def _(A: CircularConvolution, rtol: float | None = None) -> CircularConvolution:
    H = A.transfer
    keep = H.abs() > default_rtol(A, A.kernels, rtol) * largest_of(H)
    return CircularConvolution.from_transfer(torch.where(keep, 1 / torch.where(keep, H, 1), 0))


@power.register
def _(A: CircularConvolution, p: float, rtol: float | None = None) -> CircularConvolution:
    H = A.transfer
    if float(p).is_integer() and p >= 0:
        return CircularConvolution.from_transfer(H ** int(p))
    cutoff = default_rtol(A, A.kernels, rtol) * largest_of(H).item()
    return CircularConvolution.from_transfer(principal_power(H, p, cutoff))


@exp.register
def _(A: CircularConvolution, t: float | Tensor = 1.0) -> CircularConvolution:
    return CircularConvolution.from_transfer((t * A.transfer).exp())


@svd.register
def _(A: CircularConvolution, k: int | None = None) -> SVD:
    """V are waves, U the same waves moved by the phase of the transfer."""
    H = A.transfer
    order = descending(H.abs().flatten())[: count_kept(k, H.numel())]
    V = fourier_basis(A.grid, len(H), order, A.kernels.dtype).to(A.kernels.device)
    U = apply_transfer(torch.where(H.abs() > 0, torch.sgn(H), 1), V).mT
    return SVD(U, H.abs().flatten()[order], V.mT)


def fourier_basis(
    grid: tuple[int, int], channels: int, which: Tensor, dtype: torch.dtype | None = None
) -> Tensor:
    """Orthonormal real waves (len(which), channels · h · w), numbered like the entries of a transfer (channels, h, w).

    Of the frequencies f and −f, which have the same singular value, one stands for the cosine and one for the sine.

    >>> V = fourier_basis((3, 4), 2, torch.arange(24))
    >>> torch.allclose(V @ V.mT, torch.eye(24), atol=1e-6)
    True
    """
    (h, w), which = grid, which.cpu()
    channel, a, b = which // (h * w), which // w % h, which % w
    mirrored = (-a % h) * w + (-b % w)
    own, first = a * w + b == mirrored, a * w + b < mirrored
    y, x = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
    y, x = y.double() / h, x.double() / w  # exact waves, whatever torch's default dtype
    angle = 2 * torch.pi * (a[:, None, None] * y + b[:, None, None] * x)
    wave = torch.where((own | first)[:, None, None], angle.cos(), angle.sin())
    wave = wave * torch.where(own, 1.0, 2.0)[:, None, None].double().sqrt() / (h * w) ** 0.5
    waves = torch.zeros(len(which), channels, h, w, dtype=dtype)
    waves[torch.arange(len(which)), channel] = wave.to(waves.dtype)
    return waves.flatten(1).to(which.device)


@with_singular_values.register
def _(A: CircularConvolution, values: Tensor | Sequence[float]) -> LinearOperator:
    return recombined(A, svd(A), values)


truncate.register(CircularConvolution, leading_part)


@rescaled.register
def _(A: CircularConvolution) -> tuple[int, LinearOperator]:
    e = int(exponents(A.kernels))
    return e, CircularConvolution(shifted(A.kernels, -e), A.grid)


@multiple.register
def _(A: CircularConvolution, c: Tensor) -> CircularConvolution:
    return CircularConvolution(c * A.kernels, A.grid)


@own_transpose.register
def _(A: CircularConvolution) -> CircularConvolution:
    return CircularConvolution.from_transfer(A.transfer.conj())


@product.register
def _(second: CircularConvolution, first: LinearOperator) -> LinearOperator:
    if isinstance(first, CircularConvolution) and first.grid == second.grid:
        return CircularConvolution.from_transfer(second.transfer * first.transfer)
    return NotImplemented


@total.register
def _(A: CircularConvolution, B: LinearOperator) -> LinearOperator:
    if isinstance(B, CircularConvolution) and B.grid == A.grid:
        return CircularConvolution.from_transfer(A.transfer + B.transfer)
    return NotImplemented
