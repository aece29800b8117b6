"""What the browser's engine is given: its worker, the models as op lists, latents. Values in, values out.

The page fetches a model once, see `assets/engine`; the server keeps the exported ones in memory.
"""

from __future__ import annotations

import base64
import threading
from functools import cache

import numpy as np
from torch import Tensor

from app import models
from app.models.remembering import remembered
from app.widgets import ASSETS, asset, served
from linearizer_core.exporting.replay import smallest
from linearizer_core.exporting.web import MANIFEST, WEIGHTS

WORKER = ("plain", "evaluate", "worker")  # the scripts of assets/engine that run in it, in their order
MOST = 5_000_000  # numbers of a model of somebody's own that a page is sent
PROGRAMS = ("decode", "recombine")

_exporting = threading.Lock()


@cache
def worker() -> str:
    """The address of the worker's script, which holds the kernels."""
    kernel = base64.b64encode((ASSETS / "engine" / "kernel.wasm").read_bytes()).decode("ascii")
    start = f'globalThis.lab = {{ kernel: Uint8Array.from(atob("{kernel}"), (c) => c.charCodeAt(0)) }};'
    script = "\n".join([start, *(asset(f"engine/{name}.js") for name in WORKER)])
    return served.LASTING.put(script.encode(), "js")


def model(name: str) -> dict[str, str]:
    """Where the browser finds a model: its name, the addresses of its op list and its weights."""
    with _exporting:  # thirty first visitors have it exported once
        return _model(name)


@remembered(12)
def _model(name: str) -> dict[str, str]:
    with models.one_core():
        try:
            found = smallest(models.model(name), PROGRAMS)[0].files()
        except ValueError:  # a layer of somebody's own, for which there is no rule
            return {}
    return {
        "name": name,
        "manifest": served.LASTING.put(found[MANIFEST], "json"),
        "weights": (served.MODELS if name in models.NAMES else served.BROUGHT).put(found[WEIGHTS], "bin"),
    }


def knows(name: str) -> bool:
    """Whether the page can be given the model: shipped ones, and of others those for whose layers there are rules."""
    own = models.brought_as(name)
    if own is None:
        return True
    return sum(t.numel() for t in own.f.state_dict().values()) <= MOST and bool(model(name))


def given(name: str, **vectors: Tensor) -> dict:
    """What the ticks of one view need of a model: where it is, the shape of its pictures, and rows of numbers by name.

    Nothing of one that it cannot be given; then the server answers its ticks.
    Each of `vectors` is (n,) or (k, n), or pictures (k, C, H, W); it arrives in the browser as so many Float32Arrays.
    """
    if not knows(name):
        return {}
    vectors = {key: value.flatten(1) if value.dim() == 4 else value for key, value in vectors.items()}
    rows = {
        key: [packed(row) for row in value.reshape(-1, value.shape[-1])] for key, value in vectors.items()
    }
    return {"worker": worker(), "model": model(name), "shape": list(models.shape(name)), "vectors": rows}


def packed(values: Tensor) -> str:
    """Numbers as float32, little-endian, in base64.

    >>> import torch
    >>> packed(torch.ones(1))
    'AACAPw=='
    """
    return base64.b64encode(values.detach().numpy().astype("<f4").tobytes()).decode("ascii")


def unpacked(text: str) -> np.ndarray:
    """What `packed` wrote.

    >>> unpacked("AACAPw==")
    array([1.], dtype=float32)
    """
    return np.frombuffer(base64.b64decode(text), "<f4")
