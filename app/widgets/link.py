"""The link that restores a view, with a button that copies it."""

import os

import gradio as gr

from app import captions
from app.widgets import widget

TEMPLATE = (
    '<div class="link"><input type="text" readonly><button type="button"></button>'
    '<span role="status" aria-live="polite"></span></div>'
)


def Link(slug: str) -> gr.HTML:
    """value: the query string of the view as it is now, from `links.encode`."""
    space = os.environ.get("SPACE_ID")
    return widget(
        "link",
        TEMPLATE,
        "",
        elem_id=f"{slug}-link",
        label=captions.LINK,
        base=f"https://huggingface.co/spaces/{space}" if space else "",
        copy=captions.COPY,
        copied=captions.COPIED,
    )
