"""The lab on a model of one's own, from a notebook or a program: `explore`."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from torch import Tensor

from . import extras
from .linearizer import Linearizer
from .networks import InvertibleNetwork

INSTALLED, BESIDE = "linearizer_lab", "app"


def explore(
    f: Linearizer | InvertibleNetwork, images: Tensor | None = None, name: str = "yours", **options: Any
) -> Any:
    """Opens the lab on f, or on an invertible network g alone: Interpolate, Spectrum, Project, Latent PCA on it.

    `images` (N, C, S, S), floats in [0, 1] or uint8, are pictures in f's shape, C = 1 or 3, S from 4 to 128: they are the
    cloud and the gallery, and give f its axes in order where it has none; of a g alone, f is the `Projector` onto them. In a
    notebook the lab appears below the cell. Returns what has its address as `.url`, and `.close()`. A second call closes
    the first lab. `options`: port=, share=, inline=, height= as Gradio's launch has them. The lab is the extra `app`.
    ValueError for a model or images that it cannot show.

    >>> explore(3)
    Traceback (most recent call last):
    ValueError: explore takes a Linearizer or an InvertibleNetwork, got int; lc.adapt makes one of a flow.
    """
    if not isinstance(f, Linearizer | InvertibleNetwork):
        raise ValueError(
            f"explore takes a Linearizer or an InvertibleNetwork, got {type(f).__name__}; lc.adapt makes one of a flow."
        )
    with extras.wanted():
        return import_module(f"{_lab()}.notebook").opened(f, images, name, **options)


def _lab() -> str:
    """The name of the package that is the lab: installed with this one, or beside it in the repository."""
    beside = Path(__file__).resolve().parent.parent / BESIDE / "notebook.py"
    return BESIDE if beside.is_file() or find_spec(INSTALLED) is None else INSTALLED
