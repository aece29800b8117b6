"""Networks under a condition, g(x, c): couplings whose conditioners see c too. For each c an ordinary g, with its space."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import partial, singledispatch

import torch
from torch import Tensor, nn

from ..inputs import whole_number
from ..op_list import OpList, applied
from .base import Chain, Inverse, InvertibleNetwork
from .conditioners import conv_conditioner, mlp_conditioner
from .coupling import AffineCoupling, MakeConditioner


class Conditional(nn.Module):
    """A conditioner that sees a condition too: x₁ ↦ `network`(x₁, c), c being `context` more numbers at every position.

    c (context,) holds for all items, c (B, context) has one for each; `given` sets it. x₁ (B, n) or (B, C, H, W).
    ValueError where no condition was given, or one of another size.

    >>> s = Conditional(mlp_conditioner(1 + 2, 4, hidden=8), context=2, c=torch.zeros(2))
    >>> s(torch.ones(5, 1)).shape
    torch.Size([5, 4])
    """

    c: Tensor | None

    def __init__(self, network: nn.Module, context: int, c: Tensor | None = None) -> None:
        super().__init__()
        self.network, self.context = network, whole_number("context", context, least=1)
        self.register_buffer("c", c)

    def forward(self, x: Tensor) -> Tensor:
        if self.c is None:
            raise ValueError(f"this g takes a condition of {self.context} numbers; call given(g, c).")
        positions = x.dim() - 2 if x.dim() > 2 else 0
        if self.c.dim() == 2 and (not x.dim() > 1 or len(self.c) != len(x)):
            raise ValueError(
                f"c holds a condition for each of {len(self.c)} items, got a batch {tuple(x.shape[:-1])}."
            )
        told = self.c.to(x).reshape(*self.c.shape, *(1,) * positions)
        axis = 1 if positions else -1
        sides = [*x.shape]
        sides[axis] = self.context
        return self.network(torch.cat([x, told.expand(sides)], axis))


def conditional(shape: Sequence[int], context: int) -> MakeConditioner:
    """What makes the conditioners of a conditional coupling of points of `shape`, (n,) or (C, H, W).

    >>> g = AffineCoupling((4,), hidden=8, conditioner=conditional((4,), context=3))
    >>> given(g, torch.ones(3))(torch.zeros(2, 4)).shape
    torch.Size([2, 4])
    """
    usual = mlp_conditioner if len(shape) == 1 else conv_conditioner
    return partial(_conditional, usual, context)


def _conditional(usual: MakeConditioner, context: int, inputs: int, outputs: int, hidden: int) -> Conditional:
    return Conditional(usual(inputs + context, outputs, hidden), context)


def given(g: InvertibleNetwork, c: Tensor) -> InvertibleNetwork:
    """g(·, c): the network under the condition c, with the very same parameters, so that training one trains the other.

    c (context,) is one condition for all points, c (B, context) one for each of a batch of B; it may carry gradients. For
    each c there is a space of its own: points are added to points of their own condition. `vector_flow` and `image_flow`
    make conditional networks where they get a `context`. ValueError for a network that takes no condition, and for
    another number of conditions than it takes.

    >>> from linearizer_core.networks import vector_flow
    >>> g = vector_flow(2, steps=3, hidden=8, context=10)
    >>> seven = given(g, torch.eye(10)[7])
    >>> seven.inverse(seven(torch.ones(4, 2))).shape
    torch.Size([4, 2])
    """
    takers = [module for module in g.modules() if isinstance(module, Conditional)]
    if not takers:
        raise ValueError(
            f"this {type(g).__name__} takes no condition; make g with a context, as vector_flow does."
        )
    for taker in takers:
        if c.dim() not in (1, 2) or c.shape[-1] != taker.context:
            raise ValueError(
                f"c must be a condition ({taker.context},), or one for each item, (B, {taker.context}), got "
                f"{tuple(c.shape)}."
            )
    return given_rule(g, c)


@singledispatch
def given_rule(g: InvertibleNetwork, c: Tensor) -> InvertibleNetwork:
    """What `given` makes of a part of a network: itself, where its type has no rule.

    >>> from linearizer_core.networks import Log
    >>> g = Log(2)
    >>> given_rule(g, torch.ones(1)) is g
    True
    """
    return g


@given_rule.register
def _(g: Chain, c: Tensor) -> Chain:
    networks = [given_rule(network, c) for network in g.networks]
    return Chain(*networks, carry_wide=g.carry_wide).train(g.training)


@given_rule.register
def _(g: Inverse, c: Tensor) -> Inverse:
    return Inverse(given_rule(g.network, c)).train(g.training)


@given_rule.register
def _(g: AffineCoupling, c: Tensor) -> AffineCoupling:
    if not isinstance(g.conditioner, Conditional):
        return g
    told = copy.copy(g)  # shares the parameters, but not the table of its modules
    told._modules = {
        **g._modules,
        "conditioner": Conditional(g.conditioner.network, g.conditioner.context, c),
    }
    return told.train(g.training)


@applied.register
def _(layer: Conditional, ops: OpList, at: int, shape: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    if layer.c is None or layer.c.dim() != 1:
        raise ValueError(
            "an op list is made of a network under one condition; call given(g, c) with c (context,)."
        )
    channels, *sides = shape
    positions = torch.Size(sides).numel()
    told = ops.room((channels + layer.context) * positions)
    ops.call("copy", told, at, channels * positions)
    for k, number in enumerate(layer.c.tolist(), start=channels):
        ops.call("fill", told + k * positions, positions, number)
    return applied(layer.network, ops, told, (channels + layer.context, *sides))
