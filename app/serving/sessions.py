"""What the server keeps of a visitor: the values of `gr.State`, and the components that a handler gave other properties.

Gradio 6.31 keeps more: the configuration of every component with its last value, 730 kB of a visitor of this page, worked
out for 40 ms when he comes, while nobody else is answered. Only `gr.DeepLinkButton` reads it, which the lab does not use.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from types import SimpleNamespace

import gradio.blocks
import gradio.route_utils
import gradio.state_holder
from gradio.blocks import Block, Blocks
from gradio.components import State
from gradio.state_holder import SessionState

MAKERS = (gradio.state_holder, gradio.blocks, gradio.route_utils)  # they make one for each visitor, or call


class Session(SessionState):
    """Gradio's session without the configurations: 30 kB and no time."""

    def __init__(self, blocks: Blocks) -> None:
        super().__init__(SimpleNamespace(default_config=blocks.default_config, blocks={}))

    def __setitem__(self, key: int, value: object) -> None:
        """A state's value; or a component, which replaces the page's where a property is another than there."""
        block = self.blocks_config.blocks.get(key)
        if isinstance(block, State):
            self._state_ttl[key] = (block.time_to_live, datetime.datetime.now())
            self.state_data[key] = value
        elif not _alike(block, value):
            self.blocks_config.blocks[key] = value

    def _update_config(self, key: int) -> None:
        """Nothing: no configuration is kept."""

    def _update_value_in_config(self, key: int, value: object) -> None:
        """Nothing: no configuration is kept."""


def _alike(block: Block | None, other: object) -> bool:
    """Whether two components differ in nothing but their value: Gradio makes a new one for every output left as it is."""
    if type(block) is not type(other):
        return False
    ours, theirs = _properties(block), _properties(other)
    return ours.keys() == theirs.keys() and all(ours[k] is v or ours[k] == v for k, v in theirs.items())


def _properties(block: Block) -> Mapping[str, object]:
    return {k: v for k, v in block.constructor_args.items() if k not in ("value", "render")}


def install() -> None:
    """Have Gradio make such sessions, in all apps of this process."""
    for module in MAKERS:
        module.SessionState = Session
