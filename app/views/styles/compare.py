"""A photo and its painting, one over the other, with a divider to drag between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from app.pictures import encoding
from app.views.styles import words
from app.widgets import widget

if TYPE_CHECKING:
    import gradio as gr


TEMPLATE = (
    '<div class="pair" hidden><img class="after"><img class="before"><i class="line"></i>'
    '<span class="tag left"></span><span class="tag right"></span>'
    '<input type="range" min="0" max="100" step="0.5" value="50"></div>'
)


def Compare(*, elem_id: str, label: str, after: str = words.AFTER) -> gr.HTML:
    """value: see `compared`; `data-state` is its `state` once both pictures are drawn. None hides it."""
    return widget(
        "compare",
        TEMPLATE,
        None,
        elem_id=elem_id,
        label=label,
        photo=words.BEFORE,
        after=after,
        divider=words.DIVIDER,
    )


def compared(before: np.ndarray, after: np.ndarray, state: str, name: str = "", **tags: str) -> dict:
    """The value of `Compare` for two uint8 pictures (H, W, 3); `name` says in words what the right one is.

    `tags`, "left" and "right", are written on the pictures where they are not the photo and its painting.

    >>> sorted(compared(np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8, 3), np.uint8), "x"))
    ['after', 'before', 'height', 'name', 'state', 'width']
    """
    return {
        "before": encoding.jpeg_address(before),
        "after": encoding.jpeg_address(after),
        "height": before.shape[0],
        "width": before.shape[1],
        "state": state,
        "name": name,
        **tags,
    }
