"""Operators that only multiply, too large for a matrix: against the dense route in float64, and at n = 100 000."""

import pytest
import torch
from torch import nn

import linearizer_core as lc
from linearizer_core import algebra
from linearizer_core.algebra import iterated, krylov
from linearizer_core.networks import Flatten
from linearizer_core.operators import Dense, Identity, LinearOperator, LowRank
from linearizer_core.operators.identity_plus import IdentityPlusLowRank

close = torch.testing.assert_close


class Tridiagonal(LinearOperator):
    """d on the diagonal, e above and f below it."""

    def __init__(self, d, e, f=None):
        super().__init__()
        self.d, self.e, self.f = d, e, e if f is None else f
        self.shape = (len(d), len(d))

    def matvec(self, v):
        above = nn.functional.pad(self.e * v[..., 1:], (0, 1))
        return self.d * v + above + nn.functional.pad(self.f * v[..., :-1], (1, 0))


class Known(Tridiagonal):
    """The same with its transpose written."""

    def rmatvec(self, v):
        return Tridiagonal(self.d, self.f, self.e).matvec(v)


class Matrix(LinearOperator):
    """A matrix that hides that it is one."""

    def __init__(self, matrix):
        super().__init__()
        self.matrix, self.shape = matrix, tuple(matrix.shape)

    def matvec(self, v):
        return v @ self.matrix.mT


def symmetric(n, spread=3.0):
    return Tridiagonal(2.5 + spread / (1 + torch.arange(n)), -torch.ones(n - 1))


def lopsided(n):
    return Tridiagonal(3 + torch.rand(n), torch.rand(n - 1), -torch.rand(n - 1))


SQUARE = {
    "symmetric": lambda: symmetric(40),
    "not symmetric": lambda: lopsided(40),
    "with rmatvec": lambda: Known(3 + torch.rand(40), torch.rand(40 - 1), -torch.rand(40 - 1)),
    "a product": lambda: lopsided(40) @ symmetric(40),
    "a sum": lambda: lopsided(40) + 2 * Identity(40),
    "a multiple": lambda: 0.5 * lopsided(40),
    "transposed": lambda: lopsided(40).T,
}
ANY = SQUARE | {
    "tall": lambda: Matrix(torch.randn(30, 12)),
    "wide": lambda: Matrix(torch.randn(12, 30)),
    "rank 3": lambda: Matrix(torch.randn(30, 3) @ torch.randn(3, 40)),
    "zero": lambda: Matrix(torch.zeros(30, 20)),
}
squares = pytest.mark.parametrize("make", SQUARE.values(), ids=SQUARE)
all_of_them = pytest.mark.parametrize("make", ANY.values(), ids=ANY)


@pytest.fixture
def large(monkeypatch):
    """Everything counts as large: what would be a matrix iterates, and a matrix may still be asked for to compare."""
    monkeypatch.setattr(iterated, "DENSE_UP_TO", 1)


@all_of_them
def test_the_pseudo_inverse_is_that_of_the_matrix(make, large):
    A = make()
    P, M = algebra.pinv(A), A.dense()
    wanted = torch.linalg.pinv(M, rtol=1e-10)
    b = torch.randn(2, 3, A.shape[0])
    close(P(b), b @ wanted.mT, rtol=1e-8, atol=1e-8)
    close(P(b[0, 0]), b[0, 0] @ wanted.mT, rtol=1e-8, atol=1e-8)  # one vector is SciPy's
    close(P.T(v := torch.randn(3, A.shape[1])), v @ wanted, rtol=1e-8, atol=1e-8)


@all_of_them
def test_the_largest_singular_values_are_those_of_the_matrix(make, large):
    A, k = make(), 1
    wanted = torch.linalg.svd(A.dense(), full_matrices=False)
    U, values, V = algebra.svd(A, k)
    close(values, wanted.S[:k], rtol=1e-9, atol=1e-9)
    close(U.mT @ U, torch.eye(k), rtol=0, atol=1e-9)
    close(A(V.mT).mT, U * values, rtol=0, atol=1e-7)
    close(algebra.truncate(A, k).dense(), (wanted.U[:, :k] * wanted.S[:k]) @ wanted.Vh[:k], rtol=0, atol=1e-7)


@squares
def test_exponentials_powers_and_roots_are_those_of_the_matrix(make, large):
    A, v = make(), torch.randn(2, 2, 40)
    M = A.dense()
    for t in (0.0, 0.3, -2.0, torch.tensor(4.0)):
        close(algebra.exp(A, t)(v), v @ torch.linalg.matrix_exp(t * M).mT, rtol=1e-9, atol=1e-9)
    for p in (0, 1, 3, -1, -2):
        close(algebra.power(A, p)(v), v @ torch.linalg.matrix_power(M, p).mT, rtol=1e-8, atol=1e-8)
    for p in (0.5, -0.5, 1.7):
        close(algebra.power(A, p)(v), algebra.power(Dense(M), p)(v), rtol=1e-7, atol=1e-7)
    for B in (algebra.exp(A, 0.3), algebra.power(A, 2), algebra.power(A, 0.5)):
        w = torch.randn(40)
        close(B.T(w) @ v[0, 0], w @ B(v[0, 0]), rtol=1e-8, atol=1e-8)


def test_undoing_and_repeating_stay_closed_forms(large):
    A, v = symmetric(30), torch.randn(30)
    assert algebra.pinv(algebra.pinv(A)) is A
    close(algebra.pinv(algebra.exp(A, 0.5))(algebra.exp(A, 0.5)(v)), v)
    close(algebra.power(algebra.exp(A, 0.5), 0.4).t, torch.tensor(0.2))


@pytest.mark.parametrize("make", [symmetric, lopsided])
def test_what_is_larger_than_a_matrix_iterates_and_what_is_smaller_does_not(make):
    small, big = make(iterated.DENSE_UP_TO), make(iterated.DENSE_UP_TO + 1)
    assert isinstance(algebra.pinv(small), Dense) and isinstance(algebra.exp(small), Dense)
    assert isinstance(algebra.pinv(big), iterated.IteratedInverse)
    assert isinstance(algebra.pinv(2 * big).operator, iterated.IteratedInverse)
    assert isinstance(algebra.truncate(big, 2), LowRank)
    assert isinstance(algebra.pinv(IdentityPlusLowRank(1.0, *torch.randn(2, 2000, 1))), IdentityPlusLowRank)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_hundred_thousand_axes_need_no_matrix(dtype):
    n = 100_000
    A = Known(4 + 100 / (1 + torch.arange(n)), -torch.ones(n - 1)).to(dtype)
    A.d, A.e, A.f = A.d.to(dtype), A.e.to(dtype), A.f.to(dtype)
    v = torch.randn(n, dtype=dtype)
    eps = torch.finfo(dtype).eps
    assert (A(algebra.pinv(A)(v)) - v).norm() <= 5e3 * eps * v.norm()
    half = algebra.exp(A, 0.05)
    close(half(half(v)), algebra.exp(A, 0.1)(v), rtol=1e2 * eps, atol=1e4 * eps)
    root = algebra.power(A, 0.5)
    close(root(root(v)), A(v), rtol=0, atol=1e5 * eps)
    U, values, V = algebra.svd(A, 3)
    assert U.dtype == dtype and values.dtype == dtype
    close(A(V.mT).mT, U * values, rtol=0, atol=5e2 * eps if dtype == torch.float64 else 1e-3)
    leading = Known(A.d[:200].double(), A.e[:199].double(), A.f[:199].double()).dense()
    close(torch.linalg.svdvals(leading)[:3].to(dtype), values, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize(
    "shape", [(8, 8), (9, 4), (4, 9), "rank 2"], ids=["square", "tall", "wide", "of low rank"]
)
def test_gradients_of_the_pseudo_inverse_are_those_of_the_matrix(shape, large):
    if shape == "rank 2":
        factors = [torch.randn(6, 2, requires_grad=True), torch.randn(2, 7, requires_grad=True)]
    else:
        factors = [torch.randn(shape, requires_grad=True), torch.eye(shape[1])]
    b, weight = torch.randn(2, factors[0].shape[0], requires_grad=True), torch.randn(2, factors[1].shape[1])
    leaves = [*(f for f in factors if f.requires_grad), b]

    def gradients(solve):
        return torch.autograd.grad((solve(factors[0] @ factors[1]) * weight).sum(), leaves)

    A = Matrix(factors[0] @ factors[1])
    A.matrix = nn.Parameter(A.matrix.detach())
    x = algebra.pinv(A)(b)
    to_matrix, to_b = torch.autograd.grad((x * weight).sum(), [A.matrix, b])
    wanted = gradients(lambda M: b @ torch.linalg.pinv(M, rtol=1e-10).mT)
    close(to_b, wanted[-1], rtol=1e-6, atol=1e-7)
    through = [torch.autograd.grad(factors[0] @ factors[1], leaf, to_matrix)[0] for leaf in leaves[:-1]]
    for got, expected in zip(through, wanted):
        close(got, expected, rtol=1e-6, atol=1e-6)


def test_gradients_of_exponentials_powers_and_values_are_those_of_the_matrix(large):
    matrix = nn.Parameter(3 * torch.eye(12) + 0.3 * torch.randn(12, 12))
    t, v = torch.tensor(0.4, requires_grad=True), torch.randn(2, 12, requires_grad=True)
    A = Matrix(matrix)
    pairs = [
        (algebra.exp(A, t)(v), v @ torch.linalg.matrix_exp(t * matrix).mT, [matrix, t, v]),
        (algebra.power(A, 3)(v), v @ torch.linalg.matrix_power(matrix, 3).mT, [matrix, v]),
        (algebra.power(A, -2)(v), v @ torch.linalg.matrix_power(matrix, -2).mT, [matrix, v]),
        (algebra.svd(A, 1).values, torch.linalg.svdvals(matrix)[:1], [matrix]),
    ]
    for got, wanted, leaves in pairs:
        weight = torch.randn_like(wanted)
        ours, theirs = (torch.autograd.grad((out * weight).sum(), leaves) for out in (got, wanted))
        for one, other in zip(ours, theirs):
            close(one, other, rtol=1e-6, atol=1e-7)


def test_a_gradient_that_iteration_has_not_is_refused_and_never_cut(large):
    A = Matrix(nn.Parameter(3 * torch.eye(16) + 0.1 * torch.randn(16, 16)))
    v = torch.randn(16)
    sentence = "of an operator that iterates has no gradient; detach it, or work on Dense"
    with pytest.raises(ValueError, match=f"power 0.5 {sentence}"):
        algebra.power(A, 0.5)(v).sum().backward()
    with pytest.raises(ValueError, match=f"a singular vector {sentence}"):
        algebra.svd(A, 2).U.sum().backward()
    with pytest.raises(ValueError, match="pinv of an operator that iterates has no second derivative"):
        torch.autograd.grad(algebra.pinv(A)(v).sum(), A.parameters(), create_graph=True)


def test_what_iteration_cannot_reach_is_said(large, monkeypatch):
    monkeypatch.setattr(krylov, "MOST_ITERATIONS", 30)
    A = Matrix(torch.diag(torch.logspace(0, -9, 200)))
    for b in (torch.randn(200), torch.randn(2, 200)):
        with pytest.raises(
            ValueError, match=r"pinv of this Matrix of shape \(200, 200\) is not found to 2e-15 in 30"
        ):
            algebra.pinv(A)(b)
    monkeypatch.setattr(krylov, "MOST_TERMS", 100)
    with pytest.raises(ValueError, match=r"exp\(tA\) v needs more than 100 products"):
        algebra.exp(symmetric(30), 1e3)(torch.randn(30))
    monkeypatch.setattr(krylov, "MOST_DIRECTIONS", 8)
    with pytest.raises(
        ValueError, match=r"power 0\.5 of this Matrix .* is not found to 1e-12 in 8 directions"
    ):
        algebra.power(A, 0.5)(torch.randn(200))


def test_powers_that_do_not_exist_are_refused(large):
    with pytest.raises(ValueError, match=r"power 0\.5 of this operator is complex"):
        algebra.power(Matrix(torch.diag(torch.linspace(-1, 3, 20))), 0.5)(torch.randn(20))
    with pytest.raises(ValueError, match="power -1 of a singular operator does not exist"):
        algebra.power(Matrix(torch.diag(torch.linspace(0, 3, 20))), -1)(torch.randn(20))
    with pytest.raises(ValueError, match="exp needs a square operator"):
        algebra.exp(Matrix(torch.randn(30, 20)))
    with pytest.raises(ValueError, match="power needs a square operator"):
        algebra.power(Matrix(torch.randn(30, 20)), 2)


def test_all_values_or_a_cut_off_are_the_matrix_all_the_same(large):
    A = symmetric(30)
    assert isinstance(algebra.pinv(A, rtol=0.1), Dense)
    close(algebra.singular_values(A), torch.linalg.svdvals(A.dense()))
    close(algebra.svd(A, 20).values, torch.linalg.svdvals(A.dense())[:20])


def test_a_linearizer_on_a_large_operator_has_all_of_it():
    n = 2000
    g = Flatten((n,))
    f, x = lc.Linearizer(g, symmetric(n), g), torch.randn(3, n)
    close(f.pinv()(f(x)), x, rtol=1e-8, atol=1e-8)
    close((f**0.5)((f**0.5)(x)), f(x), rtol=1e-8, atol=1e-8)
    close(f.exp(-0.1)(f.exp(0.1)(x)), x, rtol=1e-9, atol=1e-9)
    assert f.svd(3).inputs.shape == (3, n) and f.truncated(3)(x).shape == (3, n)
