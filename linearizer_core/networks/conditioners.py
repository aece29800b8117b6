"""Plain networks that live inside couplings: they need not be invertible."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor, nn

_IN_BFLOAT16 = ContextVar("in_bfloat16", default=False)


@contextmanager
def mixed_precision(enabled: bool = True) -> Iterator[None]:
    """Inside it, conditioners compute in bfloat16; all that must be inverted stays as precise as it was.

    A coupling is exactly invertible for any conditioner that gives the same answer twice, so training may be cheap here.

    >>> with mixed_precision():
    ...     Conditioner(nn.Linear(1, 1))(torch.ones(1, 1)).dtype
    torch.float32
    """
    token = _IN_BFLOAT16.set(enabled)
    try:
        yield
    finally:
        _IN_BFLOAT16.reset(token)


class Conditioner(nn.Module):
    """Layers in sequence, in bfloat16 inside `mixed_precision`; takes and gives the dtype of its input.

    >>> Conditioner(nn.Identity())(torch.ones(2))
    tensor([1., 1.])
    """

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        if not _IN_BFLOAT16.get():
            return self.layers(x)
        with torch.autocast(x.device.type, torch.bfloat16):
            return self.layers(x).to(x.dtype)


def _quiet(layer: nn.Module) -> nn.Module:
    nn.init.zeros_(layer.weight)  # a coupling whose last layer is 0 starts as the identity
    nn.init.zeros_(layer.bias)
    return layer


def conv_conditioner(channels_in: int, channels_out: int, hidden: int) -> Conditioner:
    """3×3, 1×1, 3×3 convolutions: (B, channels_in, H, W) to (B, channels_out, H, W). Fresh, it returns 0.

    Source: Kingma and Dhariwal, "Glow", arXiv:1807.03039, section 3.3.

    >>> conv_conditioner(2, 4, hidden=8)(torch.ones(1, 2, 5, 5)).shape
    torch.Size([1, 4, 5, 5])
    """
    return Conditioner(
        nn.Conv2d(channels_in, hidden, 3, padding=1),
        nn.SiLU(),
        nn.Conv2d(hidden, hidden, 1),
        nn.SiLU(),
        _quiet(nn.Conv2d(hidden, channels_out, 3, padding=1)),
    )


class GlobalContext(nn.Module):
    """h + W h̄ + b at every position, h̄ the mean over all of them: (B, C, H, W) to the same. Fresh, it returns h.

    So a coupling may answer to the picture as a whole, its brightness or contrast, wherever it is.
    Source: Cao et al., "GCNet", arXiv:1904.11492.

    >>> GlobalContext(2)(torch.ones(1, 2, 3, 3)).shape
    torch.Size([1, 2, 3, 3])
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mixing = _quiet(nn.Linear(channels, channels))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.mixing(x.mean((2, 3)))[..., None, None]


def context_conditioner(channels_in: int, channels_out: int, hidden: int) -> Conditioner:
    """Three 3×3 convolutions, the global context after the first: (B, channels_in, H, W) to (B, channels_out, H, W).

    It sees 7×7 positions in detail and the whole picture on average. Fresh, it returns 0.

    >>> context_conditioner(2, 4, hidden=8)(torch.ones(1, 2, 5, 5)).shape
    torch.Size([1, 4, 5, 5])
    """
    return Conditioner(
        nn.Conv2d(channels_in, hidden, 3, padding=1),
        nn.SiLU(),
        GlobalContext(hidden),
        nn.Conv2d(hidden, hidden, 3, padding=1),
        nn.SiLU(),
        _quiet(nn.Conv2d(hidden, channels_out, 3, padding=1)),
    )


def mlp_conditioner(size_in: int, size_out: int, hidden: int) -> Conditioner:
    """Two hidden layers on vectors: (*, size_in) to (*, size_out), smooth (SiLU). Fresh, it returns 0.

    >>> mlp_conditioner(1, 2, hidden=8)(torch.ones(3, 1)).shape
    torch.Size([3, 2])
    """
    return Conditioner(
        nn.Linear(size_in, hidden),
        nn.SiLU(),
        nn.Linear(hidden, hidden),
        nn.SiLU(),
        _quiet(nn.Linear(hidden, size_out)),
    )
