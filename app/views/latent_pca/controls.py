"""What says which cloud is shown and where on a component the walk stands; what is done with points that are taken."""

from collections.abc import Sequence

import gradio as gr

from app import models
from app import words as common
from app.listening import LIFE, Named
from app.pictures import labelled
from app.views.latent_pca import SLUG, words
from app.views.latent_pca.standing import (
    COMPONENTS,
    COUNTS,
    DIMENSIONS,
    FARTHEST,
    MEAN,
    OWN,
    PICTURE,
    sources,
)
from app.widgets.tiles import Pictures


def source_choices(own: bool = False) -> list[tuple[str, str]]:
    """The buttons for where pictures come from, the visitor's own among them once there are some."""
    found = [(common.GALLERIES[source], source) for source in sources()]
    return [*found, (words.OWN_SOURCE, OWN)] if own else found


def cloud_controls() -> Named:
    """Model, source, count, own pictures, dimensions; empty until the view opens."""
    flat = [(f"{d}-D", d) for d in DIMENSIONS]
    numbers = [(f"{count:,}".replace(",", " "), count) for count in COUNTS]
    with gr.Row(elem_id=f"{SLUG}-controls"):
        model = gr.Radio(
            models.available(), label=common.MODEL, min_width=340, scale=3, elem_id=f"{SLUG}-model"
        )
        data = gr.Radio(source_choices(), label=words.DATA, min_width=300, scale=3, elem_id=f"{SLUG}-data")
        dimensions = gr.Radio(flat, label=words.AXES, min_width=180, elem_id=f"{SLUG}-dimensions")
    count = gr.Radio(numbers, label=words.COUNT, elem_id=f"{SLUG}-count", elem_classes="lab-keys")
    own, labels = gr.State([], time_to_live=LIFE), gr.State([], time_to_live=LIFE)
    given = {"own": own, "labels": labels}
    return {"model": model, "data": data, "count": count, "dimensions": dimensions, **given}


def status_row() -> tuple[gr.HTML, gr.HTML, gr.Button, gr.UploadButton]:
    """How the cloud came about, how far one is that is on its way, what stops it, and the button for one's own pictures."""
    with gr.Row(equal_height=False, elem_classes="lab-status"):
        look = {"apply_default_css": False, "min_height": 24, "min_width": 320}
        status = gr.HTML(elem_id=f"{SLUG}-status", scale=3, **look)
        bar = gr.HTML("", elem_id=f"{SLUG}-bar", apply_default_css=False, min_width=160, scale=1)
        key = {"size": "sm", "scale": 0, "elem_classes": "lab-button"}
        stop = gr.Button(words.STOP, min_width=90, elem_id=f"{SLUG}-stop", visible=False, **key)
        upload = gr.UploadButton(
            words.OWN_PICTURES,
            file_count="multiple",
            file_types=labelled.FILE_TYPES,
            min_width=200,
            elem_id=f"{SLUG}-upload",
            **key,
        )
    return status, bar, stop, upload


def walk_controls() -> Named:
    """Start, component, standard deviations."""
    starts = [(words.FROM_MEAN, MEAN), (words.FROM_PICTURE, PICTURE)]
    start = gr.Radio(starts, value=MEAN, label=words.START, elem_id=f"{SLUG}-start")
    with gr.Row():
        component = _slider("component", words.COMPONENT, (1, COMPONENTS), 1, 1)
        steps = _slider("steps", words.STEPS, (-FARTHEST, FARTHEST), 2.0, 0.05)
    return {"start": start, "component": component, "steps": steps}


def _slider(name: str, label: str, ends: Sequence[float], value: float, step: float) -> gr.Slider:
    return gr.Slider(*ends, value, step=step, label=label, elem_id=f"{SLUG}-{name}", min_width=180)


def chosen_card(hues: Sequence[str]) -> tuple[Named, dict[str, gr.Button]]:
    """The means of what a lasso has taken, what it is, and what can be done with it."""
    with gr.Column(elem_classes="lab-card"):
        gr.HTML(f"<h3>{words.CHOSEN}</h3><p>{words.CHOSEN_LEAD}</p>", apply_default_css=False)
        means = Pictures(elem_id=f"{SLUG}-means", label=words.CHOSEN, size=96, hues=hues)
        said = gr.HTML("", elem_id=f"{SLUG}-chosen", apply_default_css=False)
        with gr.Row(elem_classes="lab-buttons"):
            texts = {"keep": words.KEEP, "leave": words.LEAVE_OUT, "back": words.BRING_BACK}
            buttons = {
                name: gr.Button(text, size="sm", min_width=80, elem_id=f"{SLUG}-{name}")
                for name, text in texts.items()
            }
    numbers = gr.State((), time_to_live=LIFE)
    return {"numbers": numbers, "means": means, "chosen_words": said}, buttons


def neighbours_card(hues: Sequence[str], columns: int) -> list[gr.HTML]:
    """Two rows of pictures: those nearest to the current one on either chart."""
    with gr.Column(elem_classes="lab-card"):
        gr.HTML(f"<h3>{words.NEIGHBOURS}</h3><p>{words.NEIGHBOURS_LEAD}</p>", apply_default_css=False)
        return [
            Pictures(elem_id=f"{SLUG}-near-{hue}", label=words.NEIGHBOURS, columns=columns) for hue in hues
        ]
