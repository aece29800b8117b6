"""f(x), f(f(x)) and what f takes away, at any rank: what the Project view computes, without Gradio."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from app import models, pictures
from app.views.project.inputs import MODEL, Input, latents, tensor
from linearizer_core import diagnostics
from linearizer_core.linearizer import Linearizer
from linearizer_core.operators import Identity
from linearizer_core.spaces import encode

BAND = (0.05, 0.95)  # quantiles of the gallery's digits that the gauge shows


@lru_cache(maxsize=512)
def projector(rank: int, broken: bool = False) -> Linearizer:
    """f of this rank; broken, A keeps half of what a projection drops, and A² is not A any more."""
    f = models.model(MODEL).truncated(rank)
    if not broken:
        return f
    half = 0.5 * Identity(f.A.shape[0]) + 0.5 * f.A
    return Linearizer(f.g_x, half, f.g_y).requires_grad_(False)


@lru_cache(maxsize=1)
def largest_rank() -> int:
    """The rank of the model as it ships."""
    return models.model(MODEL).rank


@dataclass(frozen=True)
class Projected:
    """Inputs x, f(x), f(f(x)), x ⊖ f(x), (k, 1, 32, 32) each, and the induced distance from x to the range of f, (k,)."""

    x: Tensor
    once: Tensor
    twice: Tensor
    removed: Tensor
    away: Tensor


def projected(inputs: Sequence[Input], rank: int, broken: bool = False) -> Projected:
    """One operator application and one g⁻¹ for f(x) and x ⊖ f(x); f(f(x)) goes all the way through f again."""
    f = projector(rank, broken)
    with torch.inference_mode():
        z = latents(inputs)
        kept = f.A(z)
        once, removed = models.decode(torch.cat([kept, z - kept]), MODEL).split(len(z))
        with models.one_core():
            again = f.A(encode(f.g_x, once))
        return Projected(tensor(inputs), once, models.decode(again, MODEL), removed, (z - kept).norm(dim=1))


@lru_cache(maxsize=512)
def usual_distances(rank: int) -> tuple[float, float]:
    """How far the digits of the gallery are from the range of f: 5 of 100 are nearer, 5 of 100 farther."""
    z = latents([Input(picture) for picture in pictures.gallery()["digits"]])
    with torch.inference_mode():
        away = (z - projector(rank).A(z)).norm(dim=1)
        low, high = away.quantile(torch.tensor(BAND)).tolist()
    return low, high


def law_errors(inputs: Sequence[Input], rank: int, broken: bool) -> tuple[float, float, float]:
    """Errors of f(f(x)) = f(x), of ⟨f(x), y⟩ = ⟨x, f(y)⟩, and of ⟨f(x), x ⊖ f(x)⟩ = 0, all through pictures."""
    f, found = projector(rank, broken), projected(inputs, rank, broken)
    with models.one_core():
        x, y = found.x[:1], found.x[1:2]
        adjoint = diagnostics.transpose_error(f, x, y, f)
        inner = f.domain.inner(found.once, found.removed).abs()
        size = f.domain.norm(found.once) * f.domain.norm(found.removed)
        slant = float((inner / size.clamp(min=1e-9)).max())
    return diagnostics.relative_error(found.twice, found.once), adjoint, slant
