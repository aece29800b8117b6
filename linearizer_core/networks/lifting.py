"""Layers for pictures of many pixels: few leading axes that tell most, and all others moved by what these tell."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..op_list import OpList, applied, lowered
from ..precision import wide
from .base import InvertibleNetwork, size
from .conditioners import Conditioner, mlp_conditioner
from .coupling import REACH
from .folding import folded, frozen
from .log_det import log_det_rule

INPUT_GAIN, OUTPUT_GAIN = 4.0, 0.1
"""Of a `PictureConditioner`: centred pictures deviate by about 0.25, what is finer than their leading axes by a tenth."""


class OnLeading(InvertibleNetwork):
    """A network of r axes on the first r of n; the others stay. (*, n) to (*, n). ValueError where r > n.

    >>> from linearizer_core.networks import Log
    >>> OnLeading(Log(1), 2)(torch.tensor([1.0, 5.0]))
    tensor([0., 5.])
    """

    def __init__(self, network: InvertibleNetwork, n: int) -> None:
        super().__init__()
        if network.in_shape != network.out_shape or len(network.in_shape) != 1 or network.in_shape[0] > n:
            raise ValueError(
                f"OnLeading: expected a network of at most {n} axes to as many, got {network.in_shape} to "
                f"{network.out_shape}."
            )
        self.network = network
        self.in_shape = self.out_shape = (n,)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.network(x[..., : self._r]), x[..., self._r :]], -1)

    def inverse(self, z: Tensor) -> Tensor:
        return torch.cat([self.network.inverse(z[..., : self._r]), z[..., self._r :]], -1)

    @property
    def _r(self) -> int:
        return self.network.in_shape[0]


class Lift(InvertibleNetwork):
    r"""(x₁, x₂, x₃) ↦ (x₁, (x₂ − t(x₁)) e^{−s(x₁)}, x₃): a coupling whose first `kept` axes say what the next ones hold.

    What is left of x₂ is what x₁ cannot tell, so with zeros there the inverse fills in t(x₁), the best guess: this is the
    prediction step of a lifting scheme. `conditioner` maps (*, kept) to t, (*, moved), or where `bound` > 0 to s and t,
    (*, 2 moved), with |s| < bound. (*, n) to (*, n). ValueError unless kept + moved ≤ n.
    Source: Sweldens, "The lifting scheme: a custom-design construction of biorthogonal wavelets", 1996.

    >>> g = Lift(3, kept=1, moved=1, conditioner=nn.Identity())
    >>> g(torch.tensor([1.0, 5.0, 7.0]))
    tensor([1., 4., 7.])
    """

    def __init__(self, n: int, kept: int, moved: int, conditioner: nn.Module, bound: float = 0.0) -> None:
        super().__init__()
        if kept < 1 or moved < 1 or kept + moved > n:
            raise ValueError(
                f"Lift: kept and moved must be at least 1 and together at most {n}, got {kept}, {moved}."
            )
        self.in_shape = self.out_shape = (n,)
        self.kept, self.moved, self.bound = kept, moved, bound
        self.conditioner = conditioner

    def forward(self, x: Tensor) -> Tensor:
        return _lifted(self, x)[0]

    def inverse(self, z: Tensor) -> Tensor:
        kept, moved, others = _parts(self, z)
        log_scale, shift = _log_scale_and_shift(self, kept)
        moved = moved if log_scale is None else moved * log_scale.exp()
        return torch.cat([kept, moved + shift, others], -1)


def _parts(g: Lift, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return x.split([g.kept, g.moved, x.shape[-1] - g.kept - g.moved], -1)


def _log_scale_and_shift(g: Lift, kept: Tensor) -> tuple[Tensor | None, Tensor]:
    out = g.conditioner(kept)
    if not g.bound:
        return None, out
    raw, shift = out.chunk(2, -1)
    return g.bound * torch.tanh(raw / g.bound), shift


def _lifted(g: Lift, x: Tensor) -> tuple[Tensor, Tensor | None]:
    kept, moved, others = _parts(g, x)
    log_scale, shift = _log_scale_and_shift(g, kept)
    moved = moved - shift
    moved = moved if log_scale is None else moved * (-log_scale).exp()
    return torch.cat([kept, moved, others], -1), log_scale


class Clipped(nn.Module):
    """A conditioner that sees its input within ± `REACH`, so that far from data it goes on as a constant.

    >>> Clipped(nn.Identity())(torch.tensor([-9.0, 1.0]))
    tensor([-6.,  1.])
    """

    def __init__(self, conditioner: nn.Module) -> None:
        super().__init__()
        self.conditioner = conditioner

    def forward(self, x: Tensor) -> Tensor:
        return self.conditioner(x.clamp(-REACH, REACH))


def vector_lift(n: int, kept: int, hidden: int, bound: float) -> Lift:
    """A lift of all axes but the `kept` first by an MLP on these, which ought to have variance 1. Fresh, the identity.

    >>> vector_lift(3, kept=1, hidden=4, bound=0.5)(torch.ones(3))
    tensor([1., 1., 1.], grad_fn=<CatBackward0>)
    """
    moved = n - kept
    return Lift(n, kept, moved, Clipped(mlp_conditioner(kept, 2 * moved, hidden)), bound)


class Refiner(nn.Module):
    """Pictures (B, C, H, W) to as many, at 1/`patch` of the resolution: a convolution, residual blocks, a last one at 0.

    `places` is learned at every position and feature: on aligned pictures, an eye is where eyes are.

    >>> Refiner((3, 8, 8), width=4, blocks=1, patch=4)(torch.rand(2, 3, 8, 8)).abs().max()
    tensor(0., grad_fn=<MaxBackward1>)
    """

    def __init__(self, in_shape: tuple[int, int, int], width: int, blocks: int, patch: int) -> None:
        super().__init__()
        channels, height, columns = in_shape[0] * patch**2, in_shape[1] // patch, in_shape[2] // patch
        self.in_shape, self.width, self.blocks, self.patch = tuple(in_shape), width, blocks, patch
        self.enter = nn.Conv2d(channels, width, 3, padding=1)
        self.places = nn.Parameter(torch.zeros(width, height, columns))
        self.convolutions = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(2 * blocks))
        self.leave = nn.Conv2d(width, channels, 3, padding=1)
        for layer in (*self.convolutions[1::2], self.leave):  # each block starts as the identity
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        h = self.enter(F.pixel_unshuffle(x, self.patch)) + self.places
        for first, second in zip(self.convolutions[::2], self.convolutions[1::2]):
            h = h + second(F.silu(first(F.silu(h))))
        return F.pixel_shuffle(self.leave(F.silu(h)), self.patch)


class PictureConditioner(nn.Module):
    """The `kept` leading axes are shown as a picture, a network refines it, and the next `moved` axes of that are given.

    `to_axes` is what makes axes of pictures, linear and orthonormal; it is shared with the g that this is a part of, not
    copied. (*, kept) to (*, moved). The network sees pixels within ± `REACH` / `INPUT_GAIN` of the centre, 1.5: far from
    data it goes on as a constant. Inside `mixed_precision` the network, and it alone, computes in bfloat16.

    >>> from linearizer_core.networks.frequencies import CosineTransform
    >>> c = PictureConditioner(CosineTransform((3, 8, 8)), 2, 9, Refiner((3, 8, 8), width=4, blocks=1, patch=4))
    >>> c(torch.ones(5, 2)).shape
    torch.Size([5, 9])
    """

    def __init__(self, to_axes: InvertibleNetwork, kept: int, moved: int, network: nn.Module) -> None:
        super().__init__()
        self.to_axes, self.kept, self.moved = to_axes, kept, moved
        self.network = network if isinstance(network, Conditioner) else Conditioner(network)

    def forward(self, c: Tensor) -> Tensor:
        z = F.pad(c.reshape(-1, self.kept), (0, self.to_axes.out_shape[0] - self.kept))
        seen = (INPUT_GAIN * self.to_axes.inverse(z)).clamp(-REACH, REACH)
        told = self.to_axes(OUTPUT_GAIN * self.network(seen))[..., self.kept : self.kept + self.moved]
        return told.reshape(*c.shape[:-1], self.moved)


@folded.register
def _(g: OnLeading) -> OnLeading:
    return OnLeading(folded(g.network), g.in_shape[0])


@folded.register
def _(g: Lift) -> InvertibleNetwork:
    quick = frozen(copy.deepcopy(g))
    for part in list(quick.modules()):
        if isinstance(part, PictureConditioner):
            part.to_axes = folded(part.to_axes)
    return quick


@log_det_rule.register
def _(g: OnLeading, x: Tensor) -> tuple[Tensor, Tensor]:
    r = g.network.in_shape[0]
    z, log_det = log_det_rule(g.network, x[:, :r])
    return torch.cat([z, x[:, r:]], 1), log_det


@log_det_rule.register
def _(g: Lift, x: Tensor) -> tuple[Tensor, Tensor]:
    z, log_scale = _lifted(g, x)
    return z, x.new_zeros(len(x)) if log_scale is None else -log_scale.sum(1)


# --- as calls of kernels -----------------------------------------------------------------------------------
@lowered.register
def _(g: OnLeading, ops: OpList, at: int, back: bool) -> int:
    found = lowered(g.network, ops, at, back)
    if found != at:
        ops.call("copy", at, found, g.network.in_shape[0])
    return at


@lowered.register
def _(g: Lift, ops: OpList, at: int, back: bool) -> int:
    moved = at + g.kept
    with ops.borrowed():
        told, _ = applied(g.conditioner, ops, at, (g.kept,))
        if g.bound:
            ops.call("couple", moved, told, told + g.moved, g.moved, g.bound, 1 if back else -1)
        else:
            ops.call("add", moved, told, g.moved, 1 if back else -1)
    return at


@applied.register
def _(layer: Clipped, ops: OpList, at: int, shape: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    seen = ops.room(size(shape))
    ops.call("clamp", seen, at, size(shape), REACH)
    return applied(layer.conditioner, ops, seen, shape)


@applied.register
def _(layer: Refiner, ops: OpList, at: int, shape: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    places = wide(torch.arange(size(layer.in_shape))).reshape(1, *layer.in_shape)
    patches = F.pixel_unshuffle(places, layer.patch)
    h, inside = applied(layer.enter, ops, ops.gathered(at, patches.flatten()), tuple(patches.shape[1:]))
    count = size(inside)
    ops.call("plus", h, ops.weight(layer.places), count)
    for first, second in zip(layer.convolutions[::2], layer.convolutions[1::2]):
        with ops.borrowed():
            seen = ops.room(count)
            ops.call("copy", seen, h, count)
            ops.call("silu", seen, count)
            seen, _ = applied(first, ops, seen, inside)
            ops.call("silu", seen, count)
            seen, _ = applied(second, ops, seen, inside)
            ops.call("add", h, seen, count, 1)
    ops.call("silu", h, count)
    h, outside = applied(layer.leave, ops, h, inside)
    order = F.pixel_shuffle(wide(torch.arange(size(outside))).reshape(1, *outside), layer.patch)
    return ops.gathered(h, order.flatten()), layer.in_shape


@applied.register
def _(layer: PictureConditioner, ops: OpList, at: int, shape: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    n, picture = layer.to_axes.out_shape[0], layer.to_axes.in_shape
    shown = ops.room(n)
    ops.call("fill", shown, n, 0)
    ops.call("copy", shown, at, layer.kept)
    shown = lowered(layer.to_axes, ops, shown, True)
    ops.call("scale", shown, n, INPUT_GAIN)
    ops.call("clamp", shown, shown, n, REACH)
    told, _ = applied(layer.network, ops, shown, picture)
    ops.call("scale", told, n, OUTPUT_GAIN)
    return lowered(layer.to_axes, ops, told, False) + layer.kept, (layer.moved,)
