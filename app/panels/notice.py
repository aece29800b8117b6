"""What a view says when a part of its link could not be read."""

import gradio as gr


def notice(slug: str) -> gr.Markdown:
    """Empty and unseen until there is something to say."""
    return gr.Markdown(visible=False, elem_classes="lab-notice", elem_id=f"{slug}-notice")


def saying(text: str) -> gr.Markdown:
    """The value of `notice`; nothing to say hides it."""
    return gr.Markdown(text, visible=bool(text))
