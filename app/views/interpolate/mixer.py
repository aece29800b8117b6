"""The mixer: two to four pictures, one of them marked, each with a weight."""

from collections.abc import Sequence
from dataclasses import dataclass

import gradio as gr

from app import pictures
from app import words as common
from app.listening import CHOICE, LIFE, QUIET, Lab, Named, listen
from app.views.interpolate import words
from app.views.interpolate.standing import LIMIT, PLACES, Standing, equal
from app.widgets.tiles import Pictures, tiles

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


# --- components --------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Mixer:
    """The components made by `mixer`: what it remembers, its rows, the places and sliders in them."""

    references: gr.State
    active: gr.State
    rows: Sequence[gr.Row]
    tiles: Sequence[gr.HTML]
    sliders: Sequence[gr.Slider]

    @property
    def standing(self) -> Named:
        """What the mixer remembers, as inputs."""
        return {"references": self.references, "active": self.active}

    @property
    def places(self) -> Named:
        """Everything that a change of pictures may change, as outputs."""
        return {**self.standing, "rows": self.rows, "tiles": self.tiles, "weights": self.sliders}

    def shown(
        self, references: Sequence[str], active: int, weights: Sequence[float] | None = None
    ) -> dict[str, object]:
        """Values of `places`; without weights the sliders stay where they are."""
        rows = [gr.Row(visible=i < len(references)) for i in range(PLACES)]
        found = {"references": list(references), "active": active, "rows": rows}
        found["tiles"] = places_value(references, active)
        return found if weights is None else found | {"weights": self.padded(weights)}

    @staticmethod
    def padded(weights: Sequence[float]) -> list[float]:
        """Weights for all sliders, 0 for the empty places."""
        return [*weights, *[0.0] * (PLACES - len(weights))]

    def put(self, picture: str, references: list[str], active: int) -> dict[str, object]:
        """Another picture in the marked place; it becomes the lab's current one."""
        return {"current": picture, **self.shown(replaced(references, active, picture), active)}


def mixer(lab: Lab, slug: str) -> Mixer:
    """Make the rows and the buttons where the caller stands; the marked picture is the lab's current one."""
    rows, places, sliders = [], [], []
    for i in range(PLACES):
        with gr.Row(visible=i < 2, elem_classes="lab-place") as row:
            places.append(Pictures(elem_id=f"{slug}-x{i + 1}", label=common.slot(i), pick=True, size=60))
            sliders.append(_slider(slug, i))
        rows.append(row)
    references = gr.State(list(Standing().pictures), time_to_live=LIFE)
    made = Mixer(references, gr.State(0, time_to_live=LIFE), rows, places, sliders)
    with gr.Row(elem_classes="lab-buttons"):
        texts = (words.ADD_PICTURE, words.REMOVE_PICTURE, words.EQUAL_WEIGHTS)
        buttons = [gr.Button(text, size="sm", min_width=90) for text in texts]
    _mark(lab, made)
    _resize(made, buttons)
    _adopt(lab, made)
    return made


def _slider(slug: str, i: int) -> gr.Slider:
    start = 0.5 if i < 2 else 0.0
    name = {"label": words.weight(i), "elem_id": f"{slug}-w{i + 1}"}
    return gr.Slider(-LIMIT, LIMIT, start, step=0.01, scale=1, min_width=180, **name)


def _mark(lab: Lab, made: Mixer) -> None:
    """A click on a place marks it."""
    for i, place in enumerate(made.tiles):

        def marked(references: list[str], i: int = i) -> dict:
            return {"current": references[i], **made.shown(references, i)} if i < len(references) else {}

        inputs, outputs = {"references": made.references}, {"current": lab.picture, **made.places}
        listen(place.pick, marked, inputs, outputs, **CHOICE)


def _resize(made: Mixer, buttons: Sequence[gr.Button]) -> None:
    """One picture more, one less, equal weights."""

    def more(references: list[str], active: int) -> dict:
        larger = added(references)
        return made.shown(larger, len(larger) - 1, equal(len(larger)))

    def less(references: list[str], active: int) -> dict:
        smaller = removed(references, active)
        return made.shown(smaller, min(active, len(smaller) - 1), equal(len(smaller)))

    def even(references: list[str], active: int) -> dict:
        return {"weights": made.padded(equal(len(references)))}

    for button, fn, how in zip(buttons, (more, less, even), (CHOICE, CHOICE, QUIET)):
        listen(button.click, fn, made.standing, made.places, **how)


def _adopt(lab: Lab, made: Mixer) -> None:
    """The picture that another view has made the current one takes the marked place."""

    def adopted(current: str, references: list[str], active: int) -> dict:
        if references[active] == current:
            return {}
        return made.shown(replaced(references, active, current), active)

    inputs = {"current": lab.picture, **made.standing}
    listen(lab.picture.change, adopted, inputs, made.places, **CHOICE)
