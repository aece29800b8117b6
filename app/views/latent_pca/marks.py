"""Marks: what a visitor has done to the points of a cloud, classes of their own and points that are left out."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.views.latent_pca import words
from app.views.latent_pca.clouds import Cloud

MOST = 6  # own classes
LEFT_OUT = 255


@dataclass(frozen=True)
class Marks:
    """For each point of one cloud the number of the own class that it is in, 0 for none, 255 for left out."""

    of: tuple[str, int, int] | None = None  # the model, how many pictures, and a hash of all of them
    kinds: bytes = b""

    @staticmethod
    def on(seen: Cloud, given: Marks | None) -> Marks:
        """The marks where they are of this cloud, else none."""
        of = (seen.model, len(seen.references), hash(seen.references))
        return given if given is not None and given.of == of else Marks(of, bytes(len(seen.references)))

    @property
    def array(self) -> np.ndarray:
        """As numbers (N,)."""
        return np.frombuffer(self.kinds, np.uint8)

    def with_class(self, numbers: Sequence[int]) -> Marks:
        """These points as the next own class. ValueError where there are enough."""
        last = max((int(kind) for kind in np.unique(self.array) if kind != LEFT_OUT), default=0)
        if last >= MOST:
            raise ValueError(words.too_many_classes(MOST))
        return self._with(numbers, last + 1)

    def without(self, numbers: Sequence[int]) -> Marks:
        """These points left out."""
        return self._with(numbers, LEFT_OUT)

    def _with(self, numbers: Sequence[int], kind: int) -> Marks:
        kinds = self.array.copy()
        kinds[list(numbers)] = kind
        return replace(self, kinds=kinds.tobytes())

    def labels(self, seen: Cloud) -> np.ndarray:
        """Labels of the points, own classes after the cloud's, −1 for what has none or is left out."""
        kinds = self.array.astype(np.int64)
        own = np.where(kinds > 0, len(seen.classes) - 1 + kinds, seen.labels)
        return np.where(kinds == LEFT_OUT, -1, own)

    def groups(self, seen: Cloud) -> list[tuple[str, np.ndarray]]:
        """The names of the classes that are there, each with the numbers of its points."""
        labels, shown = self.labels(seen), self.array != LEFT_OUT
        found = [
            (words.class_name(int(label), seen.classes), np.flatnonzero(shown & (labels == label)))
            for label in np.unique(labels[shown])
        ]
        return sorted(found, key=lambda group: group[0] == words.NO_LABEL)


def numbers_of(text: object, count: int) -> list[int]:
    """The points that the page says are in a lasso; those that are none of the cloud's are left away. ValueError."""
    try:
        found = np.frombuffer(base64.b64decode(text, validate=True), "<i4") if isinstance(text, str) else None
    except ValueError:
        found = None
    if found is None:
        raise ValueError(words.NO_POINTS)
    return sorted({int(i) for i in found if 0 <= i < count})
