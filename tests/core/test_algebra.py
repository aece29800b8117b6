"""Laws of svd, pinv, power, exp, truncate, with_singular_values: against the dense matrix or a loop."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from linearizer_core.algebra import exp, pinv, power, singular_values, svd, truncate, with_singular_values
from linearizer_core.operators import (
    Dense,
    Diagonal,
    IdentityPlusLowRank,
    LowRank,
    Projection,
)
from tests.catalogue import OPERATORS

every_operator = pytest.mark.parametrize("make", OPERATORS.values(), ids=OPERATORS)
SQUARE = {name: make for name, make in OPERATORS.items() if make().shape[0] == make().shape[1]}
every_square_operator = pytest.mark.parametrize("make", SQUARE.values(), ids=SQUARE)
REAL_POWERS = [0.5, 1 / 3, 1.5, -0.5]


def close(actual, expected, tolerance=1e-10):
    """Equal to `tolerance` times the size of what is expected, the only scale that a matrix function has."""
    scale = expected.abs().amax().item() if expected.numel() else 0.0
    scale = scale if scale > 1e-14 else 1.0  # 0 to rounding: then the size of the factors, about 1
    torch.testing.assert_close(actual, expected, rtol=0.0, atol=tolerance * scale)


def close_to_orthonormal(U):
    torch.testing.assert_close(U.mT @ U, torch.eye(U.shape[1]), rtol=0.0, atol=1e-10)


@every_operator
def test_svd_rebuilds_the_operator_from_orthonormal_vectors(make):
    A = make()
    U, values, V = svd(A)
    close((U * values) @ V.mT, A.dense())
    close_to_orthonormal(U)
    close_to_orthonormal(V)
    assert (values >= 0).all() and (values.diff() <= 0).all()
    expected = torch.linalg.svdvals(A.dense())
    padded = torch.cat([values, values.new_zeros(len(expected) - len(values))])
    close(padded, expected)


@every_operator
def test_svd_of_the_k_largest_values_is_the_head_of_all(make):
    A = make()
    values = svd(A).values
    for k in range(min(A.shape) + 2):
        U, head, V = svd(A, k)
        close(head, values[:k])
        close_to_orthonormal(U)
        close_to_orthonormal(V)
        close(A(V.mT).mT, U * head)


@every_operator
def test_pinv_satisfies_the_four_penrose_equations(make):
    A = make()
    B = pinv(A)
    assert B.shape == A.shape[::-1]
    M, P = A.dense(), B.dense()
    condition = (M.norm() * P.norm()).item()
    for left, right in [(M @ P @ M, M), (P @ M @ P, P), ((M @ P).mT, M @ P), ((P @ M).mT, P @ M)]:
        close(left, right, tolerance=1e-13 * max(condition, 10.0))


@every_operator
def test_pinv_is_the_dense_pseudo_inverse(make):
    A = make()
    expected = torch.linalg.pinv(A.dense())
    condition = (A.dense().norm() * expected.norm()).item()
    close(pinv(A).dense(), expected, tolerance=1e-13 * max(condition, 10.0))


@every_operator
@pytest.mark.parametrize("rtol", [0.0, 1e-4, 0.4])
def test_pinv_cuts_off_at_rtol(make, rtol):
    A = make()
    values = svd(A).values
    if rtol == 0.0 and values.numel() and 0 < values[-1] < 1e-14 * values[0]:
        values = values[:0]  # rounding decides what is 0 here: no law to check
    if len(values):
        expected = torch.linalg.pinv(A.dense(), rtol=rtol) if rtol else pinv(A).dense()
        close(pinv(A, rtol or None).dense(), expected, tolerance=1e-6)


@every_square_operator
@pytest.mark.parametrize("p", range(5))
def test_integer_powers_are_repeated_products(make, p):
    A = make()
    expected = torch.eye(A.shape[0])
    for _ in range(p):
        expected = expected @ A.dense()
    close(power(A, p).dense(), expected)


@every_square_operator
def test_negative_integer_powers_are_powers_of_the_inverse_where_it_exists(make):
    A = make()
    M = A.dense().detach()
    if torch.linalg.matrix_rank(M) < len(M):
        with pytest.raises(ValueError, match="singular"):
            power(A, -2)
    else:
        condition = torch.linalg.cond(M).item()
        close(power(A, -1).dense(), torch.linalg.inv(M), tolerance=1e-13 * max(condition, 10.0))
        close(power(A, -2).dense() @ M @ M, torch.eye(len(M)), tolerance=1e-13 * max(condition, 10.0) ** 2)


def by_eigenvalues(M, p):
    """Mᵖ by NumPy, or None where the principal power is not real, or singular, or M is not diagonalizable."""
    M = M.detach().numpy()
    values, W = _eigen(M)
    small = np.abs(values) <= 1e-12 * max(np.abs(M).max(), 1e-300)
    negative = (values.real < 0) & (np.abs(values.imag) <= 1e-12 * np.abs(values)) & ~small
    if negative.any() or (p < 0 and small.any()) or (np.linalg.cond(W) > 1e6):
        return None
    powers = np.where(small, 0, np.where(small, 1, values).astype(complex) ** p)
    return torch.from_numpy(np.real(W @ np.diag(powers) @ np.linalg.inv(W)))


def _eigen(M):
    """Eigenvalues and eigenvectors; of an eigenvalue that comes k times the k vectors are chosen apart, where there are k.

    LAPACK may give the same vector k times: which it does depends on the processor.
    """
    values, W = np.linalg.eig(M)
    if len(M) < 2 or np.linalg.cond(W) < 1e6:
        return values, W
    scale, W = np.abs(M).max(), W.astype(complex)
    for value in values:
        same = np.flatnonzero(np.abs(values - value) <= 1e-7 * scale)
        _, sizes, right = np.linalg.svd(M - values[same].mean() * np.eye(len(M)))
        if sizes[-len(same)] <= 1e-7 * scale:
            W[:, same] = right[-len(same) :].conj().T
    return values, W


def _accuracy(M):
    """How far an eigenvalue is known: rounding of the largest against the least that is none of 0, a thousandfold."""
    sizes = torch.linalg.eigvals(M.detach()).abs()
    known = sizes[sizes > 1e-12 * sizes.amax()] if sizes.numel() else sizes
    return max(1e-7, 1e-14 * float(sizes.amax() / known.amin())) if known.numel() else 1e-7


@every_square_operator
@pytest.mark.parametrize("p", REAL_POWERS)
def test_real_powers_are_principal_or_refused(make, p):
    A = make()
    expected = by_eigenvalues(A.dense(), p)
    if expected is not None:
        close(power(A, p).dense(), expected, tolerance=_accuracy(A.dense()))
    elif not _is_a_shear(A):
        with pytest.raises(ValueError, match="power"):
            power(A, p)


def _is_a_shear(A):
    """Positive eigenvalues without all their eigenvectors: real powers by the logarithm, tested apart."""
    values, W = torch.linalg.eig(A.dense())
    return torch.linalg.cond(W) > 1e6 and (values.real > 0.1).all()


@every_square_operator
def test_a_root_applied_twice_is_the_operator(make):
    A = make()
    if by_eigenvalues(A.dense(), 0.5) is not None:
        root = power(A, 0.5)
        close((root @ root).dense(), A.dense(), tolerance=1e-9)
        assert (torch.linalg.eigvals(root.dense()).real >= -1e-5 * A.dense().norm().item() ** 0.5).all()


def test_a_shear_on_top_of_the_identity_has_roots_on_its_factors():
    A = IdentityPlusLowRank(2.0, torch.eye(5)[:, :1], torch.eye(5)[:, 1:2])
    root = power(A, 0.5)
    assert isinstance(root, IdentityPlusLowRank)
    close((root @ root).dense(), A.dense())


def test_roots_of_a_shear_hidden_in_dependent_factors():
    u, v = torch.eye(6)[:, :1], torch.eye(6)[:, 1:2]
    A = IdentityPlusLowRank(
        1.0, torch.cat([v + u, -v], 1), torch.cat([v, v], 1)
    )  # I + u vᵀ, with VᵀU nilpotent
    root = power(A, 0.5)
    close(root.dense(), torch.eye(6) + u @ v.mT / 2)


@pytest.mark.parametrize("p", [0.5, -1.5, 0.1])
def test_real_powers_without_enough_eigenvectors_go_through_the_logarithm(p):
    close(power(OPERATORS["shear"](), p).dense(), torch.tensor([[1.0, p], [0.0, 1.0]]))
    M = torch.tensor([[1.0, 5.0, 2.0], [-3.0, 9.0, 1.0], [0.0, 0.0, 5.0]]) / 5
    jordan = torch.block_diag(M, M) + torch.diag(torch.ones(3), 3)
    close((power(Dense(jordan), p) @ power(Dense(jordan), 1 - p)).dense(), jordan, tolerance=1e-9)


@pytest.mark.parametrize(
    "M",
    [
        [[0.0, 1.0], [0.0, 0.0]],
        [[-1.0, 1.0], [0.0, -1.0]],
        [[-1.0, 0.0], [0.0, 2.0]],
        [[0.0, 1.0, 0.0]] + [[0.0] * 3] * 2,
    ],
    ids=str,
)
def test_a_real_power_that_does_not_exist_is_refused(M):
    with pytest.raises(ValueError, match=r"power 0\.5"):
        power(Dense(torch.tensor(M)), 0.5)


@every_square_operator
@pytest.mark.parametrize("t", [1.0, -0.3, 0.0])
def test_exp_is_the_power_series(make, t):
    A = make()
    M = A.dense() * (t / max(1.0, A.dense().norm().item() / 4))
    total = term = torch.eye(len(M))
    for k in range(1, 60):
        term = term @ M / k
        total = total + term
    scale = t / max(1.0, A.dense().norm().item() / 4)
    close(exp(A, scale).dense(), total)
    close(exp(A, torch.tensor(scale)).dense(), total)


@every_operator
def test_truncate_keeps_the_k_largest_singular_values(make):
    A = make()
    M = A.dense().detach()
    values = torch.linalg.svdvals(M)
    rounding = 1e-12 * values.amax().item() + 1e-14
    for k in range(len(values) + 2):
        B = truncate(A, k)
        kept = torch.cat([values[:k], torch.zeros_like(values[k:])])
        torch.testing.assert_close(torch.linalg.svdvals(B.dense()), kept, rtol=1e-8, atol=rounding)
        error = (M - B.dense()).norm()  # Eckart and Young: no operator of rank k is nearer
        torch.testing.assert_close(error, values[k:].norm(), rtol=1e-8, atol=rounding)


@every_operator
def test_singular_values_without_vectors_are_those_of_the_decomposition(make):
    A = make()
    values = svd(A).values
    torch.testing.assert_close(singular_values(A), values, rtol=1e-12, atol=1e-12)


@every_operator
def test_new_singular_values_on_the_same_vectors(make):
    A = make()
    U, values, V = svd(A)
    new = torch.linspace(2.0, -1.0, len(values)).flip(0)
    B = with_singular_values(A, new)
    close(torch.linalg.svdvals(B.dense())[: len(new)].sum(), new.abs().sum())
    close(with_singular_values(A, values).dense(), A.dense())
    if len(values) > 1 and (values.diff().abs() > 1e-6 * values[0]).all():  # vectors are unique up to sign
        close(B.dense(), (U * new) @ V.mT, tolerance=1e-7)


@every_operator
def test_the_wrong_number_of_singular_values_is_refused(make):
    A = make()
    count = len(svd(A).values)
    with pytest.raises(ValueError, match=f"values must be the {count} singular values"):
        with_singular_values(A, torch.ones(count + 1))


@pytest.mark.parametrize("function", [svd, truncate])
@pytest.mark.parametrize("k", [-1, 1.5, True])
@pytest.mark.parametrize(
    "A", [Dense(torch.eye(3)), Diagonal(torch.ones(3)), Projection(torch.eye(3))], ids=str
)
def test_a_rank_that_is_none_is_refused(function, A, k):
    with pytest.raises(ValueError, match="k must be a whole number"):
        function(A, k)


@pytest.mark.parametrize("function", [lambda A: power(A, 2), lambda A: power(A, 0.5), exp])
@pytest.mark.parametrize(
    "name", ["dense tall", "low rank tall", "sum of dense", "transposed dense", "composed low rank"]
)
def test_functions_of_operators_need_a_square(function, name):
    with pytest.raises(ValueError, match="needs a square operator"):
        function(OPERATORS[name]())


# Shapes, ranks and scalars at random. Each example has its own seed, so that a failure can be replayed.
seeds, sizes, scalars = st.integers(0, 10**6), st.integers(1, 8), st.floats(-3, 3).map(lambda c: round(c, 2))


@given(seeds, sizes, sizes, st.integers(0, 6))
def test_low_rank_rules_at_any_shape_and_rank(seed, m, n, r):
    torch.manual_seed(seed)
    A = LowRank(torch.randn(m, r), torch.randn(n, r))
    M = A.U @ A.V.mT
    U, values, V = svd(A)
    close((U * values) @ V.mT, M)
    condition = (M.norm() * torch.linalg.pinv(M).norm()).item()
    close(pinv(A).dense(), torch.linalg.pinv(M), tolerance=1e-13 * max(condition, 1e3))
    k = r // 2
    close(truncate(A, k).dense(), (U[:, :k] * values[:k]) @ V[:, :k].mT)


@given(seeds, sizes, st.integers(0, 5), scalars)
def test_identity_plus_low_rank_rules_at_any_size_rank_and_scale(seed, n, r, c):
    torch.manual_seed(seed)
    A = IdentityPlusLowRank(c, torch.randn(n, r), torch.randn(n, r))
    M = c * torch.eye(n) + A.U @ A.V.mT
    U, values, V = svd(A)
    close((U * values) @ V.mT, M)
    close_to_orthonormal(U)
    close(exp(A, 0.3).dense(), torch.linalg.matrix_exp(0.3 * M))
    close(power(A, 3).dense(), M @ M @ M)
    condition = (M.norm() * torch.linalg.pinv(M).norm()).item()
    close(pinv(A).dense(), torch.linalg.pinv(M), tolerance=1e-12 * max(condition, 1e3))
    for k in range(n + 1):
        torch.testing.assert_close(
            (M - truncate(A, k).dense()).norm(), values[k:].norm(), rtol=1e-6, atol=1e-9
        )


@given(seeds, st.integers(5, 9), st.integers(0, 2), st.floats(0.1, 3), st.floats(-3, 3))
def test_real_powers_of_a_positive_identity_plus_low_rank(seed, n, r, c, p):
    torch.manual_seed(seed)
    U = torch.randn(n, r)
    A = IdentityPlusLowRank(c, U, U)
    values, W = torch.linalg.eigh(c * torch.eye(n) + U @ U.mT)
    close(power(A, p).dense(), (W * values**p) @ W.mT, tolerance=1e-9)


@given(seeds, st.lists(scalars, min_size=1, max_size=6), st.floats(0.1, 3))
def test_diagonal_rules_for_any_values(seed, values, p):
    d = torch.tensor(values)
    A = Diagonal(d)
    U, sigma, V = svd(A)
    close((U * sigma) @ V.mT, torch.diag(d))
    close(pinv(A).dense(), torch.linalg.pinv(torch.diag(d)))
    close(power(Diagonal(d.abs()), p).dense(), torch.diag(d.abs() ** p))


@given(seeds, st.floats(-2, 2), st.floats(-2, 2))
def test_powers_and_exponentials_add_their_exponents(seed, p, q):
    torch.manual_seed(seed)
    B = torch.randn(4, 4)
    A = Dense(B @ B.mT + torch.eye(4))
    close((power(A, p) @ power(A, q)).dense(), power(A, p + q).dense(), tolerance=1e-9)
    close((exp(A, p / 9) @ exp(A, q / 9)).dense(), exp(A, (p + q) / 9).dense(), tolerance=1e-9)


@every_operator
def test_float32_goes_in_and_comes_out(make):
    A = make().float()
    square = A.shape[0] == A.shape[1]
    for B in [
        A.T,
        pinv(A),
        truncate(A, 1),
        *([exp(0.1 / A.dense().norm().item() * A), power(A, 2)] if square and A.dense().any() else []),
    ]:
        M = B.dense()
        assert M.dtype == torch.float32 and M.isfinite().all()
    U, values, V = svd(A)
    assert U.dtype == values.dtype == V.dtype == torch.float32
    torch.testing.assert_close(
        (U * values) @ V.mT, A.dense(), rtol=1e-4, atol=2e-6 * max(A.dense().abs().max().item(), 1.0)
    )
