"""A frozen dataclass per shipped model; a new model is one file here and one line in RECIPES."""

from .base import Recipe
from .classifier import DigitsClassifier
from .digits import Digits
from .patches import Patches

RECIPES: dict[str, type[Recipe]] = {recipe.name: recipe for recipe in (Digits, DigitsClassifier, Patches)}

__all__ = ["RECIPES", "Digits", "DigitsClassifier", "Patches", "Recipe"]
