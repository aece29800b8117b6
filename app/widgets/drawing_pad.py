"""A pad to draw a digit on, which also takes a photo by button, drop or paste."""

import gradio as gr

from app import captions, images
from app.widgets import widget

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
        label=captions.DRAW_PAD,
        hint=captions.DRAW_HINT,
        undo=captions.UNDO,
        clear=captions.CLEAR,
        upload=captions.UPLOAD,
        limit=images.MAX_BYTES,
        too_big=captions.too_many_bytes(images.MAX_BYTES + 2**20, images.MAX_BYTES),
    )
