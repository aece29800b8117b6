"""Every sentence of the Spectrum view."""

from collections.abc import Sequence

from app.kinds import shown
from app.words import minus, sentence, subscript

LEAD = (
    "f takes the noise out of a picture: in latents it only shrinks each direction vᵢ by its σᵢ. Drag the σᵢ."
)
PATH = ("x", "g_x", "A", "g_y⁻¹", "f(x)")
HANDLES = "Singular values of A"
HANDLES_LEAD = (
    "Drag a handle up or down. Pale bars: as trained. “keep” truncates: the smallest values become 0."
)
BEFORE = "f(x) as trained"
NOW = "f(x) now"
STILL = "the same so far"
MOVED = "differs {farthest}"
PICKER = "Choose the picture x"
DIRECTIONS = "What the selected value means"
DIRECTIONS_LEAD = (
    "c ⊙ vᵢ for c in standard deviations of the data. Where A is symmetric, uᵢ = vᵢ; else uᵢ is a second row."
)
NOISE = "Noise on x"
NAMED = "Which one"
NO_NAME = "none"
FAR = "Added to x"
NAMED_ROW = "The direction with a name"
NAMED_HEAD = "Directions with a name"
NAMED_LEAD = "What the model learned besides: pick one, and x gets so much of it by ⊕ before f sees it."
CLIPPED = "f(x) of clipped latents"
INPUT_DIRECTION = "Input direction"
OUTPUT_DIRECTION = "Output direction"
BREAK_CLIP = "Break it: clip the latents before A"
LAW_SVD = "SVD"
LAW_PAIR = "one pair"
NO_MOVES = (
    "A move is [“set”, i, v], [“keep”, k] or [“power”, p] with finite numbers; a list of at most 2000 works."
)


def moved(farthest: float) -> str:
    """How far a pixel of f(x) now is from f(x) as trained."""
    return MOVED.format(farthest=f"{farthest:.2f}")


def input_name(noise: float, name: str = "", far: float = 0.0) -> str:
    """What goes into f.

    >>> input_name(0.3, "7", -1.0)
    'x ⊕ (−1 ⊙ “7”) ⊕ 0.3 ⊙ noise'
    """
    times = f"({far:.2g} ⊙ “{name}”)".replace("-", "−") if far < 0 else f"{far:.2g} ⊙ “{name}”"
    return f"x{f' ⊕ {times}' if far else ''}{f' ⊕ {noise:.2g} ⊙ noise' if noise else ''}"


def times(c: float) -> str:
    return f"{c:+g}".replace("-", "−") if c else "0"


def passed_words(name: str, years: float, count: int, share: float, gain: float) -> str:
    """What a direction with a name is, how it lies among the vᵢ, and what f does with it."""
    what = (
        f"{years:.0f} years" if name == "older" else f"the way from the mean of all classes to that of {name}"
    )
    return sentence(
        f"“{name}” is {what}, in latents. {share:.0%} of it lies in the {count} strongest of the directions vᵢ, and f "
        f"passes on {gain:.2f} of its length: what has a name, f keeps."
    )


def no_such_name(model: str, names: Sequence[str]) -> str:
    known = f"those of {model} are {', '.join(names)}" if names else f"{model} has none"
    return f"There is no such direction with a name; {known}."


def no_such_value(count: int) -> str:
    return f"There are {count} singular values; a whole number from 0 to {count - 1} works."


def move_out_of_range(kind: str, number: float, low: float, high: float) -> str:
    return f"The move “{kind}” came with {shown(number)}; a number from {low:g} to {high:g} works there."


def formula(i: int, sigma: float, along: float, rank: int) -> str:
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
