"""A Linearizer whose latents are a mixture of Gaussians, one per class: what it knows, it can also draw."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .linearizer import Linearizer
from .methods.likelihood import class_log_density
from .networks import InvertibleNetwork
from .operators import LinearOperator


class Generator(Linearizer):
    r"""f = g⁻¹ A g with latents z | c ~ N(μ_c, diag(σ²)): class c's prototype is the point g⁻¹(μ_c).

    `means` (K, n) and `log_std` (n,) are parameters; `means` are centred so that 0 is the mean over the classes.
    Shapes: points (B, *g.in_shape). ValueError where the sizes of means, log_std and g differ.
    Source: arXiv:2510.08570, section 4 (generation); arXiv:1912.13025 (one latent mean per class).

    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Identity
    >>> f = Generator(Flatten((1, 1, 2)), Identity(2), means=torch.tensor([[1.0, 0.0], [-1.0, 0.0]]), log_std=torch.zeros(2))
    >>> f.prototype(1)
    tensor([[[-1.,  0.]]])
    """

    def __init__(self, g: InvertibleNetwork, A: LinearOperator, means: Tensor, log_std: Tensor) -> None:
        super().__init__(g, A, g)
        n = g.out_shape[0]
        if means.shape[-1] != n or log_std.shape != (n,):
            raise ValueError(
                f"Generator: g has {n} latent axes, so means must be (K, {n}) and log_std ({n},), "
                f"got {tuple(means.shape)} and {tuple(log_std.shape)}."
            )
        self.means, self.log_std = nn.Parameter(means.clone()), nn.Parameter(log_std.clone())

    @property
    def prototypes(self) -> Tensor:
        """The latent class means μ, (K, n)."""
        return self.means

    @property
    def latent_std(self) -> Tensor:
        """σ, the standard deviation of every latent axis within a class, (n,)."""
        return self.log_std.exp()

    @property
    def total_std(self) -> Tensor:
        """Standard deviation of every latent axis over all classes, (n,): the spread within plus that between."""
        return (self.latent_std.square() + self.means.var(0, correction=0)).sqrt()

    @torch.no_grad()
    def prototype(self, label: int | Tensor) -> Tensor:
        """The point g⁻¹(μ_c) for a label, or a batch of points for labels (B,). ValueError for an unknown label."""
        labels = torch.as_tensor(label, device=self.means.device)
        return self.g_y.inverse(self.means[self._checked(labels).reshape(-1)]).reshape(
            *labels.shape, *self.g_y.in_shape
        )

    @torch.no_grad()
    def sample(self, noise: Tensor, label: int | Tensor | None = None) -> Tensor:
        r"""Turns white noise into images in one step: x = g⁻¹(σ · noise), and with a label x ⊕ prototype(label).

        Shapes: noise (B, *g.in_shape), entries ~ N(0, 1); label a number or (B,); returns (B, *g.in_shape). Without a
        label the standard deviation over all classes is taken. ValueError for a wrong shape, NaN, or unknown label.

        >>> from linearizer_core.networks import Flatten
        >>> from linearizer_core.operators import Identity
        >>> f = Generator(Flatten((1, 1, 2)), Identity(2), means=torch.eye(2), log_std=torch.zeros(2))
        >>> f.sample(torch.zeros(3, 1, 1, 2), label=0).flatten(1)
        tensor([[1., 0.],
                [1., 0.],
                [1., 0.]])
        """
        shape = self.g_y.in_shape
        if noise.shape[1:] != shape or not torch.isfinite(noise).all():
            raise ValueError(
                f"noise must be finite with shape (B, {', '.join(map(str, shape))}), got {tuple(noise.shape)}."
            )
        if label is None:
            return self.g_y.inverse(self.total_std * noise.flatten(1))
        labels = self._checked(torch.as_tensor(label, device=self.means.device).expand(len(noise)))
        return self.g_y.inverse(
            self.latent_std * noise.flatten(1) + self.means[labels]
        )  # ⊕ in latents: one decode

    @torch.no_grad()
    def classify(self, x: Tensor) -> Tensor:
        """The class under which each point of x (B, *g.in_shape) is likeliest, (B,)."""
        return class_log_density(self.g_x(x), self.means, self.log_std).argmax(1)

    def _checked(self, labels: Tensor) -> Tensor:
        if labels.dtype.is_floating_point or labels.min() < 0 or labels.max() >= len(self.means):
            raise ValueError(
                f"label must be a whole number in 0..{len(self.means) - 1}, got {labels.tolist()}."
            )
        return labels
