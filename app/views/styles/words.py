"""Every sentence of the Styles view."""

from collections.abc import Mapping, Sequence

LEAD = "Every style is one matrix A in one shared space: so styles add up, follow one another, come in halves, and come off."
PATH = ("photo", "g", "A", "g⁻¹", "f(x)")
PHOTO = "Your photo"
SAMPLE_NAMES = {"china": "Temple", "flower": "Flower"}
STYLE_NAMES = {"mosaic": "Mosaic", "candy": "Candy", "rain-princess": "Rain princess", "udnie": "Udnie"}
HOW = "How the styles come together"
ONE_ALONE = "One style alone"
BLEND, ORDER = "blend", "order"
MODES = {BLEND: "Blend them", ORDER: "One after the other"}
FIRST = "First"
SECOND = "Then"
STRENGTH = "Strength s, as the power Aˢ"
UNDO = "Take one off again, A⁺"
NOTHING = "Nothing"
STAGE = "The photo and its painting"
OTHER_STAGE = "The other way round"
BEFORE = "photo"
AFTER = "f(x)"
DIVIDER = "How much of the photo is shown before the painting"
FULL = "Full size"
DOWNLOAD = "Download"
ON_SCREEN = "on screen"
SPECTRUM = "Singular values of A"
SPECTRUM_LEAD = "Violet: what is on screen, at every position the same 192 numbers. Dashed: the four styles."
BREAK_CLIP = "Break it: 8 bits of a screen in between, averages of pixels in place of ⊕"
BY_PIXELS = "by way of pixels"
LAW_COMPOSITION = "composition"
LAW_ROOT = "half a style"
LAW_UNDO = "undo"
LAW_BLEND = "blend"
ROOT_FORMULA = "f^½(f^½(x)) = f(x)"
UNDO_FORMULA = "f⁺(f(x)) = x"
PAINTER = "Painted by"
SHIPPED = "the shipped model"
FIT = "Fit to this photo"
FIT_LEAD = (
    "The published setting: train g and the four matrices on this one photo, up to three minutes. The painting "
    "comes nearer to the teacher’s, and all laws still hold."
)
OWN = "A fitted model"
OWN_LEAD = "One that was fitted to a photo and saved paints here again."
FIT_MISSING = (
    "Fitting needs the painters that taught the styles: start the lab with “--teachers FOLDER”, a folder of "
    "ONNX style networks named like the styles."
)
FIT_HOST = "Seen on this machine alone, where the lab runs: "
FIT_START = "Fit"
FIT_STOP = "Stop"
FIT_LOAD = "Load a saved model"
FIT_FILM = "The fit so far, a picture every ten seconds"
FIT_BEGINS = "The fit begins: the painters paint your photo …"
FIT_LEFT = "Stopped before it began; the place in the queue is free again."
FIT_STOPPED = "Stopped with what was learned so far; it paints now, and can be saved under the picture."
FIT_DONE = "Fitted; it paints now, and can be saved under the picture."
LOADED = "Loaded; it paints now."
LOADED_CHIP = "loaded"
SAVE = "Save it (zip)"
SAVED_AS = "styles-fitted.zip"
BAD_LINK = "This link names a photo that is not here, so the view starts with its own."
PAINTED_SHIPPED = "Painted by the model that ships with the lab."
PAINTED_FITTED = "Painted by a model of your own, which this tab alone has."
NOT_READY = "The model fitted here is no longer in the lab’s memory, so the shipped one is in use."
PROGRAM_SHIPPED = "the shipped model; the fitted one lives in this tab only"


def bad_weights(names: Sequence[str]) -> str:
    return f"Weights must be numbers from 0 to 1 for {', '.join(names)}, adding up to at most 1."


def bad_order(names: Sequence[str]) -> str:
    return f"order must be a list of two styles, first and second, out of {', '.join(names)}."


def painted_by(fitted: bool, gone: bool, archive: str = "") -> str:
    """Whose painting it is; with an address a link that saves that model."""
    said = NOT_READY if gone else PAINTED_FITTED if fitted else PAINTED_SHIPPED
    save = f' <a href="{archive}" download="{SAVED_AS}">{SAVE}</a>' if archive else ""
    return f'<p class="lab-quiet">{said}{save}</p>'


def rest(weight: float) -> str:
    return f'<p class="lab-quiet">The photo itself keeps {weight:.2f}; the weights add up to 1.</p>'


def formula(
    names: Mapping[str, float], plain: float, order: Sequence[str], strength: float, undo: str
) -> str:
    """f as it stands: g⁻¹((0.60 A_candy + 0.40 I) g(x))."""
    power = "" if strength == 1 else f"<sup>{strength:.2f}</sup>"

    def matrix(name: str) -> str:
        return f"A<sub>{STYLE_NAMES.get(name, name).lower()}</sub>{power}"

    if order:
        inner = " ".join(matrix(name) for name in reversed(order))
    else:
        terms = [f"{weight:.2f} {matrix(name)}" for name, weight in names.items() if weight]
        if terms and list(names.values()).count(0) == len(names) - 1 and not plain:
            terms = [term.split(" ", 1)[1] for term in terms]
        inner = " + ".join([*terms, *([f"{plain:.2f} I" if terms else "I"] if plain or not terms else [])])
    off = f"A<sub>{STYLE_NAMES.get(undo, undo).lower()}</sub><sup>+</sup> " if undo else ""
    inner = f"({inner})" if " + " in inner and off else inner
    return f'<p class="lab-formula">f(x) = g⁻¹( {off}{inner if off or " + " not in inner else f"({inner})"} g(x) )</p>'


def full_words(width: int, height: int, seconds: float) -> str:
    return f"{width}×{height} pixels, painted in {seconds:.1f} s"


def painting(width: int, height: int) -> str:
    return f"painting {width}×{height} pixels …"


def pair(first: str, second: str) -> str:
    return f"f₁ {STYLE_NAMES.get(first, first)}, f₂ {STYLE_NAMES.get(second, second)}"


def composition_formula(first: str, second: str) -> str:
    return f"f₂(f₁(x)) = (f₂f₁)(x), {pair(first, second)}"


def blend_formula(first: str, second: str) -> str:
    return f"½ ⊙ f₁(x) ⊕ ½ ⊙ f₂(x) = g⁻¹((½A₁ + ½A₂) g(x)), {pair(first, second)}"


def other_order(first: str, second: str) -> str:
    return f"{STYLE_NAMES.get(first, first)}, then {STYLE_NAMES.get(second, second)}"


def fitting(share: float, seconds: float) -> str:
    return f"fitting, {100 * share:.0f} %, {seconds:.0f} s"


def fitted_chip(photo: str) -> str:
    return f"fitted to {SAMPLE_NAMES.get(photo, 'your photo')}"


def film_note(seconds: float) -> str:
    return f"{seconds:.0f} s"


def load_other(names: Sequence[str]) -> str:
    return f"This is a model, but not of the styles {', '.join(names)}; one that was fitted here works."
