"""Work that visitors share: as many long pieces at a time as there are cores, and pictures of many in one batch.

Through a deep g one picture costs nearly as much as sixteen, so those that many visitors ask for at one moment go through
g⁻¹ together.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import lru_cache

import torch
from torch import Tensor

from app.models.decoding import decoder
from app.models.remembering import remembered
from app.models.shelf import brought_as, model

_preparing = threading.Lock()
_places = threading.BoundedSemaphore(max(2, os.cpu_count() or 1))
_held = threading.local()


@contextmanager
def one_core() -> Iterator[None]:
    """Hold one of as many places as there are cores, for work that takes longer than a tick.

    Unqueued handlers run in forty threads at once; without this, forty half-done answers share two cores and
    everybody waits for the slowest. Within one, another is the same: who holds a place never waits for a second.

    >>> with one_core(), one_core(), one_core(), one_core():
    ...     torch.is_inference_mode_enabled()
    True
    """
    if getattr(_held, "place", False):
        yield
        return
    with _places, torch.inference_mode():
        _held.place = True
        try:
            yield
        finally:
            _held.place = False


class Batched:
    """A function of a batch (b, …) that threads call with few rows each and that runs on the rows of all.

    Whoever gets the turn takes along what others are waiting for; nobody waits for a timer. The result for a
    row does not depend on its company, to rounding.

    >>> Batched(lambda z: 2 * z)(torch.ones(1, 2))
    tensor([[2., 2.]])
    """

    def __init__(self, fn: Callable[[Tensor], Tensor], largest: int = 32) -> None:
        self.fn, self.largest = fn, largest
        self._waiting: list[tuple[Tensor, Future]] = []
        self._door, self._turn = threading.Lock(), threading.Lock()

    def __call__(self, rows: Tensor) -> Tensor:
        answer: Future = Future()
        with self._door:
            self._waiting.append((rows, answer))
        while not answer.done():
            with self._turn:
                if not answer.done():
                    self._serve(self._take())
        return answer.result()

    def _take(self) -> list[tuple[Tensor, Future]]:
        """The longest waiting requests that fit into one batch, at least one."""
        with self._door:
            count, size = 0, 0
            for rows, _ in self._waiting:
                if count and size + len(rows) > self.largest:
                    break
                count, size = count + 1, size + len(rows)
            taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return taken

    def _serve(self, requests: list[tuple[Tensor, Future]]) -> None:
        try:
            with torch.inference_mode():
                results = self.fn(torch.cat([rows for rows, _ in requests]))
            for (_, answer), result in zip(requests, results.split([len(rows) for rows, _ in requests])):
                answer.set_result(result)
        except Exception as error:  # each waiting thread raises it in its own handler
            for _, answer in requests:
                answer.set_exception(error)


@remembered(12)
def _decoder(name: str) -> Batched:
    if brought_as(name) is not None:
        return Batched(model(name).g_y.inverse)
    with _preparing:  # thirty first visitors have it made once
        return Batched(_quickest(name))


@lru_cache(maxsize=8)
def _quickest(name: str) -> Callable[[Tensor], Tensor]:
    return decoder(model(name))


def decode(z: Tensor, name: str = "digits") -> Tensor:
    """g_y⁻¹ of a few latents (b, n), together with what other visitors are waiting for: images (b, C, H, W)."""
    return _decoder(name)(z)
