"""What a model of pictures can do, and what each view asks of one. A model that was brought says it by what it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app import words

DIGIT, FACE, BROUGHT = "digit", "face", "picture"
"""What the pictures of a model show; those of a model that was brought may show anything."""


@dataclass(frozen=True)
class Abilities:
    """What a model knows and can do: its pictures, whether it makes them of noise, how many classes of them it tells
    apart, up to which rank it projects (0: not at all), whether it knows what years do to them, whether its blends are
    pictures, whether g_x and g_y are one network.
    """

    pictures: str = DIGIT
    generates: bool = False
    classes: int = 0
    ranks: int = 0
    ages: bool = False
    blends: bool = False
    one_space: bool = True


@dataclass(frozen=True)
class Need:
    """What a view asks of a model, as a test and in words."""

    holds: Callable[[Abilities], object]
    takes: str = ""


ANY = Need(lambda able: True)
ONE_SPACE = Need(lambda able: able.one_space, words.TAKES_ONE_SPACE)
BLENDS = Need(lambda able: able.blends, words.TAKES_ONE_SPACE)
GENERATES = Need(lambda able: able.generates, words.TAKES_GENERATORS)
AGES = Need(lambda able: able.ages)
PROJECTS = Need(lambda able: able.ranks, words.TAKES_ORDER)
