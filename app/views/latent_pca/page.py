"""Latent PCA on the page: both scatters, what is taken from them, the walk, the explained variance."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import gradio as gr

from app import hall, models, pictures
from app import words as common
from app.listening import (
    BESIDE,
    CHOICE,
    LIFE,
    QUIET,
    TICK,
    Lab,
    Named,
    Opening,
    apart,
    by_name,
    endpoint,
    listen,
    of_standing,
)
from app.models.needs import ONE_SPACE
from app.panels import picker, proof
from app.panels.chooser import said_of, showing
from app.panels.lead import lead
from app.panels.notice import notice, saying
from app.panels.tick import ticks
from app.pictures import labelled
from app.views.latent_pca import SLUG, clouds, compute, words
from app.views.latent_pca.controls import (
    chosen_card,
    cloud_buttons,
    cloud_controls,
    neighbours_card,
    source_choices,
    walk_controls,
)
from app.views.latent_pca.marks import Marks, numbers_of
from app.views.latent_pca.standing import (
    COUNTS,
    LEAST,
    OWN,
    PICTURE,
    UPLOADS,
    Arguments,
    Standing,
    most_of,
    source_for,
    suits,
)
from app.views.latent_pca.walks import STRIP
from app.views.latent_pca.wanted import chosen, of_source
from app.widgets.chart import Chart
from app.widgets.tiles import Pictures

HUES = ("induced", "pixel")
HEAVY = {**CHOICE, "show_progress": "hidden", "trigger_mode": "always_last"}  # the hall lets in whom it can
# Tells the scatter where the walk stands, also one that is not drawn yet.
MARK = f"""const detail = {{ id: '{SLUG}-scatter', component: component - 1, steps, picked: start === '{PICTURE}' }};
  lab.walk = detail;
  document.dispatchEvent(new CustomEvent('lab:walk', {{ detail }}))"""
running: hall.Kept[str] = hall.Kept(most=1000)  # what each visitor's page waits for


def build(lab: Lab) -> Opening:
    lead(words.LEAD, words.PATH)
    said = notice(SLUG)
    with gr.Row(elem_classes="lab-split", equal_height=False), gr.Column(min_width=320):
        with gr.Row(elem_classes="lab-card lab-toolbar lab-later"):
            cloud = cloud_controls(lab)
            bar, stop, upload = cloud_buttons()
        with gr.Column(elem_classes="lab-card lab-first"):
            beside = f"{SLUG}-stage"
            points = Chart(elem_id=f"{SLUG}-scatter", label=words.SCATTER, beside=beside)
        with gr.Row(elem_classes="lab-card lab-walk", equal_height=False):
            stage = Pictures(elem_id=beside, label=words.WALK, columns=2, hues=HUES)
            with gr.Column(min_width=0):
                walk = walk_controls()
                meter = proof.meter(SLUG, words.BREAK_WALK)
    with gr.Row(elem_classes="lab-split", equal_height=False):
        with gr.Column(scale=6, min_width=320):
            with gr.Column(elem_classes="lab-card"):
                gr.HTML(f"<h3>{words.STRIPS}</h3><p>{words.STRIPS_LEAD}</p>", apply_default_css=False)
                strips = [_strip(hue) for hue in HUES]
            near = neighbours_card(HUES, compute.NEIGHBOURS + 1)
            sources = _sources()
            chosen, buttons = chosen_card(HUES)
        with gr.Column(scale=5, min_width=320):
            with gr.Column(elem_classes="lab-card"):
                status, verdict = (
                    gr.HTML("", elem_id=f"{SLUG}-{name}", apply_default_css=False)
                    for name in ("status", "verdict")
                )
            with gr.Column(elem_classes="lab-card"):
                gr.HTML(f"<h3>{words.VARIANCE}</h3>", apply_default_css=False)
                variance = Chart(elem_id=f"{SLUG}-variance", label=words.VARIANCE, height=240)
                sums = gr.HTML(elem_id=f"{SLUG}-sums", apply_default_css=False)
            section = proof.Section(SLUG, *meter, *proof.program(SLUG))
    controls = {**cloud, **walk, "picture": lab.picture}
    shown = {"status": status, "verdict": verdict, "scatter": points, "variance": variance, "sums": sums}
    marks = gr.State(None, time_to_live=LIFE)
    sent = gr.State("", time_to_live=LIFE)  # the cloud that is on screen
    page = {**shown, "bar": bar, "stop": stop, "sent": sent, **_without(chosen)}
    _listen_to_cloud(controls, {"marks": marks, "sent": sent}, page)
    _listen(controls, status, {"stage": stage, "strips": strips}, {"neighbours": near}, section)
    _listen_to_points(points, controls, marks, chosen, buttons, page)
    brought = {"notice": said, **{name: cloud[name] for name in ("own", "labels", "data")}}
    listen(upload.upload, uploaded, {"files": upload, "model": cloud["model"]}, brought, **CHOICE)
    listen(stop.click, stopped, {}, {}, **QUIET)
    chosen_picture = {"picture": lab.picture}
    sources.chosen(lambda picture, model: {"picture": picture}, {"model": cloud["model"]}, chosen_picture)
    endpoint("latent_pca", Arguments, compute.answer, queue=True, concurrency_limit=2)
    return Opening(opened, {"notice": said, **controls, **shown, "sent": sent, **sources.shown})


def _sources() -> picker.Picker:
    """What the picture x is, from which the walk starts and whose neighbours are shown."""
    with gr.Column(elem_classes="lab-card"):
        gr.HTML(f"<h3>{words.X}</h3>", apply_default_css=False)
        return picker.picker(SLUG)


def _strip(hue: str) -> gr.HTML:
    with gr.Column(elem_classes="lab-frames"):
        return Pictures(elem_id=f"{SLUG}-strip-{hue}", label=words.WALK, columns=len(STRIP))


def _without(chosen: Named) -> dict:
    """What is emptied when another cloud comes."""
    return {name: chosen[name] for name in ("numbers", "means", "chosen_words")}


# --- listeners ---------------------------------------------------------------------------------------------
def _listen_to_cloud(controls: Named, known: Named, page: Named) -> None:
    """The cloud, in the queue and with a bar where it takes long; what is asked for anew ends what is on its way."""
    changes = [controls[name].change for name in ("data", "count", "own", "labels", "dimensions")]
    listen(changes, superseded, controls, {}, **BESIDE)
    listen(changes, computing, {**controls, **known}, page, **HEAVY)
    few = {name: controls[name] for name in ("data", "count")}
    listen(controls["data"].input, fitting, few, {"count": controls["count"]}, **QUIET)
    seen = {name: controls[name] for name in ("model", "data", "picture", "count", "own")}
    others = {name: seen[name] for name in ("data", "picture", "count")}
    changed = listen(controls["model"].input, switched, seen, others, **CHOICE)
    listen(changed.then, superseded, controls, {}, **BESIDE)
    listen(changed.then, computing, {**controls, **known}, page, **HEAVY)


def _listen(controls: Named, status: gr.HTML, walk: Named, near: Named, section: proof.Section) -> None:
    """The walk follows the hand, and the cloud when it has changed; the neighbours when the hand rests."""
    changes = [controls[name].change for name in ("start", "component", "picture")]
    changes.append(status.change)
    moves = [controls["steps"].change]
    inputs = {**controls, "broken": section.broken}
    fns = {
        "fn": of_standing(Standing, compute.walk),
        "ingredients": of_standing(Standing, compute.ingredients),
    }
    named = {"inputs": inputs, "outputs": walk, "script": by_name(inputs, MARK)}
    ticks(SLUG, walk["stage"], moves, [*changes, section.broken.change], **named, **fns)
    listen(apart(section.meter.settle), of_standing(Standing, compute.neighbours), controls, near, **TICK)
    rests = [*changes, *moves, controls["dimensions"].change]
    section.settles(rests, of_standing(Standing, compute.settled), controls)


def _listen_to_points(
    points: gr.HTML, controls: Named, marks: gr.State, chosen: Named, buttons: Named, page: Named
) -> None:
    """A click makes a point the current picture; a lasso takes many, which become a class or are left out."""
    current = {"start": controls["start"], "picture": controls["picture"]}
    listen(points.pick, of_standing(Standing, picked), controls, current, **CHOICE)
    listen(points.taken, of_standing(Standing, taken), {**controls, "marks": marks}, chosen, **CHOICE)
    given = {**controls, "marks": marks, "numbers": chosen["numbers"]}
    changed = {"marks": marks, **{name: page[name] for name in ("scatter", "verdict")}, **_without(chosen)}
    for name, button in buttons.items():
        listen(button.click, of_standing(Standing, partial(marked, how=name)), given, changed, **CHOICE)


# --- clouds ------------------------------------------------------------------------------------------------
def computing(request: gr.Request, marks: Marks | None, sent: str, **controls: Any) -> Iterator[dict]:
    """A new cloud; what speaks against it is said where the cloud would tell how it came about."""
    yield {}
    try:
        standing = of_standing(Standing, lambda standing: standing)(**{**controls, **fitting(**controls)})
        if not isinstance(standing, Standing) or _key(standing) == sent:
            return
        token = f"{_visitor(request)} {_key(standing)}"
        running.put(_visitor(request), token)
        for values in compute.arriving(standing, token, marks):
            there = "scatter" in values
            busy = {"stop": gr.Button(visible=bool(values["bar"]))} if "bar" in values else {}
            more = {"sent": _key(standing), "numbers": (), "means": None, "chosen_words": ""} if there else {}
            yield {**values, **busy, **more}
    except ValueError as error:
        yield {"status": common.sentence(str(error)), "bar": "", "stop": gr.Button(visible=False), "sent": ""}


def fitting(data: str | None, count: float | None, **others: object) -> dict[str, int]:
    """A smaller count where the source has not so many pictures."""
    most = most_of(data) if isinstance(data, str) else COUNTS[-1]
    return {"count": most} if isinstance(count, int | float) and count > most else {}


def _key(standing: Standing) -> str:
    """What the charts show, in a few words."""
    wanted = chosen(standing)
    own = hash((standing.own, standing.labels))
    return f"{standing.model} {standing.data} {len(wanted)} {own} {standing.dimensions}"


def _visitor(request: gr.Request | None) -> str:
    return str(getattr(request, "session_hash", None))


def superseded(request: gr.Request, **controls: Any) -> dict:
    """Ends what is on its way where it is not what is asked for now."""
    token = running.get(_visitor(request))
    standing = of_standing(Standing, lambda standing: standing)(**{**controls, **fitting(**controls)})
    if token and isinstance(standing, Standing) and token != f"{_visitor(request)} {_key(standing)}":
        hall.HALL.stop(token)
    return {}


def stopped(request: gr.Request) -> dict:
    hall.HALL.stop(running.get(_visitor(request)))
    return {}


def switched(model: str, data: str, picture: str, count: int, own: Sequence[str]) -> dict:
    """Another model: pictures of the kind that it was trained on, where these are not, and so many that nobody waits."""
    model = models.Model(ONE_SPACE).checked(model, "model")
    found = data if suits(data, model) else source_for(model)
    buttons = gr.Radio(choices=source_choices(model, own=bool(own)), value=found)
    values = {"picture": pictures.standing_for(picture, model), "data": buttons}
    quick = found == OWN or clouds.is_quick(of_source(found, count, model), model)
    return values if quick else {**values, "count": COUNTS[0]}


# --- points ------------------------------------------------------------------------------------------------
def picked(standing: Standing, event: gr.EventData) -> dict:
    """A click on a point: it becomes the current picture of all views, and the walk starts there."""
    references, index = chosen(standing).references, getattr(event, "index", None)
    known = isinstance(index, int) and 0 <= index < len(references)
    return {"start": PICTURE, "picture": references[index]} if known else {}


def taken(standing: Standing, marks: Marks | None, event: gr.EventData) -> dict:
    """What a lasso or a box has taken."""
    numbers = numbers_of(getattr(event, "indices", None), len(chosen(standing)))
    return {"numbers": tuple(numbers), **compute.taken(standing, numbers, marks)}


def marked(standing: Standing, marks: Marks | None, numbers: Sequence[int], how: str) -> dict:
    """The points that are taken become a class or are left out; or all that was done so is undone."""
    seen = clouds.ready(chosen(standing), standing.model)
    if seen is None:
        return {}
    if how != "back" and not numbers:
        raise ValueError(words.NOTHING_CHOSEN)
    kept = Marks.on(seen, None if how == "back" else marks)
    if how != "back":
        kept = kept.with_class(numbers) if how == "keep" else kept.without(numbers)
    found = compute.shown(seen, standing, kept)
    done = {"numbers": (), "means": None, "chosen_words": ""}
    return {"marks": kept, "scatter": found["scatter"], "verdict": found["verdict"], **done}


# --- uploads and the opening -------------------------------------------------------------------------------
def uploaded(files: Sequence[str] | None, model: str | None) -> dict:
    """The visitor's pictures and labels: faces whole, of others the digit; what is no picture is left out and named."""
    found = labelled.bring(files or [], pictures.taken_for(model), UPLOADS)
    kinds = len(set(found.labels) - {""})
    said = {"notice": saying(words.uploaded(len(found.references), kinds, found.refused, LEAST))}
    if not found.references:
        return said
    choices = gr.Radio(choices=source_choices(model, own=True), value=OWN)
    return {**said, "own": found.references, "labels": found.labels if kinds else (), "data": choices}


def opened(query: dict[str, str], picture: str) -> dict:
    """What a link to this view asks for; a cloud that is there comes along, another follows, as its controls change."""
    first = models.available(ONE_SPACE)[0]
    asked, _ = Standing.of_link({"model": query.get("model", "")}, model=first)
    shown = pictures.standing_for(picture, asked.model)
    standing, whole = Standing.of_link(query, picture=shown, model=first)
    values = {name: value for name, value in standing.values().items() if name not in ("own", "labels")}
    found = {
        "notice": saying(said_of(query, ONE_SPACE, whole)),
        **picker.first_page(standing.model),
        **values,
    }
    found["data"] = gr.Radio(choices=source_choices(standing.model), value=standing.data)
    found["model"] = showing(standing.model, ONE_SPACE)
    if not clouds.is_there(chosen(standing), standing.model):
        return found
    return {**found, **compute.points(standing), "sent": _key(standing)}
