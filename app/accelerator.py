"""The one door to a device for big batches: a graphics card where torch has one, a ZeroGPU lease on a Space, else the CPU.

    try:
        done = accelerator.on_card(work, g, pixels)     # RefusedError with a sentence where there is none to be had
    except accelerator.RefusedError as refused:
        done = accelerator.on_cpu(work, g, pixels, watch=watch, note=str(refused))

`work(place, *arguments)` is a function of a module, takes and returns what can be pickled with its tensors on the CPU, and
works on `place.device` in batches of `place.batch`. Ticks never come here: a slider does not wait for a card. On a Space
`on_card` is called in the visitor's own handler, never in a thread of ours: the visitor's quota is found by the request.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch

from app import models, words

try:  # before anything touches CUDA
    import spaces
except ImportError:  # everywhere but on a Space with ZeroGPU
    spaces = None

LOG = logging.getLogger(__name__)
LEASE = 5  # seconds of a card that one cloud asks for; an anonymous visitor has two minutes a day
CARD_BATCHES = (1024, 256, 64)  # tried in turn where memory runs out
CPU_BATCHES = (64, 16)
CARD = torch.device("cuda")

Watch = Callable[[float], bool]
"""Told which share of the work is done; False says that it is to end."""


class RefusedError(Exception):
    """No card is to be had, or it could not do the work; the text is a sentence."""


class StoppedError(Exception):
    """The visitor wants no more of it."""


def _goes_on(share: float) -> bool:
    return True


@dataclass(frozen=True)
class Place:
    """Where work is done and in batches of how many; `turn()` is held during each, so that ticks get in between."""

    device: torch.device
    batch: int
    watch: Watch = _goes_on
    turn: Callable[[], AbstractContextManager] = nullcontext

    def tell(self, share: float) -> None:
        """Say how much is done. StoppedError where no more is wanted."""
        if not self.watch(share):
            raise StoppedError


@dataclass(frozen=True)
class Done:
    """What the work returned, where it was done, how long it took, and a sentence where that was not as it should be."""

    value: Any
    device: str
    seconds: float
    note: str = ""


Work = Callable[..., Any]
Door = Callable[[Work, tuple, int], tuple[Any, str]]
"""Does the work in batches of so many on a card; what it returned and the card's name."""


# --- cards -------------------------------------------------------------------------------------------------
_one_at_a_time = threading.Lock()


def _on_own_card(work: Work, arguments: tuple, batch: int) -> tuple[Any, str]:
    with _one_at_a_time:
        return _inside(work, arguments, batch)


def _inside(work: Work, arguments: tuple, batch: int) -> tuple[Any, str]:
    """Runs where the card is: on a Space in a process of its own, forked for this call."""
    return work(Place(CARD, batch), *arguments), torch.cuda.get_device_name()


_leased: Door | None = spaces.GPU(duration=LEASE)(_inside) if spaces is not None else None


def door() -> Door | None:
    """The way to a card; None where there is none. On ZeroGPU torch says that it has one and is not to be believed."""
    if _leased is not None and os.environ.get("SPACES_ZERO_GPU"):
        return _leased
    return _on_own_card if torch.cuda.is_available() else None


def on_card(work: Work, *arguments: Any) -> Done:
    """The work on a card, in ever smaller batches where its memory runs out. RefusedError where that is not to be had."""
    way = door()
    if way is None:
        raise RefusedError("")
    reason = ""
    for batch in CARD_BATCHES:
        began = time.perf_counter()
        try:
            value, name = way(work, arguments, batch)
            return Done(value, name, time.perf_counter() - began)
        except Exception as error:  # whatever a scheduler or a driver raises: the CPU can do it
            LOG.info("No card for this work in batches of %d: %s", batch, error)
            reason = words.NO_MEMORY if _is_out_of_memory(error) else words.card_refused(_said_by(error))
            if not _is_out_of_memory(error):
                break
            torch.cuda.empty_cache()
    raise RefusedError(reason)


def _said_by(error: Exception) -> str:
    """What a visitor may read of it: an error of ZeroGPU is one of Gradio's, whose title says what its text does not."""
    title = getattr(error, "title", "Error")
    return str(error) if title == "Error" else title


def _is_out_of_memory(error: Exception) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or "memory" in str(error).lower()


# --- the CPU -----------------------------------------------------------------------------------------------
def on_cpu(work: Work, *arguments: Any, watch: Watch = _goes_on, note: str = "") -> Done:
    """The work here, a core at a time. ValueError with a sentence where even small batches find no memory."""
    for batch in CPU_BATCHES:
        began = time.perf_counter()
        try:
            value = work(Place(torch.device("cpu"), batch, watch, models.one_core), *arguments)
            return Done(value, "cpu", time.perf_counter() - began, note)
        except (RuntimeError, MemoryError) as error:
            if not (isinstance(error, MemoryError) or _is_out_of_memory(error)):
                raise
            LOG.warning("Batches of %d found no memory: %s", batch, error)
    raise ValueError(words.TOO_MUCH_MEMORY)
