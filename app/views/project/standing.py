"""What Project can be set to: a picture, how and by how much it is spoilt, the rank of f."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from app.kinds import Choice, Maybe, Number, Whole
from app.pictures import FIRST_PICTURE
from app.pictures.kinds import Picture
from app.settings import Settings, setting
from linearizer_core import checkpoints

MODEL = "digits-projector"
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


@lru_cache(maxsize=1)
def largest_rank() -> int:
    """The rank of the model as it ships, known without loading it."""
    return checkpoints.read_config(checkpoints.ASSETS / MODEL).recipe.rank


RANK = Whole(1, largest_rank)


@dataclass(frozen=True)
class Input(Settings):
    """A picture, spoilt by `kind`; the seed says which noise it is or where the hole lies. No amount is the usual one."""

    picture: str = setting(Picture(whole=True), FIRST_PICTURE, link="x")
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
    """What is on screen: an input, and how many axes f keeps."""

    kind: str = setting(Choice(tuple(USUAL)), "salt", link="how")
    rank: int = setting(RANK, 32, link="k")

    @property
    def input(self) -> Input:
        """What goes into f, whatever the rank."""
        return Input(self.picture, self.kind, self.amount, self.seed)


@dataclass(frozen=True)
class Arguments(Settings):
    """What the endpoint takes."""

    picture: str = setting(Picture(whole=True), FIRST_PICTURE)
    rank: int = setting(RANK, 32, about="how many axes f keeps")
    kind: str = setting(Choice(tuple(USUAL)), WHOLE, about="how x is spoilt first")
    amount: float = setting(AMOUNT, 0.3, about="by how much")
    seed: int = setting(SEED, 0, about="which noise, or where the hole lies")


GRID = (  # what the grid starts with
    Input("digits:393", "noise", 1.0),
    Input("digits:913", "hole", 0.3),
    Input("digits:770", "salt", 0.3),
    Input("other:0"),
    Input("digits:1319", "blur", 0.4),
    Input("other:11"),
)
