r"""Flow matching that is linear in the induced space, and its collapse: all steps of the integrator are one operator.

Noise z₀ and data z₁ are joined by straight lines z_t = (1 − t) z₀ + t z₁. A timed operator guesses A(t) z_t ≈ z₁, which
gives the velocity dz/dt = V(t) z = (A(t) − I) z / (1 − t), linear in z. So N steps of any explicit integrator are one
operator B, and x = g_data⁻¹(B g_noise(x₀)) is the whole sampler. Source: arXiv:2510.08570 (one-step generation).
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable, Iterator
from functools import singledispatch
from itertools import pairwise
from typing import Protocol, Self, TypeVar

import torch
from torch import Tensor

from ..algebra.base import reference
from ..algebra.simplify import simplify
from ..inputs import whole_number
from ..operators import (
    Dense,
    Diagonal,
    Identity,
    IdentityPlusLowRank,
    LinearOperator,
    LowRank,
    TimedGaussian,
    TimedLowRank,
    TimedLowRankGaussian,
    TimedOperator,
)
from ..operators.low_rank import Parts
from ..operators.timed import Stopped, chebyshev, on_frame
from ..precision import check_precision, wide
from .factors import Factors, factors, main_part, same

State = TypeVar("State", bound="Summable")
Moved = TypeVar("Moved", Tensor, LinearOperator)
Velocity = Callable[[float, State], State]
MOST_STEPS = 10_000


class Summable(Protocol):
    """What an integrator needs of a state: + and a number ·, which numbers, latents and operators have.

    >>> state: Summable = torch.ones(2)
    >>> 2.0 * state + state
    tensor([3., 3.])
    """

    def __add__(self, other: Self, /) -> Self: ...

    def __rmul__(self, number: float, /) -> Self: ...


def path(z0: Tensor, z1: Tensor, t: Tensor) -> Tensor:
    """z_t = (1 − t) z₀ + t z₁, with latents (B, n) and one time per item, t (B,).

    >>> path(torch.zeros(1, 2), torch.ones(1, 2), torch.tensor([0.25]))
    tensor([[0.2500, 0.2500]])
    """
    return (1 - t)[:, None] * z0 + t[:, None] * z1


def flow_matching_loss(A: TimedOperator, z0: Tensor, z1: Tensor, t: float | Tensor) -> Tensor:
    r"""E ‖A(t) z_t − z₁‖² / n: how well A(t) guesses the clean latent; z₀, z₁ (B, n), t a time for each item (B,), or one.

    Source: arXiv:2510.08570, equation of the flow-matching loss.

    >>> flow_matching_loss(TimedGaussian(torch.ones(2)), torch.zeros(1, 2), torch.ones(1, 2), t=1.0)
    tensor(0.)
    """
    if isinstance(t, Tensor):
        return (guesses(A, path(z0, z1, t), t) - z1).square().mean()
    return (A(t)(path(z0, z1, z0.new_full((len(z0),), t))) - z1).square().mean()


@singledispatch
def guesses(A: TimedOperator, z: Tensor, t: Tensor) -> Tensor:
    """A(tᵢ) zᵢ for each item: z (B, n) and t (B,) in [0, 1] to (B, n). A type may have a cheaper rule.

    >>> guesses(TimedGaussian(torch.tensor([1.0, 4.0])), torch.ones(2, 2), torch.tensor([0.5, 1.0]))
    tensor([[1.0000, 1.6000],
            [1.0000, 1.0000]])
    """
    return torch.stack([A(time)(item) for item, time in zip(z, t.tolist(), strict=True)])


@guesses.register
def _(A: TimedLowRank, z: Tensor, t: Tensor) -> Tensor:
    weights = torch.stack([chebyshev(time, len(A.U)) for time in t.tolist()]).to(z)
    told = torch.einsum("bk,bkr->br", weights, torch.einsum("bn,knr->bkr", z, A.V))
    return torch.einsum("bk,bkn->bn", weights, torch.einsum("knr,br->bkn", A.U, told))


@singledispatch
def velocity(A: TimedOperator, t: float) -> LinearOperator:
    """V(t) = (A(t) − I)/(1 − t), so that dz/dt = V(t) z. ValueError at t = 1 unless `A.reaches_one`.

    >>> velocity(TimedGaussian(torch.tensor([4.0])), 1.0).values       # d/dt of the deviation, at its end
    tensor([1.])
    """
    if t == 1:
        raise ValueError(
            f"{type(A).__name__} has no velocity at t = 1; end the integration before it, as `end` of `integrate` does."
        )
    return (A(t) - Identity(A.shape[0]).to(reference(A))) / (1 - t)


@velocity.register
def _(A: TimedLowRank, t: float) -> LinearOperator:
    if t == 1:
        return velocity.dispatch(TimedOperator)(A, t)
    B = A(t)
    return IdentityPlusLowRank(-1 / (1 - t), B.U / (1 - t), B.V)


@velocity.register
def _(A: TimedGaussian, t: float) -> Diagonal:
    return Diagonal(_growth(A.variances, t))


@velocity.register
def _(A: TimedLowRankGaussian, t: float) -> IdentityPlusLowRank:
    return on_frame(A.basis, _growth(A.variances, t), _growth(A.rest, t))


@velocity.register
def _(A: Stopped, t: float) -> LinearOperator:
    return simplify(A.stop * velocity(A.family, A.stop * t))


def _growth(variance: Tensor, t: float | Tensor) -> Tensor:
    """(a(t) − 1)/(1 − t) for the closed form a(t), without the 0/0 at t = 1."""
    denominator = ((1 - t) ** 2 + t**2 * variance).clamp(min=torch.finfo(variance.dtype).tiny)
    return (t * variance - (1 - t)) / denominator


def euler(v: Velocity[State], t: float, h: float, z: State) -> State:
    """z + h v(t, z): one evaluation, error O(h) over the whole path.

    >>> euler(lambda t, z: z, 0.0, 0.5, torch.tensor(1.0))
    tensor(1.5000)
    """
    return z + h * v(t, z)


def midpoint(v: Velocity[State], t: float, h: float, z: State) -> State:
    """z + h v(t + h/2, z + h/2 v(t, z)): two evaluations, error O(h²).

    >>> midpoint(lambda t, z: z, 0.0, 0.5, torch.tensor(1.0))
    tensor(1.6250)
    """
    return z + h * v(t + h / 2, z + (h / 2) * v(t, z))


def rk4(v: Velocity[State], t: float, h: float, z: State) -> State:
    """The classical Runge–Kutta step: four evaluations, each on the result of the one before, error O(h⁴).

    >>> rk4(lambda t, z: z, 0.0, 0.5, torch.tensor(1.0))
    tensor(1.6484)
    """
    k1 = v(t, z)
    k2 = v(t + h / 2, z + (h / 2) * k1)
    k3 = v(t + h / 2, z + (h / 2) * k2)
    k4 = v(t + h, z + h * k3)
    return z + (h / 6) * (k1 + 2 * k2 + 2 * k3 + k4)


METHODS = {"euler": euler, "midpoint": midpoint, "rk4": rk4}
"""Name to step(v, t, h, z) of explicit integrators; z may be latents or operators, all they need is + and ·."""


def trajectory(
    v: Velocity[State], z: State, steps: int, method: str = "rk4", end: float = 1.0
) -> Iterator[tuple[float, State]]:
    r"""(t, z) from t = 0 to 1, `steps` + 1 pairs.

    With `end` = 1 there are `steps` equal steps of the method. With `end` < 1, for a velocity that is not defined at 1,
    `steps` − 1 of them lead to `end`, and the last is Euler's from there to 1: it jumps to the guess A(end) z.
    ValueError for steps outside 1..10 000, an unknown method, or an end outside (0, 1] (0 too where steps is 1).

    >>> [round(float(z), 3) for t, z in trajectory(lambda t, z: z, torch.tensor(1.0), steps=2, method="euler")]
    [1.0, 1.5, 2.25]
    """
    check_integrator(steps, method)
    steps = int(steps)
    if not 0 <= end <= 1 or (end == 0 and steps > 1):
        raise ValueError(f"end must lie above 0 and at most at 1, got {end}; 1 − 1/steps is a good one.")
    regular = steps if end == 1 else steps - 1
    times = [end * i / regular for i in range(regular)] + [end]
    yield 0.0, z
    for t, later in pairwise(times):
        z = METHODS[method](v, t, later - t, z)
        yield later, z
    if end < 1:
        yield 1.0, euler(v, end, 1 - end, z)


def spread(steps: int, frames: int) -> list[int]:
    """Which of the states 0, …, steps of a `trajectory` to show: `frames` of them, evenly, both ends among them.

    >>> spread(2, 12), spread(100, 12)[:4]
    ([0, 1, 2], [0, 9, 18, 27])
    """
    steps, frames = int(steps), whole_number("frames", frames, 1)
    return torch.linspace(0, steps, max(2, min(frames, steps + 1))).round().int().tolist()


def integrate(v: Velocity[State], z: State, steps: int, method: str = "rk4", end: float = 1.0) -> State:
    """z at t = 1 from z at t = 0 along dz/dt = v(t, z): the end of `trajectory`, which says how t = 1 is reached.

    >>> integrate(lambda t, z: z, torch.tensor(1.0), steps=100)          # e
    tensor(2.7183)
    """
    return deque(trajectory(v, z, steps, method, end), maxlen=1)[0][1]


def flow(A: TimedOperator) -> Velocity:
    """v(t, z) = V(t) z for latents z (*, n), or for operators V(t) z; operators of a time are built once.

    >>> flow(TimedGaussian(torch.ones(1)))(0.5, torch.ones(1))           # N(0, I) to N(0, I): first shrinks, then grows
    tensor([0.])
    """
    known: dict[
        float, LinearOperator
    ] = {}  # RK4 asks three times for the middle of a step, and twice for its ends

    def v(t: float, z: Moved) -> Moved:
        if t not in known:
            while len(known) > 2:
                known.pop(next(iter(known)))
            known[t] = velocity(A, t)
        return known[t] @ z if isinstance(z, LinearOperator) else known[t](z)

    return v


def last_time(A: TimedOperator, steps: int) -> float:
    """The `end` of `trajectory` that A needs: 1 where its velocity reaches 1, else 1 − 1/steps.

    >>> last_time(TimedGaussian(torch.ones(1)), 4), last_time(TimedLowRank(torch.ones(1, 2, 1), torch.ones(1, 2, 1)), 4)
    (1.0, 0.75)
    """
    return 1.0 if A.reaches_one else 1 - 1 / steps


def collapse(
    A: TimedOperator, steps: int = 100, method: str = "rk4", rtol: float = 1e-12, gradient: bool = False
) -> LinearOperator:
    r"""B, the operator that does in one application what `steps` steps of the integrator do: exact, not a limit.

    The same integrator is run, in float64, on the identity, so no second formula can disagree with it. Where the type of A
    allows, the identity is a small one: a vector of ones for a diagonal A(t); for A(t) = U(t) V(t)ᵀ, U and V any functions
    of t, a number and a matrix on the span of all factors. The result is re-compressed to its numerical rank: singular
    values of B − cI below `rtol` of the largest are dropped. It has A's dtype, and no gradient.

    With `gradient` B is worked out in A's own precision, not re-compressed, and gradients of it reach what A holds; memory
    then grows with (r K)² steps, K the times at which A is asked, 2 steps for rk4, or A's own coefficients.

    Cost: O(n steps) for diagonal A(t), O(n (K r)² + steps (K r)² r) for `TimedLowRank`; O(n q (q + r steps) + q² r steps)
    for other A(t) of low rank, q ≤ r K the rank of all their factors, few where these are smooth; n×n only for A(t) that
    are not c I + U Vᵀ.

    >>> collapse(TimedGaussian(torch.tensor([4.0, 0.25])), steps=100).values       # Σ^½ as steps grow
    tensor([2.0000, 0.5000])
    """
    check_integrator(steps, method)
    like, steps = reference(A), int(steps)
    check_precision(type(A).__name__, like.dtype)
    if gradient:
        with torch.enable_grad():
            return _collapse(A, steps, method, rtol)
    with torch.no_grad():
        return _collapse(_wide_copy(A), steps, method, rtol).to(like.dtype).to(like.device)


def _wide_copy(A: TimedOperator) -> TimedOperator:
    """A in float64, its tensors without their gradients: those that another computation made could not be copied else."""
    held = [*A.parameters(), *A.buffers(), *(t for part in A.modules() for t in vars(part).values())]
    twins = {id(t): wide(t.detach()) if t.is_floating_point() else t for t in held if isinstance(t, Tensor)}
    return copy.deepcopy(A, twins)


@singledispatch
def _collapse(A: TimedOperator, steps: int, method: str, rtol: float) -> LinearOperator:
    found = factors(lambda t: velocity(A, t), times_asked(A, steps, method), raw=torch.is_grad_enabled())
    if found is None:
        return Dense(_image_of_identity(A, steps, method))
    return _on_factors(found, A, steps, method, rtol)


def times_asked(A: TimedOperator, steps: int, method: str) -> list[float]:
    """The times at which the integrator asks for the velocity, each once.

    >>> times_asked(TimedGaussian(torch.ones(1)), 2, "midpoint")
    [0.0, 0.25, 0.5, 0.75]
    """
    asked: dict[float, None] = {}

    def v(t: float, z: float) -> float:
        asked[same(t)] = None
        return z

    integrate(v, 0.0, steps, method, last_time(A, steps))
    return list(asked)


def _on_factors(found: Factors, A: TimedOperator, steps: int, method: str, rtol: float) -> LinearOperator:
    """c I + L S Rᵀ as the integrator leaves it: so where gradients are wanted, else of as few columns as rtol allows."""
    c, S = integrate(found.velocity(), found.identity(), steps, method, last_time(A, steps))
    if torch.is_grad_enabled():
        gone = c.detach().abs() <= 1e3 * torch.finfo(c.dtype).eps
        return LowRank(found.L @ S, found.R) if gone else IdentityPlusLowRank(c, found.L @ S, found.R)
    W, s, Yh = main_part(S, rtol)
    U, V = found.L @ (W * s), found.R @ Yh.mT
    c = torch.where(c.abs() > rtol * max(1.0, float(s.max()) if len(s) else 0.0), c, 0)
    return IdentityPlusLowRank(c, U, V) if c else LowRank(U, V)


@_collapse.register
def _(A: TimedGaussian, steps: int, method: str, rtol: float) -> Diagonal:
    return Diagonal(_growth_of_all_steps(A.variances, steps, method))


def _growth_of_all_steps(variances: Tensor, steps: int, method: str) -> Tensor:
    """By how much the integrator scales each axis: a step scales it by a number, so many can be taken side by side."""
    times = torch.arange(steps, dtype=variances.dtype, device=variances.device)[:, None] / steps
    factors = torch.ones_like(variances)
    for some in times.split(32):
        start = torch.ones(len(some), *factors.shape, dtype=factors.dtype, device=factors.device)
        scaled = METHODS[method](lambda t, z: _growth(variances, t) * z, some, 1 / steps, start)
        factors = factors * scaled.prod(0)
    return factors


@_collapse.register
def _(A: TimedLowRankGaussian, steps: int, method: str, rtol: float) -> LinearOperator:
    values = _growth_of_all_steps(torch.cat([A.variances, A.rest[None]]), steps, method)
    return on_frame(A.basis, values[:-1], values[-1])


@_collapse.register
def _(A: TimedLowRank, steps: int, method: str, rtol: float) -> LinearOperator:
    if torch.is_grad_enabled():
        return _on_factors(_coefficients(A, times_asked(A, steps, method)), A, steps, method, rtol)
    Q = torch.linalg.qr(torch.cat([*A.U, *A.V], 1)).Q
    if Q.shape[1] >= len(Q):
        return Dense(_image_of_identity(A, steps, method))
    outside = Q.new_zeros(len(A.U), 1, A.U.shape[2])  # one axis that no factor touches stands for all of them
    small = TimedLowRank(torch.cat([Q.mT @ A.U, outside], 1), torch.cat([Q.mT @ A.V, outside], 1))
    M = _image_of_identity(small, steps, method)
    return _compressed(M[-1, -1], Q, M[:-1, :-1], rtol)


def _coefficients(A: TimedLowRank, times: list[float]) -> Factors:
    """The velocity at these times on the coefficients of A, side by side, whose numbers at a time are Chebyshev's."""
    eye = torch.eye(A.U.shape[2], dtype=A.U.dtype, device=A.U.device)
    at = {}
    for t in times:
        weights = torch.kron(chebyshev(t, len(A.U)).to(A.U)[:, None], eye)
        at[same(t)] = Parts(A.U.new_tensor(-1 / (1 - t)), weights / (1 - t), weights)
    return Factors(torch.cat([*A.U], 1), torch.cat([*A.V], 1), at)


def _image_of_identity(A: TimedOperator, steps: int, method: str) -> Tensor:
    like = reference(A)
    eye = torch.eye(A.shape[1], dtype=like.dtype, device=like.device)
    return integrate(flow(A), wide(eye), steps, method, last_time(A, steps)).mT


def _compressed(c: Tensor, Q: Tensor, S: Tensor, rtol: float) -> LinearOperator:
    """Q S Qᵀ + c (I − Q Qᵀ) as c I + U Vᵀ of as few columns as `rtol` allows; a c that is rounding counts as 0."""
    size = torch.linalg.matrix_norm(S, 2)
    c = torch.where(c.abs() > rtol * size, c, 0)
    W, s, Yh = torch.linalg.svd(S - c * torch.eye(len(S), dtype=S.dtype, device=S.device))
    kept = s > rtol * size
    U, V = Q @ (W[:, kept] * s[kept]), Q @ Yh[kept].mT
    return IdentityPlusLowRank(c, U, V) if c else LowRank(U, V)


def check_integrator(steps: int, method: str) -> None:
    """ValueError unless steps is a whole number in 1..10 000 and the method is one of METHODS.

    >>> check_integrator(0, "rk4")
    Traceback (most recent call last):
    ValueError: steps must be a whole number from 1 to 10000, got 0.
    """
    whole_number("steps", steps, 1, MOST_STEPS)
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}.")
