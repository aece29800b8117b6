"""A Linearizer whose latents are a mixture of Gaussians, one per class: what it knows, it can also draw, in one step."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .. import algebra
from ..algebra.singular import descending
from ..inputs import as_labels, whole_number
from ..linearizer import Linearizer
from ..methods.flow_matching import collapse, flow, integrate, last_time, spread, trajectory
from ..methods.likelihood import class_log_density
from ..networks import Chain, Flatten, InvertibleNetwork, MixtureTransport, Translate
from ..operators import LinearOperator, TimedGaussian, TimedOperator
from ..operators.diagonal import Axiswise
from ..precision import in_precision_of
from ..spaces import decode, encode
from .projector import Projector


class Generator(Linearizer):
    r"""f = g⁻¹ A g on data, with latents z | c ~ N(μ_c, diag(σ²)), and a flow from noise that collapses to one step.

    The flow is dz/dt = (A(t) − I) z / (1 − t) with the timed operator `A_t`, from z₀ = g_noise(x₀) to z₁ = g(x); so
    x = g⁻¹(B g_noise(x₀)), where B is the product of all integrator steps. Noise x₀ ~ N(0, I) has the shape of an image.
    Without a label, g_noise carries it to a mixture of N(ν_c, I); with label c it only moves it by ν_c. The flow takes
    ν_c to class c's latent mean μ_c, whose point g⁻¹(μ_c) is the prototype: f(x₀) ⊕ prototype_c is a sample of class c.

    `means` μ (K, n) and `log_std` log σ (n,) are parameters; `A_t` None is the closed form for those σ.
    Shapes: points (B, *g.in_shape). ValueError where the sizes of means, log_std, A_t and g differ.
    Source: arXiv:2510.08570 (one-step generation); arXiv:1912.13025 (one latent mean per class).

    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Identity
    >>> f = Generator(Flatten((1, 1, 2)), Identity(2), means=torch.tensor([[1.0, 0.0], [-1.0, 0.0]]), log_std=torch.zeros(2))
    >>> f.prototype(1)
    tensor([[[-1.,  0.]]])
    """

    def __init__(
        self,
        g: InvertibleNetwork,
        A: LinearOperator,
        means: Tensor,
        log_std: Tensor,
        A_t: TimedOperator | None = None,
    ) -> None:
        super().__init__(g, A, g)
        n = g.out_shape[0]
        if means.shape[-1] != n or log_std.shape != (n,):
            raise ValueError(
                f"Generator: g has {n} latent axes, so means must be (K, {n}) and log_std ({n},), "
                f"got {tuple(means.shape)} and {tuple(log_std.shape)}."
            )
        self.means, self.log_std = nn.Parameter(means.clone()), nn.Parameter(log_std.clone())
        self.A_t = TimedGaussian(torch.exp(2 * log_std.detach())) if A_t is None else A_t
        if tuple(self.A_t.shape) != (n, n):
            raise ValueError(f"Generator: A_t must be of shape ({n}, {n}), got {tuple(self.A_t.shape)}.")
        noise_means = means.detach() / log_std.detach().exp()
        self.g_noise = Chain(Flatten(g.in_shape), MixtureTransport(noise_means, leading=min(2, n)))

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

    def spread_along(self, directions: Tensor) -> Tensor:
        """Standard deviation of the latents along unit vectors (n, k), as of an SVD: √(vᵀ diag(total_std²) v), (k,)."""
        return torch.linalg.vector_norm(directions * self.total_std[:, None], dim=0)

    @torch.no_grad()
    def prototype(self, label: int | Tensor) -> Tensor:
        """The point g⁻¹(μ_c) for a label, or a batch of points for labels (B,). ValueError for an unknown label."""
        return decode(self.g_y, self.means.detach()[self._labels(label)])

    @property
    def noise_means(self) -> Tensor:
        """The class means ν of the latents that the flow starts from, (K, n)."""
        return self.g_noise.networks[-1].means

    def noise_network(self, label: int | None = None) -> InvertibleNetwork:
        """g_noise, or for a label c the network x₀ ↦ x₀ + ν_c that starts the flow in class c. ValueError for others."""
        if label is None:
            return self.g_noise
        one = self._labels(label)
        if one.numel() != 1:
            raise ValueError(
                f"one step for all noise needs one label, got {one.numel()}; call it for each label."
            )
        shift = self.noise_means[one.reshape(())]
        return Chain(Flatten(self.g_y.in_shape), Translate(shift))

    @torch.no_grad()
    def sample(
        self, noise: Tensor, steps: int = 100, method: str = "rk4", label: int | Tensor | None = None
    ) -> Tensor:
        r"""Turns white noise into images by `steps` steps of the integrator in the latent space, and one decode.

        Shapes: noise (B, *g.in_shape), entries ~ N(0, 1); label None, a number or (B,); returns (B, *g.in_shape).
        `collapse` does all steps in one. ValueError for a wrong shape, NaN, an unknown label or method, steps outside
        1..10 000.

        >>> from linearizer_core.networks import Flatten
        >>> from linearizer_core.operators import Identity
        >>> f = Generator(Flatten((1, 1, 2)), Identity(2), means=torch.eye(2), log_std=torch.zeros(2))
        >>> f.sample(torch.zeros(3, 1, 1, 2), label=0).flatten(1).round(decimals=3)
        tensor([[1., 0.],
                [1., 0.],
                [1., 0.]])
        """
        z = integrate(flow(self.A_t), self.start(noise, label), steps, method, last_time(self.A_t, steps))
        return decode(self.g_y, z)

    @torch.no_grad()
    def path(
        self,
        noise: Tensor,
        steps: int = 100,
        method: str = "rk4",
        label: int | Tensor | None = None,
        frames: int = 12,
    ) -> Tensor:
        """What `sample` passes through, decoded: `frames` states evenly spread over the steps, (frames, B, *g.in_shape).

        The first is the noise at t = 0 as g⁻¹ shows it, the last is the sample. At most steps + 1 frames are there.

        >>> from linearizer_core.networks import Flatten
        >>> from linearizer_core.operators import Identity
        >>> f = Generator(Flatten((1, 1, 2)), Identity(2), means=torch.eye(2), log_std=torch.zeros(2))
        >>> f.path(torch.zeros(3, 1, 1, 2), steps=20, frames=5).shape
        torch.Size([5, 3, 1, 1, 2])
        """
        start, end = self.start(noise, label), last_time(self.A_t, steps)
        shown = set(spread(steps, frames))
        states = trajectory(flow(self.A_t), start, steps, method, end)
        return decode(self.g_y, torch.stack([z for i, (_, z) in enumerate(states) if i in shown]))

    def collapse(self, steps: int = 100, method: str = "rk4", label: int | None = None) -> Linearizer:
        r"""The whole sampler as one Linearizer, x = g⁻¹(B g_noise(x₀)): the same images as `sample`, in one step.

        Its SVD, pseudo-inverse, powers and truncation are those of B. `label` as in `noise_network`.

        >>> from linearizer_core.networks import Flatten
        >>> from linearizer_core.operators import Identity
        >>> f = Generator(Flatten((1, 1, 2)), Identity(2), means=torch.eye(2), log_std=torch.zeros(2))
        >>> noise = torch.randn(3, 1, 1, 2)
        >>> torch.allclose(f.collapse(steps=10)(noise), f.sample(noise, steps=10), atol=1e-5)
        True
        """
        return Linearizer(self.noise_network(label), collapse(self.A_t, steps, method), self.g_y)

    @torch.no_grad()
    def invert(self, x: Tensor, steps: int = 100, method: str = "rk4", label: int | None = None) -> Tensor:
        """The noise that makes x: g_noise⁻¹(B⁺ g(x)), (B, *g.in_shape) to the same, for any picture x.

        >>> from linearizer_core.networks import Flatten
        >>> from linearizer_core.operators import Identity
        >>> f = Generator(Flatten((1, 1, 2)), Identity(2), means=torch.eye(2), log_std=torch.zeros(2))
        >>> x = torch.rand(3, 1, 1, 2)
        >>> torch.allclose(f.sample(f.invert(x)), x, atol=1e-5)
        True
        """
        return self.collapse(steps, method, label).pinv()(x)

    def projector(self, k: int) -> Projector:
        r"""The `Projector` on the k axes along which A is largest: x ↦ g⁻¹(P g(x)), P² = P, in the order of A's values.

        ValueError unless A acts axis by axis with values ≥ 0, as a Wiener filter does, and 0 ≤ k ≤ n.

        >>> from linearizer_core.networks import Flatten
        >>> from linearizer_core.operators import Diagonal
        >>> f = Generator(Flatten((2,)), Diagonal(torch.tensor([0.9, 0.2])), torch.zeros(1, 2), torch.zeros(2))
        >>> f.projector(1)(torch.tensor([3.0, 4.0]))
        tensor([3., 0.])
        """
        if not isinstance(self.A, Axiswise) or (self.A.values < 0).any():
            raise ValueError(
                f"projector(k) keeps axes of g in the order of A's values ≥ 0, and {type(self.A).__name__} has none; "
                "give f an A that acts axis by axis, such as Diagonal."
            )
        n = self.A.shape[0]
        kept = (torch.arange(n, device=self.means.device) < whole_number("k", k, 0, n)).to(self.means)
        order = descending(self.A.values)
        mean, std = self.means.detach().mean(0)[order], self.total_std.detach()
        P = algebra.with_singular_values(self.A, kept)
        return Projector(self.g_x, P, std, mean, std[order])

    @torch.no_grad()
    def start(self, noise: Tensor, label: int | Tensor | None = None) -> Tensor:
        """z₀ (B, n), the latents that the flow starts from; `noise` and `label` are checked as `sample` says."""
        shape, noise = self.g_y.in_shape, in_precision_of(self, noise, "noise")
        if noise.shape[1:] != shape or not torch.isfinite(noise).all():
            raise ValueError(
                f"noise must be finite with shape (B, {', '.join(map(str, shape))}), got {tuple(noise.shape)}."
            )
        if label is None:
            return encode(self.g_noise, noise)
        labels = self._labels(label)
        if labels.numel() != 1 and labels.shape != (len(noise),):
            raise ValueError(
                f"label must be one number or one per item of noise, ({len(noise)},), got shape {tuple(labels.shape)}."
            )
        return noise.flatten(1) + self.noise_means[labels.reshape(-1)]

    @torch.no_grad()
    def classify(self, x: Tensor) -> Tensor:
        """The class under which each point of x (*, *g.in_shape) is likeliest, (*)."""
        z = encode(self.g_x, x)
        batch = z.shape[:-1]
        return (
            class_log_density(z.reshape(-1, z.shape[-1]), self.means, self.log_std).argmax(1).reshape(batch)
        )

    def _labels(self, label: int | Sequence[int] | Tensor) -> Tensor:
        return as_labels(label, len(self.means), self.means.device)
