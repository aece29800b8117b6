"""Speed against the alternatives: all contenders in turn in one run, with the errors of their results.

Nothing is asserted here. A row with a contender says how many times as fast ours is (`ratio`);
a row without one is held against a mark.
"""

from __future__ import annotations

import argparse
import copy
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from . import algebra, devices
from .algebra.base import reference
from .decode_speed import decode
from .measures import reporting
from .measuring import Row, in_turn, machine, peak_megabytes
from .methods import flow_matching
from .operator_speed import operators
from .operators import Dense, IdentityPlusLowRank, LinearOperator, TimedLowRank, TimedOperator
from .pca import LatentPCA
from .peer_speed import flows
from .scale_speed import scale as scaling

PCA_CASES = ((60_000, 1024, (3, 50)), (20_000, 12_288, (50,)))
"""Samples × axes, and how many components."""


def run(
    names: Sequence[str] = (), repeats: int = 5, device: str = "cpu", scale: float | None = None
) -> list[Row]:
    """The rows of the named benchmarks, of all without names; `scale` is that of `pca`. ValueError for an unknown name.

    >>> run(["sorting"])
    Traceback (most recent call last):
    ValueError: benchmark must be among pca, decode, algebra, operators, ..., peers, got 'sorting'.
    """
    names = [one for name in names for one in GROUPS.get(name, (name,))]
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        raise ValueError(f"benchmark must be among {', '.join([*BENCHMARKS, *GROUPS])}, got {unknown[0]!r}.")
    rows: list[Row] = []
    for name in names or BENCHMARKS:
        extra = {"scale": scale} if name == "pca" and scale is not None else {}
        rows += BENCHMARKS[name](repeats=repeats, device=device, **extra)
    return rows


def pca(
    cases: Sequence[tuple[int, int, Sequence[int]]] = PCA_CASES,
    repeats: int = 5,
    device: str = "cpu",
    scale: float | None = None,
) -> list[Row]:
    """LatentPCA against torch on the same device, and scikit-learn and ARPACK on the CPU, for samples × axes, components.

    Samples are multiplied by `scale`; None is 1 on a GPU and ¼ on a CPU. The error is the largest angle between the span of
    the components and that of the float64 ones; the floor is what reading the data as often as ours does takes at the speed
    of a copy, or its products at the speed of a large one, whichever is more.

    >>> [row.against for row in pca(cases=[(100, 8, (2,))], repeats=1)]
    ['torch.pca_lowrank', 'scikit-learn covariance_eigh', 'ARPACK']
    """
    scale = (0.25 if torch.device(device).type == "cpu" else 1.0) if scale is None else scale
    rates = Rates.measured(device)
    rows = []
    for samples, axes, components in cases:
        samples = max(2 * max(components), round(scale * samples))
        z = _latents(samples, axes)
        found = LatentPCA(max(components), "randomized" if axes > 2048 else "covariance").fit_latents(
            z.double()
        )
        for k in components:
            rows += _pca_rows(z, k, found.components[:k], repeats, device, rates)
    return rows


def _pca_rows(z: Tensor, k: int, exact: Tensor, repeats: int, device: str, rates: Rates) -> list[Row]:
    """Ours against all others for k components of z."""
    ours, theirs = z.to(device), z.numpy()
    contenders: dict[str, Callable[[], Any]] = {"ours": lambda: LatentPCA(k).fit_latents(ours)}
    contenders |= {"torch.pca_lowrank": lambda: torch.pca_lowrank(ours, k)[2].mT} | _on_the_cpu(theirs, k)
    measured = in_turn(contenders, repeats, device)
    seconds, fitted = measured.pop("ours")
    floor, why = rates.floor(*_work(fitted, z, k))
    note = f"floor {floor:.3g} s by {why}, ours {seconds / floor:.1f} times it; error: angle of the spans to float64's"
    error = subspace_angle(fitted.components, exact)
    task, size = f"PCA, top {k}, {fitted.used}", f"{z.shape[0]}×{z.shape[1]}"
    return [
        Row(task, size, seconds, name, other, other / seconds, error, subspace_angle(result, exact), note)
        for name, (other, result) in measured.items()
    ]


def _on_the_cpu(z: np.ndarray, k: int) -> dict[str, Callable[[], np.ndarray]]:
    """scikit-learn's fastest accurate way for these sizes, and ARPACK where few components are asked."""
    from scipy.sparse.linalg import svds  # these are slow to import, and every command would wait for them
    from sklearn.decomposition import PCA

    solver = (
        "covariance_eigh" if z.shape[1] <= 2048 else "arpack"
    )  # its "randomized" is as wrong as torch's there
    fit = PCA(k, svd_solver=solver, random_state=0).fit
    ways = {f"scikit-learn {solver}": lambda: fit(z).components_}
    if k <= 3:
        ways["ARPACK"] = lambda: svds(z - z.mean(0), k, random_state=0)[2]
    return ways


def _work(fitted: LatentPCA, z: Tensor, k: int) -> tuple[float, float]:
    """The bytes that ours reads, and the operations of its products with the data."""
    count, n = z.shape
    products = {
        "svd": 2 * count * n * min(count, n),
        "covariance": count * n * (n + 1),  # a symmetric product, half of it
        "randomized": (fitted.passes - 1) * 4 * count * n * k,
    }
    return fitted.passes * z.numel() * z.element_size(), products[fitted.used]


class Rates(NamedTuple):
    """What a device does a second: bytes that it reads and writes in a copy, operations of a large float32 product.

    >>> Rates(copied=100.0, multiplied=10.0).floor(read=50.0, operations=20.0)
    (2.0, 'operations')
    """

    copied: float
    multiplied: float

    @classmethod
    def measured(cls, device: str = "cpu", side: int = 2048) -> Rates:
        """Of this machine now; the median of five."""
        like = torch.empty(0, device=device, dtype=torch.float32)
        source, target = like.new_ones(16 * side * side), like.new_empty(16 * side * side)
        a, b = like.new_ones(side, side), like.new_ones(side, side)
        work = {"copy": lambda: target.copy_(source), "multiply": lambda: a @ b}
        (copying, _), (multiplying, _) = in_turn(work, 5, device).values()
        return cls(2 * source.numel() * source.element_size() / copying, 2 * side**3 / multiplying)

    def floor(self, read: float, operations: float) -> tuple[float, str]:
        """The seconds below which nobody reads so many bytes or does so many operations, and which of them it is."""
        return max((read / self.copied, "bytes"), (operations / self.multiplied, "operations"))


def _latents(samples: int, axes: int, seed: int = 0) -> Tensor:
    """Gaussian latents of standard deviations 8/√i along random axes: steep, as rank-ordered training has.

    The axes are those of eight reflections at random planes, as a random rotation of 12 288 axes takes minutes.
    """
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(samples, axes, generator=generator, dtype=torch.float32)
    z *= 8 * torch.arange(1, axes + 1, dtype=torch.float32) ** -0.5
    for _ in range(8):
        normal = torch.randn(axes, generator=generator, dtype=torch.float32)
        normal /= normal.norm()
        z.addr_(z @ normal, normal, alpha=-2)
    return z.add_(0.5)


def subspace_angle(components: Tensor | np.ndarray, exact: Tensor) -> float:
    """The largest angle between the span of components (k, n) and that of the exact ones, both orthonormal rows; radians.

    >>> round(subspace_angle(torch.tensor([[0.6, 0.8]]), torch.tensor([[1.0, 0.0]])), 3)
    0.927
    """
    mine = torch.as_tensor(np.ascontiguousarray(torch.as_tensor(components).cpu())).double()
    mine, exact = torch.linalg.qr(mine.mT).Q, exact.cpu().double()
    across = mine - exact.mT @ (exact @ mine)
    return float(torch.linalg.matrix_norm(across, 2).clamp(max=1).asin())


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


def importing(repeats: int = 5, device: str = "cpu") -> list[Row]:
    """What `import linearizer_core` takes in a process of its own, beside `import torch`, which it holds.

    Compiled files are kept, also where the environment says not to: the first process of each writes them, uncounted.

    >>> [row.against for row in importing(repeats=1)]
    ['import torch']
    """
    keeping = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    fresh = {
        module: partial(subprocess.run, [sys.executable, "-c", f"import {module}"], check=True, env=keeping)
        for module in ("linearizer_core", "torch")
    }
    (ours, _), (torchs, _) = in_turn(fresh, repeats).values()
    note = f"{ours / torchs:.2f} times import torch, mark ≤ 1.1"
    return [
        Row("import linearizer_core", "a process", ours, "import torch", torchs, torchs / ours, note=note)
    ]


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


BENCHMARKS: dict[str, Callable[..., list[Row]]] = {
    "pca": pca,
    "decode": decode,
    "algebra": low_rank,
    "operators": operators,
    "collapse": collapse,
    "flows": flows,
    "import": importing,
    "scale": scaling,
}
GROUPS = {"peers": ("flows", "operators", "pca", "collapse")}
"""What is measured against other libraries and against a dense collapse, in one table."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of the command `benchmark`.

    >>> parser = argparse.ArgumentParser()
    >>> add_arguments(parser)
    >>> parser.parse_args(["pca", "--repeats", "3"]).repeats
    3
    """
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"{', '.join([*BENCHMARKS, *GROUPS])} (default: all)"
    )
    parser.add_argument(
        "--repeats", type=int, default=5, help="runs per contender, of which the median counts"
    )
    parser.add_argument(
        "--device",
        default="cpu",
        help="where ours and torch run; all others take the CPU",
    )
    parser.add_argument(
        "--scale", type=float, help="of pca's sample counts (default: 1 on a GPU, 0.25 on a CPU)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.set_defaults(command=_command)


def _command(options: argparse.Namespace) -> None:
    if options.repeats < 1:
        raise ValueError(f"--repeats must be at least 1, got {options.repeats}.")
    if options.scale is not None and not 0 < options.scale <= 100:
        raise ValueError(f"--scale must lie in 0..100, above 0, got {options.scale:g}.")
    devices.usable(options.device)
    about = machine(options.device)
    rows = run(options.names, options.repeats, options.device, options.scale)
    if options.json:
        print(reporting.format_json(rows, about, sys.stdout.encoding or "utf-8"))
    else:
        print(
            "  ".join(f"{name}: {value}" for name, value in about.items()),
            reporting.format_table(rows),
            sep="\n\n",
        )
