"""A lesson for the page without a server: the stops that it can walk, and what the app shows at each.

The page does not read links as the app does; it knows those of its lesson, with what the app opens for each, as far as
that differs from what the view shows at first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import gradio as gr

from app.lessons.files import Lesson, Stop
from app.lessons.parts import PARTS
from app.settings import query_of
from app.static.recorded import opening

BESIDE = {"view", "broken"}  # of a link, no settings of the view


def walked(
    demo: gr.Blocks,
    lesson: Lesson,
    openings: Mapping[str, Sequence[list]],
    models: Collection[str],
    cards: Collection[str],
) -> tuple[Lesson, list[dict[str, Any]]]:
    """The lesson without stops that ask for a view, a model or a card that the page has not; and for each link that is
    left its view, its query, and the parts that are not as in that view's own opening.
    """
    stops, found = [], {}
    for stop in lesson.stops:
        known = [_known(demo, link, openings, models) for link in (stop.link, stop.then) if link]
        if None not in known and not _shows(stop, cards):
            stops.append(stop)
            found |= {(one["view"], *one["query"].items()): one for one in known}
    return replace(lesson, stops=tuple(stops)), list(found.values())


def _known(
    demo: gr.Blocks, link: str, openings: Mapping[str, Sequence[list]], models: Collection[str]
) -> dict[str, Any] | None:
    """What the app opens for a link; None where that view or its model is not on the page."""
    asked = query_of(link)
    view = asked["view"]
    if f"{view} " not in openings:
        return None
    query = {name: value for name, value in asked.items() if name not in BESIDE}
    opened = opening(demo, view, link.lstrip("?"))
    if _model(demo, view, dict(opened)) not in {None, *models}:
        return None
    first = {part: value for part, value in openings[f"{view} "]}
    differs = [[part, value] for part, value in opened if part not in first or first[part] != value]
    return {"view": view, "query": query, "differs": differs}


def _model(demo: gr.Blocks, view: str, opened: Mapping[int, Any]) -> str | None:
    """The model that is chosen there; None in a view that has none to choose from."""
    for part, block in demo.blocks.items():
        if getattr(block, "elem_id", None) == f"{view}-model":
            found = opened.get(part, block.value)
            return found.get("value", block.value) if isinstance(found, dict) else found
    return None


def _shows(stop: Stop, cards: Collection[str]) -> bool:
    """Whether one of the cards is in sight at this stop."""
    view = query_of(stop.link)["view"]
    parts = {
        name
        for name, where in PARTS.items()
        for card in cards
        if f"#{card}" in where and card.startswith(view)
    }
    return not parts <= set(stop.hide)
