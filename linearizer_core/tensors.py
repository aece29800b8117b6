"""Stored tensors that nobody trusts yet: their headers, their numbers, and how much memory may be spent on their word."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor
from torch.overrides import TorchFunctionMode

from .configs import CheckpointError

Headers = dict[str, tuple[str, tuple[int, ...]]]
"""Name of a tensor to its type, as safetensors calls it, and its shape."""

FLOATS = {"F32": torch.float32, "F64": torch.float64}
DTYPES = {**FLOATS, "I64": torch.int64, "I32": torch.int32, "U8": torch.uint8, "BOOL": torch.bool}


def _of_size(*size: Any, **kwargs: Any) -> int:
    return math.prod(kwargs.get("size", size[0] if size and not isinstance(size[0], int) else size))


def _of_range(start: float, end: float | None = None, step: float = 1, **kwargs: object) -> int:
    return math.ceil((start if end is None else end - start) / step)


# How many numbers each makes. Torch would say it on the device "meta", but takes a second to import what it needs for that.
FACTORIES = (
    dict.fromkeys((torch.empty, torch.zeros, torch.ones, torch.rand, torch.randn), _of_size)
    | {
        torch.full: lambda size, *value, **kwargs: math.prod(size),
        torch.eye: lambda n, m=None, **kwargs: n * (n if m is None else m),
        torch.arange: _of_range,
        torch.linspace: lambda start, end, steps, **kwargs: steps,
        torch.randint: lambda *bounds, **kwargs: math.prod(kwargs.get("size", bounds[-1])),
        torch.randperm: lambda n, **kwargs: n,
        Tensor.new_full: lambda like, size, *value, **kwargs: math.prod(size),
    }
    | dict.fromkeys(
        (Tensor.new_empty, Tensor.new_zeros, Tensor.new_ones), lambda like, *size, **kw: _of_size(*size, **kw)
    )
)


def headers_of(stored: safe_open) -> Headers:
    """Type and shape of every tensor of an open file, of which no number is read.

    >>> import safetensors.torch, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     safetensors.torch.save_file({"bias": torch.zeros(3)}, f"{folder}/a")
    ...     headers_of(safe_open(f"{folder}/a", "pt"))
    {'bias': ('F32', (3,))}
    """
    slices = {name: stored.get_slice(name) for name in stored.keys()}  # noqa: SIM118 (not a dict)
    return {name: (part.get_dtype(), tuple(part.get_shape())) for name, part in slices.items()}


LEAST = 200
"""Numbers that a tensor counts for at least: a million of one number each take their time as well."""


def budget(tensors: int, numbers: int) -> Budget:
    """What the build may take of a model that so many tensors with so many numbers in all are stored of.

    >>> budget(2, 1000).left
    1009600
    """
    return Budget(8 * numbers + 4 * LEAST * tensors + 1_000_000)


class Budget(TorchFunctionMode):
    """Refuses, before it is allocated, the tensor that takes a build past so many numbers in all.

    >>> with Budget(100):
    ...     torch.zeros(50, 50)
    Traceback (most recent call last):
    ValueError: it would take many times the memory of the stored tensors
    """

    def __init__(self, numbers: int) -> None:
        super().__init__()
        self.left = numbers

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func in FACTORIES:
            self.left -= max(FACTORIES[func](*args, **kwargs), LEAST)
            if self.left < 0:
                raise ValueError("it would take many times the memory of the stored tensors")
        return func(*args, **kwargs)


def finite(file: Path, name: str, tensor: Tensor) -> Tensor:
    """The tensor itself. `CheckpointError` where it holds NaN or infinity.

    >>> finite(Path("a.safetensors"), "bias", torch.tensor([torch.inf]))
    Traceback (most recent call last):
    linearizer_core.configs.CheckpointError: a.safetensors: tensor bias holds NaN or infinity; fetch the file again ...
    """
    if not torch.isfinite(tensor).all():
        raise CheckpointError(
            f"{file}: tensor {name} holds NaN or infinity; fetch the file again or train anew."
        )
    return tensor
