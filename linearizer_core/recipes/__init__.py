"""A frozen dataclass per shipped model; a new model is one file here and one line in RECIPES."""

from .base import Recipe
from .classifier import DigitsClassifier
from .digits import Digits
from .faces import ColourFaces
from .flow_matching import DigitsFlowMatching
from .patches import Patches
from .plane import (
    PLANES,
    PlaneCheckerboard,
    PlaneIdentity,
    PlaneMoons,
    PlanePoints,
    PlaneRecipe,
    PlaneRings,
    PlaneSpiral,
)
from .projectors import DigitsProjector, Faces, SparseProjector
from .styles import PhotoStyles

RECIPES: dict[str, type[Recipe]] = {
    recipe.name: recipe
    for recipe in (
        ColourFaces,
        Digits,
        DigitsClassifier,
        DigitsFlowMatching,
        DigitsProjector,
        Faces,
        Patches,
        PhotoStyles,
        SparseProjector,
        *PLANES,
    )
}

__all__ = [
    "RECIPES",
    "ColourFaces",
    "Digits",
    "DigitsClassifier",
    "DigitsFlowMatching",
    "DigitsProjector",
    "Faces",
    "Patches",
    "PhotoStyles",
    "PlaneCheckerboard",
    "PlaneIdentity",
    "PlaneMoons",
    "PlanePoints",
    "PlaneRecipe",
    "PlaneRings",
    "PlaneSpiral",
    "Recipe",
    "SparseProjector",
]
