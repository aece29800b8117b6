"""What says which cloud is shown and where on a component the walk stands."""

from collections.abc import Sequence

import gradio as gr

from app import models
from app import words as common
from app.listening import LIFE, Named
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


def source_choices(own: bool = False) -> list[tuple[str, str]]:
    """The buttons for where pictures come from, the visitor's own among them once there are some."""
    found = [(common.GALLERIES[source], source) for source in sources()]
    return [*found, (words.OWN_SOURCE, OWN)] if own else found


def cloud_controls() -> Named:
    """Model, source, count, own pictures, dimensions; empty until the view opens."""
    flat = [(f"{d}-D", d) for d in DIMENSIONS]
    with gr.Row(elem_id=f"{SLUG}-controls"):
        model = gr.Radio(
            models.available(), label=common.MODEL, min_width=340, scale=3, elem_id=f"{SLUG}-model"
        )
        data = gr.Radio(source_choices(), label=words.DATA, min_width=300, scale=3, elem_id=f"{SLUG}-data")
        count = gr.Radio(list(COUNTS), label=words.COUNT, min_width=260, scale=2, elem_id=f"{SLUG}-count")
        dimensions = gr.Radio(flat, label=words.AXES, min_width=180, elem_id=f"{SLUG}-dimensions")
    own = gr.State([], time_to_live=LIFE)
    return {"model": model, "data": data, "count": count, "own": own, "dimensions": dimensions}


def status_row() -> tuple[gr.HTML, gr.UploadButton]:
    """How the cloud came about, and the button for one's own pictures."""
    with gr.Row(equal_height=False, elem_classes="lab-status"):
        look = {"apply_default_css": False, "min_height": 24, "scale": 1, "min_width": 320}
        status = gr.HTML(elem_id=f"{SLUG}-status", **look)
        upload = gr.UploadButton(
            words.OWN_PICTURES,
            file_count="multiple",
            file_types=["image"],
            size="sm",
            scale=0,
            min_width=200,
            elem_id=f"{SLUG}-upload",
            elem_classes="lab-button",
        )
    return status, upload


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
