"""Where a picture comes from, in any view: pages of a gallery, and the intake for one's own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import gradio as gr

from app import models, pictures, words
from app.listening import CHOICE, QUIET, Named, listen
from app.models.needs import FACE
from app.models.remembering import remembered
from app.pictures import files, known
from app.widgets.intake import Intake, refused, understood
from app.widgets.tiles import Pictures, tiles

MODEL = "model"  # the page of pictures that a model came with
AS_IT_IS = "whole"
LAST = {**CHOICE, "trigger_mode": "always_last"}  # of two pictures that come quickly the second stays


@dataclass(frozen=True)
class Picker:
    """The components made by `picker`. `pages[0]` is empty until the view opens: see `first_page`."""

    tabs: gr.Tabs
    pages: Sequence[gr.HTML]
    intake: gr.HTML
    taken: str
    own: gr.Tab

    @property
    def shown(self) -> Named:
        """What an opening or another model changes, as outputs: see `first_page` and `turned`."""
        return {
            "sources": self.tabs,
            "gallery": self.pages[0],
            "own_tab": self.own,
            "own_page": self.pages[-1],
        }

    def chosen(self, fn: Callable[..., Mapping], inputs: Named, outputs: Named) -> None:
        """Call `fn(picture=reference, **inputs)` with whatever picture is chosen, drawn or brought along.

        A picture that cannot be used leaves `outputs` as they are; the intake says in a sentence what is wrong. It is taken
        as the visitor says, else as the picker was told, or as the "model" among the inputs takes it; of a drawing the
        digit is taken.
        """

        def picked(event: gr.EventData, **values: object) -> Mapping:
            return {
                "intake": refused(""),
                **fn(picture=pictures.accept(getattr(event, "id", None)), **values),
            }

        def drawn(event: gr.EventData, **values: object) -> Mapping:
            model = values.get("model")
            way = self.way(event, model)
            taken = pictures.taken_for(model, way) if way == AS_IT_IS else way
            try:
                reference = pictures.accept(getattr(event, "picture", None), taken)
            except files.BadPictureError as error:
                other = str(error) == words.NO_INK  # another way to take it would work
                return {"intake": refused(str(error), way if other else "")}
            found = fn(picture=reference, **values)
            return {"intake": seen(reference, way, found.get("model", model)), **found}

        shown = {"intake": self.intake, **outputs}
        for page in self.pages:
            listen(page.pick, picked, inputs, shown, **CHOICE)
        listen(self.intake.drawn, drawn, inputs, shown, **LAST)

    def way(self, event: object, model: object) -> str:
        """How a picture is taken, one of `words.TAKEN`: as the visitor says, else as the model or this picker takes it."""
        asked = getattr(event, "taken", "")
        if isinstance(asked, str) and asked in words.TAKEN:
            return asked
        drawing = getattr(event, "drawing", False) is True
        found = pictures.taken_for(model, "digit" if drawing else self.taken)
        return found if found in words.TAKEN else AS_IT_IS


def seen(reference: str, way: str, model: object) -> dict:
    """The value of the intake for a picture of one's own: what g of that model sees, and whether it knows such pictures."""
    name = model if isinstance(model, str) else models.NAMES[0]
    return understood(way, pictures.tensor([reference], name), known.times(reference, name))


def picker(slug: str, more: Sequence[str] = (), taken: str = "digit") -> Picker:
    """Make the intake and the pages where the caller stands; a page fills when it is first seen.

    `more` are pages beside those of digits, such as "other"; photos are `taken` in one of the ways of `references.TAKEN`.
    """
    first, *others = [*pictures.gallery(), *more, *([FACE] if "faces" in models.available() else [])]
    intake = Intake(elem_id=f"{slug}-intake")
    with gr.Tabs(elem_id=f"{slug}-picker", elem_classes="lab-picker") as tabs:
        pages = [_page(slug, source) for source in (first, *others)]
        with gr.Tab(words.GALLERIES[MODEL], id=MODEL, visible=False) as own:
            pages.append(_pictures(slug, "brought"))
    return Picker(tabs, pages, intake, taken, own)


def _page(slug: str, source: str) -> gr.HTML:
    with gr.Tab(words.GALLERIES[source], id=source) as tab:
        page = _pictures(slug, source)
    tab.select(lambda: page_value(source), None, page, **QUIET)
    return page


def _pictures(slug: str, source: str) -> gr.HTML:
    return Pictures(elem_id=f"{slug}-{source}", label=words.GALLERY, pick=True, size=44, columns=10)


@remembered(8)
def page_value(source: str) -> dict:
    """One page of the gallery."""
    return _shown(pictures.page(source), "faces" if source == FACE else "digits")


@remembered(8)
def page_of(model: str) -> dict:
    """The page of pictures that a model of somebody's own came with, in its own size."""
    return _shown(pictures.page_of(model), model)


def _shown(references: Sequence[str], model: str) -> dict:
    shown = pictures.tensor(references, model)
    return tiles(shown, [pictures.name_of(r) for r in references], references)


def first_page(model: str = models.NAMES[0]) -> dict:
    """Values of `Picker.shown` when a view opens with this model: its first page, and faces in front where it knows them."""
    return {
        "gallery": page_value(next(iter(pictures.gallery()))),
        **(turned(model) if front(model) != next(iter(pictures.gallery())) else {}),
    }


def turned(model: str) -> dict:
    """Values of `Picker.shown` for another model: the page of its own kind of pictures comes to the front."""
    found = {"sources": gr.Tabs(selected=front(model)), "own_tab": gr.Tab(visible=has_own(model))}
    return found | ({"own_page": page_of(model)} if has_own(model) else {})


def front(model: str) -> str:
    """The page that is in front for a model."""
    if has_own(model):
        return MODEL
    return pictures.page_of(model)[0].partition(":")[0]


def has_own(model: str) -> bool:
    """Whether pictures came with the model."""
    return pictures.page_of(model)[0].startswith(f"{MODEL}:")
