"""In which precision everything is computed: float32 or float64, whatever an ambient autocast says; never by accident.

An inverse multiplies the rounding of what it undoes, so half precision would lose a round trip: it is refused by name.
Training may still be cheap: see `networks.mixed_precision`, which touches only what need not be inverted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import wraps

import torch
from torch import Tensor, nn

PRECISIONS = (torch.float32, torch.float64)
"""The dtypes that the laws hold in."""

WITHOUT_FLOAT64 = {"mps"}
"""Device types that cannot hold float64 tensors."""


def precision_of(module: nn.Module) -> torch.dtype | None:
    """The dtype of the numbers that a network or an operator holds; None where it holds none, so that any will do.

    Single numbers (tensors without a dimension) do not count, as in torch's own promotion of types.

    >>> precision_of(nn.Linear(1, 1)), precision_of(nn.ReLU())
    (torch.float32, None)
    """
    for held in (module.parameters(), module.buffers(), _attributes(module)):
        for value in held:
            if value.is_floating_point() and value.dim():
                return value.dtype
    return None


def _attributes(module: nn.Module) -> Iterator[Tensor]:
    """Tensors that a module holds as plain attributes, which torch does not know of."""
    for part in module.modules():
        yield from (value for value in vars(part).values() if isinstance(value, Tensor) and value.numel())


def check_floats(name: str, x: Tensor) -> Tensor:
    """x itself if it is a tensor of real floating-point numbers; ValueError with the remedy otherwise.

    >>> check_floats("x", torch.tensor([200], dtype=torch.uint8))
    Traceback (most recent call last):
    ValueError: x must be floats, got torch.uint8; use linearizer_core.as_float for bytes 0..255, else x.float().
    """
    if not isinstance(x, Tensor):
        raise ValueError(f"{name} must be a tensor of floats, got {type(x).__name__}; use torch.as_tensor.")
    if not x.is_floating_point():
        remedy = "use linearizer_core.as_float for bytes 0..255, else x.float()"
        if x.is_complex():
            remedy = "take its real part"
        raise ValueError(f"{name} must be floats, got {x.dtype}; {remedy}.")
    return x


def check_precision(what: str, dtype: torch.dtype) -> None:
    """ValueError that names the precision, unless `dtype` is float32 or float64.

    >>> check_precision("g", torch.float16)
    Traceback (most recent call last):
    ValueError: g is exact to rounding in float32 and float64 only, got torch.float16; call .float() on it first.
    """
    if dtype not in PRECISIONS:
        raise ValueError(
            f"{what} is exact to rounding in float32 and float64 only, got {dtype}; call .float() on it first."
        )


def in_precision_of(module: nn.Module, x: Tensor, name: str = "x") -> Tensor:
    """x in the precision of what the module holds, or in its own where that holds nothing. O(1) where it is so already.

    ValueError for integers and booleans, and for a module, or a tensor for one that holds nothing, in half precision.

    >>> in_precision_of(nn.Linear(1, 1), torch.ones(1, dtype=torch.float64)).dtype
    torch.float32
    """
    dtype = precision_of(module) or check_floats(name, x).dtype
    check_precision(type(module).__name__, dtype)
    return check_floats(name, x).to(dtype)


def outside_autocast(x: Tensor) -> AbstractContextManager:
    """A context in which nothing is cast on the device of x; free of cost where nothing would be.

    >>> with torch.autocast("cpu"), outside_autocast(torch.zeros(1)):
    ...     (torch.eye(1) @ torch.eye(1)).dtype
    torch.float32
    """
    kind = x.device.type
    casts = kind != "meta" and torch.is_autocast_enabled(kind)
    return torch.autocast(kind, enabled=False) if casts else nullcontext()


def in_full_precision(method: Callable[[nn.Module, Tensor], Tensor]) -> Callable[[nn.Module, Tensor], Tensor]:
    """A method of a module and a tensor that refuses what is no float32 or float64, and computes outside any autocast.

    >>> class Twice(nn.Module):
    ...     @in_full_precision
    ...     def forward(self, x): return x @ (2 * torch.eye(1))
    >>> with torch.autocast("cpu"):
    ...     Twice()(torch.tensor([0.3001]))
    tensor([0.6002])
    """

    @wraps(method)
    def guarded(self: nn.Module, x: Tensor) -> Tensor:
        if not isinstance(x, Tensor) or x.dtype not in PRECISIONS:
            check_precision(type(self).__name__, check_floats("x", x).dtype)
        with outside_autocast(x):
            return method(self, x)

    return guarded


def wide(x: Tensor) -> Tensor:
    """x in float64, on the CPU where its own device has no float64.

    >>> wide(torch.ones(1)).dtype
    torch.float64
    """
    return (x.cpu() if x.device.type in WITHOUT_FLOAT64 else x).double()


def narrow(x: Tensor, like: Tensor) -> Tensor:
    """What was worked out by `wide` numbers, back in the precision and on the device of `like`.

    >>> narrow(wide(torch.ones(1)), torch.ones(1))
    tensor([1.])
    """
    return x.to(like.dtype).to(like.device)
