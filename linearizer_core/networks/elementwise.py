"""Scale and shift, entry by entry."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..op_list import OpList, lowered
from ..precision import wide
from .base import Chain, InvertibleNetwork, size
from .folding import Linear, linear
from .log_det import log_det_rule


class ActNorm(InvertibleNetwork):
    r"""z = exp(s) (x + b), one s and one b per channel (first dimension of `in_shape`). A fresh one is the identity.

    Shapes: (B, *in_shape) to the same. There is no hidden "initialised" flag that saving could lose: `initialise`
    below sets s and b from data once, when training starts, and they are ordinary parameters from then on.
    Source: Kingma and Dhariwal, "Glow", arXiv:1807.03039, section 3.1.

    >>> ActNorm((3,))(torch.tensor([[1.0, 2.0, 3.0]]))
    tensor([[1., 2., 3.]], grad_fn=<MulBackward0>)
    """

    def __init__(self, in_shape: tuple[int, ...]) -> None:
        super().__init__()
        self.in_shape = self.out_shape = tuple(in_shape)
        per_channel = (in_shape[0],) + (1,) * (len(in_shape) - 1)
        self.bias = nn.Parameter(torch.zeros(per_channel))
        self.log_scale = nn.Parameter(torch.zeros(per_channel))

    def forward(self, x: Tensor) -> Tensor:
        return (x + self.bias) * self.log_scale.exp()

    def inverse(self, z: Tensor) -> Tensor:
        return z / self.log_scale.exp() - self.bias  # the same rounded scale as forward, whatever carries z

    @torch.no_grad()
    def fit(self, x: Tensor) -> None:
        """Sets s and b so that a batch x (B, *in_shape) leaves with mean 0 and variance 1 in every channel.

        >>> layer = ActNorm((1,)); layer.fit(torch.tensor([[1.0], [3.0]])); layer.bias.item()
        -2.0
        """
        dims = [0, *range(2, x.dim())]
        mean = x.mean(dims).reshape(self.bias.shape)
        deviation = x.var(dims, correction=0).sqrt().reshape(self.bias.shape)
        self.bias.copy_(-mean)
        self.log_scale.copy_(-deviation.clamp(min=1e-3).log())  # a constant channel must not blow up


class Translate(InvertibleNetwork):
    """z = x + b for vectors (*, n), with a fixed `shift` b (n,) in a buffer.

    >>> Translate(torch.tensor([1.0, 2.0]))(torch.zeros(1, 2))
    tensor([[1., 2.]])
    """

    shift: Tensor

    def __init__(self, shift: Tensor) -> None:
        super().__init__()
        self.register_buffer("shift", shift.detach().clone())
        self.in_shape = self.out_shape = tuple(shift.shape)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.shift

    def inverse(self, z: Tensor) -> Tensor:
        return z - self.shift


@log_det_rule.register
def _(g: Translate, x: Tensor) -> tuple[Tensor, Tensor]:
    return g(x), x.new_zeros(len(x))


@log_det_rule.register
def _(g: ActNorm, x: Tensor) -> tuple[Tensor, Tensor]:
    entries_per_channel = size(g.in_shape) // g.in_shape[0]
    return g(x), (entries_per_channel * g.log_scale.sum()).expand(len(x))


@torch.no_grad()
def initialise(g: InvertibleNetwork, x: Tensor) -> Tensor:
    """Data-dependent start: walks the chains inside g and fits each ActNorm to what reaches it; returns g(x).

    Call it once on a batch x (B, *in_shape), before the first training step. Source: arXiv:1807.03039, section 3.1.

    >>> g = Chain(ActNorm((1,)))
    >>> initialise(g, torch.tensor([[1.0], [3.0]])).flatten()
    tensor([-1.,  1.])
    """
    if isinstance(g, Chain):
        for network in g.networks:
            x = initialise(network, x)
        return x
    if isinstance(g, ActNorm):
        g.fit(x)
    return g(x)


@linear.register
def _(g: ActNorm) -> Linear:
    scale = wide(g.log_scale.exp()).flatten()  # rounded as the layer itself rounds it
    return Linear(scale, scale * wide(g.bias).flatten())


def _scaled(ops: OpList, at: int, scale: Tensor, shift: Tensor, positions: int = 1) -> int:
    ops.call("affine", at, ops.weight(scale), ops.weight(shift), len(scale), positions)
    return at


@lowered.register
def _(g: ActNorm, ops: OpList, at: int, back: bool) -> int:
    scale, bias = wide(g.log_scale.exp()).flatten(), wide(g.bias).flatten()
    found = (1 / scale, -bias) if back else (scale, scale * bias)
    return _scaled(ops, at, *found, positions=size(g.in_shape) // g.in_shape[0])


@lowered.register
def _(g: Translate, ops: OpList, at: int, back: bool) -> int:
    return _scaled(ops, at, torch.ones_like(g.shift), -g.shift if back else g.shift)
