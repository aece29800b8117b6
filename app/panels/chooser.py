"""Which model, in any view: buttons for those that can do what the view needs, and why others are not among them."""

from collections.abc import Iterable, Mapping
from typing import Any

import gradio as gr

from app import models, words
from app.listening import Lab
from app.models.needs import Need


def chooser(lab: Lab, view: str, need: Need, **look: Any) -> gr.Radio:
    """The buttons of a view, known to the lab, so that a model which a visitor brings appears among them."""
    buttons = gr.Radio(_choices(need, ()), label=words.MODEL, info=_why_not(need, ()), **look)
    lab.choosers.append((buttons, view, need))
    return buttons


def with_own(need: Need, own: Iterable[str]) -> gr.Radio:
    """The buttons with those for a visitor's own models, whichever is chosen."""
    return gr.Radio(choices=_choices(need, own), info=_why_not(need, own))


def showing(name: str, need: Need) -> str | gr.Radio:
    """The value of the buttons where a view opens with a model, which may be the visitor's own."""
    if name in models.available(need):
        return name
    return gr.Radio(choices=_choices(need, [name]), info=_why_not(need, [name]), value=name)


def said_of(query: Mapping[str, str], need: Need, whole: bool) -> str:
    """What a view says of its link: nothing where all could be read, why not where its model is not offered here."""
    name = query.get("model", "")
    if whole:
        return ""
    if models.offers(name, need):
        return words.BAD_LINK
    if name.startswith(models.PRIVATE) and name not in models.brought():
        return words.MODEL_GONE
    known = name in models.brought() or name in models.NAMES
    return models.lacking(name, need) if known else words.BAD_LINK


def _choices(need: Need, own: Iterable[str]) -> list[tuple[str, str]]:
    names = [*models.available(need), *(name for name in own if models.offers(name, need))]
    return [(models.title(name), name) for name in dict.fromkeys(names)]


def _why_not(need: Need, own: Iterable[str]) -> str | None:
    """Why models that were brought are not among the buttons; those that ship need no word."""
    public = [name for name, found in models.brought().items() if found.public]
    names = [name for name in (*public, *own) if name in models.brought() and models.lacking(name, need)]
    return words.lack([models.title(name) for name in names], need.takes) if names else None
