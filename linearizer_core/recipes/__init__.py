"""A frozen dataclass per shipped model; a new model is one file here and one line in RECIPES."""

from .base import Recipe
from .classifier import DigitsClassifier
from .digits import Digits

RECIPES: dict[str, type[Recipe]] = {recipe.name: recipe for recipe in (Digits, DigitsClassifier)}

__all__ = ["RECIPES", "Digits", "DigitsClassifier", "Recipe"]
