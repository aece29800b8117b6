"""White paper: a few couplings next to the pixels, trained last and alone, so that what g⁻¹ makes has no grey speckle."""

from __future__ import annotations

import torch
from torch import Tensor

from ..measures.paper import greyness, paper
from ..networks import AffineCoupling, Chain, InvertibleConv1x1, InvertibleNetwork, Squeeze

RATE, BATCH, GREY = 4e-3, 32, 20.0
MARGIN = 2
"""Nearer to ink than that a pixel may be the soft edge of a stroke."""


def paper_flow(in_shape: tuple[int, int, int], steps: int, hidden: int, bound: float) -> Chain:
    """`steps` couplings on 2×2 pixels as channels that take turns, (B, C, H, W) to the same; a fresh one is the identity.

    Each turn moves the channels by one, so a multiple of 4C steps brings them back; other numbers are rolled home at the
    end. `bound` is the largest |log-scale| of each.

    >>> g = paper_flow((1, 4, 4), steps=2, hidden=4, bound=1.0)
    >>> x = torch.rand(2, 1, 4, 4)
    >>> torch.equal(g(x), x)
    True
    """
    squeeze = Squeeze(in_shape)
    channels, height, width = squeeze.out_shape
    turns: list[InvertibleNetwork] = []
    for i in range(steps):
        coupling = AffineCoupling(squeeze.out_shape, hidden, bound)
        turn = InvertibleConv1x1((channels, height, width))
        home = -(steps - 1) if i == steps - 1 else 1
        turn.weight.set_(torch.eye(channels).roll(-home, 0))
        turns += [coupling, turn]
    return Chain(squeeze, *turns, squeeze.inv)


def fit_paper(
    flow: Chain, made: Tensor, real: Tensor, updates: int, generator: torch.Generator
) -> list[float]:
    r"""Trains `flow` alone so that flow⁻¹(made) has white paper; ink stays, and real pictures stay as they are.

    Minimises greyness(x) + E (x − y)² off the paper, x = flow⁻¹(y), for y in `made`, and E (x − y)² for y in `real`; both
    (N, 1, H, W), as g⁻¹ made them before and as they are. Adam, one cosine. Returns the loss of every update.

    >>> y = 0.05 * torch.randn(64, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    >>> flow = paper_flow((1, 8, 8), steps=4, hidden=8, bound=1.0)
    >>> losses = fit_paper(flow, y, torch.zeros(64, 1, 8, 8), 60, torch.Generator().manual_seed(0))
    >>> float(greyness(flow.inverse(y)) / greyness(y)) < 0.5
    True
    """
    flow.requires_grad_(True)
    couplings = [p for g in flow.networks if isinstance(g, AffineCoupling) for p in g.parameters()]
    optimizer = torch.optim.Adam(couplings, lr=RATE)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, updates)
    losses = []
    for _ in range(updates):
        y = made[torch.randint(len(made), (BATCH,), generator=generator)]
        clean = real[torch.randint(len(real), (BATCH // 2,), generator=generator)]
        with torch.enable_grad():
            x, same = flow.inverse(torch.cat([y, clean])).split([len(y), len(clean)])
            moved = ((x - y).square() * ~paper(y, MARGIN)).mean()
            loss = GREY * greyness(x, MARGIN) + moved + (same - clean).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        cosine.step()
        losses.append(float(loss.detach()))
    flow.requires_grad_(False)
    return losses
