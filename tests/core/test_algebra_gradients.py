"""Gradients through the algebra: those of finite differences, also at equal and at zero singular values."""

import pytest
import torch
from torch import nn

from linearizer_core.algebra import exp, pinv, power, svd, truncate, with_singular_values
from linearizer_core.operators import Dense, Diagonal, IdentityPlusLowRank, LowRank, Projection
from tests.catalogue import OPERATORS


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
