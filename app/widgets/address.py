"""What fills a view again from the address of the page: Back, Forward and the reset of a view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.widgets import widget

if TYPE_CHECKING:
    import gradio as gr


def Address(slug: str) -> gr.HTML:
    """Nothing to see. Event `restore`: the view is to be filled from the address as it is now, see assets/js/address.js."""
    return widget("address", "", elem_id=f"{slug}-address", label="", slug=slug)
