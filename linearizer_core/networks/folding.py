"""Frozen copies for inference: what is the same at every call is worked out once, in float64."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from functools import singledispatch
from itertools import groupby
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..op_list import OpList, lowered
from ..precision import narrow, precision_of, wide
from .base import Chain, Inverse, InvertibleNetwork, size
from .log_det import log_det_rule


class Linear(NamedTuple):
    """x ↦ W x + b over the first dimension of a network's `in_shape`, in float64: b (n,), W (n, n) or its diagonal (n,).

    >>> Linear(torch.tensor([2.0, 3.0]), torch.zeros(2)).matrix().tolist()
    [[2.0, 0.0], [0.0, 3.0]]
    """

    W: Tensor
    b: Tensor

    def matrix(self) -> Tensor:
        return self.W if self.W.dim() == 2 else torch.diag(self.W)


Module = TypeVar("Module", bound=nn.Module)


@singledispatch
def linear(g: InvertibleNetwork) -> Linear | None:
    """What a network is where it is the same linear map at every position; None for any other.

    >>> from linearizer_core.networks import ActNorm, AffineCoupling
    >>> linear(ActNorm((2,))).W.tolist(), linear(AffineCoupling((2,), hidden=1))
    ([1.0, 1.0], None)
    """
    return None


@linear.register
def _(g: Inverse) -> Linear | None:
    part = linear(g.network)
    if part is None:
        return None
    if part.W.dim() == 1:
        return Linear(1 / part.W, -part.b / part.W)
    W = torch.linalg.inv(part.W)
    return Linear(W, -W @ part.b)


@singledispatch
def folded(g: Any) -> Any:  # of a network a network, of a Linearizer a Linearizer
    """A copy of g, or of a Linearizer with its networks, that computes the same faster: what is the same at every call is
    worked out once, in float64.

    Neighbours that mix channels or scale and shift them become one matrix and its inverse, which is stored too; a decode
    of `digits` then needs half the time. The copy holds no parameters, so nothing in it trains, and it shares nothing
    with g: train g and fold it again. Fold g in the precision in which the copy is to be used. ValueError for anything else.

    >>> from linearizer_core.networks import vector_flow
    >>> g = vector_flow(2, steps=3, hidden=4)
    >>> quick, x = folded(g), torch.ones(1, 2)
    >>> torch.allclose(quick(x), g(x), atol=1e-5), torch.allclose(quick.inverse(g(x)), x, atol=1e-5)
    (True, True)
    >>> len(g.networks), len(quick.networks), list(quick.parameters())
    (9, 6, [])
    """
    if not isinstance(g, nn.Module):
        raise ValueError(f"g must be a network or a model built of some, got {type(g).__name__}.")
    return frozen(copy.deepcopy(g))


def frozen(g: Module) -> Module:
    """g itself, in eval mode, with buffers in the place of parameters.

    >>> from linearizer_core.networks import ActNorm
    >>> sorted(frozen(ActNorm((2,))).state_dict()), list(frozen(ActNorm((2,))).parameters())
    (['bias', 'log_scale'], [])
    """
    for module in g.modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            delattr(module, name)
            module.register_buffer(name, parameter.detach())
    return g.eval()


class Folded(InvertibleNetwork):
    """z = W x + b over the first dimension of `in_shape`, with W⁻¹ stored beside W: (B, C, H, W) or (*, n) to the same.

    W (n, n) and b (n,) come in float64; they are kept so for vectors, and in `dtype` for pictures. ValueError where W is
    singular.

    >>> g = Folded((2,), torch.tensor([[0.0, 2.0], [1.0, 0.0]]), torch.tensor([1.0, 0.0]), torch.float32)
    >>> g(torch.tensor([3.0, 4.0])), g.inverse(torch.tensor([9.0, 3.0]))
    (tensor([9., 3.]), tensor([3., 4.]))
    """

    W: Tensor
    b: Tensor
    W_inv: Tensor
    b_inv: Tensor
    log_det: Tensor

    def __init__(self, in_shape: tuple[int, ...], W: Tensor, b: Tensor, dtype: torch.dtype) -> None:
        super().__init__()
        self.in_shape = self.out_shape = tuple(in_shape)
        inverse, failed = torch.linalg.inv_ex(wide(W))
        if failed:
            raise ValueError("W: expected an invertible matrix, got a singular one.")
        dtype = torch.float64 if len(self.in_shape) == 1 else dtype
        kept = {"W": W, "b": b, "W_inv": inverse, "b_inv": -inverse @ wide(b)}
        for name, value in kept.items():
            self.register_buffer(name, value.detach().to(dtype, copy=True))
        self.register_buffer("log_det", torch.linalg.slogdet(wide(W)).logabsdet.to(dtype))

    def forward(self, x: Tensor) -> Tensor:
        return self._applied(x, self.W, self.b)

    def inverse(self, z: Tensor) -> Tensor:
        return self._applied(z, self.W_inv, self.b_inv)

    def _applied(self, x: Tensor, W: Tensor, b: Tensor) -> Tensor:
        if (
            len(self.in_shape) == 1
        ):  # the one that mixes all axes would lose a digit of the round trip in float32
            return narrow(F.linear(wide(x), wide(W), wide(b)), x)
        return F.conv2d(x, narrow(W, x)[..., None, None], narrow(b, x))


@log_det_rule.register
def _(g: Folded, x: Tensor) -> tuple[Tensor, Tensor]:
    positions = size(g.in_shape) // g.in_shape[0]
    return g(x), narrow(positions * g.log_det, x).expand(len(x))


@folded.register
@torch.no_grad()
def _(g: Chain) -> InvertibleNetwork:
    dtype = torch.float64 if g.carry_wide else precision_of(g) or torch.get_default_dtype()
    networks = [network for run in _runs(g.networks) for network in _folded_run(run, dtype)]
    return Chain(*networks, carry_wide=g.carry_wide).eval()


@folded.register
def _(g: Inverse) -> InvertibleNetwork:
    return folded(g.network).inv


def _runs(networks: Iterable[InvertibleNetwork]) -> Iterator[list[InvertibleNetwork]]:
    """Neighbours that are all linear over the same shape, or all not."""
    for _, run in groupby(networks, lambda g: (tuple(g.in_shape), tuple(g.out_shape), linear(g) is not None)):
        yield list(run)


def _folded_run(run: list[InvertibleNetwork], dtype: torch.dtype) -> list[InvertibleNetwork]:
    parts = [part for part in map(linear, run) if part is not None]
    if len(parts) < len(run) or not any(part.W.dim() == 2 for part in parts):
        return [folded(g) for g in run]  # scales alone would make a matrix of what is a row of numbers
    W, b = parts[0].matrix(), parts[0].b
    for part in parts[1:]:
        W, b = part.matrix() @ W, part.matrix() @ b + part.b
    return [Folded(run[0].in_shape, W, b, dtype)]


@lowered.register
def _(g: Folded, ops: OpList, at: int, back: bool) -> int:
    W, b = (g.W_inv, g.b_inv) if back else (g.W, g.b)
    return ops.mixed(at, W, b, positions=size(g.in_shape) // g.in_shape[0])
