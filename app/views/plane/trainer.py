"""The trainer: pick, draw or bring a data set, train, stop, watch the progress, save the two files and load them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.views.plane import words
from app.widgets import widget

if TYPE_CHECKING:
    import gradio as gr


SCRIPTS = ("bring", "plane_trainer")
TEMPLATE = f"""
<div class="beside">
  <canvas data-part="pad" role="img" aria-label="{words.TRAIN_PAD}"></canvas>
  <div class="side">
    <div class="keys" data-part="sets" role="group" aria-label="{words.TRAIN_PAD}"></div>
    <div class="keys" data-part="inks" role="group" hidden></div>
    <div class="keys" data-part="tables"></div>
    <p data-part="hint" hidden></p>
    <div class="keys">
      <button type="button" data-part="train"></button><button type="button" data-part="stop" disabled></button
      ><button type="button" data-part="load"></button>
    </div>
    <progress data-part="progress" max="1" value="0" aria-label="{words.TRAIN}"></progress>
    <p data-part="text" role="status"></p>
    <div class="keys" data-part="files"></div>
  </div>
</div>
"""


def PlaneTrainer(*, elem_id: str) -> gr.HTML:
    """Asks for a training and shows what comes of it; the weights go on to the plane by the page's event "lab:plane".

    value: what `training.stream` yields, or None for nothing yet
    event `train`: {"run": a token of the page's own, "set": name, "points": [x, y, …], "labels": [...]}; points for "own"
    event `stop`: {"run": token}
    event `bring`: {"run": token, "files": {name: base64}}; value is then what `bringing.brought` says of them
    The page's event "lab:planes" brings the clouds of the shipped planes, to show what would be trained on.
    """
    return widget(
        "plane_trainer",
        TEMPLATE,
        None,
        elem_id=elem_id,
        label=words.TRAIN,
        scripts=SCRIPTS,
        words=words.TRAIN_WORDS,
        hint=words.TRAIN_DRAW_HINT,
    )
