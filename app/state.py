"""What a view is given and what it gives back; the per-visitor state that views share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import gradio as gr

FIRST_PICTURE = "digits:3"
QUIET = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}  # an answer without delay
TICK = {
    **QUIET,
    "trigger_mode": "always_last",
}  # what follows a drag: the last position wins, nothing flickers


@dataclass(frozen=True)
class Lab:
    """What the views share for one visitor: the current picture, as a reference (see `pictures`)."""

    picture: gr.State


@dataclass(frozen=True)
class Opening:
    """How a view is first filled: `fn(query, picture)` returns the values of `outputs`, in order."""

    fn: Callable[[dict[str, str], str], Sequence]
    outputs: Sequence[gr.blocks.Block]
