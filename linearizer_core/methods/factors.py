"""A linear flow of c I + U(t) V(t)ᵀ on its factors: what the integrator makes of the identity is c I + L S Rᵀ.

All U(t) that the integrator asks for lie in the span of a few columns L, all V(t) in that of R, and so do their products:
the state of the flow is a number c and a small matrix S, which the integrator adds and scales as it does latents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from ..algebra.simplify import simplify
from ..operators import LinearOperator
from ..operators.low_rank import Parts, parts
from ..precision import narrow

ROUNDING = 200
"""A direction by which no column leaves the span by more than so many times its rounding is rounding."""
TOGETHER = 256
"""Columns that are held against the span at once."""


class Small(NamedTuple):
    """The operator c I + L S Rᵀ by its number c and its middle S, as an integrator's state: it has + and number ·.

    >>> 2 * Small(torch.tensor(1.0), torch.eye(1)) + Small(torch.tensor(1.0), torch.eye(1))
    Small(c=tensor(3.), S=tensor([[3.]]))
    """

    c: Tensor
    S: Tensor

    def __add__(self, other: Small) -> Small:
        return Small(self.c + other.c, self.S + other.S)

    def __mul__(self, number: float) -> Small:
        return Small(number * self.c, number * self.S)

    def __rmul__(self, number: float) -> Small:
        return self * number


class Factors(NamedTuple):
    """Columns L (n, a), R (n, b), and for each time, by `same`, c, P (a, r), Q (b, r) with V(t) = c I + L P (R Q)ᵀ.

    >>> once = Parts(torch.tensor(0.0), torch.ones(1, 1), torch.ones(1, 1))
    >>> f = Factors(torch.eye(2)[:, :1], torch.eye(2)[:, :1], {0.0: once})
    >>> f.velocity()(0.0, f.identity())
    Small(c=tensor(0.), S=tensor([[1.]]))
    """

    L: Tensor
    R: Tensor
    at: dict[float, Parts]

    def identity(self) -> Small:
        return Small(self.L.new_ones(()), self.L.new_zeros(self.L.shape[1], self.R.shape[1]))

    def velocity(self) -> Callable[[float, Small], Small]:
        """V(t) (c I + L S Rᵀ), again a number and a middle: O(a b r)."""
        across = self.R.mT @ self.L

        def v(t: float, z: Small) -> Small:
            c, P, Q = self.at[same(t)]
            return Small(c * z.c, c * z.S + P @ (z.c * Q.mT + (Q.mT @ across) @ z.S))

        return v


def same(t: float) -> float:
    """A time by which those that differ by rounding alone are found: the end of a step is the beginning of the next.

    >>> same(0.1 + 0.2) == same(0.3)
    True
    """
    return round(t, 15)


def factors(
    velocity: Callable[[float], LinearOperator], times: Iterable[float], raw: bool = False
) -> Factors | None:
    """The factors of V(t) at these times, on orthonormal L and R; None where some V(t) is not c I + U Vᵀ.

    `raw`: L and R are all U(t) and V(t) side by side, through which gradients pass; else directions that are rounding are
    left out, and of smooth U(t) few are left.

    >>> from linearizer_core.operators import LowRank
    >>> u = torch.ones(4, 1)
    >>> factors(lambda t: LowRank(u, t * u), [0.5, 1.0]).L.shape
    torch.Size([4, 1])
    """
    times = list(dict.fromkeys(map(same, times))) if raw else _spread(times)
    known: dict[float, Tensor] = {}
    left, right = (_Raw(), _Raw()) if raw else (_Span(), _Span())
    for t in times:
        found = parts(simplify(velocity(t)))
        if found is None:
            return None
        known[t] = found.c  # the span and the coordinates hold the rest
        left.add(found.U)
        right.add(found.V)
    (L, P), (R, Q) = left.finished(), right.finished()
    return Factors(L, R, {t: Parts(c, p, q) for (t, c), p, q in zip(known.items(), P, Q)})


def _spread(times: Iterable[float], stride: int = 8) -> list[float]:
    """The times, each once, in an order whose beginning is spread over all of them: so the first blocks span most."""
    once = list(dict.fromkeys(map(same, times)))
    return [t for start in range(stride) for t in once[start::stride]]


class _Raw:
    """Columns side by side; the coordinates of each block are its own unit vectors."""

    def __init__(self) -> None:
        self.blocks: list[Tensor] = []

    def add(self, block: Tensor) -> None:
        self.blocks.append(block)

    def finished(self) -> tuple[Tensor, list[Tensor]]:
        columns = torch.cat(self.blocks, 1)
        eye = torch.eye(columns.shape[1], dtype=columns.dtype, device=columns.device)
        return columns, list(eye.split([block.shape[1] for block in self.blocks], 1))


class _Span:
    """An orthonormal basis of the columns seen, and the coordinates of each block in it, found some columns at a time."""

    def __init__(self) -> None:
        self.waiting: list[Tensor] = []
        self.basis: Tensor | None = None
        self.coordinates: list[Tensor] = []

    def add(self, block: Tensor) -> None:
        self.waiting.append(block)
        if sum(some.shape[1] for some in self.waiting) >= TOGETHER:
            self._take()

    def _take(self) -> Tensor:
        columns = torch.cat(self.waiting, 1)
        basis = columns[:, :0] if self.basis is None else self.basis
        inside, lengths = basis.mT @ columns, columns.norm(dim=0)
        rest = columns - basis @ inside
        outside = rest.norm(dim=0) > ROUNDING * torch.finfo(rest.dtype).eps * lengths
        if outside.any():
            again = basis.mT @ rest  # twice is enough (Kahan, Parlett)
            rest, inside = rest - basis @ again, inside + again
            fresh = _directions(rest[:, outside], lengths[outside])
            basis = torch.cat([basis, fresh], 1)
            inside = torch.cat([inside, fresh.mT @ rest])
        self.coordinates += inside.split([block.shape[1] for block in self.waiting], 1)
        self.waiting, self.basis = [], basis
        return basis

    def finished(self) -> tuple[Tensor, list[Tensor]]:
        basis = self._take() if self.waiting or self.basis is None else self.basis
        size = basis.shape[1]
        padded = [
            torch.cat([some, some.new_zeros(size - len(some), some.shape[1])]) for some in self.coordinates
        ]
        return basis, padded


def _directions(rest: Tensor, lengths: Tensor) -> Tensor:
    """Orthonormal directions (n, k) of the columns that are more than rounding beside the lengths they had."""
    shares, least = rest / torch.where(lengths > 0, lengths, 1), ROUNDING * torch.finfo(rest.dtype).eps
    shares = shares[:, shares.norm(dim=0) > least]
    Q, small = torch.linalg.qr(shares)
    U, s, _ = torch.linalg.svd(small)
    return Q @ U[:, : len(s)][:, s > least]


def main_part(S: Tensor, rtol: float, width: int = 64) -> tuple[Tensor, Tensor, Tensor]:
    """U, s, Vᵀ of the singular values of S (a, b) above rtol of the largest: by a sketch while they are few, of which the
    rest is measured. Source: Halko, Martinsson, Tropp, arXiv:0909.4061.

    >>> main_part(torch.diag(torch.tensor([2.0, 1.0, 0.0])), 1e-6)[1]
    tensor([2., 1.])
    """
    size, generator = torch.linalg.matrix_norm(S), torch.Generator().manual_seed(0)
    Q = None
    while 4 * width < min(S.shape):
        draw = narrow(torch.randn(S.shape[1], width, generator=generator, dtype=torch.float64), S)
        found = torch.linalg.qr(S @ draw).Q
        if torch.linalg.matrix_norm(S - found @ (found.mT @ S)) <= rtol * size:
            Q = found
            break
        width *= 2
    U, s, Vh = torch.linalg.svd(S if Q is None else Q.mT @ S, full_matrices=False)
    kept = s > rtol * s[:1]
    return (U if Q is None else Q @ U)[:, kept], s[kept], Vh[kept]
