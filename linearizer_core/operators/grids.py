"""Latents that are fields: C channels at each position of an h×w grid, flattened to n = C·h·w numbers."""

from __future__ import annotations

from functools import singledispatch

from ..algebra.base import Composed, LinearOperator, Scaled, Sum, Transposed

Grid = tuple[int, int]


def checked_grid(grid: Grid) -> Grid:
    """(h, w) as a tuple. ValueError for anything but two sizes of at least 1.

    >>> checked_grid([2, 3])
    (2, 3)
    """
    if len(grid) != 2 or min(grid) < 1:
        raise ValueError(f"grid must be (height, width), each at least 1, got {grid}.")
    height, width = grid
    return height, width


@singledispatch
def on_grid(A: LinearOperator, grid: Grid) -> LinearOperator:
    """The same operator on fields of another size, with the same tensors. ValueError for one that knows no grid.

    >>> from linearizer_core.operators import Identity, PerPosition
    >>> A = PerPosition(Identity(3), (2, 2))
    >>> on_grid(A @ A, (4, 5)).shape
    (60, 60)
    """
    raise ValueError(
        f"{type(A).__name__} is made for latents of one size only; build it from PerPosition or "
        "CircularConvolution, which fit any grid."
    )


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
