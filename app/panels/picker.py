"""Where a picture comes from, in any view: pages of a gallery, and a pad for drawings and photos."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import gradio as gr

from app import pictures, words
from app.listening import CHOICE, QUIET, Named, listen
from app.pictures import files
from app.widgets.drawing_pad import DrawingPad
from app.widgets.tiles import Pictures, tiles


@dataclass(frozen=True)
class Picker:
    """The components made by `picker`. `pages[0]` is empty until the view opens: see `first_page`."""

    pages: Sequence[gr.HTML]
    pad: gr.HTML
    whole: bool = False

    def chosen(self, fn: Callable[..., Mapping], inputs: Named, outputs: Named) -> None:
        """Call `fn(picture=reference, **inputs)` with whatever picture is chosen, drawn or uploaded.

        A picture that cannot be used leaves `outputs` as they are; the pad says in a sentence what is wrong. Where the
        picker takes things `whole`, a photo stays as it is; of a drawing the digit is taken all the same.
        """

        def picked(event: gr.EventData, **values: object) -> Mapping:
            return fn(picture=pictures.accept(getattr(event, "id", None)), **values)

        def drawn(event: gr.EventData, **values: object) -> Mapping:
            whole = self.whole and not getattr(event, "drawing", False)
            try:
                reference = pictures.accept(getattr(event, "picture", None), whole=whole)
            except files.BadPictureError as error:
                return {"pad": {"notice": str(error)}}
            return {"pad": {"notice": ""}, **fn(picture=reference, **values)}

        for page in self.pages:
            listen(page.pick, picked, inputs, outputs, **CHOICE)
        listen(self.pad.drawn, drawn, inputs, {"pad": self.pad, **outputs}, **CHOICE)


def picker(slug: str, more: Sequence[str] = (), whole: bool = False) -> Picker:
    """Make the pages and the pad where the caller stands; a page fills when it is first seen.

    `more` are pages beside those of digits, "face" or "other"; with `whole` photos are taken as they are.
    """
    first, *others = [*pictures.gallery(), *more]
    with gr.Tabs(elem_id=f"{slug}-picker", elem_classes="lab-picker"):
        pages = [_page(slug, first)]
        with gr.Tab(words.DRAW):
            pad = DrawingPad(elem_id=f"{slug}-pad")
        pages += [_page(slug, source) for source in others]
    return Picker(pages, pad, whole)


def _page(slug: str, source: str) -> gr.HTML:
    with gr.Tab(words.GALLERIES[source]) as tab:
        name = f"{slug}-{source}"
        page = Pictures(elem_id=name, label=words.GALLERY, pick=True, size=44, columns=10)
    tab.select(lambda: page_value(source), None, page, **QUIET)
    return page


@lru_cache(maxsize=8)
def page_value(source: str) -> dict:
    """One page of the gallery."""
    references = pictures.page(source)
    shown = pictures.tensor(references, "faces" if source == "face" else "digits")
    return tiles(shown, [pictures.name_of(r) for r in references], references)


def first_page() -> dict:
    """The page that a view shows when it opens, the value of `Picker.pages[0]`."""
    return page_value(next(iter(pictures.gallery())))
