"""Every sentence of the Spectrum view."""

from app.kinds import shown
from app.words import minus, subscript

LEAD = (
    "f stretches each direction vᵢ of the input into a direction uᵢ of the output, by σᵢ. Drag the σᵢ and see what "
    "each of them means."
)
HANDLES = "Singular values of A"
HANDLES_LEAD = (
    "Drag a handle up or down. Pale bars: as trained. Those of a projector are all 1, in order of importance: “keep” "
    "is its rank. Of faces the 256 largest of 12 288 have a handle; the fine rest follows “keep” and “power”."
)
BEFORE = "f(x) as trained"
NOW = "f(x) now"
PICKER = "Choose the picture x"
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
