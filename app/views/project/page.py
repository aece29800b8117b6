"""Project on the page: the painter and how x is spoilt, f(x) and f(f(x)), the grid."""

from dataclasses import replace

import gradio as gr

from app import models, pictures
from app import words as common
from app.listening import (
    CHOICE,
    LIFE,
    QUIET,
    TICK,
    Lab,
    Named,
    Opening,
    apart,
    endpoint,
    listen,
    of_standing,
)
from app.models.needs import PROJECTS
from app.panels import picker, proof
from app.panels.chooser import chooser, said_of, showing
from app.panels.lead import lead
from app.panels.notice import notice, saying
from app.panels.presets import presets
from app.panels.tick import ticks
from app.views.project import SLUG, TITLE, compute, words
from app.views.project.gauge import HEIGHT
from app.views.project.painter import Painter
from app.views.project.standing import FIRST, SEED, WHOLE, Arguments, Input, Standing, grid_of
from app.widgets.chart import Chart
from app.widgets.tiles import Pictures

RANKS = (2, 4, 8, 16, 32, 64, 128)  # the buttons under the slider
START = [entry.text for entry in grid_of(FIRST)]


def build(lab: Lab) -> Opening:
    lead(words.LEAD, words.PATH)
    said, entries = notice(SLUG), gr.State(START, time_to_live=LIFE)
    with gr.Row(elem_classes="lab-split", equal_height=False):
        with gr.Column(scale=5, min_width=320):
            with gr.Column(elem_classes="lab-card"):
                model, painter, spoiling, dice = _way_in(lab)
            with gr.Column(elem_classes="lab-card"):
                gr.HTML(f"<h3>{words.PICKER}</h3>", apply_default_css=False)
                sources = picker.picker(SLUG, more=("other",), taken="whole")
            program = proof.program(SLUG)
        with gr.Column(scale=6, min_width=320):
            with gr.Column(elem_classes="lab-card lab-first"):
                stage, rank = _stage()
                section = proof.Section(SLUG, *proof.meter(SLUG, words.BREAK_HALF), *program)
            with gr.Column(elem_classes="lab-card"):
                stage |= _distance()
            with gr.Column(elem_classes="lab-card"):
                rows, keep = _grid()
    put = {"picture": lab.picture, **spoiling}
    controls, shown = {**put, "model": model, "rank": rank}, {"painter": painter, **stage}
    _listen(controls, shown, section)
    _listen_to_grid({**controls, "entries": entries}, rows, section)
    _put_in(put, model, painter, dice)
    _exchange(put, entries, rows[0], keep)
    changed = {**controls, "entries": entries, **sources.shown}
    listen(model.input, switched, {"model": model, "rank": rank}, changed, **CHOICE)
    taken = {"picture": lab.picture, **{name: spoiling[name] for name in ("kind", "amount")}}
    sources.chosen(lambda picture, model: fresh(picture), {"model": model}, taken)
    endpoint("project", Arguments, compute.answer)
    more = {"entries": entries, "rows": rows, **sources.shown}
    outputs = {"notice": said, **controls, **shown, **more}
    return Opening(opened, outputs)


# --- components --------------------------------------------------------------------------------------------
def _way_in(lab: Lab) -> tuple[gr.Radio, gr.HTML, dict, gr.Button]:
    """The model, the painter, and how x is spoilt: kind, amount, seed."""
    model_look = {"elem_id": f"{SLUG}-model", "elem_classes": "lab-keys"}
    model = chooser(lab, TITLE, PROJECTS, **model_look)
    painter = Painter(elem_id=f"{SLUG}-painter", label=words.GOES_IN)
    kinds = [(text, kind) for kind, text in words.SPOILINGS.items()]
    look = {"elem_id": f"{SLUG}-kind", "elem_classes": "lab-keys"}
    kind = gr.Radio(kinds, value=None, label=words.SPOIL, **look)
    with gr.Row(elem_classes="lab-amount"):
        name = {"label": words.AMOUNT, "elem_id": f"{SLUG}-amount", "elem_classes": "lab-field"}
        amount = gr.Slider(0, 1, None, step=0.01, min_width=180, **name)
        dice = gr.Button(words.OTHER_DICE, size="sm", elem_classes="lab-button", min_width=110, scale=0)
    return model, painter, {"kind": kind, "amount": amount, "seed": gr.State(None, time_to_live=LIFE)}, dice


def _stage() -> tuple[dict, gr.Slider]:
    """x, f(x), f(f(x)); the rank."""
    stage = Pictures(elem_id=f"{SLUG}-stage", label=words.STAGE, columns=3, hues=("", "induced", "induced"))
    formula = gr.HTML(elem_id=f"{SLUG}-formula", apply_default_css=False)
    name = {"label": words.RANK, "elem_id": f"{SLUG}-rank", "elem_classes": "lab-field"}
    rank = gr.Slider(1, RANKS[-1], None, step=1, **name)
    presets(f"{SLUG}-presets", words.USUAL, [rank], {str(k): [k] for k in RANKS})
    return {"stage": stage, "formula": formula}, rank


def _distance() -> dict:
    """How far x is from what f can make, and what lies between."""
    gr.HTML(f"<h3>{words.MANIFOLD}</h3>", apply_default_css=False)
    gauge = Chart(elem_id=f"{SLUG}-gauge", label=words.MANIFOLD, height=HEIGHT)
    distance = gr.HTML(elem_id=f"{SLUG}-distance", apply_default_css=False)
    look = {"elem_id": f"{SLUG}-removed", "label": words.MANIFOLD, "size": 120}
    removed = Pictures(hues=("induced", "pixel"), **look)
    return {"gauge": gauge, "distance": distance, "removed": removed}


def _grid() -> tuple[list[gr.HTML], gr.Button]:
    """Three rows of pictures, the upper one to pick from."""
    with gr.Row(elem_classes="lab-proof-head"):
        gr.HTML(f"<h3>{words.MANY}</h3><p>{words.MANY_LEAD}</p>", apply_default_css=False)
        keep = gr.Button(words.KEEP_IN_GRID, size="sm", elem_classes="lab-button", min_width=140, scale=0)
    with gr.Column(elem_classes="lab-frames"):
        rows = [
            Pictures(elem_id=f"{SLUG}-grid-{name}", label=label, columns=len(START), pick=name == "x")
            for name, label in (("x", common.INPUT), ("once", words.ONCE), ("twice", words.TWICE))
        ]
    return rows, keep


# --- listeners ---------------------------------------------------------------------------------------------
def _listen(controls: Named, shown: Named, section: proof.Section) -> None:
    """Whatever changes moves the stage; all of it is there when the hand rests, as a browser computes only some."""
    inputs = {**controls, "broken": section.broken}
    changes = [control.change for name, control in controls.items() if name != "rank"]
    fns = {
        "fn": of_standing(Standing, compute.stage),
        "ingredients": of_standing(Standing, compute.ingredients),
    }
    changes = [*changes, section.broken.change]
    named = {"inputs": inputs, "outputs": shown, "rests": section.meter.settle}
    ticks(SLUG, shown["stage"], [controls["rank"].change], changes, **named, **fns)


def _listen_to_grid(controls: Named, rows: list[gr.HTML], section: proof.Section) -> None:
    """The grid follows when the hand rests, and the laws are measured."""
    changes = [control.change for control in controls.values()]
    inputs = {**controls, "broken": section.broken}
    rests = apart(section.meter.settle)
    listen(rests, of_standing(Standing, compute.grid), inputs, {"rows": rows}, **TICK)
    section.settles(changes, of_standing(Standing, compute.settled), controls)


def _put_in(put: Named, model: gr.Radio, painter: gr.HTML, dice: gr.Button) -> None:
    """What is painted goes in whole; a kind of damage starts with its usual amount; the dice throw it again."""
    kind, amount, seed = ({name: put[name]} for name in ("kind", "amount", "seed"))
    listen(painter.painted, painted, {"model": model}, {"picture": put["picture"], **kind}, **CHOICE)
    listen(kind["kind"].input, usual, kind, amount, **QUIET)
    listen(dice.click, thrown, seed, seed, **CHOICE)


def _exchange(put: Named, entries: gr.State, row: gr.HTML, keep: gr.Button) -> None:
    """A click on the grid looks at that input closely; the button puts x in the place of the oldest."""
    kept = of_standing(Input, lambda entry, entries: {"entries": [*entries[1:], entry.text]})
    listen(row.pick, picked, {"entries": entries}, put, **CHOICE)
    listen(keep.click, kept, {**put, "entries": entries}, {"entries": entries}, **CHOICE)


def fresh(picture: str) -> dict:
    """Another picture comes whole: what was done to the one before was done to that."""
    return {"picture": picture, "kind": WHOLE, **usual(WHOLE)}


def painted(model: str, event: gr.EventData) -> dict:
    taken = pictures.taken_for(model, "whole")
    return {"picture": pictures.accept(getattr(event, "picture", None), taken), "kind": WHOLE}


def switched(model: str, rank: int) -> dict:
    """Another model: a picture of its kind, spoilt as the view starts, its own grid."""
    found = Standing.checked(model=model, rank=rank or Standing.rank)
    found = replace(found, picture=pictures.examples(found.model)[0])
    entries = [entry.text for entry in grid_of(found.model)]
    shown = {"rank": rank_of(found.model, found.rank), **picker.turned(found.model)}
    return {**found.values(), "entries": entries, **shown}


def rank_of(model: str, rank: int) -> gr.Slider:
    """The slider of the rank, as far as the model's axes are in order."""
    return gr.Slider(maximum=models.abilities(model).ranks, value=rank)


def usual(kind: str) -> dict:
    return {"amount": Input.checked(kind=kind).amount}


def thrown(seed: int | None) -> dict:
    """The next seed; the first again after the last."""
    following = SEED.checked(seed or 0, "seed") + 1
    return {"seed": following if following <= SEED.high else SEED.low}


def picked(entries: list[str], event: gr.EventData) -> dict:
    index = getattr(event, "index", None)
    known = isinstance(index, int) and 0 <= index < len(entries)
    return Input.of_text(entries[index]).values() if known else {}


def opened(query: dict[str, str], picture: str) -> dict:
    """What a link to this view asks for; without one the current picture, spoilt as the view starts."""
    model, first = pictures.start(query, picture, PROJECTS)
    found, whole = Standing.of_link(query, picture=first, model=model)
    entries = [entry.text for entry in grid_of(found.model)]
    said = {"notice": saying(said_of(query, PROJECTS, whole)), **picker.first_page(found.model)}
    shown = {**compute.stage(found, False), **compute.grid(found, entries, False)}
    more = {"rank": rank_of(found.model, found.rank), "model": showing(found.model, PROJECTS)}
    return {**said, **found.values(), **more, "entries": entries, **shown}
