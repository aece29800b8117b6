"""A network without weights to learn: it carries white noise exactly to a mixture of Gaussians, and back."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.special import log_ndtr

from ..precision import narrow, wide
from .base import InvertibleNetwork
from .log_det import log_det_rule


class MixtureTransport(InvertibleNetwork):
    r"""(*, n) to (*, n): white noise ε ~ N(0, I) becomes a mixture of K Gaussians N(ν_k, I), equally likely.

    The first `leading` axes follow Knothe and Rosenblatt: axis by axis, the quantile of ε under the mixture given the
    axes before, so there the law is exact. What those axes leave open of the component is little where the ν_k are apart
    on them; every other axis is then moved by its mean given the leading ones, Σₖ p(k | z₁, z₂) ν_k, which is a coupling.
    With it as g_noise a *linear* flow makes data of several classes. `means` ν (K, n) is a buffer.
    ValueError unless means is (K, n) and 0 ≤ leading ≤ n. Source: Rosenblatt, "Remarks on a multivariate
    transformation", Ann. Math. Stat. 1952.

    >>> g = MixtureTransport(torch.tensor([[-5.0, 0.0], [5.0, 0.0]]), leading=1)
    >>> g(torch.tensor([[-1.0, 0.3], [1.0, 0.3]]))               # left noise to the left component, right to the right
    tensor([[-5.4752,  0.3000],
            [ 5.4752,  0.3000]])
    """

    means: Tensor

    def __init__(self, means: Tensor, leading: int = 2) -> None:
        super().__init__()
        if means.dim() != 2 or not 0 <= leading <= means.shape[1]:
            raise ValueError(
                f"MixtureTransport: means must be (K, n) with n ≥ leading = {leading}, got {tuple(means.shape)}."
            )
        self.register_buffer("means", means.detach().clone())
        self.leading = leading
        self.in_shape = self.out_shape = (means.shape[1],)

    def forward(self, x: Tensor) -> Tensor:
        return _forward(self, x)[0]

    def inverse(self, z: Tensor) -> Tensor:
        u, means = wide(z), wide(self.means)
        log_weights, lead = u.new_zeros(*u.shape[:-1], len(means)), []
        for axis in range(self.leading):
            value = u[..., axis : axis + 1]
            lead.append(_normal_score(value, means[:, axis], log_weights.log_softmax(-1)))
            log_weights = log_weights - (value - means[:, axis]).square() / 2
        rest = u[..., self.leading :] - _open_shift(self, log_weights)
        return narrow(torch.cat([*lead, rest], -1), z)


def _forward(g: MixtureTransport, x: Tensor) -> tuple[Tensor, Tensor]:
    y, means = wide(x), wide(g.means)
    log_weights, lead, log_det = y.new_zeros(*y.shape[:-1], len(means)), [], y.new_zeros(y.shape[:-1])
    for axis in range(g.leading):
        noise, weights = y[..., axis : axis + 1], log_weights.log_softmax(-1)
        value, slope = _quantile(noise, means[:, axis], weights)
        lead.append(value)
        log_det = log_det + slope[..., 0]
        log_weights = log_weights - (value - means[:, axis]).square() / 2
    rest = y[..., g.leading :] + _open_shift(g, log_weights)
    return narrow(torch.cat([*lead, rest], -1), x), narrow(log_det, x)


def _open_shift(g: MixtureTransport, log_weights: Tensor) -> Tensor:
    return log_weights.softmax(-1) @ wide(g.means)[:, g.leading :]


def _normal_score(u: Tensor, means: Tensor, log_weights: Tensor) -> Tensor:
    """Φ⁻¹ of the mixture's distribution function at u (*, 1), from whichever tail is the smaller: no digit is lost."""
    below = (log_weights + log_ndtr(u - means)).logsumexp(-1, keepdim=True)
    above = (log_weights + log_ndtr(means - u)).logsumexp(-1, keepdim=True)
    return torch.where(below < above, 1.0, -1.0) * _log_quantile(torch.minimum(below, above))


def _log_quantile(log_p: Tensor) -> Tensor:
    """y with log Φ(y) = log_p ≤ log ½ by Newton, which climbs from below as log Φ is concave; differentiable."""
    y = -(-2 * log_p.detach()).sqrt()
    for _ in range(12):
        y = y + ((log_p.detach() - log_ndtr(y)) / _log_ndtr_slope(y)).clamp(max=1.0)
    return y + (log_p - log_ndtr(y)) / _log_ndtr_slope(y)


def _log_ndtr_slope(y: Tensor) -> Tensor:
    return (_log_normal(y) - log_ndtr(y)).exp()


def _log_normal(y: Tensor) -> Tensor:
    return -y.square() / 2 - 0.5 * math.log(2 * math.pi)


def _quantile(y: Tensor, means: Tensor, log_weights: Tensor) -> tuple[Tensor, Tensor]:
    """u (*, 1) with `_normal_score(u) = y`, and log du/dy. By bisection between the outermost components' quantiles."""
    with torch.no_grad():
        low, high = y + means.min(), y + means.max()
        target, upper = log_ndtr(-y.abs()), y > 0
        for _ in range(56):  # a bracket of 100 σ comes down to 1e-15
            middle = (low + high) / 2
            side = torch.where(upper, means - middle, middle - means)
            tail = (log_weights + log_ndtr(side)).logsumexp(-1, keepdim=True)
            too_high = torch.where(upper, tail < target, tail > target)
            low, high = torch.where(too_high, low, middle), torch.where(too_high, middle, high)
        u = (low + high) / 2
    slope = _log_normal(y) - (log_weights + _log_normal(u - means)).logsumexp(-1, keepdim=True)
    if torch.is_grad_enabled():  # the value stays, the implicit function theorem gives the derivative
        u = u - (_normal_score(u, means, log_weights) - y) * slope.detach().exp()
        slope = _log_normal(y) - (log_weights + _log_normal(u - means)).logsumexp(-1, keepdim=True)
    return u, slope


@log_det_rule.register
def _(g: MixtureTransport, x: Tensor) -> tuple[Tensor, Tensor]:
    return _forward(g, x)
