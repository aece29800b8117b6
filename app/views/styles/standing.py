"""What Styles can be set to: a photo, and how the styles come together, or follow one another, and come off again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from app.kinds import ByName, Choice, Flag, Maybe, Number, Several, Shared
from app.pictures import photos
from app.pictures.kinds import Photo
from app.settings import Settings, setting
from app.views.styles import words
from linearizer_core import checkpoints

MODEL = "styles"
STRONGEST = 1.5
FIRST_PHOTO = "china"
MOST_STYLES = 16


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """The styles of the shipped model, known without loading it."""
    return checkpoints.read_config(checkpoints.ASSETS / MODEL).recipe.learned


def everybody_has(photo: str) -> bool:
    """Whether it is one of the sample photos; an upload stays on this server."""
    return photo in photos.SAMPLES


WEIGHT, STRENGTH, STYLE = Number(0, 1), Number(0, STRONGEST), Choice(names)


@dataclass(frozen=True)
class Mix:
    """What makes the operator: weights of the styles, or two of them in `order`; strength; a style to take off, or ""."""

    weights: tuple[float, ...]
    order: tuple[str, ...] = ()
    strength: float = 1.0
    undo: str = ""

    @property
    def plain(self) -> float:
        """The weight that the photo itself keeps."""
        return 1 - math.fsum(self.weights)

    @property
    def swapped(self) -> Mix:
        """The same two styles in the other order."""
        return Mix(self.weights, self.order[::-1], self.strength, self.undo)


def shares(weights: tuple[float, ...]) -> tuple[float, ...]:
    """Weights that add up to at most 1: where it is more, each gets its share.

    >>> shares((1.0, 0.25)), shares((0.5, 0.25))
    ((0.8, 0.2), (0.5, 0.25))
    """
    total = max(1.0, math.fsum(weights))
    return tuple(round(weight / total, 6) for weight in weights)


@dataclass(frozen=True)
class Standing(Settings):
    """All controls. Without weights the second style is on alone. ValueError where a style has no weight."""

    photo: str = setting(Shared(Photo(), everybody_has, FIRST_PHOTO), FIRST_PHOTO, link="x")
    mode: str = setting(Choice(tuple(words.MODES)), words.BLEND, link="how")
    weights: tuple[float, ...] = setting(Several(WEIGHT, 0, MOST_STYLES, "weights"), (), link="w")
    first: str = setting(STYLE, "", link="o")
    second: str = setting(STYLE, "", link="o")
    strength: float = setting(STRENGTH, 1.0, link="s")
    undo: str | None = setting(Maybe(STYLE, ""), None, link="u", brief=True)

    def __post_init__(self) -> None:
        known = names()
        second = known[min(1, len(known) - 1)]
        start = {
            "weights": tuple(float(name == second) for name in known),
            "first": known[0],
            "second": second,
        }
        for name, value in start.items():
            object.__setattr__(self, name, getattr(self, name) or value)
        if len(self.weights) != len(known):
            raise ValueError(words.bad_weights(known))

    @property
    def mix(self) -> Mix:
        order = (self.first, self.second) if self.mode == words.ORDER else ()
        return Mix(shares(self.weights), order, self.strength, self.undo or "")


@dataclass(frozen=True)
class Arguments(Settings):
    """What the endpoint takes. ValueError where neither weights nor an order of two say what to paint."""

    photo: str = setting(Photo())
    weights: Mapping[str, float] | None = setting(
        Maybe(ByName(WEIGHT, names), ""),
        None,
        about="of a blend A = Σ αₛ Aₛ; the photo itself keeps what is left to 1",
    )
    order: tuple[str, ...] | None = setting(
        Maybe(Several(STYLE, 0, 2, "styles"), ""),
        None,
        about="or two styles, first the first, then the second, A = A₂A₁",
    )
    strength: float = setting(STRENGTH, 1.0, about="each Aₛ is taken to this power, 0 does nothing")
    undo: str | None = setting(Maybe(STYLE, ""), "", about="a style to take off afterwards, A⁺")
    full: bool = setting(
        Flag(), False, about="paint at the photo's own size (up to 0.8 megapixels) instead of the preview's"
    )

    def __post_init__(self) -> None:
        if self.order and len(self.order) != 2:
            raise ValueError(words.bad_order(names()))
        if not self.weights and not self.order:
            raise ValueError(words.bad_weights(names()))

    @property
    def mix(self) -> Mix:
        weights = tuple((self.weights or {}).get(name, 0.0) for name in names())
        return Mix(shares(weights), self.order or (), self.strength, self.undo or "")
