"""What a view is given and what it gives back; the per-visitor state that views share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import gradio as gr

FIRST_PICTURE = "digits:318"
LIFE = (
    24 * 3600
)  # seconds for which an open page's gr.State is kept: longer than a lecture, shorter than forever
# How listeners are set. Gradio tells listeners of `state.change` only about queued events, and it serves
# queued ones one by one unless told otherwise.
QUIET = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
CHOICE = {**QUIET, "queue": True, "concurrency_limit": None}  # changes a gr.State that others listen to
TICK = {**QUIET, "trigger_mode": "always_last"}  # follows a drag: the last position wins, nothing flickers


@dataclass(frozen=True)
class Lab:
    """What the views share for one visitor: the current picture, as a reference (see `pictures`)."""

    picture: gr.State


@dataclass(frozen=True)
class Opening:
    """How a view is first filled: `fn(query, picture)` returns the values of `outputs`, in order."""

    fn: Callable[[dict[str, str], str], Sequence]
    outputs: Sequence[gr.blocks.Block]
