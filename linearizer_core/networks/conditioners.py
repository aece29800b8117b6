"""Plain networks that live inside couplings: they need not be invertible."""

from __future__ import annotations

from torch import nn


def _quiet(layer: nn.Module) -> nn.Module:
    nn.init.zeros_(layer.weight)  # a coupling whose last layer is 0 starts as the identity
    nn.init.zeros_(layer.bias)
    return layer


def conv_conditioner(channels_in: int, channels_out: int, hidden: int) -> nn.Sequential:
    """3×3, 1×1, 3×3 convolutions: (B, channels_in, H, W) to (B, channels_out, H, W). Fresh, it returns 0.

    Source: Kingma and Dhariwal, "Glow", arXiv:1807.03039, section 3.3.

    >>> import torch
    >>> conv_conditioner(2, 4, hidden=8)(torch.ones(1, 2, 5, 5)).shape
    torch.Size([1, 4, 5, 5])
    """
    return nn.Sequential(
        nn.Conv2d(channels_in, hidden, 3, padding=1),
        nn.SiLU(),
        nn.Conv2d(hidden, hidden, 1),
        nn.SiLU(),
        _quiet(nn.Conv2d(hidden, channels_out, 3, padding=1)),
    )


def mlp_conditioner(size_in: int, size_out: int, hidden: int) -> nn.Sequential:
    """Two hidden layers on vectors: (*, size_in) to (*, size_out), smooth (SiLU). Fresh, it returns 0.

    >>> import torch
    >>> mlp_conditioner(1, 2, hidden=8)(torch.ones(3, 1)).shape
    torch.Size([3, 2])
    """
    return nn.Sequential(
        nn.Linear(size_in, hidden),
        nn.SiLU(),
        nn.Linear(hidden, hidden),
        nn.SiLU(),
        _quiet(nn.Linear(hidden, size_out)),
    )
