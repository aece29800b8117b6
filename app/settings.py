"""A setting is declared once; its check, its sentence, its words in a link and its line of documentation follow.

    @dataclass(frozen=True)
    class Standing(Settings):
        rank: int = setting(Whole(1, 128), default=32, link="k", about="how many axes f keeps")

    Standing.checked(rank=64.0)             Standing(rank=64), or ValueError with a sentence
    Standing(rank=64).link("project")       "?view=project&k=64"
    Standing.of_link({"k": "9000"})         Standing(rank=128), and whether all of the link could be read
    Standing.arguments()                    the endpoint's "rank: how many axes f keeps, a whole number from 1 to 128."

What several settings must agree on is checked in the dataclass's own `__post_init__`, by a ValueError with a sentence.
"""

from __future__ import annotations

import abc
import math
import reprlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from numbers import Real
from typing import Any, Self
from urllib.parse import parse_qsl, quote, urlencode

LONGEST_LINK = 16_000  # characters; four drawn digits take about 3 000, and servers refuse far longer lines

_short = reprlib.Repr()
_short.maxstring = _short.maxother = 60
_short.maxlist = _short.maxtuple = _short.maxdict = 4


def shown(value: object) -> str:
    """What came, as a sentence may quote it: never longer than a line.

    >>> shown("a" * 10**6)
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaa...aaaaaaaaaaaaaaaaaaaaaaaaaaaa'"
    """
    return _short.repr(value)


# --- kinds of values ---------------------------------------------------------------------------------------
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


Limit = float | Callable[[], float]
"""A bound, or a function for one that only a loaded model can tell."""


def _known(limit: Limit) -> float:
    return limit() if callable(limit) else limit


def _written(number: float) -> str:
    return f"{number:.12g}".replace("-", "−")


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
class Text(Kind):
    """A text of up to `most` characters that means something to the program alone, such as a token."""

    most: int
    hint = str

    def take(self, value: object) -> str:
        if not isinstance(value, str) or len(value) > self.most:
            raise ValueError
        return value

    def read(self, text: str) -> str:
        return self.take(text)

    def words(self, value: str) -> str:
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


# --- settings and their owner ------------------------------------------------------------------------------
@dataclass(frozen=True)
class Setting:
    """One declaration: the kind, the key in a link ("" for none), a phrase, whether a link leaves the default out.

    Settings with the same key are the parts of one word of the link, in the order in which they are declared.
    """

    kind: Kind
    link: str
    about: str
    brief: bool


def setting(kind: Kind, default: Any = MISSING, link: str = "", about: str = "", brief: bool = False) -> Any:
    """A field of a `Settings` dataclass."""
    return field(default=default, metadata={"setting": Setting(kind, link, about, brief)})


class Settings:
    """A frozen dataclass of settings. All that a view's controls, its link and its endpoint must agree on."""

    @classmethod
    def declared(cls) -> dict[str, Setting]:
        """The declarations by name."""
        return {f.name: f.metadata["setting"] for f in fields(cls) if "setting" in f.metadata}

    @classmethod
    def checked(cls, **values: object) -> Self:
        """Settings from outside, those not given at their default. ValueError with a sentence."""
        declared = cls.declared()
        return cls(**{name: declared[name].kind.checked(value, name) for name, value in values.items()})

    @classmethod
    def of_value(cls, value: object, what: str, **more: object) -> Self:
        """Settings from the object that a widget of the page sends and from `more`; what else it holds is not looked at."""
        if not isinstance(value, Mapping):
            names = ", ".join(cls.declared())
            raise ValueError(f"{what} must be an object with some of {names}, got {shown(value)}.")
        return cls.checked(**{name: value[name] for name in cls.declared() if name in value} | more)

    def values(self) -> dict[str, Any]:
        """The settings by name, as controls and widgets take them."""
        return {name: getattr(self, name) for name in self.declared()}

    # --- links -----------------------------------------------------------------------------------------------
    @classmethod
    def _keys(cls) -> dict[str, list[str]]:
        """Key in a link: names of its parts."""
        keys: dict[str, list[str]] = {}
        for name, declared in cls.declared().items():
            if declared.link:
                keys.setdefault(declared.link, []).append(name)
        return keys

    def link(self, slug: str) -> str:
        """The query string that restores the view; "" where that would be too long to be read back."""
        declared, found = self.declared(), {"view": slug}
        for key, names in self._keys().items():
            values = [getattr(self, name) for name in names]
            if declared[names[0]].brief and values == [_default(type(self), name) for name in names]:
                continue
            found[key] = ",".join(declared[name].kind.words(value) for name, value in zip(names, values))
        text = "?" + urlencode(found, quote_via=quote, safe=":,;")
        return text if len(text) <= LONGEST_LINK else ""

    @classmethod
    def of_link(cls, query: Mapping[str, str], **otherwise: Any) -> tuple[Self, bool]:
        """What of a link can be read, `otherwise` and the defaults for the rest; and whether all of it could be read."""
        whole = True
        for key, names in cls._keys().items():
            try:
                found = cls._read(query[key], names) if key in query else {}
                cls(**otherwise | found)  # do these agree with those before them?
                otherwise |= found
            except ValueError:
                whole = False
        return cls(**otherwise), whole

    @classmethod
    def _read(cls, text: str, names: Sequence[str]) -> dict[str, Any]:
        parts = [text] if len(names) == 1 else text.split(",")
        if len(parts) != len(names):
            raise ValueError(text)
        return {name: cls.declared()[name].kind.read(part) for name, part in zip(names, parts)}

    # --- endpoints -------------------------------------------------------------------------------------------
    @classmethod
    def arguments(cls) -> str:
        """A line of documentation for each setting."""
        lines = []
        for name, declared in cls.declared().items():
            about = f"{declared.about}, " if declared.about else ""
            lines.append(f"{name}: {about}{declared.kind}.")
        return "\n".join(lines)


def _default(cls: type, name: str) -> Any:
    return next(f.default for f in fields(cls) if f.name == name)


def query_of(search: object) -> dict[str, str]:
    """The settings in a query string; the first value of a name wins, an overlong or empty string gives {}.

    >>> query_of("?view=interpolate&x=digits:3,digits:8")
    {'view': 'interpolate', 'x': 'digits:3,digits:8'}
    """
    if not isinstance(search, str) or len(search) > LONGEST_LINK or search.count("&") >= 50:
        return {}
    found: dict[str, str] = {}
    for name, value in parse_qsl(search.lstrip("?")):
        found.setdefault(name, value)
    return found
