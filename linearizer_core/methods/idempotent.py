"""What teaches a projector with a diagonal Λ of 0s and 1s which axes to keep: sparsity and isometry."""

from __future__ import annotations

from torch import Tensor


def sparsity(values: Tensor) -> Tensor:
    """rank(Λ)/n for the 0s and 1s `values` (n,) on the diagonal of Λ: a scalar in [0, 1].

    >>> import torch
    >>> sparsity(torch.tensor([1.0, 0.0, 0.0, 0.0]))
    tensor(0.2500)
    """
    return values.mean()


def isometry(x: Tensor, z: Tensor, zero: Tensor) -> Tensor:
    r"""E | ‖g(x) − g(0)‖² − ‖x‖² | / n: latent lengths are pixel lengths, so that leaving an axis out costs what it holds.

    Shapes: x (B, *) with n entries each, z = g(x) (B, n), zero = g(0) (n,); returns a scalar.

    >>> import torch
    >>> isometry(torch.ones(1, 2), torch.tensor([[3.0, 1.0]]), torch.tensor([1.0, 1.0]))        # |4 − 2| / 2
    tensor(1.)
    """
    gap = (z - zero).square().sum(1) - x.flatten(1).square().sum(1)
    return gap.abs().mean() / z.shape[1]
