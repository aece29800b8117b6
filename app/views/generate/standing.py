"""What Generate can be set to: a model, a seed, a class, how many steps of which integrator, two pictures that go back to
noise.
"""

from __future__ import annotations

from dataclasses import dataclass

from app import models, pictures
from app.kinds import Choice, Maybe, Several, Whole
from app.models.needs import GENERATES
from app.pictures import FIRST_PICTURE, SECOND_PICTURE
from app.pictures.kinds import Picture
from app.pictures.noise import LARGEST_SEED
from app.settings import Settings, setting
from app.views.generate import words
from linearizer_core.methods.flow_matching import METHODS

CLASSES = tuple(range(10))
MOST_CLASSES = 100
MOST_STEPS = 1000
MOST_SEEDS = 16  # in one call of the endpoint
ANY = "any"  # the class of a link and of a control that is none
EVALUATIONS = {"euler": 1, "midpoint": 2, "rk4": 4}  # of V(t), in one step

SEED = Whole(0, LARGEST_SEED)
CLASS = Maybe(Whole(0, MOST_CLASSES - 1), ANY)
STEPS = Whole(1, MOST_STEPS)
METHOD = Choice(tuple(METHODS))
MODEL = models.Model(GENERATES)


@dataclass(frozen=True)
class Run:
    """How noise becomes a picture: so many steps of an integrator, for one class or (None) whatever comes.

    ValueError for a class of a model that has none.
    """

    steps: int
    method: str
    label: int | None = None
    model: str = models.NAMES[0]

    def __post_init__(self) -> None:
        classes = models.abilities(self.model).classes
        if self.label is not None and self.label >= classes:
            raise ValueError(words.no_such_class(models.title(self.model), classes))

    @property
    def evaluations(self) -> int:
        """How often the N steps ask for V(t)."""
        return self.steps * EVALUATIONS[self.method]


@dataclass(frozen=True)
class Standing(Settings):
    """What is on screen. A link with one picture gets a second one."""

    seed: int = setting(SEED, 0, link="s")
    label: int | None = setting(CLASS, None, link="c")
    steps: int = setting(STEPS, 100, link="n")
    method: str = setting(METHOD, "rk4", link="m")
    pictures: tuple[str, ...] = setting(
        Several(Picture(), 1, 2, "pictures"), (FIRST_PICTURE, SECOND_PICTURE), link="x"
    )
    model: str = setting(MODEL, models.NAMES[0], link="model", brief=True)

    def __post_init__(self) -> None:
        if len(self.pictures) == 1:
            object.__setattr__(self, "pictures", (*self.pictures, pictures.examples(self.model)[1]))
        _ = self.run  # its class must be one of the model

    @property
    def run(self) -> Run:
        """How noise becomes a picture, whatever the noise."""
        return Run(self.steps, self.method, self.label, self.model)


@dataclass(frozen=True)
class Arguments(Settings):
    """What the endpoint takes."""

    seeds: tuple[int, ...] = setting(
        Several(SEED, 1, MOST_SEEDS, "seeds"), about="each is one picture of white noise"
    )
    label: int | None = setting(CLASS, None, about="the class")
    steps: int = setting(STEPS, 100, about="N")
    method: str = setting(METHOD, "rk4")
    model: str = setting(MODEL, models.NAMES[0])

    def __post_init__(self) -> None:
        _ = self.run  # its class must be one of the model

    @property
    def run(self) -> Run:
        """How noise becomes a picture, whatever the noise."""
        return Run(self.steps, self.method, self.label, self.model)


def opened(query: dict[str, str], picture: str) -> tuple[Standing, bool]:
    """What of a link can be read, and whether all of it could; see `pictures.start` for what it does not say."""
    name, first = pictures.start(query, picture, GENERATES)
    return Standing.of_link(query, pictures=(first, pictures.examples(name)[1]), model=name)
