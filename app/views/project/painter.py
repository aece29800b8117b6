"""A picture to paint on, pixel by pixel: erase, ink, scribble noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.views.project import words
from app.widgets import widget

if TYPE_CHECKING:
    import gradio as gr


TEMPLATE = """
<div class="easel beside">
  <canvas width="32" height="32" tabindex="0"></canvas>
  <div class="side">
    <p class="hint"></p>
    <div class="buttons" role="group"></div>
    <label class="size"><span></span><input type="range" min="1" max="9" step="2" value="5"></label>
  </div>
</div>
"""


def Painter(*, elem_id: str, label: str) -> gr.HTML:
    """Shows one picture large; what the visitor paints on it comes back as a picture of its own.

    value: {"pictures": encoding.for_browser(one picture), "ids": [what it is called]}
    event `painted`: {"picture": "data:image/png;base64,…"}, of the same size, after each stroke
    """
    tools = [["erase", words.ERASE], ["ink", words.INK], ["noise", words.SCRIBBLE]]
    return widget(
        "painter",
        TEMPLATE,
        None,
        elem_id=elem_id,
        label=label,
        hint=words.PAINT_HINT,
        size=words.BRUSH,
        tools=tools,
    )
