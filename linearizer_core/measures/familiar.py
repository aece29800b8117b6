"""How far a latent lies from those that a model was trained on: by the model's own means and deviations of these."""

from __future__ import annotations

import torch
from torch import Tensor

from ..models.generator import Generator
from ..models.projector import Projector


@torch.no_grad()
def remoteness(f: Generator | Projector, z: Tensor) -> Tensor:
    r"""How far latents z (B, n) are out, in two measures, (B, 2), each from the nearest class mean μ:

        ‖z − μ‖,    √(1/n Σᵢ ((zᵢ − μᵢ) / σᵢ)²)

    The first is the induced distance, the second counts in deviations σ of the training latents along every axis; a
    projector knows one mean, 0. ValueError for latents of another size.

    >>> from linearizer_core.networks import Log
    >>> from linearizer_core.operators import Projection
    >>> f = Projector(Log(2), Projection(torch.eye(2, 1)), total_std=torch.tensor([3.0, 4.0]))
    >>> remoteness(f, torch.tensor([[3.0, 4.0]]))
    tensor([[5., 1.]])
    """
    means, std = (f.means, f.latent_std) if isinstance(f, Generator) else (torch.zeros(()), f.total_std)
    if z.dim() != 2 or z.shape[1] != len(std):
        raise ValueError(f"z must be (B, {len(std)}), got {tuple(z.shape)}; apply g first.")
    away = z[:, None] - means
    return torch.stack([away.norm(dim=-1), (away / std).square().mean(-1).sqrt()], -1).amin(1)
