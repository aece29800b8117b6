"""Laws of svd, pinv, power, exp, truncate, with_singular_values: against the dense matrix or a loop."""

import numpy as np
import pytest
import torch
from catalogue import OPERATORS
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from linearizer_core.algebra import exp, pinv, power, svd, truncate, with_singular_values
from linearizer_core.operators import (
    Composed,
    Dense,
    Diagonal,
    Identity,
    IdentityPlusLowRank,
    LowRank,
    Projection,
    Scaled,
    Transposed,
)

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
    values, W = np.linalg.eig(M)
    small = np.abs(values) <= 1e-12 * max(np.abs(M).max(), 1e-300)
    negative = (values.real < 0) & (np.abs(values.imag) <= 1e-12 * np.abs(values)) & ~small
    if negative.any() or (p < 0 and small.any()) or (np.linalg.cond(W) > 1e6):
        return None
    powers = np.where(small, 0, np.where(small, 1, values).astype(complex) ** p)
    return torch.from_numpy(np.real(W @ np.diag(powers) @ np.linalg.inv(W)))


@every_square_operator
@pytest.mark.parametrize("p", REAL_POWERS)
def test_real_powers_are_principal_or_refused(make, p):
    A = make()
    expected = by_eigenvalues(A.dense(), p)
    if expected is not None:
        close(power(A, p).dense(), expected, tolerance=1e-7)
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
    with pytest.raises(ValueError, match="k must be an integer"):
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


# Gradients: against finite differences, at operators with equal and with zero singular values too.
def gradients_agree(build, *tensors):
    tensors = [t.clone().requires_grad_() for t in tensors]
    assert torch.autograd.gradcheck(
        lambda *args: build(*args).dense(), tensors, eps=1e-6, atol=1e-6, rtol=1e-5
    )


GRADIENTS = {
    "pinv dense": (lambda M: pinv(Dense(M)), lambda: [torch.randn(4, 3)]),
    "pinv diagonal": (lambda d: pinv(Diagonal(d)), lambda: [torch.tensor([2.0, -1.0, 2.0])]),
    "pinv low rank": (lambda U, V: pinv(LowRank(U, V)), lambda: [torch.randn(5, 2), torch.randn(4, 2)]),
    "pinv low rank, equal singular values": (
        lambda U, V: pinv(LowRank(U, V)),
        lambda: [torch.eye(5)[:, :2], torch.eye(4)[:, 1:3]],
    ),
    "pinv plus": (
        lambda c, U, V: pinv(IdentityPlusLowRank(c, U, V)),
        lambda: [torch.tensor(2.0), torch.randn(7, 2), torch.randn(7, 2)],
    ),
    "pinv plus at zero factors": (
        lambda U, V: pinv(IdentityPlusLowRank(1.0, U, V)),
        lambda: [torch.zeros(6, 2), torch.randn(6, 2)],
    ),
    "pinv scaled": (lambda c: pinv(c * Diagonal(torch.ones(2))), lambda: [torch.tensor(2.0)]),
    "truncated dense": (lambda M: truncate(Dense(M), 2), lambda: [torch.randn(4, 3)]),
    "truncated low rank": (
        lambda U, V: truncate(LowRank(U, V), 1),
        lambda: [torch.randn(5, 2), torch.randn(4, 2)],
    ),
    "new values": (lambda s: with_singular_values(Dense(torch.eye(3) * 2), s), lambda: [torch.randn(3)]),
    "new values plus": (
        lambda s: with_singular_values(IdentityPlusLowRank(2.0, torch.ones(6, 1), torch.ones(6, 1)), s),
        lambda: [torch.randn(6)],
    ),
    "cube": (lambda M: power(Dense(M), 3), lambda: [torch.randn(3, 3)]),
    "inverse": (lambda M: power(Dense(M), -1), lambda: [torch.randn(3, 3)]),
    "root of a matrix": (lambda M: power(Dense(M), 0.5), lambda: [torch.eye(3) + 0.2 * torch.randn(3, 3)]),
    "root at the identity": (lambda M: power(Dense(M), 0.5), lambda: [torch.eye(3)]),
    "root of a symmetric matrix": (
        lambda M: power(Dense(M @ M.mT), 0.5),
        lambda: [torch.diag(torch.tensor([1.0, 1.0, 3.0])) + 0.1],
    ),
    "root of a rotation": (lambda M: power(Dense(M), 0.5), lambda: [OPERATORS["rotation"]().matrix]),
    "root of a diagonal": (lambda d: power(Diagonal(d), 0.5), lambda: [torch.tensor([2.0, 3.0])]),
    "root of a low rank": (
        lambda U, V: power(LowRank(U, V), 0.5),
        lambda: (lambda U: [U, U + 0.1 * torch.randn(7, 2)])(torch.randn(7, 2)),
    ),
    "root of a plus": (
        lambda c, U, V: power(IdentityPlusLowRank(c, U, V), 0.5),
        lambda: [torch.tensor(2.0), 0.2 * torch.randn(7, 2), torch.randn(7, 2)],
    ),
    "root of a symmetric plus": (
        lambda c, U: power(IdentityPlusLowRank(c, U, U), 1.5),
        lambda: [torch.tensor(2.0), torch.randn(7, 2)],
    ),
    "root of a plus at zero factors": (
        lambda c, U, V: power(IdentityPlusLowRank(c, U, V), 0.5),
        lambda: [torch.tensor(2.0), torch.zeros(7, 2), torch.randn(7, 2)],
    ),
    "root of a plus at small factors": (
        lambda U, V: power(IdentityPlusLowRank(1.0, U, V), 0.5),
        lambda: [1e-3 * torch.randn(7, 2), torch.randn(7, 2)],
    ),
    "square of a plus": (
        lambda c, U, V: power(IdentityPlusLowRank(c, U, V), -2),
        lambda: [torch.tensor(2.0), 0.2 * torch.randn(7, 2), torch.randn(7, 2)],
    ),
    "exp": (lambda M, t: exp(Dense(M), t), lambda: [torch.randn(3, 3), torch.tensor(0.5)]),
    "exp plus": (
        lambda c, U, V, t: exp(IdentityPlusLowRank(c, U, V), t),
        lambda: [torch.tensor(0.3), torch.randn(5, 2), torch.randn(5, 2), torch.tensor(0.5)],
    ),
    "exp projection": (lambda t: exp(Projection(torch.eye(3)[:, :2]), t), lambda: [torch.tensor(0.5)]),
    "a product": (lambda M: pinv(2 * Dense(M) @ Dense(M).T), lambda: [torch.randn(3, 3)]),
}


@pytest.mark.parametrize("build, tensors", GRADIENTS.values(), ids=GRADIENTS)
def test_gradients_are_those_of_finite_differences(build, tensors):
    gradients_agree(build, *tensors())


@pytest.mark.parametrize(
    "A",
    [
        Dense(nn.Parameter(torch.tensor([[3.0, 1.0], [0.0, 1.0]]))),
        LowRank(nn.Parameter(torch.eye(5)[:, :2] * torch.tensor([3.0, 1.0])), torch.eye(5)[:, :2] + 0.1),
        IdentityPlusLowRank(
            1.0, nn.Parameter(torch.eye(5)[:, :2] * torch.tensor([3.0, 1.0])), torch.eye(5)[:, 1:3]
        ),
    ],
    ids=str,
)
def test_singular_values_pass_gradients(A):
    parameter = next(A.parameters())
    ours = torch.autograd.grad(svd(A).values.square().sum(), parameter)[0]
    torch.testing.assert_close(ours, torch.autograd.grad(A.dense().square().sum(), parameter)[0])


# Types and cost: what goes in structured comes out structured, and nothing of size n×n is ever made.
def test_types_stay():
    low, plus = LowRank(torch.randn(9, 2), torch.randn(9, 2)), OPERATORS["identity plus low rank"]()
    for function in (pinv, lambda A: power(A, 2), lambda A: truncate(A, 1)):
        assert isinstance(function(low), LowRank)
    for function in (pinv, exp, lambda A: power(A, 2), lambda A: power(A, 0.5), lambda A: power(A, -1)):
        assert isinstance(function(plus), IdentityPlusLowRank)
    assert isinstance(power(Identity(3), -0.5), Identity)
    assert isinstance(pinv(low.T), Transposed) and isinstance(pinv(2 * low), Scaled)
    assert isinstance(with_singular_values(Diagonal(torch.randn(3)), [1.0, 2.0, 3.0]), Diagonal)
    P = Projection(torch.randn(5, 2))
    assert pinv(P) is P and power(P, 0.3) is P and isinstance(truncate(P, 1), Projection)


class Largest(TorchDispatchMode):
    """Records the number of entries of the largest tensor that any operation makes."""

    entries = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for tensor in out if isinstance(out, tuple | list) else (out,):
            if isinstance(tensor, torch.Tensor):
                self.entries = max(self.entries, tensor.untyped_storage().nbytes() // tensor.element_size())
        return out


def _big(make):
    n, r = 12288, 4
    U, V = torch.randn(n, r) / n**0.5, torch.randn(n, r) / n**0.5
    return make(U, V), n * 40 * r


BIG = {
    "low rank": lambda U, V: LowRank(U, U + 0.1 * V),
    "identity plus low rank": lambda U, V: IdentityPlusLowRank(1.0, U, V),
    "singular identity plus": lambda U, V: (lambda u: IdentityPlusLowRank(1.0, -u, u))(
        U[:, :1] / U[:, :1].norm()
    ),
    "projection": lambda U, V: Projection(U),
    "sum of steps": lambda U, V: Identity(len(U)) + 0.1 * LowRank(U, V),
    "product of steps": lambda U, V: Composed(
        IdentityPlusLowRank(1.0, U, V), Identity(len(U)) + LowRank(V, U).T
    ),
}


@pytest.mark.parametrize("make", BIG.values(), ids=BIG)
def test_64_by_64_colour_latents_never_meet_a_square_matrix(make):
    A, limit = _big(make)
    v = torch.randn(2, A.shape[1])
    with Largest() as seen:
        for B in (A, A.T, pinv(A), power(A, 2), power(A, 0.5), exp(A), truncate(A, 3), truncate(A, 6000)):
            B(v)
        svd(A, 3)
    assert seen.entries <= limit
