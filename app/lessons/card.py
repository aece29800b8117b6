"""The card in which a lesson is walked: it stands beside the view, on a narrow page below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.lessons import words
from app.lessons.parts import EMPTIED, PARTS, PRESENT
from app.widgets import widget

if TYPE_CHECKING:
    import gradio as gr


SCRIPTS = ("state", "parts", "readings", "place", "pad", "room", "stops", "lesson")
TEMPLATE = """
<aside class="card" hidden tabindex="-1">
  <header><strong></strong><span class="count"></span>
    <button type="button" data-do="again"></button><button type="button" data-do="close">×</button></header>
  <div class="way"><i></i></div>
  <div class="told" aria-live="polite">
    <h2></h2><p class="says"></p><p class="ask"></p>
    <div class="choices" role="group"></div>
    <div class="pad" hidden><canvas width="192" height="192"></canvas>
      <div class="buttons"><button type="button" data-do="clear"></button></div></div>
    <p class="covered"></p><p class="answer"></p><div class="bars"></div>
    <details class="notes"><summary></summary><p></p></details>
    <p class="lost" role="alert"></p>
  </div>
  <footer><button type="button" data-do="back">←</button><span class="keys-say"></span>
    <button type="button" data-do="next">→</button></footer>
</aside>
"""


def Lesson() -> gr.HTML:
    """No value. It opens by the address (`lesson=tour&stop=3`) and by `lab.lesson.start(name)`.

    Its `data-state` is "NAME STOP asked", "… measuring" or "… shown".
    """
    told = {"parts": PARTS, "emptied": EMPTIED, "present": PRESENT, "words": words.CARD}
    return widget("lesson", TEMPLATE, elem_id="lesson", label=words.CARD["label"], scripts=SCRIPTS, **told)
