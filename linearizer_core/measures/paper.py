"""Is the paper white? What a picture of ink on paper shows where no ink is near."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor
from torch.nn import functional as F

from .figure import Figure

INK, MARGIN, SEEN = 0.3, 4, 0.02
"""A pixel above INK is ink; paper is what lies farther than MARGIN pixels from it, along rows or columns. Up to SEEN,
five of 255 levels, it looks white."""


def paper(x: Tensor, margin: int = MARGIN) -> Tensor:
    """Which pixels of pictures x (B, 1, H, W), ink 1 on paper 0, are away from ink: no pixel > 0.3 within 4; bools.

    Another `margin` than 4 pixels counts more or less as near to ink.

    >>> import torch
    >>> x = torch.zeros(1, 1, 1, 7)
    >>> x[..., 0] = 1
    >>> paper(x).int()
    tensor([[[[0, 0, 0, 0, 0, 1, 1]]]], dtype=torch.int32)
    """
    width = 2 * margin + 1
    along_rows = F.max_pool2d(x, (1, width), stride=1, padding=(0, margin))
    return F.max_pool2d(along_rows, (width, 1), stride=1, padding=(margin, 0)) <= INK


def greyness(x: Tensor, margin: int = MARGIN) -> Tensor:
    """Mean square of the pixels of x (B, 1, H, W) that are `paper` at this margin, a scalar; 0 where all is ink.

    >>> import torch
    >>> greyness(torch.full((2, 1, 8, 8), -0.1))
    tensor(0.0100)
    """
    white = paper(x.detach(), margin)
    return (x.square() * white).sum() / white.sum().clamp(min=1)


def whiteness(pictures: Mapping[str, Tensor]) -> list[Figure]:
    """How grey the paper is of pictures (B, 1, H, W) by name, as they are shown: clamped to [0, 1].

    >>> import torch
    >>> [figure.value for figure in whiteness({"samples": torch.full((2, 1, 8, 8), -0.1)})]
    [0.0, 1.0]
    """
    figures = []
    for name, x in pictures.items():
        shown = x.clamp(0, 1)
        dark = shown[paper(shown)]
        share = float((dark <= SEEN).float().mean())
        how = f"pixels of {len(x)} pictures with none > {INK} within {MARGIN} pixels"
        figures.append(
            Figure(f"grey on the paper of {name}, rms", float(greyness(shown).sqrt()), "≤ 0.006", how)
        )
        figures.append(Figure(f"paper of {name} that is white", share, "≥ 0.99", f"share ≤ {SEEN}; {how}"))
    return figures
