"""A word in the footer: where the last tick was computed, and the switch that leaves all to the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app import words
from app.widgets import widget

if TYPE_CHECKING:
    import gradio as gr


TEMPLATE = (
    '<div class="engine"><span role="status" aria-live="off"></span><button type="button"></button></div>'
)


def EngineNote(elem_id: str) -> gr.HTML:
    """No value: it hears what assets/engine/engine.js tells."""
    return widget("engine_note", TEMPLATE, elem_id=elem_id, label=words.ENGINE["on"], words=words.ENGINE)
