"""What a teacher needs: a link with what it hides and locks, as a short address and a QR code; a room for a class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.lessons import shelf, words
from app.lessons.parts import PARTS
from app.widgets import widget

if TYPE_CHECKING:
    import gradio as gr


SCRIPTS = ("link", "class", "teach")
TEMPLATE = """
<dialog class="teach"><header><strong></strong><button type="button" data-do="close">×</button></header>
  <div class="columns">
    <section class="link"><h2></h2>
      <div class="choices"></div>
      <table><thead><tr><th></th><th></th><th></th></tr></thead><tbody></tbody></table>
      <label class="present"><input type="checkbox"><span></span></label>
    </section>
    <section class="made">
      <img class="qr" alt=""><label class="address"><span></span><input type="text" readonly></label>
      <div class="buttons"><button type="button" data-do="copy"></button><a class="button sheet" target="_blank"></a>
        <a class="button notes" target="_blank"></a>
        <label class="button bring"><span></span><input type="file" accept=".json,application/json" hidden></label></div>
      <p class="said" role="status"></p>
    </section>
    <section class="class"><h2></h2>
      <form class="enter"><label><span></span><input type="text" maxlength="6" autocomplete="off"></label>
        <button></button></form>
      <div class="buttons"><button type="button" data-do="open"></button><button type="button" data-do="end"></button></div>
      <p class="code"></p><p class="how"></p>
      <label class="follow"><input type="checkbox"><span></span></label>
      <div class="buttons"><button type="button" data-do="send"></button><button type="button" data-do="wall"></button>
        <button type="button" data-do="mean"></button><button type="button" data-do="cloud"></button></div>
      <p class="drawn"></p><div class="means"></div><div class="pictures"></div>
    </section>
  </div>
</dialog>
"""


def Teach() -> gr.HTML:
    """No value; `lab.teach()` opens it."""
    told = {"words": words.DIALOG, "parts": list(PARTS), "lessons": shelf.names()}
    return widget("teach", TEMPLATE, elem_id="teach", label=words.DIALOG["label"], scripts=SCRIPTS, **told)
