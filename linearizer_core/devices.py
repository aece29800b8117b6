"""The door to a device: whether this PyTorch can compute there, asked before anything is read or trained."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import nn

from . import files

Model = TypeVar("Model", bound=nn.Module)


def usable(device: str | torch.device) -> torch.device:
    """The device of that name. ValueError for one that this PyTorch does not have, or that holds no numbers ("meta").

    >>> usable("gpu")
    Traceback (most recent call last):
    ValueError: device must be one that this PyTorch has, got 'gpu' (...); "cpu" works.
    """
    try:
        target = torch.device(device)
        torch.empty(0, device=target)
        if target.type == "meta":
            raise ValueError("it holds shapes without numbers")
    except (RuntimeError, AssertionError, TypeError, ValueError, ImportError) as error:
        raise ValueError(
            f'device must be one that this PyTorch has, got {device!r} ({files.reason(error)}); "cpu" works.'
        ) from error
    return target


def laid_out(model: Model, layout: torch.memory_format) -> Model:
    """The model itself, its weights (a, b, h, w) in that order of memory: channels last is faster to train on a GPU.

    >>> laid_out(nn.Conv2d(2, 2, 3), torch.channels_last).weight.stride()
    (18, 1, 6, 2)
    """
    return model.to(memory_format=layout)  # type: ignore[call-overload]  # torch takes it; its types do not know
