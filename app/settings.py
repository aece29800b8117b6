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

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Self
from urllib.parse import parse_qsl, quote, urlencode

from app.kinds import Kind, Shared, beside, shown

LONGEST_LINK = 16_000  # characters; four drawn digits take about 3 000, and servers refuse far longer lines


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
        kinds = {name: beside(declared.kind, values) for name, declared in cls.declared().items()}
        return cls(**{name: kinds[name].checked(value, name) for name, value in values.items()})

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

    @property
    def stays(self) -> bool:
        """Whether something of it is on this server alone, so that a link opens the lab's own in its place."""
        own = [(d.kind, getattr(self, name)) for name, d in self.declared().items()]
        return any(isinstance(kind, Shared) and not kind.travels(value) for kind, value in own)

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
