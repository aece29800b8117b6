"""Laws of operators as maps: against their matrix, their transpose, and the arithmetic they support."""

import pytest
import torch
from torch import nn

from linearizer_core.algebra.simplify import simplify, structured
from linearizer_core.operators import (
    Dense,
    Diagonal,
    Identity,
    IdentityPlusLowRank,
    LinearOperator,
    LowRank,
    Projection,
    RoundedDiagonal,
    Transposed,
)
from tests.catalogue import OPERATORS, Circulant

every_operator = pytest.mark.parametrize("make", OPERATORS.values(), ids=OPERATORS)
close = torch.testing.assert_close


def columns(A):
    """The matrix of A from its action on one unit vector after the other: independent of any rule."""
    return torch.stack([A.matvec(e) for e in torch.eye(A.shape[1])], 1)


@every_operator
def test_the_matrix_is_what_the_operator_does(make):
    A = make()
    assert A.dense().shape == A.shape
    close(A.dense(), columns(A))


@every_operator
def test_it_acts_on_the_last_dimension_of_any_batch(make):
    A = make()
    for batch in [(), (1,), (2, 3), (0,)]:
        v = torch.randn(*batch, A.shape[1])
        assert A(v).shape == (*batch, A.shape[0])
        close(A(v), v @ columns(A).mT)


@every_operator
def test_transpose(make):
    A = make()
    assert A.T.shape == A.shape[::-1]
    assert A.T is A.operator if isinstance(A, Transposed) else A.T.T is A
    w = torch.randn(2, 3, A.shape[0])
    close(A.T(w), w @ columns(A))
    close(A.T.dense(), columns(A).mT)


@every_operator
def test_products_sums_and_multiples_are_those_of_the_matrices(make):
    A = make()
    M, B, v = columns(A), Dense(torch.randn(*A.shape)), torch.randn(4, A.shape[1])
    for C, expected in [
        (A.T @ B, M.mT @ B.matrix),
        (B @ A.T, B.matrix @ M.mT),
        (A + B, M + B.matrix),
        (A - B, M - B.matrix),
        (2.5 * A, 2.5 * M),
        (A * torch.tensor(0.1), 0.1 * M),
        (A / 4, M / 4),
        (-A, -M),
    ]:
        close(C.dense(), expected)
        close(C.T.dense(), expected.mT)
        if C.shape == A.shape:
            close(C(v), v @ expected.mT)


@every_operator
def test_simplified_it_is_the_same_operator(make):
    A = make()
    close(simplify(A).dense(), columns(A))
    close(structured(A.T).dense(), columns(A).mT)
    close(simplify(-2 * A).dense(), -2 * columns(A))


@every_operator
def test_the_wrong_size_is_refused_by_name(make):
    A = make()
    with pytest.raises(ValueError, match=f"{type(A).__name__} takes vectors of size {A.shape[1]}"):
        A(torch.zeros(2, A.shape[1] + 1))
    with pytest.raises(ValueError, match="takes vectors"):
        A(torch.tensor(1.0))


@every_operator
def test_it_keeps_its_state_and_follows_a_dtype(make):
    A = make()
    M, state = A.dense().detach(), A.state_dict()
    torch.manual_seed(1)
    B = make()
    B.load_state_dict(state)
    close(B.dense(), M)
    A.float()
    assert A.dense().dtype == torch.float32
    close(A.dense().double(), M, rtol=1e-5, atol=1e-5 * max(1.0, M.abs().max().item()))


def test_a_parameter_trains_and_a_tensor_is_a_buffer():
    U = nn.Parameter(torch.randn(4, 2))
    A = IdentityPlusLowRank(nn.Parameter(torch.tensor(2.0)), U, torch.randn(4, 2))
    assert {name for name, _ in A.named_parameters()} == {"U", "scale"}
    assert {name for name, _ in A.named_buffers()} == {"V"}
    assert A.T.operator.U is U and (A @ A).second.U is U
    A.T(torch.ones(4)).sum().backward()
    assert U.grad.abs().sum() > 0 and A.scale.grad is not None


def test_gradients_reach_a_parameter_through_the_automatic_transpose():
    A = Circulant([1.0, 2.0])
    w = torch.randn(6, requires_grad=True)
    A.T(w).square().sum().backward()
    K = Circulant([1.0, 2.0])
    u = w.detach().clone().requires_grad_()
    (u @ K.dense()).square().sum().backward()
    close(A.kernel.grad, K.kernel.grad)
    close(w.grad, u.grad)


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_the_automatic_transpose_works_without_gradients(context):
    A = Circulant([1.0, 2.0])
    with context():
        close(A.T(torch.ones(6)), torch.full((6,), 3.0))


def test_an_operator_without_tensors_takes_the_default_dtype():
    class Reverse(LinearOperator):
        shape = (3, 3)

        def matvec(self, v):
            return v.flip(-1)

    close(Reverse().dense(), torch.eye(3).flip(-1))
    close((0.1 * Reverse()).dense(), 0.1 * torch.eye(3).flip(-1))


def test_a_half_written_operator_fails_when_built():
    class Nothing(LinearOperator):
        shape = (2, 2)

    with pytest.raises(TypeError, match="matvec"):
        Nothing()


@pytest.mark.parametrize(
    "build, message",
    [
        (lambda: Dense(torch.zeros(3)), "Dense: matrix must be a real floating-point tensor with 2"),
        (lambda: Dense([[1.0]]), "got list"),
        (lambda: Dense(torch.zeros(2, 2, dtype=torch.long)), "got torch.int64"),
        (lambda: Dense(torch.zeros(2, 2, dtype=torch.complex64)), "real floating-point"),
        (lambda: Diagonal(torch.zeros(2, 2)), "Diagonal: values"),
        (lambda: LowRank(torch.zeros(3, 2), torch.zeros(3, 1)), "the same r"),
        (lambda: IdentityPlusLowRank(1.0, torch.zeros(3, 1), torch.zeros(4, 1)), "equal shapes"),
        (lambda: IdentityPlusLowRank(torch.ones(2), torch.zeros(3, 1), torch.zeros(3, 1)), "scale"),
        (lambda: RoundedDiagonal(torch.zeros(2, 2)), "RoundedDiagonal: weights"),
        (lambda: RoundedDiagonal(torch.zeros(2, dtype=torch.long)), "RoundedDiagonal: weights"),
        (lambda: Projection(torch.zeros(3)), "Projection: basis"),
        (lambda: Projection([1.0]), "Projection: basis"),
        (lambda: Identity(3) @ Identity(2), "A takes vectors of size 3, B gives size 2"),
        (lambda: Identity(3) + Identity(2), "equal shapes"),
        (lambda: torch.ones(2) * Identity(3), "Scaled: c"),
    ],
)
def test_a_misfit_is_refused_with_its_name(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_foreign_operands_are_type_errors():
    for operate in (
        lambda A: A @ 2.0,
        lambda A: A + 1.0,
        lambda A: A - 1.0,
        lambda A: A * A,
        lambda A: A / A,
    ):
        with pytest.raises(TypeError):
            operate(Identity(2))


def test_numpy_and_tensor_numbers_scale_from_the_left():
    import numpy as np

    for c in (np.float64(2), torch.tensor(2.0), 2):
        close((c * Identity(2)).dense(), 2 * torch.eye(2))


def test_products_of_structured_operators_stay_structured():
    u = torch.randn(50, 2)
    step, low = IdentityPlusLowRank(1.0, u, u), LowRank(u, torch.randn(50, 2))
    assert isinstance(simplify(step @ step @ step), IdentityPlusLowRank)
    assert isinstance(simplify(low @ Dense(torch.randn(50, 50))), LowRank)
    assert isinstance(simplify(Dense(torch.randn(9, 50)) @ low), LowRank)
    assert isinstance(simplify(2 * Identity(50) - low.T), IdentityPlusLowRank)
    assert isinstance(simplify(2 * Identity(5) @ Diagonal(torch.randn(5))), Diagonal)
    assert simplify(low + low).U.shape == (50, 4)


def test_a_trained_projection_stays_a_projection_and_passes_gradients():
    basis = nn.Parameter(torch.randn(5, 2))
    v = torch.randn(5)
    torch.autograd.gradcheck(lambda b: (b @ torch.linalg.pinv(b)) @ v, basis)
    expected = torch.autograd.grad(((basis @ torch.linalg.pinv(basis)) @ v).square().sum(), basis)[0]
    P = Projection(basis)
    close(torch.autograd.grad(P(v).square().sum(), basis)[0], expected)
    orthonormal = nn.Parameter(
        torch.eye(5)[:, :2].clone()
    )  # equal singular values: where an SVD's gradient is NaN
    assert torch.autograd.grad(Projection(orthonormal)(v).square().sum(), orthonormal)[0].isfinite().all()


def test_orthonormal_columns_keep_the_order_of_the_basis():
    basis = torch.randn(7, 4) * torch.tensor([0.1, 10.0, 1.0, 3.0])
    Q = Projection(basis).Q
    for k in range(1, 5):
        close(Q[:, :k] @ Q[:, :k].mT, basis[:, :k] @ torch.linalg.pinv(basis[:, :k]))
    close(Projection(Q).Q, Q)  # what is orthonormal already stays
    close(Projection(torch.eye(5, 3)).Q, torch.eye(5, 3), rtol=0, atol=0)


def test_a_projection_from_float32_is_a_projection_to_the_rounding_of_float64():
    coarse = Projection(torch.randn(40, 7, dtype=torch.float32))
    fine = Projection(coarse.basis.clone()).double()
    P = fine.dense()
    close(P @ P, P, rtol=0, atol=1e-13)
    close(fine.Q.float(), coarse.Q, rtol=0, atol=1e-5)
    trained = Projection(nn.Parameter(torch.randn(5, 2, dtype=torch.float32)))
    kept = trained.basis.detach().clone()
    assert torch.equal(trained.double().basis, kept.double())  # a parameter is the optimiser's alone


WEIGHTS = {
    "inside": [0.2, 0.49, 0.51, 0.9],
    "beyond": [-3.0, 1.4, -0.1, 60.0],
    "at the edges": [0.0, 1.0, 0.5, 0.75],
    "so that rounding errors would show": [0.1 + 0.2, 1 / 3, 2 / 3, 0.7],
}


@pytest.mark.parametrize("weights", WEIGHTS.values(), ids=WEIGHTS)
def test_a_rounded_diagonal_holds_zeros_and_ones_exactly(weights):
    for dtype in (torch.float32, torch.float64):
        A = RoundedDiagonal(torch.tensor(weights, dtype=dtype))
        assert A.values.tolist() == [float(weight > 0.5) for weight in weights]
        assert torch.equal(A(A(torch.ones(4, dtype=dtype))), A(torch.ones(4, dtype=dtype)))


def test_a_rounded_diagonal_passes_gradients_as_if_it_did_not_round():
    weights = nn.Parameter(torch.tensor([0.1, 0.4, 0.6, 0.9, 1.3, -0.2]))
    v, w = torch.randn(2, 6)
    (RoundedDiagonal(weights)(v) @ w).backward()
    plain = weights.detach().clone().requires_grad_()
    (Diagonal(plain)(v) @ w).backward()  # linear in the values, so that rounding them changes nothing
    close(weights.grad, plain.grad)
    assert (weights.grad != 0).all(), "a λ beyond [0, 1] may come back"
    closer = RoundedDiagonal(nn.Parameter(weights.detach().clone()))
    step = torch.optim.SGD(closer.parameters(), lr=0.3)
    closer.values[1].sub(1).square().backward()  # a 0 that is wanted as a 1
    step.step()
    assert closer.values[1] == 1 and closer.weights.requires_grad


class Halved(LinearOperator):
    """v / 2, after another operator where there is one."""

    shape = (2, 2)

    def __init__(self, first=None):
        super().__init__()
        self.register_module("first", first)

    def matvec(self, v):
        return (v if self.first is None else self.first(v)) / 2


def test_an_operator_without_numbers_may_lack_a_part():
    assert torch.equal(Halved().dense(torch.float64), torch.eye(2).double() / 2)
    assert torch.equal(Halved(Halved()).dense(torch.float64), torch.eye(2).double() / 4)
