"""Every sentence of the Interpolate view."""

from collections.abc import Sequence

from app.words import SUBSCRIPTS, minus

LEAD = (
    "Add pictures as vectors. Adding pixels gives a double exposure; adding in the space that g induces "
    "gives another digit. Of faces a year is a vector, too."
)
MIXER = "Pictures and their weights"
PICKER = "Choose a picture for the marked place"
STAGE = "The blend"
INDUCED = "⊕ in the induced space"
PIXEL = "+ of pixels"
ADD_PICTURE = "Add a picture"
REMOVE_PICTURE = "Remove it"
EQUAL_WEIGHTS = "Equal weights"
YEARS = "Years: ⊕ a ⊙ older"
LAW_YEARS = "a year"
FILM_LEAD = "Drag along the film. Both rows are straight lines, each in its own space."
FILM_USE = "Take these weights"


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
