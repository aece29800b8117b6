"""What stands over every view: a sentence, and the path from x to f(x), lit while a hand moves a part of it."""

from collections.abc import Sequence

import gradio as gr

from app import words

HAND = 2  # the step that a slider moves, in most views: what is done to the latents


def lead(sentence: str, path: Sequence[str] = (), hand: int = HAND) -> gr.HTML:
    """The sentence, and the steps of the path in their order. What follows from step `hand` on lights up while a slider is
    dragged, the whole path when the picture changes: assets/js/path.js.
    """
    steps = "".join(f"<li>{words.typeset(step)}</li>" for step in path)
    drawn = f'<ol class="lab-path" data-hand="{hand}" aria-label="{words.PATH}">{steps}</ol>' if path else ""
    return gr.HTML(f'<p class="lab-lead">{sentence}</p>{drawn}', apply_default_css=False)
