"""The first of the two abstractions: an invertible network g, its inverse, and chains of such networks."""

from __future__ import annotations

import abc
import inspect
import math
from collections.abc import Iterable
from functools import singledispatch
from itertools import pairwise
from typing import Any

from torch import Tensor, nn

from ..inputs import whole_number
from ..op_list import OpList, lowered
from ..precision import WITHOUT_FLOAT64, in_full_precision, narrow, wide

_SHAPES = ("in_shape", "out_shape")


class InvertibleNetwork(nn.Module, abc.ABC):
    r"""A bijection g between tensors of shape (*, *in_shape) and (*, *out_shape), with g⁻¹(g(x)) = x.

    A new network writes `forward` and `inverse` and sets the two shapes; the batch is never part of a shape.
    A whole g, the kind that a Linearizer takes, ends in a flat vector: `out_shape == (n,)`.
    Both ways take float32 and float64 and run outside any ambient autocast, which would spoil the round trip; ValueError
    for integers (see `as_float`) and for half precision.
    Source: Berman, Hallak, Shocher, "Who Said Neural Networks Aren't Linear?", arXiv:2510.08570.

    >>> import torch
    >>> g = Log(2)
    >>> g(torch.ones(2)), g.inv(torch.zeros(2))
    (tensor([0., 0.]), tensor([1., 1.]))
    >>> g.inv
    Inverse(
      (2,)
      (network): Log((2,))
    )
    """

    in_shape: tuple[int, ...]
    out_shape: tuple[int, ...]
    carry_wide: bool = False

    @abc.abstractmethod
    def forward(self, x: Tensor) -> Tensor: ...

    @abc.abstractmethod
    def inverse(self, z: Tensor) -> Tensor: ...

    def __init_subclass__(cls) -> None:
        """Guards what a new network writes, so that no class has to think of precision."""
        super().__init_subclass__()
        for name in {"forward", "inverse"} & vars(cls).keys():
            setattr(cls, name, in_full_precision(vars(cls)[name]))

    def __setattr__(self, name: str, value: Any) -> None:
        """Checks the two shapes where they are set, so that no class has to: -1 axes are found here, not at a call."""
        if name in _SHAPES:
            value = _axes(f"{type(self).__name__}: {name}", value)
        super().__setattr__(name, value)

    def carried(self, x: Tensor) -> Tensor:
        """x as it goes from layer to layer: in float64 where `carry_wide` is set and the device has it, else as it is.

        >>> import torch
        >>> Chain(Log(1), carry_wide=True).carried(torch.ones(1)).dtype
        torch.float64
        """
        return wide(x) if self.carry_wide and x.device.type not in WITHOUT_FLOAT64 else x

    def extra_repr(self) -> str:
        """The shapes, and the numbers and words that the network was made with."""
        same = tuple(self.in_shape) == tuple(self.out_shape)
        shapes = f"{tuple(self.in_shape)}" if same else f"{tuple(self.in_shape)} → {tuple(self.out_shape)}"
        names = list(inspect.signature(type(self).__init__).parameters)[1:]
        made_with = {name: vars(self)[name] for name in names if name in vars(self)}
        told = [
            f"{name}={v!r}"
            for name, v in made_with.items()
            if isinstance(v, int | float | str) and v is not False
        ]
        return ", ".join([shapes, *told])

    @property
    def inv(self) -> InvertibleNetwork:
        """The inverse network as an object of its own; `g.inv.inv is g`."""
        return inverted(self)


def _axes(name: str, shape: Iterable[object]) -> tuple[int, ...]:
    return tuple(whole_number(f"{name}: each side", side, least=1) for side in shape)


class Inverse(InvertibleNetwork):
    """g⁻¹ as a network: forward is g's inverse, inverse is g's forward; it shares g's parameters.

    >>> g = Log(3)
    >>> g.inv.inv is g
    True
    """

    def __init__(self, network: InvertibleNetwork) -> None:
        super().__init__()
        self.network = network
        self.in_shape, self.out_shape = network.out_shape, network.in_shape

    def forward(self, z: Tensor) -> Tensor:
        return self.network.inverse(z)

    def inverse(self, x: Tensor) -> Tensor:
        return self.network(x)


@singledispatch
def inverted(g: InvertibleNetwork) -> InvertibleNetwork:
    """g⁻¹ as a network; of an `Inverse` the network itself.

    >>> g = Log(3)
    >>> inverted(inverted(g)) is g
    True
    """
    return Inverse(g)


@inverted.register
def _(g: Inverse) -> InvertibleNetwork:
    return g.network


class Chain(InvertibleNetwork):
    """g = g_k ∘ … ∘ g_1: the first network given is applied first. Raises ValueError where the shapes do not fit.

    With `carry_wide` float32 goes from layer to layer in float64, and only the end is rounded: of what float32 costs a
    long chain far from its data, a tenth is left, for hardly more time, as the networks inside couplings stay in float32.
    A device without float64 carries float32 all the same.

    >>> import torch
    >>> g = Chain(Log(1), Log(1).inv)
    >>> g(torch.tensor([5.0]))
    tensor([5.])
    """

    networks: Any  # an nn.ModuleList of InvertibleNetwork, which torch has no type for

    def __init__(self, *networks: InvertibleNetwork, carry_wide: bool = False) -> None:
        super().__init__()
        if not networks:
            raise ValueError("Chain needs at least one network, got none.")
        for i, (first, second) in enumerate(pairwise(networks)):
            if first.out_shape != second.in_shape:
                raise ValueError(
                    f"Chain: network {i} ({type(first).__name__}) ends in shape {first.out_shape}, but network "
                    f"{i + 1} ({type(second).__name__}) takes {second.in_shape}; put a shaping layer between them."
                )
        self.networks, self.carry_wide = nn.ModuleList(networks), carry_wide
        self.in_shape, self.out_shape = networks[0].in_shape, networks[-1].out_shape

    def forward(self, x: Tensor) -> Tensor:
        y = self.carried(x)
        for network in self.networks:
            y = network(y)
        return narrow(y, x)

    def inverse(self, z: Tensor) -> Tensor:
        y = self.carried(z)
        for network in reversed(self.networks):
            y = network.inverse(y)
        return narrow(y, z)


class Log(InvertibleNetwork):
    """g(x) = log x on positive vectors of size n: the smallest g; its induced addition is multiplication.

    Shapes: (*, n) to (*, n). Source: arXiv:2510.08570 (the vector space of positive numbers).

    >>> import torch
    >>> g = Log(1)
    >>> g.inverse(g(torch.tensor([2.0])) + g(torch.tensor([4.0])))
    tensor([8.])
    """

    def __init__(self, n: int) -> None:
        super().__init__()
        self.in_shape = self.out_shape = (n,)

    def forward(self, x: Tensor) -> Tensor:
        return x.log()

    def inverse(self, z: Tensor) -> Tensor:
        return z.exp()


def size(shape: tuple[int, ...]) -> int:
    """Number of entries of one item of the given shape.

    >>> size((1, 32, 32))
    1024
    """
    return math.prod(shape)


def check_network(name: str, g: object, flat: bool = True) -> InvertibleNetwork:
    """g itself if it is an `InvertibleNetwork`, by default one that ends in a flat vector; ValueError otherwise.

    >>> check_network("g_x", nn.Linear(3, 3))
    Traceback (most recent call last):
    ValueError: g_x must be an InvertibleNetwork, got Linear; see linearizer_core.networks, or write forward and inverse.
    """
    if not isinstance(g, InvertibleNetwork):
        raise ValueError(
            f"{name} must be an InvertibleNetwork, got {type(g).__name__}; see linearizer_core.networks, or write "
            "forward and inverse."
        )
    if flat and len(g.out_shape) != 1:
        raise ValueError(
            f"{name} must end in a flat latent (n,), got out_shape={tuple(g.out_shape)}; append Flatten to the chain."
        )
    return g


@lowered.register
def _(g: Chain, ops: OpList, at: int, back: bool) -> int:
    for network in reversed(g.networks) if back else g.networks:
        at = lowered(network, ops, at, back)
    return at


@lowered.register
def _(g: Inverse, ops: OpList, at: int, back: bool) -> int:
    return lowered(g.network, ops, at, not back)
