"""What Interpolate can be set to: a model, two to four pictures with a weight for each, years."""

from __future__ import annotations

import math
from dataclasses import dataclass

from app import models, pictures
from app.kinds import Number, Several
from app.models.needs import BLENDS
from app.pictures import FIRST_PICTURE, SECOND_PICTURE
from app.pictures.kinds import Picture
from app.settings import Settings, setting
from app.views.interpolate import words

PLACES = 4
LIMIT = 2.0  # weights lie in [−LIMIT, LIMIT]: a vector space has more than averages
YEARS = 40.0  # that a face may become younger or older; training made them −20 to 40


@dataclass(frozen=True)
class Standing(Settings):
    """The blend Σ wᵢ ⊙ xᵢ on screen, `years` later; without weights all are equal.

    ValueError where a picture has no weight, and for years of what does not age.
    """

    pictures: tuple[str, ...] = setting(
        Several(Picture(), 2, PLACES, "pictures"), (FIRST_PICTURE, SECOND_PICTURE), link="x"
    )
    weights: tuple[float, ...] = setting(Several(Number(-LIMIT, LIMIT), 0, PLACES, "weights"), (), link="w")
    model: str = setting(
        models.Model(BLENDS),
        models.NAMES[0],
        link="model",
        about="whose g induces the space",
        brief=True,
    )
    years: float = setting(
        Number(-YEARS, YEARS), 0.0, link="y", about="added to the blend, of faces only", brief=True
    )

    def __post_init__(self) -> None:
        if not self.weights:
            object.__setattr__(self, "weights", equal(len(self.pictures)))
        if len(self.weights) != len(self.pictures):
            raise ValueError(words.unequal(len(self.pictures), len(self.weights)))
        if self.years and not models.abilities(self.model).ages:
            raise ValueError(words.ageless(self.model))


def equal(count: int) -> tuple[float, ...]:
    """Equal weights with sum 1, in steps of 0.01.

    >>> equal(3)
    (0.34, 0.33, 0.33)
    """
    share = math.floor(100 / count) / 100
    return (round(1 - share * (count - 1), 2), *[share] * (count - 1))


def opened(query: dict[str, str], picture: str) -> tuple[Standing, bool]:
    """What of a link can be read, and whether all of it could; see `pictures.start` for what it does not say."""
    name, first = pictures.start(query, picture, BLENDS)
    return Standing.of_link(query, pictures=(first, pictures.examples(name)[1]), model=name)
