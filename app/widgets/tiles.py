"""Pictures in a row or a grid: the gallery, the places of the mixer, the stage, directions of an operator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from app.pictures import encoding
from app.widgets import widget

if TYPE_CHECKING:
    import gradio as gr


TEMPLATE = '<div class="tiles" role="group"></div>'


def Pictures(
    value: dict | None = None,
    *,
    elem_id: str,
    label: str,
    pick: bool = False,
    size: int = 72,
    columns: int = 0,
    hues: Sequence[str] = (),
    visible: bool = True,
    tall: int = 0,
) -> gr.HTML:
    """Captioned pictures; with `pick=True` each is a button and `.pick` tells which one was chosen.

    value: {"pictures": encoding.for_browser(…), "captions": [...], "notes": [...], "ids": [...], "selected":
    i or -1; "hues" and "columns" where they differ from those given here; "at" for a chart, see there}
    event `pick`: {"id": ids[i], "index": i}
    `size` is a tile's width in pixels; `columns` > 0 makes a grid of equal columns that fills the width
    instead.
    `tall` > 0 keeps the pictures of a grid below so many hundredths of the window's height.
    `hues` colours the captions, one of "induced", "pixel", "bad", "" for each tile, where the value has none of its own.
    """
    return widget(
        "pictures",
        TEMPLATE,
        value,
        elem_id=elem_id,
        label=label,
        visible=visible,
        id=elem_id,
        pick=pick,
        size=size,
        columns=columns,
        hues=list(hues),
        tall=tall,
    )


def tiles(
    pictures: Tensor,
    captions: Sequence[str] = (),
    ids: Sequence[str] = (),
    selected: int = -1,
    notes: Sequence[str] = (),
    **more: object,
) -> dict:
    """The value of `Pictures` for pictures (B, C, H, W); `more` are its "hues", "columns" and "at"."""
    return {
        "pictures": encoding.for_browser(pictures),
        "captions": list(captions),
        "notes": list(notes),
        "ids": list(ids),
        "selected": selected,
        **more,
    }
