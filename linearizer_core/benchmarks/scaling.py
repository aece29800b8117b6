"""One process beside two on this machine, for PCA and for a training step; and what that says of many, as a cost model."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, multiprocessing, nn
from torch import distributed as dist
from torch.nn.parallel import DistributedDataParallel

from ..measuring import Row, threads
from ..networks import forward_and_log_det, image_flow
from ..pca import LatentPCA
from ..randomness import seeded

RANKS, PICTURES = 64, 10**9
LINK = 1.25e9
"""Bytes a second between two machines in the cost model: 10 Gbit/s."""
COMPONENTS = 10
SIDE = 32


class _Likelihood(nn.Module):
    """The loss of a training step: how likely pictures (B, 1, 32, 32) are under a flow."""

    def __init__(self) -> None:
        super().__init__()
        with seeded(0):
            self.g = image_flow((1, SIDE, SIDE), (2, 2), (32, 32), mix_all=False)

    def forward(self, x: Tensor) -> Tensor:
        z, log_det = forward_and_log_det(self.g, x)
        return (z.square().sum(1) / 2 - log_det).mean() / z.shape[1]


def scale(
    samples: int = 20_000, batch: int = 64, repeats: int = 5, device: str = "cpu", processes: int = 2
) -> list[Row]:
    """PCA and a training step by one process and by `processes`, a thread each, with the differences of their results.

    The rows without a contender are a model, not a measurement: seconds a picture as measured here, ring all-reduce over
    10 Gbit/s, 64 ranks, 10⁹ pictures. The processes compute on the CPU whatever the device.

    >>> cost(1024, 500_000, seconds_a_picture=1e-3, seconds_a_step=0.5)[0].note
    '8.4 MB an all-reduce, 8 (n² + n + 1) bytes; 25 MB a rank beside its batch; 15 625 000 pictures a rank'
    """
    size = samples, batch, repeats
    alone, many = _measured(1, *size), _measured(processes, *size)
    n, parameters = SIDE * SIDE, sum(p.numel() for p in _Likelihood().parameters())

    def row(task: str, size: str, work: str, result: str, note: str) -> Row:
        one, several = alone[work], many[work]
        error = _apart(many[result], alone[result])
        return Row(
            f"{task}, {processes} processes", size, several, "1 process", one, one / several, error, note=note
        )

    rows = [
        row(
            "PCA",
            f"{samples} × {n}",
            "pca",
            "variance",
            "float64; the error is that of the eigenvalues, relative",
        ),
        row(
            "training step",
            f"batch {batch}, {parameters} parameters",
            "step",
            "gradient",
            "the error is that of the gradient, relative to its largest entry",
        ),
    ]
    return rows + cost(n, parameters, alone["encode"] + alone["pca"] / samples, alone["step"])


def cost(n: int, parameters: int, seconds_a_picture: float, seconds_a_step: float) -> list[Row]:
    """What 64 ranks would take, from what one takes: n latent axes, a step's batch at each rank.

    >>> cost(4, 10, 1e-6, 0.1)[1].seconds > 0.1
    True
    """
    sums, gradient = 8 * (n * n + n + 1), 4 * parameters
    each = PICTURES // RANKS
    names = f"{RANKS} ranks, model"
    counted = f"{each:,}".replace(",", " ")
    return [
        Row(
            f"PCA of 10⁹ pictures, {names}",
            f"n = {n}",
            each * seconds_a_picture + _ring(sums),
            note=f"{sums / 1e6:.1f} MB an all-reduce, 8 (n² + n + 1) bytes; {3 * sums / 1e6:.0f} MB a rank beside its "
            f"batch; {counted} pictures a rank",
        ),
        Row(
            f"training step, {names}",
            f"{parameters} parameters",
            seconds_a_step + _ring(gradient),
            note=f"{gradient / 1e6:.1f} MB an all-reduce, 4 bytes a parameter; {4 * gradient / 1e6:.0f} MB a rank for "
            "weights, gradient and Adam's moments",
        ),
    ]


def _ring(size: int) -> float:
    """Seconds of a ring all-reduce of so many bytes: each rank sends 2 (R − 1)/R of them."""
    return 2 * (RANKS - 1) / RANKS * size / LINK


def _apart(ours: Tensor, theirs: Tensor) -> float:
    return float((ours - theirs).abs().max() / theirs.abs().max())


def _measured(processes: int, samples: int, batch: int, repeats: int) -> dict[str, Any]:
    """What the first of so many processes found."""
    with tempfile.TemporaryDirectory() as folder:
        given = (processes, folder, samples, batch, repeats)
        multiprocessing.start_processes(_work, given, processes, start_method="spawn")
        return torch.load(Path(folder) / "found.pt", weights_only=True)


def _work(rank: int, processes: int, folder: str, samples: int, batch: int, repeats: int) -> None:
    """One of the processes: its part of the rows, its part of the batch."""
    meeting = f"file://{folder}/meeting"
    dist.init_process_group("gloo", init_method=meeting, rank=rank, world_size=processes)
    try:
        with threads(1):
            found = _found(rank, processes, samples, batch, repeats)
        if rank == 0:
            torch.save(found, Path(folder) / "found.pt")
    finally:
        dist.destroy_process_group()


def _found(rank: int, processes: int, samples: int, batch: int, repeats: int) -> dict[str, Any]:
    wide = torch.float64
    dice, n = torch.Generator().manual_seed(0), SIDE * SIDE
    z = torch.randn(samples, n, generator=dice, dtype=wide) * 0.99 ** torch.arange(n, dtype=wide)
    x = torch.rand(batch, 1, SIDE, SIDE, generator=dice, dtype=torch.float32)
    part, images = z[rank::processes].contiguous(), x[rank::processes]
    pca = LatentPCA(COMPONENTS, "covariance", shared=True)
    loss = _Likelihood().float()
    stepper = DistributedDataParallel(loss) if processes > 1 else loss

    def step() -> None:
        stepper.zero_grad(set_to_none=True)
        stepper(images).backward()

    with torch.no_grad():
        encoding = _median(lambda: loss.g(x), repeats) / batch
    found = {"pca": _median(lambda: pca.fit_latents(part), repeats), "step": _median(step, repeats)}
    gradient = torch.cat([p.grad.flatten() for p in loss.parameters() if p.grad is not None])
    return {**found, "encode": encoding, "variance": pca.explained_variance, "gradient": gradient}


def _median(work: Callable[[], Any], repeats: int) -> float:
    """Seconds that all processes together take for it, the first time uncounted."""
    taken = []
    for _ in range(repeats + 1):
        dist.barrier()
        began = time.perf_counter()
        work()
        dist.barrier()
        taken.append(time.perf_counter() - began)
    return float(torch.tensor(taken[1:]).median())
