"""Operators that only multiply, and are too large for a matrix: their inverse, powers and exponential, found at each call.

Gradients: through exp and integer powers as through any product; through A⁺ v by one more solution each way, once; not
through real powers and singular vectors, whose derivative raises.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..precision import precision_of
from .base import LinearOperator, Transposed, check_square, keep, reference, transposed_matvec
from .krylov import TOLERANCES, exponential_times, largest_triplets, least_squares, power_times
from .simplify import Capability, has_rule, own_transpose

DENSE_UP_TO = 1024
"""The longest side of an operator without a rule that is worked on as a matrix; larger ones iterate."""


def iterates(A: LinearOperator, capability: Capability) -> bool:
    """Whether A, simplified, has no rule for a capability and is too large to be a matrix.

    >>> from linearizer_core.algebra import pinv
    >>> from linearizer_core.operators import Dense, Identity
    >>> iterates(Identity(2000), pinv), iterates(Identity(2000) @ Dense(torch.ones(2000, 1)) @ Dense(torch.ones(1, 1)), pinv)
    (False, True)
    """
    return max(A.shape) > DENSE_UP_TO and not has_rule(A, capability)


class IteratedInverse(LinearOperator):
    """A⁺ for an A that only multiplies: each call solves least squares, to rounding.

    ValueError at the call where A is too near to singular for that.

    >>> from linearizer_core.operators import Diagonal
    >>> IteratedInverse(Diagonal(torch.tensor([2.0, 0.0])))(torch.ones(2))
    tensor([0.5000, 0.0000])
    """

    def __init__(self, operator: LinearOperator) -> None:
        super().__init__()
        self.operator, self.shape = operator, (operator.shape[1], operator.shape[0])

    def matvec(self, v: Tensor) -> Tensor:
        return pseudo_solution(self.operator, v.reshape(-1, v.shape[-1])).reshape(
            *v.shape[:-1], self.shape[0]
        )


class IteratedPower(LinearOperator):
    """Aᵖ for a square A that only multiplies: products and solutions for integers p, a Krylov space for real ones.

    >>> from linearizer_core.operators import Diagonal
    >>> IteratedPower(Diagonal(torch.tensor([4.0, 9.0])), -0.5)(torch.ones(2))
    tensor([0.5000, 0.3333])
    """

    def __init__(self, operator: LinearOperator, p: float) -> None:
        super().__init__()
        check_square(operator, "power")
        self.operator, self.p, self.shape = operator, float(p), operator.shape

    def matvec(self, v: Tensor) -> Tensor:
        rows = v.reshape(-1, v.shape[-1])
        if not self.p.is_integer():
            found = [power_times(self.operator, self.p, row) for row in rows.detach()]
            result = torch.stack(found) if found else rows
            result = without_gradient(result, f"power {self.p:g}", self.operator, rows)
        else:
            result = rows
            for _ in range(abs(int(self.p))):
                result = (
                    self.operator.matvec(result) if self.p > 0 else _solution(self.operator, result, self.p)
                )
        return result.reshape(v.shape)


class IteratedExponential(LinearOperator):
    """exp(tA) for a square A that only multiplies, to rounding: about 12 ‖tA‖ products a call.

    >>> from linearizer_core.operators import Diagonal
    >>> IteratedExponential(Diagonal(torch.tensor([0.0, 1.0])), 2.0)(torch.ones(2))
    tensor([1.0000, 7.3891])
    """

    def __init__(self, operator: LinearOperator, t: float | Tensor = 1.0) -> None:
        super().__init__()
        check_square(operator, "exp")
        self.operator, self.shape = operator, operator.shape
        t = t if isinstance(t, Tensor) else reference(operator).new_tensor(float(t))
        self.t = keep(self, "t", t.to(reference(operator)) if precision_of(operator) else t, dims=0)

    def matvec(self, v: Tensor) -> Tensor:
        rows = v.reshape(-1, v.shape[-1])
        return (
            exponential_times(self.operator.matvec, self.t.to(v), rows).reshape(v.shape) if len(rows) else v
        )


def leading_values(A: LinearOperator, k: int) -> tuple[Tensor, Tensor, Tensor]:
    """U, values, V of the k largest singular values of an A that only multiplies; gradients to simple values alone.

    >>> from linearizer_core.operators import Diagonal
    >>> leading_values(Diagonal(torch.arange(1.0, 101)), 1)[1].round()
    tensor([100.])
    """
    U, values, V = largest_triplets(A, k)
    if torch.is_grad_enabled() and any(p.requires_grad for p in A.parameters()):
        values = (U * A(V.mT).mT).sum(0)  # dσᵢ = uᵢᵀ dA vᵢ
        U, V = (without_gradient(part, "a singular vector", A, values) for part in (U, V))
    return U, values, V


def without_gradient(x: Tensor, what: str, A: LinearOperator, source: Tensor) -> Tensor:
    """x, computed from A and `source` without a graph: where either wants a gradient, asking for it raises.

    >>> from linearizer_core.operators import Identity
    >>> without_gradient(torch.ones(1), "a root", Identity(1), torch.ones(1))
    tensor([1.])
    """
    wanted = source.requires_grad or any(p.requires_grad for p in A.parameters())
    if not (torch.is_grad_enabled() and wanted):
        return x
    return _Refusal.apply(
        x, source if source.requires_grad else next(p for p in A.parameters() if p.requires_grad), what
    )


class _Refusal(torch.autograd.Function):
    """x as it is; its gradient is refused by a sentence."""

    @staticmethod
    def forward(x: Tensor, source: Tensor, what: str) -> Tensor:
        return x.clone()

    @staticmethod
    def setup_context(ctx, inputs: tuple[Tensor, Tensor, str], output: Tensor) -> None:
        ctx.what = inputs[2]

    @staticmethod
    def backward(ctx, gradient: Tensor) -> None:
        raise ValueError(
            f"{ctx.what} of an operator that iterates has no gradient; detach it, or work on Dense(A.dense())."
        )


def pseudo_solution(A: LinearOperator, b: Tensor) -> Tensor:
    """A⁺ b for b (B, m), with first derivatives to b and to what A holds.

    dx = A⁺(db − dA x) + A⁺A⁺ᵀ dAᵀ r + (I − A⁺A) dAᵀ A⁺ᵀx with r = b − A x. Source: Golub and Pereyra, SIAM J. Numer. Anal.
    1973.

    >>> from linearizer_core.operators import Diagonal
    >>> pseudo_solution(Diagonal(torch.tensor([2.0, 4.0])), torch.ones(1, 2))
    tensor([[0.5000, 0.2500]])
    """
    x = least_squares(A, b.detach())
    wanted = b.requires_grad or any(p.requires_grad for p in A.parameters())
    if not (torch.is_grad_enabled() and wanted):
        return x
    with torch.no_grad():
        rest, y = b - A.matvec(x), least_squares(A, x, transposed=True)
    first = _Zero.apply(b - A.matvec(x), lambda g: least_squares(A, g, transposed=True), A.shape[1])
    second = _Zero.apply(
        transposed_matvec(A, rest),
        lambda g: least_squares(A, least_squares(A, g, transposed=True)),
        A.shape[1],
    )
    third = _Zero.apply(transposed_matvec(A, y), lambda g: g - least_squares(A, A.matvec(g)), A.shape[1])
    return x + first + second + third


class _Zero(torch.autograd.Function):
    """A linear function of what it is 0 at: 0, with the gradient that `pull` makes of one, (B, n)."""

    @staticmethod
    def forward(value: Tensor, pull: Callable[[Tensor], Tensor], n: int) -> Tensor:
        return value.new_zeros(len(value), n)

    @staticmethod
    def setup_context(ctx, inputs: tuple, output: Tensor) -> None:
        ctx.pull = inputs[1]

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None, None]:
        if torch.is_grad_enabled():
            raise ValueError(
                "pinv of an operator that iterates has no second derivative; differentiate once, or work on a Dense."
            )
        return ctx.pull(gradient), None, None


def _solution(A: LinearOperator, b: Tensor, p: float) -> Tensor:
    """A⁻¹ b; ValueError where no x has A x = b, as A is singular."""
    x = pseudo_solution(A, b)
    off = (A.matvec(x.detach()) - b.detach()).norm(dim=-1)
    if (off > 1e3 * TOLERANCES[b.dtype] * (b.detach().norm(dim=-1) + x.detach().norm(dim=-1))).any():
        raise ValueError(
            f"power {p:g} of a singular operator does not exist (an eigenvalue is 0); use pinv, then a power."
        )
    return x


@own_transpose.register
def _(A: IteratedInverse) -> IteratedInverse:
    return IteratedInverse(_turned(A.operator))


@own_transpose.register
def _(A: IteratedPower) -> IteratedPower:
    return IteratedPower(_turned(A.operator), A.p)


@own_transpose.register
def _(A: IteratedExponential) -> IteratedExponential:
    return IteratedExponential(_turned(A.operator), A.t)


@transposed_matvec.register
def _(A: IteratedInverse | IteratedPower | IteratedExponential, v: Tensor) -> Tensor:
    return own_transpose(A).matvec(v)


def _turned(A: LinearOperator) -> LinearOperator:
    return A.operator if isinstance(A, Transposed) else own_transpose(A)
