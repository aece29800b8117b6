"""Operators on fields of any size, and exponentials: against rolls, loops over positions, NumPy's FFT and SciPy."""

import numpy as np
import pytest
import scipy.linalg
import torch
from torch import nn

from linearizer_core import algebra
from linearizer_core.algebra.simplify import simplify
from linearizer_core.operators import (
    CircularConvolution,
    Dense,
    Diagonal,
    Exponential,
    Identity,
    LowRank,
    PerPosition,
    Scaled,
    on_grid,
)

close = torch.testing.assert_close
GRIDS = {"even": (4, 6), "odd": (3, 5), "mixed": (5, 4), "a row": (1, 7), "one position": (1, 1)}
every_grid = pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)


def kernels_for(grid, channels=2, at_most=3):
    return torch.randn(channels, min(at_most, grid[0]), min(at_most, grid[1]))


def columns(A):
    """The matrix of A from its action on one unit vector after the other."""
    return torch.stack([A.matvec(e) for e in torch.eye(A.shape[1])], 1)


def by_rolls(kernels, field):
    """Σ kernel[i, j] · (the field moved by i − k//2 rows and j − k'//2 columns), on a circle."""
    _, k, l = kernels.shape
    return sum(
        kernels[:, i, j, None, None] * field.roll((i - k // 2, j - l // 2), (-2, -1))
        for i in range(k)
        for j in range(l)
    )


@every_grid
def test_a_convolution_is_a_weighted_sum_of_the_shifted_fields(grid):
    kernels = kernels_for(grid)
    field = torch.randn(3, 2, *grid)
    A = CircularConvolution(kernels, grid)
    close(A(field.flatten(1)), by_rolls(kernels, field).flatten(1))
    mirrored = torch.stack([kernel.flip(0, 1) for kernel in kernels])
    if all(k % 2 for k in kernels.shape[1:]):  # only an odd kernel has its middle in the middle when mirrored
        close(A.T(field.flatten(1)), by_rolls(mirrored, field).flatten(1))


@pytest.mark.parametrize("side", [2, 4])
def test_an_even_kernel_has_its_middle_behind_its_centre(side):
    kernels, field = torch.randn(1, side, side), torch.randn(1, 5, 6)
    close(CircularConvolution(kernels, (5, 6))(field.flatten()), by_rolls(kernels, field).flatten())


@every_grid
def test_the_transfer_is_the_fourier_transform_of_the_answer_to_an_impulse(grid):
    A = CircularConvolution(kernels_for(grid), grid)
    impulse = torch.zeros(2, *grid)
    impulse[:, 0, 0] = 1
    answer = by_rolls(A.kernels, impulse).numpy()
    close(A.transfer, torch.from_numpy(np.fft.fft2(answer)))
    v = torch.randn(2, *grid)
    product = np.fft.ifft2(np.fft.fft2(v.numpy()) * A.transfer.numpy()).real
    close(A(v.flatten()), torch.from_numpy(product).flatten())


@every_grid
@pytest.mark.parametrize("kind", ["convolution", "channels"])
def test_singular_values_are_those_of_the_matrix_and_vectors_rebuild_it(grid, kind):
    A = {
        "convolution": lambda: CircularConvolution(kernels_for(grid), grid),
        "channels": lambda: PerPosition(Dense(torch.randn(3, 2)), grid),
    }[kind]()
    M = columns(A)
    U, values, V = algebra.svd(A)
    close(values, torch.linalg.svdvals(M))
    close(U @ torch.diag(values) @ V.mT, M)
    eye = torch.eye(len(values))
    close(U.mT @ U, eye)
    close(V.mT @ V, eye)
    close(algebra.svd(A, 1).values, torch.linalg.svdvals(M)[:1])


@every_grid
def test_the_average_over_the_whole_circle_has_rank_one_per_channel(grid):
    """Its other eigenvalues are rounding errors, whose phases must not spoil the singular vectors."""
    positions = grid[0] * grid[1]
    A = CircularConvolution(torch.full((2, *grid), 1 / positions), grid)
    U, values, _ = algebra.svd(A)
    close(values, torch.cat([torch.ones(2), torch.zeros(2 * positions - 2)]))
    close(U.mT @ U, torch.eye(2 * positions))
    v = torch.randn(2, *grid)
    mean = v.mean((1, 2), keepdim=True).expand_as(v).flatten()
    close(algebra.pinv(A)(v.flatten()), mean)  # a projection is its own pseudo-inverse
    close(algebra.power(A, 0.5)(v.flatten()), mean)


def test_singular_vectors_are_as_precise_as_the_operator_whatever_the_default_dtype():
    A = CircularConvolution(torch.randn(2, 3, 3), (4, 5))
    torch.set_default_dtype(torch.float32)
    U, values, V = algebra.svd(A)
    assert U.dtype == V.dtype == torch.float64
    close(U @ torch.diag(values) @ V.mT, A.dense(), rtol=0, atol=1e-13)


def test_a_power_of_a_convolution_is_a_convolution_and_acts_by_fractional_steps():
    kernels = 0.1 * torch.randn(2, 3, 3)
    kernels[:, 1, 1] += 2  # keeps every eigenvalue off the negative axis
    A, v = CircularConvolution(kernels, (4, 5)), torch.randn(3, 40)
    third = algebra.power(A, 1 / 3)
    assert isinstance(third, CircularConvolution)
    close(third(third(third(v))), A(v))
    close(algebra.power(A, 3)(v), A(A(A(v))))
    close(algebra.power(A, -1)(A(v)), v)
    close(algebra.exp(A, 0.3).dense(), torch.from_numpy(scipy.linalg.expm(0.3 * columns(A).numpy())))


def test_products_sums_and_transposes_of_convolutions_stay_convolutions():
    A, B = (CircularConvolution(torch.randn(2, 3, 3), (4, 5)) for _ in range(2))
    for C in (A @ B, A + B, 2 * A, A.T, 3 * (A @ B.T) - A):
        assert isinstance(simplify(C), CircularConvolution)
        close(simplify(C).dense(), columns(C))
    close((A @ B).dense(), (B @ A).dense())


def test_gradients_of_a_convolution_reach_its_kernels():
    kernels, v = torch.randn(1, 3, 2, requires_grad=True), torch.randn(12)
    for function in (
        lambda k: CircularConvolution(k, (3, 4))(v),
        lambda k: CircularConvolution(k, (3, 4)).T(v),
        lambda k: algebra.svd(CircularConvolution(k, (3, 4))).values,
    ):
        assert torch.autograd.gradcheck(function, kernels)


@every_grid
def test_channels_are_mixed_at_every_position_by_the_same_matrix(grid):
    M = torch.randn(3, 2)
    field, expected = torch.randn(4, 2, *grid), torch.empty(4, 3, *grid)
    for y in range(grid[0]):
        for x in range(grid[1]):
            expected[:, :, y, x] = field[:, :, y, x] @ M.mT
    A = PerPosition(Dense(M), grid)
    close(A(field.flatten(1)), expected.flatten(1))
    close(A.dense(), torch.kron(M, torch.eye(grid[0] * grid[1])))


def test_the_algebra_of_channels_is_that_of_the_small_matrix():
    M, N = torch.eye(3) + 0.2 * torch.randn(3, 3), torch.randn(3, 3)
    A, B, eye = PerPosition(Dense(M), (2, 2)), PerPosition(Dense(N), (2, 2)), torch.eye(4)
    for C, matrix in [
        (algebra.pinv(A), torch.linalg.pinv(M)),
        (algebra.power(A, 2), M @ M),
        (algebra.exp(A, 0.5), torch.linalg.matrix_exp(0.5 * M)),
        (simplify(A @ B.T), M @ N.mT),
        (simplify(2 * A - B), 2 * M - N),
    ]:
        assert isinstance(C, PerPosition)
        close(C.dense(), torch.kron(matrix, eye))


def test_channels_and_convolutions_truncate_to_the_nearest_operator_of_that_rank():
    for A in (
        PerPosition(Dense(torch.randn(3, 3)), (2, 3)),
        CircularConvolution(torch.randn(2, 3, 3), (3, 4)),
    ):
        values = torch.linalg.svdvals(columns(A))
        for k in (0, 5, A.shape[0]):
            nearest = algebra.truncate(A, k)
            rest = torch.linalg.svdvals(columns(A) - nearest.dense())
            close(rest, torch.cat([values[k:], torch.zeros(k)]), rtol=0, atol=1e-12)  # Eckart and Young


def everywhere(make):
    """An operator made of parts that know a grid, together with the same one built at another size."""
    torch.manual_seed(1)
    small = make((3, 4))
    torch.manual_seed(1)
    return small, make((5, 6))


COMPOUNDS = {
    "channels": lambda grid: PerPosition(Dense(torch.randn(2, 2)), grid),
    "convolution": lambda grid: CircularConvolution(torch.randn(2, 3, 2), grid),
    "product": lambda grid: (
        PerPosition(Dense(torch.randn(3, 2)), grid) @ CircularConvolution(torch.randn(2, 3, 3), grid)
    ),
    "sum": lambda grid: PerPosition(Identity(2), grid) + CircularConvolution(torch.randn(2, 1, 3), grid),
    "multiple": lambda grid: -2.5 * PerPosition(Exponential(torch.randn(2, 2)), grid),
    "transpose": lambda grid: (
        (
            PerPosition(LowRank(torch.randn(3, 1), torch.randn(2, 1)), grid)
            @ CircularConvolution(torch.randn(2, 3, 3), grid)
        ).T
    ),
}


@pytest.mark.parametrize("make", COMPOUNDS.values(), ids=COMPOUNDS)
def test_on_another_grid_it_is_the_operator_built_there(make):
    small, large = everywhere(make)
    close(on_grid(small, (5, 6)).dense(), large.dense())
    close(on_grid(large, (3, 4)).dense(), small.dense())


def test_on_another_grid_the_tensors_are_the_same_objects():
    M, kernels, c = (
        nn.Parameter(torch.eye(2)),
        nn.Parameter(torch.ones(2, 3, 3)),
        nn.Parameter(torch.ones(())),
    )
    A = Scaled(c, PerPosition(Dense(M), (4, 4)) @ CircularConvolution(kernels, (4, 4)).T)
    assert {id(p) for p in on_grid(A, (3, 7)).parameters()} == {id(M), id(kernels), id(c)}


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: on_grid(Dense(torch.eye(4)), (2, 2)), "Dense is made for latents of one size only"),
        (
            lambda: on_grid(PerPosition(Identity(1), (2, 2)) @ Diagonal(torch.ones(4)), (3, 3)),
            "Diagonal is made for latents of one size",
        ),
        (
            lambda: on_grid(algebra.pinv(CircularConvolution(torch.randn(1, 3, 3), (4, 4))), (5, 5)),
            "fill its whole grid of 4×4 has no meaning on 5×5",
        ),
        (
            lambda: on_grid(CircularConvolution(torch.randn(1, 3, 3), (4, 4)), (2, 8)),
            "do not fit a grid of 2×8",
        ),
        (
            lambda: CircularConvolution(torch.randn(1, 3, 5), (4, 4)),
            "kernels of 3×5 do not fit a grid of 4×4",
        ),
        (lambda: CircularConvolution(torch.randn(3, 3), (4, 4)), r"kernels must be .* 3 dimension"),
        (lambda: PerPosition(Identity(2), (0, 3)), "grid must be .* at least 1"),
        (lambda: PerPosition(Identity(2), (3,)), "grid must be"),
        (lambda: Exponential(torch.zeros(2, 3)), "generator must be square"),
        (lambda: Exponential(torch.zeros(2, 2, dtype=torch.long)), "real floating-point"),
        (lambda: algebra.power(CircularConvolution(-torch.ones(1, 1, 1), (2, 2)), 0.5), "is complex"),
        (lambda: algebra.power(CircularConvolution(torch.full((1, 1, 2), 0.5), (2, 4)), -1), "singular"),
    ],
)
def test_a_misfit_is_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_a_full_kernel_is_itself_on_its_own_grid():
    A = algebra.pinv(CircularConvolution(torch.randn(1, 3, 3), (4, 5)))
    close(on_grid(A, (4, 5)).dense(), A.dense())


@pytest.mark.parametrize("size", [0.0, 0.5, 5.0])
def test_an_exponential_is_scipys(size):
    L = size * torch.randn(4, 4)
    A, v = Exponential(L), torch.randn(3, 4)
    M = torch.from_numpy(scipy.linalg.expm(L.numpy()))
    close(A.dense(), M)
    close(A(v), v @ M.mT)
    close(A.T(v), v @ M)


def test_powers_of_an_exponential_exist_for_every_real_number_and_add_up():
    L = torch.tensor(
        [[0.0, -4.0, 0.0], [4.0, 0.0, 1.0], [0.0, 0.0, -1.0]]
    )  # a turn by more than half a circle
    A, v = Exponential(L), torch.randn(5, 3)
    tenth = algebra.power(A, 0.1)
    walked = v
    for step in range(1, 11):
        walked = tenth(walked)
        close(algebra.power(A, step / 10)(v), walked)
    close(walked, v @ torch.from_numpy(scipy.linalg.expm(L.numpy())).mT)
    close(algebra.power(A, -0.7)(algebra.power(A, 0.7)(v)), v)
    close(algebra.pinv(A)(A(v)), v)
    close(algebra.exp(A, 0.3).dense(), torch.from_numpy(scipy.linalg.expm(0.3 * A.dense().numpy())))
    assert all(isinstance(B, Exponential) for B in (tenth, algebra.pinv(A), simplify(A.T), algebra.exp(A)))


def test_the_pseudo_inverse_of_an_exponential_drops_what_it_is_told_to():
    A = Exponential(torch.diag(torch.tensor([0.0, -10.0])))
    close(algebra.pinv(A, rtol=1e-2).dense(), torch.diag(torch.tensor([1.0, 0.0])))
    close(algebra.pinv(A).dense(), torch.diag(torch.tensor([0.0, 10.0]).exp()))
