"""A frozen dataclass per model says everything of it: build, data, loss, figures. RECIPES is the one registry.

A new model is one file here and one line in RECIPES. `from linearizer_core.recipes import Digits` imports that recipe only.
"""

from .base import Recipe
from .registry import Registry

RECIPES = Registry(
    {
        "digits": "digits:Digits",
        "digits-classifier": "classifier:DigitsClassifier",
        "digits-flow-matching": "flow_matching:DigitsFlowMatching",
        "digits-projector": "digits_projector:DigitsProjector",
        "faces": "faces:Faces",
        "faces-judge": "face_judges:FacesJudge",
        "patches": "patches:Patches",
        "styles": "styles:PhotoStyles",
        "digits-projector-sparse": "sparse_projector:SparseProjector",
        "plane-moons": "plane:PlaneMoons",
        "plane-rings": "plane:PlaneRings",
        "plane-spiral": "plane:PlaneSpiral",
        "plane-checkerboard": "plane:PlaneCheckerboard",
        "plane-identity": "plane:PlaneIdentity",
        "plane": "plane:PlanePoints",
    },
    package=__name__,
)
BASES = {"PlaneRecipe": "plane"}
"""Classes that several recipes share: name to module."""

__all__ = ["RECIPES", "Recipe", "Registry", *BASES, *RECIPES.classes()]


def __getattr__(name: str) -> type[Recipe]:
    if name in RECIPES.classes():
        return RECIPES[RECIPES.classes()[name]]
    if name in BASES:
        return Registry({name: f"{BASES[name]}:{name}"}, __name__)[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
