"""Styles: any photo painted by operators of one space, which blend, follow one another, come in halves and come off."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import gradio as gr

from app import links
from app.listening import CHOICE, LIFE, QUIET, TICK, Lab, Opening
from app.panels import proof
from app.pictures import encoding, files, photos
from app.views.styles import SLUG, fitting, words
from app.views.styles import compute as styling
from app.views.styles.compare import Compare, compared
from app.views.styles.compute import Mix
from app.views.styles.full_size import FullSize, finished
from app.widgets.curve import curves
from app.widgets.proof_meter import Law, Settled
from app.widgets.tiles import Pictures, tiles

FIRST_PHOTO = "china"
SLOW = {"queue": True, "concurrency_limit": 1, "show_progress": "hidden", "api_visibility": "private"}

_stops: dict[str, threading.Event] = {}


def start() -> list:
    """The controls as the view opens: one style at full strength, two that may follow one another."""
    known = styling.names()
    second = known[min(1, len(known) - 1)]
    return [words.BLEND, *(float(name == second) for name in known), known[0], second, 1.0, ""]


# --- handlers ----------------------------------------------------------------------------------------------
def asked(values: Sequence) -> tuple[str, str, Mix] | None:
    """Photo, model and mix that the controls say; None before the view opens. gr.Error with a sentence."""
    photo, key, mode, *weights, first, second, strength, undo = values
    if None in values:  # the components are not all filled yet
        return None
    try:
        photos.pixels(photo)
        return photo, key, styling.checked(mode, weights, (first, second), strength, undo)
    except ValueError as error:
        raise gr.Error(str(error), print_exception=False) from None


def stage_value(*values: object) -> list:
    """The tick: photo and painting; the other order beside it; the formula; the weight of the photo itself; the spectrum."""
    standing = asked(values)
    if standing is None:
        return [gr.skip()] * 5
    photo, key, mix = standing
    model = fitting.model(key)
    mixes = [mix, mix.swapped] if mix.order else [mix]
    before = encoding.to_pixels(photos.preview(photo))[0]
    painted = encoding.to_pixels(styling.paint(model, photo, mixes))
    shown = [
        compared(before, picture, state_of(photo, key, m), described(m)) for picture, m in zip(painted, mixes)
    ]
    return [
        shown[0],
        shown[1] if mix.order else None,
        formula(mix),
        "" if mix.order else words.rest(mix.plain),
        spectra(key, mix),
    ]


def state_of(photo: str, key: str, mix: Mix) -> str:
    """What is on screen in a few characters, for tests."""
    how = ">".join(mix.order) if mix.order else ",".join(f"{weight:g}" for weight in mix.weights)
    own = "" if key == styling.MODEL else " fitted"
    return f"{photo} {how} {mix.strength:g}{f' -{mix.undo}' if mix.undo else ''}{own}"


def described(mix: Mix) -> str:
    """What the picture shows, for those who do not see it."""
    return words.other_order(*mix.order) if mix.order else words.AFTER


def formula(mix: Mix) -> str:
    return words.formula(
        dict(zip(styling.names(), mix.weights)), round(mix.plain, 2), mix.order, mix.strength, mix.undo
    )


def spectra(key: str, mix: Mix) -> str:
    """Singular values of what is on screen, and of the four styles."""
    model = fitting.model(key)
    now = styling.algebra.svd(styling.operator(model, mix)).values.tolist()
    others = [(styling.spectrum(model, name), "quiet", True) for name in model.names]
    return curves([*others, (now, "induced", False)], words.SPECTRUM)


def full_value(*values: object) -> Iterator[dict]:
    """The painting at full size, layer by layer."""
    standing = asked(values)
    if standing is None:
        yield gr.skip()
        return
    photo, key, mix = standing
    height, width = photos.pixels(photo).shape[:2]
    for progress in styling.paint_full(fitting.model(key), photo, mix):
        if progress.picture is None:
            yield {"share": progress.share, "words": words.painting(width, height)}
        else:
            picture = encoding.to_pixels(progress.picture[None])[0]
            said = words.full_words(width, height, progress.seconds)
            yield finished(picture, said, f"{photo.partition(':')[0]}-styled.png", state_of(photo, key, mix))


# --- laws, program, link -----------------------------------------------------------------------------------
def settled(broken: bool, *values: object) -> Settled:
    """The laws on the middle of the photo, the program for this view, the link to it."""
    standing = asked(values)
    if standing is None:
        return Settled((), "", "")
    photo, key, mix = standing
    model = fitting.model(key)
    first, second = styling.law_styles(model, mix)
    names = words.LAW_COMPOSITION, words.LAW_ROOT, words.LAW_UNDO, words.LAW_BLEND
    formulas = [
        words.composition_formula(first, second),
        words.ROOT_FORMULA,
        words.UNDO_FORMULA,
        words.blend_formula(first, second),
    ]
    errors = styling.law_errors(model, photo, mix, broken)
    laws = [Law(*law) for law in zip(names, formulas, errors)]
    return Settled(laws, program(photo, mix), link_of(photo, values[2], values[3:-4], values[-4:]))


def link_of(photo: str, mode: str, weights: Sequence[float], rest: Sequence) -> str:
    first, second, strength, undo = rest
    kept = photo if photo in photos.SAMPLES else FIRST_PHOTO  # an upload stays on this server
    settings = {
        "x": kept,
        "how": mode,
        "w": [float(w) for w in weights],
        "o": [first, second],
        "s": float(strength),
    }
    return links.encode(SLUG, **settings, **({"u": undo} if undo else {}))


def program(photo: str, mix: Mix) -> str:
    """Python for this view: the photo, the operator, the painting."""
    if photo in photos.SAMPLES:
        opened = f'load_sample_image("{photos.SAMPLES[photo]}")'
        imports = "from sklearn.datasets import load_sample_image\n"
    else:
        opened, imports = 'np.asarray(Image.open("your_photo.jpg").convert("RGB"))', "from PIL import Image\n"
    power = "" if mix.strength == 1 else f" ** {mix.strength:g}"
    if mix.order:
        first, second = (f'(styles["{name}"]{power})' for name in mix.order)
        made = f"f = {second} @ {first}              # first the right one, then the left one"
    elif power:
        parts = [
            f'{w:g} * lc.power(styles.operator("{name}"), {mix.strength:g})'
            for name, w in zip(styling.names(), mix.weights)
            if w
        ]
        made = f"f = styles.linearizer({' + '.join([*parts, plain_source(mix)])})"
    else:
        shares = {name: w for name, w in zip(styling.names(), mix.weights) if w}
        shares |= {"photo": round(mix.plain, 6)} if mix.plain > 1e-6 or not shares else {}
        made = f"f = styles.blend({shares})"
    undone = f'\nf = styles["{mix.undo}"].pinv() @ f              # take it off again' if mix.undo else ""
    return (
        f"import numpy as np\nimport torch\n{imports}\nimport linearizer_core as lc\n\n"
        f'styles = lc.load("{styling.MODEL}")\n'
        f"photo = {opened}\n"
        "x = torch.tensor(photo.copy()).permute(2, 0, 1)[None] / 255    # 1×3×H×W, any size from 64×64 on\n"
        f"{made}{undone}\n"
        "with torch.no_grad():\n    y = f(x)\n"
    )


def plain_source(mix: Mix) -> str:
    return f'{mix.plain:.6g} * styles.operator("photo")'


def from_link(query: dict[str, str]) -> tuple[list, str]:
    """Values of the controls and a notice for a link to this view; what is wrong in it is left out."""
    mode, *weights, first, second, strength, undo = start()
    photo, notice = query.get("x", FIRST_PHOTO), ""
    if photo not in photos.SAMPLES:
        photo, notice = FIRST_PHOTO, words.BAD_LINK
    mode = query.get("how") if query.get("how") in words.MODES else mode
    given = links.numbers(query.get("w"), 0, 1)
    weights = given if len(given) == len(weights) else weights
    order = [name for name in links.words(query.get("o")) if name in styling.names()]
    first, second = order if len(order) == 2 else (first, second)
    strength = (links.numbers(query.get("s"), 0, styling.STRONGEST) or [strength])[0]
    undo = query.get("u") if query.get("u") in styling.names() else undo
    return [photo, styling.MODEL, mode, *weights, first, second, strength, undo], notice


# --- the endpoint ------------------------------------------------------------------------------------------
def compose_styles(
    photo: str,
    weights: dict | None = None,
    order: list[str] | None = None,
    strength: float = 1.0,
    undo: str = "",
    full: bool = False,
) -> dict:
    """Paint a photo by an operator made of styles: f(x) = g⁻¹(A g(x)).

    Args:
        photo: "china" or "flower" (scikit-learn), or "data:image/jpeg;base64,…" (PNG and WebP too), at least 64×64.
        weights: of a blend A = Σ αₛ Aₛ, for example {"candy": 0.5}; the photo itself keeps what is left to 1.
        order: or two styles, for example ["mosaic", "candy"]: first the first, then the second, A = A₂A₁.
        strength: each Aₛ is taken to this power, from 0 (nothing) over 1 to 1.5.
        undo: a style to take off afterwards, A⁺.
        full: paint at the photo's own size (up to 0.8 megapixels) instead of the preview's.

    Returns:
        {"picture": a "data:image/png;base64,…" address, "width", "height", "singular_values": of A on the channels}
    """
    known = styling.names()
    try:
        reference = photos.accept(photo)
        given = weights or {}
        if not isinstance(given, dict) or set(given) - set(known) or not (given or order):
            raise ValueError(words.bad_weights(known))
        mode = words.ORDER if order else words.BLEND
        if order and len(order) != 2:
            raise ValueError(words.bad_style(order, known))
        mix = styling.checked(
            mode, [given.get(name, 0.0) for name in known], order or known[:2], strength, undo
        )
    except ValueError as error:
        raise gr.Error(str(error), print_exception=False) from None
    model = fitting.model(styling.MODEL)
    if full:
        *_, last = styling.paint_full(model, reference, mix)
        picture = last.picture[None]
    else:
        picture = styling.paint(model, reference, [mix])
    found = encoding.to_pixels(picture)[0]
    return {
        "picture": finished(found, "", "", "")["address"],
        "width": found.shape[1],
        "height": found.shape[0],
        "singular_values": styling.algebra.svd(styling.operator(model, mix)).values.tolist(),
    }


# --- the view ----------------------------------------------------------------------------------------------
def build(lab: Lab) -> Opening:
    gr.HTML(f'<p class="lab-lead">{words.LEAD}</p>', apply_default_css=False)
    notice = gr.Markdown(visible=False, elem_classes="lab-notice", elem_id=f"{SLUG}-notice")
    photo = gr.State(None, time_to_live=LIFE)
    key = gr.State(styling.MODEL, time_to_live=LIFE)
    with gr.Row(elem_classes="lab-split", equal_height=False):
        with gr.Column(scale=5, min_width=320):
            with gr.Column(elem_classes="lab-card"):
                samples, upload, camera = _photo_choice()
            with gr.Column(elem_classes="lab-card"):
                controls, remainder = _controls()
            with gr.Column(elem_classes="lab-card"):
                fit_words, fit_start, fit_stop, fit_back = _fit()
            program_half = proof.program(SLUG)
        with gr.Column(scale=6, min_width=320):
            with gr.Column(elem_classes="lab-card lab-first"):
                with gr.Row(elem_classes="lab-orders"):
                    stage = Compare(elem_id=f"{SLUG}-stage", label=words.STAGE)
                    other = Compare(elem_id=f"{SLUG}-other", label=words.OTHER_STAGE, after=words.OTHER_STAGE)
                shown_formula = gr.HTML(elem_id=f"{SLUG}-formula", apply_default_css=False)
                full = FullSize(elem_id=f"{SLUG}-full")
            with gr.Column(elem_classes="lab-card"):
                heading = f'<h3>{words.SPECTRUM}</h3><p class="lab-quiet">{words.SPECTRUM_LEAD}</p>'
                gr.HTML(heading, apply_default_css=False)
                spectrum = gr.HTML(elem_id=f"{SLUG}-spectrum", apply_default_css=False)
            section = proof.Section(SLUG, *proof.meter(SLUG, words.BREAK_CLIP), *program_half)
    inputs = [photo, key, *controls]
    changes = [component.change for component in inputs]
    ticked = [stage, other, shown_formula, remainder, spectrum]
    gr.on(changes, stage_value, inputs, ticked, **TICK)
    section.settles(changes, settled, inputs)
    section.meter.settle(full_value, inputs, full, trigger_mode="always_last", **SLOW)
    _listen_to_photos(photo, samples, upload, camera, notice)
    _listen_to_fit(photo, key, fit_words, fit_start, fit_stop, fit_back)
    gr.api(compose_styles, api_name="compose_styles", queue=False)

    def opened(query: dict[str, str], picture: str) -> list:
        values, text = from_link(query)
        shown = stage_value(*values)
        return [gr.Markdown(text, visible=bool(text)), *values, *shown, sample_tiles()]

    return Opening(opened, [notice, *inputs, *ticked, samples])


def sample_tiles() -> dict:
    """The two sample photos, small."""
    small = [photos.preview(name)[..., :208, :312] for name in photos.SAMPLES]
    names = [words.SAMPLE_NAMES[name] for name in photos.SAMPLES]
    return tiles(styling.torch.cat(small), names, list(photos.SAMPLES))


def _photo_choice() -> tuple[gr.HTML, gr.UploadButton, gr.Image]:
    gr.HTML(f"<h3>{words.PHOTO}</h3>", apply_default_css=False)
    with gr.Column(elem_classes="lab-photos"):
        samples = Pictures(elem_id=f"{SLUG}-samples", label=words.PHOTO, pick=True, columns=2)
        look = {"size": "sm", "elem_classes": "lab-button", "elem_id": f"{SLUG}-upload", "min_width": 140}
        upload = gr.UploadButton(words.UPLOAD, file_types=["image"], **look)
    with gr.Accordion(words.WEBCAM, open=False, elem_classes="lab-fold"):
        look = {"show_label": False, "elem_id": f"{SLUG}-camera", "height": 260}
        camera = gr.Image(sources=["webcam"], type="filepath", format="png", **look)
    return samples, upload, camera


def _controls() -> tuple[list, gr.HTML]:
    """Mode; a weight for each style; two in order; strength; what to take off. And the weight that the photo keeps."""
    known = styling.names()
    choices = [(words.STYLE_NAMES.get(name, name), name) for name in known]
    keys = {"elem_classes": "lab-keys"}
    modes = [(text, mode) for mode, text in words.MODES.items()]
    mode = gr.Radio(modes, value=None, label=words.HOW, elem_id=f"{SLUG}-mode", **keys)
    with gr.Column(visible=True, elem_id=f"{SLUG}-blend") as blend:
        with gr.Row(elem_classes="lab-buttons"):
            only = [gr.Button(text, size="sm", min_width=60) for text, _ in choices]
        weights = [_slider(f"{SLUG}-w{i}", text, 1.0) for i, (text, _) in enumerate(choices)]
        remainder = gr.HTML(elem_id=f"{SLUG}-rest", apply_default_css=False)
    with gr.Column(visible=False, elem_id=f"{SLUG}-order") as order:
        first = gr.Radio(choices, value=None, label=words.FIRST, elem_id=f"{SLUG}-first", **keys)
        second = gr.Radio(choices, value=None, label=words.SECOND, elem_id=f"{SLUG}-second", **keys)
    strength = _slider(f"{SLUG}-strength", words.STRENGTH, styling.STRONGEST)
    off = [(words.NOTHING, ""), *choices]
    undo = gr.Radio(off, value=None, label=words.UNDO, elem_id=f"{SLUG}-undo", **keys)
    for i, button in enumerate(only):
        alone = [float(j == i) for j in range(len(known))]
        button.click(None, None, weights, js=f"() => {alone}")
    mode.change(
        lambda m: [gr.Column(visible=m != words.ORDER), gr.Column(visible=m == words.ORDER)],
        mode,
        [blend, order],
        **QUIET,
    )
    return [mode, *weights, first, second, strength, undo], remainder


def _slider(elem_id: str, label: str, most: float) -> gr.Slider:
    return gr.Slider(0, most, None, step=0.01, label=label, elem_id=elem_id, elem_classes="lab-field")


def _listen_to_photos(
    photo: gr.State, samples: gr.HTML, upload: gr.UploadButton, camera: gr.Image, notice: gr.Markdown
) -> None:
    """What is picked, uploaded or taken goes in; what cannot be used leaves the photo and says why."""

    def picked(event: gr.EventData) -> object:
        return event.id if event.id in photos.SAMPLES else gr.skip()

    def arrived(file: str | None) -> list:
        if not file:
            return [gr.skip()] * 2
        try:
            return [photos.accept(photos.Path(file)), gr.Markdown(visible=False)]
        except files.BadPictureError as error:
            return [gr.skip(), gr.Markdown(str(error), visible=True)]

    samples.pick(picked, None, photo, **CHOICE)
    upload.upload(arrived, upload, [photo, notice], **CHOICE)
    camera.change(arrived, camera, [photo, notice], **CHOICE)


def _fit() -> tuple[gr.HTML, gr.Button, gr.Button, gr.Button]:
    gr.HTML(f'<h3>{words.FIT}</h3><p class="lab-quiet">{words.FIT_LEAD}</p>', apply_default_css=False)
    can = fitting.possible()
    said = "" if can else f'<p class="lab-quiet">{words.FIT_MISSING}</p>'
    words_shown = gr.HTML(said, elem_id=f"{SLUG}-fit-words", apply_default_css=False)
    look = {"size": "sm", "elem_classes": "lab-button", "min_width": 100}
    with gr.Row(elem_classes="lab-buttons", visible=can):
        start_button = gr.Button(words.FIT_START, elem_id=f"{SLUG}-fit", **look)
        stop_button = gr.Button(words.FIT_STOP, elem_id=f"{SLUG}-fit-stop", **look)
        back_button = gr.Button(words.FIT_BACK, elem_id=f"{SLUG}-fit-back", **look)
    return words_shown, start_button, stop_button, back_button


def _listen_to_fit(
    photo: gr.State, key: gr.State, said: gr.HTML, begin: gr.Button, stop: gr.Button, back: gr.Button
) -> None:
    def run(reference: str, request: gr.Request) -> Iterator[list]:
        ended = _stops[request.session_hash] = threading.Event()
        yield [words.fitting(0, 0), gr.skip()]  # the teachers paint first, for some seconds
        try:
            for step in fitting.fit(reference, ended):
                if step.key:
                    early = ended.is_set()
                    yield [words.FIT_STOPPED if early else words.FIT_DONE, step.key]
                else:
                    yield [words.fitting(step.share, step.seconds), gr.skip()]
        except ValueError as error:
            yield [str(error), gr.skip()]
        finally:
            _stops.pop(request.session_hash, None)

    def halt(request: gr.Request) -> None:
        running = _stops.get(request.session_hash)
        if running is not None:
            running.set()

    begin.click(run, photo, [said, key], **{**SLOW, "concurrency_limit": 1})
    stop.click(halt, None, None, **QUIET)
    back.click(lambda: styling.MODEL, None, key, **CHOICE)
