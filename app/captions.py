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
GALLERIES = {
    "digits": "Digits",
    "sample": "Samples",
    "mnist": "MNIST",
    "face": "Faces",
    "other": "Anything else",
}
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
        "face": f"drawn face, seed {rest}",
        "other": f"no digit, no. {rest}",
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
HANDLES_LEAD = (
    "Drag a handle up or down. Pale bars: as trained. Those of a projector are all 1, in order of importance: “keep” "
    "is its rank."
)
INPUT = "x"
BEFORE = "f(x) as trained"
NOW = "f(x) now"
SPECTRUM_PICKER = "Choose the picture x"
DIRECTIONS = "What the selected value means"
DIRECTIONS_LEAD = (
    "Upper row: c ⊙ vᵢ, with c in standard deviations of the model's data. Lower row: c ⊙ uᵢ; the same "
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
    return f"There are {count} singular values; a whole number from 0 to {count - 1} works."


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


# --- generate ----------------------------------------------------------------------------------------------
GENERATE = "Generate"
GENERATE_LEAD = (
    "Noise becomes a digit along dz/dt = V(t) z, which is linear in latents. So all N steps of the integrator are one "
    "matrix B, and one step gives the same digit."
)
SEEDS = "Noise"
SEEDS_LEAD = (
    "Each seed is a picture of white noise; here is what one step makes of fifteen of them. Pick one."
)
SEED = "Seed"
OTHER_SEEDS = "Other seeds"
CLASS = "Class"
ANY_CLASS = "any"
INTEGRATOR = "Integrator"
INTEGRATORS = {"euler": "Euler", "midpoint": "midpoint", "rk4": "RK4"}
STEPS_N = "Steps N"
N_STEPS = "The path of N steps, from t = 0 to 1"
COMPARED = "N steps, one step, their difference"
NOISE = "noise x₀"
ONE_STEP = "one step, B"
BROKEN_STEP = "one step, wrong B"
RUNNING = "running …"
IDENTICAL = "equal to the last bit"
B_SPECTRUM = "Spectrum of B"
B_SPECTRUM_LEAD = "Dashed: the limit of many small steps."
INVERSION = "From a picture back to its noise"
INVERSION_LEAD = "B⁺ finds the noise of any picture, also one of yours; B makes the picture again."
FILLS = "The pictures below fill"
X_NOISE = "its noise f⁺(x)"
X_BACK = "f(f⁺(x))"
BETWEEN = "The straight line between the two noises"
BETWEEN_LEAD = "Drag along it: every noise on the way is a digit, by one step each."
LINE_DIGIT = "digit f(x₀)"
LINE_NOISE = "noise x₀"
BREAK_SIMPSON = "Break it: collapse without the stages’ cross terms"
LAW_ONE_STEP = "one step"
LAW_INVERSION = "inversion"


def no_such_class(label: object, count: int) -> str:
    return (
        f"There is no class {str(label)[:40]}; a whole number from 0 to {count - 1}, or none for any, works."
    )


def wrong_steps(steps: object, most: int) -> str:
    return f"{str(steps)[:40]} steps cannot be taken; a whole number from 1 to {most} works."


def wrong_seed(seed: object, largest: int) -> str:
    return f"{str(seed)[:40]} is not a seed; a whole number from 0 to {largest} works."


def wrong_seeds(count: int, most: int) -> str:
    return f"{count} seeds came; a list of 1 to {most} works."


def n_steps(steps: int, method: str) -> str:
    return f"{steps} {INTEGRATORS[method]} step{'s' if steps > 1 else ''}"


def seed_note(seed: int) -> str:
    return f"seed {seed}"


def seconds(value: float) -> str:
    """A time as people read it.

    >>> seconds(0.0213), seconds(0.000021)
    ('21 ms', '0.021 ms')
    """
    if value >= 1:
        return f"{value:.1f} s"
    return f"{1000 * value:.0f} ms" if value >= 0.0995 else f"{1000 * value:.2g} ms"  # never 1.2e+02


def at_time(t: float) -> str:
    return f"{t:.2f}".rstrip("0").rstrip(".")


def difference(amplification: float) -> str:
    return "difference" if amplification == 1 else f"difference × {power_of_ten(amplification)}"


def power_of_ten(value: float) -> str:
    power = f"{value:.0e}".split("e")[1]
    return "10" + str(int(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def largest_difference(number: str) -> str:
    return IDENTICAL if number == "0" else f"at most {number}"


STEP_FORMULAS = {
    "euler": "I + h V(tₖ)",
    "midpoint": "I + h V(tₖ+h/2) (I + h/2 V(tₖ))",
    "rk4": "I + h/6 (K₁ + 2K₂ + 2K₃ + K₄)",
}
SIMPSON_FORMULA = "I + h/6 (V(tₖ) + 4V(tₖ+h/2) + V(tₖ+h))"
RK4_STAGES = "K₁ = V(tₖ), K₂ = V(tₖ+h/2)(I + h/2 K₁), K₃ = V(tₖ+h/2)(I + h/2 K₂), K₄ = V(tₖ+h)(I + h K₃)"


def generate_formula(steps: int, method: str, label: int | None, broken: bool) -> str:
    """One step and what B is, with the current numbers; HTML."""
    step = SIMPSON_FORMULA if broken else STEP_FORMULAS[method]
    start = "g_noise(x₀)" if label is None else f"(x₀ + ν{subscript(label)})"
    product = "B = " if steps == 1 else f"B = ∏ₖ₌₀<sup style='font-size: 0.75em'>{steps - 1}</sup> "
    stages = f"<br>{RK4_STAGES}" if method == "rk4" and not broken else ""
    return (
        '<p style="font-family: var(--lab-math); margin: 8px 0 0; line-height: 1.6; overflow-wrap: anywhere">'
        f"x = g_data⁻¹( B {start} ),  {product}( {step} ),  h = {1 / steps:.3g}"
        f'<span style="color: var(--lab-quiet); font-size: 0.9em">{stages}</span></p>'
    )


def spectrum_words(first: float, last: float, rank: int, size: int) -> str:
    return (
        f"σ₁ = {first:.3g}, σ{subscript(size)} = {last:.2g}; rank {rank} of {size}. The directions of the largest "
        "values decide most of the picture."
    )


def noise_note(deviation: float) -> str:
    return f"sd {deviation:.2f}"


def one_step_formula(steps: int, method: str, decibel: float) -> str:
    found = IDENTICAL if decibel == float("inf") else f"{decibel:.0f} dB"
    return f"g_data⁻¹(B g_noise(x₀)) = {n_steps(steps, method)} from x₀, {found}"


def inversion_formula(full: bool, rank: int, size: int) -> str:
    if full:
        return "N steps from g_noise⁻¹(B⁺ g_data(x)) end in x, for x₁ and x₂"
    return f"f(f⁺(f(x₀))) = f(x₀); B has rank {rank} of {size}, so f⁺ finds only what f can make"


def superposition_formula(a: float, b: float) -> str:
    a, b = minus(a), minus(b)
    return f"N steps from {a}⊙x₀ ⊕ {b}⊙x₀′ end in {a}⊙f(x₀) ⊕ {b}⊙f(x₀′)"


# --- latent PCA --------------------------------------------------------------------------------------------
LATENT_PCA = "Latent PCA"
LATENT_PCA_LEAD = (
    "The same pictures as points of two spaces: the one that g induces and the one of pixels. Hover to see a picture, "
    "click to make it the current one of every view."
)
MODEL = "Model"
DATA = "Pictures"
COUNT = "How many"
AXES = "Axes"
OWN_PICTURES = "Use your own pictures"
OWN_SOURCE = "Yours"
SCATTER = "Pictures as points"
LATENT_SIDE = "PCA of latents g(x)"
PIXEL_SIDE = "PCA of pixels"
NO_LABEL = "no label"
WALK = "Walk along a component"
WALK_LEAD = (
    "Left and upper row: ⊕ of latents. Right and lower row: + of pixels. The cross above shows where you are."
)
START = "Start"
FROM_MEAN = "from the mean"
FROM_PICTURE = "from the current picture x"
COMPONENT = "Component"
STEPS = "Standard deviations"
VARIANCE = "Explained variance"
BREAK_WALK = "Break it: project and walk in pixels"
LAW_PROJECTION = "projection"
LAW_ORTHONORMAL = "orthonormal"
LAW_WALK = "straight walk"
ORTHONORMAL_FORMULA = "⟨c₁, c₁⟩ = ⟨c₂, c₂⟩ = 1, ⟨c₁, c₂⟩ = 0, through the pictures g⁻¹(cᵢ)"


def no_such_choice(choice: object, choices: object) -> str:
    return f"There is no “{str(choice)[:40]}”; one of {', '.join(map(str, choices))} works."


def cloud_size(count: int, least: int, most: int) -> str:
    return f"{count} pictures came; from {least} to {most} work."


def count_out_of_range(count: float, least: int, most: int) -> str:
    return f"{count} pictures were asked for; from {least} to {most} work."


def component_out_of_range(component: float, most: int) -> str:
    return f"There is no component {component}; a whole number from 1 to {most} works."


def steps_out_of_range(steps: float, farthest: float) -> str:
    return (
        f"The walk cannot go {steps} standard deviations; anything from {-farthest:g} to {farthest:g} works."
    )


def panel_note(dimensions: int, explained: float, accuracy: float) -> str:
    found = "" if accuracy != accuracy else f"; 5-nearest-neighbour accuracy {accuracy:.0%}"
    return f"{dimensions} axes explain {explained:.0%}{found}"


def axis(component: int, explained: float) -> str:
    return f"c{subscript(component)} ({explained:.0%})"


def cloud_status(count: int, model: str, encoding: float, latent: float, pixel: float, device: str) -> str:
    return sentence(
        f"{count} pictures, encoded once by {model} in {encoding:.1f} s; PCA of latents {latent:.2f} s, of pixels "
        f"{pixel:.2f} s, on {device}."
    )


def sentence(text: str) -> str:
    return f'<p style="margin: 4px 0 0; color: var(--lab-quiet)">{text}</p>'


def walk_formula(component: int, steps: float, spread: float, origin: str) -> str:
    origin = "g(x)" if origin == "x" else origin
    return f"g⁻¹({origin} + {minus(steps)} · {spread:.2f} c{subscript(component)})".replace("+ −", "− ")


def pixel_walk_formula(component: int, steps: float, spread: float, origin: str) -> str:
    return f"{origin} + {minus(steps)} · {spread:.2f} c{subscript(component)}".replace("+ −", "− ")


def straight_formula(component: int, steps: float) -> str:
    return f"g(x ⊕ {minus(steps)}σ ⊙ c) − g(x) = {minus(steps)}σ g(c) for c = c{subscript(component)}"


def projection_formula(worst: str) -> str:
    return f"P onto c₁, c₂: P P = P, Pᵀ = P, P(x) nearest; the worst: {worst}"


def uploaded(found: int, refused: int, least: int) -> str:
    left = f" {refused} could not be used." if refused else ""
    more = "" if found >= least else f" At least {least} are needed for a PCA."
    return f"{found} of your pictures are in.{left}{more}"


def variance_sums(latent: float, pixel: float, components: int) -> tuple[str, str, str]:
    return f"latents {latent:.0%}", f"pixels {pixel:.0%}", f"in {components} components"


# --- project -----------------------------------------------------------------------------------------------
PROJECT = "Project"
PROJECT_LEAD = (
    "A is a projection, A² = A, so f(f(x)) = f(x) for every x: f puts whatever you give it where its digits live, and "
    "there it stays."
)
GOES_IN = "What goes in"
PAINT_HINT = "Paint on the picture: erase, add ink, or scribble noise."
ERASE = "Erase"
INK = "Ink"
SCRIBBLE = "Noise"
BRUSH = "Brush"
SPOIL = "Spoil it"
SPOILINGS = {
    "none": "whole",
    "noise": "drown in noise",
    "gaussian": "Gaussian noise",
    "salt": "salt and pepper",
    "hole": "hole",
    "cover": "cover",
    "blur": "blur",
    "negative": "negative",
}
AMOUNT = "By how much"
OTHER_DICE = "Other dice"
PROJECT_PICKER = "Choose x, draw it, or upload any picture"
RANK = "Rank k: how many axes f keeps"
PROJECTED = "Once, and once more"
ONCE = "f(x)"
TWICE = "f(f(x))"
TAKEN = "taken away, x ⊖ f(x)"
PIXELS_CHANGED = "|x − f(x)|"
MANIFOLD = "Distance to the range of f"
MANY = "Anything goes in"
MANY_LEAD = "Rows: x, f(x) with the distance between them, f(f(x)). Click an x to look at it closely."
KEEP_IN_GRID = "Put x in the grid"
BREAK_HALF = "Break it: keep half of what f takes away"
LAW_IDEMPOTENT = "idempotent"
LAW_SELF_ADJOINT = "self-adjoint"
LAW_ORTHOGONAL = "orthogonal"
SELF_ADJOINT_FORMULA = "⟨f(x), y⟩ = ⟨x, f(y)⟩, with y the first picture of the grid"
ORTHOGONAL_FORMULA = "⟨f(x), x ⊖ f(x)⟩ = 0: f(x) is the nearest point of its range"


def wrong_amount(amount: object) -> str:
    return f"The amount {str(amount)[:40]} is out of range; a number from 0 to 1 works."


def wrong_rank(rank: object, most: int) -> str:
    return f"There is no rank {str(rank)[:40]}; a whole number from 1 to {most} works."


def idempotent_formula(count: int) -> str:
    return f"f(f(x)) = f(x), for x and the {count} pictures of the grid"


def project_formula(rank: int, broken: bool) -> str:
    """f with the current rank; HTML."""
    inside = f"½(I + P{subscript(rank)})" if broken else f"P{subscript(rank)}"
    return f'<p style="font-family: var(--lab-math); margin: 8px 0 0">f(x) = g⁻¹( {inside} g(x) )</p>'


def distance_words(away: float, low: float, high: float) -> str:
    return sentence(
        f"‖x ⊖ f(x)‖ = <b>{away:.3g}</b>. Most digits of the gallery are {low:.2g} to {high:.2g} away (green), "
        "in pixels."
    )


def distance_note(away: float) -> str:
    return f"{away:.3g}"


# --- plane -------------------------------------------------------------------------------------------------
PLANE = "Plane"
PLANE_LEAD = (
    "Bend a space with your hands: drag the points. The grid is straight for g, so adding along it is linear, "
    "however bent it looks."
)
PLANE_CHOICE = "Which plane"
PLANE_MODE = "What to look at"
PLANE_CONTROLS = "Numbers"
PLANE_SHOW = "What is shown"
PLANE_MORE = "More to try"
PLANE_NAMES = {
    "moons": "moons",
    "rings": "rings",
    "spiral": "spiral",
    "checkerboard": "checkerboard",
    "identity": "identity",
    "trained": "trained here",
}
PLANE_MODES = {
    "add": "Add",
    "operator": "Operator",
    "orbit": "Orbit",
    "project": "Project",
    "flow": "Flow",
}
PLANE_SHOWN = {"grid": "grid", "data": "data", "vectors": "vectors", "circles": "circles"}
PLANE_PANES = {
    "plain": {
        "input": "input: bent, but straight for g",
        "latent": "latent: what g sees",
        "output": "output: f of everything",
    },
    "flow": {
        "input": "noise x₀",
        "latent": "latent: carried in straight steps",
        "output": "output: g⁻¹ of it",
    },
}
PLANE_WORDS = {
    "add": "The induced sum {a}⊙x ⊕ {b}⊙y lies at {induced}; the ordinary sum {a}x + {b}y at {ordinary}, {gap} away. "
    "Indigo lines are straight for g, orange ones for the eye.",
    "operator": "The induced unit circle (input) becomes an ellipse with half-axes {s1} and {s2} (output): the singular "
    "values of A. Drag the ends of its axes.",
    "orbit": "x moves along its orbit; f{raised} takes it to {place}. {why}",
    "none": "The power {p} of f does not exist: {why}",
    "project": "The induced circle about x grows until it touches the line of y: at {place}, {distance} from x in the "
    "induced distance, is the nearest point. The ordinary foot would be {plain}.",
    "flow": "{count} points of noise, t = {t}: {steps} {method} steps carry them to the data. The circles are where the "
    "one operator B lands: at most {gap} from where the steps do.",
    "negative": "A has a negative eigenvalue, so only whole powers of it are real.",
    "singular": "A flattens the plane (σ = 0), so nothing can undo it.",
}
PLANE_FORMULAS = {
    "add": "f({a}⊙x ⊕ {b}⊙y) = {a}⊙f(x) ⊕ {b}⊙f(y) = {image}",
    "operator": "f(x) = {s1}⟨x, v₁⟩⊙u₁ ⊕ {s2}⟨x, v₂⟩⊙u₂,  det A = {det}",
    "orbit": "fⁿ(x) = g⁻¹(Aⁿ g(x)),  n = {p}",
    "project": "P(x) = (⟨x, y⟩ / ⟨y, y⟩)⊙y = {c}⊙y,  ‖x ⊖ P(x)‖ = {distance}",
    "flow": "x = g⁻¹(B (x₀ + ν)),  B = diag({b1}, {b2})",
}
PLANE_ANGLES = ("u₁ at °", "v₁ at °")
PLANE_PRESETS = {
    "identity": "identity",
    "rotation": "rotation",
    "shear": "shear",
    "scaling": "scaling",
    "reflection": "reflection",
    "projection": "projection",
    "trained": "as trained",
}
PLANE_HANDLE = "{name}, {pane}"
PLANE_AT = "at {x}, {y}"
PLANE_AGAIN = "play again"
PLANE_GROW = "grow the circle"
PLANE_UNKNOWN = "The plane takes its settings as an object with x, y, a, b and more; see the page's API."
PLANE_GONE = "The plane that was trained here is no longer kept; train it again, or load the files you saved."
BREAK_PLUS = "Break it: let ⊕ be the ordinary +"
LAW_ONE_STEP = "one step"
LAW_POWER = "iteration"
LAW_PROJECTION = "projection"
LAW_SVD = "singular values"
SVD_FORMULA = "f(x) = ⊕ σᵢ⟨x, vᵢ⟩⊙uᵢ"
POWER_FORMULA = "f∘f∘f is the Linearizer of A³"
PROJECTION_FORMULA = "P(P(x)) = P(x), and P(x) is the nearest point of the line"


def plane_one_step_formula(steps: int, method: str) -> str:
    return f"g⁻¹(B z₀) is where {steps} {INTEGRATORS[method]} step{'s lead' if steps > 1 else ' leads'}"


def plane_linearity_formula(a: float, b: float) -> str:
    a, b = minus(a), minus(b)
    return f"f({a}⊙x ⊕ {b}⊙y) = {a}⊙f(x) ⊕ {b}⊙f(y)"


def plane_out_of_range(name: str, value: object, low: float, high: float) -> str:
    return f"{name} must be a number from {low:g} to {high:g}, got {value!r:.40}."


def plane_no_pair(name: str, limit: float) -> str:
    return f"{name} must be two numbers within ±{limit:g}."


def no_matrix(limit: float) -> str:
    return f"A must be two rows of two finite numbers, with singular values up to {limit:g}."


# --- a plane trained now -----------------------------------------------------------------------------------
TRAIN = "Train it now"
TRAIN_LEAD = "Pick a data set or draw your own, press train, and watch the grid bend in the planes above."
TRAIN_DRAW_HINT = "Draw two classes of points; each becomes a straight bar."
TRAIN_PAD = "Data set to train on"
TRAIN_WORDS = {
    "moons": "moons",
    "rings": "rings",
    "spiral": "spiral",
    "checkerboard": "checkerboard",
    "own": "draw your own",
    "inks": ["first class", "second class"],
    "clear": "Clear",
    "train": "Train",
    "stop": "Stop",
    "save": "Save {name}",
}
TRAIN_DONE = "Trained. It is the plane above now; keep it with the two files."
TRAIN_STOPPED = "Stopped. What it had learned is the plane above; keep it with the two files."
TRAIN_UNKNOWN = "There is no such data set; moons, rings, spiral, checkerboard or own points work."
TRAIN_FULL = "Too many people wait for a training now; please try again in a minute."
TRAIN_FAILED = "The training broke off; please try again, perhaps with other points."


def train_waiting(before: int) -> str:
    people = "one training is" if before == 1 else f"{before} trainings are"
    return f"You are number {before} in the queue: {people} before yours."


def train_step(step: int, steps: int, bending: float) -> str:
    return f"step {step} of {steps}, bending {bending:.2f}"


def train_points(most: int) -> str:
    return f"Draw between 10 and {most} points, at least 5 of each class; then the training can start."
