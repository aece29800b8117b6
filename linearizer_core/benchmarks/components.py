"""PCA against torch, scikit-learn and ARPACK: time, and how far its components are from float64's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..measuring import Row, in_turn
from ..pca import LatentPCA

PCA_CASES = ((60_000, 1024, (3, 50)), (20_000, 12_288, (50,)))
"""Samples × axes, and how many components."""


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
