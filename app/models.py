"""Each model, loaded once, on first use, frozen, shared by all visitors and never edited in place."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import linearizer_core as lc
from linearizer_core.linearizer import Linearizer

_loading = threading.Lock()
_cores = threading.BoundedSemaphore(max(2, os.cpu_count() or 1))


def model(name: str = "digits") -> Linearizer:
    """The shipped model of that name, in eval mode, on the CPU: sliders never wait for a GPU queue."""
    with _loading:  # thirty first visitors load it once, not thirty times
        return _load(name)


@lru_cache(maxsize=8)
def _load(name: str) -> Linearizer:
    return lc.load(name, device="cpu").eval().requires_grad_(False)


@contextmanager
def one_core() -> Iterator[None]:
    """Hold one of as many places as there are cores.

    Unqueued handlers run in forty threads at once; without this, forty half-done answers share two cores and
    everybody waits for the slowest.
    """
    with _cores:
        yield
