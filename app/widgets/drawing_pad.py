"""A pad to draw a digit on, which also takes a photo by button, drop or paste."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app import words
from app.pictures import files
from app.widgets import widget

if TYPE_CHECKING:
    import gradio as gr


TEMPLATE = """
<div class="pad beside">
  <canvas width="280" height="280" tabindex="0"></canvas>
  <div class="side">
    <p class="hint"></p>
    <div class="buttons">
      <button type="button" data-do="undo"></button>
      <button type="button" data-do="clear"></button>
      <label class="button"><span></span><input type="file" accept="image/*"></label>
    </div>
    <p class="notice" role="alert"></p>
  </div>
</div>
"""


def DrawingPad(*, elem_id: str) -> gr.HTML:
    """Sends a picture after every stroke; big photos are shrunk in the browser, so a phone sends little.

    value: {"notice": sentence} shown under the pad, "" for none
    event `drawn`: {"picture": "data:image/…;base64,…", "drawing": whether it was drawn here and is no photo}; what the
    browser itself cannot read comes unchanged
    """
    return widget(
        "drawing_pad",
        TEMPLATE,
        {"notice": ""},
        elem_id=elem_id,
        label=words.DRAW_PAD,
        hint=words.DRAW_HINT,
        undo=words.UNDO,
        clear=words.CLEAR,
        upload=words.UPLOAD,
        limit=files.MAX_BYTES,
        too_big=words.too_many_bytes(files.MAX_BYTES + 2**20, files.MAX_BYTES),
    )
