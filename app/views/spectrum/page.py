"""Spectrum on the page: the handles, the picture that answers while they move, the directions."""

from collections.abc import Callable

import gradio as gr

from app.abilities import ANY
from app.kinds import Flag
from app.listening import CHOICE, TICK, Lab, Opening, endpoint, listen
from app.panels import picker, proof
from app.panels.chooser import chooser, said_of, showing
from app.panels.notice import notice, saying
from app.panels.tick import ticks
from app.views.spectrum import SLUG, TITLE, compute, standing, words
from app.views.spectrum.handles import SpectrumHandles
from app.views.spectrum.standing import Arguments, Standing
from app.widgets.tiles import Pictures


def build(lab: Lab) -> Opening:
    gr.HTML(f'<p class="lab-lead">{words.LEAD}</p>', apply_default_css=False)
    said = notice(SLUG)
    with gr.Row(elem_classes="lab-split", equal_height=False):
        with gr.Column(scale=6, min_width=320):
            with gr.Column(elem_classes="lab-card"):
                gr.HTML(f"<h3>{words.HANDLES}</h3><p>{words.HANDLES_LEAD}</p>", apply_default_css=False)
                handles = SpectrumHandles(elem_id=f"{SLUG}-handles", label=words.HANDLES)
                model, noise = _input_controls(lab)
            with gr.Column(elem_classes="lab-card"):
                gr.HTML(f"<h3>{words.PICKER}</h3>", apply_default_css=False)
                sources = picker.picker(SLUG)
        with gr.Column(scale=5, min_width=320):
            with gr.Column(elem_classes="lab-card lab-first"):
                stage = Pictures(elem_id=f"{SLUG}-stage", label=words.NOW, columns=3)
                formula = gr.HTML(elem_id=f"{SLUG}-formula", apply_default_css=False)
                meter = proof.meter(SLUG, words.BREAK_CLIP)
            rows = _direction_rows()
            section = proof.Section(SLUG, *meter, *proof.program(SLUG))
    shown = {"stage": stage, "formula": formula}
    inputs = {"picture": lab.picture, "noise": noise, "handles": handles}
    changes = [handles.change, noise.change, lab.picture.change]
    started = {"picture": lab.picture, "handles": handles, **rows}
    fns = {"fn": of_handles(compute.stage), "ingredients": of_handles(compute.ingredients)}
    named = {"inputs": {**inputs, "broken": section.broken}, "outputs": shown}
    ticks(SLUG, stage, changes[:1], [*changes[1:], section.broken.change], **named, **fns)
    listen(handles.pick, picked, {}, rows, **TICK)
    listen(model.input, switched, {"model": model, **inputs}, {**started, **sources.shown}, **CHOICE)
    section.settles(changes, of_handles(compute.settled), inputs)
    chosen = {"picture": lab.picture, "notice": said}
    sources.chosen(
        lambda picture, model: {"picture": picture, "notice": saying("")}, {"model": model}, chosen
    )
    endpoint("spectrum", Arguments, compute.answer)
    return Opening(opened, {**chosen, "model": model, "noise": noise, **started, **shown, **sources.shown})


def _input_controls(lab: Lab) -> tuple[gr.Radio, gr.Slider]:
    """Whose A, and how much noise lies on x."""
    keys = {"elem_id": f"{SLUG}-model", "elem_classes": "lab-keys", "min_width": 0}
    look = {"elem_id": f"{SLUG}-noise", "elem_classes": "lab-field", "min_width": 180}
    with gr.Row(elem_classes="lab-toolbar"):
        model = chooser(lab, TITLE, ANY, **keys)
        return model, gr.Slider(0, 1, None, step=0.05, label=words.NOISE, **look)


def _direction_rows() -> dict[str, gr.HTML]:
    with gr.Column(elem_classes="lab-card"):
        gr.HTML(f"<h3>{words.DIRECTIONS}</h3><p>{words.DIRECTIONS_LEAD}</p>", apply_default_css=False)
        names = {"v": ("inputs", words.INPUT_DIRECTION), "u": ("outputs", words.OUTPUT_DIRECTION)}
        return {
            letter: Pictures(elem_id=f"{SLUG}-{name}", label=label, columns=len(compute.WALK))
            for letter, (name, label) in names.items()
        }


def of_handles(fn: Callable) -> Callable:
    """`fn(standing, …)` for what the plot says of the current picture; nothing happens before the view is opened."""

    def handler(picture: str, handles: object, noise: float | None = None, **others: object) -> object:
        if handles is None:
            return {}
        if "broken" in others:
            others["broken"] = Flag().checked(others["broken"], "broken")
        return fn(Standing.of_value(handles, words.HANDLES, picture=picture, noise=noise or 0.0), **others)

    return handler


def picked(event: gr.EventData) -> dict:
    """Another value was selected; the model comes with it, so that no row is that of another model."""
    found = {"model": getattr(event, "model", None), "selected": getattr(event, "index", None)}
    return compute.rows(Standing.checked(**found))


def switched(model: str, picture: str, handles: object, noise: float | None = None) -> dict:
    """Another model was chosen."""
    found = Standing.of_value(handles or {}, words.HANDLES, picture=picture)
    return {**started(found.switched(Standing.checked(model=model).model)), **picker.turned(model)}


def started(found: Standing) -> dict:
    """Picture, handles and directions of a model."""
    return {"picture": found.picture, "handles": compute.plot(found), **compute.rows(found)}


def opened(query: dict[str, str], picture: str) -> dict:
    """What a link to this view asks for; without one the current picture and the model as it was trained."""
    found, whole = standing.opened(query, picture)
    said = {"notice": saying(said_of(query, ANY, whole)), "model": showing(found.model, ANY)}
    said["noise"] = found.noise
    return {**said, **started(found), **compute.stage(found), **picker.first_page(found.model)}
