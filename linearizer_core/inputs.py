"""One reader for each kind of argument: bytes of pictures, numbers, whole numbers, labels."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

Kind = TypeVar("Kind")


def of_kind(kind: type[Kind], part: object) -> Kind:
    """The part of a model itself, where what follows is for this kind of part alone. ValueError for another.

    >>> of_kind(Tensor, torch.ones(1))
    tensor([1.])
    >>> of_kind(Tensor, 1.0)
    Traceback (most recent call last):
    ValueError: expected Tensor in this place of the model, got float.
    """
    if not isinstance(part, kind):
        raise ValueError(f"expected {kind.__name__} in this place of the model, got {type(part).__name__}.")
    return part


def as_float(images: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """Bytes 0..255 to floats in [0, 1], same shape.

    >>> as_float(torch.tensor([0, 51, 255], dtype=torch.uint8))
    tensor([0.0000, 0.2000, 1.0000])
    """
    if images.dtype != torch.uint8:
        raise ValueError(f"images must be uint8, got {images.dtype}; floats need no conversion.")
    return images.to(dtype) / 255


def as_numbers(name: str, values: float | Sequence[float] | Tensor, like: Tensor) -> Tensor:
    """Real numbers as a tensor in the precision and on the device of `like`: gradients pass. ValueError for others.

    >>> as_numbers("t", np.linspace(0, 1, 3), torch.zeros(2))
    tensor([0.0000, 0.5000, 1.0000])
    """
    if not isinstance(values, Tensor):
        try:
            foreign = isinstance(values, np.ndarray | np.generic)
            values = torch.as_tensor(values) if foreign else torch.as_tensor(values, dtype=like.dtype)
        except (TypeError, ValueError, RuntimeError) as error:
            raise ValueError(
                f"{name} must be a real number, or a sequence or tensor of them, got {values!r}."
            ) from error
    if values.is_complex() or values.dtype == torch.bool:
        raise ValueError(f"{name} must be real numbers, got {values.dtype}.")
    return values.to(like.dtype).to(like.device)


def finite_number(name: str, value: float | Tensor) -> float:
    """A finite real number of Python, NumPy or torch as a float; ValueError for others.

    >>> finite_number("p", np.float32(0.5))
    0.5
    """
    try:
        number = (
            math.nan
            if isinstance(value, str)
            else float(value.detach() if isinstance(value, Tensor) else value)
        )
    except (TypeError, ValueError, RuntimeError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{name} must be a finite number, got {value!r}.")
    return number


def whole_number(name: str, value: object, least: int, most: int | None = None) -> int:
    """A whole number as an int: one of Python, NumPy or torch, also 2.0, never True. ValueError outside least..most.

    >>> whole_number("steps", np.int64(10), 1), whole_number("k", 2.0, 0)
    (10, 2)
    >>> whole_number("steps", 0, least=1, most=100)
    Traceback (most recent call last):
    ValueError: steps must be a whole number from 1 to 100, got 0.
    """
    number = _integer(value)
    if number is None or number < least or (most is not None and number > most):
        range_ = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"{name} must be a whole number {range_}, got {value}.")
    return number


def _integer(value: Any) -> int | None:
    if isinstance(value, bool | np.bool_) or (isinstance(value, Tensor) and value.dtype == torch.bool):
        return None
    try:
        return (
            int(value)
            if isinstance(value, float | np.floating) and float(value).is_integer()
            else operator.index(value)
        )
    except (TypeError, ValueError, RuntimeError):
        return None


def as_index(labels: Tensor) -> Tensor:
    """Whole numbers of any integer type as int64, to index with: uint8 and bool would pick instead. ValueError for others.

    >>> as_index(torch.tensor([7, 7], dtype=torch.uint8))
    tensor([7, 7])
    """
    if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
        raise ValueError(f"labels must be whole numbers, got {labels.dtype}; use labels.long().")
    return labels.long()


def as_labels(label: int | Sequence[int] | Tensor, classes: int, device: torch.device) -> Tensor:
    """Class numbers of any integer type as an int64 tensor of the same shape, ready to index with.

    ValueError for booleans, which would pick instead of number, for fractions, and for classes that are not there.

    >>> as_labels(torch.tensor([7, 7], dtype=torch.uint8), 10, torch.device("cpu"))
    tensor([7, 7])
    """
    try:
        given = torch.as_tensor(label, device=device)
    except (TypeError, ValueError, RuntimeError):
        given = torch.full((), torch.nan)
    empty_list = given.numel() == 0 and not isinstance(label, Tensor)  # which has no type of its own
    whole = not (given.is_floating_point() or given.is_complex() or given.dtype == torch.bool)
    labels = given.long() if whole or empty_list else torch.full((1,), -1)
    if labels.numel() and not 0 <= int(labels.min()) <= int(labels.max()) < classes:
        shown = label.tolist() if isinstance(label, Tensor) else repr(label)
        raise ValueError(f"label must be a whole number in 0..{classes - 1}, got {shown}.")
    return labels
