"""What says which cloud is shown and where on a component the walk stands."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import gradio as gr

from app import models
from app import words as common
from app.views.latent_pca import clouds, walks, words
from app.views.latent_pca.walks import MEAN, PICTURE

DIMENSIONS = (2, 3)


@dataclass(frozen=True)
class Controls:
    """The components that say what is shown, in the order in which `settled` takes them."""

    model: gr.Radio
    source: gr.Radio
    count: gr.Radio
    own: gr.State
    dimensions: gr.Radio
    start: gr.Radio
    component: gr.Slider
    steps: gr.Slider
    picture: gr.State

    @property
    def inputs(self) -> list:
        return [getattr(self, field.name) for field in fields(self)]

    @property
    def cloud(self) -> list[Callable]:
        """What asks for another cloud, as another model does."""
        return [c.change for c in (self.source, self.count, self.own, self.dimensions)]

    @property
    def walk(self) -> list[Callable]:
        """What asks for another place on the walk."""
        return [c.change for c in (self.start, self.component, self.steps, self.picture)]


def cloud_controls(slug: str, sources: Sequence[str], counts: Sequence[int]) -> list:
    """Model, source, count, own pictures, dimensions; empty until the view opens."""
    sources = [(common.GALLERIES[source], source) for source in sources]
    flat = [(f"{d}-D", d) for d in DIMENSIONS]
    with gr.Row(elem_id=f"{slug}-controls"):
        model = gr.Radio(
            models.available(), label=common.MODEL, min_width=340, scale=3, elem_id=f"{slug}-model"
        )
        source = gr.Radio(sources, label=words.DATA, min_width=300, scale=3, elem_id=f"{slug}-data")
        count = gr.Radio(list(counts), label=words.COUNT, min_width=260, scale=2, elem_id=f"{slug}-count")
        dimensions = gr.Radio(flat, label=words.AXES, min_width=180, elem_id=f"{slug}-dimensions")
    return [model, source, count, gr.State([], time_to_live=3 * 3600), dimensions]


def status_row(slug: str) -> tuple[gr.HTML, gr.UploadButton]:
    with gr.Row(equal_height=False):
        status = gr.HTML(
            elem_id=f"{slug}-status", apply_default_css=False, min_height=24, scale=1, min_width=320
        )
        upload = gr.UploadButton(
            words.OWN_PICTURES,
            file_count="multiple",
            file_types=["image"],
            size="sm",
            scale=0,
            min_width=200,
            elem_id=f"{slug}-upload",
            elem_classes="lab-button",
        )
    return status, upload


def walk_controls(slug: str) -> list:
    starts = [(words.FROM_MEAN, MEAN), (words.FROM_PICTURE, PICTURE)]
    start = gr.Radio(starts, value=MEAN, label=words.START, elem_id=f"{slug}-start")
    with gr.Row():
        component = gr.Slider(
            1,
            clouds.COMPONENTS,
            1,
            step=1,
            label=words.COMPONENT,
            elem_id=f"{slug}-component",
            min_width=180,
        )
        steps = gr.Slider(
            -walks.FARTHEST,
            walks.FARTHEST,
            2.0,
            step=0.05,
            label=words.STEPS,
            elem_id=f"{slug}-steps",
            min_width=180,
        )
    return [start, component, steps]
