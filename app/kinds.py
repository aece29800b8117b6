"""What values a setting may have: each kind checks, says itself in a sentence, and goes into a link and back."""

from __future__ import annotations

import abc
import math
import reprlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import singledispatch
from numbers import Real
from typing import Any

_short = reprlib.Repr()
_short.maxstring = _short.maxother = 60
_short.maxlist = _short.maxtuple = _short.maxdict = 4


def shown(value: object) -> str:
    """What came, as a sentence may quote it: never longer than a line.

    >>> shown("a" * 10**6)
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaa...aaaaaaaaaaaaaaaaaaaaaaaaaaaa'"
    """
    return _short.repr(value)


class Kind(abc.ABC):
    """What values a setting may have; `str(kind)` says it in words."""

    hint: Any
    """The type in an endpoint's signature."""

    @abc.abstractmethod
    def take(self, value: object) -> Any:
        """The value as the program wants it. ValueError where it is none of ours, empty unless there is more to say."""

    @abc.abstractmethod
    def read(self, text: str) -> Any:
        """The value that `words` wrote into a link, brought into range. ValueError where it cannot be read."""

    @abc.abstractmethod
    def words(self, value: Any) -> str:
        """The value as it stands in a link."""

    @abc.abstractmethod
    def __str__(self) -> str: ...

    def checked(self, value: object, name: str) -> Any:
        """`take`, with a sentence that names the setting."""
        try:
            return self.take(value)
        except ValueError as error:
            raise ValueError(str(error) or f"{name} must be {self}, got {shown(value)}.") from None


class Verbatim(Kind):
    """Texts that stand in a link as they are; `take` says which."""

    hint = str

    def read(self, text: str) -> str:
        return self.take(text)

    def words(self, value: str) -> str:
        return value


@singledispatch
def beside(kind: Kind, others: Mapping[str, object]) -> Kind:
    """The kind of a setting where those beside it come as `others`: itself, but for kinds that have a rule here."""
    return kind


Limit = float | Callable[[], float]
"""A bound, or a function for one that only a loaded model can tell."""


def _known(limit: Limit) -> float:
    return limit() if callable(limit) else limit


def _written(number: float) -> str:
    return f"{number:.12g}".replace("-", "−")


def _is_unicode(text: str) -> bool:
    """Whether a text can be written anywhere: JSON may bring halves of a character, which no encoding has."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_finite(value: object) -> bool:
    """Whether a value from outside is a finite number; True and False are none.

    >>> is_finite(7), is_finite(True), is_finite(float("nan")), is_finite("7")
    (True, False, False, False)
    """
    return isinstance(value, Real) and not isinstance(value, bool) and -math.inf < value < math.inf


@dataclass(frozen=True)
class Number(Kind):
    """A finite number in [low, high].

    >>> Number(-2, 2).checked(float("nan"), "w")
    Traceback (most recent call last):
    ValueError: w must be a number from −2 to 2, got nan.
    """

    low: Limit
    high: Limit
    hint = float

    def take(self, value: object) -> float:
        if not is_finite(value) or not _known(self.low) <= value <= _known(self.high):
            raise ValueError
        return float(value)

    def read(self, text: str) -> float:
        value = float(text)
        if math.isnan(value):
            raise ValueError
        return float(min(max(value, _known(self.low)), _known(self.high)))

    def words(self, value: float) -> str:
        return f"{value:g}"

    def __str__(self) -> str:
        return f"a number from {_written(_known(self.low))} to {_written(_known(self.high))}"


@dataclass(frozen=True)
class Whole(Kind):
    """A whole number in [low, high]; 2.0 is one.

    >>> Whole(1, 9).checked(2.0, "n"), Whole(1, 9).read("12")
    (2, 9)
    """

    low: Limit
    high: Limit
    hint = int

    def take(self, value: object) -> int:
        if not is_finite(value) or value != int(value) or not _known(self.low) <= value <= _known(self.high):
            raise ValueError
        return int(value)

    def read(self, text: str) -> int:
        value = float(text)
        if math.isnan(value):
            raise ValueError
        return int(min(max(value, _known(self.low)), _known(self.high)))

    def words(self, value: int) -> str:
        return str(value)

    def __str__(self) -> str:
        return f"a whole number from {_written(_known(self.low))} to {_written(_known(self.high))}"


@dataclass(frozen=True)
class Choice(Kind):
    """One of a few words or whole numbers, given as they are or by a function that looks which are here.

    >>> Choice((2, 3)).checked(12.5, "dimensions")
    Traceback (most recent call last):
    ValueError: dimensions must be one of 2, 3, got 12.5.
    """

    among: Sequence | Callable[[], Sequence]

    @property
    def choices(self) -> tuple:
        return tuple(self.among() if callable(self.among) else self.among)

    @property
    def hint(self) -> type:
        return type(self.choices[0])

    def take(self, value: object) -> Any:
        for choice in self.choices:
            if (
                isinstance(value, str) == isinstance(choice, str)
                and not isinstance(value, bool)
                and value == choice
            ):
                return choice
        raise ValueError

    def read(self, text: str) -> Any:
        for choice in self.choices:
            if str(choice) == text:
                return choice
        raise ValueError

    def words(self, value: Any) -> str:
        return str(value)

    def __str__(self) -> str:
        return "one of " + ", ".join(map(str, self.choices))


@dataclass(frozen=True)
class Flag(Kind):
    """Yes or no; 1 and 0 in a link."""

    hint = bool

    def take(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise ValueError
        return value

    def read(self, text: str) -> bool:
        if text not in ("0", "1"):
            raise ValueError
        return text == "1"

    def words(self, value: bool) -> str:
        return str(int(value))

    def __str__(self) -> str:
        return "true or false"


@dataclass(frozen=True)
class Maybe(Kind):
    """A value of another kind, or none, which a control and a link call `word`.

    >>> Maybe(Whole(0, 9), "any").take("any"), Maybe(Whole(0, 9), "any").words(None)
    (None, 'any')
    """

    kind: Kind
    word: str

    @property
    def hint(self) -> Any:
        return self.kind.hint | None

    def take(self, value: object) -> Any:
        return (
            None
            if value is None or (isinstance(value, str) and value == self.word)
            else self.kind.take(value)
        )

    def read(self, text: str) -> Any:
        return None if text == self.word else self.kind.read(text)

    def words(self, value: Any) -> str:
        return self.word if value is None else self.kind.words(value)

    def __str__(self) -> str:
        return f"{self.kind}, or none for {self.word}" if self.word else f"{self.kind}, or none"


@dataclass(frozen=True)
class Several(Kind):
    """`least` to `most` values of another kind, as a tuple; separated by commas in a link.

    >>> Several(Number(0, 1), 2, 2, "numbers").checked([0.5], "w")
    Traceback (most recent call last):
    ValueError: w must be a list of 2 numbers, each a number from 0 to 1, got [0.5].
    """

    kind: Kind
    least: int
    most: int
    name: str

    @property
    def hint(self) -> Any:
        return list[self.kind.hint]

    def take(self, value: object) -> tuple:
        if not isinstance(value, list | tuple) or not self.least <= len(value) <= self.most:
            raise ValueError
        return tuple(self.kind.take(item) for item in value)

    def read(self, text: str) -> tuple:
        found = [word for word in text.split(",") if word][: self.most]
        if len(found) < self.least:
            raise ValueError
        return tuple(self.kind.read(word) for word in found)

    def words(self, value: tuple) -> str:
        return ",".join(self.kind.words(item) for item in value)

    def __str__(self) -> str:
        count = str(self.least) if self.least == self.most else f"{self.least} to {self.most}"
        return f"a list of {count} {self.name}, each {self.kind}"


@beside.register
def _(kind: Several, others: Mapping[str, object]) -> Several:
    return replace(kind, kind=beside(kind.kind, others))


@dataclass(frozen=True)
class Subset(Kind):
    """Some of a few words, in their own order; words that mean nothing here are left out."""

    among: tuple[str, ...]
    hint = list[str]

    def take(self, value: object) -> tuple[str, ...]:
        if not isinstance(value, list | tuple):
            raise ValueError
        return tuple(word for word in self.among if word in value)

    def read(self, text: str) -> tuple[str, ...]:
        return self.take(text.split(","))

    def words(self, value: tuple[str, ...]) -> str:
        return ",".join(value) or "none"  # a word of its own: of an empty one nothing comes back

    def __str__(self) -> str:
        return "a list of some of " + ", ".join(self.among)


@dataclass(frozen=True)
class ByName(Kind):
    """Values of another kind for some of a few names, as an object; name:value in a link.

    >>> ByName(Number(0, 1), ("mosaic", "candy")).take({"candy": 1})
    {'candy': 1.0}
    """

    kind: Kind
    among: Callable[[], Sequence[str]] | Sequence[str]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.among() if callable(self.among) else self.among)

    @property
    def hint(self) -> Any:
        return dict[str, self.kind.hint]

    def take(self, value: object) -> dict[str, Any]:
        if not isinstance(value, Mapping) or set(value) - set(self.names):
            raise ValueError
        return {name: self.kind.take(found) for name, found in value.items()}

    def read(self, text: str) -> dict[str, Any]:
        pairs = [word.partition(":") for word in text.split(",") if word]
        if {name for name, _, _ in pairs} - set(self.names):
            raise ValueError
        return {name: self.kind.read(found) for name, _, found in pairs}

    def words(self, value: Mapping[str, Any]) -> str:
        return ",".join(f"{name}:{self.kind.words(found)}" for name, found in value.items())

    def __str__(self) -> str:
        return f"an object with some of {', '.join(self.names)}, each {self.kind}"


@dataclass(frozen=True)
class Text(Verbatim):
    """A text of up to `most` characters that means something to the program alone, such as a token.

    >>> Text(9).checked("\\ud800", "code")
    Traceback (most recent call last):
    ValueError: code must be a text of up to 9 characters, got '\\ud800'.
    """

    most: int

    def take(self, value: object) -> str:
        if not isinstance(value, str) or len(value) > self.most or not _is_unicode(value):
            raise ValueError
        return value

    def __str__(self) -> str:
        return f"a text of up to {self.most} characters"


@dataclass(frozen=True)
class Shared(Kind):
    """A value of another kind of which links carry only some: what `travels` refuses stays on this server.

    >>> Shared(Choice(("moons", "trained")), lambda name: name == "moons", "moons").words("trained")
    'moons'
    """

    kind: Kind
    travels: Callable[[Any], bool]
    otherwise: Any

    @property
    def hint(self) -> Any:
        return self.kind.hint

    def take(self, value: object) -> Any:
        return self.kind.take(value)

    def read(self, text: str) -> Any:
        value = self.kind.read(text)
        if not self.travels(value):
            raise ValueError
        return value

    def words(self, value: Any) -> str:
        return self.kind.words(value if self.travels(value) else self.otherwise)

    def __str__(self) -> str:
        return str(self.kind)
