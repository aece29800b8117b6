"""The algebra at the ends of the number range: very large, very small, none at all, NaN, and twice differentiated."""

import pytest
import torch
from torch import nn

import linearizer_core as lc
from linearizer_core.algebra import exp, pinv, power, svd, truncate, with_singular_values
from linearizer_core.methods.flow_matching import collapse
from linearizer_core.operators import (
    CircularConvolution,
    Dense,
    Diagonal,
    Exponential,
    Identity,
    IdentityPlusLowRank,
    LowRank,
    PerPosition,
    Projection,
    TimedGaussian,
)
from tests.catalogue import OPERATORS

every_operator = pytest.mark.parametrize("make", OPERATORS.values(), ids=OPERATORS)
FUNCTIONS = {
    "svd": svd,
    "pinv": pinv,
    "truncate": lambda A: truncate(A, 1),
    "power": lambda A: power(A, 2),
    "root": lambda A: power(A, 0.5),
    "exp": exp,
    "with_singular_values": lambda A: with_singular_values(A, torch.ones(min(A.shape))),
}


def numbers(A):
    return [t for t in (*A.parameters(), *A.buffers()) if t.numel() and t.is_floating_point()]


@every_operator
@pytest.mark.parametrize("spoilt", [torch.nan, torch.inf])
def test_an_operator_that_holds_nan_or_infinity_is_refused_by_every_function(make, spoilt):  # faults 5 and 48
    for which in range(len(numbers(make()))):
        A = make()
        with torch.no_grad():
            tensor = numbers(A)[which]
            tensor[(0,) * tensor.dim()] = spoilt
        for function in FUNCTIONS.values():
            with pytest.raises(ValueError, match="holds NaN or infinity"):
                function(A)


def test_a_span_of_nan_is_refused():  # fault 48
    for basis in (torch.full((3, 1), torch.nan), nn.Parameter(torch.full((3, 1), torch.inf))):
        with pytest.raises(ValueError, match="basis must be finite"):
            Projection(basis)(torch.ones(3))


def test_a_result_beyond_the_range_is_refused():  # fault 44
    big, small = Dense(1e200 * torch.eye(2)), Diagonal(torch.tensor([1e-320, 1e-320]))
    for call in (lambda: power(big, 3), lambda: pinv(small), lambda: pinv(big @ big), lambda: exp(big)):
        with pytest.raises(ValueError, match=r"range|holds NaN or infinity"):
            call()
    with pytest.raises(ValueError, match="range"):
        pinv(LowRank(1e200 * torch.ones(2, 1), 1e200 * torch.ones(2, 1)))


def _spd(n):
    B = torch.randn(n, n)
    return B @ B.mT + torch.eye(n)


# what is scaled, by s: an operator near 1, and how the scale is shared among its tensors
SCALED = {
    "dense": lambda M, s: (Dense(s * M), M),
    "dense trained": lambda M, s: (Dense(nn.Parameter(s * M)), M),
    "diagonal": lambda M, s: (Diagonal(s * M.diagonal()), torch.diag(M.diagonal())),
    "low rank, in U": lambda M, s: (LowRank(s * M[:, :2], M[:, :2]), M[:, :2] @ M[:, :2].mT),
    "low rank, in V": lambda M, s: (LowRank(M[:, :2], s * M[:, :2]), M[:, :2] @ M[:, :2].mT),
    "low rank, column by column": lambda M, s: (
        LowRank(torch.tensor([s, 1.0]) * M[:, :2], torch.tensor([1.0, s]) * M[:, :2]),
        M[:, :2] @ M[:, :2].mT,
    ),
    "low rank with a zero": lambda M, s: (
        LowRank(s * torch.cat([M[:, :2], 0 * M[:, :1]], 1), M[:, :3]),
        M[:, :2] @ M[:, :2].mT,
    ),
    "identity plus low rank": lambda M, s: (
        IdentityPlusLowRank(s, s * M[:, :2], M[:, :2]),
        torch.eye(len(M)) + M[:, :2] @ M[:, :2].mT,
    ),
    "identity plus no factors": lambda M, s: (IdentityPlusLowRank(s, M[:, :0], M[:, :0]), torch.eye(len(M))),
    "convolution": lambda M, s: (
        CircularConvolution(s * _kernels(), (3, 4)),
        CircularConvolution(_kernels(), (3, 4)).dense(),
    ),
    "channels": lambda M, s: (PerPosition(Dense(s * M), (1, 2)), torch.kron(M, torch.eye(2))),
    "scaled": lambda M, s: (s * Dense(M), M),
    "transposed": lambda M, s: (Dense(s * M).T, M.mT),
    "composed": lambda M, s: (Dense(s * M) @ Diagonal(torch.ones(len(M))), M),
    "sum": lambda M, s: (Dense(s * M) + Dense(s * M), 2 * M),
}


def _kernels():
    return torch.tensor([[[0.1, 0.05, 0.1], [0.2, 1.5, 0.2], [0.1, 0.05, 0.1]]])


@pytest.mark.parametrize("make", SCALED.values(), ids=SCALED)
@pytest.mark.parametrize(
    "s, dtype",
    [(s, torch.float32) for s in (1e20, 1e25, 1e30, 1e-20, 1e-30)]
    + [(s, torch.float64) for s in (1e150, 1e200, 1e300, 1e-150, 1e-300)],
    ids=str,
)
def test_pinv_powers_and_svd_at_any_scale(make, s, dtype):  # fault 44
    A, M = make(_spd(7) / 10, s)  # against the matrix near 1, in float64
    A = A.to(dtype)
    close = lambda left, right: torch.testing.assert_close(  # noqa: E731
        left.double(),
        right,
        rtol=0,
        atol=(3e-4 if dtype == torch.float32 else 1e-9) * right.abs().max().item(),
    )
    close(pinv(A).dense().double() * s, torch.linalg.pinv(M, rtol=1e-6))
    close(svd(A).values[:2].double() / s, torch.linalg.svdvals(M)[:2])
    close(truncate(A, 1).dense().double() / s, truncate(Dense(M), 1).dense())
    if torch.allclose(M, M.mT):
        close(power(A, 0.5).dense().double() / s**0.5, power(Dense(M), 0.5, 1e-6).dense())
        close(power(A, 1).dense().double() / s, M)


@pytest.mark.parametrize("left, right", [(1e160, 1e-160), (1e-160, 1e160), (1e300, 1e-300), (1e-250, 1e200)])
def test_factors_that_are_far_apart(left, right):  # fault 44
    U, V = torch.randn(6, 2), torch.randn(5, 2)
    A, M = LowRank(left * U, right * V), U @ V.mT
    size = left * right
    torch.testing.assert_close(pinv(A).dense() * size, torch.linalg.pinv(M), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(svd(A).values / size, torch.linalg.svdvals(M)[:2])
    B = IdentityPlusLowRank(size, left * U, right * U)
    near = torch.eye(6) + U @ U.mT
    torch.testing.assert_close(pinv(B).dense() * size, torch.linalg.inv(near), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close((power(B, 0.5) @ power(B, 0.5)).dense() / size, near, rtol=1e-9, atol=1e-12)


def test_gradients_pass_at_any_scale():  # fault 44
    for s in (1e200, 1e-200):
        M = nn.Parameter(s * _spd(3))
        gradient = torch.autograd.grad(pinv(Dense(M)).dense().sum() * s, M)[0] * s
        near = (M.detach() / s).requires_grad_()
        torch.testing.assert_close(gradient, torch.autograd.grad(torch.linalg.inv(near).sum(), near)[0])


EMPTY = {
    "dense": lambda: Dense(torch.zeros(0, 0)),
    "dense tall": lambda: Dense(torch.zeros(3, 0)),
    "diagonal": lambda: Diagonal(torch.zeros(0)),
    "identity": lambda: Identity(0),
    "low rank": lambda: LowRank(torch.zeros(0, 2), torch.zeros(0, 2)),
    "low rank of no factors": lambda: LowRank(torch.zeros(0, 0), torch.zeros(0, 0)),
    "identity plus low rank": lambda: IdentityPlusLowRank(2.0, torch.zeros(0, 2), torch.zeros(0, 2)),
    "projection": lambda: Projection(torch.zeros(0, 0)),
    "projection of columns": lambda: Projection(torch.zeros(0, 2)),
    "exponential": lambda: Exponential(torch.zeros(0, 0)),
    "channels": lambda: PerPosition(Dense(torch.zeros(0, 0)), (2, 2)),
    "convolution": lambda: CircularConvolution(torch.zeros(0, 1, 1), (2, 2)),
    "scaled": lambda: 2 * Diagonal(torch.zeros(0)),
    "transposed": lambda: Dense(torch.zeros(0, 0)).T,
    "sum": lambda: Dense(torch.zeros(0, 0)) + Diagonal(torch.zeros(0)),
}


@pytest.mark.parametrize("make", EMPTY.values(), ids=EMPTY)
def test_operators_on_no_axes(make):  # fault 48
    A = make()
    m, n = A.shape
    assert pinv(A).dense().shape == (n, m)
    assert svd(A).values.shape == (0,) and svd(A).U.shape == (m, 0)
    assert truncate(A, 1).dense().shape == (m, n)
    assert with_singular_values(A, []).dense().shape == (m, n)
    if m == n:
        for p in (2, 0, -1, 0.5, -0.5):
            assert power(A, p).dense().shape == (0, 0)
        assert exp(A).dense().shape == (0, 0)


SMOOTH = {
    "symmetric": lambda M: Dense(M @ M.mT + torch.eye(3)),
    "general": lambda M: Dense(0.3 * M + 2 * torch.eye(3)),
    "low rank": lambda M: LowRank(M[:, :2], M[:, :2]),
    "identity plus low rank": lambda M: IdentityPlusLowRank(
        2.0, 0.3 * torch.cat([M, M])[:, :2], torch.cat([M, M])[:, :2]
    ),
    "diagonal": lambda M: Diagonal(M.square().sum(0) + 1),
    "shear": lambda M: Dense(torch.tensor([[1.0, 1.0], [0.0, 1.0]]) * M[0, 0].exp()),
}


@pytest.mark.parametrize("make", SMOOTH.values(), ids=SMOOTH)
@pytest.mark.parametrize("p", [0.5, 1.5, -0.5, 2, -1])
def test_second_derivatives_through_powers(make, p):  # fault 48
    if isinstance(make(torch.eye(3)), LowRank) and p < 0:
        return
    M = torch.randn(3, 3, requires_grad=True)
    assert torch.autograd.gradcheck(lambda M: power(make(M), p).dense(), M)
    assert torch.autograd.gradgradcheck(lambda M: power(make(M), p).dense(), M)


def test_second_derivatives_at_an_eigenvalue_of_zero_are_refused():  # fault 48
    M = torch.diag(torch.tensor([1.0, 2.0, 0.0])).requires_grad_()
    y = power(Dense(M), 1.5).dense().sum()
    assert torch.autograd.grad(y, M, retain_graph=True)[0].isfinite().all()
    with pytest.raises(ValueError, match="second derivative through a real power"):
        torch.autograd.grad(y, M, create_graph=True)


SHEAR = torch.tensor([[1.0, 1.0], [0.0, 1.0]], dtype=torch.float64)
DEFECTIVE = {
    "at 1e13": 1e13 * SHEAR,
    "at 1e-13": 1e-13 * SHEAR,
    "at 1e200": 1e200 * SHEAR,
    "steep": torch.tensor([[1.0, 1e13], [0.0, 1.0]], dtype=torch.float64),
    "flat": torch.tensor([[1e13, 1.0], [0.0, 1e13]], dtype=torch.float64),
    "two scales": torch.block_diag(1e8 * SHEAR, 1e-8 * SHEAR),
    "three in a row": 1e13 * torch.tensor([[1.0, 1, 0], [0, 1, 1], [0, 0, 1]], dtype=torch.float64),
}


@pytest.mark.parametrize("M", DEFECTIVE.values(), ids=DEFECTIVE)
def test_roots_of_defective_matrices_at_any_scale(M):  # fault 52
    root = power(Dense(M), 0.5).dense()
    torch.testing.assert_close(root @ root, M, rtol=1e-9, atol=1e-9 * M.abs().max().item())


@pytest.mark.parametrize("c, steepness", [(1e13, 1.0), (1e-13, 1.0), (1.0, 1e13), (1e150, 1.0)])
def test_roots_of_a_defective_identity_plus_low_rank_at_any_scale(c, steepness):  # fault 52
    u, v = torch.eye(6)[:, :1], torch.eye(6)[:, 1:2]
    A = IdentityPlusLowRank(c, c * steepness * u, v)
    root = power(A, 0.5)
    assert isinstance(root, IdentityPlusLowRank)
    torch.testing.assert_close(root.dense() @ root.dense(), A.dense(), rtol=1e-9, atol=1e-9 * c)


def test_the_reason_of_a_refusal_is_the_true_one():  # fault 52
    with pytest.raises(ValueError, match="eigenvalue is 0 without enough eigenvectors, or negative"):
        power(Dense(-1e13 * SHEAR), 0.5)


def test_a_flow_that_holds_nan_is_refused():  # fault 48
    with pytest.raises(ValueError, match="NaN or infinity"):
        lc.pinv(collapse(TimedGaussian(torch.tensor([1.0, torch.nan])), 5))
