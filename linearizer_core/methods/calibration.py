"""Closed-form fits on the latents of a g whose last layer is an `InvertibleLinear`: no gradient steps."""

from __future__ import annotations

import torch
from torch import Tensor

from ..networks import Chain, InvertibleLinear, InvertibleNetwork
from ..operators import Diagonal


def last_mixing(g: Chain) -> InvertibleLinear:
    """The last layer of g, on which the fits below act. ValueError where it is something else."""
    layer = g.networks[-1]
    if not isinstance(layer, InvertibleLinear):
        raise ValueError(f"g must end in InvertibleLinear, ends in {type(layer).__name__}; see image_flow.")
    return layer


def encode_in_batches(g: InvertibleNetwork, x: Tensor, batch: int = 500) -> Tensor:
    """g(x) for many points, `batch` at a time, so that memory stays small; x (B, *g.in_shape) to (B, n).

    >>> from linearizer_core.networks import Flatten
    >>> encode_in_batches(Flatten((1, 2)), torch.zeros(3, 1, 2), batch=2).shape
    torch.Size([3, 2])
    """
    return torch.cat([g(part) for part in x.split(batch)])


@torch.no_grad()
def remix(g: Chain, matrix: Tensor, shift: Tensor) -> None:
    """Replaces g by M g + shift, folded into the last layer: matrix M (n, n) invertible, shift (n,)."""
    layer = last_mixing(g)
    layer.weight.set_((matrix.double() @ layer.weight.matrix().double()).to(layer.bias.dtype))
    layer.bias.copy_(matrix @ layer.bias + shift)


@torch.no_grad()
def start_from_principal_axes(g: Chain, x: Tensor, targets: Tensor) -> None:
    """Sets the last layer so that latents are white principal axes in order, led by those that tell most of `targets`.

    Shapes: x (B, *g.in_shape), targets (B, k) centred. The k leading axes span the covariance of principal axes and
    targets (the first step of partial least squares); every axis leaves with mean 0 and variance 1.
    """
    z = encode_in_batches(g, x).double()
    centred = z - z.mean(0)
    variance, axes = torch.linalg.eigh(centred.mT @ centred / len(z))
    axes, variance = axes.flip(1), variance.flip(0).clamp(min=1e-8)  # largest variance first
    leading = (axes.mT @ (centred.mT @ targets.to(z))) / len(z)
    rotation = torch.linalg.qr(torch.cat([leading, torch.eye(len(axes)).to(z)], 1)[:, : len(axes)]).Q.mT
    rotation[: leading.shape[1]] *= (rotation[: leading.shape[1]] @ leading).diagonal().sign()[:, None]
    matrix = rotation @ axes.mT
    matrix /= (centred @ matrix.mT).std(0)[:, None]
    remix(g, matrix.to(x.dtype), -(matrix @ z.mean(0)).to(x.dtype))


@torch.no_grad()
def measure_in_pixels(model, x: Tensor, keep_first: int) -> None:
    r"""Rescales every latent axis so that a unit step along it changes the picture by one unit, at the points of x.

    eᵢ = sqrt(E ‖∂g⁻¹/∂zᵢ‖²) by central differences of ±5 % of the axis' deviation; zᵢ becomes eᵢ zᵢ. A flow trained by
    likelihood alone leaves this scale open; now deviations, singular values and PCA count in pixels. The first
    `keep_first` axes get one common scale, the larger of theirs. Shapes: x (B, *g.in_shape).
    """
    g = model.g_x
    z = encode_in_batches(g, x)
    step = 0.05 * z.std(0)
    items, axes = z[:16], torch.arange(len(step), device=z.device)
    effect = torch.cat([_change_along(g, items, step, some) for some in axes.split(16)])
    effect[:keep_first] = effect[:keep_first].max()
    remix(g, torch.diag(effect), torch.zeros_like(effect))


def _change_along(g: InvertibleNetwork, items: Tensor, step: Tensor, axes: Tensor) -> Tensor:
    """sqrt(E ‖∂g⁻¹/∂zᵢ‖²) over the latents `items` (B, n) for each axis i of `axes` (k,), by central differences; (k,)."""
    shifts = torch.diag(step)[axes][:, None]  # (k, 1, n)
    ends = torch.cat([items + shifts, items - shifts]).flatten(0, 1)
    high, low = g.inverse(ends).flatten(1).unflatten(0, (2, len(axes), len(items)))
    return ((high - low) / (2 * step[axes, None, None])).square().sum(2).mean(1).sqrt()


@torch.no_grad()
def fit_class_gaussians(model, x: Tensor, labels: Tensor) -> None:
    """Centres the latents, sorts all axes but the first two by deviation, and sets `means` and `log_std` from data.

    After it 0 is the mean of the class means, so that prototypes can be added without moving the rest.
    """
    g, classes = model.g_x, len(model.means)
    z = encode_in_batches(g, x)
    means = torch.stack([z[labels == c].mean(0) for c in range(classes)])
    total = (z - z.mean(0)).square().mean(0)
    order = torch.cat([torch.arange(2, device=z.device), 2 + total[2:].argsort(descending=True)])
    matrix = torch.eye(len(order), dtype=z.dtype, device=z.device)[order]
    remix(g, matrix, -means.mean(0)[order])
    within = torch.stack([(z[labels == c] - means[c]).square().mean(0) for c in range(classes)]).mean(0)
    model.means.copy_((means - means.mean(0))[:, order])
    model.log_std.copy_(0.5 * within[order].clamp(min=1e-12).log())


@torch.no_grad()
def fit_denoiser(model, x: Tensor, noise: float, generator: torch.Generator) -> None:
    r"""A = diag(σ), the least-squares map from latents of noisy pictures to latents of clean ones, axis by axis.

    σᵢ = E[z̃ᵢ zᵢ] / E[z̃ᵢ²] with z = g(x), z̃ = g(x + noise · ε): near 1 where the axis outlives the noise, near 0 where it
    drowns. Shapes: x (B, *g.in_shape); noise is a standard deviation in units of the pixel range.
    """
    noisy_x = x + noise * torch.randn(x.shape, generator=generator).to(x)
    clean, noisy = encode_in_batches(model.g_x, x), encode_in_batches(model.g_x, noisy_x)
    sigma = (noisy * clean).mean(0) / noisy.square().mean(0)
    operator = model.A
    assert isinstance(operator, Diagonal)
    operator.values.copy_(sigma.clamp(min=0))
