"""A network as a plain list of calls of ten small kernels, with its numbers beside it: what runs where there is no torch.

A rule per type says which calls a network is; it stands beside the type, as the rules of `folded` do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import singledispatch
from typing import Any

import torch
from torch import Tensor, nn

KERNELS = {
    "mix": "wwccnnnn",  # to[t,o,p] = b[o] + Σ_i W[o,i] from[t,i,p]: to, from, W, b, outs, ins, positions, times
    "conv3": "wwwccnnnn",  # 3×3, zeros around: to, from, room of (ins, H+2, W+2), W, b, outs, ins, H, W
    "silu": "wn",  # x σ(x) in place: at, count
    "clamp": "wwnn",  # to = from within ± bound: to, from, count, bound
    "couple": "wwwnnn",  # y e^s + t, or (y − t) e^−s: y, raw, t, count, bound, way 1 or −1; s = bound tanh(raw/bound)
    "add": "wwnn",  # to += factor from: to, from, count, factor
    "plus": "wcn",  # to += constants: to, constants, count
    "affine": "wccnn",  # y[c,p] = scale[c] y[c,p] + shift[c], in place: at, scale, shift, channels, positions
    "scale": "wnn",  # at *= by: at, count, by
    "gather": "wwin",  # to[k] = from[index[k]]: to, from, index, count
    "copy": "wwn",  # to = from: to, from, count
    "fill": "wnn",  # at = value: at, count, value
}
"""Each kernel's arguments: w an address in the work memory, c one in the constants, i one in the indices, n a number."""


class Constants:
    """The numbers that a list's calls refer to by address; the same ones are kept once.

    >>> kept = Constants()
    >>> kept.put(torch.ones(2)), kept.put(torch.zeros(3)), kept.put(torch.ones(2))
    (0, 2, 0)
    """

    def __init__(self) -> None:
        self._parts: list[Tensor] = []
        self._places: dict[bytes, int] = {}
        self.count = 0

    def put(self, values: Tensor) -> int:
        """The address of these values, in their order."""
        values = values.detach().cpu().contiguous().flatten()
        key = values.numpy().tobytes()
        if key not in self._places:
            self._places[key] = self.count
            self._parts.append(values)
            self.count += len(values)
        return self._places[key]

    def all(self) -> Tensor:
        return torch.cat(self._parts) if self._parts else torch.zeros(0)


class OpList:
    """Calls in their order, on a work memory of `size` numbers of float32; `weights` and `indices` may be shared by lists.

    >>> ops = OpList()
    >>> at = ops.room(2)
    >>> ops.call("scale", at, 2, 0.5)
    >>> ops.calls, ops.size
    ([['scale', 0, 2, 0.5]], 4)
    """

    def __init__(self, weights: Constants | None = None, indices: Constants | None = None) -> None:
        self.weights, self.indices = weights or Constants(), indices or Constants()
        self.calls: list[list[Any]] = []
        self.size = self._top = 0

    def room(self, count: int) -> int:
        """The address of `count` numbers, at a multiple of 4."""
        at, self._top = self._top, self._top + -(-count // 4) * 4
        self.size = max(self.size, self._top)
        return at

    @contextmanager
    def borrowed(self) -> Iterator[None]:
        """What is made inside is room for others afterwards."""
        top = self._top
        yield
        self._top = top

    def weight(self, values: Tensor) -> int:
        return self.weights.put(values.float())

    def index(self, values: Tensor) -> int:
        return self.indices.put(values.to(torch.int32))

    def call(self, kernel: str, *arguments: float) -> None:
        if len(arguments) != len(KERNELS[kernel]):
            raise ValueError(f"{kernel} takes {len(KERNELS[kernel])} arguments, got {len(arguments)}.")
        self.calls.append([kernel, *arguments])

    def gathered(self, at: int, index: Tensor) -> int:
        """to[k] = from[index[k]], at a place of its own."""
        to = self.room(len(index))
        self.call("gather", to, at, self.index(index), len(index))
        return to

    def mixed(self, at: int, W: Tensor, b: Tensor | None = None, positions: int = 1, times: int = 1) -> int:
        """b + W x over the second last of (times, ins, positions), at a place of its own."""
        outs, ins = W.shape
        to, shift = self.room(times * outs * positions), torch.zeros(outs) if b is None else b
        self.call("mix", to, at, self.weight(W), self.weight(shift), outs, ins, positions, times)
        return to


@singledispatch
def lowered(g: Any, ops: OpList, at: int, back: bool) -> int:
    """Appends the calls of an invertible network, or with `back` of its inverse, on the point at `at`; returns where its
    result lies, which may be the same place. ValueError for a type without a rule.

    >>> from linearizer_core.networks import Permute
    >>> ops = OpList()
    >>> lowered(Permute.flip(2), ops, ops.room(2), back=False), ops.calls
    (4, [['gather', 4, 0, 0, 2]])
    """
    raise ValueError(
        f"{type(g).__name__} has no rule for an op list yet; write one by op_list.lowered.register, or export to onnx."
    )


@singledispatch
def applied(layer: nn.Module, ops: OpList, at: int, shape: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    """Appends the calls of a plain layer on a point of `shape` at `at`; returns where its result lies and its shape.

    >>> ops = OpList()
    >>> applied(nn.Sequential(nn.Linear(2, 3), nn.SiLU()), ops, ops.room(2), (2,))
    (4, (3,))
    """
    raise ValueError(
        f"{type(layer).__name__} has no rule for an op list yet; write one by op_list.applied.register."
    )


@applied.register
def _(layer: nn.Sequential, ops: OpList, at: int, shape: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    for part in layer:
        at, shape = applied(part, ops, at, shape)
    return at, shape


@applied.register
def _(layer: nn.SiLU, ops: OpList, at: int, shape: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    ops.call("silu", at, torch.Size(shape).numel())
    return at, shape


@applied.register
def _(layer: nn.Linear, ops: OpList, at: int, shape: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    return ops.mixed(at, layer.weight, layer.bias), (layer.out_features,)


@applied.register
def _(layer: nn.Conv2d, ops: OpList, at: int, shape: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    height, width = shape[1:]
    if layer.kernel_size == (1, 1):
        to = ops.mixed(at, layer.weight.flatten(1), layer.bias, height * width)
        return to, (layer.out_channels, height, width)
    if (layer.kernel_size, layer.padding, layer.stride, layer.groups) != ((3, 3), (1, 1), (1, 1), 1):
        raise ValueError(f"an op list has convolutions of 1×1 and of 3×3 with a border of 1, got {layer}.")
    outs, ins = layer.weight.shape[:2]
    to, padded = ops.room(outs * height * width), ops.room(ins * (height + 2) * (width + 2))
    bias = torch.zeros(outs) if layer.bias is None else layer.bias
    numbers = ops.weight(layer.weight), ops.weight(bias), outs, ins, height, width
    ops.call("conv3", to, at, padded, *numbers)
    return to, (outs, height, width)


@singledispatch
def recombination(A: nn.Module, ops: OpList, at: int) -> int:
    """Appends the calls of c ↦ U c, U the left singular vectors of A; returns where it lies. ValueError without a rule.

    >>> from linearizer_core.operators import Diagonal
    >>> ops = OpList()
    >>> recombination(Diagonal(torch.tensor([1.0, 2.0])), ops, ops.room(2)), ops.indices.all().tolist()
    (4, [1, 0])
    """
    raise ValueError(f"{type(A).__name__} has no rule for its singular vectors in an op list yet.")
