"""What says how noise becomes a digit: seed, class, integrator, steps; and which two pictures go back to noise."""

import gradio as gr

from app import words as common
from app.listening import LIFE, QUIET, Lab
from app.panels.picker import Picker, picker
from app.views.generate import words
from app.views.generate.compute import CLASSES, LARGEST_SEED, MOST_STEPS
from app.views.generate.shown import page_of
from app.views.interpolate.standing import SECOND_PICTURE
from app.widgets.film_strip import FilmStrip
from app.widgets.tiles import Pictures
from linearizer_core.methods.flow_matching import METHODS

ANY = -1  # the class in the radio buttons that is none
PRESETS = (1, 2, 5, 10, 100, 1000)


def run_controls(slug: str, steps: int) -> tuple[gr.HTML, list]:
    """The grid of seeds, and what says how noise becomes a digit: seed, class, steps, integrator."""
    gr.HTML(f"<h3>{words.SEEDS}</h3><p>{words.SEEDS_LEAD}</p>", apply_default_css=False)
    grid = Pictures(elem_id=f"{slug}-grid", label=words.SEEDS, pick=True, size=60, columns=5)
    with gr.Row(elem_classes="lab-seed"):
        seed = gr.Number(
            None,
            label=words.SEED,
            precision=0,
            minimum=0,
            maximum=LARGEST_SEED,
            elem_id=f"{slug}-seed",
            elem_classes="lab-field",
            min_width=120,
        )
        others = gr.Button(words.OTHER_SEEDS, size="sm", elem_classes="lab-button", min_width=120)
    classes = [(words.ANY_CLASS, ANY), *((str(label), label) for label in range(CLASSES))]
    label = gr.Radio(classes, label=words.CLASS, elem_id=f"{slug}-class", elem_classes="lab-keys")
    names = [(common.INTEGRATORS[method], method) for method in METHODS]
    method = gr.Radio(names, label=words.INTEGRATOR, elem_id=f"{slug}-method", elem_classes="lab-keys")
    name = {"label": words.STEPS_N, "elem_id": f"{slug}-steps", "elem_classes": "lab-field"}
    slider = gr.Slider(1, MOST_STEPS, steps, step=1, **name)
    with gr.Row(elem_classes="lab-buttons"):
        for preset in PRESETS:
            button = gr.Button(str(preset), size="sm", min_width=40)
            button.click(None, None, slider, js=f"() => {preset}")
    grid.pick(_picked, None, seed, **QUIET)
    others.click(_next_page, seed, seed, **QUIET)
    return grid, [seed, label, slider, method]


def way_back(slug: str, lab: Lab) -> tuple[gr.State, list[gr.HTML], Picker, gr.HTML]:
    """The second picture, the rows of both inversions, the picker that fills x₁ or x₂, the line between them."""
    other = gr.State(SECOND_PICTURE, time_to_live=LIFE)
    with gr.Row(elem_classes="lab-split", equal_height=False):
        with gr.Column(scale=5, min_width=320), gr.Column(elem_classes="lab-card"):
            gr.HTML(f"<h3>{words.INVERSION}</h3><p>{words.INVERSION_LEAD}</p>", apply_default_css=False)
            inverted = [Pictures(elem_id=f"{slug}-x{i}", label=words.INVERSION, columns=4) for i in (1, 2)]
            place = gr.Radio(
                [(common.slot(i), i) for i in range(2)],
                value=0,
                label=words.FILLS,
                elem_id=f"{slug}-fills",
                elem_classes="lab-keys",
            )
            sources = picker(slug)
        with gr.Column(scale=6, min_width=320), gr.Column(elem_classes="lab-card"):
            gr.HTML(f"<h3>{words.BETWEEN}</h3><p>{words.BETWEEN_LEAD}</p>", apply_default_css=False)
            rows = (words.LINE_DIGIT, words.LINE_NOISE)
            strip = FilmStrip(elem_id=f"{slug}-film", label=words.BETWEEN, paths=rows)
    sources.chosen(
        lambda picture, place: [picture, gr.skip()] if place == 0 else [gr.skip(), picture],
        [place],
        [lab.picture, other],
    )
    return other, inverted, sources, strip


def _picked(event: gr.EventData) -> object:
    known = isinstance(event.id, str) and event.id.isdecimal()
    return int(event.id) if known else gr.skip()


def _next_page(seed: int | None) -> int:
    """The first seed of the next grid; after the last comes the first again."""
    following = page_of(int(seed or 0))[-1] + 1
    return following if following <= LARGEST_SEED else 0
