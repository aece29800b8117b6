"""Speed on large operators: what only multiplies against SciPy, identity + low rank against linear_operator, collapse of
an A(t) that a network makes of t."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .. import algebra
from ..algebra.krylov import RESIDUALS
from ..measuring import Row, in_turn, peak_megabytes
from ..methods import flow_matching
from ..operators import IdentityPlusLowRank, LinearOperator, LowRank, TimedOperator
from ..randomness import seeded

TIME = 0.3
"""Of the exponential exp(tA)."""
MARKS = {3_072: "mark ≤ 2 s", 12_288: "mark ≤ 10 s"}
"""Of a collapse in 100 steps."""


class Tridiagonal(LinearOperator):
    """4 + 100 / i on the diagonal and −1 beside it, with nothing written but `matvec`: a few large values and a bulk.

    >>> Tridiagonal(3).dense()
    tensor([[104.0000,  -1.0000,   0.0000],
            [ -1.0000,  54.0000,  -1.0000],
            [  0.0000,  -1.0000,  37.3333]])
    """

    diagonal: Tensor

    def __init__(self, n: int) -> None:
        super().__init__()
        self.register_buffer("diagonal", 4 + 100 / torch.arange(1, n + 1).to(torch.get_default_dtype()))
        self.shape = (n, n)

    def matvec(self, v: Tensor) -> Tensor:
        out = self.diagonal * v
        out[..., 1:] -= v[..., :-1]
        out[..., :-1] -= v[..., 1:]
        return out


class Learned(TimedOperator):
    """A(t) = U(t) V(t)ᵀ of rank r with both factors made of t by a network, as the paper has it.

    >>> Learned(6, 2)(0.5)
    LowRank(shape=(6, 6), U (6, 2), V (6, 2))
    """

    def __init__(self, n: int, r: int, hidden: int = 64) -> None:
        super().__init__()
        self.shape, self.r = (n, n), r
        self.net = nn.Sequential(nn.Linear(1, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh())
        self.last = nn.Linear(hidden, 2 * n * r)
        with torch.no_grad():
            for part in self.last.parameters():
                part.mul_(3 * n**-0.5)

    def at(self, t: float) -> LowRank:
        hidden = self.net(torch.full((1,), t).to(self.last.weight))
        return LowRank(*self.last(hidden).reshape(2, self.shape[0], self.r))


def operators(
    sizes: Sequence[int] = (4096, 100_000),
    plus: Sequence[tuple[int, int]] = ((12_288, 8), (12_288, 64)),
    learned: Sequence[int] = (3_072, 12_288),
    steps: int = 100,
    repeats: int = 5,
    device: str = "cpu",
) -> list[Row]:
    """What only multiplies at these sizes, identity + low rank at n and r, collapse of a learned A(t) at these n.

    >>> [row.task for row in operators(sizes=(), plus=(), learned=(40,), steps=3, repeats=1)]
    ['collapse of 3 steps, rk4, U(t) and V(t) by a network']
    """
    rows = [
        row
        for n in sizes
        for dtype in (torch.float64, torch.float32)
        for row in _products(n, dtype, repeats, device)
    ]
    rows += [row for n, rank in plus for row in _solves(n, rank, repeats, device)]
    return rows + [_collapses(n, steps, device) for n in learned]


def _products(n: int, dtype: torch.dtype, repeats: int, device: str, k: int = 10) -> list[Row]:
    """Of a matrix that only multiplies, against SciPy on the sparse matrix, to the same tolerance."""
    from scipy.linalg import (  # slow to import, and every command would wait for it
        eigh_tridiagonal,
        solveh_banded,
    )
    from scipy.sparse import diags
    from scipy.sparse.linalg import expm_multiply, lsqr, svds

    A = Tridiagonal(n).to(dtype).to(device)
    v = torch.randn(n, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    wide, side, tolerance = A.diagonal.double().cpu().numpy(), -np.ones(n - 1), RESIDUALS[dtype]
    S = diags([side, wide, side], [-1, 0, 1]).tocsr()
    narrow, b, ours = S.astype(str(dtype).removeprefix("torch.")), v.numpy(), v.to(dtype).to(device)
    b = b.astype(narrow.dtype)
    top = eigh_tridiagonal(wide, side, eigvals_only=True, select="i", select_range=(n - k, n - 1))[::-1]
    banded = np.stack([np.concatenate([[0.0], side]), wide])
    tasks: dict[str, tuple[Callable[[], Any], str, Callable[[], Any], np.ndarray]] = {
        f"{k} singular values": (
            lambda: algebra.svd(A, k).values,
            "SciPy svds",
            lambda: np.sort(svds(narrow, k, random_state=0)[1])[::-1],
            top,
        ),
        "pinv, one vector": (
            lambda: algebra.pinv(A)(ours),
            "SciPy lsqr",
            lambda: lsqr(narrow, b, atol=tolerance, btol=tolerance, conlim=0, iter_lim=10_000)[0],
            solveh_banded(banded, v.numpy()),
        ),
        f"exp({TIME} A), one vector": (
            lambda: algebra.exp(A, TIME)(ours),
            "SciPy expm_multiply",
            lambda: expm_multiply(TIME * narrow, b),
            expm_multiply(TIME / 2 * S, expm_multiply(TIME / 2 * S, v.numpy())),
        ),
    }
    rows, size = [], f"n = {n}, {str(dtype).removeprefix('torch.')}"
    for task, (mine, name, theirs, exact) in tasks.items():
        (seconds, got), (other, result) = in_turn({"ours": mine, name: theirs}, repeats, device).values()
        errors = (_off(got, exact), _off(result, exact))
        rows.append(Row(task, size, seconds, name, other, other / seconds, *errors, "A writes matvec alone"))
    root = algebra.power(A, 0.5)
    ((seconds, half),) = in_turn({"ours": lambda: root(ours)}, repeats, device).values()
    rows.append(
        Row(
            "square root, one vector",
            size,
            seconds,
            error=_off(root(half), S @ v.numpy()),
            note="A^½ A^½ v to A v",
        )
    )
    return rows


def _off(got: Tensor | np.ndarray, exact: np.ndarray) -> float:
    """The largest difference, relative to the largest entry."""
    got = got.cpu().numpy() if isinstance(got, Tensor) else got
    return float(np.abs(got - exact).max() / np.abs(exact).max())


def _solves(n: int, rank: int, repeats: int, device: str, count: int = 16) -> list[Row]:
    """(I + U Uᵀ)⁻¹ on vectors, found and applied, against linear_operator where it is installed."""
    generator = torch.Generator().manual_seed(0)
    U = (torch.randn(n, rank, generator=generator, dtype=torch.float32) / n**0.5).to(device)
    v = torch.randn(count, n, generator=generator, dtype=torch.float32).to(device)
    A = IdentityPlusLowRank(1.0, U, U)
    contenders = {"ours": lambda: algebra.pinv(A)(v)}
    there = find_spec("linear_operator") is not None
    if there:
        from linear_operator.operators import DiagLinearOperator, LowRankRootLinearOperator

        ones = torch.ones(n, dtype=U.dtype, device=device)
        contenders["linear_operator"] = lambda: (
            (LowRankRootLinearOperator(U) + DiagLinearOperator(ones)).solve(v.mT).mT
        )
    measured = in_turn(contenders, repeats, device)
    error = float((A(measured["ours"][1]) - v).abs().max() / v.abs().max())
    task, size, seconds = f"solve with I + U Uᵀ, {count} vectors", f"n = {n}, r = {rank}", measured["ours"][0]
    if not there:
        return [Row(task, size, seconds, error=error, note="linear_operator is not installed: skipped")]
    other, result = measured["linear_operator"]
    off = float((A(result) - v).abs().max() / v.abs().max())
    return [
        Row(task, size, seconds, "linear_operator", other, other / seconds, error, off, "error: A x to v")
    ]


def _collapses(n: int, steps: int, device: str, method: str = "rk4") -> Row:
    """Of a learned A(t), with the error of one step against the loop on vectors, in float64."""
    with seeded(0):
        A = Learned(n, 8).to(device).double()
    z = torch.randn(2, n, generator=torch.Generator().manual_seed(1), dtype=torch.float64).to(device)
    times = flow_matching.times_asked(A, steps, method)
    contenders = {
        "ours": lambda: flow_matching.collapse(A, steps, method),
        "asking A(t)": lambda: [A(t) for t in times],
    }
    with torch.no_grad():
        (seconds, B), (asking, _) = in_turn(contenders, 1, device).values()
    megabytes = peak_megabytes(lambda: flow_matching.collapse(A, steps, method))
    with torch.no_grad():
        looped = flow_matching.integrate(
            flow_matching.flow(A), z, steps, method, flow_matching.last_time(A, steps)
        )
    note = MARKS.get(n, "")
    if megabytes is not None:
        note += f"; {megabytes:.0f} MB, one dense matrix {8 * n * n / 1e6:.0f} MB"
    error = float((B(z) - looped).abs().max() / looped.abs().max())
    task = f"collapse of {steps} steps, {method}, U(t) and V(t) by a network"
    size = f"n = {n}, r = 8, float64"
    return Row(
        task,
        size,
        seconds,
        "asking A(t) alone",
        asking,
        asking / seconds,
        error,
        note=note.removeprefix("; "),
    )
