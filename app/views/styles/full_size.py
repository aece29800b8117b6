"""The painting at full size: a bar while it is painted, then a link that saves it; no file stays on the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from app.pictures import encoding
from app.views.styles import words
from app.widgets import widget

if TYPE_CHECKING:
    import gradio as gr


TEMPLATE = (
    '<div class="full"><p role="status" aria-live="polite"></p><div class="bar" hidden><i></i></div>'
    '<a class="button" hidden></a></div>'
)


def FullSize(*, elem_id: str) -> gr.HTML:
    """value: {"share": of the work done, "words": …} on the way, then what `finished` makes; `data-state` is its state."""
    return widget("full_size", TEMPLATE, None, elem_id=elem_id, label=words.FULL, download=words.DOWNLOAD)


def finished(picture: np.ndarray, words: str, file: str, state: str, photo: str = "") -> dict:
    """The value of `FullSize` with the picture (H, W, 3) as a PNG to save; with the `photo`'s address the stage shows both.

    >>> finished(np.zeros((2, 2, 3), np.uint8), "done", "x.png", "s")["share"]
    1.0
    """
    address = encoding.png_address(picture, fast=True)
    return {"share": 1.0, "words": words, "address": address, "file": file, "state": state, "photo": photo}
