"""What Project can be set to: a model, a picture, how and by how much it is spoilt, the rank of f."""

from __future__ import annotations

from dataclasses import dataclass, replace

from app import models, pictures
from app.kinds import Choice, Maybe, Number, Whole
from app.models.needs import DIGIT, FACE, PROJECTS
from app.pictures import FIRST_PICTURE
from app.pictures.kinds import Picture
from app.settings import Settings, setting
from app.views.project import words

MODEL = models.Model(PROJECTS)
FIRST = "digits-projector"
WHOLE = "none"
USUAL = {
    WHOLE: 0.0,
    "noise": 1.0,
    "gaussian": 0.5,
    "salt": 0.3,
    "hole": 0.3,
    "cover": 0.3,
    "blur": 0.4,
    "negative": 1.0,
}
"""The ways to spoil a picture, and the amount in [0, 1] that each starts with."""
AMOUNT = Number(0, 1)
SEED = Whole(0, 9999)


RANK = Whole(1, models.most_ranks)


@dataclass(frozen=True)
class Input(Settings):
    """A picture, spoilt by `kind`; the seed says which noise it is or where the hole lies. No amount is the usual one."""

    picture: str = setting(Picture("whole"), FIRST_PICTURE, link="x")
    kind: str = setting(Choice(tuple(USUAL)), WHOLE, link="how")
    amount: float = setting(Maybe(AMOUNT, "usual"), None, link="a")
    seed: int = setting(SEED, 0, link="s")

    def __post_init__(self) -> None:
        amount = USUAL[self.kind] if self.amount is None else self.amount
        object.__setattr__(self, "amount", round(amount, 3))

    @property
    def text(self) -> str:
        """The input as one word, for ids and states.

        >>> Input("digits:3", "salt", 0.3).text
        'salt;0.3;0;digits:3'
        """
        return f"{self.kind};{self.amount:g};{self.seed};{self.picture}"

    @classmethod
    def of_text(cls, text: str) -> Input:
        """The input that `text` wrote, checked. ValueError with a sentence.

        >>> Input.of_text("salt;0.3;0;digits:3") == Input("digits:3", "salt", 0.3)
        True
        """
        kind, amount, seed, picture = (str(text).split(";", 3) + [""] * 4)[:4]
        return cls.checked(picture=picture, kind=kind, amount=AMOUNT.read(amount), seed=SEED.read(seed))


@dataclass(frozen=True)
class Standing(Input):
    """What is on screen: an input, and how many axes f keeps, at most those that its model has in order."""

    kind: str = setting(Choice(tuple(USUAL)), "salt", link="how")
    rank: int = setting(RANK, 32, link="k")
    model: str = setting(MODEL, FIRST, link="model", brief=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "rank", min(self.rank, models.abilities(self.model).ranks))

    @property
    def input(self) -> Input:
        """What goes into f, whatever the rank."""
        return Input(self.picture, self.kind, self.amount, self.seed)


@dataclass(frozen=True)
class Arguments(Settings):
    """What the endpoint takes."""

    picture: str = setting(Picture("whole"), FIRST_PICTURE)
    rank: int = setting(RANK, 32, about="how many axes f keeps")
    kind: str = setting(Choice(tuple(USUAL)), WHOLE, about="how x is spoilt first")
    amount: float = setting(AMOUNT, 0.3, about="by how much")
    seed: int = setting(SEED, 0, about="which noise, or where the hole lies")
    model: str = setting(MODEL, FIRST, about="whose axes are kept")

    def __post_init__(self) -> None:
        most = models.abilities(self.model).ranks
        if self.rank > most:
            raise ValueError(words.rank_too_large(self.model, self.rank, most))


GRIDS = {  # what the grid starts with
    DIGIT: (
        Input("digits:393", "noise", 1.0),
        Input("digits:913", "hole", 0.3),
        Input("digits:770", "salt", 0.3),
        Input("other:0"),
        Input("digits:1319", "blur", 0.4),
        Input("other:11"),
    ),
    FACE: (
        Input("face:1", "noise", 0.6),
        Input("face:4", "hole", 0.3),
        Input("face:5", "salt", 0.2),
        Input("other:0"),
        Input("face:9", "blur", 0.2),
        Input("digits:913"),
    ),
}


def grid_of(model: str) -> tuple[Input, ...]:
    """What the grid starts with for this model."""
    found = GRIDS.get(models.abilities(model).pictures)
    if found is not None:
        return found
    own = pictures.page_of(model)[2:] or pictures.page_of(model)
    whole = [entry.picture.startswith("other:") for entry in GRIDS[FACE]]
    return tuple(
        entry if foreign else replace(entry, picture=own[i % len(own)])
        for i, (entry, foreign) in enumerate(zip(GRIDS[FACE], whole))
    )
