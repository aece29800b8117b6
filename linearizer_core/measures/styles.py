"""What `evaluate styles` prints: likeness and texture against the best linear filter; laws, time, memory."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor
from torch.nn import functional as F

from .. import diagnostics
from ..data.sets import Dataset, as_float
from ..measuring import peak_megabytes, threads
from ..methods.texture import FilterBank, texture_distance
from ..models.styles import Styles
from .figure import Figure

FILTER = 9
"""Pixels of the side of the linear filter that a style must beat."""
PHOTO = (768, 1024)
LARGE = (1224, 1632)
"""2 megapixels: what people keep."""
LAW_PHOTOS = 4
COMPOSED = 4
"""Photos that are painted in every pair of styles."""
Painter = Callable[[Tensor], Tensor]
"""What a teacher is: pictures (B, 3, S, S) to pictures, as bytes."""


@torch.no_grad()
def evaluate_styles(
    model: Styles, dataset: Dataset, seed: int = 0, teachers: Sequence[Painter] = ()
) -> list[Figure]:
    """All figures of `styles`. Pictures (N, 3 + 3·styles, S, S): photos, then the teachers' pictures.

    The teachers are those of the last styles, in the order of names: styles that were kept come first and have none; they
    themselves are only needed for what one makes of another's picture. The linear filter is fitted to the training
    pictures; everything is measured on test photos.

    >>> from linearizer_core.recipes import PhotoStyles
    >>> model = PhotoStyles(teacher=("plain=x.onnx",), depth=1, hidden=4, blocks=1).build()
    >>> x = torch.randint(256, (5, 6, 64, 64), dtype=torch.uint8)
    >>> [figure.name for figure in evaluate_styles(model, Dataset(x[1:], x[1:], x[:1], x[:1]))][:2]
    ['PSNR, plain', 'PSNR above a 9×9 filter, mean']
    """
    device = next(model.parameters()).device
    pictures = as_float(dataset.test_images).to(device)
    x, targets = pictures[:, :3], pictures[:, 3:].unflatten(1, (-1, 3)).unbind(1)
    filters = best_filters(dataset.train_images, FILTER)
    filtered = [apply_filter(weights.to(device), x).clamp(0, 1) for weights in filters]
    names = model.names[-len(targets) :]
    ours = [torch.cat([model[name](part) for part in x.split(4)]).clamp(0, 1) for name in names]
    return [
        *likeness(names, ours, filtered, targets),
        *texture(names, ours, filtered, targets),
        *strokes(names, x, ours, targets),
        *composed(model, names, x[:COMPOSED], targets, teachers),
        *laws(model, x[:LAW_PHOTOS]),
        *cost(model, seed),
    ]


def likeness(
    names: Sequence[str], ours: Sequence[Tensor], filtered: Sequence[Tensor], targets: Sequence[Tensor]
) -> list[Figure]:
    """PSNR and SSIM against the teachers, means over photos; and how far ahead of the linear filter.

    >>> x = [torch.rand(1, 3, 16, 16)]
    >>> likeness(["plain"], [x[0] + 0.01], [x[0] + 0.1], x)[1].value
    20.0
    """
    figures, gains = [], []
    for name, f, linear, wanted in zip(names, ours, filtered, targets, strict=True):
        mine, its = mean_psnr(f, wanted), mean_psnr(linear, wanted)
        gains.append(mine - its)
        figures.append(
            Figure(f"PSNR, {name}", mine, f"> {its:.2f} dB", f"the filter's is the mark, {len(f)} photos")
        )
    how = f"the least of a style is {min(gains):+.2f} dB"
    figures.append(
        Figure(
            f"PSNR above a {FILTER}×{FILTER} filter, mean", round(sum(gains) / len(gains), 3), "≥ 5.5 dB", how
        )
    )
    for name, f, linear, wanted in zip(names, ours, filtered, targets):
        how = f"of the filter {diagnostics.ssim(linear, wanted):.3f}"
        figures.append(Figure(f"SSIM, {name}", diagnostics.ssim(f, wanted), "", how))
    return figures


def texture(
    names: Sequence[str], ours: Sequence[Tensor], filtered: Sequence[Tensor], targets: Sequence[Tensor]
) -> list[Figure]:
    """Distance of the filter-bank statistics to the teacher's, as a share of the linear filter's distance.

    >>> x = [torch.rand(1, 3, 64, 64)]
    >>> texture(["plain"], x, [x[0] / 2], x)[0].value
    0.0
    """
    bank = FilterBank().to(ours[0].device)
    shares = []
    for f, linear, wanted in zip(ours, filtered, targets, strict=True):
        mine, its = (
            torch.cat(
                [texture_distance(bank(a), bank(b)) for a, b in zip(made.split(4), wanted.split(4))]
            ).mean()
            for made in (f, linear)
        )
        shares.append(float(mine / its))
    rows = [
        Figure(f"texture, {name}", share, "≤ 0.6", "share of the linear filter's distance to the teacher")
        for name, share in zip(names, shares)
    ]
    return [
        *rows,
        Figure("texture, mean", sum(shares) / len(shares), "≤ 0.4", "multi-scale filter bank, Gram matrices"),
    ]


def strokes(
    names: Sequence[str], x: Tensor, ours: Sequence[Tensor], targets: Sequence[Tensor]
) -> list[Figure]:
    """What is drawn on flat surfaces of the photos x, and the power of the 4 and 8-pixel grids; as shares of the teacher's.

    >>> x = torch.rand(1, 3, 64, 64)
    >>> [figure.value for figure in strokes(["plain"], 0.1 * x, [x], [x])]
    [1.0, 1.0, 1.0]
    """
    pairs = list(zip(names, ours, targets, strict=True))
    how = "of the teacher's, median of 32×32 patches where the photo's σ < 0.03"
    flat = [
        Figure(
            f"contrast on flat patches, {name}", diagnostics.flat_contrast(x, f, wanted), "0.8 to 1.2", how
        )
        for name, f, wanted in pairs
    ]
    grid = []
    for period in (4, 8):  # the two squeezes of g
        photos = diagnostics.grid_power(x, period)
        for name, f, wanted in pairs:
            mine, its = diagnostics.grid_power(f, period), diagnostics.grid_power(wanted, period)
            how = f"of the teacher's: {mine:.1f} times its surroundings, his {its:.1f}, the photos' {photos:.1f}"
            grid.append(Figure(f"{period}-pixel grid, {name}", mine / its, "≤ 1.2", how))
    return [*flat, *grid]


def composed(
    model: Styles, names: Sequence[str], x: Tensor, targets: Sequence[Tensor], teachers: Sequence[Painter]
) -> list[Figure]:
    """How near A₂A₁ comes to what teacher 2 makes of the picture of teacher 1, over all pairs; nothing without teachers.

    >>> from linearizer_core.recipes import PhotoStyles
    >>> model = PhotoStyles(teacher=("plain=x.onnx",), depth=1, hidden=4, blocks=1).build()
    >>> x = torch.full((1, 3, 64, 64), 0.2)
    >>> round(composed(model, ["plain"], x, [x], [lambda pictures: pictures + 51])[0].value, 2)  # 0.2 off everywhere
    13.98
    """
    found = {}
    for first, seen in zip(names, targets) if teachers else ():
        once = (255 * seen[: len(x)]).round().byte()
        for then, teacher in zip(names, teachers, strict=True):
            wanted = as_float(teacher(once)).to(x)
            found[f"{then} after {first}"] = mean_psnr((model[then] @ model[first])(x).clamp(0, 1), wanted)
    if not found:
        return []
    worst = min(found, key=found.__getitem__)
    how = f"{len(found)} pairs, {len(x)} photos; the least is {found[worst]:.2f} dB, {worst}"
    return [Figure("PSNR, A₂A₁, mean", sum(found.values()) / len(found), "", how)]


def mean_psnr(x: Tensor, wanted: Tensor) -> float:
    """The mean over pictures of their PSNR, in dB.

    >>> round(mean_psnr(torch.zeros(2, 1, 1, 1), torch.tensor([0.1, 0.01]).reshape(2, 1, 1, 1)), 3)
    30.0
    """
    return sum(diagnostics.psnr(a, b) for a, b in zip(x, wanted)) / len(x)


def best_filters(images: Tensor, side: int) -> list[Tensor]:
    """Least squares from the side × side surroundings of a pixel of the photo, and 1, to the pixel of each other picture.

    uint8 images (N, 3 + 3·k, S, S) to k matrices (3 side² + 1, 3).

    >>> x = torch.randint(256, (4, 3, 12, 12), dtype=torch.uint8)
    >>> (weights,) = best_filters(torch.cat([x, x], 1), 3)
    >>> torch.allclose(apply_filter(weights, x / 255), x / 255, atol=1e-3)
    True
    """
    size = 3 * side * side + 1
    others = images.shape[1] // 3 - 1
    gram, moments = torch.zeros(size, size).double(), torch.zeros(size, 3 * others).double()
    for image in images:
        picture = as_float(image[None])
        rows = _surroundings(picture[:, :3], side)
        gram += (rows.mT @ rows).double()
        moments += (rows.mT @ picture[0, 3:].flatten(1).mT).double()
    weights = torch.linalg.solve(gram + 1e-3 * torch.eye(size), moments)
    return list(weights.float().split(3, 1))


def apply_filter(weights: Tensor, x: Tensor) -> Tensor:
    """The filter of `best_filters` on photos (B, 3, H, W).

    >>> weights = torch.zeros(4, 3); weights[3] = 0.5
    >>> apply_filter(weights, torch.rand(1, 3, 2, 2)).unique()
    tensor([0.5000])
    """
    side = round(((len(weights) - 1) / 3) ** 0.5)
    made = [(_surroundings(picture[None], side) @ weights).mT.unflatten(1, x.shape[-2:]) for picture in x]
    return torch.stack(made)


def _surroundings(x: Tensor, side: int) -> Tensor:
    """One row for each pixel of a photo (1, 3, H, W): its side × side neighbours and a 1."""
    columns = F.unfold(F.pad(x, [side // 2] * 4, mode="reflect"), side)[0]
    return torch.cat([columns, torch.ones_like(columns[:1])]).mT


def laws(model: Styles, x: Tensor) -> list[Figure]:
    """The largest error of each law over all styles and pairs of neighbours, as a share of the largest pixel; float32.

    >>> from linearizer_core.recipes import PhotoStyles
    >>> model = PhotoStyles(depth=1, hidden=4, blocks=1).build()
    >>> all(figure.value < 1e-4 for figure in laws(model, torch.rand(1, 3, 64, 64)))
    True
    """
    styles = [model[name] for name in model.names]
    pairs = list(zip(styles, styles[1:] + styles[:1]))
    half = {name: 0.5 for name in model.names[:2]}
    parts = [model[name](x) for name in half]
    space = model[model.names[0]].at(*x.shape[-2:]).domain
    blended = space.combine([0.5] * len(parts), torch.stack(parts))
    errors = {
        "f₂(f₁(x)) = (f₂f₁)(x)": max(diagnostics.composition_error(f2, f1, x) for f1, f2 in pairs),
        "f^½(f^½(x)) = f(x)": max(diagnostics.root_error(f, x) for f in styles),
        "⊕ αₛ ⊙ fₛ(x) = (Σ αₛ fₛ)(x)": diagnostics.relative_error(model.blend(half)(x), blended),
        "f⁺(f(x)) = x": max(diagnostics.relative_error(f.pinv()(f(x)), x) for f in styles),
    }
    return [Figure(name, value, "≤ 1e-3", f"{len(x)} test photos, float32") for name, value in errors.items()]


def cost(model: Styles, seed: int = 0) -> list[Figure]:
    """Seconds and memory of one style on a 1024×768 photo, with two threads, memory of a large one, size of the weights.

    >>> from linearizer_core.recipes import PhotoStyles
    >>> model = PhotoStyles(depth=1, hidden=4, blocks=1).build()
    >>> [figure.name for figure in cost(model)]
    ['1024×768 photo', 'its memory', 'memory of 1632×1224', 'weights']
    """
    f = model[model.names[0]]
    like = next(model.parameters())
    generator = torch.Generator().manual_seed(seed)
    photo, large = (torch.rand(1, 3, *size, generator=generator).to(like) for size in (PHOTO, LARGE))
    with threads(2):
        gigabytes = [_gigabytes(partial(f, x)) for x in (photo, large)]
        start = time.perf_counter()
        f(photo)
        seconds = time.perf_counter() - start
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.safetensors"
        safetensors.torch.save_file({k: v.contiguous() for k, v in model.state_dict().items()}, file)
        size = file.stat().st_size / 1e6
    held, at_once = (
        "peak above what was held",
        "2 megapixels at once, so without seams; peak above what was held",
    )
    return [
        Figure("1024×768 photo", seconds, "≤ 3 s", "seconds, one style, two threads, after one to warm up"),
        Figure("its memory", gigabytes[0], "≤ 2 GB", held),
        Figure("memory of 1632×1224", gigabytes[1], "≤ 2 GB", at_once),
        Figure("weights", size, "≤ 10 MB", "MB on disk"),
    ]


def _gigabytes(work: Callable[[], object]) -> float:
    megabytes = peak_megabytes(work)
    return float("nan") if megabytes is None else megabytes / 1000
