"""The link that restores a view, which is the address of the page too, with buttons that copy it and that begin anew."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from app import words
from app.widgets import widget

if TYPE_CHECKING:
    import gradio as gr


TEMPLATE = (
    '<div class="link"><input type="text" readonly><div class="buttons"><button type="button" class="copy"></button>'
    '<button type="button" class="reset"></button><button type="button" class="save"></button>'
    '<button type="button" class="picture"></button></div><p role="status" aria-live="polite"></p></div>'
)


def Link(slug: str) -> gr.HTML:
    """The link, what begins anew, and the stage as a picture for a slide, which the page draws itself: assets/js/slides.js.

    value: from `address`; an address to copy, or why there is none, and what of the view the address leaves out
    """
    space = os.environ.get("SPACE_ID")
    return widget(
        "link",
        TEMPLATE,
        address(""),
        elem_id=f"{slug}-link",
        label=words.LINK,
        base=f"https://huggingface.co/spaces/{space}" if space else "",
        words=words.LINK_WORDS,
        slug=slug,
    )


def address(query: str, note: str = "", stays: str = "") -> dict[str, str]:
    """The value of `Link` for the query string of the view as it is now, or a sentence in its place.

    `stays` says what the link does not carry.

    >>> address("?view=plane")
    {'query': '?view=plane', 'note': '', 'stays': ''}
    """
    return {"query": query, "note": note, "stays": stays}
