"""The registry of recipes: which model is made where. A recipe is imported when it is asked for, and no other with it."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, MutableMapping

from .base import Recipe


class Registry(MutableMapping[str, type[Recipe]]):
    """Name of a model to its recipe, a class or "module:Class" relative to `package`, which is imported at first use.

    A recipe of your own is registered as in a dictionary, RECIPES["mine"] = MyRecipe, and then trains, loads and evaluates
    like the others. KeyError for an unknown name.

    >>> recipes = Registry({"digits-classifier": "classifier:DigitsClassifier"}, package="linearizer_core.recipes")
    >>> list(recipes), recipes["digits-classifier"].name
    (['digits-classifier'], 'digits-classifier')
    """

    def __init__(self, places: Mapping[str, str], package: str) -> None:
        self.places: dict[str, str | type[Recipe]] = dict(places)
        self.package = package

    def __getitem__(self, name: str) -> type[Recipe]:
        place = self.places[name]
        if not isinstance(place, str):
            return place
        module, _, kind = place.partition(":")
        return getattr(importlib.import_module(f".{module}", self.package), kind)

    def __setitem__(self, name: str, recipe: type[Recipe] | str) -> None:
        self.places[name] = recipe

    def __delitem__(self, name: str) -> None:
        del self.places[name]

    def __contains__(self, name: object) -> bool:
        return name in self.places  # asking imports nothing

    def __iter__(self) -> Iterator[str]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)

    def classes(self) -> dict[str, str]:
        """Class name to model name, for those that wait to be imported.

        >>> Registry({"digits": "digits:Digits"}, package="linearizer_core.recipes").classes()
        {'Digits': 'digits'}
        """
        waiting = {name: place for name, place in self.places.items() if isinstance(place, str)}
        return {place.partition(":")[2]: name for name, place in waiting.items()}
