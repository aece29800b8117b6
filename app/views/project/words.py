"""Every sentence of the Project view."""

from app.words import sentence, subscript

LEAD = "A² = A, so f(f(x)) = f(x): f puts whatever you give it where its pictures live, and there it stays."
PATH = ("x", "g", "P", "g⁻¹", "f(x)")
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
PICKER = "Choose x, or draw it"
RANK = "Rank k: how many axes f keeps"
USUAL = "Usual ranks"
STAGE = "Once, and once more"
ONCE = "f(x)"
TWICE = "f(f(x))"
TAKEN = "taken away, x ⊖ f(x)"
PIXELS_CHANGED = "|x − f(x)|"
MANIFOLD = "Distance to the range of f"
MANY = "Anything goes in"
MANY_LEAD = "Rows: x, f(x) with the distance between them, f(f(x)). Click an x to look at it closely."
KEEP_IN_GRID = "Put x in the grid"
UNITS = {
    "digit": "in pixels",
    "face": "in latents",
    "picture": "in latents",
}  # what the axes of its model count
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


LADDER = (1, 2, 4, 8, 16, 32, 64, 128, 256)  # ranks at which all of a gallery are measured for the eye


def step_of(rank: int) -> int:
    """The rank of the ladder that is not above this one.

    >>> step_of(40), step_of(1)
    (32, 1)
    """
    return max(step for step in LADDER if step <= max(1, rank))


def distance_words(
    kind: str, seen: float, seen_low: float, seen_high: float, step: int, away: float, low: float, high: float
) -> str:
    """Both measures, each with what is usual; and why they may disagree."""
    return sentence(
        f"For the eye: f changes pixels by {seen:.2f} (root mean square; most {kind}s of the gallery {seen_low:.2f} to "
        f"{seen_high:.2f}, at rank {step}). For g: ‖x ⊖ f(x)‖ = {away:.3g} (most {low:.2g} to {high:.2g}, green), "
        f"{UNITS[kind]}. They may disagree, as g is bent: the same change of pixels is a long way at one picture and a "
        "short one at another."
    )


def again_note(largest: str) -> str:
    """How far f(f(x)) is from f(x), under the picture."""
    return f"differs {largest}"


def distance_note(away: float) -> str:
    return f"{away:.3g}"
