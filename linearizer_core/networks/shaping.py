"""Networks that only rearrange entries: volume-preserving, exact to the bit."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ..op_list import OpList, lowered
from ..precision import wide
from .base import InvertibleNetwork, size
from .log_det import log_det_rule


class Flatten(InvertibleNetwork):
    """(*, *in_shape) to (*, n): the last step of a whole g. As a g by itself it leaves the ordinary space unchanged.

    >>> Flatten((1, 2, 2))(torch.zeros(5, 1, 2, 2)).shape
    torch.Size([5, 4])
    """

    def __init__(self, in_shape: tuple[int, ...]) -> None:
        super().__init__()
        self.in_shape, self.out_shape = tuple(in_shape), (size(in_shape),)

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(*x.shape[: x.dim() - len(self.in_shape)], *self.out_shape)

    def inverse(self, z: Tensor) -> Tensor:
        return z.reshape(*z.shape[:-1], *self.in_shape)


class Squeeze(InvertibleNetwork):
    """2×2 blocks of pixels become channels: (B, C, H, W) to (B, 4C, H/2, W/2). ValueError for an odd height or width.

    Source: Dinh et al., "Density estimation using Real NVP", arXiv:1605.08803, section 3.6.

    >>> Squeeze((1, 4, 4))(torch.zeros(2, 1, 4, 4)).shape
    torch.Size([2, 4, 2, 2])
    """

    def __init__(self, in_shape: tuple[int, ...]) -> None:
        super().__init__()
        channels, height, width = in_shape
        if height % 2 or width % 2:
            raise ValueError(
                f"Squeeze needs an even height and width, got in_shape={tuple(in_shape)}; pad by one."
            )
        self.in_shape, self.out_shape = tuple(in_shape), (4 * channels, height // 2, width // 2)

    def forward(self, x: Tensor) -> Tensor:
        return F.pixel_unshuffle(x, 2)

    def inverse(self, z: Tensor) -> Tensor:
        return F.pixel_shuffle(z, 2)


class Permute(InvertibleNetwork):
    """Reorders the entries of vectors (*, n) by a fixed permutation, kept in a buffer; `Permute.flip(n)` reverses them.

    >>> Permute(torch.tensor([2, 0, 1]))(torch.tensor([10.0, 11.0, 12.0]))
    tensor([12., 10., 11.])
    """

    order: Tensor

    def __init__(self, order: Tensor) -> None:
        super().__init__()
        if sorted(order.tolist()) != list(range(len(order))):
            raise ValueError(
                f"Permute: order must hold each of 0..{len(order) - 1} once, got {order.tolist()}."
            )
        self.register_buffer("order", order.clone())
        self.in_shape = self.out_shape = (len(order),)

    @classmethod
    def flip(cls, n: int) -> Permute:
        """The permutation that reverses n entries.

        >>> Permute.flip(2)(torch.tensor([1.0, 2.0]))
        tensor([2., 1.])
        """
        return cls(torch.arange(n).flip(0))

    def forward(self, x: Tensor) -> Tensor:
        return x.index_select(-1, self.order)  # six times as fast as x[..., order]

    def inverse(self, z: Tensor) -> Tensor:
        return z.index_select(-1, self.order.argsort())


@log_det_rule.register(Flatten)
@log_det_rule.register(Squeeze)
@log_det_rule.register(Permute)
def _(g: InvertibleNetwork, x: Tensor) -> tuple[Tensor, Tensor]:
    return g(x), x.new_zeros(len(x))


@lowered.register
def _(g: Flatten, ops: OpList, at: int, back: bool) -> int:
    return at


@lowered.register
def _(g: Squeeze, ops: OpList, at: int, back: bool) -> int:
    places = torch.arange(size(g.in_shape)).reshape(g.out_shape if back else g.in_shape)
    return ops.gathered(at, (g.inverse if back else g)(wide(places)[None]).flatten())


@lowered.register
def _(g: Permute, ops: OpList, at: int, back: bool) -> int:
    return ops.gathered(at, g.order.argsort() if back else g.order)
