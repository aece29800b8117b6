"""Walks through a space: how far each point lies along the way, and whether the way is straight."""

from __future__ import annotations

import torch
from torch import Tensor

from ..networks import InvertibleNetwork
from ..spaces import decode, encode
from .laws import relative_error


def travelled(path: Tensor) -> Tensor:
    """Distance travelled up to each of the points (N, …), from 0 at the first, in the norm of their entries: (N,).

    Of latents it is the induced distance, of pictures the distance of pixels.

    >>> travelled(torch.tensor([[0.0, 0.0], [3.0, 4.0], [3.0, 5.0]]))
    tensor([0., 5., 6.])
    """
    steps = torch.linalg.vector_norm(path.flatten(1).diff(dim=0), dim=1)
    return torch.cat([steps.new_zeros(1), steps.cumsum(0)])


def straightness_error(
    g: InvertibleNetwork, start: Tensor, step: Tensor, times: float = 1.0, reached: Tensor | None = None
) -> float:
    """g(x ⊕ t ⊙ v) − g(x) = t g(v): a walk of `times` t from the latent `start` g(x) along `step` g(v), each (*, n).

    `reached` (*, *g.in_shape) replaces the point x ⊕ t ⊙ v that the walk arrives at.

    >>> from linearizer_core.networks import Log
    >>> g, start, step = Log(1), torch.tensor([1.0]), torch.tensor([0.5])
    >>> straightness_error(g, start, step, 3.0) < 1e-6
    True
    >>> straightness_error(g, start, step, 3.0, reached=start.exp() + 3 * step.exp()) > 0.1      # added as numbers are
    True
    """
    reached = decode(g, start + times * step) if reached is None else reached
    return relative_error(encode(g, reached) - start, times * step)
