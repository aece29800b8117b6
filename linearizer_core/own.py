"""Models of one's own on disk, without a recipe: the parts that they are built of, and their tensors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from . import configs, files, structure
from .configs import CONFIG, MAX_BYTES, WEIGHTS, CheckpointError, Config
from .precision import precision_of
from .tensors import DTYPES, budget, finite, headers_of

PRECISIONS = {"float32": torch.float32, "float64": torch.float64, None: None}


def save(folder: str | Path, model: nn.Module, figures: Mapping[str, object] | None = None) -> None:
    """Write a model of your own into `folder`: its parts as config.json, its tensors as model.safetensors.

    `load` gives back any Linearizer, network or operator of this package's classes bit for bit, one that the algebra
    made too, as `f ** 0.5`, `f.truncated(8)` or `f @ h`; what is shared in it, as g_x by g_y, is shared again. Classes of
    your own take part by `register`. `figures` are JSON values for people to read. Files are replaced whole, so a kill
    leaves no half. ValueError, before anything is written, for what `load` could not give back: a class that is not
    registered, NaN, another precision than float32 or float64.

    >>> import tempfile
    >>> from linearizer_core import Linearizer, load
    >>> from linearizer_core.networks import Log
    >>> from linearizer_core.operators import Diagonal
    >>> g = Log(2)
    >>> f = Linearizer(g, Diagonal(torch.tensor([4.0, 1.0])), g)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(folder, f**0.5)
    ...     h = load(folder)
    >>> h(torch.tensor([[3.0, 5.0]])), h.g_x is h.g_y
    (tensor([[9., 5.]]), True)
    """
    parts, tensors = structure.describe(model)
    stored = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    for name, tensor in stored.items():
        if tensor.dtype not in DTYPES.values():
            raise ValueError(
                f"model: tensor {name} is {tensor.dtype}, which is not saved; call model.float() before."
            )
        if not torch.isfinite(tensor).all():
            raise ValueError(
                f"model: tensor {name} holds NaN or infinity, so nothing is saved; mend it first."
            )
    precision = precision_of(model)
    orders = {name: _order(tensor) for name, tensor in tensors.items()}
    content = {
        "precision": str(precision).removeprefix("torch.") if precision else None,
        "parts": parts,
        "orders": {name: order for name, order in orders.items() if order != sorted(order)},
    }
    _check_rebuilt(model, content, stored)
    text = configs.write(Config(None, figures or {}, {}, content)).encode()
    if len(text) > MAX_BYTES:
        raise ValueError(
            f"model has {len(parts)} parts, too many to be described in {MAX_BYTES} bytes; save fewer."
        )
    place = files.expanded(folder)
    files.check_writable(place)
    files.write({place / WEIGHTS: safetensors.torch.save(stored), place / CONFIG: text})


def _order(tensor: Tensor) -> list[int]:
    """The dimensions as they lie in memory, from the outermost on: a product of matrices rounds by it."""
    strides = tensor.stride()
    return sorted(range(tensor.dim()), key=lambda i: -strides[i])


def _in_order(tensor: Tensor, order: Any) -> Tensor:
    inverse = sorted(range(tensor.dim()), key=order.__getitem__)
    return tensor.permute(order).contiguous().permute(inverse)


def _is_order(order: list[object], dims: int) -> bool:
    whole = [i for i in order if type(i) is int]
    return len(whole) == len(order) and sorted(whole) == list(range(dims))


def _check_rebuilt(model: nn.Module, content: Mapping[str, Any], stored: Mapping[str, Tensor]) -> None:
    """Refuses a model that its parts do not make again: a class of one's own may keep other than it was given."""
    parts = json.loads(json.dumps(content["parts"]))
    twin = structure.build(parts, stored, PRECISIONS[content["precision"]])
    was, found = model.state_dict(), twin.state_dict()
    for name in sorted(was.keys() | found.keys()):
        if name not in was or name not in found or not torch.equal(was[name].cpu(), found[name]):
            raise ValueError(
                f"model cannot be built again from the arguments that its parts keep: {name} differs; keep each "
                "argument of a constructor as it was given."
            )


def read(folder: Path, content: object) -> nn.Module:
    """The model that `save` wrote, in eval mode and frozen; `content` is what its config.json says. `CheckpointError`.

    >>> read(Path("nowhere"), {})
    Traceback (most recent call last):
    linearizer_core.configs.CheckpointError: nowhere/model.safetensors is missing, cut short or no safetensors file ...
    """
    file = folder / WEIGHTS
    try:
        with files.utf_8_name(file) as place, safe_open(place, framework="pt") as stored:
            headers = headers_of(stored)
            for name, (kind, shape) in headers.items():
                if kind not in DTYPES:
                    raise CheckpointError(
                        f"{file}: tensor {name} is of type {kind} and shape {shape}; save it again."
                    )
            # a copy begins at an even address, where kernels round as they did when it was saved
            tensors = {name: finite(file, name, stored.get_tensor(name)).clone() for name in headers}
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"{file} is missing, cut short or no safetensors file ({files.reason(error, file)}); fetch it again."
        ) from error
    return _built(folder, content, tensors).eval().requires_grad_(False)


def _built(folder: Path, content: object, tensors: Mapping[str, Tensor]) -> nn.Module:
    known = {"precision", "parts", "orders"}
    if not isinstance(content, dict) or content.keys() != known or content["precision"] not in [*PRECISIONS]:
        raise CheckpointError(
            f"{folder / CONFIG}: field model must be an object with a precision, parts and orders, got {content!r:.80}; "
            "save the model again."
        )
    orders = content["orders"] if isinstance(content["orders"], dict) else {"": None}
    for name, order in orders.items():
        if not (name in tensors and isinstance(order, list) and _is_order(order, tensors[name].dim())):
            raise CheckpointError(
                f"{folder / CONFIG}: field model.orders.{name} must be the dimensions of that tensor, got {order!r:.80}; "
                "save the model again."
            )
    tensors = {name: _in_order(t, orders[name]) if name in orders else t for name, t in tensors.items()}
    try:
        with budget(len(tensors), sum(map(Tensor.numel, tensors.values()))):
            return structure.build(content["parts"], tensors, PRECISIONS[content["precision"]])
    except (ValueError, RecursionError) as error:
        why = str(error).rstrip(".")
        raise CheckpointError(
            f"{folder / CONFIG}: field model.parts does not fit {WEIGHTS} or this version: {why}; save the model again."
        ) from error
