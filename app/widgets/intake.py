"""The one way in for a visitor's pictures: drawn, uploaded, pasted, dropped, by camera; and what was understood."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from torch import Tensor

from app import words
from app.pictures import encoding, files
from app.widgets import widget

if TYPE_CHECKING:
    import gradio as gr


SCRIPTS = ("state", "files", "camera", "drawing", "intake")
TEMPLATE = """
<div class="intake">
  <div class="buttons">
    <button type="button" data-do="draw" aria-expanded="false" hidden></button>
    <label class="button"><span></span><input type="file" accept="image/*"></label>
    <button type="button" data-do="camera" aria-expanded="false"></button>
    <span class="hint"></span>
  </div>
  <p class="notice" role="alert"></p>
  <div class="drawing beside" hidden>
    <canvas width="280" height="280" tabindex="0"></canvas>
    <div class="side"><p></p><div class="buttons">
      <button type="button" data-do="undo"></button><button type="button" data-do="clear"></button>
    </div></div>
  </div>
  <div class="camera beside" hidden>
    <video muted playsinline></video>
    <div class="side"><div class="buttons">
      <button type="button" data-do="take"></button><button type="button" data-do="close"></button>
    </div></div>
  </div>
  <div class="understood" hidden>
    <figure class="given"><canvas role="img"></canvas><figcaption></figcaption></figure>
    <span class="way" aria-hidden="true">→</span>
    <figure class="seen"><canvas role="img"></canvas><figcaption></figcaption></figure>
    <div class="side"><div class="keys" role="group"></div><p class="word" role="status"></p></div>
  </div>
</div>
"""
_turns = itertools.count(1)


def Intake(*, elem_id: str, most: int = 0) -> gr.HTML:
    """Sends what a visitor brings; big photos are shrunk and turned upright in the browser, so a phone sends little.

    value: from `refused` or `understood`
    event `drawn`: {"picture": "data:image/…;base64,…", "drawing": whether it was drawn here and is no photo, "taken": one of
    `references.TAKEN` where the visitor chose, else ""}; what the browser itself cannot read comes unchanged
    With `most` it is for photos of up to so many pixels, which are taken as they are: nothing is drawn, nothing to choose.
    """
    return widget(
        "intake",
        TEMPLATE,
        refused(""),
        elem_id=elem_id,
        label=words.INTAKE,
        scripts=SCRIPTS,
        words=words.INTAKE_WORDS,
        taken=words.TAKEN,
        most=most,
        limit=files.MAX_BYTES,
        pixels=files.MAX_PIXELS,
        too_big=words.too_many_bytes(files.MAX_BYTES + 2**20, files.MAX_BYTES),
        too_many=words.TOO_MANY_PIXELS.format("{}", files.MAX_PIXELS // 10**6),
    )


def refused(sentence: str, taken: str = "") -> dict:
    """The value of `Intake` for a picture that cannot be used; `taken` where another way to take it may work.

    No sentence takes away what stood there.
    """
    # told anew though it is the same: the page draws only what differs
    return {"notice": sentence, "taken": taken, "seen": None, "word": "", "far": False, "turn": next(_turns)}


def understood(taken: str = "", seen: Tensor | None = None, times: float | None = None) -> dict:
    """The value of `Intake` for a picture that was taken in one of the ways of `references.TAKEN`.

    `seen` is what g sees of it, (1, C, S, S), and `times` how far out that is, where it is known: `app.pictures.known`.

    >>> import torch
    >>> found = understood("digit", torch.zeros(1, 1, 32, 32), 2.5)
    >>> found["far"], found["taken"], found["notice"]
    (True, 'digit', '')
    """
    shown = None if seen is None else encoding.for_browser(seen)
    word = "" if times is None else words.known(times)
    return {**refused("", taken), "seen": shown, "word": word, "far": (times or 0) > 1}
