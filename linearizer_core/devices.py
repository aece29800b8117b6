"""The door to a device: whether this PyTorch can compute there, asked before anything is read or trained."""

from __future__ import annotations

import torch

from . import files


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
