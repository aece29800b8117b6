"""Small models as somebody might bring them: untrained, of shapes that no shipped model has."""

from pathlib import Path

import torch

import linearizer_core as lc
from linearizer_core.networks import InvertibleNetwork, image_flow
from linearizer_core.operators import Dense, Diagonal


def flow(shape: tuple[int, int, int], seed: int = 0) -> InvertibleNetwork:
    """A flow of two stages, a little away from its start, so that it bends."""
    g = image_flow(shape, (1, 1), (4, 4), mix_all=False)
    dice = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in g.parameters():
            parameter.add_(0.02 * torch.randn(parameter.shape, generator=dice))
    return g


def generator(shape: tuple[int, int, int] = (1, 28, 28), classes: int = 3) -> lc.Generator:
    """Makes pictures of noise, tells classes apart, has its axes in order."""
    g = flow(shape)
    n = g.out_shape[0]
    means = torch.randn(classes, n, generator=torch.Generator().manual_seed(1))
    values = torch.linspace(1, 0.1, n)
    return lc.Generator(g, Diagonal(values), 0.3 * means, torch.zeros(n) - 1)


def plain(shape: tuple[int, int, int] = (3, 48, 48)) -> lc.Linearizer:
    """Maps pictures to pictures and no more."""
    g = flow(shape)
    return lc.Linearizer(g, Diagonal(torch.linspace(2, 0.5, g.out_shape[0])), g)


def two_spaces(shape: tuple[int, int, int] = (1, 16, 16)) -> lc.Linearizer:
    """From one space to another."""
    n = shape[0] * shape[1] * shape[2]
    return lc.Linearizer(flow(shape), Dense(torch.eye(n)), flow(shape, seed=7))


def saved(folder: Path, f: torch.nn.Module) -> Path:
    """The model as `lc.save` writes it, in float32; the folder."""
    lc.save(folder, f.float())
    return folder
