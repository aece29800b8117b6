"""Maximum likelihood for a latent mixture of Gaussians: one mean per class, one standard deviation per axis."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..inputs import as_index


def class_log_density(z: Tensor, means: Tensor, log_std: Tensor) -> Tensor:
    r"""log N(z; μ_c, diag(σ²)) for every class c, in nats.

    Shapes: z (B, n), means (K, n), log_std (n,) to (B, K). Give a slice of the axes to all three for the density of
    those axes alone. Source: Izmailov et al., "Semi-Supervised Learning with Normalizing Flows", arXiv:1912.13025.

    >>> class_log_density(torch.zeros(1, 2), torch.zeros(3, 2), torch.zeros(2))     # -log 2π
    tensor([[-1.8379, -1.8379, -1.8379]])
    """
    scaled, centres = z / log_std.exp(), means / log_std.exp()
    squared = torch.cdist(scaled, centres, compute_mode="donot_use_mm_for_euclid_dist").square()
    return -0.5 * squared - log_std.sum() - 0.5 * z.shape[-1] * math.log(2 * math.pi)


def class_nll(z: Tensor, log_det: Tensor, means: Tensor, log_std: Tensor, labels: Tensor) -> Tensor:
    r"""−log p(x | c) / n = −(log N(z; μ_c, diag(σ²)) + log |det ∂g/∂x|) / n, in nats per axis, mean over the batch.

    Shapes: z (B, n), log_det (B,), means (K, n), log_std (n,), labels (B,) of 0..K−1; returns a scalar.

    >>> class_nll(torch.zeros(1, 2), torch.zeros(1), torch.zeros(3, 2), torch.zeros(2), torch.tensor([1]))
    tensor(0.9189)
    """
    centred = (z - means[as_index(labels)]) / log_std.exp()
    log_density = -0.5 * centred.square().sum(1) - log_std.sum() - 0.5 * z.shape[-1] * math.log(2 * math.pi)
    return -(log_density + log_det).mean() / z.shape[-1]
