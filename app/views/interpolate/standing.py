"""What Interpolate can be set to: two to four pictures, and a weight for each."""

from __future__ import annotations

import math
from dataclasses import dataclass

from app.kinds import Number, Several
from app.pictures import FIRST_PICTURE, SECOND_PICTURE
from app.pictures.kinds import Picture
from app.settings import Settings, setting
from app.views.interpolate import words

PLACES = 4
LIMIT = 2.0  # weights lie in [−LIMIT, LIMIT]: a vector space has more than averages


@dataclass(frozen=True)
class Standing(Settings):
    """The blend Σ wᵢ ⊙ xᵢ on screen; without weights all are equal. ValueError where a picture has none."""

    pictures: tuple[str, ...] = setting(
        Several(Picture(), 2, PLACES, "pictures"), (FIRST_PICTURE, SECOND_PICTURE), link="x"
    )
    weights: tuple[float, ...] = setting(Several(Number(-LIMIT, LIMIT), 0, PLACES, "weights"), (), link="w")

    def __post_init__(self) -> None:
        if not self.weights:
            object.__setattr__(self, "weights", equal(len(self.pictures)))
        if len(self.weights) != len(self.pictures):
            raise ValueError(words.unequal(len(self.pictures), len(self.weights)))


def equal(count: int) -> tuple[float, ...]:
    """Equal weights with sum 1, in steps of 0.01.

    >>> equal(3)
    (0.34, 0.33, 0.33)
    """
    share = math.floor(100 / count) / 100
    return (round(1 - share * (count - 1), 2), *[share] * (count - 1))
