"""A lesson is a JSON file: stops that set a view by a link and ask before they show. Its wording has a file per language.

    NAME.json       {"minutes": 10, "stops": [{"id": "why", "link": "?view=plane", "question": "choice", "right": 2, …}, …]}
    NAME.en.json    {"title": "…", "why.title": "…", "why.says": "…", "why.ask": "…", "why.choices": ["…"], …}

A lesson of one's own may hold its wording itself, as "words": {"en": {…}}. assets/lessons/README.md has every key. What is
wrong with a file is one sentence that names the stop.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from app.kinds import Choice, Flag, Maybe, Number, Several, Text, Verbatim, Whole, shown
from app.lessons import words
from app.lessons.parts import PARTS
from app.settings import Settings, query_of, setting
from app.views import VIEWS
from app.widgets import ASSETS

FOLDER = ASSETS / "lessons"
SHIPPED = ("tour", "lecture")
MAX_BYTES = 2**18
MOST_STOPS, MOST_CHOICES, MOST_LANGUAGES = 40, 5, 8
LONGEST_LINK, LONGEST_TEXT = 2_000, 2_000
QUESTIONS = ("none", "choice", "place", "draw")
BOOK, STOP = ("title", "about"), ("title", "says", "ask", "choices", "answer", "notes", "sheet")
"""Keys of the wording: of the lesson, and of each stop as "ID.KEY"."""
FIRST = "en"  # the language that others fall back to, where a lesson has it

T = TypeVar("T", bound=Settings)


# --- kinds -------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Word(Verbatim):
    """A name of small letters, digits, - and _.

    >>> Word(8).take("why-1")
    'why-1'
    """

    most: int

    def take(self, value: object) -> str:
        if not isinstance(value, str) or len(value) > self.most or not re.fullmatch("[a-z0-9_-]+", value):
            raise ValueError
        return value

    def __str__(self) -> str:
        return f"a name of up to {self.most} small letters, digits, - and _"


class Link(Verbatim):
    """The query string of a view's link; its settings are the view's to check, as of any link.

    >>> Link().take("?view=plane&w=1,0")
    '?view=plane&w=1,0'
    """

    def take(self, value: object) -> str:
        if not isinstance(value, str) or len(value) > LONGEST_LINK or not value.startswith("?view="):
            raise ValueError
        if query_of(value).get("view") not in {view.SLUG for view in VIEWS}:
            raise ValueError
        return value

    def __str__(self) -> str:
        return "a link as “Link to this view” gives it, from ?view= on"


# --- the format --------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Reading(Settings):
    """A number that the page has measured: a law's error, a number or a note of a part, how far a guess was off.

    ValueError unless it says where, and once.
    """

    law: str | None = setting(Maybe(Text(40), ""), None, about="name of a law of the view's meter")
    at: str | None = setting(Maybe(Word(40), ""), None, about="id of a part of the page")
    number: int | None = setting(Maybe(Whole(1, 50), ""), None, about="which number of its text")
    note: int | None = setting(Maybe(Whole(1, 50), ""), None, about="which picture's note")
    said: str | None = setting(Maybe(Word(20), ""), None, about="which word of the plane's state")
    miss: bool = setting(Flag(), False, about="how far the visitor's point was off")

    def __post_init__(self) -> None:
        told = [self.number is not None, self.note is not None, self.said is not None]
        if [self.law is not None, self.at is not None, self.miss].count(True) != 1 or sum(told) != bool(
            self.at
        ):
            raise ValueError(words.BAD_READING)


@dataclass(frozen=True)
class Stop(Settings):
    """One stop. `link` sets the view, `then` sets it again when there is a guess; the question has one `right` answer.
    What `show` names stays where the page is presented.

    ValueError where a question lacks what it needs.
    """

    id: str = setting(Word(20))
    link: str = setting(Link())
    then: str | None = setting(Maybe(Link(), ""), None)
    hide: tuple[str, ...] = setting(Several(Choice(tuple(PARTS)), 0, len(PARTS), "parts"), ())
    show: tuple[str, ...] = setting(Several(Choice(tuple(PARTS)), 0, len(PARTS), "parts"), ())
    cover: tuple[str, ...] = setting(Several(Choice(tuple(PARTS)), 0, len(PARTS), "parts"), ())
    minutes: float = setting(Number(0, 90), 1.0)
    question: str = setting(Choice(QUESTIONS), QUESTIONS[0])
    right: int | None = setting(Maybe(Whole(1, MOST_CHOICES), ""), None)
    readings: Any = None

    def __post_init__(self) -> None:
        if (self.question == "choice") != (self.right is not None):
            raise ValueError(words.RIGHT_OF_CHOICE)
        if self.question == "place" and query_of(self.link).get("view") != "plane":
            raise ValueError(words.PLACE_IN_PLANE)


@dataclass(frozen=True)
class Lesson:
    """A checked lesson: its stops, and its wording by language, complete in the first."""

    minutes: float
    stops: tuple[Stop, ...]
    words: Mapping[str, Mapping[str, Any]]

    @property
    def first(self) -> str:
        """The language that is complete."""
        return FIRST if FIRST in self.words else next(iter(self.words))

    def spoken(self, language: str) -> str:
        """The language in which it speaks to whoever asks for this one."""
        return language if language in self.words else self.first

    def word(self, key: str, language: str) -> Any:
        """The wording in a language, else in the first one, else ""."""
        return self.words.get(language, {}).get(key, self.words[self.first].get(key, ""))

    def told(self, language: str) -> dict[str, Any]:
        """What the card shows, as JSON."""
        stops = [
            {
                **{name: value for name, value in stop.values().items() if value is not None},
                "readings": {
                    name: {
                        key: value for key, value in reading.values().items() if value not in (None, False)
                    }
                    for name, reading in stop.readings.items()
                },
                **{key: self.word(f"{stop.id}.{key}", language) for key in STOP},
            }
            for stop in self.stops
        ]
        book = {key: self.word(key, language) for key in BOOK}
        return {**book, "minutes": self.minutes, "language": self.spoken(language), "stops": stops}


def _record(kind: type[T], value: object, what: str) -> T:
    """Settings from a part of the file. ValueError with a sentence that says which part."""
    names = kind.declared()
    if not isinstance(value, Mapping):
        raise ValueError(words.no_object(what, names, shown(value)))
    strangers = [str(name) for name in value if name not in names]
    if strangers:
        raise ValueError(words.stranger(what, shown(strangers[0]), names))
    missing = [f.name for f in fields(kind) if f.default is MISSING and f.name not in value]
    if missing:
        raise ValueError(words.missing(what, missing[0]))
    try:
        return kind.checked(**value)
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from None


def _stop(value: object, number: int) -> Stop:
    what = words.stop(number)
    given = dict(value) if isinstance(value, Mapping) else value
    readings = given.pop("readings", {}) if isinstance(given, dict) else {}
    if not isinstance(readings, Mapping) or len(readings) > 12:
        raise ValueError(words.no_object(f"{what}: readings", ["NAME"], shown(readings)))
    found = {}
    for name, reading in readings.items():
        found[Word(20).checked(name, f"{what}: a reading")] = _record(
            Reading, reading, f"{what}, {name[:20]}"
        )
    return replace(_record(Stop, given, what), readings=found)


def _wording(value: object, stops: tuple[Stop, ...]) -> dict[str, dict[str, Any]]:
    if not isinstance(value, Mapping) or not 1 <= len(value) <= MOST_LANGUAGES:
        raise ValueError(words.NO_WORDING)
    known = {*BOOK, *(f"{stop.id}.{key}" for stop in stops for key in STOP)}
    found = {}
    for language, texts in value.items():
        if not isinstance(language, str) or not re.fullmatch("[a-z]{2}", language):
            raise ValueError(words.bad_language(shown(language)))
        if not isinstance(texts, Mapping):
            raise ValueError(words.NO_WORDING)
        for key, text in texts.items():
            if key not in known:
                raise ValueError(words.unknown_text(language, shown(key)))
            _check_text(language, key, text)
        found[language] = dict(texts)
    return found


def _check_text(language: str, key: str, text: object) -> None:
    several = key.endswith(".choices")
    texts = text if isinstance(text, list) else [text]
    fine = all(isinstance(each, str) and 0 < len(each) <= LONGEST_TEXT for each in texts)
    if not fine or several != isinstance(text, list) or (several and not 2 <= len(texts) <= MOST_CHOICES):
        raise ValueError(words.bad_text(language, key, several, MOST_CHOICES, LONGEST_TEXT))


def _agree(lesson: Lesson) -> None:
    """ValueError where the wording of the first language lacks something, or an answer names what nothing reads."""
    own = lesson.words[lesson.first]
    needed = ["title"]
    for stop in lesson.stops:
        needed += [f"{stop.id}.{key}" for key in ("title", "says")]
        needed += [f"{stop.id}.{key}" for key in ("ask", "answer") if stop.question != "none"]
        needed += [f"{stop.id}.choices"] if stop.question == "choice" else []
    if missing := [key for key in needed if key not in own]:
        raise ValueError(words.no_text(lesson.first, missing[0]))
    for stop in lesson.stops:
        counts = {
            len(texts[key]) for texts in lesson.words.values() if (key := f"{stop.id}.choices") in texts
        }
        if stop.question == "choice" and (len(counts) > 1 or stop.right > max(counts)):
            raise ValueError(words.unequal_choices(stop.id))
        for language, texts in lesson.words.items():
            unread = set(re.findall(r"\{(\w*)\}", texts.get(f"{stop.id}.answer", ""))) - set(stop.readings)
            if unread:
                raise ValueError(words.unread(language, stop.id, min(unread)))


def lesson_of(value: object) -> Lesson:
    """The lesson that a file's JSON says, with its wording under "words". ValueError with a sentence."""
    known = ("minutes", "stops", "words")
    if not isinstance(value, Mapping):
        raise ValueError(words.no_object(words.THE_LESSON, known, shown(value)))
    if strangers := [str(name) for name in value if name not in known]:
        raise ValueError(words.stranger(words.THE_LESSON, shown(strangers[0]), known))
    given = value.get("stops")
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_STOPS:
        raise ValueError(words.how_many_stops(MOST_STOPS))
    stops = tuple(_stop(stop, number) for number, stop in enumerate(given, 1))
    ids = [stop.id for stop in stops]
    if twice := [name for name in ids if ids.count(name) > 1]:
        raise ValueError(words.twice(twice[0]))
    minutes = Number(0, 600).checked(value.get("minutes", sum(stop.minutes for stop in stops)), "minutes")
    lesson = Lesson(minutes, stops, _wording(value.get("words"), stops))
    _agree(lesson)
    return lesson


# --- files -------------------------------------------------------------------------------------------------
def parsed(content: bytes, name: str) -> Any:
    """The JSON in a file's content. ValueError with a sentence."""
    if len(content) > MAX_BYTES:
        raise ValueError(words.too_large(name, MAX_BYTES))
    try:
        return json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ValueError(words.no_text_file(name)) from None
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(words.no_json(name, getattr(error, "lineno", 1))) from None


def read(path: Path) -> Lesson:
    """The lesson in a file; wording that lies beside it joins its own. ValueError with a sentence that names the file."""
    try:
        if not path.is_file():
            raise ValueError(words.no_file(path.name))
        value = parsed(_content(path), path.name)
        beside = {
            found.name.removesuffix(".json").rpartition(".")[2]: parsed(_content(found), found.name)
            for found in sorted(path.parent.glob(f"{path.stem}.??.json"))
        }
        if isinstance(value, dict) and beside and isinstance(value.get("words", {}), dict):
            value = {**value, "words": {**value.get("words", {}), **beside}}
        return lesson_of(value)
    except ValueError as error:
        raise ValueError(words.of_file(path.name, str(error))) from None
    except OSError as error:
        raise ValueError(words.of_file(path.name, error.strerror or str(error))) from None


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def shipped(name: str) -> Lesson:
    """A lesson that ships."""
    return read(FOLDER / f"{name}.json")
