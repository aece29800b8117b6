"""How two pictures differ, so amplified that it can be seen."""

import math
from typing import NamedTuple

from torch import Tensor

from app import words


class Difference(NamedTuple):
    """A difference as it is shown: amplified, with its caption and a note of its true size."""

    shown: Tensor
    caption: str
    note: str


def difference(x: Tensor, y: Tensor) -> Difference:
    """|x − y| of pictures of the same shape, times a power of ten.

    >>> import torch
    >>> difference(torch.tensor([0.5]), torch.tensor([0.25]))[1:]
    ('difference', 'at most 0.25')
    """
    gap = (x - y).abs()
    times = amplification(gap)
    return Difference(
        times * gap, words.difference(times), words.largest_difference(words.number(float(gap.max())))
    )


def amplification(gap: Tensor) -> float:
    """The power of ten by which a difference must be multiplied to be seen: its largest entry gets 0.1 to 1.

    >>> import torch
    >>> amplification(torch.tensor([3e-7, -2e-8])), amplification(torch.zeros(2))
    (1000000.0, 1.0)
    """
    largest = float(gap.abs().max())
    if not 0 < largest < math.inf:
        return 1.0
    return 10.0 ** max(0, math.floor(-math.log10(largest)))
