"""Couplings: half of the channels moves the other half, so the inverse costs as much as the network itself."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ..op_list import OpList, applied, lowered
from .base import InvertibleNetwork, size
from .conditioners import conv_conditioner, mlp_conditioner
from .log_det import log_det_rule

BOUND = 2.0
"""Largest |log-scale| of one affine coupling, unless another is asked for."""

REACH = 6.0
"""Conditioners see their input clipped to ± REACH, in units of what ActNorm makes 1: data hardly ever reaches it, and far
from data (all latents at 5 σ, say) g goes on as a straight line instead of blowing up. Any clip is exactly invertible."""


MakeConditioner = Callable[[int, int, int], nn.Module]
"""(channels in, channels out, hidden width) to a network between them."""


def _conditioner(
    in_shape: tuple[int, ...], hidden: int, outputs_per_entry: int, make: MakeConditioner | None = None
) -> nn.Module:
    """A conditioner that fits `in_shape`: what `make` makes, or else convolutions for (C, H, W), an MLP for (n,)."""
    channels = in_shape[0]
    if channels < 2:
        raise ValueError(f"a coupling needs at least 2 channels to split, got in_shape={tuple(in_shape)}.")
    kept = channels // 2
    make = make or {1: mlp_conditioner, 3: conv_conditioner}.get(len(in_shape))
    if make is None:
        raise ValueError(f"in_shape must be (n,) or (C, H, W), got {tuple(in_shape)}.")
    return make(kept, outputs_per_entry * (channels - kept), hidden)


def _split(g: InvertibleNetwork, x: Tensor) -> tuple[Tensor, Tensor]:
    """The channels that a coupling keeps, and those that it moves."""
    kept = g.in_shape[0] // 2
    return x.split([kept, g.in_shape[0] - kept], dim=-len(g.in_shape))


class AffineCoupling(InvertibleNetwork):
    r"""(x₁, x₂) ↦ (x₁, x₂ · exp(s(x₁)) + t(x₁)), with |s| < `bound` by a tanh. Splits the first dimension of `in_shape`.

    A small bound keeps g calm far from data: k couplings stretch by at most exp(k · bound). `conditioner` is the network
    of s and t, or makes it, None for the usual one.
    Shapes: (B, C, H, W) or (B, n) to the same. ValueError for fewer than 2 channels.
    Source: Dinh et al., "Density estimation using Real NVP", arXiv:1605.08803.

    >>> g = AffineCoupling((2,), hidden=8)
    >>> x = torch.tensor([[1.0, 2.0]])
    >>> torch.allclose(g.inverse(g(x)), x)
    True
    """

    def __init__(
        self,
        in_shape: tuple[int, ...],
        hidden: int,
        bound: float = BOUND,
        conditioner: nn.Module | MakeConditioner | None = None,
    ) -> None:
        super().__init__()
        self.in_shape = self.out_shape = tuple(in_shape)
        self.hidden, self.bound = hidden, bound
        self.conditioner = (
            conditioner
            if isinstance(conditioner, nn.Module)
            else _conditioner(self.in_shape, hidden, 2, conditioner)
        )

    def log_scale_and_shift(self, kept: Tensor) -> tuple[Tensor, Tensor]:
        """s(x₁) and t(x₁), each of the shape of x₂.

        >>> [v.shape for v in AffineCoupling((3,), hidden=4).log_scale_and_shift(torch.zeros(5, 1))]
        [torch.Size([5, 2]), torch.Size([5, 2])]
        """
        raw, shift = self.conditioner(kept.clamp(-REACH, REACH)).chunk(2, dim=-len(self.in_shape))
        return self.bound * torch.tanh(raw / self.bound), shift

    def forward(self, x: Tensor) -> Tensor:
        return _forward(self, x)[0]

    def inverse(self, z: Tensor) -> Tensor:
        kept, moved = _split(self, z)
        log_scale, shift = self.log_scale_and_shift(kept)
        return torch.cat([kept, (moved - shift) * (-log_scale).exp()], dim=-len(self.in_shape))


def _forward(g: AffineCoupling, x: Tensor) -> tuple[Tensor, Tensor]:
    kept, moved = _split(g, x)
    log_scale, shift = g.log_scale_and_shift(kept)
    return torch.cat([kept, moved * log_scale.exp() + shift], dim=-len(g.in_shape)), log_scale


@log_det_rule.register
def _(g: AffineCoupling, x: Tensor) -> tuple[Tensor, Tensor]:
    z, log_scale = _forward(g, x)
    return z, log_scale.flatten(1).sum(1)


class AdditiveCoupling(InvertibleNetwork):
    r"""(x₁, x₂) ↦ (x₁, x₂ + t(x₁)): preserves volume, and its inverse loses no precision anywhere.

    Shapes: (B, C, H, W) or (B, n) to the same. Source: Dinh et al., "NICE", arXiv:1410.8516.

    >>> g = AdditiveCoupling((2,), hidden=8)
    >>> g(torch.tensor([[1.0, 2.0]])).shape
    torch.Size([1, 2])
    """

    def __init__(self, in_shape: tuple[int, ...], hidden: int) -> None:
        super().__init__()
        self.in_shape = self.out_shape = tuple(in_shape)
        self.hidden = hidden
        self.conditioner = _conditioner(self.in_shape, hidden, outputs_per_entry=1)

    def shift(self, kept: Tensor) -> Tensor:
        """t(x₁), of the shape of x₂.

        >>> AdditiveCoupling((3,), hidden=4).shift(torch.zeros(5, 1)).shape
        torch.Size([5, 2])
        """
        return self.conditioner(kept.clamp(-REACH, REACH))

    def forward(self, x: Tensor) -> Tensor:
        kept, moved = _split(self, x)
        return torch.cat([kept, moved + self.shift(kept)], dim=-len(self.in_shape))

    def inverse(self, z: Tensor) -> Tensor:
        kept, moved = _split(self, z)
        return torch.cat([kept, moved - self.shift(kept)], dim=-len(self.in_shape))


@log_det_rule.register
def _(g: AdditiveCoupling, x: Tensor) -> tuple[Tensor, Tensor]:
    return g(x), x.new_zeros(len(x))


def _told(g: AffineCoupling | AdditiveCoupling, ops: OpList, at: int) -> tuple[int, int]:
    """What the conditioner says of the kept channels, and where the moved ones lie."""
    shape = (g.in_shape[0] // 2, *g.in_shape[1:])
    seen = ops.room(size(shape))
    ops.call("clamp", seen, at, size(shape), REACH)
    return applied(g.conditioner, ops, seen, shape)[0], at + size(shape)


def _moved(g: InvertibleNetwork) -> int:
    return size((g.in_shape[0] - g.in_shape[0] // 2, *g.in_shape[1:]))


@lowered.register
def _(g: AffineCoupling, ops: OpList, at: int, back: bool) -> int:
    with ops.borrowed():
        raw, moved = _told(g, ops, at)
        ops.call("couple", moved, raw, raw + _moved(g), _moved(g), g.bound, -1 if back else 1)
    return at


@lowered.register
def _(g: AdditiveCoupling, ops: OpList, at: int, back: bool) -> int:
    with ops.borrowed():
        shift, moved = _told(g, ops, at)
        ops.call("add", moved, shift, _moved(g), -1 if back else 1)
    return at
