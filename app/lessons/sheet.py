"""The worksheet of a lesson: a page that prints well, with questions, room to write and, when asked, notes for teachers."""

from __future__ import annotations

import html
from dataclasses import dataclass

from app.kinds import Flag, Text
from app.lessons import shelf, words
from app.lessons.files import FIRST, Lesson, Stop, Word
from app.settings import Settings, setting
from app.widgets import asset


@dataclass(frozen=True)
class Asked(Settings):
    """Which worksheet."""

    name: str = setting(Word(40))
    lang: str = setting(Text(5), FIRST, link="lang")
    notes: bool = setting(Flag(), False, link="notes")


def page(asked: Asked) -> str:
    """The worksheet as HTML; ValueError with a sentence where there is no such lesson."""
    lesson, language = shelf.lesson(asked.name), asked.lang[:2]

    def say(key: str) -> str:
        return html.escape(lesson.word(key, language))

    parts = [
        _stop(lesson, stop, number, language, asked.notes) for number, stop in enumerate(lesson.stops, 1)
    ]
    return f"""<!doctype html>
<html lang="{lesson.spoken(language)}"><head><meta charset="utf-8"><title>{say("title")}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{asset("css/sheet.css")}</style></head>
<body><header><h1>{say("title")}</h1><p>{say("about")}</p><p class="name">{words.SHEET_NAME}</p></header>
{"".join(parts)}</body></html>"""


def _stop(lesson: Lesson, stop: Stop, number: int, language: str, notes: bool) -> str:
    def say(key: str) -> str:
        return html.escape(str(lesson.word(f"{stop.id}.{key}", language)))

    choices = lesson.word(f"{stop.id}.choices", language) or []
    boxes = "".join(f"<li>{html.escape(choice)}</li>" for choice in choices)
    asked = (
        f'<p class="ask">{say("ask")}</p><ul class="choices">{boxes}</ul>' if stop.question != "none" else ""
    )
    room = f'<p class="task">{say("sheet")}</p><div class="room"></div>' if say("sheet") else ""
    said = f'<p class="notes">{words.sheet_minutes(stop.minutes)} {say("notes")}</p>' if notes else ""
    return f"<section><h2>{number}. {say('title')}</h2><p>{say('says')}</p>{said}{asked}{room}</section>"
