"""Number fields of the whole page: what is typed and cannot be is answered where it is typed, and never sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app import words
from app.widgets import widget

if TYPE_CHECKING:
    import gradio as gr


def NumberRule(elem_id: str) -> gr.HTML:
    """Once a page: watches every number field that has `lab-field` about it, by the field's own limits and step."""
    said = {"number": words.NUMBER_RULE, "whole": words.WHOLE_RULE}
    return widget("number_rule", "", elem_id=elem_id, label="", **said)
