"""What an operator does, from products with it alone: least squares, functions times a vector, largest singular values.

Loops of our own are few: SciPy has no least squares and no function of an operator for many vectors, on a graphics card, or
with gradients. Singular values are ARPACK's. A loop that does not reach its tolerance raises; it never returns a guess.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ..precision import narrow, wide
from .base import LinearOperator, Transposed, reference, transposed_matvec
from .matrix_functions import real_power

TOLERANCES = {torch.float32: 2e-6, torch.float64: 1e-12}
"""Of roots and singular values, relative to their size."""
RESIDUALS = {torch.float32: 1e-6, torch.float64: 2e-15}
"""Of least squares: 8 times the rounding of A x and b, relative to ‖b‖ + ‖A‖ ‖x‖, or of Aᵀ(A x − b) to ‖A‖ ‖A x − b‖."""
MOST_ITERATIONS = 20_000
"""Of least squares: about 14 times the condition number are needed."""
MOST_TERMS = 100_000
"""Products in one exponential: about 12 ‖tA‖ are needed."""
MOST_DIRECTIONS = 400
"""Of the Krylov space of a real power, each of which is kept."""
GROWTH = 10.0
"""How far terms of a power series may exceed what they start from, so that no digits cancel."""

Map = Callable[[Tensor], Tensor]


def both_ways(A: LinearOperator, v: Tensor) -> tuple[Map, Map]:
    """v ↦ A v and w ↦ Aᵀ w, both without gradients, for vectors of the batch shape of v.

    What is derived automatically is derived once; where it does to a random vector what A does, A is symmetric, and is
    asked itself.

    >>> from linearizer_core.operators import Dense
    >>> forth, back = both_ways(Dense(torch.tensor([[1.0, 2.0]])), torch.zeros(1, 2))
    >>> forth(torch.ones(1, 2)), back(torch.ones(1, 1))
    (tensor([[3.]]), tensor([[1., 2.]]))
    """
    if isinstance(A, Transposed):
        return both_ways(A.operator, v.new_zeros(*v.shape[:-1], A.shape[0]))[::-1]
    derived = transposed_matvec.dispatch(type(A)) is transposed_matvec.dispatch(LinearOperator)
    if not derived or hasattr(A, "rmatvec"):
        return A.matvec, lambda w: transposed_matvec(A, w)
    with torch.enable_grad():
        origin = v.new_zeros(*v.shape[:-1], A.shape[1]).requires_grad_()
        image = A.matvec(origin)

    def back(w: Tensor) -> Tensor:
        return torch.autograd.grad(image, origin, w, retain_graph=True)[0]

    return A.matvec, A.matvec if _same(A.matvec, back, image.detach(), A.shape) else back


def _same(forth: Map, back: Map, like: Tensor, shape: tuple[int, int]) -> bool:
    """Whether two linear maps are equal, to rounding: of unequal ones no random vector has the same image."""
    if shape[0] != shape[1]:
        return False
    w = narrow(torch.randn(like.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64), like)
    one, other = forth(w), back(w)
    return bool((one - other).norm() <= 4 * torch.finfo(w.dtype).eps * other.norm())


@torch.no_grad()
def least_squares(A: LinearOperator, b: Tensor, transposed: bool = False) -> Tensor:
    """A⁺ b for b (B, m): of all x (B, n) with ‖A x − b‖ least, the shortest; (Aᵀ)⁺ b for `transposed`.

    ValueError where that is not reached in `MOST_ITERATIONS`. Source: Paige and Saunders, "LSQR", ACM TOMS 1982.

    >>> from linearizer_core.operators import Diagonal
    >>> least_squares(Diagonal(torch.tensor([2.0, 0.0])), torch.tensor([[2.0, 3.0]]))
    tensor([[1., 0.]])
    """
    size, tolerance = A.shape[0 if transposed else 1], RESIDUALS[b.dtype]
    forth, back = both_ways(A, b.new_zeros(len(b), A.shape[1]))
    forth, back = (back, forth) if transposed else (forth, back)
    if len(b) == 1 and b.device.type == "cpu":
        found = _by_scipy(forth, back, b, size, tolerance)
        return found if found is not None else _not_solved(A, tolerance)
    u, beta = _unit(b)
    v, alpha = _unit(back(u))
    x, w, phi, rho, start = b.new_zeros(len(b), size), v, beta, alpha, beta
    squares = torch.zeros_like(beta)
    for i in range(MOST_ITERATIONS):
        u, beta = _unit(torch.addcmul(forth(v), alpha, u, value=-1))
        squares = squares + alpha.square() + beta.square()
        v, alpha = _unit(torch.addcmul(back(u), beta, v, value=-1))
        length = torch.hypot(rho, beta).clamp(min=torch.finfo(b.dtype).tiny)
        c, s = rho / length, beta / length
        x = torch.addcmul(x, c * phi / length, w)
        w = torch.addcmul(v, s * alpha / length, w, value=-1)
        phi, rho = s * phi, -c * alpha
        if i % 8 == 7 or i < 8:
            norm = squares.sqrt()
            solved = phi <= tolerance * (start + norm * x.norm(dim=-1, keepdim=True))
            if (solved | (alpha * c.abs() <= tolerance * norm)).all():
                return x
    return _not_solved(A, tolerance)


def _not_solved(A: LinearOperator, tolerance: float) -> Tensor:
    raise ValueError(
        f"pinv of this {type(A).__name__} of shape {tuple(A.shape)} is not found to {tolerance:g} in {MOST_ITERATIONS} "
        "products: its singular values lie too far apart; where n×n numbers fit, use pinv(Dense(A.dense()))."
    )


def _by_scipy(forth: Map, back: Map, b: Tensor, size: int, tolerance: float) -> Tensor | None:
    """SciPy's LSQR, which is faster for one vector; None where it does not come to an end."""
    from scipy.sparse.linalg import lsqr  # here, as it is slow to import

    products = _for_scipy(forth, back, b, (b.shape[1], size))
    x, reason, *_ = lsqr(
        products, b[0].numpy(), atol=tolerance, btol=tolerance, conlim=0, iter_lim=MOST_ITERATIONS
    )
    return None if reason == 7 else torch.from_numpy(x).to(b)[None]


def _unit(v: Tensor) -> tuple[Tensor, Tensor]:
    """v / ‖v‖ and ‖v‖ of each row; 0 for 0."""
    length = torch.linalg.vector_norm(v, dim=-1, keepdim=True)
    return v / torch.where(length > 0, length, 1), length


def exponential_times(A: Map, t: Tensor, v: Tensor) -> Tensor:
    """exp(tA) v for v (B, n), by power series in steps so short that no term is much larger than v. Gradients pass.

    ValueError after `MOST_TERMS` products. Source: Al-Mohy and Higham, SIAM J. Sci. Comput. 2011, whose steps come from a
    norm; these from the terms themselves.

    >>> exponential_times(lambda v: -v, torch.tensor(100.0), torch.ones(1, 1)) < 1e-40
    tensor([[True]])
    """
    time = t if t.requires_grad else float(t)
    done, part, terms = 0.0, 1.0, 0
    while done < 1:
        part = min(part, 1 - done)
        total, count = _series(A, time * part, v)
        terms += count
        if terms > MOST_TERMS:
            raise ValueError(
                f"exp(tA) v needs more than {MOST_TERMS} products: tA is too large; take a smaller t."
            )
        if total is None:
            part /= 2
        else:
            v, done, part = total, done + part, part * (2 if count < 12 else 1)
    return v


def _series(A: Map, t: Tensor | float, v: Tensor) -> tuple[Tensor | None, int]:
    """Σ (tA)ᵏ v / k! until two terms are nothing, and how many there were; None where a term grows too large."""
    tolerance, start = torch.finfo(v.dtype).eps / 2, float(v.detach().norm())
    if not math.isfinite(start):
        raise ValueError("exp(tA) v leaves the range of its precision; scale A, or use .double().")
    total, term, before, k = v, v, start, 0
    while True:
        k += 1
        term = A(term) * (t / k)
        size = float(term.detach().norm())
        if not size <= GROWTH * start:
            return None, k
        total = total + term
        near = size + before <= 30 * GROWTH * tolerance * start  # below it alone the total is looked at
        if near and size + before <= tolerance * float(total.detach().norm()):
            return total, k
        if size == 0:
            return total, k
        before = size


@torch.no_grad()
def power_times(A: LinearOperator, p: float, v: Tensor) -> Tensor:
    """Aᵖ v for one vector v (n,) and real p: Aᵖ in the space of v, A v, A²v, …, with an orthonormal basis of it.

    ValueError where Aᵖ is not real there, or not reached in `MOST_DIRECTIONS`. Source: Saad, SIAM J. Numer. Anal. 1992.

    >>> from linearizer_core.operators import Diagonal
    >>> power_times(Diagonal(torch.tensor([4.0, 9.0])), 0.5, torch.ones(2))
    tensor([2.0000, 3.0000])
    """
    length, most = v.norm(), min(MOST_DIRECTIONS, len(v))
    if length == 0:
        return v.clone()
    basis, H = v.new_zeros(most + 1, len(v)), torch.zeros(most + 1, most, dtype=torch.float64)
    basis[0], known, eps = v / length, torch.zeros(0, dtype=torch.float64), torch.finfo(v.dtype).eps
    reason = "the space of its powers is too large"
    for j in range(most):
        column, w = _orthogonal(A.matvec(basis[j][None])[0], basis[: j + 1])
        H[: j + 1, j], H[j + 1, j] = column, float(w.norm())
        whole = bool(H[j + 1, j] <= 10 * eps * H[: j + 2, : j + 1].norm()) or j + 1 == len(v)
        if not whole:
            basis[j + 1] = w / w.norm()
        if whole or j % 5 == 4 or j + 1 == most:
            try:
                now = real_power(H[: j + 1, : j + 1], p, (j + 1) * eps)[:, 0]
            except ValueError as error:
                reason = str(error)
                if whole:
                    raise
                continue
            gap = (now - torch.cat([known, known.new_zeros(len(now) - len(known))])).norm()
            if whole or gap <= TOLERANCES[v.dtype] * now.norm():
                return length * (narrow(now, v) @ basis[: j + 1])
            known = now
    raise ValueError(
        f"power {p:g} of this {type(A).__name__} of shape {tuple(A.shape)} is not found to {TOLERANCES[v.dtype]:g} in "
        f"{most} directions ({reason.rstrip('.')}); where n×n numbers fit, use power(Dense(A.dense()), p)."
    )


def _orthogonal(w: Tensor, basis: Tensor) -> tuple[Tensor, Tensor]:
    """What of w (n,) lies along the rows of an orthonormal basis, and the rest: twice is enough (Kahan, Parlett)."""
    column = basis @ w
    w = w - column @ basis
    again = basis @ w
    return wide(column + again).cpu(), w - again @ basis


@torch.no_grad()
def largest_triplets(A: LinearOperator, k: int) -> tuple[Tensor, Tensor, Tensor]:
    """U (m, k), values (k,) descending and V (n, k) of the k largest singular values, by ARPACK on AᵀA.

    ValueError where it does not converge. Source: Lehoucq, Sorensen, Yang, "ARPACK Users' Guide", 1998.

    >>> from linearizer_core.operators import Diagonal
    >>> U, values, V = largest_triplets(Diagonal(torch.arange(1.0, 101)), 2)
    >>> values.round()
    tensor([100.,  99.])
    """
    from scipy.sparse.linalg import ArpackNoConvergence, svds  # here, as it is slow to import

    like, (m, n) = reference(A), A.shape
    start = np.random.default_rng(0).standard_normal(min(m, n)).astype(_numpy_type(like))
    image = (A if m >= n else A.T)(torch.from_numpy(start).to(like))
    if k == 0 or not image.any():
        return torch.eye(m, k).to(like), like.new_zeros(k), torch.eye(n, k).to(like)
    try:
        products = _for_scipy(*both_ways(A, like.new_zeros(1, n)), like, A.shape)
        U, values, Vh = svds(products, k, v0=start, tol=TOLERANCES[like.dtype] / 4)
    except ArpackNoConvergence as error:
        raise ValueError(
            f"svd of this {type(A).__name__} of shape {tuple(A.shape)} does not converge: {k} values lie too near to the "
            "next ones; ask for others, or use svd(Dense(A.dense()), k) where n×n numbers fit."
        ) from error
    order = np.argsort(-values)
    return _as_tensor(U[:, order], like), _as_tensor(values[order], like), _as_tensor(Vh[order].T, like)


def _as_tensor(found: np.ndarray, like: Tensor) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(found)).to(like)


def _for_scipy(forth: Map, back: Map, like: Tensor, shape: tuple[int, int]):
    """Two products as SciPy takes an operator, wherever they are computed."""
    from scipy.sparse.linalg import LinearOperator

    def times(way: Map) -> Callable[[np.ndarray], np.ndarray]:
        return lambda v: way(torch.from_numpy(v).to(like).reshape(1, -1))[0].cpu().numpy()

    return LinearOperator(shape, matvec=times(forth), rmatvec=times(back), dtype=_numpy_type(like))


def _numpy_type(like: Tensor) -> str:
    return str(like.dtype).removeprefix("torch.")
