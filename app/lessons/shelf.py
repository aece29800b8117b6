"""The lessons that this server knows: those that ship, those it was started with, and, in the rooms, those of visitors."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from app.kinds import Text
from app.lessons import files, words
from app.lessons.files import Lesson, Word
from app.lessons.rooms import rooms
from app.settings import Settings, setting

STARTED_WITH = "LINEARIZER_LESSONS"  # files, as PATH separates folders


@lru_cache(maxsize=1)
def own() -> dict[str, Lesson]:
    """The lessons that the server was started with, by the names of their files. ValueError with a sentence."""
    paths = [Path(text) for text in os.environ.get(STARTED_WITH, "").split(os.pathsep) if text]
    return {name_of(path): files.read(path) for path in paths}


def name_of(path: Path) -> str:
    """What a link calls a lesson of one's own.

    >>> name_of(Path("My Lesson.json"))
    'my-lesson'
    """
    letters = [letter if letter.isascii() and letter.isalnum() else "-" for letter in path.stem.lower()]
    return "".join(letters)[:40]


@lru_cache(maxsize=8)
def _shipped(name: str) -> Lesson:
    return files.shipped(name)


def lesson(name: str) -> Lesson:
    """The lesson that a link names. ValueError with a sentence where there is none."""
    if name in own():
        return own()[name]
    if name in files.SHIPPED:
        return _shipped(name)
    text = rooms().brought(name)
    if text is None:
        raise ValueError(words.NO_LESSON)
    return files.lesson_of(files.parsed(text.encode(), words.YOUR_FILE))


def names() -> list[str]:
    """Those that everybody may choose: the server's own, then those that ship."""
    return [*own(), *(name for name in files.SHIPPED if name not in own())]


@dataclass(frozen=True)
class Wanted(Settings):
    """What asks for a lesson."""

    name: str = setting(Word(40))
    language: str = setting(Text(5), files.FIRST)


@dataclass(frozen=True)
class Brought(Settings):
    """The text of a lesson's file."""

    text: str = setting(Text(files.MAX_BYTES))
    language: str = setting(Text(5), files.FIRST)


def told(wanted: Wanted) -> dict[str, Any]:
    """A lesson as the card shows it."""
    return {"name": wanted.name, **lesson(wanted.name).told(wanted.language[:2])}


def bring(brought: Brought) -> dict[str, Any]:
    """Keep a visitor's lesson, under a name that its text makes; what is wrong with it is a sentence."""
    content = brought.text.encode()
    found = files.lesson_of(files.parsed(content, words.YOUR_FILE))
    name = "own-" + hashlib.sha256(content).hexdigest()[:16]
    rooms().bring(name, content.decode())
    return {"name": name, **found.told(brought.language[:2])}
