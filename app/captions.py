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
UNKNOWN_PICTURE = "No such picture; “digits:17”, “sample:7:42” or a “data:image/png;base64,…” address works."
BAD_LINK = "This link names a picture that does not exist here, so the view starts with its own pictures."
NO_NUMBER = "A weight must be a finite number; anything from −2 to 2 works."


def too_many_pixels(width: int | None, height: int | None, limit: int) -> str:
    size = f"{width * height / 1e6:.0f} megapixels" if width and height else "too many pixels"
    return f"The picture has {size}; up to {limit / 1e6:.0f} megapixels work."


def too_many_bytes(size: int, limit: int) -> str:
    return f"The file has {size / 2**20:.0f} MB; up to {limit / 2**20:.0f} MB work."


def wrong_shape(shape: tuple[int, ...]) -> str:
    sizes = "×".join(map(str, shape))
    return f"The picture has shape {sizes}; height × width with 1, 3 or 4 channels works."


def wrong_count(count: int) -> str:
    return f"The blend takes two, three or four pictures; {count} came."


def unequal(pictures: int, weights: int) -> str:
    return f"Each picture needs one weight; {pictures} pictures came with {weights} weights."


def out_of_range(value: float, low: float, high: float) -> str:
    return f"The weight {value:g} is out of range; anything from {low:g} to {high:g} works."


# --- pictures ----------------------------------------------------------------------------------------------
GALLERIES = {"digits": "Handwritten", "sample": "Made by the model", "mnist": "MNIST test set"}
GALLERY = "Pictures to choose from"
DRAW = "Draw or upload"
DRAW_HINT = "Draw one digit, drop a photo here, or paste one."
DRAW_PAD = "Drawing pad"
UNDO = "Undo"
CLEAR = "Clear"
UPLOAD = "Upload a photo"


def picture_name(source: str, rest: str) -> str:
    """What a caption calls the picture with this reference."""
    label, _, seed = rest.partition(":")
    names = {
        "digits": f"digit no. {rest}",
        "mnist": f"MNIST test {rest}",
        "sample": f"sample {label or 'of anything'}, seed {seed}",
    }
    return names.get(source, "your picture")


# --- proof meter, snippet, link ----------------------------------------------------------------------------
METER = "Proof meter"
METER_HOLDS = "holds to rounding"
METER_WAIT = "measuring …"
NOT_A_NUMBER = "not finite"
BREAK_ADD = "Break it: let ⊕ be the pixel average"
PYTHON = "Python for this view"
LINK = "Link to this view"
COPY = "Copy"
COPIED = "Copied"


def meter_broken(law: str) -> str:
    return f"broken: {law} no longer holds"


# --- interpolate -------------------------------------------------------------------------------------------
INTERPOLATE = "Interpolate"
INTERPOLATE_LEAD = (
    "Add pictures as vectors. Adding pixels gives a double exposure; adding in the space that g induces "
    "gives another digit."
)
MIXER = "Pictures and their weights"
PICKER = "Choose a picture for the marked place"
STAGE = "The blend"
INDUCED = "⊕ in the induced space"
PIXEL = "+ of pixels"
ADD_PICTURE = "Add a picture"
REMOVE_PICTURE = "Remove the marked one"
EQUAL_WEIGHTS = "Equal weights"
FILM = "The straight line from x₁ to x₂"
FILM_LEAD = "Drag along the film. Both rows are straight lines, each in its own space."
FILM_USE = "Take these weights"
FILM_INDUCED = "⊕ path"
FILM_PIXEL = "pixel path"
ALONG_INDUCED = "induced distance"
ALONG_PIXEL = "pixel distance"
LAW_ROUND_TRIP = "round trip"
LAW_SPACE = "vector space"
LAW_LINEARITY = "linearity"
SUBSCRIPTS = "₁₂₃₄"


def weight(index: int) -> str:
    return f"Weight w{SUBSCRIPTS[index]}"


def slot(index: int) -> str:
    return f"x{SUBSCRIPTS[index]}"


def minus(value: float) -> str:
    """A number with two decimals and a real minus sign."""
    return f"{value:.2f}".replace("-", "−")


def blend_formula(weights: list[float]) -> str:
    terms = [f"{minus(w)} g(x{SUBSCRIPTS[i]})" for i, w in enumerate(weights)]
    return "g⁻¹( " + " + ".join(terms).replace("+ −", "− ") + " )"


def pixel_formula(weights: list[float]) -> str:
    terms = [f"{minus(w)} x{SUBSCRIPTS[i]}" for i, w in enumerate(weights)]
    return " + ".join(terms).replace("+ −", "− ")


def axiom_formula(worst: str) -> str:
    return f"all eight axioms of ⊕ and ⊙; the worst: {worst}"


def linearity_formula(a: float, b: float) -> str:
    a, b = minus(a), minus(b)
    return f"f({a}⊙x₁ ⊕ {b}⊙x₂) = {a}⊙f(x₁) ⊕ {b}⊙f(x₂)"
