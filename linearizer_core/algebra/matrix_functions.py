"""Functions of small dense matrices: real powers, and the r×r middle of a low-rank power.

Everything is computed in float64 and returned in the dtype of the input. Gradients are those of the
Daleckii-Krein formula, right also for repeated eigenvalues where a derivative through `torch.linalg.eigh` is
NaN. Second derivatives go through the logarithm, so they exist for invertible matrices alone. Source: Higham,
"Functions of Matrices", 2008.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..precision import narrow, wide

MAX_CONDITION = 1e7
"""Eigenvectors are used while their condition number stays below this (error ≤ 1e-8), a logarithm above
it."""

NODES, WEIGHTS = (part.tolist() for part in np.polynomial.legendre.leggauss(8))


class Spectrum(NamedTuple):
    """M = W diag(values) W⁻¹ in float64; an eigenvalue up to `cutoff` in size is 0 to rounding (Bauer, Fike).

    `condition` is that of W: 1 for a symmetric M, infinite where the eigenvectors do not span the space.

    >>> spectrum(torch.eye(2)).condition
    1.0
    """

    values: Tensor
    W: Tensor
    W_inverse: Tensor
    condition: float
    cutoff: float


@torch.no_grad()
def spectrum(M: Tensor, rtol: float | None = None) -> Spectrum:
    """Eigenvalues and eigenvectors of a real (n, n) matrix: orthonormal if it is symmetric to `rtol`.

    rtol is the relative error that the entries of M may have; None means n · eps of M's dtype.

    >>> spectrum(torch.diag(torch.tensor([1.0, 2.0]))).values
    tensor([1., 2.], dtype=torch.float64)
    """
    rtol = len(M) * torch.finfo(M.dtype).eps if rtol is None else rtol
    M = wide(M.detach())
    size = torch.linalg.matrix_norm(M).item()
    if (M - M.mT).abs().sum() <= rtol * size:
        values, W = torch.linalg.eigh((M + M.mT) / 2)
        return Spectrum(values, W, W.mT, 1.0, rtol * size)
    values, W = torch.linalg.eig(M)
    condition = torch.linalg.cond(W).nan_to_num(torch.inf).item()
    return Spectrum(values, W, torch.linalg.inv_ex(W).inverse, condition, rtol * size * condition)


def real_power(M: Tensor, p: float, rtol: float | None = None) -> Tensor:
    """The principal power Mᵖ (n, n): eigenvalues λ to λᵖ, 0 to 0 for p > 0. ValueError if it is not real.

    >>> real_power(torch.tensor([[5.0, 4.0], [4.0, 5.0]]), 0.5)
    tensor([[2., 1.],
            [1., 2.]])
    """
    S = spectrum(M, rtol)
    if S.condition > MAX_CONDITION:
        return power_by_logarithm(M, p)
    fx = principal_power(S.values, p, S.cutoff)

    def derivative(x: Tensor) -> Tensor:
        return p * _safe_power(x, p - 1, S.cutoff)

    return _MatrixFunction.apply(M, _Rule(S, fx, derivative, lambda M: power_by_logarithm(M, p)))


def power_by_logarithm(M: Tensor, p: float) -> Tensor:
    r"""Mᵖ = exp(p log M) for a matrix that may lack eigenvectors, such as a shear; it must not be singular.

    Inverse scaling and squaring: square roots until X = M^(1/2ᵏ) is near I, then the integral of (X − I)(I +
    t (X − I))⁻¹ over t in [0, 1], which is log X, by Gauss-Legendre. ValueError where M has no real principal
    logarithm. Source: Higham, "Functions of Matrices", 2008, section 11.5.

    >>> power_by_logarithm(torch.tensor([[1.0, 1.0], [0.0, 1.0]]), 0.5)
    tensor([[1.0000, 0.5000],
            [0.0000, 1.0000]])
    """
    X, k = wide(M), 0
    eye = torch.eye(len(X), dtype=X.dtype, device=X.device)
    size = 2.0 ** round(
        torch.linalg.slogdet(X.detach()).logabsdet.nan_to_num(0, 0, 0).item() / math.log(2) / len(X)
    )
    X = X / size  # eigenvalues near 1 on the average, whatever the scale of M
    while torch.linalg.matrix_norm((X - eye).detach()) > 0.25:
        X, k = _square_root(X, eye, p), k + 1
    E = X - eye
    logarithm = sum(w / 2 * torch.linalg.solve(eye + (t + 1) / 2 * E, E) for t, w in zip(NODES, WEIGHTS))
    return narrow(size**p * torch.linalg.matrix_exp(p * 2**k * logarithm), M)


def _square_root(M: Tensor, eye: Tensor, p: float) -> Tensor:
    """The principal square root by the product form of the Denman-Beavers iteration, of quadratic speed.

    Source: Cheng, Higham, Kenney, Laub, SIAM J. Matrix Anal. 2001. It wanders where an eigenvalue is ≤ 0.
    """
    X, P = M, M
    for _ in range(60):
        inverse, singular = torch.linalg.inv_ex(P)
        error = torch.linalg.matrix_norm((P - eye).detach())
        if singular or not torch.isfinite(error):
            break
        X, P = X @ (eye + inverse) / 2, (eye + (P + inverse) / 2) / 2
        if error < 1e-7:  # its square is below rounding
            return X
    values = torch.linalg.eigvals(M.detach())
    if ((values.real > 0) | (values.imag.abs() > 1e-7 * values.abs())).all():
        raise ValueError(
            f"power {p:g} of this operator is out of reach of float64: it lacks eigenvectors, and its entries are too far "
            "apart; scale its axes, or use an integer power."
        )
    raise ValueError(
        f"power {p:g} of this operator does not exist or is complex: an eigenvalue is 0 without enough "
        "eigenvectors, or negative; use an integer power."
    )


def principal_power(x: Tensor, p: float, cutoff: float = 0.0) -> Tensor:
    """xᵖ for eigenvalues x, those up to `cutoff` being 0. ValueError for 0 with p < 0, x < 0 with real p.

    >>> principal_power(torch.tensor([4.0, 0.0]), 0.5)
    tensor([2., 0.])
    """
    if p < 0 and (x.abs() <= cutoff).any():
        raise ValueError(
            f"power {p:g} of a singular operator does not exist (an eigenvalue is 0); use pinv, then a power."
        )
    negative = (x.real < -cutoff) & (x.imag.abs() <= cutoff) if x.is_complex() else x < -cutoff
    if negative.any() and not float(p).is_integer():
        worst = x.real[negative].min().item()
        raise ValueError(
            f"power {p:g} of this operator is complex (an eigenvalue is {worst:.3g}); use an integer power, "
            "or an operator without negative eigenvalues."
        )
    return _safe_power(x, p, cutoff)


def _safe_power(x: Tensor, p: float, cutoff: float) -> Tensor:
    zero = x.abs() <= cutoff
    return torch.where(zero, 0, torch.where(zero, 1, x) ** p)


def shifted_power(M: Tensor, c: float, p: float, rtol: float | None = None) -> Tensor:
    r"""G (r, r) with (cI + UVᵀ)ᵖ = cᵖ I + U G Vᵀ for M = VᵀU: the divided difference of xᵖ at c and c + M.

    An eigenvalue x of M gives ((c + x)ᵖ − cᵖ)/x, and p cᵖ⁻¹ at x = 0, so singular M are as good as others.
    Source: Higham, "Functions of Matrices", 2008, theorem 1.35. ValueError where the power is not real.

    >>> shifted_power(torch.tensor([[3.0]]), c=1.0, p=0.5)        # (2 − 1) / 3
    tensor([[0.3333]])
    """

    def by_logarithm(M: Tensor) -> Tensor:
        eye = c * torch.eye(len(M), dtype=M.dtype, device=M.device)
        return divided_difference(lambda K: power_by_logarithm(K, p), eye, M)

    S = spectrum(M, rtol)
    if S.condition > MAX_CONDITION:
        return by_logarithm(M)
    rtol = len(M) * torch.finfo(M.dtype).eps if rtol is None else rtol
    cutoff = S.cutoff + rtol * c
    principal_power(S.values + c, p, cutoff)  # only for its checks
    y = torch.where((S.values + c).abs() <= cutoff, -1, S.values / c)

    def derivative(x: Tensor) -> Tensor:
        small = x.abs() < 1e-3 * c
        slope = p * _safe_power(x + c, p - 1, cutoff)
        far = (slope - c ** (p - 1) * _binomial_quotient(x / c, p)) / torch.where(small, 1, x)
        return torch.where(small, _binomial_series(x / c, p) * c ** (p - 2), far)

    value = c ** (p - 1) * _binomial_quotient(y, p)
    return _MatrixFunction.apply(M, _Rule(S, value, derivative, by_logarithm))


def divided_difference(function: Callable[[Tensor], Tensor], c: Tensor, M: Tensor) -> Tensor:
    """G (r, r) with f(cI + UVᵀ) = f(c) I + U G Vᵀ, for M = VᵀU, where c is given as the matrix cI (r, r).

    G is the upper right block of f([[cI, I], [0, cI + M]]), a function of a 2r×2r matrix.
    Source: Higham, "Functions of Matrices", 2008, theorem 1.21.

    >>> divided_difference(lambda K: K @ K, torch.tensor([[5.0]]), torch.tensor([[2.0]]))     # (7² − 5²)/2
    tensor([[12.]])
    """
    eye = torch.eye(len(M), dtype=M.dtype, device=M.device)
    K = torch.cat([torch.cat([c, eye], 1), torch.cat([torch.zeros_like(eye), c + M], 1)])
    return function(K)[: len(M), len(M) :]


def _binomial_quotient(y: Tensor, p: float) -> Tensor:
    """((1 + y)ᵖ − 1)/y without cancellation, p at y = 0."""
    zero = y == 0
    return torch.where(zero, p, torch.expm1(p * torch.log1p(y)) / torch.where(zero, 1, y))


def _binomial_series(y: Tensor, p: float) -> Tensor:
    """The derivative of the quotient near y = 0: Σₖ k C(p, k+1) yᵏ⁻¹."""
    total, coefficient, power_of_y = torch.zeros_like(y), p, torch.ones_like(y)
    for k in range(1, 6):
        coefficient = coefficient * (p - k) / (k + 1)
        total, power_of_y = total + k * coefficient * power_of_y, power_of_y * y
    return total


class _Rule(NamedTuple):
    """f of a matrix whose eigenvalues are known: f and its derivative there, and a route that torch differentiates twice."""

    S: Spectrum
    fx: Tensor
    derivative: Callable[[Tensor], Tensor]
    differentiable: Callable[[Tensor], Tensor]


class _MatrixFunction(torch.autograd.Function):
    """W diag(f(x)) W⁻¹, with the derivative W (F ∘ (W⁻¹ dM W)) W⁻¹, F the divided differences of f."""

    @staticmethod
    def forward(M: Tensor, rule: _Rule) -> Tensor:
        out = rule.S.W @ torch.diag(rule.fx).to(rule.S.W.dtype) @ rule.S.W_inverse
        return narrow(out.real if out.is_complex() else out, M)

    @staticmethod
    def setup_context(ctx, inputs: tuple[Tensor, _Rule], output: Tensor) -> None:
        ctx.rule = inputs[1]
        ctx.save_for_backward(inputs[0])

    @staticmethod
    def backward(ctx, G: Tensor) -> tuple[Tensor, None]:
        (M,) = ctx.saved_tensors
        if torch.is_grad_enabled():  # a derivative of this derivative is wanted
            return _gradient_with_graph(ctx.rule.differentiable, M, G), None
        S = ctx.rule.S
        F = _divided_differences(S.values, ctx.rule.fx, ctx.rule.derivative).to(S.W.dtype)
        middle = F.conj() * (S.W.mH @ wide(G).to(S.W.dtype) @ S.W_inverse.mH)
        gradient = S.W_inverse.mH @ middle @ S.W.mH
        return narrow(gradient.real if gradient.is_complex() else gradient, M), None


def _gradient_with_graph(function: Callable[[Tensor], Tensor], M: Tensor, G: Tensor) -> Tensor:
    try:
        return torch.autograd.grad(function(M), M, G, create_graph=True)[0]
    except ValueError as error:
        raise ValueError(
            "a second derivative through a real power needs an operator without an eigenvalue at 0; differentiate once, or "
            "add a multiple of the identity."
        ) from error


def _divided_differences(x: Tensor, fx: Tensor, derivative: Callable[[Tensor], Tensor]) -> Tensor:
    gap = x[:, None] - x[None]
    size = torch.maximum(x.abs()[:, None], x.abs()[None])
    near = gap.abs() <= torch.finfo(torch.float64).eps ** (1 / 3) * size
    slope = derivative((x[:, None] + x[None]) / 2)
    return torch.where(near, slope, (fx[:, None] - fx[None]) / torch.where(near, 1, gap))


@torch.no_grad()
def compressing(U: Tensor, V: Tensor, rtol: float) -> tuple[Tensor, Tensor]:
    """Constant S, T (r, ρ) with U Vᵀ = (U S)(V T)ᵀ, where V T is orthonormal and ρ is the rank to `rtol`.

    >>> S, T = compressing(torch.tensor([[3.0, 3.0]]), torch.tensor([[1.0, 0.0]]), rtol=1e-6)
    >>> S.shape
    torch.Size([2, 1])
    """
    R_U, R_V = torch.linalg.qr(U)[1], torch.linalg.qr(V)[1]
    left, s, right = torch.linalg.svd(R_U @ R_V.mT, full_matrices=False)
    kept = s > torch.maximum(rtol * s[:1], rounding(U, V))
    return R_V.mT @ right[kept].mT, R_U.mT @ left[:, kept] / s[kept]


@torch.no_grad()
def rounding(U: Tensor, V: Tensor) -> Tensor:
    """The rounding error of the singular values of U Vᵀ, max(m, n) · eps · Σᵢ ‖uᵢ‖ ‖vᵢ‖: noise below it.

    >>> u = torch.ones(4, 1)
    >>> rounding(torch.cat([u, -u], 1), torch.cat([u, u], 1)) > 1e-6             # u uᵀ − u uᵀ is 0 to this
    tensor(True)
    """
    return max(len(U), len(V)) * torch.finfo(U.dtype).eps * (U.norm(dim=0) * V.norm(dim=0)).sum()
