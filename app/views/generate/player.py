"""The path player: frames of a path, one of them large, played or scrubbed in the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.views.generate import words
from app.widgets import widget

if TYPE_CHECKING:
    import gradio as gr


TEMPLATE = """
<div class="player">
  <canvas class="large" role="img"></canvas>
  <div class="beside-it">
    <div class="tiles" role="group"></div>
    <div class="buttons"><button type="button"></button><input type="range" min="0" step="1"><output></output></div>
  </div>
</div>
"""


def PathPlayer(*, elem_id: str, label: str) -> gr.HTML:
    """Value: as of `Pictures`, its notes being the times of the frames. Nothing is asked of the server."""
    return widget(
        "path_player", TEMPLATE, None, elem_id=elem_id, label=label, play=words.PLAY, pause=words.PAUSE
    )
