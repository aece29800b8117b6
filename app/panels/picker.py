"""Where a picture comes from, in any view: pages of a gallery, and the intake for one's own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import gradio as gr

from app import models, pictures, words
from app.listening import CHOICE, QUIET, Named, listen
from app.pictures import files, known
from app.pictures.references import TAKEN
from app.widgets.intake import Intake, refused, understood
from app.widgets.tiles import Pictures, tiles

LAST = {**CHOICE, "trigger_mode": "always_last"}  # of two pictures that come quickly the second stays


@dataclass(frozen=True)
class Picker:
    """The components made by `picker`. `pages[0]` is empty until the view opens: see `first_page`."""

    tabs: gr.Tabs
    pages: Sequence[gr.HTML]
    intake: gr.HTML
    taken: str = "digit"

    @property
    def shown(self) -> Named:
        """What an opening or another model changes, as outputs: see `first_page` and `turned`."""
        return {"sources": self.tabs, "gallery": self.pages[0]}

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
            taken, model = self._way(event, values.get("model")), values.get("model")
            try:
                reference = pictures.accept(getattr(event, "picture", None), taken)
            except files.BadPictureError as error:
                other = str(error) == words.NO_INK  # another way to take it would work
                return {"intake": refused(str(error), taken if other else "")}
            found = fn(picture=reference, **values)
            return {"intake": seen(reference, taken, found.get("model", model)), **found}

        shown = {"intake": self.intake, **outputs}
        for page in self.pages:
            listen(page.pick, picked, inputs, shown, **CHOICE)
        listen(self.intake.drawn, drawn, inputs, shown, **LAST)

    def _way(self, event: gr.EventData, model: object) -> str:
        asked = getattr(event, "taken", "")
        if isinstance(asked, str) and asked in TAKEN:
            return asked
        drawing = getattr(event, "drawing", False) is True
        return pictures.taken_for(model, "digit" if drawing else self.taken)


def seen(reference: str, taken: str, model: object) -> dict:
    """The value of the intake for a picture of one's own: what g of that model sees, and whether it knows such pictures."""
    name = model if isinstance(model, str) and model in models.available() else models.NAMES[0]
    return understood(taken, pictures.tensor([reference], name), known.times(reference, name))


def picker(slug: str, more: Sequence[str] = (), taken: str = "digit") -> Picker:
    """Make the intake and the pages where the caller stands; a page fills when it is first seen.

    `more` are pages beside those of digits, such as "other"; photos are `taken` in one of the ways of `references.TAKEN`.
    """
    first, *others = [*pictures.gallery(), *more, *([models.FACE] if "faces" in models.available() else [])]
    intake = Intake(elem_id=f"{slug}-intake")
    with gr.Tabs(elem_id=f"{slug}-picker", elem_classes="lab-picker") as tabs:
        pages = [_page(slug, source) for source in (first, *others)]
    return Picker(tabs, pages, intake, taken)


def _page(slug: str, source: str) -> gr.HTML:
    with gr.Tab(words.GALLERIES[source], id=source) as tab:
        name = f"{slug}-{source}"
        page = Pictures(elem_id=name, label=words.GALLERY, pick=True, size=44, columns=10)
    tab.select(lambda: page_value(source), None, page, **QUIET)
    return page


@lru_cache(maxsize=8)
def page_value(source: str) -> dict:
    """One page of the gallery."""
    references = pictures.page(source)
    shown = pictures.tensor(references, "faces" if source == models.FACE else "digits")
    return tiles(shown, [pictures.name_of(r) for r in references], references)


def first_page(model: str = models.NAMES[0]) -> dict:
    """Values of `Picker.shown` when a view opens with this model: its first page, and faces in front where it knows them."""
    return {
        "gallery": page_value(next(iter(pictures.gallery()))),
        **(turned(model) if models.knows_faces(model) else {}),
    }


def turned(model: str) -> dict:
    """Values of `Picker.shown` for another model: the page of its own kind of pictures comes to the front."""
    return {
        "sources": gr.Tabs(
            selected=models.FACE if models.knows_faces(model) else next(iter(pictures.gallery()))
        )
    }
