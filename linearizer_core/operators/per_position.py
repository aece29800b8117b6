"""Operators that do the same to the channels of every position, or weigh its directions position by position."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..algebra.base import (
    Composed,
    LinearOperator,
    Scaled,
    Sum,
    Transposed,
    keep,
    to_dense,
    transposed_matvec,
)
from ..algebra.functions import exp, power
from ..algebra.inverse import default_rtol, largest_of, pinv
from ..algebra.simplify import multiple, own_transpose, product, simplify, structured, total
from ..algebra.singular import (
    SVD,
    check_values,
    count_kept,
    descending,
    sign,
    svd,
    truncate,
    with_singular_values,
)
from .grids import Grid, checked_grid, on_grid
from .low_rank import recombined


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
        self.channels, self.grid = channels, checked_grid(grid)
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
        height, width = values.shape[1:]
        self.grid, positions = (height, width), height * width
        self.shape = (len(U) * positions, len(V) * positions)

    def matvec(self, v: Tensor) -> Tensor:
        return _through(self.V, self.values, self.U, v)


def _through(V: Tensor, values: Tensor, U: Tensor, v: Tensor) -> Tensor:
    along = V.mT @ v.unflatten(-1, (len(V), -1))
    return (U @ (values.flatten(1) * along)).flatten(-2)


@transposed_matvec.register
def _(A: PerPosition, v: Tensor) -> Tensor:
    return PerPosition(A.channels.T, A.grid).matvec(v)


@to_dense.register
def _(A: PerPosition) -> Tensor:
    M = A.channels.dense().contiguous()  # kron refuses a transposed view
    return torch.kron(M, torch.eye(A.grid[0] * A.grid[1], dtype=M.dtype, device=M.device))


@transposed_matvec.register
def _(A: FieldSpectrum, v: Tensor) -> Tensor:
    return _through(A.U, A.values, A.V, v)


@on_grid.register
def _(A: PerPosition, grid: Grid) -> LinearOperator:
    return PerPosition(A.channels, grid)


@on_grid.register
def _(A: FieldSpectrum, grid: Grid) -> LinearOperator:
    positions, old = grid[0] * grid[1], A.values.flatten(1)
    covered = torch.arange(positions, device=old.device) * old.shape[1] // positions
    return FieldSpectrum(A.U, old[:, covered].unflatten(1, tuple(grid)), A.V)


@pinv.register
def _(A: PerPosition, rtol: float | None = None) -> PerPosition:
    return PerPosition(pinv(A.channels, rtol), A.grid)


@pinv.register
def _(A: FieldSpectrum, rtol: float | None = None) -> FieldSpectrum:
    s = A.values
    keep = s.abs() > default_rtol(A, s, rtol) * largest_of(s)
    return FieldSpectrum(A.V, torch.where(keep, 1 / torch.where(keep, s, 1), 0), A.U)


@power.register
def _(A: PerPosition, p: float, rtol: float | None = None) -> PerPosition:
    return PerPosition(power(A.channels, p, rtol), A.grid)


@exp.register
def _(A: PerPosition, t: float | Tensor = 1.0) -> PerPosition:
    return PerPosition(exp(A.channels, t), A.grid)


@svd.register
def _(A: PerPosition, k: int | None = None) -> SVD:
    """Each singular value of the channels stands once per position."""
    positions = A.grid[0] * A.grid[1]
    U, values, V = svd(A.channels)
    take = torch.arange(count_kept(k, len(values) * positions), device=values.device)
    return SVD(_columns(U, take, A.grid), values[take // positions], _columns(V, take, A.grid))


@svd.register
def _(A: FieldSpectrum, k: int | None = None) -> SVD:
    order = descending(A.values.abs().flatten())[: count_kept(k, A.values.numel())]
    values, V = A.values.flatten()[order], _columns(A.V, order, A.grid)
    return SVD(sign(values) * _columns(A.U, order, A.grid), values.abs(), V)


def _columns(W: Tensor, which: Tensor, grid: tuple[int, int]) -> Tensor:
    """Columns of W ⊗ I for the positions of a grid, numbered direction by direction: (len(W) · positions, len(which))."""
    positions = grid[0] * grid[1]
    whole = W.new_zeros(len(W), positions, len(which))
    whole[:, which % positions, torch.arange(len(which))] = W[:, which // positions]
    return whole.flatten(0, 1)


@with_singular_values.register
def _(A: PerPosition, values: Tensor | Sequence[float]) -> LinearOperator:
    U, old, V = svd(A.channels)
    new = check_values(values, old.repeat_interleave(A.grid[0] * A.grid[1])).unflatten(0, (len(old), -1))
    if (new == new[:, :1]).all():  # each direction of the channels keeps one value at all positions
        return PerPosition(with_singular_values(A.channels, new[:, 0]), A.grid)
    return FieldSpectrum(U, new.unflatten(1, A.grid), V)


@with_singular_values.register
def _(A: FieldSpectrum, values: Tensor | Sequence[float]) -> FieldSpectrum:
    old = A.values.flatten()
    ranks = descending(old.abs()).argsort()
    return FieldSpectrum(A.U, (sign(old) * check_values(values, old)[ranks]).view_as(A.values), A.V)


@recombined.register
def _(A: PerPosition, factors: SVD, values: Tensor | Sequence[float]) -> LinearOperator:
    """In a form that fits any grid: what was left out of the factors is 0."""
    values, positions = check_values(values, factors.values), A.grid[0] * A.grid[1]
    whole = values.new_zeros(min(A.channels.shape) * positions)
    return with_singular_values(A, torch.cat([values, whole[len(values) :]]))


@truncate.register
def _(A: PerPosition, k: int) -> LinearOperator:
    values = svd(A.channels).values.repeat_interleave(A.grid[0] * A.grid[1])
    kept = torch.arange(len(values), device=values.device) < count_kept(k, len(values))
    return A if kept.all() else with_singular_values(A, torch.where(kept, values, 0))


@truncate.register
def _(A: FieldSpectrum, k: int) -> FieldSpectrum:
    ranks = descending(A.values.abs().flatten()).argsort().view_as(A.values)
    return FieldSpectrum(A.U, torch.where(ranks < count_kept(k, A.values.numel()), A.values, 0), A.V)


@multiple.register
def _(A: PerPosition, c: Tensor) -> PerPosition:
    return PerPosition(simplify(Scaled(c, A.channels)), A.grid)


@own_transpose.register
def _(A: PerPosition) -> PerPosition:
    return PerPosition(simplify(Transposed(A.channels)), A.grid)


@product.register
def _(second: PerPosition, first: LinearOperator) -> LinearOperator:
    if isinstance(first, PerPosition) and first.grid == second.grid:
        return PerPosition(simplify(Composed(second.channels, first.channels)), second.grid)
    return NotImplemented


@total.register
def _(A: PerPosition, B: LinearOperator) -> LinearOperator:
    if isinstance(B, PerPosition) and B.grid == A.grid:
        return PerPosition(structured(Sum(A.channels, B.channels), svd), A.grid)
    return NotImplemented
