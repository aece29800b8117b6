"""Closed-form fits on the latents of a g whose last layer is an `InvertibleLinear`: no gradient steps."""

from __future__ import annotations

import torch
from torch import Tensor

from ..inputs import as_index
from ..networks import Chain, InvertibleLinear, InvertibleNetwork
from ..pca import LatentPCA
from ..precision import narrow, wide


def last_mixing(g: InvertibleNetwork) -> InvertibleLinear:
    """The last layer of g, on which the fits below act. ValueError where it is something else.

    >>> last_mixing(Chain(InvertibleLinear(2))).in_shape
    (2,)
    """
    layer = g.networks[-1] if isinstance(g, Chain) else g
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
def remix(g: InvertibleNetwork, matrix: Tensor, shift: Tensor) -> None:
    """Replaces g by M g + shift, folded into the last layer: matrix M (n, n) invertible, shift (n,).

    >>> g = Chain(InvertibleLinear(1))
    >>> before = g(torch.ones(1)); remix(g, 2 * torch.eye(1), torch.ones(1))
    >>> torch.allclose(g(torch.ones(1)), 2 * before + 1)
    True
    """
    layer = last_mixing(g)
    layer.weight.set_(narrow(wide(matrix) @ wide(layer.weight.matrix()), layer.bias))
    layer.bias.copy_(matrix @ layer.bias + shift)


@torch.no_grad()
def start_from_principal_axes(g: InvertibleNetwork, x: Tensor, targets: Tensor) -> None:
    """Sets the last layer so that latents are principal axes in order, of variance 1, led by what tells most of `targets`.

    Shapes: x (B, *g.in_shape), targets (B, k) centred. The k leading axes span the covariance of principal axes and
    targets (the first step of partial least squares); every axis leaves with mean 0 and variance 1.

    >>> g, x = Chain(InvertibleLinear(3)), torch.randn(100, 3) * torch.tensor([1.0, 3.0, 5.0])
    >>> start_from_principal_axes(g, x, targets=x[:, :1] - x[:, :1].mean())
    >>> torch.allclose(g(x).std(0), torch.ones(3))
    True
    """
    z = wide(encode_in_batches(g, x))
    centred = z - z.mean(0)
    axes = torch.linalg.eigh(centred.mT @ centred / len(z)).eigenvectors.flip(1)  # largest variance first
    leading = (axes.mT @ (centred.mT @ wide(targets).to(z.device))) / len(z)
    rotation = torch.linalg.qr(torch.cat([leading, torch.eye(len(axes)).to(z)], 1)[:, : len(axes)]).Q.mT
    rotation[: leading.shape[1]] *= (rotation[: leading.shape[1]] @ leading).diagonal().sign()[:, None]
    matrix = rotation @ axes.mT
    matrix /= (centred @ matrix.mT).std(0).clamp(min=1e-4)[:, None]  # with few points some axes hold nothing
    remix(g, narrow(matrix, x), narrow(-(matrix @ z.mean(0)), x))


@torch.no_grad()
def measure_in_pixels(model, x: Tensor, keep_first: int) -> None:
    r"""Rescales every latent axis so that a unit step along it changes the picture by one unit, at the points of x.

    eᵢ = sqrt(E ‖∂g⁻¹/∂zᵢ‖²) by central differences of ±5 % of the axis' deviation; zᵢ becomes eᵢ zᵢ. A flow trained by
    likelihood alone leaves this scale open; now deviations, singular values and PCA count in pixels. The first
    `keep_first` axes get one common scale, the larger of theirs. Shapes: x (B, *g.in_shape).

    >>> from linearizer_core.models.generator import Generator
    >>> from linearizer_core.operators import Identity
    >>> f = Generator(Chain(InvertibleLinear(2)), Identity(2), torch.zeros(1, 2), torch.zeros(2))
    >>> remix(f.g_x, torch.diag(torch.tensor([10.0, 0.1])), torch.zeros(2))
    >>> measure_in_pixels(f, torch.randn(50, 2), keep_first=0)      # undoes it: a rotation is left
    >>> torch.allclose(f.g_x(torch.eye(2)).diff(dim=0).norm(), torch.tensor(2.0).sqrt(), atol=1e-3)
    True
    """
    effect = pixels_per_unit(model.g_x, x)
    if keep_first:
        effect[:keep_first] = effect[:keep_first].max()
    _stretch(model, effect)


@torch.no_grad()
def pixels_per_unit(g: InvertibleNetwork, x: Tensor) -> Tensor:
    r"""eᵢ = sqrt(E ‖∂g⁻¹/∂zᵢ‖²) for every latent axis, (n,): how far the pictures x (B, *g.in_shape) move with it.

    An axis that moves no pixel counts as moving them a millionth as far as the one that moves them most.

    >>> from linearizer_core.networks import Log
    >>> pixels_per_unit(Log(1), torch.tensor([[1.0], [1.1], [0.9]]))         # d eᶻ/dz = eᶻ, near 1
    tensor([1.0033])
    """
    z = encode_in_batches(g, x)
    step = 0.05 * z.std(0)
    step = step.clamp(min=1e-3 * step.max())  # also along an axis on which these pictures do not differ
    items, axes = z[:8], torch.arange(len(step), device=z.device)
    effect = torch.cat([_change_along(g, items, step, some) for some in axes.split(32)])
    return effect.clamp(min=1e-6 * effect.max())


def _stretch(model, factors: Tensor) -> None:
    """Latent axis i becomes factors[i] times itself, in g and in what the model knows of its latents; factors (n,) > 0."""
    remix(model.g_x, torch.diag(factors), torch.zeros_like(factors))
    model.means.mul_(factors)
    model.log_std.add_(factors.log())


def _change_along(g: InvertibleNetwork, items: Tensor, step: Tensor, axes: Tensor) -> Tensor:
    """sqrt(E ‖∂g⁻¹/∂zᵢ‖²) over the latents `items` (B, n) for each axis i of `axes` (k,), by central differences; (k,)."""
    shifts = torch.diag(step)[axes][:, None]  # (k, 1, n)
    ends = torch.cat([items + shifts, items - shifts]).flatten(0, 1)
    high, low = g.inverse(ends).flatten(1).unflatten(0, (2, len(axes), len(items)))
    return ((high - low) / (2 * step[axes, None, None])).square().sum(2).mean(1).sqrt()


@torch.no_grad()
def centre_and_sort(model, keep_first: int) -> None:
    """Moves 0 to the mean of the class means, and sorts all axes but the `keep_first` by `model.total_std`, largest first.

    After it prototypes can be added without moving the rest, and the first k axes are the k largest.

    >>> from linearizer_core.models.generator import Generator
    >>> from linearizer_core.operators import Identity
    >>> means, log_std = torch.tensor([[3.0, 0.0], [1.0, 0.0]]), torch.tensor([0.0, 5.0])
    >>> f = Generator(Chain(InvertibleLinear(2)), Identity(2), means, log_std)
    >>> centre_and_sort(f, keep_first=0)
    >>> f.means.tolist(), f.log_std.tolist()
    ([[0.0, 1.0], [0.0, -1.0]], [5.0, 0.0])
    """
    centre, spread = model.means.mean(0), model.total_std
    order = keep_first + spread[keep_first:].argsort(descending=True)
    order = torch.cat([torch.arange(keep_first, device=order.device), order])
    matrix = torch.eye(len(order), dtype=spread.dtype, device=spread.device)[order]
    remix(model.g_x, matrix, -centre[order])
    model.means.copy_((model.means - centre)[:, order])
    model.log_std.copy_(model.log_std[order])


@torch.no_grad()
def let_lead(model, first: int, margin: float = 1.25) -> None:
    """Stretches the `first` axes by one factor ≥ 1 until each spreads `margin` times as far as any other, to lead in PCA.

    A linear blend, a prototype, a sample are the same pictures whatever the scale of an axis: it only says how much a
    distance counts it.

    >>> from linearizer_core.models.generator import Generator
    >>> from linearizer_core.operators import Identity
    >>> f = Generator(Chain(InvertibleLinear(2)), Identity(2), torch.zeros(1, 2), torch.tensor([1.0, 4.0]).log())
    >>> let_lead(f, first=1, margin=1.5)
    >>> f.latent_std
    tensor([6., 4.], grad_fn=<ExpBackward0>)
    """
    spread = model.total_std
    stretch = torch.ones_like(spread)
    stretch[:first] = (margin * spread[first:].max() / spread[:first].min()).clamp(min=1)
    _stretch(model, stretch)


@torch.no_grad()
def fit_wiener(model, noise: float) -> None:
    r"""A = Σ(Σ + τ²)⁻¹, the best linear guess of a latent z ~ N(0, Σ) from z + τ ε: σᵢ = sᵢ² / (sᵢ² + τ²).

    sᵢ is `model.total_std`, τ = `noise`, both in pixels once `measure_in_pixels` has set the scale: an axis that stands
    out of noise τ is kept (σ near 1), one that drowns in it is dropped (σ near 0).
    Source: Wiener, "Extrapolation, Interpolation, and Smoothing of Stationary Time Series", 1949.

    >>> from linearizer_core.models.generator import Generator
    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Diagonal
    >>> f = Generator(Flatten((2,)), Diagonal(torch.ones(2)), torch.zeros(1, 2), torch.tensor([3.0, 1.0]).log())
    >>> fit_wiener(f, noise=1.0)
    >>> f.A.values
    tensor([0.9000, 0.5000])
    """
    variance = model.total_std.square()
    model.A.values.copy_(variance / (variance + noise**2))


@torch.no_grad()
def fit_flow(model, x: Tensor, labels: Tensor) -> None:
    r"""A(t) for the latents of clean pictures: Σ is their variance within a class, ν_c = Σ^-½ μ_c the class means of noise.

    Likelihood trains on pictures with noise added, so `model.log_std` holds that noise too, most of it on the last axes;
    samples should not show it. x (B, *g.in_shape) with labels (B,), every class present.

    >>> from linearizer_core.models.generator import Generator
    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Identity
    >>> f = Generator(Flatten((1,)), Identity(1), torch.tensor([[4.0], [-4.0]]), torch.zeros(1))
    >>> fit_flow(f, torch.tensor([[2.0], [6.0], [-2.0], [-6.0]]), torch.tensor([0, 0, 1, 1]))
    >>> f.A_t.variances, f.noise_means
    (tensor([4.]), tensor([[ 2.],
            [-2.]]))
    """
    z = encode_in_batches(model.g_x, x)
    centres = torch.stack([z[labels == c].mean(0) for c in range(len(model.means))])
    model.A_t.variances.copy_((z - centres[as_index(labels)]).square().mean(0))
    model.noise_means.copy_(model.means / model.A_t.variances.clamp(min=1e-12).sqrt())


@torch.no_grad()
def fit_low_rank_flow(model, x: Tensor) -> None:
    r"""A(t) for the latents of pictures x: Σ = Q diag(v) Qᵀ + c (I − Q Qᵀ) by maximum likelihood, for one class.

    Q and v are the leading principal axes and their variances, c is the mean variance of the others. x (B, *g.in_shape).
    Source: Tipping and Bishop, "Probabilistic Principal Component Analysis", J. R. Stat. Soc. B 1999.

    >>> from linearizer_core.models.generator import Generator
    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Identity, TimedLowRankGaussian
    >>> A_t = TimedLowRankGaussian(torch.eye(3, 1), torch.ones(1), torch.ones(()))
    >>> f = Generator(Flatten((3,)), Identity(3), torch.zeros(1, 3), torch.zeros(3), A_t)
    >>> fit_low_rank_flow(f, torch.randn(5000, 3) * torch.tensor([1.0, 1.0, 7.0]))
    >>> f.A_t.variances.sqrt().round(), f.A_t.rest.round()
    (tensor([7.]), tensor(1.))
    """
    z, A_t = encode_in_batches(model.g_x, x, batch=100), model.A_t
    pca = LatentPCA(len(A_t.variances)).fit_latents(z)
    total = (z - z.mean(0)).square().mean(0).sum()
    A_t.basis.copy_(pca.components.mT)
    A_t.variances.copy_(pca.explained_variance)
    A_t.rest.copy_((total - pca.explained_variance.sum()) / (z.shape[1] - len(A_t.variances)))
    centre = z.mean(0)
    model.means.copy_(centre[None])
    inside = centre @ A_t.basis
    outside = (centre - A_t.basis @ inside) / A_t.rest.sqrt()
    model.noise_means.copy_((A_t.basis @ (inside / A_t.variances.sqrt()) + outside)[None])


@torch.no_grad()
def count_pixels_dropped(g: InvertibleNetwork, dropped: Tensor, x: Tensor, change: Tensor) -> None:
    r"""Mixes the `dropped` axes of g, (n,) of bools, among themselves, so that their length says how far pixels move.

    Pictures x (B, *g.in_shape) move by `change` (B, *g.in_shape) where those axes are set to 0. That is linear in them
    only about, so W is fitted, change ≈ z W, by least squares in which every picture counts alike, 1 / (1 + ‖change‖)².
    The axes become s z (W Wᵀ)^½, with s such that lengths agree on average, turned until uncorrelated, largest first.

    >>> g, x = Chain(InvertibleLinear(3)), torch.randn(200, 3)
    >>> change = x @ torch.diag(torch.tensor([0.0, 2.0, 5.0]))
    >>> remix(g, torch.linalg.inv(g.networks[0].weight.matrix()), torch.zeros(3))       # g is the identity
    >>> count_pixels_dropped(g, torch.tensor([False, True, True]), x, change)
    >>> torch.allclose(g(x)[:, 1:].norm(dim=1), change.norm(dim=1), rtol=1e-3)
    True
    """
    z, moved = wide(encode_in_batches(g, x)[:, dropped]), wide(change.flatten(1))
    weight = 1 / (1 + moved.norm(dim=1, keepdim=True)).square()
    second = (weight * z).mT @ z
    ridge = 1e-4 * second.diagonal().mean() * torch.eye(len(second)).to(second)
    W = torch.linalg.solve(second + ridge, (weight * z).mT @ moved)
    values, vectors = torch.linalg.eigh(W @ W.mT)
    values = values.clamp(min=1e-8 * values.max())  # what moves no pixel must not be lost
    mixed = (vectors * values.sqrt()) @ vectors.mT * moved.norm() / (z @ W).norm()
    turn = torch.linalg.eigh(torch.cov((z @ mixed).mT)).eigenvectors.flip(1)
    matrix, places = torch.eye(len(dropped)).to(z), dropped.nonzero()
    matrix[places, places.mT] = (mixed @ turn).mT
    remix(g, narrow(matrix, x), torch.zeros_like(matrix[0], dtype=x.dtype))
