"""Plane on the page. Everything moves in the browser; the server measures the laws when a hand rests."""

from collections.abc import Iterator, Mapping

import gradio as gr

from app import hall
from app import words as common
from app.listening import QUIET, Lab, Opening, endpoint, listen
from app.panels import proof
from app.panels.lead import lead
from app.panels.notice import notice, saying
from app.views.plane import SLUG, bringing, compute, training, words
from app.views.plane.canvas import Plane
from app.views.plane.network import available, shipped_payload
from app.views.plane.standing import NAMES, Arguments, Standing
from app.views.plane.trainer import PlaneTrainer
from app.widgets.proof_meter import Settled


def build(lab: Lab) -> Opening:
    lead(words.LEAD)
    said = notice(SLUG)
    with gr.Column(elem_classes="lab-card"):
        first = Standing().values() | {"planes": shipped_payload(), "idle": True}
        canvas = Plane(first, elem_id=f"{SLUG}-canvas")
        meter = proof.meter(SLUG, words.BREAK_PLUS)
    with gr.Row(elem_classes="lab-split", equal_height=False):
        with gr.Column(scale=6, min_width=320), gr.Column(elem_classes="lab-card"):
            gr.HTML(f"<h3>{words.TRAIN}</h3><p>{words.TRAIN_LEAD}</p>", apply_default_css=False)
            trainer = PlaneTrainer(elem_id=f"{SLUG}-trainer")
        with gr.Column(scale=5, min_width=320):
            section = proof.Section(SLUG, *meter, *proof.program(SLUG))
    queued = QUIET | {"queue": True, "concurrency_limit": None}
    trained = listen(trainer.train, train, {}, {"trainer": trainer}, **queued)
    trained.then(None, js=proof.touch(SLUG))  # a hand that rested while it trained got no answer: ask again
    listen(trainer.stop, stop, {}, {}, **QUIET)
    came = listen(trainer.bring, bring, {}, {"trainer": trainer}, **QUIET)
    came.then(None, js=proof.touch(SLUG))
    section.settles([canvas.change], measured, {"canvas": canvas})
    endpoint("plane", Arguments, compute.answer)
    return Opening(opened, {"notice": said, "canvas": canvas})


def measured(canvas: object, broken: bool) -> Settled | Mapping:
    """The laws for what the widget shows; nothing before it shows anything."""
    return {} if canvas is None else compute.settled(Standing.of_value(canvas, words.VALUE), broken)


def train(event: gr.EventData) -> Iterator[dict]:
    for value in training.stream(event):
        yield {"trainer": value}


def bring(event: gr.EventData) -> dict:
    return {"trainer": bringing.brought(event)}


def stop(event: gr.EventData) -> dict:
    hall.HALL.stop(getattr(event, "run", None))
    return {}


def opened(query: dict[str, str], picture: str) -> dict:
    """What a link to this view asks for; without one the page's own standing, which the browser shows already."""
    standing, whole = Standing.of_link(query, plane=(available() or NAMES)[0])
    idle = not set(query) - {"view"}
    return {
        "notice": saying("" if whole else common.BAD_LINK),
        "canvas": standing.values() | {"idle": idle},
    }
