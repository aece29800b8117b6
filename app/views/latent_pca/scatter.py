"""Linked scatters: the same pictures as points of several spaces, in 2-D or 3-D, with thumbnails and a click.

The sheet of thumbnails and the coordinates travel once, as the widget's value; a click sends back an index.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from app.pictures import encoding
from app.widgets import widget

if TYPE_CHECKING:
    import gradio as gr


COLOURS = (
    "#4e79a7",
    "#f28e2b",
    "#e15759",
    "#56b4c4",
    "#59a14f",
    "#d4a600",
    "#b07aa1",
    "#ff7fa7",
    "#9c755f",
    "#8a8f98",
)
SCRIPTS = ("state", "panel", "draw", "hand", "scatter")
TILE = 20  # pixels of a thumbnail; 2000 of them are a sheet of about 300 kB


TEMPLATE = """
<div data-part="stage" class="stage"></div>
<div class="tools">
  <span data-part="legend" class="legend" role="group" aria-label="Labels shown"></span>
  <span class="space"></span>
  <button type="button" data-part="pictures" aria-pressed="false">pictures</button>
  <button type="button" data-part="closer" aria-label="Zoom in">+</button>
  <button type="button" data-part="away" aria-label="Zoom out">−</button>
  <button type="button" data-part="home">fit</button>
</div>
<div data-part="tip" class="tip" role="status" hidden>
  <canvas data-part="tip-picture" width="80" height="80"></canvas><span data-part="tip-text"></span>
</div>
"""


def Scatter(value: dict | None = None, *, elem_id: str, label: str) -> gr.HTML:
    """Points of two or more spaces with a picture each; hovering one shows it in all, a click picks it.

    value: from `cloud(...)`, or None for nothing yet; it only ever comes from the server
    event `pick`: {"index": i}
    The page's event "lab:walk" with {"id": elem_id, "component": j, "steps": t, "picked": bool} draws a
    cross in every panel, t standard deviations along component j from the mean or from the picked point; no
    request is made.
    """
    return widget("scatter", TEMPLATE, value, elem_id=elem_id, label=label, scripts=SCRIPTS)


def packed(array: np.ndarray, dtype: str) -> str:
    """The array's bytes as base64, row by row."""
    return base64.b64encode(np.ascontiguousarray(array, dtype=dtype).tobytes()).decode("ascii")


def sprite_sheet(pixels: np.ndarray, tile: int = TILE) -> tuple[str, int]:
    """Pictures (N, H, W) or (N, H, W, 3), uint8, as one sheet of square thumbnails: (data address, tiles per row)."""
    columns = max(1, math.ceil(math.sqrt(len(pixels))))
    rows = max(1, math.ceil(len(pixels) / columns))
    sheet = np.zeros((rows, tile, columns, tile, *pixels.shape[3:]), np.uint8)
    for i, picture in enumerate(pixels):
        small = Image.fromarray(picture).resize((tile, tile), Image.Resampling.BILINEAR)
        sheet[i // columns, :, i % columns] = small
    png = encoding.png_bytes(sheet.reshape(rows * tile, columns * tile, *pixels.shape[3:]))
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii"), columns


def cloud(
    pixels: np.ndarray, labels: np.ndarray, names: Sequence[str], panels: Sequence[dict], picked: int = -1
) -> dict:
    """What the widget draws. Each panel is {"title", "note", "axes", "spread", "points"} with points (N, 2)
    or (N, 3).

    `names[label]` is the legend's entry, `spread[j]` the standard deviation along axis j. ValueError where
    the counts or the dimensions differ.
    """
    dims = {len(panel["axes"]) for panel in panels} | {np.shape(panel["points"])[1] for panel in panels}
    counts = {len(pixels), len(labels)} | {len(panel["points"]) for panel in panels}
    if len(counts) != 1 or len(dims) != 1 or not dims <= {2, 3}:
        raise ValueError(
            "cloud needs as many labels and points as pictures, in 2-D or 3-D; "
            f"got counts {sorted(counts)} and dimensions {sorted(dims)}."
        )
    sprite, columns = sprite_sheet(pixels)
    return {
        "dims": dims.pop(),
        "tile": TILE,
        "columns": columns,
        "sprite": sprite,
        "photos": pixels.ndim == 4,  # in colour: shown as they are, not as ink
        "labels": packed(labels, "u1"),
        "names": [str(name) for name in names],
        "colours": list(COLOURS),
        "picked": picked,
        "panels": [{**panel, "points": packed(panel["points"], "<f4")} for panel in panels],
    }
