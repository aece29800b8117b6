"""A model of styles with what is worth remembering of it: the shipped one, and those that visitors fitted."""

from __future__ import annotations

import secrets
from functools import lru_cache, partial

import torch
from torch import Tensor

from app import models
from app.hall import Kept
from app.pictures import photos
from app.views.styles import words
from app.views.styles.standing import MODEL, Mix
from linearizer_core import algebra
from linearizer_core.algebra.simplify import structured
from linearizer_core.models.photo import photo_network
from linearizer_core.models.styles import PLAIN, Styles
from linearizer_core.operators import Dense, Identity, LinearOperator


class Studio:
    """A model, its operators and the photos seen by its g. What it remembers goes when it goes: no cache knows it by name.

    `matrix(style, p)` is A_sᵖ (C, C), `spectrum(style)` the singular values of A_s, `latent(photo)` g of the preview (1, n):
    a photo is encoded when first seen and, as long as `remembered` others do not come between, never again.
    `archive` is the address of the model's files, "" where they need not be saved.
    """

    def __init__(self, model: Styles, fitted: bool = False, remembered: int = 64, archive: str = "") -> None:
        self.model, self.fitted, self.archive = model, fitted, archive
        self.matrix = lru_cache(maxsize=256)(partial(_matrix, model))
        self.spectrum = lru_cache(maxsize=64)(partial(_spectrum, model))
        self.latent = lru_cache(maxsize=remembered)(partial(_latent, model))

    def operator(self, mix: Mix) -> Dense:
        """The operator on channels that the controls say: A⁺ of the style taken off, times the blend or the product."""
        A = self._product(mix) if mix.order else self._blend(mix)
        if mix.undo:
            A = self.matrix(mix.undo, -1.0) @ A
        return Dense(structured(A).dense())

    def _product(self, mix: Mix) -> LinearOperator:
        first, second = (self.matrix(name, mix.strength) for name in mix.order)
        return second @ first

    def _blend(self, mix: Mix) -> LinearOperator:
        terms = [w * self.matrix(name, mix.strength) for name, w in zip(self.model.names, mix.weights) if w]
        if mix.plain > 1e-6 or not terms:
            terms.append(mix.plain * self.matrix(PLAIN, 1.0))
        A = terms[0]
        for term in terms[1:]:
            A = A + term
        return A


def _matrix(model: Styles, name: str, p: float) -> Dense:
    A = Identity(model.channels) if name == PLAIN else algebra.power(model.operator(name), p)
    return Dense(A.dense().to(torch.float32))


def _spectrum(model: Styles, name: str) -> tuple[float, ...]:
    return tuple(algebra.singular_values(_matrix(model, name, 1.0)).tolist())


def _latent(model: Styles, photo: str) -> Tensor:
    x = photos.preview(photo)
    with models.one_core():
        return photo_network(model.g, *x.shape[-2:])(x)


# --- which one -----------------------------------------------------------------------------------------------
FITTED: Kept[Studio] = Kept(4)  # 11 MB each; the oldest goes first
CHIPS: Kept[tuple[tuple[str, str], ...]] = Kept(
    500
)  # of each page, its own models: what it calls them, and their keys
MOST_CHIPS = 4  # of one page; more are not kept anyhow


@lru_cache(maxsize=1)
def shipped() -> Studio:
    """The model that everybody has."""
    return Studio(models.model(MODEL))


def in_use(key: object) -> Studio:
    """The model that was fitted under this key; the shipped one where the key is its name, or where that fit is gone."""
    return FITTED.get(key) or shipped()


def keep(visitor: str, label: str, made: Studio) -> str:
    """Keeps a model for one page, under a key that nobody guesses, which is returned."""
    key, mine = secrets.token_hex(8), CHIPS.get(visitor) or ()
    names = {name for name, _ in mine}
    numbered = (label, *(f"{label} {number}" for number in range(2, MOST_CHIPS + 2)))
    FITTED.put(key, made)
    CHIPS.put(visitor, (*mine, (next(n for n in numbered if n not in names), key))[-MOST_CHIPS:])
    return key


def chips(visitor: str) -> list[tuple[str, str]]:
    """The models that a page can choose from: the shipped one, and its own that are still kept."""
    mine = CHIPS.get(visitor) or ()
    return [(words.SHIPPED, MODEL), *(chip for chip in mine if FITTED.get(chip[1]) is not None)]


def gone(key: object, found: Studio) -> bool:
    """Whether `found` stands in for a fit that was asked for and is no longer here."""
    return key != MODEL and not found.fitted
