"""Spectrum handles: the singular values of A as a plot whose values are dragged where they stand.

The one plot, beside the plane's, that is not drawn by plotly: its points cannot be dragged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.widgets import widget

if TYPE_CHECKING:
    import gradio as gr


SCRIPTS = ("values", "draw", "hand", "spectrum_handles")
TEMPLATE = """
<div class="tools">
  <span class="group" role="group" aria-label="How many values are shown">
    <button type="button" data-show="8">8</button><button type="button" data-show="16">16</button
    ><button type="button" data-show="32">32</button><button type="button" data-show="64">64</button
    ><button type="button" data-show="0">all</button>
  </span>
  <button type="button" data-part="log" title="Logarithmic scale">log</button>
  <button type="button" data-part="brush" title="Draw over many values in one stroke">brush</button>
  <span class="space"></span>
  <button type="button" data-part="undo">undo</button>
  <button type="button" data-part="reset">reset</button>
</div>
<div data-part="plot" class="plot">
  <canvas data-part="canvas" aria-hidden="true"></canvas>
  <div data-part="handles" role="group" aria-label="Singular values of A"></div>
</div>
<div class="tools">
  <label class="curve"><span>keep <output data-part="keep-text"></output></span>
    <input data-part="keep" type="range" min="0" max="1000"
      aria-label="Keep the largest singular values"></label>
  <label class="curve"><span>power <output data-part="power-text"></output></span>
    <input data-part="power" type="range" min="-1" max="3" step="0.05"
      aria-label="Power of all values"></label>
  <span class="pair">
    <button type="button" data-part="equalise"
      title="Every value that is not zero becomes 1">equalise</button>
    <button type="button" data-part="invert"
      title="1/σ, and 0 where σ is below 5 % of the largest">invert</button>
  </span>
  <span class="pair">
    <button type="button" data-part="previous" aria-label="Select the previous value">◀</button>
    <label><span data-part="readout"></span>
      <input data-part="number" type="number" min="0" max="1000" step="any"
      aria-label="Selected value"></label>
    <button type="button" data-part="next" aria-label="Select the next value">▶</button>
  </span>
</div>
"""


def SpectrumHandles(value: dict | None = None, *, elem_id: str, label: str) -> gr.HTML:
    """Handles on the trained singular values; what is dragged is kept as a short list of moves.

    value: {"model": whose values they are, "moves": [...], "selected": index, "show": 8, 16, 32, 64, 0 for all or None,
    "log": bool}, and from the server also "base", the trained singular values, descending. `moves` says what a move
    is. The model travels with the moves, so that no answer mixes the moves of one model with the values of another.
    event `change`: while a handle is dragged too, so listen with trigger_mode="always_last"
    event `pick`: {"model": ..., "index": i}, another value was selected
    """
    return widget(
        "spectrum_handles",
        TEMPLATE,
        value,
        elem_id=elem_id,
        label=label,
        scripts=SCRIPTS,
    )


def rounded(values: Sequence[float]) -> list[float]:
    """The values as the plot needs them, five digits each.

    >>> rounded([1 / 3])
    [0.33333]
    """
    return [float(f"{value:.5g}") for value in values]
