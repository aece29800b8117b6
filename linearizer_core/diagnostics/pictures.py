"""How alike two pictures are: PSNR, structural similarity, and one step of a generator against the steps it stands for."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import conv2d

from ..models.generator import Generator
from ..precision import wide


def one_step_psnr(
    model: Generator,
    noise: Tensor,
    steps: int,
    method: str,
    label: int | None = None,
    one_step: Callable[[Tensor], Tensor] | None = None,
) -> float:
    """PSNR in dB of x = g⁻¹(B g_noise(x₀)) against the `steps` steps that B stands for; pictures in [0, 1].

    100 dB is a root mean square error of 1e-5. `one_step` replaces the collapsed Linearizer. inf where they are equal.

    >>> from linearizer_core.models.generator import Generator
    >>> from linearizer_core.networks import Flatten
    >>> from linearizer_core.operators import Identity
    >>> model = Generator(Flatten((1, 1, 2)), Identity(2), torch.eye(2), torch.zeros(2))
    >>> one_step_psnr(model, torch.rand(4, 1, 1, 2), steps=10, method="euler") > 100
    True
    """
    one_step = one_step or model.collapse(steps, method, label)
    return psnr(one_step(noise), model.sample(noise, steps, method, label))


def psnr(x: Tensor, wanted: Tensor) -> float:
    """−10 log₁₀ of the mean squared error of pictures in [0, 1], in dB.

    >>> psnr(torch.zeros(4), torch.full((4,), 0.5))
    6.020599913279624
    """
    error = wide((x - wanted).detach()).square().mean().item()
    return -10 * math.log10(error) if error > 0 else math.inf


def ssim(x: Tensor, wanted: Tensor) -> float:
    """Structural similarity of pictures (B, C, H, W) in [0, 1], 1 for equal ones: the mean over all 11×11 windows.

    Source: Wang et al., "Image quality assessment: from error visibility to structural similarity", IEEE TIP 2004, with
    their Gaussian window (σ = 1.5) and constants.

    >>> x = torch.rand(1, 1, 16, 16)
    >>> round(ssim(x, x), 4)
    1.0
    """
    axis = torch.arange(11, dtype=x.dtype, device=x.device) - 5
    weights = torch.exp(-axis.square() / (2 * 1.5**2))
    window = torch.outer(weights, weights)[None, None] / weights.sum() ** 2

    def local(picture: Tensor) -> Tensor:
        return conv2d(picture.flatten(0, 1)[:, None], window)

    mean_x, mean_y = local(x), local(wanted)
    variance_x, variance_y = local(x * x) - mean_x**2, local(wanted * wanted) - mean_y**2
    covariance = local(x * wanted) - mean_x * mean_y
    likeness = (2 * mean_x * mean_y + 0.01**2) * (2 * covariance + 0.03**2)
    return float(
        (likeness / ((mean_x**2 + mean_y**2 + 0.01**2) * (variance_x + variance_y + 0.03**2))).mean()
    )
