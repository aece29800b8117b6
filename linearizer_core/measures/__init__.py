"""Quality and law figures of the shipped models; one file per model, one line in EVALUATIONS."""

from collections.abc import Callable

from torch import nn

from ..data.sets import Dataset
from ..recipes.plane import PLANES
from .digits import evaluate_classifier, evaluate_digits
from .figure import Figure
from .flow_matching import evaluate_flow_matching
from .patches import evaluate_patches
from .plane import evaluate_plane
from .projectors import evaluate_digits_projector, evaluate_faces, evaluate_sparse
from .styles import evaluate_styles

EVALUATIONS: dict[str, Callable[[nn.Module, Dataset, int], list[Figure]]] = {
    "digits": evaluate_digits,
    "digits-classifier": evaluate_classifier,
    "digits-flow-matching": evaluate_flow_matching,
    "digits-projector": evaluate_digits_projector,
    "digits-projector-sparse": evaluate_sparse,
    "faces": evaluate_faces,
    "patches": evaluate_patches,
    "styles": evaluate_styles,
    **{recipe.name: evaluate_plane for recipe in PLANES},
}
"""Recipe name to evaluate(model, dataset, seed), which measures on data that was not trained on."""

__all__ = ["EVALUATIONS", "Figure"]
