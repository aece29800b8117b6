"""Generate on the page: N integrator steps from noise to a picture beside the one operator that they are; and back."""

import gradio as gr

from app.listening import Lab, Named, Opening, endpoint, of_standing
from app.models.needs import GENERATES
from app.panels import picker, proof
from app.panels.chooser import said_of, showing
from app.panels.lead import lead
from app.panels.notice import notice, saying
from app.panels.tick import ticks
from app.views.generate import SLUG, compute, words
from app.views.generate.controls import label_of, run_controls, way_back
from app.views.generate.player import PathPlayer
from app.views.generate.standing import Arguments, Standing
from app.views.generate.standing import opened as standing_of
from app.widgets.chart import Chart
from app.widgets.tiles import Pictures


def build(lab: Lab) -> Opening:
    lead(words.LEAD, words.PATH)
    said = notice(SLUG)
    with gr.Row(elem_classes="lab-split", equal_height=False):
        with gr.Column(scale=5, min_width=320):
            with gr.Column(elem_classes="lab-card"):
                grid, controls = run_controls(SLUG, lab)
            program = proof.program(SLUG)
        with gr.Column(scale=6, min_width=320):
            with gr.Column(elem_classes="lab-card lab-first"):
                shown = _stage()
                section = proof.Section(SLUG, *proof.meter(SLUG, words.BREAK_SIMPSON), *program)
            with gr.Column(elem_classes="lab-card"):
                shown |= _operator()
    gr.HTML(f"<h2>{words.BACK}</h2>", apply_default_css=False, elem_classes="lab-section")
    other, inverted, sources, strip = way_back(SLUG, lab, controls)
    controls = {**controls, "pictures": [lab.picture, other]}
    shown = {"grid": grid, **shown, "inverted": inverted}
    _listen(controls, shown, strip, section)
    endpoint("generate", Arguments, compute.answer)
    outputs = {"notice": said, **controls, **shown, "film": strip, **sources.shown}
    return Opening(opened, outputs)


def _listen(controls: Named, shown: Named, strip: gr.HTML, section: proof.Section) -> None:
    """Whatever changes moves the stage; of other steps a browser computes both ends, the rest is there when the hand is."""
    fns = {"fn": compute.stage, "rested": compute.rested, "ingredients": compute.ingredients}
    fns = {name: of_standing(Standing, fn) for name, fn in fns.items()}
    moves = [controls["steps"].change]
    changes = [control.change for name, control in controls.items() if name not in ("steps", "pictures")]
    changes += [picture.change for picture in controls["pictures"]]
    named = {"inputs": {**controls, "broken": section.broken}, "outputs": {**shown, "film": strip}}
    ticks(
        SLUG,
        shown["stage"],
        moves,
        [*changes, section.broken.change],
        rests=section.meter.settle,
        **named,
        **fns,
    )
    section.settles([*changes, *moves], of_standing(Standing, compute.settled), controls)


def _stage() -> dict[str, gr.HTML]:
    """The path, which plays, and the comparison of its end with one step."""
    path = PathPlayer(elem_id=f"{SLUG}-path", label=words.N_STEPS)
    stage = Pictures(elem_id=f"{SLUG}-stage", label=words.COMPARED, columns=4, hues=("", "", "induced"))
    return {"path": path, "stage": stage}


def _operator() -> dict[str, gr.HTML]:
    """What B is, and its spectrum."""
    head = f"<h3>{words.B_SPECTRUM}</h3><p>{words.B_SPECTRUM_LEAD}</p>"
    formula = gr.HTML(elem_id=f"{SLUG}-formula", apply_default_css=False)
    gr.HTML(head, apply_default_css=False)
    spectrum = Chart(elem_id=f"{SLUG}-spectrum", label=words.B_SPECTRUM, height=220)
    said = gr.HTML(elem_id=f"{SLUG}-spectrum-words", apply_default_css=False)
    return {"formula": formula, "spectrum": spectrum, "spectrum_words": said}


def opened(query: dict[str, str], picture: str) -> dict:
    """What a link to this view asks for; without one the current picture is the first that goes back to noise."""
    found, whole = standing_of(query, picture)
    return {
        "notice": saying(said_of(query, GENERATES, whole)),
        **found.values(),
        "model": showing(found.model, GENERATES),
        "label": label_of(found.model, found.label),
        **compute.stage(found, False, patient=True),
        **compute.line(found),
        **picker.first_page(found.model),
    }
