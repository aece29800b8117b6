"""Spectrum on the page: the handles, the picture that answers while they move, the directions."""

from collections.abc import Callable

import gradio as gr

from app.kinds import Flag
from app.listening import CHOICE, TICK, Lab, Opening, apart, endpoint, listen
from app.models.needs import ANY
from app.panels import picker, proof
from app.panels.chooser import chooser, said_of, showing
from app.panels.lead import lead
from app.panels.notice import notice, saying
from app.panels.tick import ticks
from app.views.spectrum import SLUG, TITLE, compute, standing, words
from app.views.spectrum.handles import SpectrumHandles
from app.views.spectrum.named import ALONG
from app.views.spectrum.standing import FARTHEST, Arguments, Asked, Standing, names
from app.widgets.tiles import Pictures


def build(lab: Lab) -> Opening:
    lead(words.LEAD, words.PATH)
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
            card, named, far, *said_of_it = _named_controls()
            section = proof.Section(SLUG, *meter, *proof.program(SLUG))
    shown = {"stage": stage, "formula": formula}
    inputs = {"picture": lab.picture, "noise": noise, "named": named, "far": far, "handles": handles}
    changes = [handles.change, *(control.change for control in (noise, named, far, lab.picture))]
    shown_of_it = dict(zip(("named_row", "named_words"), said_of_it))
    started = {"picture": lab.picture, "handles": handles, "named_card": card, **rows, **shown_of_it}
    started |= {"named": named, "far": far}
    listen(apart(named.change), of_handles(compute.named_row), inputs, shown_of_it, **TICK)
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


def _named_controls() -> tuple[gr.Column, gr.Radio, gr.Slider, gr.HTML, gr.HTML]:
    """The card, which direction with a name is added to x, how much of it, its pictures, what f does with it."""
    keys = {"elem_id": f"{SLUG}-named", "elem_classes": "lab-keys", "min_width": 0}
    look = {"elem_id": f"{SLUG}-far", "elem_classes": "lab-field", "min_width": 180}
    with gr.Column(elem_classes="lab-card", visible=False) as card:
        gr.HTML(f"<h3>{words.NAMED_HEAD}</h3><p>{words.NAMED_LEAD}</p>", apply_default_css=False)
        with gr.Row(elem_classes="lab-toolbar"):
            named = gr.Radio([], label=words.NAMED, **keys)
            far = gr.Slider(-FARTHEST, FARTHEST, 0.0, step=0.1, label=words.FAR, **look)
        row = Pictures(elem_id=f"{SLUG}-named-row", label=words.NAMED_ROW, columns=len(ALONG))
        said = gr.HTML(elem_id=f"{SLUG}-named-words", apply_default_css=False)
    # a name that is chosen does something at once, and none does nothing
    named.input(None, [named, far], far, js="(named, far) => named ? far || 1 : 0")
    return card, named, far, row, said


def named_controls(found: Standing) -> dict:
    """Values of both controls, and of their card, which a model without such directions hides."""
    known = names(found.model)
    choices = [(words.NO_NAME, ""), *((name, name) for name in known)]
    named = gr.Radio(choices=choices, value=found.named or "")
    return {"named_card": gr.Column(visible=bool(known)), "named": named, "far": found.far}


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

    def handler(
        picture: str,
        handles: object,
        noise: float | None = None,
        named: str | None = None,
        far: float | None = None,
        **others: object,
    ) -> object:
        if handles is None:
            return {}
        if "broken" in others:
            others["broken"] = Flag().checked(others["broken"], "broken")
        given = {"picture": picture, "noise": noise or 0.0, "named": named, "far": far or 0.0}
        return fn(Asked.of_value(handles, words.HANDLES, **given).named_here(), **others)

    return handler


def picked(event: gr.EventData) -> dict:
    """Another value was selected; the model comes with it, so that no row is that of another model."""
    found = {"model": getattr(event, "model", None), "selected": getattr(event, "index", None)}
    return compute.rows(Standing.checked(**found))


def switched(model: str, picture: str, handles: object, **others: object) -> dict:
    """Another model was chosen."""
    found = Standing.of_value(handles or {}, words.HANDLES, picture=picture)
    return {**started(found.switched(Standing.checked(model=model).model)), **picker.turned(model)}


def started(found: Standing) -> dict:
    """Picture, handles and directions of a model."""
    rows = {**compute.rows(found), **compute.named_row(found)}
    return {"picture": found.picture, "handles": compute.plot(found), **named_controls(found), **rows}


def opened(query: dict[str, str], picture: str) -> dict:
    """What a link to this view asks for; without one the current picture and the model as it was trained."""
    found, whole = standing.opened(query, picture)
    said = {"notice": saying(said_of(query, ANY, whole)), "model": showing(found.model, ANY)}
    said["noise"] = found.noise
    return {**said, **started(found), **compute.stage(found), **picker.first_page(found.model)}
