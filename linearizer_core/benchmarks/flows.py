"""Speed of flows beside those of the libraries that one would have taken instead, of the same size."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import torch
from torch import Tensor, nn

from ..measuring import Row, in_turn, threads
from ..networks import Chain, InvertibleNetwork, Permute
from ..networks.adapted import adapt
from ..networks.coupling import AffineCoupling
from ..randomness import seeded

SPREAD = 0.05
"""Deviation of the random weights: fresh couplings are the identity, in which nothing could be lost."""


def flows(
    n: int = 64, layers: int = 8, hidden: int = 128, batch: int = 1024, repeats: int = 5, device: str = "cpu"
) -> list[Row]:
    """Affine couplings on vectors, each with two hidden layers: encoding and decoding by ours, zuko, FrEIA and normflows.

    The error is that of the round trip in float32. What is not installed has a row that says so. Ours bounds every scale
    and clips what its networks see, so that it stays calm far from data; the others do not.

    >>> [row.task for row in flows(n=4, layers=2, hidden=4, batch=3, repeats=1)][:2]
    ['couplings: encode', 'couplings: decode']
    """
    with seeded(0):
        made = {name: make(n, layers, hidden) for name, make in FLOWS.items() if _is_here(name)}
        networks = {name: _stirred(g).to(device) for name, g in made.items()}
        x = torch.randn(batch, n, dtype=torch.float32).to(device)
    with torch.no_grad(), threads(1):
        latents = {name: g(x) for name, g in networks.items()}
        lost = {name: float((g.inverse(latents[name]) - x).abs().max()) for name, g in networks.items()}
        encode = in_turn({name: _work(g.forward, x) for name, g in networks.items()}, repeats, device)
        decode = in_turn(
            {name: _work(g.inverse, latents[name]) for name, g in networks.items()}, repeats, device
        )
    size, rows = f"n = {n}, {layers} layers, batch {batch}", []
    for name in FLOWS:
        if name == "ours":
            continue
        for task, found in (("encode", encode), ("decode", decode)):
            if name not in found:
                rows.append(
                    Row(f"couplings: {task}", size, found["ours"][0], error=lost["ours"], note=_missing(name))
                )
                continue
            (seconds, _), (other, _) = found["ours"], found[name]
            errors = lost["ours"], lost[name]
            rows.append(
                Row(f"couplings: {task}", size, seconds, name, other, other / seconds, *errors, "one thread")
            )
    return rows


def _work(way: Callable[[Tensor], Tensor], given: Tensor) -> Callable[[], Tensor]:
    return lambda: way(given)


def _is_here(name: str) -> bool:
    return name == "ours" or find_spec(name) is not None


def _missing(name: str) -> str:
    return f"{name} is not installed: skipped"


def _stirred(g: InvertibleNetwork) -> InvertibleNetwork:
    with torch.no_grad():
        for parameter in g.parameters():
            parameter.add_(SPREAD * torch.randn_like(parameter))
    return g.float().eval()


def _ours(n: int, layers: int, hidden: int) -> InvertibleNetwork:
    return Chain(*(part for _ in range(layers) for part in (AffineCoupling((n,), hidden), Permute.flip(n))))


def _zuko(n: int, layers: int, hidden: int) -> InvertibleNetwork:
    import zuko

    return adapt(zuko.flows.NICE(n, transforms=layers, hidden_features=[hidden, hidden]))


def _freia(n: int, layers: int, hidden: int) -> InvertibleNetwork:
    from FrEIA import framework, modules

    flow = framework.SequenceINN(n)
    for _ in range(layers):
        flow.append(modules.GLOWCouplingBlock, subnet_constructor=lambda a, b: _mlp(a, b, hidden))
    return adapt(flow)


def _normflows(n: int, layers: int, hidden: int) -> InvertibleNetwork:
    import normflows

    blocks: list[nn.Module] = []
    for _ in range(layers):
        blocks.append(normflows.flows.AffineCouplingBlock(_mlp(n // 2, n, hidden)))
        blocks.append(normflows.flows.Permute(n, mode="swap"))
    return adapt(normflows.NormalizingFlow(normflows.distributions.DiagGaussian(n), blocks))


def _mlp(size_in: int, size_out: int, hidden: int) -> nn.Module:
    return nn.Sequential(
        nn.Linear(size_in, hidden),
        nn.SiLU(),
        nn.Linear(hidden, hidden),
        nn.SiLU(),
        nn.Linear(hidden, size_out),
    )


FLOWS: dict[str, Callable[[int, int, int], InvertibleNetwork]] = {
    "ours": _ours,
    "zuko": _zuko,
    "FrEIA": _freia,
    "normflows": _normflows,
}
