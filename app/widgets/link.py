"""The link that restores a view, which is the address of the page too, with buttons that copy it and that begin anew."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from app import words
from app.widgets import widget

if TYPE_CHECKING:
    import gradio as gr


TEMPLATE = (
    '<div class="link"><input type="text" readonly><button type="button" class="copy"></button>'
    '<button type="button" class="reset"></button><span role="status" aria-live="polite"></span></div>'
)


def Link(slug: str) -> gr.HTML:
    """value: from `address`; an address to copy, or why there is none."""
    space = os.environ.get("SPACE_ID")
    return widget(
        "link",
        TEMPLATE,
        address(""),
        elem_id=f"{slug}-link",
        label=words.LINK,
        base=f"https://huggingface.co/spaces/{space}" if space else "",
        copy=words.COPY,
        copied=words.COPIED,
        reset=words.RESET,
        slug=slug,
    )


def address(query: str, note: str = "") -> dict[str, str]:
    """The value of `Link` for the query string of the view as it is now, or a sentence in its place.

    >>> address("?view=plane")
    {'query': '?view=plane', 'note': ''}
    """
    return {"query": query, "note": note}
