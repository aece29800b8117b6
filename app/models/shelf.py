"""Each model, loaded once, on first use, frozen, shared by all visitors and never edited in place."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from torch import Tensor

import linearizer_core as lc
from app import words
from app.kinds import Verbatim
from app.models.needs import ANY, FACE, GENERATES, Abilities, Need
from app.models.remembering import forget, remembered
from linearizer_core import checkpoints
from linearizer_core.linearizer import Linearizer
from linearizer_core.networks import Flatten
from linearizer_core.spaces import InducedSpace

ABILITIES = {  # what a visitor can choose from; the first is the default
    "digits": Abilities(generates=True, classes=10, blends=True),
    "digits-projector": Abilities(ranks=128),
    "faces": Abilities(FACE, generates=True, ranks=256, ages=True, blends=True),
}
NAMES = tuple(ABILITIES)
FRAMES = (33, 17)  # of a film, of small and of large pictures
SMALL = 64 * 64  # numbers of a picture

_loading = threading.Lock()
_names_loaded: set[str] = set()


# --- models that were brought ------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class Brought:
    """A model of somebody's own, as the lab holds it.

    `title` is what buttons call it, `source` what a program writes to have it. `std` (n,) is the standard deviation of
    latents along each axis. `projects` is f or a Projector beside it, None where axes have no order. `gallery` holds
    pictures for it, uint8 (N, S, S) or (N, S, S, 3), None for none; `given` says that somebody gave them, and the model has
    not drawn them. Not `public`, it is known to those alone who know its name.
    """

    f: Linearizer
    able: Abilities
    title: str
    source: str
    std: Tensor
    projects: Linearizer | None = None
    projecting_source: str = "model"
    gallery: np.ndarray | None = None
    given: bool = False
    public: bool = True


_brought: OrderedDict[str, Brought] = OrderedDict()
_used: dict[str, float] = {}  # when each was last asked for
_first: list[bool] = []
_door = threading.Lock()


def put(name: str, found: Brought) -> None:
    """Hold a model that was brought. ValueError for a name that another has."""
    with _door:
        if name in ABILITIES or name in _brought:
            raise ValueError(words.name_taken(name))
        _brought[name] = found
        _used[name] = time.monotonic()


def idle(name: str) -> float:
    """Seconds since somebody asked for a model that was brought."""
    with _door:
        return time.monotonic() - _used.get(name, 0.0)


def drop(name: str) -> None:
    """Let go of a model that was brought, and of all that was computed with it."""
    with _door:
        _brought.pop(name, None)
        _used.pop(name, None)
    forget(name)


def brought() -> Mapping[str, Brought]:
    """The models that were brought, those that only their visitors know among them."""
    with _door:
        return MappingProxyType(dict(_brought))


def brought_as(name: str) -> Brought | None:
    """The model that was brought under this name; None for one that ships. ValueError for one that is gone."""
    with _door:
        found = _brought.get(name)
        if found is not None:
            _used[name] = time.monotonic()
    if found is None and name not in _shipped():
        raise ValueError(words.MODEL_GONE)
    return found


# --- any model ---------------------------------------------------------------------------------------------
def model(name: str = "digits") -> Linearizer:
    """The model of that name, in eval mode, on the CPU: sliders never wait for a GPU queue."""
    found = brought_as(name)
    if found is not None:
        return found.f
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


def abilities(name: str) -> Abilities:
    """What the model of that name can do.

    >>> abilities("digits").classes
    10
    """
    found = brought_as(name)
    return found.able if found is not None else ABILITIES[name]


def projecting(name: str) -> Linearizer:
    """What projects where the model of that name is asked to: itself, or a Projector beside it."""
    found = brought_as(name)
    return found.projects if found is not None and found.projects is not None else model(name)


def projecting_source(name: str) -> str:
    """What a program writes for that, where `model` is the model."""
    found = brought_as(name)
    return found.projecting_source if found is not None else "model"


def total_std(name: str) -> Tensor:
    """Standard deviation of data along every latent axis of the model, (n,)."""
    found = brought_as(name)
    return found.std if found is not None else model(name).total_std


def title(name: str) -> str:
    """What buttons call the model."""
    found = brought_as(name)
    return found.title if found is not None else name


def source(name: str) -> str:
    """What a program writes to have the model.

    >>> source("digits")
    'lc.load("digits")'
    """
    found = brought_as(name)
    return found.source if found is not None else f'lc.load("{name}")'


def shape(name: str = "digits") -> tuple[int, ...]:
    """Channels, height and width of the pictures that the model takes.

    >>> shape("faces")
    (3, 64, 64)
    """
    return tuple(model(name).g_x.in_shape)


def frames(name: str) -> int:
    """How many pictures a film of this model has: fewer where they are large.

    >>> frames("digits"), frames("faces")
    (33, 17)
    """
    channels, height, width = shape(name)
    return FRAMES[channels * height * width > SMALL]


def available(need: Need = ANY) -> list[str]:
    """The models here that everybody may choose and that can do what is needed."""
    shipped = [name for name in _here() if need.holds(ABILITIES[name])]
    own = [name for name, own in brought().items() if own.public and need.holds(own.able)]
    return [*shipped, *own] if not _first else [*own, *shipped]


def lead_with_brought(first: bool) -> None:
    """Whether views open with the models that were brought, as where somebody opens the lab to see just these."""
    _first[:] = [True] * first


def leads_with_brought() -> bool:
    """What `lead_with_brought` said."""
    return bool(_first)


def generators() -> list[str]:
    """The models here that make pictures of noise."""
    return available(GENERATES)


def most_ranks() -> int:
    """The largest rank that any model here projects to."""
    return max(able.ranks for able in (*ABILITIES.values(), *(own.able for own in brought().values())))


def knows_faces(name: str) -> bool:
    """Whether the model's pictures are faces."""
    return abilities(name).pictures == FACE


def lacking(name: str, need: Need) -> str:
    """Why a model is not offered where this is needed, in a sentence; "" where it is."""
    return "" if need.holds(abilities(name)) else words.lacks(title(name), need.takes)


def offers(name: object, need: Need) -> bool:
    """Whether there is a model of that name that can do what is needed."""
    known = isinstance(name, str) and (name in _here() or name in brought())
    return known and not lacking(name, need)


@dataclass(frozen=True)
class Model(Verbatim):
    """The name of a model that can do what is needed; those that a visitor alone knows are taken, and never told.

    >>> from app.models.needs import PROJECTS
    >>> Model(PROJECTS).checked("digits", "model")
    Traceback (most recent call last):
    ValueError: digits is not offered here: this view takes latent axes in order of importance, as those of a Projector.
    """

    need: Need = ANY

    def take(self, value: object) -> str:
        if not isinstance(value, str) or len(value) > LONGEST_NAME:
            raise ValueError
        if offers(value, self.need):
            return value
        if offers(value, ANY):
            raise ValueError(lacking(value, self.need))
        raise ValueError(words.MODEL_GONE if value.startswith(PRIVATE) else "")

    @property
    def choices(self) -> tuple[str, ...]:
        return tuple(available(self.need))

    def __str__(self) -> str:
        return "one of " + ", ".join(self.choices)


LONGEST_NAME = 200
PRIVATE = "own-"  # names of models that one visitor has brought begin so, and none can be guessed


@lru_cache(maxsize=1)
def _shipped() -> frozenset[str]:
    """Looked up on the disk once: every tick of a slider asks whether its model is there."""
    return frozenset(lc.pretrained())


def _here() -> tuple[str, ...]:
    return tuple(name for name in NAMES if name in _shipped())


@remembered(8)
def pixel_space(name: str = NAMES[0]) -> InducedSpace:
    """The pixels of a model's pictures as a space with g = identity: its ⊕ is + of pixels."""
    return InducedSpace(Flatten(shape(name)))
