"""What Spectrum can be set to: a picture, a model, moves of its singular values, and how the plot shows them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from torch import Tensor

from app import models, pictures
from app.kinds import Choice, Flag, Kind, Maybe, Number, Whole
from app.models.remembering import remembered
from app.pictures.kinds import Picture
from app.settings import Settings, setting
from app.views.spectrum import words
from app.views.spectrum.moves import Move, Moves, check_range, in_range
from linearizer_core.algebra import singular_values
from linearizer_core.linearizer import LinearizerSVD

SHOWN = (8, 16, 32, 64, 0)  # how many values the plot may show; 0 is all
MODEL = models.Model()
_ANY = Whole(-(10**9), 10**9)


NOISE = 0.3
"""Standard deviation of the noise in latents with which the view opens: what f takes away can be seen then."""
OLDER = "older"
CLASSES = tuple(map(str, range(10)))  # of a model with more, the first
FARTHEST = 2.0  # times a direction with a name
MOST = 1024
FEW = 64  # handles of a larger model that does not project
"""Axes up to which all singular values have a handle; of a larger model those have that it projects onto."""


def names(model: str) -> tuple[str, ...]:
    """The directions of a model that have a name.

    >>> names("digits")[:3], names("digits-projector"), names("faces")
    (('0', '1', '2'), (), ('older',))
    """
    able = models.abilities(model)
    return (OLDER,) if able.ages else CLASSES[: able.classes]


@remembered(8)
def trained(name: str) -> LinearizerSVD:
    """f(x) = ⊕ᵢ σᵢ⟨x, vᵢ⟩ ⊙ uᵢ of the model of that name as it was trained, as far as there are handles."""
    f = models.model(name)
    with models.one_core():
        return f.svd() if f.A.shape[0] <= MOST else f.svd(models.abilities(name).ranks or FEW)


@remembered(8)
def all_values(name: str) -> Tensor:
    """All singular values of the model of that name as it was trained, descending, (n,)."""
    with models.one_core():
        return singular_values(models.model(name).A)


@dataclass(frozen=True)
class Place(Kind):
    """Which singular value: counted from 0, and from 1 in a link. How many there are is for the model to say.

    >>> Place().take(2.0), Place().read("3"), Place().words(2)
    (2, 2, '3')
    """

    hint = int

    def take(self, value: object) -> int:
        return _ANY.take(value)

    def read(self, text: str) -> int:
        return _ANY.read(text) - 1

    def words(self, value: int) -> str:
        return str(value + 1)

    def __str__(self) -> str:
        return "a whole number, from 0 for the largest value"


class Given(NamedTuple):
    """What goes into f: a picture of a model, noise on it, and so much of a direction with a name, None for none."""

    picture: str
    model: str
    noise: float = 0.0
    named: str | None = None
    far: float = 0.0


@dataclass(frozen=True)
class Asked(Settings):
    """What a link may ask for: some of its moves and its place may be beyond the values that its model has."""

    model: str = setting(MODEL, models.NAMES[0], link="model", brief=True)
    picture: str = setting(Picture(), pictures.FIRST_PICTURE, link="x")
    moves: tuple[Move, ...] = setting(Moves(), (), link="m")
    selected: int = setting(Place(), 0, link="i")
    noise: float = setting(Number(0, 1), 0.0, link="z", brief=True)
    named: str | None = setting(Maybe(Choice((OLDER, *CLASSES)), ""), None, link="d", brief=True)
    far: float = setting(Number(-FARTHEST, FARTHEST), 0.0, link="d", brief=True)
    log: bool = setting(Flag(), False, link="log")
    show: int | None = setting(Maybe(Choice(SHOWN), ""), None, link="n", brief=True)

    @property
    def given(self) -> Given:
        """What goes into f, whatever its singular values."""
        return Given(self.picture, self.model, self.noise, self.named, self.far if self.named else 0.0)

    @property
    def count(self) -> int:
        """How many singular values of the model have a handle."""
        return len(trained(self.model).values)

    def named_here(self) -> Standing:
        """The same without another model's name: a page asks so while it puts an answer on the screen, part by part."""
        return Standing(**self.values() | {"named": self.named if self.named in names(self.model) else None})

    def fitted(self) -> Standing:
        """The same without the moves that the model's values cannot make, its place brought among them."""
        place = min(max(self.selected, 0), self.count - 1)
        named = self.named if self.named in names(self.model) else None
        fitting = {"moves": in_range(self.moves, self.count), "selected": place, "named": named}
        return Standing(**self.values() | fitting)


@dataclass(frozen=True)
class Standing(Asked):
    """What is on screen. ValueError where the model has no such value."""

    def __post_init__(self) -> None:
        if not 0 <= self.selected < self.count:
            raise ValueError(words.no_such_value(self.count))
        if self.named and self.named not in names(self.model):
            raise ValueError(words.no_such_name(self.model, names(self.model)))
        for move in self.moves:
            check_range(move, self.count)

    def switched(self, model: str) -> Standing:
        """Another model: a picture for it, its values as trained, the plot as it was set."""
        picture = pictures.standing_for(self.picture, model)
        return replace(self, model=model, picture=picture, moves=(), selected=0, named=None, far=0.0)


@dataclass(frozen=True)
class Arguments(Settings):
    """What the endpoint takes."""

    picture: str = setting(Picture(), pictures.FIRST_PICTURE, about="resized to what the model takes")
    moves: tuple[Move, ...] = setting(Moves(), ())
    selected: int = setting(Place(), 0, about="the singular value whose directions are returned")
    model: str = setting(
        MODEL, models.NAMES[0], about="of a projector all values are 1 and “keep” is the rank"
    )


def opened(query: dict[str, str], picture: str) -> tuple[Standing, bool]:
    """What of a link can be read, and whether all of it could; without a picture of its own one that fits the model."""
    asked, whole = Asked.of_link(
        query, model=models.available()[0], picture="", noise=0.0 if "x" in query else NOISE
    )
    found = asked.picture or pictures.standing_for(picture, asked.model)
    return replace(asked, picture=found).fitted(), whole
