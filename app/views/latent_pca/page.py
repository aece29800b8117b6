"""Latent PCA: pictures as points of the space g induces, beside pixel space, and what a component means."""

import math
from collections.abc import Sequence

import gradio as gr
import torch

from app import links, models, pictures
from app import words as common
from app.listening import CHOICE, TICK, Lab, Opening
from app.panels import programs as snippets
from app.panels import proof
from app.pictures import encoding, files
from app.views.latent_pca import SLUG, clouds, walks, words
from app.views.latent_pca.bars import bars
from app.views.latent_pca.controls import DIMENSIONS, Controls, cloud_controls, status_row, walk_controls
from app.views.latent_pca.scatter import Scatter, cloud
from app.views.latent_pca.walks import HUES, MEAN, PICTURE, STRIP, pixel_space
from app.widgets.proof_meter import Law, Settled
from app.widgets.tiles import Pictures
from linearizer_core import diagnostics
from linearizer_core.spaces import decode

COUNTS = (300, 600, 1200)
OWN = "own"  # the visitor's uploads, beside the sources of `pictures`
HEAVY = {**CHOICE, "concurrency_limit": 2, "show_progress": "minimal", "trigger_mode": "always_last"}


# --- handlers ----------------------------------------------------------------------------------------------
def asked(
    source: str, count: int, own: Sequence[str] = (), model: str = "digits"
) -> tuple[tuple[str, ...], str]:
    """The pictures and the model that are asked for; ValueError with a sentence where they are not there."""
    model = models.checked(model)
    if source == OWN:
        return clouds.checked(own), model
    if source not in sources():
        raise ValueError(common.no_such_choice(source, sources()))
    most = clouds.COUNTS[source]
    if not walks.is_number(count) or not clouds.LEAST <= count <= most:
        raise ValueError(words.count_out_of_range(count, clouds.LEAST, most))
    return clouds.references(source, int(count)), model


def sources() -> list[str]:
    """Where the pictures of a cloud may come from, beside uploads."""
    return [*pictures.gallery(), *(["face"] if "faces" in models.available() else [])]


def source_for(model: str) -> str:
    """The pictures that a model is first shown with.

    >>> source_for("digits")
    'digits'
    """
    return "face" if model == "faces" else sources()[0]


def scatter_value(seen: clouds.Cloud, dimensions: int, picture: str) -> dict:
    """Both scatters; the current picture is marked where it is one of the points."""
    sides = (words.LATENT_SIDE, seen.latent), (words.PIXEL_SIDE, seen.pixel)
    panels = [_panel(title, side, seen, dimensions) for title, side in sides]
    names = [str(i) for i in range(10)] if (seen.labels >= 0).any() else [words.NO_LABEL]
    picked = seen.references.index(picture) if picture in seen.references else -1
    return cloud(seen.pixels, seen.labels.clip(0), names, panels, picked)


def _panel(title: str, side: clouds.Side, seen: clouds.Cloud, dimensions: int) -> dict:
    points, ratio = side.coordinates[:, :dimensions], side.pca.explained_variance_ratio
    accuracy = clouds.neighbour_accuracy(points, seen.labels)
    return {
        "title": title,
        "note": words.panel_note(dimensions, float(ratio[:dimensions].sum()), accuracy),
        "axes": [words.axis(j + 1, float(ratio[j])) for j in range(dimensions)],
        "spread": side.spread[:dimensions].tolist(),
        "points": points.numpy(),
    }


def variance_value(seen: clouds.Cloud) -> str:
    """Explained variance of the first components of both, as bars."""
    ratios = [side.pca.explained_variance_ratio.tolist() for side in (seen.latent, seen.pixel)]
    return bars(*ratios, words.variance_sums(*map(sum, ratios), len(ratios[0])))


def status_value(seen: clouds.Cloud) -> str:
    """How many pictures, which model encoded them, how long it took, on which device."""
    seconds = seen.encoding, seen.latent.seconds, seen.pixel.seconds
    return words.cloud_status(len(seen.references), seen.model, *seconds, seen.device)


# --- laws, program, link -----------------------------------------------------------------------------------
def settled(
    broken: bool,
    model: str,
    source: str,
    count: int,
    own: Sequence[str],
    dimensions: int,
    start: str,
    component: int,
    steps: float,
    picture: str,
) -> Settled:
    """Laws of the space that the components span, the program for this view, the link to it."""
    standing = _standing([model, source, count, own, dimensions, start, component, steps, picture])
    if standing is None:
        return Settled((), "", "")  # "measuring …"; the meter is asked again when the cloud is there
    seen, walk = standing
    with models.one_core():
        laws = measured(seen, walk, picture, broken)
    numbers = {"n": len(seen.references), "d": dimensions, "c": walk.component + 1, "t": walk.steps}
    settings = {**models.in_link(model), "data": source, **numbers, "start": start, "x": picture}
    link = "" if source == OWN else links.encode(SLUG, **settings)
    return Settled(laws, program(seen, source, walk, picture), link)


def measured(seen: clouds.Cloud, walk: walks.Walk, picture: str, broken: bool) -> list[Law]:
    """Projection onto two components, that these are orthonormal, that a walk changes one coordinate only."""
    space, pca = models.model(seen.model).domain, seen.latent.pca
    onto = decode(space.g, pca.components[:2])
    x, y = pictures.tensor([picture, seen.references[0]], seen.model).unsqueeze(1)
    project = (lambda point: pixel_space(seen.model).project(point, onto)) if broken else None
    errors = diagnostics.projection_errors(space, x, y, onto, project)
    worst = max(errors, key=errors.get)
    gram = space.inner(onto[:, None], onto[None])
    orthonormal = diagnostics.relative_error(gram, torch.eye(2, dtype=gram.dtype))
    straight = walks.straightness_error(seen, walk, broken)
    formula = words.straight_formula(walk.component + 1, walk.steps or 1.0)
    return [
        Law(common.LAW_PROJECTION, words.projection_formula(worst), errors[worst]),
        Law(words.LAW_ORTHONORMAL, words.ORTHONORMAL_FORMULA, orthonormal),
        Law(words.LAW_WALK, formula, straight),
    ]


def program(seen: clouds.Cloud, source: str, walk: walks.Walk, picture: str) -> str:
    """Python for this view: both PCAs of these pictures, and the picture where the walk stands."""
    count = len(seen.references)
    chosen = f"{list(seen.references)!r}" if source == OWN else f'clouds.references("{source}", {count})'
    start = "model.g_x(x)[0]" if walk.picture is not None else "latent.mean"
    body = f"""
from app.views.latent_pca import clouds
from app import pictures                 # run this in the lab's folder
from linearizer_core.networks import Flatten

images = pictures.tensor({chosen}, "{seen.model}")
latent = lc.LatentPCA({len(seen.latent.pca.components)}).fit(model.g_x, images, batch_size={clouds.BATCH})
pixel = lc.LatentPCA({len(seen.pixel.pca.components)}).fit(Flatten(model.g_x.in_shape), images)
coordinates, pixel_coordinates = latent.transform(images), pixel.transform(images)
j, steps = {walk.component}, {walk.steps!r}     # component j, counted from 0
step = latent.explained_variance[j].sqrt() * latent.components[j]
with torch.no_grad():
    walk = model.g_x.inverse(({start} + steps * step)[None])
"""
    return snippets.program(body, [picture], seen.model)


def from_link(query: dict[str, str], picture: str) -> tuple[str, str, list]:
    """Picture, notice and the controls' values for a link to this view; what is wrong in it is left out."""
    model, notice = models.of_link(query), ""
    try:
        picture = pictures.accept(query["x"]) if "x" in query else pictures.fitting(picture, model)
    except files.BadPictureError:
        notice = common.BAD_LINK
    source = query.get("data") if query.get("data") in sources() else source_for(model)
    count = _one_of(query.get("n"), COUNTS)
    dimensions = _one_of(query.get("d"), DIMENSIONS)
    start = query.get("start") if query.get("start") in (MEAN, PICTURE) else MEAN
    component = int((links.numbers(query.get("c"), 1, clouds.COMPONENTS) or [1])[0])
    steps = (links.numbers(query.get("t"), -walks.FARTHEST, walks.FARTHEST) or [2.0])[0]
    return picture, notice, [model, source, count, dimensions, start, component, steps]


def _one_of(text: str | None, choices: Sequence[int]) -> int:
    return next((choice for choice in choices if str(choice) == text), choices[0])


# --- the endpoint ------------------------------------------------------------------------------------------
def latent_pca(
    data: str,
    count: int,
    dimensions: int,
    component: int,
    steps: float,
    start: str,
    picture: str,
    model: str = "digits",
) -> dict:
    """Principal components of pictures in the space that g induces and in pixels.

    Args:
        data: "digits" (scikit-learn), "sample" (made by the model digits), "face" (drawn by the model faces), or "mnist"
            where MNIST is installed; pictures are resized to what the model takes.
        count: how many pictures, from 12 on.
        dimensions: 2 or 3, of the coordinates returned.
        component: 1 to 10, the one to walk along.
        steps: in [−4, 4], how far to walk, in standard deviations.
        start: "mean" or "picture".
        picture: where the walk starts if `start` is "picture", for instance "digits:3".
        model: "digits", "digits-projector" or "faces", whose g induces the space.

    Returns:
        {"labels", "device", "encoding_seconds", "latent" and "pixel": for each the "coordinates", the
        "explained_variance_ratio", the "neighbour_accuracy" of 5 nearest neighbours, the "walk" (32×32
        numbers) and the "seconds" it took}
    """
    try:
        if dimensions not in DIMENSIONS:
            raise ValueError(common.no_such_choice(dimensions, DIMENSIONS))
        reference = pictures.accept(picture)
        seen = clouds.cloud(*asked(data, count, model=model))
        return answer(seen, dimensions, walks.checked(seen, start, component, steps, reference))
    except ValueError as error:
        raise gr.Error(str(error), print_exception=False) from None


def answer(seen: clouds.Cloud, dimensions: int, walk: walks.Walk) -> dict:
    """What the endpoint returns for checked arguments, as plain lists."""
    found = {"labels": seen.labels.tolist(), "device": seen.device, "encoding_seconds": seen.encoding}
    reached = walks.walked(seen, walk, [walk.steps])
    for name, side, image in zip(("latent", "pixel"), (seen.latent, seen.pixel), reached):
        points = side.coordinates[:, :dimensions]
        accuracy = clouds.neighbour_accuracy(points, seen.labels)
        found[name] = {
            "coordinates": points.tolist(),
            "explained_variance_ratio": side.pca.explained_variance_ratio.tolist(),
            "neighbour_accuracy": accuracy if math.isfinite(accuracy) else None,
            "walk": image[0, 0].tolist(),
            "seconds": side.seconds,
        }
    return found


# --- the view ----------------------------------------------------------------------------------------------
def build(lab: Lab) -> Opening:
    gr.HTML(f'<p class="lab-lead">{words.LATENT_PCA_LEAD}</p>', apply_default_css=False)
    notice = gr.Markdown(visible=False, elem_classes="lab-notice", elem_id=f"{SLUG}-notice")
    with gr.Column(elem_classes="lab-card"):
        shown = cloud_controls(SLUG, sources(), COUNTS)
        status, upload = status_row(SLUG)
        points = Scatter(elem_id=f"{SLUG}-scatter", label=words.SCATTER)
    with gr.Row(elem_classes="lab-split", equal_height=False):
        with gr.Column(scale=6, min_width=320), gr.Column(elem_classes="lab-card"):
            gr.HTML(f"<h3>{words.WALK}</h3><p>{words.WALK_LEAD}</p>", apply_default_css=False)
            controls = Controls(*shown, *walk_controls(SLUG), lab.picture)
            stage = Pictures(elem_id=f"{SLUG}-stage", label=words.WALK, columns=2, hues=HUES)
            strips = _strips()
        with gr.Column(scale=5, min_width=320):
            with gr.Column(elem_classes="lab-card"):
                gr.HTML(f"<h3>{words.VARIANCE}</h3>", apply_default_css=False)
                variance = gr.HTML(elem_id=f"{SLUG}-variance", apply_default_css=False)
            section = proof.section(SLUG, words.BREAK_WALK)
    _listen(controls, status, [points, variance], [stage, *strips])
    points.pick(_picked, controls.inputs[:4], [controls.start, lab.picture], **CHOICE)
    upload.upload(_uploaded, [upload, controls.model], [notice, controls.own, controls.source], **CHOICE)
    section.settles([*controls.walk, status.change], settled, controls.inputs)
    gr.api(latent_pca, api_name="latent_pca", concurrency_limit=2)

    def opened(query: dict[str, str], picture: str) -> list:
        picture, text, values = from_link(query, picture)
        return [gr.Markdown(text, visible=bool(text)), picture, *values]

    chosen = [control for control in controls.inputs if not isinstance(control, gr.State)]
    return Opening(opened, [notice, lab.picture, *chosen])


def _strips() -> list[gr.HTML]:
    return [Pictures(elem_id=f"{SLUG}-strip-{hue}", label=words.WALK, columns=len(STRIP)) for hue in HUES]


def _listen(controls: Controls, status: gr.HTML, cloud: Sequence[gr.HTML], walk: Sequence[gr.HTML]) -> None:
    """The cloud in the queue, with progress; the walk follows the hand, and the cloud when it has changed."""
    inputs, computed = controls.inputs, {"outputs": [status, *cloud], "show_progress_on": [status], **HEAVY}
    gr.on(controls.cloud, _computed, inputs, **computed)
    seen = [controls.model, controls.source, controls.picture]
    controls.model.input(_switched, seen, seen[1:], **CHOICE).then(_computed, inputs, **computed)
    gr.on([*controls.walk, status.change], _tick, inputs, walk, js=MARK, **TICK)


# Tells the scatter where the walk stands; the values are those of `Controls.inputs`.
MARK = f"""(...values) => {{
  const [start, component, steps] = values.slice(5, 8);
  const detail = {{ id: '{SLUG}-scatter', component: component - 1, steps, picked: start === '{PICTURE}' }};
  document.dispatchEvent(new CustomEvent('lab:walk', {{ detail }}));
  return values;
}}"""


def _computed(
    model: str, source: str, count: int, own: Sequence[str], dimensions: int, *walk: object
) -> list:
    """Status, scatter and explained variance of a new cloud; nothing while the controls are not filled yet."""
    if None in (model, source, count, dimensions):
        return [gr.skip()] * 3
    try:
        seen = clouds.cloud(*asked(source, count, own, model))
    except ValueError as error:
        return [common.sentence(str(error)), *[gr.skip()] * 2]
    return [status_value(seen), scatter_value(seen, dimensions, walk[-1]), variance_value(seen)]


def _switched(model: str, source: str, picture: str) -> list:
    """Another model: pictures of the kind that it was trained on, where these are not."""
    of_another_kind = (source == "face") != (model == "faces") and source != OWN
    return [source_for(model) if of_another_kind else source, pictures.fitting(picture, model)]


def _standing(values: Sequence) -> tuple[clouds.Cloud, walks.Walk] | None:
    """The cloud and the walk that the controls say; None while they are empty or the cloud is being computed."""
    model, source, count, own, dimensions, *walk = values
    if None in (model, source, count, dimensions):
        return None
    try:
        seen = clouds.ready(*asked(source, count, own, model))
        return seen and (seen, walks.checked(seen, *walk))
    except ValueError as error:
        raise gr.Error(str(error), print_exception=False) from None


def _tick(*values: object) -> list:
    standing = _standing(values)
    return walks.shown(*standing) if standing else [gr.skip()] * 3


def _picked(model: str, source: str, count: int, own: list, event: gr.EventData) -> list:
    """A click on a point: it becomes the current picture of all views, and the walk starts there."""
    chosen, _ = asked(source, count, own, model)
    known = isinstance(event.index, int) and 0 <= event.index < len(chosen)
    return [PICTURE, chosen[event.index]] if known else [gr.skip()] * 2


def _uploaded(files: list[str], model: str | None = None) -> list:
    """The visitor's pictures as references: faces whole, of others the digit; what is no picture is left out and counted."""
    found, refused = [], 0
    for file in (files or [])[: clouds.UPLOADS]:
        try:
            whole = model == "faces"
            read = files.whole_picture(file, encoding.FACE_SIDE) if whole else files.digit_from_picture(file)
            found.append(pictures.reference_of(read))
        except files.BadPictureError:
            refused += 1
    enough = len(found) >= clouds.LEAST
    text = words.uploaded(len(found), refused, clouds.LEAST)
    choices = [*((common.GALLERIES[s], s) for s in sources()), (words.OWN_SOURCE, OWN)]
    chosen = [found, gr.Radio(choices=choices, value=OWN)] if enough else [gr.skip(), gr.skip()]
    return [gr.Markdown(text, visible=True), *chosen]
