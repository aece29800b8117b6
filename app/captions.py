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
GALLERIES = {"digits": "Digits", "sample": "By the model", "mnist": "MNIST"}
GALLERY = "Pictures to choose from"
DRAW = "Draw"
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
REMOVE_PICTURE = "Remove it"
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


# --- spectrum ----------------------------------------------------------------------------------------------
SPECTRUM = "Spectrum"
SPECTRUM_LEAD = (
    "f stretches each direction vᵢ of the input into a direction uᵢ of the output, by σᵢ. Drag the σᵢ and see what "
    "each of them means."
)
HANDLES = "Singular values of A"
HANDLES_LEAD = "Drag a handle up or down. Pale bars: as trained."
INPUT = "x"
BEFORE = "f(x) as trained"
NOW = "f(x) now"
SPECTRUM_PICKER = "Choose the picture x"
DIRECTIONS = "What the selected value means"
DIRECTIONS_LEAD = (
    "Upper row: c ⊙ vᵢ, with c in standard deviations of the model's digits. Lower row: c ⊙ uᵢ; the same "
    "where A is symmetric, as it is here."
)
INPUT_DIRECTION = "Input direction"
OUTPUT_DIRECTION = "Output direction"
BREAK_CLIP = "Break it: clip the latents before A"
LAW_SVD = "SVD"
LAW_PAIR = "one pair"
NO_MOVES = (
    "A move is [“set”, i, v], [“keep”, k] or [“power”, p] with finite numbers; a list of at most 2000 works."
)


def subscript(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def no_such_value(count: int) -> str:
    return f"There are {count} singular values; a whole number from 0 to {count - 1} selects one."


def move_out_of_range(kind: str, number: float, low: float, high: float) -> str:
    return f"The move “{kind}” came with {number:g}; a number from {low:g} to {high:g} works there."


def deviations(steps: float) -> str:
    return "0" if steps == 0 else f"{steps:+g} sd".replace("-", "−")


def spectrum_formula(i: int, sigma: float, along: float, rank: int) -> str:
    i, along = subscript(i), f"({minus(along)})" if along < 0 else minus(along)
    return (
        f'<p style="font-family: var(--lab-math); margin: 8px 0 0">f(x) = ⊕ᵢ σᵢ ⟨x, vᵢ⟩ ⊙ uᵢ, {rank} terms; '
        f"the selected one is <b>{sigma:.3g}</b> · {along} ⊙ u{i}</p>"
    )


def svd_formula(terms: int) -> str:
    return f"f(x) = ⊕ᵢ σᵢ ⟨x, vᵢ⟩ ⊙ uᵢ, its first {terms} terms; vᵢ and uᵢ orthonormal"


def pair_formula(i: int, c: float, sigma: float) -> str:
    name = subscript(i)
    return f"f({minus(c)} ⊙ v{name}) = {minus(c)} · {sigma:.3g} ⊙ u{name}"
