"""Each model, loaded once, on first use, frozen, shared by all visitors and never edited in place.

Decoding is shared too: through a deep g one picture costs nearly as much as sixteen, so the pictures that
many visitors ask for at one moment go through g⁻¹ as one batch.
"""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

import linearizer_core as lc
from linearizer_core import checkpoints
from linearizer_core.linearizer import Linearizer
from linearizer_core.networks import Flatten
from linearizer_core.spaces import InducedSpace

DIGIT, FACE = "digit", "face"


@dataclass(frozen=True)
class Abilities:
    """What a shipped model knows and can do: its pictures, whether it makes them of noise, how many classes of them it
    tells apart, up to which rank it projects (0: not at all), whether it knows what years do to them.
    """

    pictures: str = DIGIT
    generates: bool = False
    classes: int = 0
    ranks: int = 0
    ages: bool = False


ABILITIES = {  # what a visitor can choose from; the first is the default
    "digits": Abilities(generates=True, classes=10),
    "digits-projector": Abilities(ranks=128),
    "faces": Abilities(FACE, generates=True, ranks=256, ages=True),
}
NAMES = tuple(ABILITIES)

_loading = threading.Lock()
_names_loaded: set[str] = set()
_places = threading.BoundedSemaphore(max(2, os.cpu_count() or 1))
_held = threading.local()


def model(name: str = "digits") -> Linearizer:
    """The shipped model of that name, in eval mode, on the CPU: sliders never wait for a GPU queue."""
    with _loading:  # thirty first visitors load it once, not thirty times
        return _load(name)


@lru_cache(maxsize=8)
def _load(name: str) -> Linearizer:
    f = lc.load(checkpoints.ASSETS / name, device="cpu")
    _names_loaded.add(name)
    return lc.folded(f)  # up to twice as fast, and nothing trains here


def loaded() -> list[str]:
    """The models that somebody has asked for since the start."""
    return sorted(_names_loaded)


def shape(name: str = "digits") -> tuple[int, ...]:
    """Channels, height and width of the pictures that the model takes.

    >>> shape("faces")
    (3, 64, 64)
    """
    return tuple(model(name).g_x.in_shape)


def available(can: Callable[[Abilities], object] = lambda abilities: True) -> list[str]:
    """Those of `NAMES` that are here and can do what is asked."""
    return [name for name in _here() if can(ABILITIES[name])]


def generators() -> list[str]:
    """The models here that make pictures of noise."""
    return available(lambda able: able.generates)


def projectors() -> list[str]:
    """The models here that project, whose axes are in order of importance."""
    return available(lambda able: able.ranks)


def knows_faces(name: str) -> bool:
    """Whether the model's pictures are faces."""
    return ABILITIES[name].pictures == FACE


@lru_cache(maxsize=1)
def _here() -> tuple[str, ...]:
    """Looked up on the disk once: every tick of a slider asks whether its model is there."""
    shipped = lc.pretrained()
    return tuple(name for name in NAMES if name in shipped)


@lru_cache(maxsize=8)
def pixel_space(name: str = NAMES[0]) -> InducedSpace:
    """The pixels of a model's pictures as a space with g = identity: its ⊕ is + of pixels."""
    return InducedSpace(Flatten(shape(name)))


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


@lru_cache(maxsize=8)
def _decoder(name: str) -> Batched:
    return Batched(model(name).g_y.inverse)


def decode(z: Tensor, name: str = "digits") -> Tensor:
    """g_y⁻¹ of a few latents (b, n), together with what other visitors are waiting for: images (b, C, H,
    W).
    """
    return _decoder(name)(z)
