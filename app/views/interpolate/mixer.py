"""The mixer: a model, two to four of its pictures, one of them marked, each with a weight."""

from collections.abc import Sequence
from dataclasses import dataclass

import gradio as gr

from app import models, pictures
from app import words as common
from app.listening import CHOICE, LIFE, QUIET, Lab, Named, listen
from app.models.needs import BLENDS, DIGIT, FACE
from app.panels import picker
from app.panels.chooser import chooser
from app.views.interpolate import TITLE, words
from app.views.interpolate.standing import LIMIT, PLACES, YEARS, Standing, equal
from app.widgets.tiles import Pictures, tiles

SPARES = {  # what a new place starts with
    DIGIT: ("digits:1319", "digits:1342", "digits:361", "digits:318"),
    FACE: ("face:7", "face:14", "face:10", "face:17"),
}


# --- values ------------------------------------------------------------------------------------------------
def places_value(references: Sequence[str], active: int, model: str) -> list[dict | None]:
    """What the places show; None is an empty one."""
    places = [
        tiles(
            pictures.tensor([reference], model),
            [pictures.name_of(reference)],
            [reference],
            -(i != active),
            [common.slot(i)],
        )
        for i, reference in enumerate(references)
    ]
    return places + [None] * (PLACES - len(places))


def replaced(references: Sequence[str], active: int, picture: str) -> list[str]:
    """The pictures with another one in the marked place."""
    return [picture if i == active else reference for i, reference in enumerate(references)]


def added(references: Sequence[str], model: str) -> list[str]:
    """The pictures and one more, as long as there is a place."""
    spares = SPARES.get(models.abilities(model).pictures) or pictures.page_of(model)
    spare = next(reference for reference in spares if reference not in references[:3])
    return [*references, spare][:PLACES]


def removed(references: Sequence[str], active: int) -> list[str]:
    """The pictures without the marked one; two always stay."""
    kept = [reference for i, reference in enumerate(references) if i != active]
    return kept if len(kept) >= 2 else list(references)


# --- components --------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Mixer:
    """The components made by `mixer`: model and years, what it remembers, the places, rows of sliders, what folds these."""

    model: gr.Radio
    years: gr.Slider
    references: gr.State
    active: gr.State
    rows: Sequence[gr.Row]
    tiles: Sequence[gr.HTML]
    sliders: Sequence[gr.Slider]
    more: gr.Accordion

    @property
    def standing(self) -> Named:
        """What the mixer remembers, as inputs."""
        return {"references": self.references, "active": self.active, "model": self.model}

    @property
    def controls(self) -> Named:
        """What the blend depends on, as inputs."""
        return {
            "pictures": self.references,
            "weights": self.sliders,
            "model": self.model,
            "years": self.years,
        }

    @property
    def places(self) -> Named:
        """Everything that a change of pictures may change, as outputs."""
        others = {"rows": self.rows, "tiles": self.tiles, "weights": self.sliders, "years": self.years}
        return {**self.standing, **others}

    def shown(
        self, references: Sequence[str], active: int, model: str, weights: Sequence[float] | None = None
    ) -> dict[str, object]:
        """Values of `places`; without weights the sliders stay where they are."""
        rows = [gr.Row(visible=i < len(references)) for i in range(PLACES)]
        found = {"references": list(references), "active": active, "rows": rows}
        found["tiles"] = places_value(references, active, model)
        return found if weights is None else found | {"weights": self.padded(weights)}

    @staticmethod
    def padded(weights: Sequence[float]) -> list[float]:
        """Weights for all sliders, 0 for the empty places."""
        return [*weights, *[0.0] * (PLACES - len(weights))]

    def put(self, picture: str, references: list[str], active: int, model: str) -> dict[str, object]:
        """Another picture in the marked place; it becomes the lab's current one. One of another kind brings its model."""
        found = pictures.model_for(picture, model)
        if found != model:
            return self.switched(found, (picture, *pictures.examples(found)[1:]))
        return {"current": picture, **self.shown(replaced(references, active, picture), active, model)}

    def switched(self, model: str, references: Sequence[str] = ()) -> dict[str, object]:
        """Another model: two of its pictures, weighted alike, no years."""
        references = references or pictures.examples(model)
        values = self.shown(references, 0, model, equal(len(references)))
        shown = {"years": years_of(model), **picker.turned(model)}
        return {"current": references[0], "model": model, **values, **shown}


def years_of(model: str, years: float = 0.0) -> gr.Slider:
    """The slider of years, where the model knows of them."""
    return gr.Slider(value=years, visible=models.abilities(model).ages)


def way(slug: str) -> tuple[gr.Slider, gr.Slider]:
    """How far it is from x₁ to x₂, and years, both under the stage."""
    t = gr.Slider(0, 1, 0.5, step=0.01, label=words.T, elem_id=f"{slug}-t", elem_classes="lab-field")
    name = {"label": words.YEARS, "elem_id": f"{slug}-years", "elem_classes": "lab-field"}
    return t, gr.Slider(-YEARS, YEARS, 0.0, step=1, visible=False, **name)


# Of x₁ and x₂ one gives what the other gets; what further pictures have stays with them.
SHARED = """(t, ...w) => {
  const rest = w.slice(2).reduce((sum, v) => sum + v, 0);
  const part = (share) => Math.round(100 * share * (1 - rest)) / 100;
  return [part(1 - t), part(t), ...w.slice(2)];
}"""
STANDS = """(t, ...w) => {
  const both = w[0] + w[1];
  const share = Math.abs(both) > 1e-6 ? w[1] / both : t;
  return share >= 0 && share <= 1 ? Math.round(100 * share) / 100 : t;
}"""


def follow(t: gr.Slider, made: Mixer) -> None:
    """t moves the weights, and weights that are set otherwise move t; all in the page."""
    t.input(None, [t, *made.sliders], made.sliders, js=SHARED)
    for slider in made.sliders[:2]:
        slider.input(None, [t, *made.sliders], t, js=STANDS)


def mixer(lab: Lab, slug: str, years: gr.Slider) -> Mixer:
    """Make the places, and folded the weights, where the caller stands; the marked picture is the lab's current one."""
    with gr.Row(elem_classes="lab-toolbar"):
        keys = {"elem_id": f"{slug}-model", "elem_classes": "lab-keys", "min_width": 0}
        model = chooser(lab, TITLE, BLENDS, **keys)
        places = [
            Pictures(elem_id=f"{slug}-x{i + 1}", label=common.slot(i), pick=True, size=56)
            for i in range(PLACES)
        ]
    more = gr.Accordion(words.MORE, open=False, elem_id=f"{slug}-more", elem_classes="lab-fold")
    with more:
        rows, sliders = [], []
        for i in range(PLACES):
            with gr.Row(visible=i < 2) as row:
                sliders.append(_slider(slug, i))
            rows.append(row)
        with gr.Row(elem_classes="lab-buttons"):
            texts = (words.ADD_PICTURE, words.REMOVE_PICTURE, words.EQUAL_WEIGHTS)
            buttons = [gr.Button(text, size="sm", min_width=90) for text in texts]
    references = gr.State(list(Standing().pictures), time_to_live=LIFE)
    made = Mixer(model, years, references, gr.State(0, time_to_live=LIFE), rows, places, sliders, more)
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

        def marked(references: list[str], model: str, i: int = i) -> dict:
            if i >= len(references):
                return {}
            return {"current": references[i], **made.shown(references, i, model)}

        inputs = {"references": made.references, "model": made.model}
        listen(place.pick, marked, inputs, {"current": lab.picture, **made.places}, **CHOICE)


def _resize(made: Mixer, buttons: Sequence[gr.Button]) -> None:
    """One picture more, one less, equal weights."""

    def more(references: list[str], active: int, model: str) -> dict:
        larger = added(references, model)
        return made.shown(larger, len(larger) - 1, model, equal(len(larger)))

    def less(references: list[str], active: int, model: str) -> dict:
        smaller = removed(references, active)
        return made.shown(smaller, min(active, len(smaller) - 1), model, equal(len(smaller)))

    def even(references: list[str], active: int, model: str) -> dict:
        return {"weights": made.padded(equal(len(references)))}

    for button, fn, how in zip(buttons, (more, less, even), (CHOICE, CHOICE, QUIET)):
        listen(button.click, fn, made.standing, made.places, **how)


def _adopt(lab: Lab, made: Mixer) -> None:
    """The picture that another view has made the current one takes the marked place, if it is of this model's kind."""

    def adopted(current: str, references: list[str], active: int, model: str) -> dict:
        if model is None or references[active] == current or pictures.fitting(current, model) != current:
            return {}
        return made.shown(replaced(references, active, current), active, model)

    inputs = {"current": lab.picture, **made.standing}
    listen(lab.picture.change, adopted, inputs, made.places, **CHOICE)
