"""The page in other languages: assets/words/LANGUAGE.json says sentences of `words` modules again, by their names there.

English is what the modules say. What a language does not say stays English; `missing` lists it. The page gets a table from
English to the other language, by which widgets say their words and the page its labels: see assets/js/language.js.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from types import ModuleType
from typing import Any

from app import words as common
from app.lessons import words as lessons
from app.views.plane import words as plane
from app.widgets import ASSETS

FOLDER = ASSETS / "words"
LAB = """TAGLINE FLIP_THEME SYMBOLS SYMBOL_F SYMBOL_G SYMBOL_ADD SYMBOL_SCALE SYMBOL_A SYMBOL_SIGMA SYMBOL_INNER SYMBOL_PINV
ENGINE METER METER_HOLDS METER_WAIT METER_BROKEN PYTHON LINK LINK_WORDS STAYS NO_LINK PATH INTAKE INTAKE_WORDS TAKEN
NUMBER_RULE WHOLE_RULE LAW_ROUND_TRIP LAW_SPACE LAW_LINEARITY LAW_ONE_STEP LAW_PROJECTION"""
PLANE = """LEAD CHOICE MODE CONTROLS SHOW MORE NAMES MODES SHOWN PANES WORDS STEPS PRESETS HANDLE AT AGAIN GROW BREAK_PLUS
LAW_POWER LAW_SVD TRAIN TRAIN_LEAD TRAIN_DRAW_HINT TRAIN_PAD TRAIN_WORDS TRAIN_DONE TRAIN_STOPPED TRAIN_BEGINS TRAIN_LEFT
TRAIN_UNKNOWN BROUGHT_PLANE BRING_NOTHING BRING_OTHER PLANE_GONE"""
SAID: Mapping[str, tuple[ModuleType, Sequence[str]]] = {
    "lab": (common, LAB.split()),
    "lessons": (lessons, ("TOUR", "TEACH", "CARD", "DIALOG")),
    "plane": (plane, PLANE.split()),
}
"""What another language says: names of modules, by the first part of a key."""


def _texts(value: Any, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(inner, f"{key}.{name}")
    else:
        for number, inner in enumerate(value, 1):
            yield from _texts(inner, f"{key}.{number}")


@lru_cache(maxsize=1)
def english() -> dict[str, str]:
    """Every sentence that another language may say, by its key."""
    return {
        key: text
        for first, (module, names) in SAID.items()
        for name in names
        for key, text in _texts(getattr(module, name, ()), f"{first}.{name}")
        if text
    }


def languages() -> list[str]:
    """English, and those that have a file."""
    return ["en", *sorted(path.stem for path in FOLDER.glob("??.json"))]


@lru_cache(maxsize=8)
def said(language: str) -> dict[str, str]:
    """The sentences of a language by their keys; none of English."""
    return {} if language == "en" else json.loads((FOLDER / f"{language}.json").read_text("utf-8"))


def missing(language: str) -> list[str]:
    """The keys that a language does not say."""
    return [key for key in english() if key not in said(language)]


def tables() -> dict[str, dict[str, str]]:
    """For each other language, from the English sentence to its own."""
    return {
        language: {text: said(language)[key] for key, text in english().items() if key in said(language)}
        for language in languages()[1:]
    }
