"""Wording that several views share, and every number format. Short, exact, friendly; numbers come in as arguments."""

import html
import math
import re
from collections.abc import Mapping, Sequence

TITLE = "Linearizer Lab"
TAGLINE = "A neural network can be exactly linear. It depends on how you add."
FLIP_THEME = "Light or dark"
ARXIV = "2510.08570"
PAPER, PAPER_ADDRESS = f"arXiv:{ARXIV}", f"https://arxiv.org/abs/{ARXIV}"
FOOT = (
    "f(x) = g<sub>y</sub>⁻¹(A g<sub>x</sub>(x)), from “Who Said Neural Networks Aren’t Linear?”, "
    f'<a href="{PAPER_ADDRESS}" target="_blank" rel="noopener">{PAPER}</a>'
)
SYMBOLS = "What the symbols mean"
# Each: title, equation, two sentences, which part of the paper is on it, by its topic.
SYMBOL_F = (
    "A Linearizer",
    "f(x) = g_y⁻¹( A g_x(x) )",
    "Encode by g, multiply by A, decode by g⁻¹. In the spaces that g makes it is exactly linear.",
    "on the architecture of a Linearizer",
)
SYMBOL_G = (
    "An invertible network",
    "z = g(x),  x = g⁻¹(z)",
    "It bends the space of pictures until adding makes sense, and loses nothing: g⁻¹ brings every z back.",
    "on invertible networks",
)
SYMBOL_ADD = (
    "Induced addition",
    "x ⊕ y = g⁻¹( g(x) + g(y) )",
    "Add where things are straight, then come back. All rules of a vector space hold for it.",
    "on the operations of the induced space",
)
SYMBOL_SCALE = (
    "Induced scaling",
    "a ⊙ x = g⁻¹( a g(x) )",
    "Stretch the latent by a, then come back. ½ ⊙ x ⊕ ½ ⊙ y is the middle of x and y, along a bent line.",
    "on the operations of the induced space",
)
SYMBOL_A = (
    "A linear operator",
    "A(u + v) = A u + A v",
    "The only part of f that a student of linear algebra has to know. What one does to a matrix, one does to f.",
    "on the linearity of a Linearizer",
)
SYMBOL_SIGMA = (
    "Singular values",
    "f(x) = ⊕ᵢ σᵢ ⟨x, vᵢ⟩ ⊙ uᵢ",
    "How strongly f passes on each of its directions, the strongest first. Setting the small ones to 0 leaves what matters.",
    "on the singular value decomposition of a Linearizer",
)
SYMBOL_INNER = (
    "Induced inner product",
    "⟨x, y⟩ = ⟨g(x), g(y)⟩",
    "The inner product of the latents. It gives lengths, angles and projections to pictures.",
    "on the inner product of the induced space",
)
SYMBOL_PINV = (
    "Pseudo-inverse",
    "f⁺(y) = g_x⁻¹( A⁺ g_y(y) )",
    "The way back through A where there is one, and the nearest where there is none. So f can be undone.",
    "on the pseudo-inverse of a Linearizer",
)
ENGINE = {  # the word in the footer on where a tick ran
    "browser": "The last move was computed in this browser",
    "server": "The last move was computed on the server",
    "loading": "Loading the model",
    "ready": "is here: moves of your hand are computed in this browser",
    "failed": "The server computes every move",
    "on": "Compute in this browser",
    "off": "Leave it to the server",
}
EMPTY_FILE = "This file is empty; a PNG, JPEG or WebP picture works."
NO_FILE = "No file arrived; please choose the picture again."
NOT_A_PICTURE = "This file is not a picture that can be read; PNG, JPEG, WebP, GIF and BMP work."
NO_INK = "The picture is one plain shade; a digit drawn dark on light or light on dark works."
NOT_NUMBERS = "The picture must hold numbers; bytes 0 to 255 or floats 0 to 1 work."
NOT_FINITE = "The picture holds values that are not finite; bytes 0 to 255 or floats 0 to 1 work."
NO_MNIST = "MNIST is not on this machine; pictures from “digits:” and “sample:” always work."
UNKNOWN_PICTURE = "No such picture; “digits:17”, “sample:7:42” or a “data:image/png;base64,…” address works."
UNKNOWN_PHOTO = "No such photo; “china”, “flower” or a “data:image/jpeg;base64,…” address works."
PHOTO_GONE = "This photo is no longer in the lab’s memory; please upload it again."
BAD_LINK = "A part of this link cannot be read, or names what does not exist here; the view starts with its own there."


TOO_MANY_PIXELS = "The picture has {} megapixels; up to {} megapixels work."


def too_many_pixels(width: int | None, height: int | None, limit: int) -> str:
    size = f"{width * height / 1e6:.0f}" if width and height else "too many"
    return TOO_MANY_PIXELS.format(size, f"{limit / 1e6:.0f}")


def too_many_bytes(size: int, limit: int) -> str:
    return f"The file has {size / 2**20:.0f} MB; up to {limit / 2**20:.0f} MB work."


def wrong_shape(shape: tuple[int, ...]) -> str:
    sizes = "×".join(map(str, shape))
    return f"The picture has shape {sizes}; height × width with 1, 3 or 4 channels works."


TAKES_ONE_SPACE = "one network as both g_x and g_y, so that pictures have a space in which they are added"
TAKES_GENERATORS = "a model that makes pictures of noise, as a Generator does"
TAKES_ORDER = "latent axes in order of importance, as those of a Projector"
MODEL_GONE = "That model is not on this server, or not any more; bring it again, or choose another."


def lacks(title: str, takes: str) -> str:
    return f"{title} is not offered here: this view takes {takes}."


def lack(titles: Sequence[str], takes: str) -> str:
    return f"Not offered here: {', '.join(titles)}; this view takes {takes}."


OWN_MODEL = "A model of your own"
OWN_MODEL_LEAD = (
    "The two files that lc.save wrote, config.json and model.safetensors, of a Linearizer for square pictures with 1 or 3 "
    "channels and a side of 4 to 128. Nothing in them is run. You alone see it here, and who gets a link of yours."
)
OWN_MODEL_ELSEWHERE = (
    "Plane takes none, since it draws points of a plane, and Styles takes none, since it paints photos of any size; a plane "
    "or a painter that was trained there is loaded there."
)
OWN_MODEL_FILES = "Choose both files"
OWN_MODEL_HUB = "Or its name on the Hub, owner/name; Enter fetches it"
YOURS = "yours"
TWO_FILES = "Choose two files together: one config.json and one model.safetensors, as lc.save writes them."
NO_HUB_NAME = "A model on the Hub has a name such as owner/name."
NOT_FINITE_MODEL = (
    "The model makes NaN or infinity of a picture; train it with a lower rate, and save it again."
)
TRIALS_BUSY = "Other models are being tried just now; try again in a minute."
TRIAL_BROKE = "The model could not be used: it broke off at the first picture."
TRIAL_MEMORY = "The model takes more memory than there is for one here; a smaller one works."


def no_linearizer(kind: str) -> str:
    return (
        f"The lab shows Linearizers of pictures, and this is a {kind}; lc.Linearizer(g, A, g) would make one."
    )


PICTURES_WORK = "square pictures with 1 or 3 channels and a side of 4 to 128 work"
PHOTOS = (
    f"The model takes photos of any size; {PICTURES_WORK}, and Styles loads a painter that was trained there."
)


def wrong_points(shape: tuple[int, ...]) -> str:
    found = "×".join(map(str, shape))
    plane = ", and Plane loads a plane that was trained there" if shape == (2,) else ""
    return f"The model takes points of shape {found}; {PICTURES_WORK}{plane}."


def other_points(shape: tuple[int, ...], other: tuple[int, ...]) -> str:
    one, two = ("×".join(map(str, found)) for found in (shape, other))
    return f"The model makes {two} of {one}; both must be pictures of one size here."


def too_large(numbers: int, most: int) -> str:
    return f"The model holds {numbers:,} numbers; up to {most:,} work here.".replace(",", " ")


def too_slow(step: str, seconds: float, most: float) -> str:
    return (
        f"The model is too slow for the lab: {step} took {seconds:.2g} s here, and at most {most:g} s work."
    )


def trial_too_long() -> str:
    return "The model took too long to load and to be used once; a smaller one works."


def wrong_images(shape: tuple[int, ...], found: tuple[int, ...]) -> str:
    wanted, came = ", ".join(map(str, shape)), " × ".join(map(str, found)) or "no tensor"
    return f"images must be a tensor (N, {wanted}) with at least 2 pictures, got {came}."


def no_such_model(name: str) -> str:
    return f"{name} is no folder here and no “owner/name” on the Hub; a folder that lc.save or a training wrote works."


def hub_not_allowed(allowed: list[str]) -> str:
    which = ", ".join(allowed) or "no name"
    return f"This server takes {which} from the Hub; two files of yours work."


def hub_unreachable(name: str) -> str:
    return f"{name} could not be found on the Hub; check the name and the network."


def hub_holds_none(name: str, *files: str) -> str:
    return f"{name} does not hold {' and '.join(files)}, which lc.push_to_hub writes."


def no_room(count: int) -> str:
    return f"{count} models of visitors are being looked at here; there is room again ten minutes after one is left."


def admitted(title: str, shape: str, views: Sequence[str], others: Mapping[str, str]) -> str:
    """Which views offer a model that came in, and what the others take."""
    lacking = "".join(f" {view} takes {takes}." for view, takes in others.items())
    return f"“{title}”, for pictures of {shape}, is among the models of {', '.join(views)} now.{lacking}"


def bad_name(most: int) -> str:
    return f"name must be a text of 1 to {most} characters, which the lab's buttons show; “yours” works."


def cannot_listen(why: str) -> str:
    return f"The lab cannot listen there ({why}); another port works, or none for a free one."


def name_taken(name: str) -> str:
    return f"A model called {name} is here already; another name works."


GALLERIES = {
    "digits": "Digits",
    "sample": "Samples",
    "mnist": "MNIST",
    "face": "Faces",
    "other": "Anything else",
    "model": "Of the model",
}
GALLERY = "Pictures to choose from"
INTAKE = "A picture of your own"
INTAKE_WORDS = {
    "draw": "Draw",
    "upload": "Upload",
    "camera": "Camera",
    "hint": "or paste a picture, or drop one here",
    "pad": "Drawing pad",
    "draw_hint": "Draw one digit.",
    "undo": "Undo",
    "clear": "Clear",
    "take": "Take it",
    "close": "Close",
    "understood": "How the picture is taken",
    "given": "yours",
    "seen": "what g sees",
    "no_file": "No file arrived; a picture from your disk works.",
    "no_camera": "No camera was found; upload a picture instead.",
    "camera_refused": "The browser did not allow the camera; allow it there, or upload a picture.",
}
TAKEN = {"digit": "as a digit", "face": "as a face", "whole": "as it is"}


def known(times: float) -> str:
    """How far a picture is from what g knows: `times` as far out as 99 in 100 test pictures.

    >>> known(0.4), known(2.52)[:25]
    ('g knows pictures like this.', 'Far from what g knows: 2.')
    """
    if times <= 1:
        return "g knows pictures like this."
    size = f"{times:.1f}" if times < 10 else f"{times:.0f}"
    return f"Far from what g knows: {size} times as far out as 99 in 100 test pictures."


def picture_name(source: str, rest: str, label: int = -1) -> str:
    """What a caption calls the picture with this reference, by what is seen on it where that is known.

    >>> picture_name("digits", "318", 3), picture_name("face", "12")
    ('a 3, no. 318', 'a drawn face, seed 12')
    """
    seed = rest.rpartition(":")[2]
    seen = f"an {label}" if label == 8 else f"a {label}" if label >= 0 else "a digit"
    names = {
        "digits": f"{seen}, no. {rest}",
        "mnist": f"{seen}, MNIST test {rest}",
        "face": f"a drawn face, seed {rest}",
        "other": f"no digit, no. {rest}",
        "sample": f"{seen} drawn by the model, seed {seed}",
        "model": f"the model’s no. {rest.rpartition(':')[2]}",
    }
    return names.get(source, "your picture")


CHART = {
    "png": "Save as PNG",
    "svg": "Save as SVG",
    "csv": "Save the points as CSV",
    "thumbnails": "pictures",
    "lines": "density",
    "by_hand": "move by hand",
    "legend": "Classes shown",
    "picture": "picture",
    "keys": "pictures. Arrow keys move between them, Enter picks one, + and − zoom.",
    "failed": "The chart could not be drawn; reload the page.",
}
PATH = "The path from x to f(x)"
NUMBER_RULE = "A number from {low} to {high} works here; the one before stays."
WHOLE_RULE = "A whole number from {low} to {high} works here; the one before stays."
METER = "Proof meter"
METER_HOLDS = "holds to rounding"
METER_WAIT = "measuring …"
NOT_A_NUMBER = "not finite"
BREAK_ADD = "Break it: let ⊕ be the pixel average"
PYTHON = "Python for this view"
LINK = "Link to this view"
NO_LINK = "No link can carry this: pictures of your own, or too many of them, stay on this page."
STAYS = "What is your own stays on this page: the link opens the lab’s own in its place."
LINK_WORDS = {
    "copy": "Copy link",
    "copied": "The link is copied.",
    "reset": "Start again",
    "save": "Save picture",
    "picture": "Copy picture",
    "pictured": "The picture is copied.",
    "saved": "The picture is saved.",
    "instead": "This browser copies no pictures, so it was saved.",
    "nothing": "There is nothing to see yet.",
    "long": "Too long for the address bar: the link keeps your pictures, reloading the page does not.",
}


METER_BROKEN = "broken: {law} no longer holds"


def meter_broken(law: str) -> str:
    return METER_BROKEN.format(law=law)


FILM = "The straight line from x₁ to x₂"
FILM_INDUCED = "⊕ path"
FILM_PIXEL = "pixel path"
ALONG_INDUCED = "induced distance"
ALONG_PIXEL = "pixel distance"
LAW_ROUND_TRIP = "round trip"
LAW_SPACE = "vector space"
LAW_LINEARITY = "linearity"
SUBSCRIPTS = "₁₂₃₄"


def slot(index: int) -> str:
    return f"x{SUBSCRIPTS[index]}"


def minus(value: float) -> str:
    """A number with two decimals and a real minus sign."""
    return f"{value:.2f}".replace("-", "−")


def axiom_formula(worst: str) -> str:
    return f"all eight axioms of ⊕ and ⊙; the worst: {worst}"


def linearity_formula(a: float, b: float) -> str:
    a, b = minus(a), minus(b)
    return f"f({a}⊙x₁ ⊕ {b}⊙x₂) = {a}⊙f(x₁) ⊕ {b}⊙f(x₂)"


INPUT = "x"


def typeset(formula: str) -> str:
    """HTML of a formula, where indices stand low that no letter of Unicode is written as; lab.js has the same for nodes.

    >>> typeset("g_y⁻¹")
    'g<sub>y</sub>⁻¹'
    """
    return re.sub("_([a-z]+)", r"<sub>\1</sub>", html.escape(formula))


def subscript(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def deviations(steps: float) -> str:
    return "0" if steps == 0 else f"{steps:+g} sd".replace("-", "−")


INTEGRATORS = {"euler": "Euler", "midpoint": "midpoint", "rk4": "RK4"}
IDENTICAL = "equal to the last bit"
LAW_ONE_STEP = "one step"


def difference(amplification: float) -> str:
    return "difference" if amplification == 1 else f"difference × {power_of_ten(amplification)}"


def power_of_ten(value: float) -> str:
    power = f"{value:.0e}".split("e")[1]
    return "10" + str(int(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def largest_difference(number: str) -> str:
    return IDENTICAL if number == "0" else f"at most {number}"


MODEL = "Model"
LAW_PROJECTION = "projection"


def sentence(text: str) -> str:
    """A line of plain text as HTML; names that visitors chose may stand in it.

    >>> "<b>" in sentence("<b>")
    False
    """
    return f'<p style="margin: 4px 0 0; color: var(--lab-quiet)">{html.escape(text, quote=False)}</p>'


def too_many_labels(count: int, most: int) -> str:
    return f"The pictures have {count} different labels; more than {most} cannot be told apart on a chart."


def archive_too_large(name: str, most: int, others: bool) -> str:
    """Of an archive, or of the last of several."""
    what = f"“{name}” and those before it unpack" if others else f"“{name}” unpacks"
    return f"{what} to more than {most // 10**6} MB; a zip with fewer or smaller pictures works."


def table_too_large(name: str, most: int) -> str:
    return f"“{name}” has more than {most // 10**6} MB; a table with a line for each picture works."


def bad_archive(name: str) -> str:
    return f"“{name}” is no zip that can be read; pack the folders of pictures anew."


def bad_table(name: str) -> str:
    return f"“{name}” is no table of labels; a line for each picture works: file name, label."


def too_small(width: int, height: int, least: int) -> str:
    return f"The photo has {width}×{height} pixels; at least {least}×{least} are needed."


# --- the training hall
HALL_FULL = "Too many people wait for a training now; please try again in a minute."
HALL_TWICE = "This training is already in the hall; stop it, or wait until it is done."
HALL_BROKE = "The training broke off; please try again, perhaps with other data."


def hall_waiting(before: int) -> str:
    people = "one training is" if before == 1 else f"{before} trainings are"
    return f"You are number {before} in the queue: {people} before yours."


# --- saved models
SAVED_FILES = (
    "A model is the zip that was saved here, or its two files, config.json and model.safetensors, together."
)


def saved_too_large(most: int) -> str:
    return f"The files have more than {most / 1e6:.0f} MB; a model that was saved here has less."


def saved_broken(why: str) -> str:
    return f"This is no model that can be read: {why}"


# --- devices
NO_MEMORY = "The graphics card has too little memory for this, so the CPU did it."
TOO_MUCH_MEMORY = "This machine has too little memory for that many pictures; fewer would work."


def card_refused(reason: str) -> str:
    said = reason.strip().splitlines()[0][:80].rstrip(".") if reason.strip() else "no reason given"
    return f"No graphics card was to be had ({said}), so the CPU did it."


# --- numbers
def number(error: float) -> str:
    """An error as people write it.

    >>> number(3.2e-7), number(0.0), number(0.31), number(float("nan"))
    ('3.2·10⁻⁷', '0', '0.31', 'not finite')
    """
    if not math.isfinite(error):
        return NOT_A_NUMBER
    if error == 0 or error >= 0.01:
        return f"{error:.2g}" if error < 1000 else f"{error:.0f}"
    digits, power = f"{error:.1e}".split("e")
    return f"{digits}·10" + str(int(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def seconds(value: float) -> str:
    """A time as people read it.

    >>> seconds(0.0213), seconds(0.000021)
    ('21 ms', '0.021 ms')
    """
    if value >= 1:
        return f"{value:.1f} s"
    return f"{1000 * value:.0f} ms" if value >= 0.0995 else f"{1000 * value:.2g} ms"  # never 1.2e+02
