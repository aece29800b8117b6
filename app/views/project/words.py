"""Every sentence of the Project view."""

from app.words import sentence, subscript

LEAD = (
    "A is a projection, A² = A, so f(f(x)) = f(x) for every x: f puts whatever you give it where its pictures live, and "
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
PICKER = "Choose x, draw it, or upload any picture"
RANK = "Rank k: how many axes f keeps"
STAGE = "Once, and once more"
ONCE = "f(x)"
TWICE = "f(f(x))"
TAKEN = "taken away, x ⊖ f(x)"
PIXELS_CHANGED = "|x − f(x)|"
MANIFOLD = "Distance to the range of f"
MANY = "Anything goes in"
MANY_LEAD = "Rows: x, f(x) with the distance between them, f(f(x)). Click an x to look at it closely."
KEEP_IN_GRID = "Put x in the grid"
UNITS = {"digit": "in pixels", "face": "in latents"}  # what the axes of its model count
BREAK_HALF = "Break it: keep half of what f takes away"
LAW_IDEMPOTENT = "idempotent"
LAW_SELF_ADJOINT = "self-adjoint"
LAW_ORTHOGONAL = "orthogonal"
SELF_ADJOINT_FORMULA = "⟨f(x), y⟩ = ⟨x, f(y)⟩, with y the first picture of the grid"
ORTHOGONAL_FORMULA = "⟨f(x), x ⊖ f(x)⟩ = 0: f(x) is the nearest point of its range"


def rank_too_large(model: str, rank: int, most: int) -> str:
    return f"{rank} axes were asked for; {model} has {most} in order."


def idempotent_formula(count: int) -> str:
    return f"f(f(x)) = f(x), for x and the {count} pictures of the grid"


def formula(rank: int, broken: bool) -> str:
    """f with the current rank; HTML."""
    inside = f"½(I + P{subscript(rank)})" if broken else f"P{subscript(rank)}"
    return f'<p style="font-family: var(--lab-math); margin: 8px 0 0">f(x) = g⁻¹( {inside} g(x) )</p>'


def distance_words(kind: str, away: float, low: float, high: float) -> str:
    return sentence(
        f"‖x ⊖ f(x)‖ = <b>{away:.3g}</b>. Most {kind}s of the gallery are {low:.2g} to {high:.2g} away (green), "
        f"{UNITS[kind]}; the fewer axes f keeps, the more of it are details of the {kind} itself."
    )


def distance_note(away: float) -> str:
    return f"{away:.3g}"
