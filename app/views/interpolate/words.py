"""Every sentence of the Interpolate view."""

from collections.abc import Sequence

from app.words import SUBSCRIPTS, minus, sentence

LEAD = "Pictures added as vectors: + of pixels is a double exposure, ⊕ in the space that g induces is another picture."
PATH = ("x₁, x₂", "g", "Σ wᵢ zᵢ", "g⁻¹", "x₁ ⊕ x₂")
T = "t, from x₁ to x₂"
MORE = "More than two pictures, other weights"
AVERAGE = "+ of pixels in place of ⊕"
PICKER = "Choose a picture for the marked place"
STAGE = "The blend"
INDUCED = "⊕ in the induced space"
PIXEL = "+ of pixels"
ADD_PICTURE = "Add a picture"
REMOVE_PICTURE = "Remove it"
EQUAL_WEIGHTS = "Equal weights"
YEARS = "Years: ⊕ a ⊙ older"
LAW_YEARS = "a year"
FILM_LEAD = (
    "Upper row ⊕, lower row +. The table says how far it is from x₁ to here, and to x₂: measured between latents, and "
    "between pixels. Each row is the shortest way in its own measure and a detour in the other."
)
FILM_USE = "Take this t"


def unequal(pictures: int, weights: int) -> str:
    return f"Each picture needs one weight; {pictures} pictures came with {weights} weights."


def ageless(model: str) -> str:
    return f"{model} knows nothing of years; 0 works, and with faces any from −60 to 60."


def weight(index: int) -> str:
    return f"Weight w{SUBSCRIPTS[index]}"


def years_formula(years: float) -> str:
    return f"age(x ⊕ {years:g} ⊙ older) = age(x) + {years:g}, for the blend x".replace("-", "−").replace(
        "+ −", "− "
    )


def read_age(induced: str, age: float) -> str:
    return f"{induced}, looks {age:.0f}"


def blend_formula(weights: Sequence[float], years: float) -> str:
    terms = [f"{minus(w)} g(x{SUBSCRIPTS[i]})" for i, w in enumerate(weights)]
    terms += [f"{years:g} g(older)".replace("-", "−")] if years else []
    return "g⁻¹( " + " + ".join(terms).replace("+ −", "− ") + " )"


def pixel_formula(weights: Sequence[float]) -> str:
    terms = [f"{minus(w)} x{SUBSCRIPTS[i]}" for i, w in enumerate(weights)]
    return " + ".join(terms).replace("+ −", "− ")


def sum_note(weights: Sequence[float]) -> str:
    """What to expect of weights that do not add up to 1; nothing of those that do."""
    total = sum(weights)
    if abs(total - 1) < 0.006:
        return ""
    where = "beyond" if total > 1 else "short of"
    return sentence(
        f"The weights add up to {minus(total)}, not 1: the blend is no average but lies {where} the pictures, as in any "
        "vector space; + of pixels gets too dark or too pale."
    )
