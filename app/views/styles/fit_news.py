"""What is said of a fit: a sentence, a bar; and to the host alone how to make fits possible."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.views.styles import words
from app.widgets import widget

if TYPE_CHECKING:
    import gradio as gr


TEMPLATE = (
    '<p role="status" aria-live="polite"></p><progress max="1" hidden></progress><p class="host" hidden></p>'
)


def FitNews(*, elem_id: str, can: bool) -> gr.HTML:
    """value: {"text": …} and, while it trains, "share", how far it is; None says nothing.

    Where fits cannot be had, whoever has the page open on the machine that serves it reads what is missing.
    """
    note = "" if can else words.FIT_HOST + words.FIT_MISSING
    return widget("fit_news", TEMPLATE, None, elem_id=elem_id, label=words.FIT, note=note)
