"""What says how noise becomes a picture: model, seed, class, integrator, steps; which two pictures go back to noise."""

import gradio as gr

from app import models, pictures
from app import words as common
from app.listening import CHOICE, LIFE, QUIET, Lab, Named, listen
from app.models.needs import GENERATES
from app.panels import picker as pickers
from app.panels.chooser import chooser
from app.panels.picker import Picker, picker
from app.panels.presets import presets
from app.pictures import SECOND_PICTURE
from app.views.generate import TITLE, words
from app.views.generate.shown import page_of
from app.views.generate.standing import ANY, CLASSES, MOST_STEPS, SEED, Standing
from app.widgets.film_strip import FilmStrip
from app.widgets.tiles import Pictures
from linearizer_core.methods.flow_matching import METHODS

PRESETS = (1, 2, 5, 10, 100, 1000)


# --- seed, class, steps, integrator ------------------------------------------------------------------------
def run_controls(slug: str, lab: Lab) -> tuple[gr.HTML, Named]:
    """The grid of seeds, and what says how noise becomes a picture: model, seed, class, steps, integrator."""
    steps = _steps(slug)
    gr.HTML(f'<p class="lab-quiet">{words.SEEDS_LEAD}</p>', apply_default_css=False)
    grid = Pictures(elem_id=f"{slug}-grid", label=words.SEEDS, pick=True, size=60, columns=8)
    seed = _seed(slug)
    keys = {"elem_classes": "lab-keys", "min_width": 0}
    classes = [(words.ANY_CLASS, ANY), *((str(label), label) for label in CLASSES)]
    names = [(common.INTEGRATORS[method], method) for method in METHODS]
    with gr.Row(elem_classes="lab-toolbar"):
        label = gr.Radio(classes, label=words.CLASS, elem_id=f"{slug}-class", **keys)
        method = gr.Radio(names, label=words.INTEGRATOR, elem_id=f"{slug}-method", **keys)
        model = chooser(lab, TITLE, GENERATES, elem_id=f"{slug}-model", **keys)
    listen(grid.pick, picked, {}, {"seed": seed}, **QUIET)
    return grid, {"model": model, "seed": seed, "label": label, "steps": steps, "method": method}


def label_of(model: str, label: int | None = None) -> gr.Radio:
    """The buttons for the class, where the model has classes."""
    value = ANY if label is None else label  # a gr.Radio cannot hold None
    classes = models.abilities(model).classes
    choices = [(words.ANY_CLASS, ANY), *((str(label), label) for label in range(classes))]
    return gr.Radio(choices, value=value, visible=classes > 0)


def _seed(slug: str) -> gr.Number:
    limits = {"precision": 0, "minimum": SEED.low, "maximum": SEED.high}
    name = {"label": words.SEED, "elem_id": f"{slug}-seed", "elem_classes": "lab-field"}
    with gr.Row(elem_classes="lab-seed"):
        seed = gr.Number(None, **limits, **name, min_width=120)
        others = gr.Button(words.OTHER_SEEDS, size="sm", elem_classes="lab-button", min_width=120)
    listen(others.click, turned, {"seed": seed}, {"seed": seed}, **QUIET)
    return seed


def _steps(slug: str) -> gr.Number:
    """N as a number, and a slider over its logarithm, which follows it."""
    name = {"elem_classes": "lab-field", "min_width": 70}
    look = {**name, "elem_classes": "lab-field lab-unnumbered", "scale": 5}
    with gr.Row(elem_classes="lab-toolbar"):
        power = gr.Slider(0, 3, 2, step=0.01, label=words.STEPS_N, elem_id=f"{slug}-power", **look)
        steps = gr.Number(
            Standing.steps,
            precision=0,
            label=words.STEPS_EXACT,
            show_label=False,
            elem_id=f"{slug}-steps",
            minimum=1,
            maximum=MOST_STEPS,
            scale=1,
            **name,
        )
    power.input(None, power, steps, js="(power) => Math.round(10 ** power)")
    follow = "(steps, power) => Math.round(10 ** power) === steps || !(steps > 0) ? power : Math.log10(steps)"
    steps.change(None, [steps, power], power, js=follow)
    presets(f"{slug}-presets", words.USUAL, [steps], {str(preset): [preset] for preset in PRESETS})
    return steps


def picked(event: gr.EventData) -> dict:
    """A picture of the grid was clicked; what it is called is its seed."""
    name = getattr(event, "id", None)
    known = isinstance(name, str) and name.isdecimal() and len(name) <= len(str(SEED.high))
    return {"seed": SEED.checked(int(name), "seed")} if known else {}


def turned(seed: int | None) -> dict:
    """The first seed of the next grid; after the last comes the first again."""
    following = page_of(SEED.checked(seed or 0, "seed"))[-1] + 1
    return {"seed": following if following <= SEED.high else SEED.low}


# --- and back ----------------------------------------------------------------------------------------------
def way_back(slug: str, lab: Lab, run: Named) -> tuple[gr.State, list[gr.HTML], Picker, gr.HTML]:
    """The second picture, the rows of both inversions, the picker that fills x₁ or x₂, the line between the noises."""
    other = gr.State(SECOND_PICTURE, time_to_live=LIFE)
    with gr.Row(elem_classes="lab-split", equal_height=False):
        with gr.Column(scale=5, min_width=320), gr.Column(elem_classes="lab-card"):
            gr.HTML(f"<h3>{words.INVERSION}</h3><p>{words.INVERSION_LEAD}</p>", apply_default_css=False)
            inverted = [Pictures(elem_id=f"{slug}-x{i}", label=words.INVERSION, columns=4) for i in (1, 2)]
            look = {"elem_id": f"{slug}-fills", "elem_classes": "lab-keys"}
            place = gr.Radio([(common.slot(i), i) for i in range(2)], value=0, label=words.FILLS, **look)
            sources = picker(slug)
        with gr.Column(scale=6, min_width=320), gr.Column(elem_classes="lab-card"):
            gr.HTML(f"<h3>{words.BETWEEN}</h3><p>{words.BETWEEN_LEAD}</p>", apply_default_css=False)
            rows = (words.LINE_DIGIT, words.LINE_NOISE)
            strip = FilmStrip(elem_id=f"{slug}-film", label=words.BETWEEN, paths=rows)
    model = {"model": run["model"]}
    outputs = {"first": lab.picture, "second": other, **model, "label": run["label"], **sources.shown}
    sources.chosen(filled, {"place": place, **model}, outputs)
    listen(run["model"].input, switched, model, outputs, **CHOICE)
    return other, inverted, sources, strip


def filled(picture: str, place: int, model: str) -> dict:
    """Another picture for x₁ or x₂; one of another kind brings its model."""
    name = "second" if place == 1 else "first"
    found = pictures.model_for(picture, model)
    return {**(switched(found) if found != model else {}), name: picture}


def switched(model: str) -> dict:
    """Another model: any of its classes, two pictures of its kind."""
    first, second = pictures.examples(model)
    return {
        "model": model,
        "label": label_of(model),
        "first": first,
        "second": second,
        **pickers.turned(model),
    }
