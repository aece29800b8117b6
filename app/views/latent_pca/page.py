"""Latent PCA on the page: both scatters, the walk, the explained variance."""

from collections.abc import Sequence
from pathlib import Path

import gradio as gr

from app import models, pictures
from app import words as common
from app.listening import CHOICE, TICK, Lab, Named, Opening, by_name, endpoint, listen, of_standing
from app.panels import proof
from app.panels.notice import notice, saying
from app.views.latent_pca import SLUG, clouds, compute, words
from app.views.latent_pca.controls import cloud_controls, source_choices, status_row, walk_controls
from app.views.latent_pca.scatter import Scatter
from app.views.latent_pca.standing import (
    LEAST,
    OWN,
    PICTURE,
    UPLOADS,
    Arguments,
    Standing,
    source_for,
)
from app.views.latent_pca.walks import STRIP
from app.widgets.tiles import Pictures

HUES = ("induced", "pixel")
HEAVY = {**CHOICE, "concurrency_limit": 2, "show_progress": "minimal", "trigger_mode": "always_last"}
# Tells the scatter where the walk stands.
MARK = f"""const detail = {{ id: '{SLUG}-scatter', component: component - 1, steps, picked: start === '{PICTURE}' }};
  document.dispatchEvent(new CustomEvent('lab:walk', {{ detail }}))"""


def build(lab: Lab) -> Opening:
    gr.HTML(f'<p class="lab-lead">{words.LEAD}</p>', apply_default_css=False)
    said = notice(SLUG)
    with gr.Column(elem_classes="lab-card"):
        cloud = cloud_controls()
        status, upload = status_row()
        points = Scatter(elem_id=f"{SLUG}-scatter", label=words.SCATTER)
    with gr.Row(elem_classes="lab-split", equal_height=False):
        with gr.Column(scale=6, min_width=320), gr.Column(elem_classes="lab-card"):
            gr.HTML(f"<h3>{words.WALK}</h3><p>{words.WALK_LEAD}</p>", apply_default_css=False)
            walk = walk_controls()
            stage = Pictures(elem_id=f"{SLUG}-stage", label=words.WALK, columns=2, hues=HUES)
            strips = [
                Pictures(elem_id=f"{SLUG}-strip-{hue}", label=words.WALK, columns=len(STRIP)) for hue in HUES
            ]
        with gr.Column(scale=5, min_width=320):
            with gr.Column(elem_classes="lab-card"):
                gr.HTML(f"<h3>{words.VARIANCE}</h3>", apply_default_css=False)
                variance = gr.HTML(elem_id=f"{SLUG}-variance", apply_default_css=False)
            section = proof.section(SLUG, words.BREAK_WALK)
    controls = {**cloud, **walk, "picture": lab.picture}
    shown = {"status": status, "scatter": points, "variance": variance}
    _listen(controls, shown, {"stage": stage, "strips": strips}, section)
    listen(
        points.pick,
        of_standing(Standing, picked),
        controls,
        {"start": walk["start"], "picture": lab.picture},
        **CHOICE,
    )
    brought = {"notice": said, "own": cloud["own"], "data": cloud["data"]}
    listen(upload.upload, uploaded, {"files": upload, "model": cloud["model"]}, brought, **CHOICE)
    endpoint("latent_pca", Arguments, compute.answer, queue=True, concurrency_limit=2)
    return Opening(opened, {"notice": said, **controls})


def _listen(controls: Named, shown: Named, walk: Named, section: proof.Section) -> None:
    """The cloud in the queue, with progress; the walk follows the hand, and the cloud when it has changed."""
    computed = {"show_progress_on": [shown["status"]], **HEAVY}
    others = [controls[name].change for name in ("data", "count", "own", "dimensions")]
    listen(others, computing, controls, shown, **computed)
    seen = {name: controls[name] for name in ("model", "data", "picture")}
    changed = listen(
        controls["model"].input, switched, seen, {name: seen[name] for name in ("data", "picture")}, **CHOICE
    )
    listen(changed.then, computing, controls, shown, **computed)
    moves = [controls[name].change for name in ("start", "component", "steps", "picture")]
    moves.append(shown["status"].change)
    listen(moves, of_standing(Standing, compute.walk), controls, walk, js=by_name(controls, MARK), **TICK)
    section.settles(moves, of_standing(Standing, compute.settled), controls)


def computing(**controls: object) -> dict:
    """A new cloud; what speaks against it is said where the cloud would tell how it came about."""
    try:
        found = of_standing(Standing, compute.points)(**controls)
    except ValueError as error:
        return {"status": common.sentence(str(error))}
    return found


def switched(model: str, data: str, picture: str) -> dict:
    """Another model: pictures of the kind that it was trained on, where these are not."""
    of_another_kind = (data == models.FACE) != models.knows_faces(model) and data != OWN
    fitting = pictures.fitting(picture, model)
    return {"picture": fitting, **({"data": source_for(model)} if of_another_kind else {})}


def picked(standing: Standing, event: gr.EventData) -> dict:
    """A click on a point: it becomes the current picture of all views, and the walk starts there."""
    chosen, index = clouds.chosen(standing), getattr(event, "index", None)
    known = isinstance(index, int) and 0 <= index < len(chosen)
    return {"start": PICTURE, "picture": chosen[index]} if known else {}


def uploaded(files: Sequence[str] | None, model: str | None) -> dict:
    """The visitor's pictures as references: faces whole, of others the digit; what is no picture is left out and named."""
    found, refused = [], []
    for file in (files or [])[:UPLOADS]:
        try:
            found.append(pictures.read(file, pictures.taken_for(model)))
        except ValueError:
            refused.append(Path(file).name)
    said = {"notice": saying(words.uploaded(len(found), refused, LEAST))}
    if len(found) < LEAST:
        return said
    return {**said, "own": found, "data": gr.Radio(choices=source_choices(own=True), value=OWN)}


def opened(query: dict[str, str], picture: str) -> dict:
    """What a link to this view asks for; the cloud follows, as its controls change."""
    asked, _ = Standing.of_link({"model": query.get("model", "")})
    standing, whole = Standing.of_link(query, picture=pictures.fitting(picture, asked.model))
    values = {name: value for name, value in standing.values().items() if name != "own"}
    return {"notice": saying("" if whole else common.BAD_LINK), **values}
