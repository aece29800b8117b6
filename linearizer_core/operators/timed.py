"""Operators that change with time: t ↦ A(t), the best guess of where a flow ends from where it is at time t."""

from __future__ import annotations

import abc

import torch
from torch import Tensor, nn

from ..algebra.base import LinearOperator, keep, reference
from ..algebra.simplify import simplify
from ..precision import narrow
from .diagonal import Diagonal, Identity
from .identity_plus import IdentityPlusLowRank
from .low_rank import LowRank


class TimedOperator(nn.Module, abc.ABC):
    r"""A family of square operators A(t), t in [0, 1], that guesses the clean latent z₁ from z_t = (1 − t) z₀ + t z₁.

    Calling it with a time gives a `LinearOperator` of shape `shape == (n, n)`. A new family writes `at`; `velocity`,
    `integrate` and `collapse` of `methods.flow_matching` then work, and a rule of its type makes them cheaper.
    `reaches_one` says whether the velocity (A(t) − I)/(1 − t) stays finite as t → 1. ValueError for a time outside [0, 1].

    >>> TimedGaussian(torch.ones(2))(1.5)
    Traceback (most recent call last):
    ValueError: t must lie in [0, 1], got 1.5.
    """

    shape: tuple[int, int]
    reaches_one: bool = False

    @abc.abstractmethod
    def at(self, t: float) -> LinearOperator: ...

    def forward(self, t: float) -> LinearOperator:
        if not 0 <= t <= 1:
            raise ValueError(f"t must lie in [0, 1], got {t}.")
        return self.at(t)


class TimedLowRank(TimedOperator):
    r"""A(t) = U(t) V(t)ᵀ with factors that are polynomials in time: U(t) = Σₖ Tₖ(2t − 1) Uₖ, Tₖ Chebyshev's.

    `U` and `V` have shape (K, n, r): K coefficients, rank r. Polynomials of degree K − 1 bend as freely as the smooth
    functions of time that they replace, and all A(t) live in the span of 2 K r columns, which `collapse` uses.
    Source: arXiv:2510.08570 (A(t) = U(t) V(t)ᵀ of rank 8).

    >>> A = TimedLowRank(torch.ones(2, 3, 1), torch.ones(1, 3, 1).expand(2, 3, 1))
    >>> A(0.0).dense()[0, 0], A(1.0).dense()[0, 0]             # (1 + T₁)² with T₁ from −1 to 1
    (tensor(0.), tensor(4.))
    """

    def __init__(self, U: Tensor, V: Tensor) -> None:
        super().__init__()
        self.U, self.V = keep(self, "U", U, dims=3), keep(self, "V", V, dims=3)
        if U.shape != V.shape:
            raise ValueError(
                f"TimedLowRank: U and V need equal shapes (K, n, r), got {tuple(U.shape)}, {tuple(V.shape)}."
            )
        self.shape = (U.shape[1], U.shape[1])

    def at(self, t: float) -> LowRank:
        weights = narrow(chebyshev(t, len(self.U)), self.U)
        return LowRank(torch.tensordot(weights, self.U, 1), torch.tensordot(weights, self.V, 1))


class TimedGaussian(TimedOperator):
    r"""A(t) = tΣ((1 − t)²I + t²Σ)⁻¹ for Σ = diag(`variances`): the best linear guess for z₀ ~ N(0, I), z₁ ~ N(0, Σ).

    Nothing is learned: it minimises E‖A(t) z_t − z₁‖² in closed form, and as the steps of its flow get small it carries
    N(0, I) to N(0, Σ) by Σ^½. `variances` (n,) ≥ 0. Source: Wiener's filter; Lipman et al., arXiv:2210.02747.

    >>> TimedGaussian(torch.tensor([1.0, 4.0]))(0.5).values      # ½ v / (¼ + ¼ v)
    tensor([1.0000, 1.6000])
    """

    reaches_one = True

    def __init__(self, variances: Tensor) -> None:
        super().__init__()
        self.variances = keep(self, "variances", variances, dims=1)
        self.shape = (len(variances), len(variances))

    def at(self, t: float) -> Diagonal:
        return Diagonal(guess(self.variances, t))


class TimedLowRankGaussian(TimedOperator):
    r"""`TimedGaussian` for Σ = Q diag(`variances`) Qᵀ + `rest` (I − Q Qᵀ): few directions apart, all others alike.

    `basis` Q (n, q) with orthonormal columns, `variances` (q,), `rest` a 0-dimensional tensor; each A(t) is a multiple of
    the identity plus rank q. Source: Tipping and Bishop, "Probabilistic Principal Component Analysis", 1999, for Σ.

    >>> A = TimedLowRankGaussian(torch.eye(3)[:, :1], torch.tensor([4.0]), torch.tensor(1.0))
    >>> A(0.5).dense().diagonal()
    tensor([1.6000, 1.0000, 1.0000])
    """

    reaches_one = True

    def __init__(self, basis: Tensor, variances: Tensor, rest: Tensor) -> None:
        super().__init__()
        self.basis = keep(self, "basis", basis, dims=2)
        self.variances, self.rest = (
            keep(self, "variances", variances, dims=1),
            keep(self, "rest", rest, dims=0),
        )
        if len(variances) != basis.shape[1]:
            raise ValueError(
                f"TimedLowRankGaussian: one variance per column of the basis, got {len(variances)} for "
                f"{basis.shape[1]} columns."
            )
        self.shape = (len(basis), len(basis))

    def at(self, t: float) -> IdentityPlusLowRank:
        return on_frame(self.basis, guess(self.variances, t), guess(self.rest, t))


class Stopped(TimedOperator):
    r"""A flow that ends at time `stop` < 1 of another family's, V(t) = stop · V_family(stop · t): no last step jumps.

    A learned A(t) of rank r has no velocity at t = 1, and ends by a jump to the guess A(1 − 1/N) z, of rank r: the collapsed
    operator B cannot be undone. Stopped at 1 − 1/N, where the authors end, B is invertible, at the price of the noise that
    is left, (1 − stop) z₀. `family` trains as before: it is what guesses z₁. ValueError for a `stop` outside (0, 1).
    Source: arXiv:2510.08570 (one-step generation).

    >>> A = Stopped(TimedLowRank(torch.ones(1, 3, 1), torch.ones(1, 3, 1)), stop=0.9)
    >>> A(1.0).dense()[0, 1], A.reaches_one
    (tensor(0.), True)
    """

    reaches_one = True

    def __init__(self, family: TimedOperator, stop: float = 0.99) -> None:
        super().__init__()
        if not 0 < stop < 1:
            raise ValueError(f"stop must lie above 0 and below 1, got {stop}; 1 − 1/steps is a good one.")
        self.family, self.stop, self.shape = family, float(stop), family.shape

    def at(self, t: float) -> LinearOperator:
        eye, share = Identity(self.shape[0]), (1 - t) * self.stop / (1 - self.stop * t)
        inner = self.family(self.stop * t)
        return simplify(share * inner + (1 - share) * eye.to(reference(inner)))


def guess(variance: Tensor, t: float) -> Tensor:
    """t v / ((1 − t)² + t² v): how much of z_t, of a latent with variance v, to take for z₁.

    >>> guess(torch.tensor([1.0]), 0.5)
    tensor([1.])
    """
    return t * variance / ((1 - t) ** 2 + t**2 * variance).clamp(min=torch.finfo(variance.dtype).tiny)


def on_frame(Q: Tensor, values: Tensor, rest: Tensor) -> IdentityPlusLowRank:
    """Q diag(values) Qᵀ + rest (I − Q Qᵀ) for orthonormal Q (n, q), as rest · I + U Vᵀ.

    >>> on_frame(torch.eye(2)[:, :1], torch.tensor([5.0]), torch.tensor(1.0)).dense()
    tensor([[5., 0.],
            [0., 1.]])
    """
    return IdentityPlusLowRank(rest, Q * (values - rest), Q)


def chebyshev(t: float, count: int) -> Tensor:
    """T₀, …, T_{count−1} at 2t − 1, in float64, (count,).

    >>> chebyshev(1.0, 3).tolist(), chebyshev(0.5, 3).tolist()
    ([1.0, 1.0, 1.0], [1.0, 0.0, -1.0])
    """
    x, values = 2 * t - 1, [1.0, 2 * t - 1]
    for _ in range(count - 2):
        values.append(2 * x * values[-1] - values[-2])
    return torch.tensor(values[:count], dtype=torch.float64)
