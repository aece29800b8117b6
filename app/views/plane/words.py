"""Every sentence of the Plane view."""

from app.words import INTEGRATORS, minus

LEAD = "Drag x and y. The grid is straight for g, so adding along it is linear; only training bends it."
CHOICE = "Which plane"
MODE = "What to look at"
CONTROLS = "Numbers"
SHOW = "What is shown"
MORE = "More to try"
NAMES = {
    "moons": "moons",
    "rings": "rings",
    "spiral": "spiral",
    "checkerboard": "checkerboard",
    "identity": "identity",
    "trained": "yours",
}
MODES = {
    "add": "Add",
    "operator": "Operator",
    "orbit": "Orbit",
    "project": "Project",
    "flow": "Flow",
}
SHOWN = {"grid": "grid", "data": "data", "vectors": "vectors", "circles": "circles"}
PANES = {
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
WORDS = {
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
    "broken": "+ in the place of ⊕: what should be one and the same point lies {gap} apart (red). {flat}",
    "flat": "On the plane “identity” + is ⊕, so nothing parts.",
    "negative": "A has a negative eigenvalue, so only whole powers of it are real.",
    "singular": "A flattens the plane (σ = 0), so nothing can undo it.",
}
FORMULAS = {
    "add": "f({a}⊙x ⊕ {b}⊙y) = {a}⊙f(x) ⊕ {b}⊙f(y) = {image}",
    "operator": "f(x) = {s1}⟨x, v₁⟩⊙u₁ ⊕ {s2}⟨x, v₂⟩⊙u₂,  det A = {det}",
    "orbit": "fⁿ(x) = g⁻¹(Aⁿ g(x)),  n = {p}",
    "project": "P(x) = (⟨x, y⟩ / ⟨y, y⟩)⊙y = {c}⊙y,  ‖x ⊖ P(x)‖ = {distance}",
    "flow": "x = g⁻¹(B (x₀ + ν)),  B = diag({b1}, {b2})",
}
PARTING = {  # what + in the place of ⊕ makes of them; where both sides are one, {sign} is =
    "add": "f({a}x + {b}y) {sign} {a}f(x) + {b}f(y)",
    "operator": "g⁻¹(σ₁u₁) {sign} σ₁u₁",
    "orbit": "g⁻¹(A g(x)) {sign} A x",
    "project": "P(x) {sign} (xᵀy / yᵀy) y",
    "flow": "g⁻¹(z(½)) {sign} ½x₀ + ½x(1)",
}
STEPS = {  # the way of every picture: out by g, one linear step, back by g⁻¹
    "add": ["g: to the straight plane", "a·g(x) + b·g(y): add there", "g⁻¹: and back"],
    "operator": ["g: to the straight plane", "A: stretch and turn there", "g⁻¹: and back"],
    "orbit": ["g: to the straight plane", "Aⁿ: n times there", "g⁻¹: and back"],
    "project": ["g: to the straight plane", "P: drop a perpendicular there", "g⁻¹: and back"],
    "flow": ["g: noise as it is", "B: all steps at once", "g⁻¹: to the data"],
}
ANGLES = ("u₁ at °", "v₁ at °")
PRESETS = {
    "identity": "identity",
    "rotation": "rotation",
    "shear": "shear",
    "scaling": "scaling",
    "reflection": "reflection",
    "projection": "projection",
    "trained": "as trained",
}
HANDLE = "{name}, {pane}"
AT = "at {x}, {y}"
AGAIN = "play again"
GROW = "grow the circle"
VALUE = "The plane’s value"
PLANE_GONE = "The plane that was trained here is no longer kept; train it again, or load the files you saved."
BREAK_PLUS = "Break it: let ⊕ be the ordinary +"
LAW_POWER = "iteration"
LAW_SVD = "singular values"
SVD_FORMULA = "f(x) = ⊕ σᵢ⟨x, vᵢ⟩⊙uᵢ"
POWER_FORMULA = "f∘f∘f is the Linearizer of A³"
PROJECTION_FORMULA = "P(P(x)) = P(x), and P(x) is the nearest point of the line"


def one_step_formula(steps: int, method: str) -> str:
    return f"g⁻¹(B z₀) is where {steps} {INTEGRATORS[method]} step{'s lead' if steps > 1 else ' leads'}"


def linearity_formula(a: float, b: float) -> str:
    a, b = minus(a), minus(b)
    return f"f({a}⊙x ⊕ {b}⊙y) = {a}⊙f(x) ⊕ {b}⊙f(y)"


def too_strong(limit: float) -> str:
    return f"matrix must have singular values up to {limit:g}; scale it down."


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
    "load": "Load a saved plane",
    "csv_in": "Load points (CSV)",
    "csv_out": "Save these points (CSV)",
    "large": "These files are too large; a saved plane has two small ones, and a list of points a few thousand lines.",
}
TRAIN_DONE = "Trained. It is the plane above now; keep it with the two files."
TRAIN_STOPPED = "Stopped. What it had learned is the plane above; keep it with the two files."
TRAIN_BEGINS = "The training begins …"
TRAIN_LEFT = "Stopped before it began; the place in the queue is free again."
BROUGHT_PLANE = "Loaded. It is the plane above now."
BRING_NOTHING = (
    "No file came that can be read; choose config.json and model.safetensors of a saved plane, or a CSV."
)
BRING_OTHER = (
    "This is a model, but no plane; config.json and model.safetensors of a plane that was saved here work."
)
TRAIN_UNKNOWN = "There is no such data set; moons, rings, spiral, checkerboard or own points work."


def train_step(step: int, steps: int, bending: float) -> str:
    return f"step {step} of {steps}, bending {bending:.2f}"


def train_points(most: int) -> str:
    return (
        f"Draw or load between 10 and {most} points, at least 5 of each class; then the training can start."
    )


def quoted(name: str) -> str:
    """A file as a sentence names it, never long.

    >>> quoted("points.csv")
    '“points.csv”'
    """
    return f"“{name if len(name) <= 40 else name[:37] + '…'}”"


def bring_too_large(most: int) -> str:
    return f"These files have more than {most / 1e6:.0f} MB; a saved plane has two small ones."


def brought_points(count: int, classes: int) -> str:
    return f"{count} points of {classes} class{'es' if classes > 1 else ''} are in; press train."


def too_many_points(name: str, count: int, most: int) -> str:
    return f"{quoted(name)} holds {count} points, and {most} are the most; leave some out."


def too_many_classes(name: str, count: int, most: int) -> str:
    return f"{quoted(name)} has {count} different labels, and {most} are the most; join some of them."


def point_outside(name: str, row: int, x: float, y: float, view: float) -> str:
    return (
        f"{quoted(name)}, row {row}: ({x:g}, {y:g}) is not within ±{view:g}, the square that the plane shows; divide all "
        "points by the largest, or take that row out."
    )


def label_broken(name: str, row: int, label: float) -> str:
    return f"{quoted(name)}, row {row}: labels are whole numbers, got {label:g}; correct it or take that row out."
