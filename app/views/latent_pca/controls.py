"""What says which cloud is shown and where on a component the walk stands; what is done with points that are taken."""

from collections.abc import Sequence

import gradio as gr

from app import models
from app import words as common
from app.listening import LIFE, Lab, Named
from app.models.needs import ONE_SPACE
from app.panels.chooser import chooser
from app.pictures import labelled
from app.views.latent_pca import SLUG, TITLE, words
from app.views.latent_pca.standing import (
    COMPONENTS,
    COUNTS,
    DIMENSIONS,
    FARTHEST,
    MEAN,
    MODEL,
    OWN,
    PICTURE,
    source_for,
    sources,
)
from app.widgets.tiles import Pictures


def source_choices(model: str = models.NAMES[0], own: bool = False) -> list[tuple[str, str]]:
    """The buttons for where pictures come from: those that a model of one's own came with, and the visitor's, among them
    once there are some.
    """
    came = [MODEL] if source_for(model) == MODEL else []
    found = [(common.GALLERIES[source], source) for source in (*came, *sources())]
    return [*found, (words.OWN_SOURCE, OWN)] if own else found


def cloud_controls(lab: Lab) -> Named:
    """Model, source, count, own pictures, dimensions; empty until the view opens."""
    flat = [(f"{d}-D", d) for d in DIMENSIONS]
    numbers = [(f"{count:,}".replace(",", " "), count) for count in COUNTS]
    keys = {"elem_classes": "lab-keys", "min_width": 0}
    model = chooser(lab, TITLE, ONE_SPACE, elem_id=f"{SLUG}-model", **keys)
    data = gr.Radio(source_choices(), label=words.DATA, elem_id=f"{SLUG}-data", **keys)
    count = gr.Radio(numbers, label=words.COUNT, elem_id=f"{SLUG}-count", **keys)
    dimensions = gr.Radio(flat, label=words.AXES, elem_id=f"{SLUG}-dimensions", **keys)
    own, labels = gr.State([], time_to_live=LIFE), gr.State([], time_to_live=LIFE)
    given = {"own": own, "labels": labels}
    return {"model": model, "data": data, "count": count, "dimensions": dimensions, **given}


def cloud_buttons() -> tuple[gr.HTML, gr.Button, gr.UploadButton]:
    """How far a cloud is that is on its way, what stops it, and the button for one's own pictures."""
    bar = gr.HTML("", elem_id=f"{SLUG}-bar", apply_default_css=False, min_width=0)
    key = {"size": "sm", "scale": 0, "elem_classes": "lab-button"}
    stop = gr.Button(words.STOP, min_width=60, elem_id=f"{SLUG}-stop", visible=False, **key)
    files = {"file_count": "multiple", "file_types": labelled.FILE_TYPES}
    upload = gr.UploadButton(words.OWN_PICTURES, min_width=64, elem_id=f"{SLUG}-upload", **files, **key)
    return bar, stop, upload


def walk_controls() -> Named:
    """Start, component, standard deviations."""
    starts = [(words.FROM_MEAN, MEAN), (words.FROM_PICTURE, PICTURE)]
    look = {"elem_classes": "lab-keys", "min_width": 0}
    with gr.Row(elem_classes="lab-toolbar"):
        start = gr.Radio(starts, value=MEAN, label=words.START, elem_id=f"{SLUG}-start", **look)
        component = _slider("component", words.COMPONENT, (1, COMPONENTS), 1, 1)
        steps = _slider("steps", words.STEPS, (-FARTHEST, FARTHEST), 2.0, 0.05)
    return {"start": start, "component": component, "steps": steps}


def _slider(name: str, label: str, ends: Sequence[float], value: float, step: float) -> gr.Slider:
    return gr.Slider(
        *ends,
        value,
        step=step,
        label=label,
        elem_id=f"{SLUG}-{name}",
        elem_classes="lab-field",
        min_width=150,
    )


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
