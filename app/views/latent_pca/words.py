"""Every sentence of the Latent PCA view."""

import math
from collections.abc import Sequence

from app.words import minus, sentence, subscript

LEAD = "The same pictures as points of two spaces, that of g and that of pixels: walk along an axis and see what it means."
PATH = ("x", "g", "z + t c", "g⁻¹", "x(t)")
DATA = "Pictures"
COUNT = "How many"
AXES = "Axes"
OWN_PICTURES = "Upload"
OWN_SOURCE = "Yours"
SCATTER = "Pictures as points"
FILE = "latent-pca"
LATENT_SIDE = "PCA of latents g(x)"
PIXEL_SIDE = "PCA of pixels"
LATENTS = "latents"
PIXELS = "pixels"
NO_LABEL = "no label"
WALK = "Walk along a component"
STRIPS = "The whole walk"
STRIPS_LEAD = "Upper row: mean ⊕ t ⊙ cⱼ. Lower row: the same with + of pixels."
STRAYED = "average of pixels"
START = "Start"
FROM_MEAN = "the mean"
FROM_PICTURE = "the picture x"
COMPONENT = "Component"
STEPS = "Steps t (sd)"
VARIANCE = "Explained variance"
X = "The picture x"
NEIGHBOURS = "Nearest to the current picture"
NEIGHBOURS_LEAD = "x, then its neighbours on the chart of latents; below, on that of pixels. Click a point and it becomes x."
CHOSEN = "Taken with lasso or box"
CHOSEN_LEAD = (
    "Choose lasso or box in the bar of a 2-D chart and draw around points: their mean appears here. "
    "The axes stay as they are, whatever is left out."
)
MEAN_INDUCED = "mean by ⊕"
MEAN_PIXELS = "mean of pixels"
KEEP = "Keep as a class"
LEAVE_OUT = "Leave out"
BRING_BACK = "Bring all back"
STOP = "Stop"
BREAK_WALK = "Break it: project and walk in pixels"
LAW_ORTHONORMAL = "orthonormal"
LAW_WALK = "straight walk"
ORTHONORMAL_FORMULA = "⟨c₁, c₁⟩ = ⟨c₂, c₂⟩ = 1, ⟨c₁, c₂⟩ = 0, through the pictures g⁻¹(cᵢ)"
NO_POINTS = "These are no points of the chart; draw around some of them."
NOTHING_CHOSEN = "Nothing is taken; draw around some points first."


def brought_none(model: str) -> str:
    return f"{model} came without pictures of its own; another source works."


def too_many(count: int, source: str, most: int) -> str:
    return f"{count} pictures were asked for; of “{source}” there are {most}."


NO_PICTURES = "None of your own pictures is here; choose some first."


def labels_differ(labels: int, pictures: int) -> str:
    return f"{labels} labels came for {pictures} pictures; there must be one for each, or none."


def too_many_classes(most: int) -> str:
    return f"{most} classes of your own are enough; bring all back to begin again."


def class_name(label: int, classes: Sequence[str]) -> str:
    """One of the cloud's classes, the letter of one that a lasso made, or that there is none.

    >>> class_name(1, ["cat", "dog"]), class_name(2, ["cat", "dog"]), class_name(-1, [])
    ('dog', 'class A', 'no label')
    """
    if label < 0:
        return NO_LABEL
    return classes[label] if label < len(classes) else f"class {chr(ord('A') + label - len(classes))}"


def of_yours(label: str) -> str:
    """The class of a visitor's picture among others.

    >>> of_yours("cat"), of_yours("")
    ('cat (yours)', 'yours')
    """
    return f"{label} (yours)" if label else "yours"


def panel_note(dimensions: int, explained: float, accuracy: float) -> str:
    found = "" if accuracy != accuracy else f"; 5-neighbour accuracy {accuracy:.0%}"
    return f"{dimensions} axes explain {explained:.0%}{found}"


def apart(dimensions: int, latent: float, pixel: float) -> str:
    """What the neighbours say about both charts; nothing where there are no labels."""
    if math.isnan(latent) or math.isnan(pixel):
        return ""
    of_pixels = f"{pixel:.0%} of them in pixels"
    if latent > pixel:
        verdict = f"g has put like beside like: {latent:.0%} of the pictures have most of their 5 nearest neighbours "
        return sentence(f"{verdict}from their own class in {dimensions} latent axes, {of_pixels}.")
    verdict = f"{latent:.0%} of the pictures have most of their 5 nearest neighbours from their own class "
    return sentence(f"{verdict}in {dimensions} latent axes, {of_pixels}: here the latents are not better.")


def axis(component: int, explained: float) -> str:
    return f"c{subscript(component)} ({explained:.0%})"


def so_far(name: str) -> str:
    return f"{name}, sum so far"


def shipped_status(count: int, model: str, seconds: float, device: str) -> str:
    return sentence(
        f"{count} digits that {model} drew from noise. They ship with the lab: drawn, encoded once by {model} and measured "
        f"in {seconds:.0f} s on {device}."
    )


def cloud_status(
    count: int, model: str, encoding: float, latent: float, pixel: float, total: float, device: str, note: str
) -> str:
    return sentence(
        f"{count} pictures, encoded once by {model} in {encoding:.1f} s; PCA of latents {latent:.2f} s, of pixels "
        f"{pixel:.2f} s; with drawing them {total:.1f} s, on {device}. {note}".rstrip()
    )


def working(share: float) -> str:
    """A bar that shows how far a cloud is."""
    return f'<progress value="{share:.3f}" max="1"></progress> {share:.0%}'


def on_its_way(count: int) -> str:
    return sentence(f"{count} pictures are made, encoded and measured …")


def stopped(count: int) -> str:
    return sentence(f"Stopped: the chart shows what it showed before, not the {count} pictures.")


def walk_formula(component: int, steps: float, spread: float, origin: str) -> str:
    origin = "g(x)" if origin == "x" else origin
    return f"g⁻¹({origin} + {minus(steps)} · {spread:.2f} c{subscript(component)})".replace("+ −", "− ")


def pixel_walk_formula(component: int, steps: float, spread: float, origin: str) -> str:
    return f"{origin} + {minus(steps)} · {spread:.2f} c{subscript(component)}".replace("+ −", "− ")


def strayed_formula(steps: float, farthest: float) -> str:
    share = abs(steps) / farthest
    return f"{1 - share:.2f} start + {share:.2f} end"


def straight_formula(component: int, steps: float) -> str:
    return f"g(x ⊕ {minus(steps)}σ ⊙ c) − g(x) = {minus(steps)}σ g(c) for c = c{subscript(component)}"


def projection_formula(worst: str) -> str:
    return f"P onto c₁, c₂: P P = P, Pᵀ = P, P(x) nearest; the worst: {worst}"


def uploaded(found: int, labels: int, refused: Sequence[str], least: int) -> str:
    """How many pictures came, with how many different labels, and which could not be used."""
    names = ", ".join(f"“{name}”" for name in refused[:3]) + (" and others" if len(refused) > 3 else "")
    left = f" {names} could not be used." if refused else ""
    called = f", with {labels} labels" if labels > 1 else ""
    few = f" They lie among others, whose axes they get; from {least} on they make their own."
    return f"{found} of your pictures are in{called}.{left}{few if 0 < found < least else ''}"


def among_status(own: int, status: str) -> str:
    """Of a cloud in which a visitor's few pictures lie."""
    few = "One picture of yours lies" if own == 1 else f"{own} pictures of yours lie"
    return sentence(f"{few} among others, whose axes they get.") + status


def variance_sums(latent: float, pixel: float, components: int) -> str:
    return sentence(
        f"{components} components explain {latent:.0%} of the latents, {pixel:.0%} of the pixels."
    )


def chosen(taken: int, used: int, classes: Sequence[str]) -> str:
    of = "" if used == taken else f", the means are of {used} of them, spread evenly"
    return sentence(f"{taken} pictures taken ({', '.join(classes)}){of}.")
