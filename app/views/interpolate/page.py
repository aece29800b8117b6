"""Interpolate on the page: the mixer, the blend, the film."""

import gradio as gr

from app import models
from app import words as common
from app.kinds import Flag, Number
from app.listening import CHOICE, QUIET, TICK, Lab, Named, Opening, apart, endpoint, listen, of_standing
from app.models.needs import AGES, BLENDS
from app.panels import picker, proof
from app.panels.chooser import said_of, showing
from app.panels.lead import lead
from app.panels.notice import notice, saying
from app.panels.tick import ticks
from app.views.interpolate import SLUG, compute, words
from app.views.interpolate.mixer import Mixer, follow, mixer, way, years_of
from app.views.interpolate.standing import Standing
from app.views.interpolate.standing import opened as standing_of
from app.widgets.film_strip import FilmStrip
from app.widgets.tiles import Pictures


def build(lab: Lab) -> Opening:
    lead(words.LEAD, words.PATH)
    said = notice(SLUG)
    with gr.Row(elem_classes="lab-split", equal_height=False):
        with gr.Column(scale=6, min_width=320):
            with gr.Column(elem_classes="lab-card lab-first"):
                look = {"columns": 2, "hues": ("induced", "pixel"), "tall": 30}
                stage = Pictures(elem_id=f"{SLUG}-stage", label=words.STAGE, **look)
                t, years = way(SLUG)
                weighed = gr.HTML("", elem_id=f"{SLUG}-sum", apply_default_css=False)
                meter = proof.meter(SLUG)
            with gr.Column(elem_classes="lab-card"):
                gr.HTML(f"<h3>{common.FILM}</h3>", apply_default_css=False)
                strip = FilmStrip(elem_id=f"{SLUG}-film", use=words.FILM_USE)
                gr.HTML(f'<p class="lab-quiet">{words.FILM_LEAD}</p>', apply_default_css=False)
        with gr.Column(scale=5, min_width=320):
            with gr.Column(elem_classes="lab-card"):
                board = mixer(lab, SLUG, years)
                gr.HTML(f"<h3>{words.PICKER}</h3>", apply_default_css=False)
                sources = picker.picker(SLUG)
            section = proof.Section(SLUG, *meter, *proof.program(SLUG))
    follow(t, board)
    shown = {"stage": stage, "said": weighed}
    changed = {"current": lab.picture, **board.places, **sources.shown}
    sources.chosen(board.put, board.standing, changed)
    listen(board.model.input, board.switched, {"model": board.model}, changed, **CHOICE)
    _listen(board, shown, strip, section)
    listen(strip.use, taken, {}, {"weights": board.sliders, "t": t}, **QUIET)
    endpoint("interpolate", Standing, compute.answer)
    outputs = {
        "notice": said,
        **board.places,
        **shown,
        "t": t,
        "more": board.more,
        "film": strip,
        **sources.shown,
    }
    return Opening(lambda query, picture: opened(board, query, picture), outputs)


def _listen(board: Mixer, shown: Named, strip: gr.HTML, section: proof.Section) -> None:
    """A weight or a picture moves the blend, a picture the film; the laws are measured when the hand rests."""
    moves = [component.change for component in (*board.sliders, board.years)]
    broken = section.broken
    changes = [board.references.change, broken.change]
    fns = {"fn": of_filled(compute.stage), "ingredients": of_filled(compute.ingredients)}
    named = {"inputs": {**board.controls, "broken": broken}, "outputs": shown, "rests": section.meter.settle}
    ticks(SLUG, shown["stage"], moves, changes, **named, **fns)
    pair = {"pictures": board.references, "model": board.model, "broken": broken}
    listen(apart(changes), film, pair, {"film": strip}, **TICK)
    section.settles([board.references.change, *moves], of_filled(compute.settled), board.controls)


def of_filled(fn):
    """`fn(standing, …)` for the places that are filled: the weights of empty ones do not count, nor years of digits."""
    handler = of_standing(Standing, fn)

    def filled(
        pictures: list[str], weights: list[float], model: str, years: float, **others: object
    ) -> object:
        years = years if models.offers(model, AGES) else 0.0
        given = {"pictures": pictures, "weights": weights[: len(pictures)], "model": model, "years": years}
        return handler(**given, **others)

    return filled


def film(pictures: list[str], model: str | None, broken: object = False) -> dict:
    if model is None:
        return {}
    standing = Standing.checked(pictures=pictures, model=model)
    broken = Flag().checked(broken, "broken")
    return {"film": compute.film_between(*standing.pictures[:2], standing.model, broken)}


def taken(event: gr.EventData) -> dict:
    """The weights of the two ends where the film stands."""
    t = Number(0, 1).checked(getattr(event, "t", None), "t")
    return {"weights": Mixer.padded((round(1 - t, 2), round(t, 2))), "t": round(t, 2)}


def opened(board: Mixer, query: dict[str, str], picture: str) -> dict:
    """What a link to this view asks for; without one the current picture stands in the first place."""
    standing, whole = standing_of(query, picture)
    first, second, *others = standing.weights
    plain = not others and abs(first + second - 1) < 0.006 and 0 <= second <= 1
    return {
        "notice": saying(said_of(query, BLENDS, whole)),
        "model": showing(standing.model, BLENDS),
        "years": years_of(standing.model, standing.years),
        **board.shown(standing.pictures, 0, standing.model, standing.weights),
        **compute.stage(standing),
        "t": round(second / (first + second), 2) if first + second and first * second >= 0 else 0.5,
        "more": gr.Accordion(open=not plain),
        "film": compute.film_between(*standing.pictures[:2], standing.model),
        **picker.first_page(standing.model),
    }
