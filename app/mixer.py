"""The mixer: two to four pictures, one of them marked, each with a weight."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import gradio as gr

from app import captions, pictures
from app.state import CHOICE, FIRST_PICTURE, LIFE, QUIET, Lab
from app.widgets.pictures import Pictures, tiles

PLACES = 4
LIMIT = 2.0  # weights lie in [−LIMIT, LIMIT]: a vector space has more than averages
SECOND_PICTURE = "digits:913"
SPARES = ("digits:1319", "digits:1342", "digits:361", "digits:318")  # what a new place starts with


# --- values ------------------------------------------------------------------------------------------------
def places_value(references: Sequence[str], active: int) -> list[dict | None]:
    """What the places show; None is an empty one."""
    places = [
        tiles(
            pictures.tensor([reference]), [pictures.name_of(reference)], [reference], 0 if i == active else -1
        )
        for i, reference in enumerate(references)
    ]
    return places + [None] * (PLACES - len(places))


def replaced(references: Sequence[str], active: int, picture: str) -> list[str]:
    """The pictures with another one in the marked place."""
    return [picture if i == active else reference for i, reference in enumerate(references)]


def added(references: Sequence[str]) -> list[str]:
    """The pictures and one more, as long as there is a place."""
    spare = next(reference for reference in SPARES if reference not in references[:3])
    return [*references, spare][:PLACES]


def removed(references: Sequence[str], active: int) -> list[str]:
    """The pictures without the marked one; two always stay."""
    kept = [reference for i, reference in enumerate(references) if i != active]
    return kept if len(kept) >= 2 else list(references)


def equal(count: int) -> list[float]:
    """Weights for all places: equal ones with sum 1 in steps of 0.01, 0 for the empty places."""
    share = math.floor(100 / count) / 100
    return [round(1 - share * (count - 1), 2)] + [share] * (count - 1) + [0.0] * (PLACES - count)


# --- components --------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Mixer:
    """The components made by `mixer`: what it remembers, its rows, the places and sliders in them."""

    references: gr.State
    active: gr.State
    rows: Sequence[gr.Row]
    places: Sequence[gr.HTML]
    sliders: Sequence[gr.Slider]

    @property
    def outputs(self) -> list:
        """What a change of pictures changes."""
        return [self.references, self.active, *self.rows, *self.places]

    def values(self, references: Sequence[str], active: int) -> list:
        """Values of `outputs`."""
        rows = [gr.Row(visible=i < len(references)) for i in range(PLACES)]
        return [list(references), active, *rows, *places_value(references, active)]

    def put(self, picture: str, references: list[str], active: int) -> list:
        """Values of `outputs` with another picture in the marked place."""
        return self.values(replaced(references, active, picture), active)


def mixer(lab: Lab, slug: str) -> Mixer:
    """Make the rows and the buttons where the caller stands; the marked picture is the lab's current one."""
    rows, places, sliders = [], [], []
    for i in range(PLACES):
        with gr.Row(visible=i < 2, elem_classes="lab-place") as row:
            places.append(Pictures(elem_id=f"{slug}-x{i + 1}", label=captions.slot(i), pick=True, size=60))
            sliders.append(_slider(slug, i))
        rows.append(row)
    references = gr.State([FIRST_PICTURE, SECOND_PICTURE], time_to_live=LIFE)
    made = Mixer(references, gr.State(0, time_to_live=LIFE), rows, places, sliders)
    with gr.Row(elem_classes="lab-buttons"):
        texts = (captions.ADD_PICTURE, captions.REMOVE_PICTURE, captions.EQUAL_WEIGHTS)
        buttons = [gr.Button(text, size="sm", min_width=90) for text in texts]
    _mark(lab, made)
    _resize(made, buttons)
    lab.picture.change(_adopted(made), [lab.picture, made.references, made.active], made.outputs, **CHOICE)
    return made


def _slider(slug: str, i: int) -> gr.Slider:
    start = 0.5 if i < 2 else 0.0
    name = {"label": captions.weight(i), "elem_id": f"{slug}-w{i + 1}"}
    return gr.Slider(-LIMIT, LIMIT, start, step=0.01, scale=1, min_width=180, **name)


def _mark(lab: Lab, made: Mixer) -> None:
    """A click on a place marks it."""
    for i, place in enumerate(made.places):

        def marked(references: list[str], i: int = i) -> list:
            return [references[i], *made.values(references, i)]

        place.pick(marked, made.references, [lab.picture, *made.outputs], **CHOICE)


def _resize(made: Mixer, buttons: Sequence[gr.Button]) -> None:
    """One picture more, one less, equal weights."""

    def resized(references: list[str], active: int) -> list:
        return [*made.values(references, active), *equal(len(references))]

    def more(references: list[str]) -> list:
        larger = added(references)
        return resized(larger, len(larger) - 1)

    def less(references: list[str], active: int) -> list:
        smaller = removed(references, active)
        return resized(smaller, min(active, len(smaller) - 1))

    outputs = [*made.outputs, *made.sliders]
    buttons[0].click(more, made.references, outputs, **CHOICE)
    buttons[1].click(less, [made.references, made.active], outputs, **CHOICE)
    buttons[2].click(lambda references: equal(len(references)), made.references, made.sliders, **QUIET)


def _adopted(made: Mixer) -> Callable[..., list]:
    """The handler that takes over the picture that another view has made the current one."""

    def adopted(picture: str, references: list[str], active: int) -> list:
        if references[active] == picture:
            return [gr.skip()] * len(made.outputs)
        return made.put(picture, references, active)

    return adopted
