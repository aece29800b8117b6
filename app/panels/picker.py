"""Where a picture comes from, in any view: pages of a gallery, and a pad for drawings and photos."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import gradio as gr

from app import models, pictures, words
from app.abilities import FACE
from app.listening import CHOICE, QUIET, Named, listen
from app.pictures import files
from app.remembering import remembered
from app.widgets.drawing_pad import DrawingPad
from app.widgets.tiles import Pictures, tiles

MODEL = "model"  # the page of pictures that a model came with


@dataclass(frozen=True)
class Picker:
    """The components made by `picker`. `pages[0]` is empty until the view opens: see `first_page`."""

    tabs: gr.Tabs
    pages: Sequence[gr.HTML]
    pad: gr.HTML
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
        """Call `fn(picture=reference, **inputs)` with whatever picture is chosen, drawn or uploaded.

        A picture that cannot be used leaves `outputs` as they are; the pad says in a sentence what is wrong. A photo is
        taken as the picker was told, or as the "model" among the inputs takes it; of a drawing the digit is taken.
        """

        def picked(event: gr.EventData, **values: object) -> Mapping:
            return fn(picture=pictures.accept(getattr(event, "id", None)), **values)

        def drawn(event: gr.EventData, **values: object) -> Mapping:
            taken = "digit" if getattr(event, "drawing", False) else self.taken
            try:
                taken = pictures.taken_for(values.get("model"), taken)
                reference = pictures.accept(getattr(event, "picture", None), taken)
            except files.BadPictureError as error:
                return {"pad": {"notice": str(error)}}
            return {"pad": {"notice": ""}, **fn(picture=reference, **values)}

        for page in self.pages:
            listen(page.pick, picked, inputs, outputs, **CHOICE)
        listen(self.pad.drawn, drawn, inputs, {"pad": self.pad, **outputs}, **CHOICE)


def picker(slug: str, more: Sequence[str] = (), taken: str = "digit") -> Picker:
    """Make the pages and the pad where the caller stands; a page fills when it is first seen.

    `more` are pages beside those of digits, such as "other"; photos are `taken` in one of the ways of `references.TAKEN`.
    """
    first, *others = [*pictures.gallery(), *more, *([FACE] if "faces" in models.available() else [])]
    with gr.Tabs(elem_id=f"{slug}-picker", elem_classes="lab-picker") as tabs:
        pages = [_page(slug, first)]
        with gr.Tab(words.DRAW):
            pad = DrawingPad(elem_id=f"{slug}-pad")
        pages += [_page(slug, source) for source in others]
        with gr.Tab(words.GALLERIES[MODEL], id=MODEL, visible=False) as own:
            pages.append(_pictures(slug, MODEL))
    return Picker(tabs, pages, pad, taken, own)


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
