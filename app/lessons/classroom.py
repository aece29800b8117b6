"""What a class asks and what it is told: checked arguments in, JSON out; the rooms do the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import segno

from app import models, pictures
from app.kinds import Flag, Text, Whole
from app.lessons import shelf, words
from app.lessons.files import MOST_STOPS, Word
from app.lessons.rooms import CODE, HASH, LONGEST_DRAWING, LONGEST_GUESS, LONGEST_LINK, rooms
from app.pictures import encoding
from app.settings import Settings, setting

MODEL = models.NAMES[0]
LONGEST_ADDRESS = 1_000  # characters in a QR code
LONGEST_PICTURE = 200_000  # characters of a drawing as the pad sends it
TOKEN = Text(40)
ROOM = Text(CODE)


# --- arguments -----------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Opened(Settings):
    lesson: str = setting(Word(40), "tour")


@dataclass(frozen=True)
class Joined(Settings):
    code: str = setting(ROOM)


@dataclass(frozen=True)
class Member(Settings):
    code: str = setting(ROOM)
    member: str = setting(TOKEN)


@dataclass(frozen=True)
class Guessed(Member):
    stop: str = setting(Word(20))
    guess: str = setting(Text(LONGEST_GUESS))


@dataclass(frozen=True)
class Drawn(Member):
    picture: str = setting(Text(LONGEST_PICTURE))


@dataclass(frozen=True)
class Taught(Settings):
    code: str = setting(ROOM)
    key: str = setting(TOKEN)


@dataclass(frozen=True)
class Led(Taught):
    stop: int = setting(Whole(0, MOST_STOPS), 0)
    link: str = setting(Text(LONGEST_LINK), "")
    leads: bool = setting(Flag(), False)


@dataclass(frozen=True)
class Counted(Taught):
    stop: str = setting(Word(20), "none")


@dataclass(frozen=True)
class Erased(Taught):
    drawing: str = setting(Text(HASH))


@dataclass(frozen=True)
class Shortened(Settings):
    query: str = setting(Text(LONGEST_LINK))

    def __post_init__(self) -> None:
        if not self.query.startswith("?"):
            raise ValueError(words.NO_QUERY)


@dataclass(frozen=True)
class Coded(Settings):
    address: str = setting(Text(LONGEST_ADDRESS))

    def __post_init__(self) -> None:
        if not self.address.startswith(("http://", "https://")):
            raise ValueError(words.NO_ADDRESS)


# --- answers -------------------------------------------------------------------------------------------------
def opened(asked: Opened) -> dict[str, Any]:
    """A new room for a lesson that is here."""
    shelf.lesson(asked.lesson)
    return rooms().open(asked.lesson)


def joined(asked: Joined) -> dict[str, Any]:
    return rooms().join(asked.code)


def guessed(asked: Guessed) -> dict[str, Any]:
    """Confirmed: the guess is on disk when this answers."""
    rooms().guess(asked.code, asked.member, asked.stop, asked.guess)
    return {"kept": True}


def drawn(asked: Drawn) -> dict[str, Any]:
    """The drawing as the lab takes any digit, and on the wall."""
    reference = pictures.accept(asked.picture)
    if not reference.startswith("png:") or len(reference) > LONGEST_DRAWING:
        raise ValueError(words.DRAWING)
    rooms().draw(asked.code, asked.member, reference)
    return {"kept": True}


def followed(asked: Member) -> dict[str, Any]:
    return rooms().follow(asked.code, asked.member)


def led(asked: Led) -> dict[str, Any]:
    rooms().lead(asked.code, asked.key, asked.stop, asked.link, asked.leads)
    return {"kept": True}


def counted(asked: Counted) -> dict[str, Any]:
    return rooms().counts(asked.code, asked.key, asked.stop)


def wall(asked: Taught) -> dict[str, Any]:
    """The drawings as PNG files that a page shows, each with the name by which it is taken off."""
    found = rooms().wall(asked.code, asked.key).items()
    return {"drawings": [{"name": name, "picture": pictures.address_of(drawn)} for name, drawn in found]}


def erased(asked: Erased) -> dict[str, Any]:
    rooms().erase(asked.code, asked.key, asked.drawing)
    return {"erased": True}


def mean(asked: Taught) -> dict[str, Any]:
    """The drawings through ⊕: 1/n ⊙ x₁ ⊕ … ⊕ 1/n ⊙ xₙ, beside the mean of their pixels."""
    references = list(rooms().wall(asked.code, asked.key).values())
    if not references:
        raise ValueError(words.NO_DRAWINGS)
    x = pictures.tensor(references, MODEL)
    with models.one_core():
        latent = pictures.latents(references, MODEL).mean(0, keepdim=True)
        induced = models.model(MODEL).g_x.inverse(latent)
    made = {"induced": induced, "pixels": x.mean(0, keepdim=True)}
    shown = {name: encoding.png_address(encoding.to_pictures(each)[0]) for name, each in made.items()}
    return {"count": len(references), **shown}


def closed(asked: Taught) -> dict[str, Any]:
    rooms().close(asked.code, asked.key)
    return {"closed": True}


def shortened(asked: Shortened) -> dict[str, Any]:
    return {"short": rooms().shorten(asked.query)}


def coded(asked: Coded) -> dict[str, Any]:
    """A QR code as the address of an SVG picture; black on white in dark and light, as cameras want it."""
    code = segno.make(asked.address, error="m", micro=False)
    return {"picture": code.svg_data_uri(scale=8, border=3, dark="#000", light="#fff")}
