"""The link that restores a view, with a button that copies it."""

import os

from app import captions
from app.widgets import Widget

from gradio.events import Dependency

class Link(Widget):
    """value: the query string of the view as it is now, from `links.encode`."""

    SCRIPT = "link"
    TEMPLATE = (
        '<div class="link"><input type="text" readonly><button type="button"></button>'
        '<span role="status" aria-live="polite"></span></div>'
    )

    def __init__(self, slug: str):
        space = os.environ.get("SPACE_ID")
        super().__init__(
            "",
            elem_id=f"{slug}-link",
            label=captions.LINK,
            base=f"https://huggingface.co/spaces/{space}" if space else "",
            copy=captions.COPY,
            copied=captions.COPIED,
        )
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block

    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component
