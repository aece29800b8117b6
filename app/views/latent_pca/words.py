"""Every sentence of the Latent PCA view."""

from collections.abc import Sequence

from app.words import minus, sentence, subscript

LEAD = (
    "The same pictures as points of two spaces: the one that g induces and the one of pixels. Hover to see a picture, "
    "click to make it the current one of every view."
)
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
LAW_ORTHONORMAL = "orthonormal"
LAW_WALK = "straight walk"
ORTHONORMAL_FORMULA = "⟨c₁, c₁⟩ = ⟨c₂, c₂⟩ = 1, ⟨c₁, c₂⟩ = 0, through the pictures g⁻¹(cᵢ)"


def too_many(count: int, source: str, most: int) -> str:
    return f"{count} pictures were asked for; of “{source}” there are {most}."


def too_few(count: int, least: int) -> str:
    return f"{count} pictures came; a PCA needs at least {least}."


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


def walk_formula(component: int, steps: float, spread: float, origin: str) -> str:
    origin = "g(x)" if origin == "x" else origin
    return f"g⁻¹({origin} + {minus(steps)} · {spread:.2f} c{subscript(component)})".replace("+ −", "− ")


def pixel_walk_formula(component: int, steps: float, spread: float, origin: str) -> str:
    return f"{origin} + {minus(steps)} · {spread:.2f} c{subscript(component)}".replace("+ −", "− ")


def straight_formula(component: int, steps: float) -> str:
    return f"g(x ⊕ {minus(steps)}σ ⊙ c) − g(x) = {minus(steps)}σ g(c) for c = c{subscript(component)}"


def projection_formula(worst: str) -> str:
    return f"P onto c₁, c₂: P P = P, Pᵀ = P, P(x) nearest; the worst: {worst}"


def uploaded(found: int, refused: Sequence[str], least: int) -> str:
    names = ", ".join(f"“{name}”" for name in refused[:3]) + (" and others" if len(refused) > 3 else "")
    left = f" {names} could not be used." if refused else ""
    more = "" if found >= least else f" At least {least} are needed for a PCA."
    return f"{found} of your pictures are in.{left}{more}"


def variance_sums(latent: float, pixel: float, components: int) -> tuple[str, str, str]:
    return f"latents {latent:.0%}", f"pixels {pixel:.0%}", f"in {components} components"
