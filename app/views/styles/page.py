"""Styles on the page: the photo, the controls, the painting, its full size, the fit to one photo."""

from collections.abc import Iterator, Sequence

import gradio as gr

from app import hall
from app import words as common
from app.listening import CHOICE, LIFE, QUIET, TICK, Lab, Named, Opening, apart, endpoint, listen, of_standing
from app.models import saved
from app.panels import proof
from app.panels.lead import lead
from app.panels.notice import notice, saying
from app.panels.presets import presets
from app.pictures import files, photos
from app.views.styles import SLUG, compute, fitting, words
from app.views.styles.compare import Compare
from app.views.styles.fit_news import FitNews
from app.views.styles.full_size import FullSize
from app.views.styles.standing import MODEL, STRONGEST, Arguments, Standing, names
from app.views.styles.studio import chips
from app.widgets.chart import Chart
from app.widgets.intake import Intake, refused, understood
from app.widgets.tiles import Pictures

SLOW = {"queue": True, "concurrency_limit": 1, "show_progress": "hidden", "api_visibility": "private"}
IN_LINE = {**SLOW, "concurrency_limit": None}  # the hall lets in whom it can


def build(lab: Lab) -> Opening:
    lead(words.LEAD, words.PATH)
    said = notice(SLUG)
    photo = gr.State(None, time_to_live=LIFE)
    with gr.Row(elem_classes="lab-split", equal_height=False):
        with gr.Column(scale=5, min_width=320):
            with gr.Column(elem_classes="lab-card"):
                key = _painter()
                controls, rest = _controls()
            with gr.Column(elem_classes="lab-card"):
                samples, intake = _photo_choice()
            with gr.Column(elem_classes="lab-card"):
                fit, film, *buttons = _fit()
        with gr.Column(scale=6, min_width=320):
            with gr.Column(elem_classes="lab-card lab-first"):
                shown = _stage()
                meter = proof.meter(SLUG, words.BREAK_CLIP)
            with gr.Column(elem_classes="lab-card"):
                shown |= {
                    name: gr.HTML(elem_id=f"{SLUG}-{name}", apply_default_css=False)
                    for name in ("formula", "model")
                }
                full = FullSize(elem_id=f"{SLUG}-full")
                heading = f'<h3>{words.SPECTRUM}</h3><p class="lab-quiet">{words.SPECTRUM_LEAD}</p>'
                gr.HTML(heading, apply_default_css=False)
                spectrum = Chart(elem_id=f"{SLUG}-spectrum", label=words.SPECTRUM, height=220)
                shown |= {"rest": rest, "spectrum": spectrum}
            section = proof.Section(SLUG, *meter, *proof.program(SLUG))
    inputs = {"photo": photo, **controls, "key": key}
    _listen(inputs, shown, full, section)
    _listen_to_photos(photo, samples, intake)
    _listen_to_fit({"photo": photo, **controls}, {"key": key, "fit": fit, "film": film}, *buttons)
    endpoint("compose_styles", Arguments, compute.answer)
    return Opening(opened, {"notice": said, **inputs, **shown, "samples": samples})


def opened(query: dict[str, str], picture: str) -> dict:
    """What a link to this view asks for, by the shipped model."""
    standing, whole = Standing.of_link(query)
    lost = "x" in query and query["x"] not in photos.SAMPLES
    return {
        "notice": saying("" if whole else words.BAD_LINK if lost else common.BAD_LINK),
        **standing.values(),
        "undo": standing.undo or "",
        "key": MODEL,
        **compute.stage(standing, MODEL),
        "samples": compute.sample_tiles(),
    }


# --- components --------------------------------------------------------------------------------------------
def _stage() -> dict:
    """The painting, and beside it the one in the other order or what parts from it."""
    with gr.Row(elem_classes="lab-orders"):
        stage = Compare(elem_id=f"{SLUG}-stage", label=words.STAGE)
        other = Compare(elem_id=f"{SLUG}-other", label=words.OTHER_STAGE, after=words.OTHER_STAGE)
    return {"stage": stage, "other": other}


def _photo_choice() -> tuple[gr.HTML, gr.HTML]:
    gr.HTML(f"<h3>{words.PHOTO}</h3>", apply_default_css=False)
    intake = Intake(elem_id=f"{SLUG}-intake", most=photos.MOST)
    with gr.Column(elem_classes="lab-photos"):
        samples = Pictures(elem_id=f"{SLUG}-samples", label=words.PHOTO, pick=True, columns=2)
    return samples, intake


def _controls() -> tuple[Named, gr.HTML]:
    """Mode; a weight for each style; two in order; strength; what to take off. And the weight that the photo keeps."""
    known = names()
    choices = [(words.STYLE_NAMES.get(name, name), name) for name in known]
    keys = {"elem_classes": "lab-keys"}
    modes = [(text, mode) for mode, text in words.MODES.items()]
    mode = gr.Radio(modes, value=None, label=words.HOW, elem_id=f"{SLUG}-mode", **keys)
    with gr.Column(visible=True, elem_id=f"{SLUG}-blend") as blend:
        only = gr.Column(elem_classes="lab-only")
        with gr.Row(elem_classes="lab-pairs"):
            weights = [_slider(f"{SLUG}-w{i}", text, 1.0) for i, (text, _) in enumerate(choices)]
        with only:
            alone = {text: [float(name == other) for other in known] for text, name in choices}
            presets(f"{SLUG}-presets", words.ONE_ALONE, weights, alone)
        rest = gr.HTML(elem_id=f"{SLUG}-rest", apply_default_css=False)
    with gr.Column(visible=False, elem_id=f"{SLUG}-order") as order:
        first = gr.Radio(choices, value=None, label=words.FIRST, elem_id=f"{SLUG}-first", **keys)
        second = gr.Radio(choices, value=None, label=words.SECOND, elem_id=f"{SLUG}-second", **keys)
    strength = _slider(f"{SLUG}-strength", words.STRENGTH, STRONGEST)
    off = [(words.NOTHING, ""), *choices]
    undo = gr.Radio(off, value=None, label=words.UNDO, elem_id=f"{SLUG}-undo", **keys)
    listen(apart(mode.change), halves, {"mode": mode}, {"blend": blend, "order": order}, **TICK)
    controls = {"mode": mode, "weights": weights, "first": first, "second": second}
    return controls | {"strength": strength, "undo": undo}, rest


def halves(mode: object) -> dict:
    """Weights for a blend, two choices for an order."""
    ordered = mode == words.ORDER
    return {"blend": gr.Column(visible=not ordered), "order": gr.Column(visible=ordered)}


def _slider(elem_id: str, label: str, most: float) -> gr.Slider:
    return gr.Slider(
        0, most, None, step=0.01, label=label, elem_id=elem_id, elem_classes="lab-field", min_width=180
    )


def _painter() -> gr.Radio:
    """Whose matrices paint; unseen until there is something to choose."""
    look = {"elem_id": f"{SLUG}-painter", "elem_classes": "lab-keys", "visible": False}
    return gr.Radio([(words.SHIPPED, MODEL)], value=MODEL, label=words.PAINTER, **look)


def _fit() -> tuple[gr.HTML, gr.HTML, gr.Button, gr.Button, gr.UploadButton]:
    """What is said of a fit, its film, and what starts and stops it; where it cannot be done, a saved one can be loaded."""
    can = fitting.possible()
    heading, lead = (words.FIT, words.FIT_LEAD) if can else (words.OWN, words.OWN_LEAD)
    gr.HTML(f'<h3>{heading}</h3><p class="lab-quiet">{lead}</p>', apply_default_css=False)
    look = {"size": "sm", "elem_classes": "lab-button", "min_width": 100}
    with gr.Row(elem_classes="lab-buttons"):
        start_button = gr.Button(words.FIT_START, elem_id=f"{SLUG}-fit", visible=can, **look)
        stop_button = gr.Button(words.FIT_STOP, elem_id=f"{SLUG}-fit-stop", visible=can, **look)
        which = {"file_types": saved.FILE_TYPES, "file_count": "multiple", "elem_id": f"{SLUG}-fit-load"}
        load_button = gr.UploadButton(words.FIT_LOAD, **which, **look)
    said = FitNews(elem_id=f"{SLUG}-fit-words", can=can)
    film = Pictures(elem_id=f"{SLUG}-fit-film", label=words.FIT_FILM, columns=3)
    return said, film, start_button, stop_button, load_button


# --- listeners ---------------------------------------------------------------------------------------------
def _listen(inputs: Named, shown: Named, full: gr.HTML, section: proof.Section) -> None:
    """Whatever moves paints the preview; when the hand rests, laws are measured and the photo is painted at full size."""
    controls = {name: found for name, found in inputs.items() if name != "weights"}
    moves = [component.change for component in (*controls.values(), *inputs["weights"])]
    given = {**inputs, "broken": section.broken}
    listen([*moves, section.broken.change], of_standing(Standing, compute.stage), given, shown, **TICK)
    section.settles(moves, of_standing(Standing, compute.settled), inputs)
    rested = {**SLOW, "trigger_mode": "always_last"}
    painted = {"full": full, **shown}
    listen(apart(section.meter.settle), of_standing(Standing, compute.full), inputs, painted, **rested)


def _listen_to_photos(photo: gr.State, samples: gr.HTML, intake: gr.HTML) -> None:
    """What is picked or brought along goes in; what cannot be used leaves the photo, and the intake says why."""
    shown = {"photo": photo, "intake": intake}
    listen(samples.pick, picked, {}, shown, **CHOICE)
    listen(intake.drawn, arrived, {}, shown, **{**CHOICE, "trigger_mode": "always_last"})


def picked(event: gr.EventData) -> dict:
    name = getattr(event, "id", None)
    known = isinstance(name, str) and name in photos.SAMPLES
    return {"photo": name, "intake": refused("")} if known else {}


def arrived(event: gr.EventData) -> dict:
    """A photo of the visitor's own, as a "data:image/…" address."""
    address = getattr(event, "picture", None)
    try:
        if not isinstance(address, str) or not address.startswith("data:"):
            raise files.BadPictureError(common.NO_FILE)
        return {"photo": photos.accept(address), "intake": understood()}
    except files.BadPictureError as error:
        return {"intake": refused(str(error))}


def _listen_to_fit(
    given: Named, shown: Named, begin: gr.Button, stop: gr.Button, load: gr.UploadButton
) -> None:
    listen(begin.click, run, given, shown, **IN_LINE)
    listen(stop.click, halt, {}, {}, **QUIET)
    brought = {name: shown[name] for name in ("key", "fit")}
    listen(load.upload, loaded, {"files": load}, brought, **CHOICE)


def run(request: gr.Request, photo: object, **controls: object) -> Iterator[dict]:
    visitor = place_of(request)
    standing = of_standing(Standing, lambda standing: standing)(**controls)
    mix = standing.mix if isinstance(standing, Standing) else None
    for values in fitting.stream(photo, visitor, fitting.SECONDS, mix):
        yield _chosen(values, visitor)


def loaded(request: gr.Request, files: Sequence[str] | None) -> dict:
    """A model that was saved is one of the chips again, and paints; what cannot be read is said beside the button."""
    visitor = place_of(request)
    try:
        return _chosen(fitting.loaded(files or [], visitor), visitor)
    except ValueError as error:
        return {"fit": {"text": str(error)}}


def _chosen(values: dict, visitor: str) -> dict:
    """The values with a new model as one of the chips, and the one that is on."""
    if "key" not in values:
        return values
    return {**values, "key": gr.Radio(choices=chips(visitor), value=values["key"], visible=True)}


def halt(request: gr.Request) -> dict:
    hall.HALL.stop(place_of(request))
    return {}


def place_of(request: gr.Request) -> str:
    """A visitor's token in the hall: one fit at a time for each page."""
    return f"{SLUG}-{getattr(request, 'session_hash', None)}"
