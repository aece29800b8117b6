"""Every sentence the visitor reads. Short, exact, friendly; numbers come in as arguments."""

TITLE = "Linearizer Lab"
TAGLINE = "A neural network can be exactly linear. It depends on how you add."
FLIP_THEME = "Light or dark"
FOOT = "f(x) = g_y⁻¹(A g_x(x)), from “Who Said Neural Networks Aren’t Linear?”, arXiv:2510.08570"

# --- bad input ---------------------------------------------------------------------------------------------
EMPTY_FILE = "This file is empty; a PNG, JPEG or WebP picture works."
NO_FILE = "No file arrived; please choose the picture again."
NOT_A_PICTURE = "This file is not a picture that can be read; PNG, JPEG, WebP, GIF and BMP work."
NO_INK = "The picture is one plain shade; a digit drawn dark on light or light on dark works."
NOT_NUMBERS = "The picture must hold numbers; bytes 0 to 255 or floats 0 to 1 work."
NOT_FINITE = "The picture holds values that are not finite; bytes 0 to 255 or floats 0 to 1 work."
NO_MNIST = "MNIST is not on this machine; pictures from “digits:” and “sample:” always work."
UNKNOWN_PICTURE = (
    "No such picture; “digits:17”, “sample:7:42” (digit 7, seed 42) or a picture file’s data address work."
)
NO_NUMBER = "A weight must be a finite number; anything from −2 to 2 works."
BUSY = "The lab could not answer; please try once more."


def too_many_pixels(width: int | None, height: int | None, limit: int) -> str:
    size = f"{width * height / 1e6:.0f} megapixels" if width and height else "too many pixels"
    return f"The picture has {size}; up to {limit / 1e6:.0f} megapixels work."


def too_many_bytes(size: int, limit: int) -> str:
    return f"The file has {size / 2**20:.0f} MB; up to {limit / 2**20:.0f} MB work."


def wrong_shape(shape: tuple[int, ...]) -> str:
    sizes = "×".join(map(str, shape))
    return f"The picture has shape {sizes}; height × width with 1, 3 or 4 channels works."


def wrong_count(count: int) -> str:
    return f"{count} pictures came; two, three or four work."


def unequal(pictures: int, weights: int) -> str:
    return f"{pictures} pictures came with {weights} weights; one weight for each picture works."


def out_of_range(value: float, low: float, high: float) -> str:
    return f"The value {value:g} is out of range; anything from {low:g} to {high:g} works."


# --- pictures ----------------------------------------------------------------------------------------------
def picture_name(source: str, rest: str) -> str:
    label, _, seed = rest.partition(":")
    names = {
        "digits": f"digit no. {rest}",
        "mnist": f"MNIST test {rest}",
        "sample": f"sample {label or 'of anything'}, seed {seed}",
    }
    return names.get(source, "your picture")


GALLERIES = {"digits": "Handwritten", "sample": "Made by the model", "mnist": "MNIST test set"}
DRAW = "Draw"
DRAW_HINT = "Draw one digit"
DRAW_CLEAR = "Clear"
UPLOAD = "Upload"
UPLOAD_HINT = "A photo or scan of one digit, dark on light or light on dark. On a phone: take a photo."
UPLOAD_BUTTON = "Choose a picture"

# --- proof meter, snippet, link ----------------------------------------------------------------------------
METER = "Proof meter"
METER_HOLDS = "holds to rounding"
NOT_A_NUMBER = "not finite"
METER_WAIT = "measuring …"


def meter_broken(law: str) -> str:
    return f"broken: {law} no longer holds"


BREAK_ADD = "Break it: let ⊕ be the pixel average"
PYTHON = "Python for this view"
LINK = "Link to this view"
COPY = "Copy"
COPIED = "Copied"

# --- interpolate -------------------------------------------------------------------------------------------
INTERPOLATE = "Interpolate"
INTERPOLATE_LEAD = (
    "Add pictures as vectors. Pixels give a double exposure; the space that g induces gives another digit."
)
INDUCED = "Induced blend"
PIXEL = "Pixel blend"
SLOT_HINT = "Click a picture to change it."
ADD_PICTURE = "Add a picture"
REMOVE_PICTURE = "Remove"
EQUAL_WEIGHTS = "Equal weights"


def slot(index: int) -> str:
    return "x" + "₁₂₃₄"[index]


def weight(index: int) -> str:
    return "Weight w" + "₁₂₃₄"[index]
