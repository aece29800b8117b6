"""Plain networks that live inside couplings: they need not be invertible."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor, nn

from ..op_list import OpList, applied
from ..precision import precision_of

_IN_BFLOAT16 = ContextVar("in_bfloat16", default=False)


@contextmanager
def mixed_precision(enabled: bool = True) -> Iterator[None]:
    """Inside it, conditioners compute in bfloat16; all that must be inverted stays as precise as it was.

    A coupling is exactly invertible for any conditioner that gives the same answer twice, so training may be cheap here.
    A network that `torch.compile` has compiled computes in its own precision here too.

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
    """Layers in sequence, in their own precision, in bfloat16 inside `mixed_precision`; gives the dtype of its input.

    >>> Conditioner(nn.Identity())(torch.ones(2))
    tensor([1., 1.])
    """

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        # a compiled graph cannot know a context, so it always is in full precision
        own = x.to(precision_of(self.layers) or x.dtype)  # a chain may carry a wider one past it
        if torch.compiler.is_compiling() or not _IN_BFLOAT16.get():
            return self.layers(own).to(x.dtype)
        with torch.autocast(x.device.type, torch.bfloat16):
            return self.layers(own).to(x.dtype)


def _quiet(layer: nn.Linear | nn.Conv2d) -> nn.Module:
    nn.init.zeros_(layer.weight)  # a coupling whose last layer is 0 starts as the identity
    if layer.bias is not None:
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


class AdaptiveNorm(nn.Module):
    r"""Instance normalisation whose scale and shift the picture itself says: h ↦ (1 + γ(c)) (h − mean)/std + β(c).

    h (B, C, H, W) with mean and std over the positions, c (B, k) what is known of the whole picture; γ, β are linear in c.
    Fresh, it is plain instance normalisation. Source: Dumoulin et al., "A learned representation for artistic style",
    arXiv:1610.07629, where a style chooses γ and β.

    >>> AdaptiveNorm(2, 3)(torch.rand(1, 2, 4, 4), torch.ones(1, 3)).mean((2, 3)).abs().max() < 1e-6
    tensor(True)
    """

    def __init__(self, channels: int, known: int) -> None:
        super().__init__()
        self.scale_and_shift = _quiet(nn.Linear(known, 2 * channels))

    def forward(self, h: Tensor, c: Tensor) -> Tensor:
        gamma, beta = self.scale_and_shift(c).to(torch.promote_types(h.dtype, torch.float32)).chunk(2, 1)
        scale, shift = (1 + gamma).flatten(), beta.flatten()
        pictures = h.reshape(
            1, -1, *h.shape[2:]
        )  # one fused pass: the statistics of a batch of one are a picture's
        return torch.batch_norm(pictures, scale, shift, None, None, True, 0.0, 1e-5, False).view(h.shape)


class AdaptiveResidual(nn.Module):
    """A 3×3 convolution, `blocks` residual blocks of two more under adaptive norms, and a last one that starts at 0.

    (B, channels_in, H, W) to (B, channels_out, H, W). The mean of the first features over all positions says what kind of
    picture this is, and with it every norm how to treat it: so one network can paint in many styles.

    >>> AdaptiveResidual(2, 4, hidden=8, blocks=1)(torch.rand(1, 2, 5, 5)).abs().max()
    tensor(0., grad_fn=<MaxBackward1>)
    """

    def __init__(self, channels_in: int, channels_out: int, hidden: int, blocks: int) -> None:
        super().__init__()
        self.channels_in, self.channels_out, self.hidden, self.blocks = (
            channels_in,
            channels_out,
            hidden,
            blocks,
        )
        self.enter = nn.Conv2d(channels_in, hidden, 3, padding=1)
        self.kind = nn.Sequential(nn.Linear(hidden, hidden), nn.SiLU())
        count = 2 * blocks
        self.convolutions = nn.ModuleList(nn.Conv2d(hidden, hidden, 3, padding=1) for _ in range(count))
        self.norms = nn.ModuleList(AdaptiveNorm(hidden, hidden) for _ in range(count))
        self.leave = _quiet(nn.Conv2d(hidden, channels_out, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        h = self.enter(x)
        c = self.kind(h.mean((2, 3)))
        h = h.relu()
        layers = list(zip(self.convolutions, self.norms))
        for (convolve, norm), (again, norm_again) in zip(layers[::2], layers[1::2]):
            h = h + norm_again(again(norm(convolve(h), c).relu()), c)
        return self.leave(h.relu())


def adaptive_conditioner(channels_in: int, channels_out: int, hidden: int, blocks: int = 3) -> Conditioner:
    """An `AdaptiveResidual` as the conditioner of a coupling. Fresh, it returns 0.

    >>> adaptive_conditioner(2, 4, hidden=8)(torch.ones(1, 2, 5, 5)).shape
    torch.Size([1, 4, 5, 5])
    """
    return Conditioner(AdaptiveResidual(channels_in, channels_out, hidden, blocks))


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


@applied.register
def _(layer: Conditioner, ops: OpList, at: int, shape: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    return applied(layer.layers, ops, at, shape)
