"""Operators of low rank against the same as dense matrices: their algebra, and a collapse of many steps into one."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from .. import algebra
from ..algebra.base import reference
from ..measuring import Row, in_turn, peak_megabytes
from ..methods import flow_matching
from ..operators import Dense, IdentityPlusLowRank, LinearOperator, TimedLowRank, TimedOperator


def low_rank(
    n: int = 12_288, rank: int = 8, dense: int = 1024, repeats: int = 5, device: str = "cpu"
) -> list[Row]:
    """Algebra on I + U Vᵀ against the same on its dense matrix, measured at a smaller size and scaled up.

    >>> [row.task for row in low_rank(n=48, rank=2, dense=16, repeats=1)]
    ['apply to 16 vectors', 'pinv', 'square root', '10th power', 'exp']
    """
    big, small = _perturbed_identity(n, rank, device), _perturbed_identity(dense, rank, device)
    matrix, v = Dense(small.dense()), torch.randn(16, n, device=device, dtype=torch.float32)
    tasks: dict[str, tuple[int, Callable[[LinearOperator], Any]]] = {
        "apply to 16 vectors": (2, lambda A: A(v[:, : A.shape[1]])),
        "pinv": (3, algebra.pinv),
        "square root": (3, lambda A: algebra.power(A, 0.5)),
        "10th power": (3, lambda A: algebra.power(A, 10)),
        "exp": (3, algebra.exp),
    }
    rows = []
    for task, (order, work) in tasks.items():
        megabytes = peak_megabytes(partial(work, big))
        contenders = {"ours": partial(work, big), "dense": partial(work, matrix)}
        (seconds, _), (other, wanted) = in_turn(contenders, repeats, device).values()
        other *= (n / dense) ** order
        error = _relative_error(work(small), wanted, v[:, :dense])
        note = f"dense at n = {dense}, times (n/{dense})^{order}; error against it there"
        if megabytes is not None:
            note += f"; ours {megabytes:.0f} MB, one dense matrix {4 * n * n / 1e6:.0f} MB"
        size = f"n = {n}, r = {rank}"
        rows.append(Row(task, size, seconds, "dense", other, other / seconds, error, note=note))
    return rows


def collapse(
    sizes: Sequence[int] = (1024, 12_288),
    rank: int = 8,
    steps: int = 100,
    coefficients: int = 4,
    repeats: int = 5,
    device: str = "cpu",
    methods: Sequence[str] = ("euler", "rk4"),
) -> list[Row]:
    """`collapse` of a low-rank A(t) against the straight product of n×n step matrices, both in float32 results.

    The product is multiplied out in full at the smallest size; at larger ones a single step is timed and counted `steps`
    times. The error is that of `collapse` to the float64 product at the smallest size.

    >>> [(row.task, row.size) for row in collapse(sizes=(48,), rank=1, steps=3, repeats=1, methods=("euler",))]
    [('collapse of 3 steps, euler', 'n = 48, r = 1')]
    """
    rows = []
    for n in sizes:
        A, whole = _timed_low_rank(n, rank, coefficients, device), n == min(sizes)
        matrices = copy.deepcopy(A).double() if whole else None
        for method in methods:
            megabytes = peak_megabytes(partial(flow_matching.collapse, A, steps, method))
            counted = steps if whole else 1
            contenders: dict[str, Callable[[], Any]] = {
                "ours": partial(flow_matching.collapse, A, steps, method),
                "dense": partial(dense_product, A, steps, method, counted),
            }
            runs = repeats if whole else 1
            (seconds, B), (other, _) = in_turn(contenders, runs, device, warm_up=whole).values()
            other *= steps / counted
            note = "whole product" if whole else f"one dense step, times {steps}"
            error = None
            if matrices is not None:
                wanted = dense_product(matrices, steps, method, steps)
                error = float((B.dense() - wanted).abs().max() / wanted.abs().max())
            if megabytes is not None:
                note += f"; ours {megabytes:.0f} MB, one dense matrix {4 * n * n / 1e6:.0f} MB"
            task, size = f"collapse of {steps} steps, {method}", f"n = {n}, r = {rank}"
            rows.append(Row(task, size, seconds, "dense", other, other / seconds, error, note=note))
    return rows


def dense_product(A: TimedOperator, steps: int, method: str, counted: int) -> Tensor:
    """The straight way: n×n velocities V(t), n×n step matrices, multiplied one by one; `counted` of the `steps`.

    As every step of a linear flow is a matrix, an Euler step is I + h V(t), and RK4 multiplies its stages out.

    >>> A = TimedLowRank(torch.full((1, 3, 1), 0.5), torch.ones(1, 3, 1))
    >>> B = flow_matching.collapse(A, 4, "rk4").dense()
    >>> torch.allclose(B, dense_product(A, 4, "rk4", 4), atol=1e-5)
    True
    """
    like = reference(A)
    eye = torch.eye(A.shape[0], dtype=like.dtype, device=like.device)
    end, product = flow_matching.last_time(A, steps), eye
    edges = [end * i / max(1, steps - 1) for i in range(steps - 1)] + [end, 1.0]  # as in `trajectory`

    def V(t: float) -> Tensor:
        return (A(t).dense() - eye) / (1 - t)

    for i in range(counted):
        t, h = edges[i], edges[i + 1] - edges[i]
        if method == "euler" or i == steps - 1:
            step = eye + h * V(t)
        else:
            k1, middle, last = V(t), V(t + h / 2), V(t + h)
            k2 = middle @ (eye + h / 2 * k1)
            k3 = middle @ (eye + h / 2 * k2)
            step = eye + h / 6 * (k1 + 2 * k2 + 2 * k3 + last @ (eye + h * k3))
        product = step @ product
    return product


def _timed_low_rank(n: int, rank: int, coefficients: int, device: str) -> TimedLowRank:
    generator = torch.Generator().manual_seed(0)
    shape = (2, coefficients, n, rank)
    U, V = (torch.randn(shape, generator=generator, dtype=torch.float32) / (n * coefficients) ** 0.5).to(
        device
    )
    return TimedLowRank(U, V)


def _relative_error(got: LinearOperator | Tensor, wanted: LinearOperator | Tensor, v: Tensor) -> float:
    """Of two results, or of two operators by what they do to the rows of v."""
    ours, theirs = (A(v) if isinstance(A, LinearOperator) else A for A in (got, wanted))
    return float((ours - theirs).abs().max() / theirs.abs().max())


def _perturbed_identity(n: int, rank: int, device: str) -> IdentityPlusLowRank:
    """I + U Vᵀ with U Vᵀ symmetric positive, of size about 1: every function of it exists."""
    U = (
        torch.randn(n, rank, generator=torch.Generator().manual_seed(0), dtype=torch.float32).to(device)
        / n**0.5
    )
    return IdentityPlusLowRank(1.0, U, U)
