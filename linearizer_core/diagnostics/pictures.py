"""How alike two pictures are: PSNR, structural similarity, and one step of a generator against the steps it stands for."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

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


def flat_contrast(photos: Tensor, made: Tensor, wanted: Tensor, side: int = 32, flat: float = 0.03) -> float:
    """How much is drawn where a photo shows next to nothing, as a share of what is wanted there.

    The median of σ(made) / σ(wanted) over all side × side patches of photos (B, 3, H, W) whose own σ is below `flat`; σ is
    the standard deviation of grey, the mean of the colours. nan where no photo has such a patch.

    >>> x, noise = torch.zeros(1, 3, 64, 64), torch.randn(1, 3, 64, 64)
    >>> round(flat_contrast(x, 0.3 * noise, 0.6 * noise), 3)
    0.5
    """
    own, ours, theirs = (
        x.mean(1).unfold(-2, side, side).unfold(-2, side, side).flatten(-2).std(-1)
        for x in (photos, made, wanted)
    )
    patches = own < flat
    return float((ours[patches] / theirs[patches].clamp_min(1e-6)).median())


def grid_power(x: Tensor, period: int = 4, around: int = 3) -> float:
    r"""Power at the frequencies of a grid of `period` pixels, as a multiple of that of the frequencies about them.

    Σ |X(i, j)|² / Σ median |X(i + a, j + b)|² with |a|, |b| ≤ `around`, over (i, j) = (H/p, 0), (0, W/p), (H/p, W/p) and all
    pictures (B, 3, H, W) in [0, 1], whose sides must be multiples of `period`. X is the Fourier transform of their grey, the
    mean of the colours, under a Hann window. A pattern bound to blocks of pixels has lines there; without one it is about 1.

    >>> x = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    >>> grid_power(x) < 3, grid_power(x + 0.1 * (torch.arange(64) % 4 == 0)) > 10
    (True, True)
    """
    lines, surroundings = grid_lines(x, ((0, 1), (1, 0), (1, 1)), period, around, torch.hann_window)
    return float(lines.sum() / surroundings.sum())


def grid_lines(
    x: Tensor,
    lines: Sequence[tuple[int, int]],
    period: int,
    around: int,
    window: Callable[[int], Tensor] = torch.ones,
) -> tuple[Tensor, Tensor]:
    """|X|² at each of the `lines` (i, j) of a grid, (i H/p, j W/p), and the median about it: two (B, lines).

    The rounding of pixels to bytes counts as power too, so that a picture without any has some.

    >>> [tuple(part.shape) for part in grid_lines(torch.rand(5, 3, 32, 16), ((0, 1), (1, 0)), period=4, around=2)]
    [(5, 2), (5, 2)]
    """
    height, width = x.shape[-2:]
    weights = torch.outer(window(height), window(width)).to(x)
    grey = x.mean(1)
    power = torch.fft.fft2((grey - grey.mean((1, 2), keepdim=True)) * weights).abs().square()
    power = power + weights.square().sum() / (12 * 255**2)
    near = torch.arange(-around, around + 1, device=x.device)
    rows, columns = (
        torch.tensor([line[axis] for line in lines], device=x.device)[:, None] * (side // period) + near
        for axis, side in enumerate((height, width))
    )
    found = power[:, (rows % height)[:, :, None], (columns % width)[:, None]].flatten(2)
    return found[..., found.shape[-1] // 2], found.median(-1).values
