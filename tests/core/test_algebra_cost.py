"""What goes in structured comes out structured, and nothing of size n×n is ever made for n = 12 288."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from linearizer_core.algebra import exp, pinv, power, svd, truncate, with_singular_values
from linearizer_core.operators import (
    Composed,
    Diagonal,
    Identity,
    IdentityPlusLowRank,
    LowRank,
    Projection,
    Scaled,
    Transposed,
)
from tests.catalogue import OPERATORS


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
