"""Which pictures a cloud is asked for, and what class each of them is known to belong to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app import models, pictures
from app.models.remembering import remembered
from app.views.latent_pca import words
from app.views.latent_pca.standing import LEAST, MODEL, OWN, Arguments, first_count, first_source

FIRST_SEED = 1000  # samples of a cloud are not those of the gallery
DIGITS = tuple("0123456789")


@dataclass(frozen=True)
class Wanted:
    """Pictures by their references; the last `own` of them are the visitor's, with these labels, "" for none.

    Where there are others before them, these make the axes: so few pictures of one's own have no PCA.
    """

    references: tuple[str, ...]
    own: int = 0
    labels: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.references)

    @property
    def placed(self) -> int:
        """How many are placed among others."""
        return self.own if self.own < len(self) else 0

    @property
    def others(self) -> Wanted:
        """Those that make the axes."""
        return Wanted(self.references[: len(self) - self.own]) if self.placed else self

    def classes(self) -> tuple[tuple[str, ...], np.ndarray]:
        """The names of the classes, and the number of each picture's, −1 where nobody has said.

        >>> Wanted(("digits:3", "png:a", "png:b"), own=2, labels=("cat", "")).classes()[1]
        array([ 3, 11, 10])
        """
        known = [pictures.label_of(reference) for reference in self.references[: len(self) - self.own]]
        names, given = sorted(set(self.labels) - {""}, key=_naturally), self.labels or ("",) * self.own
        if not self.own:
            return DIGITS, np.array(known)
        if not self.placed:
            return tuple(names), np.array([names.index(label) if label else -1 for label in given])
        said = ["", *names]
        own = [len(DIGITS) + said.index(label) for label in given]
        return (*DIGITS, *(words.of_yours(label) for label in said)), np.array([*known, *own])


def _naturally(name: str) -> tuple[int, str]:
    """Numbers by their size, then words."""
    return (int(name), name) if name.isascii() and name.isdigit() else (10**40, name.casefold())


@remembered(16)
def of_source(source: str, count: int, model: str = models.NAMES[0]) -> Wanted:
    """The first `count` pictures of a source; samples of all digits in turn, by the default model for any model's cloud.
    Of the pictures that `model` was brought with, as many as there are.

    >>> of_source("sample", 12).references[:2]
    ('sample:0:1000', 'sample:1:1000')
    """
    if source == "sample":
        return Wanted(tuple(f"sample:{i % 10}:{FIRST_SEED + i // 10}" for i in range(count)))
    if source == MODEL:
        held = len(models.brought_as(model).gallery)
        return Wanted(tuple(f"{MODEL}:{model}:{i}" for i in range(min(count, held))))
    return Wanted(tuple(f"{source}:{i}" for i in range(count)))


def chosen(standing: Arguments) -> Wanted:
    """The pictures that are asked for: some of a source, the visitor's own, or few of these among others."""
    if standing.data != OWN:
        return of_source(standing.data, standing.count, standing.model)
    own, labels = standing.own, standing.labels
    if len(own) >= LEAST:
        return Wanted(own, len(own), labels)
    source = first_source(standing.model)
    others = of_source(source, first_count(source, standing.model), standing.model)
    return Wanted((*others.references, *own), len(own), labels)
